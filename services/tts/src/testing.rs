//! What this crate's tests share.

use std::collections::BTreeMap;
use std::sync::Arc;

use lectern_core::{Clock, SystemClock};
use lectern_proto::work::v1 as work;
use lectern_provider::{BudgetLimits, Cashier};
use lectern_store::Store;
use lectern_store::memory::MemoryStore;

use crate::engine::local::{LocalVoice, VoiceDir};
use crate::engine::tone::ToneEngine;
use crate::engine::{Capabilities, Compute, Cores, OnCores, SpeechEngine, Voice};
use crate::levels::Levels;
use crate::speaking::{Choice, Chosen, Speaker};

/// Tones on a core of their own.
pub fn on_a_core(engine: &Arc<ToneEngine>) -> Arc<dyn SpeechEngine> {
    on_cores(Arc::clone(engine) as _, &Cores::new(1))
}

/// An engine on these cores.
pub fn on_cores(engine: Arc<dyn Compute>, cores: &Cores) -> Arc<dyn SpeechEngine> {
    Arc::new(OnCores::new(engine, cores.clone()))
}

/// The first voice of an engine, and no other in its place.
pub fn only(engine: Arc<dyn SpeechEngine>) -> Choice {
    Choice::only(chosen(engine))
}

/// The first voice of an engine.
pub fn chosen(engine: Arc<dyn SpeechEngine>) -> Chosen {
    Chosen { voice: engine.voices().remove(0), engine }
}

/// Levels of voices that nobody has heard.
pub fn levels() -> Levels {
    Levels::new(Arc::new(MemoryStore::new(Arc::new(SystemClock))))
}

/// A speaker that has not spoken.
pub fn speaker() -> Speaker {
    Speaker::new(levels())
}

/// A cashier whose engines cost nothing.
pub fn cashier() -> Cashier {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::new(BTreeMap::new(), BudgetLimits::default(), &store, &clock)
}

/// A voice that can do what most can, and whose level is known.
pub fn a_voice(id: &str) -> Voice {
    Voice {
        id: id.to_owned(),
        name: "One".to_owned(),
        languages: vec!["en-US".to_owned()],
        sample_rate: 24_000,
        version: "1".to_owned(),
        gain_db: Some(0.0),
        capabilities: Capabilities::default(),
        price: None,
    }
}

/// How a command says that these voices speak, one for each speaker, at their own pace.
pub fn spoken_by(voices: &[Voice]) -> work::Delivery {
    let pinned = |voice: &Voice| {
        let sample_rate_hertz = i32::try_from(voice.recording_rate()).expect("a rate");
        let voice = work::PinnedVoice { voice: voice.id.clone(), version: voice.version.clone(), sample_rate_hertz };
        work::PinnedSpeaker { voice: Some(voice), ..work::PinnedSpeaker::default() }
    };
    work::Delivery { speed: 1.0, speakers: voices.iter().map(pinned).collect(), ..work::Delivery::default() }
}

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
