//! SVOX Pico: six languages, small and plain. Its own program takes the text as an argument, which
//! everybody on a machine may read, so it is run by a Python that has the package `py-nanotts`, to
//! which the text comes on standard input.
//!
//! It reads markup, so a text has none. At its own volume it clips; at less than half of it, it
//! does not.

use super::Speed;
use super::program::{Protocol, release};
use super::wav::pcm;

/// The program where the settings name none.
pub const PROGRAM: &str = "python3";
/// How it is had.
pub const PACKAGE: &str = "the Python package py-nanotts, and name a Python that has it";

/// Samples a second.
const SAMPLE_RATE: u32 = 16_000;

/// What Python does: the voice and the pace are its arguments.
const SPEAK: &str = "\
import sys
from py_nanotts import NanoTTS
text = sys.stdin.buffer.read().decode('utf-8')
sys.stdout.buffer.write(NanoTTS().speak(text, voice=sys.argv[1], speed=float(sys.argv[2]), volume=0.4))
";
/// What it does to say its version.
const LOOK: &str = "\
import py_nanotts
from importlib import metadata
print(metadata.version('py-nanotts'))
";

/// What it is asked, and how it answers.
pub static PROTOCOL: Protocol = Protocol {
    rows: include_str!("../../data/pico.toml"),
    sample_rate: SAMPLE_RATE,
    code_version: 1,
    // `-I`: nothing of the environment or the working folder is imported. `-B`: nothing is written.
    look: &["-I", "-B", "-c", LOOK],
    version: release,
    speak,
    plain: |text| text.replace(['<', '>', '&', '\n', '\r', '\0'], " "),
    read: |bytes| pcm(bytes).map(|samples| (SAMPLE_RATE, samples)),
};

fn speak(asked_for: &str, speed: Speed) -> Vec<String> {
    let pace = speed.factor().to_string();
    ["-I", "-B", "-c", SPEAK, asked_for, pace.as_str()].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_a_voice_at_a_pace_and_for_no_markup() {
        let asked = speak("de-DE", Speed::new(1.25).unwrap());
        assert_eq!((asked[4].as_str(), asked[5].as_str()), ("de-DE", "1.25"));
        assert!(asked.iter().all(|argument| !argument.contains("said")));
        assert_eq!((PROTOCOL.plain)("a <speed level=\"9\">b</speed> & c"), "a  speed level=\"9\" b /speed    c");
    }
}
