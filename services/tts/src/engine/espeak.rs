//! espeak-ng: many languages, a voice of formants. Its licence is the GPL, so it is run as a
//! program where an operator installed it, and neither linked nor shipped.
//!
//! It reads `[[...]]` as phonemes of its own alphabet; without `-m` it reads markup as words, as it
//! should.

use super::program::{Protocol, release};
use super::wav::wav;

/// The program where the settings name none.
pub const PROGRAM: &str = "espeak-ng";
/// How it is had.
pub const PACKAGE: &str = "the Debian package espeak-ng";

/// Words a minute at its own pace.
const PACE: u32 = 175;

/// What it is asked, and how it answers.
pub static PROTOCOL: Protocol = Protocol {
    rows: include_str!("../../data/espeak.toml"),
    sample_rate: 22_050,
    code_version: 1,
    look: &["--version"],
    version: release,
    speak: |asked_for, speed| {
        let pace = (PACE * u32::from(speed.hundredths()) / 100).to_string();
        // `-b 1`: the text is UTF-8.
        ["-b", "1", "-v", asked_for, "-s", pace.as_str(), "--stdin", "--stdout"].map(str::to_owned).to_vec()
    },
    plain: |text| text.replace('[', "(").replace(']', ")").replace(['\n', '\r', '\0'], " "),
    read: wav,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Speed;

    #[test]
    fn it_is_asked_for_a_voice_at_a_pace_and_for_no_phonemes() {
        let asked = (PROTOCOL.speak)("de", Speed::new(1.2).unwrap());
        assert_eq!(asked.join(" "), "-b 1 -v de -s 210 --stdin --stdout");
        assert_eq!((PROTOCOL.plain)("a [[h@'loU]]\nb <c>"), "a ((h@'loU)) b <c>");
    }
}
