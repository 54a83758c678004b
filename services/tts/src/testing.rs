//! What this crate's tests share.

use crate::engine::local::{LocalVoice, VoiceDir};

/// The real local voice, from `LECTERN_VOICE_DIR` or else the user's cache folder. Fails the test
/// where it is not installed.
#[allow(clippy::disallowed_methods, reason = "a test asks its environment where the voice lies")]
pub fn local_voice() -> LocalVoice {
    let home = || std::path::PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/lectern/voice");
    let dir = std::env::var_os("LECTERN_VOICE_DIR").map_or_else(home, Into::into);
    let voice = LocalVoice::new(VoiceDir::new(dir));
    if let Err(failure) = voice.check() {
        panic!("this test needs the local voice: {failure}");
    }
    voice
}
