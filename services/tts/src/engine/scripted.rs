//! The tone generator as if it were paid for: every call is a line of a ledger, and a script says
//! which texts go wrong and how. For tests of whole processes only.
//!
//! The script is JSON and read again at every call, so a test may change it; a rule is for texts
//! that contain its `text`:
//!
//! ```json
//! {"ledger": "ledger.jsonl", "rules": [
//!   {"text": "kaboom", "does": "panic"},
//!   {"text": "blackout", "does": "abort"},
//!   {"text": "mumble", "does": "fail"},
//!   {"text": "busy", "does": "unavailable", "calls": 3},
//!   {"text": "slow", "does": "sleep", "ms": 500}
//! ]}
//! ```

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Kind, Reason};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::tone::ToneEngine;
use super::{Compute, SegmentRequest, Speech, Voice};

/// The name of the engine where the settings give it none.
pub const NAME: &str = "scripted";

/// The generator behind its script.
#[derive(Debug)]
pub struct ScriptedEngine {
    tones: ToneEngine,
    script: PathBuf,
    clock: Arc<dyn Clock>,
    /// Calls that each rule has answered in this process.
    answered: Mutex<HashMap<String, u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    /// Where calls are noted.
    ledger: PathBuf,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
struct Rule {
    text: String,
    #[serde(flatten)]
    does: Does,
}

/// What becomes of a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
enum Does {
    /// The thread panics.
    Panic,
    /// The process ends at once, as by a fault in native code.
    Abort,
    /// The engine refuses the text for good.
    Fail,
    /// The engine is out of order for so many calls of this process.
    Unavailable { calls: u32 },
    /// It speaks, after a while.
    Sleep { ms: u64 },
}

/// A line of the ledger, written before the call does anything.
#[derive(Serialize)]
struct Call<'a> {
    /// Milliseconds since 1970.
    at: u64,
    pid: u32,
    text: &'a str,
    voice: String,
    delivery: String,
}

impl ScriptedEngine {
    /// An engine that follows `script`, whose voice is that of the engine `name`.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` at `script` when the file is not there or not such JSON.
    pub fn new(name: &str, script: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let tones = ToneEngine::named(name);
        let engine = Self { tones, script: script.to_owned(), clock, answered: Mutex::new(HashMap::new()) };
        engine.read()?;
        Ok(engine)
    }

    fn read(&self) -> Result<Script, Failure> {
        let text = std::fs::read(&self.script);
        let script = text.and_then(|text| serde_json::from_slice(&text).map_err(std::io::Error::other));
        script.map_err(|error| {
            Failure::invalid("script", format!("the script {} cannot be used: {error}", self.script.display()))
        })
    }

    fn note(&self, ledger: &Path, request: &SegmentRequest) -> Result<(), Failure> {
        let call = Call {
            at: self.clock.now().millis(),
            pid: std::process::id(),
            text: &request.text,
            voice: self.voice(&request.voice)?.pinned(),
            delivery: request.speed.delivery(),
        };
        let unwritable = |error: &dyn std::fmt::Display| {
            Failure::internal(format!("the ledger {} cannot be written: {error}", ledger.display()))
        };
        let mut line = serde_json::to_vec(&call).map_err(|error| unwritable(&error))?;
        line.push(b'\n');
        // One write to a file opened for appending: lines of several processes do not mix.
        let written =
            OpenOptions::new().create(true).append(true).open(ledger).and_then(|mut file| file.write_all(&line));
        written.map_err(|error| unwritable(&error))
    }

    /// Whether `rule` has answered fewer than `calls` calls before this one.
    fn first(&self, rule: &str, calls: u32) -> bool {
        let mut answered = self.answered.lock();
        let count = answered.entry(rule.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count <= calls
    }

    #[allow(clippy::panic, reason = "what the script asks for")]
    fn follow(&self, rule: &Rule) -> Result<(), Failure> {
        match rule.does {
            Does::Panic => panic!("the script says so"),
            Does::Abort => std::process::abort(),
            Does::Fail => {
                Err(Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, "the script refuses this text"))
            }
            Does::Unavailable { calls } if self.first(&rule.text, calls) => {
                Err(Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "the script says: out of order"))
            }
            Does::Unavailable { .. } => Ok(()),
            Does::Sleep { ms } => {
                std::thread::sleep(Duration::from_millis(ms));
                Ok(())
            }
        }
    }
}

impl Compute for ScriptedEngine {
    fn voices(&self) -> Vec<Voice> {
        self.tones.voices()
    }

    fn paid(&self) -> bool {
        true
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        let script = self.read()?;
        self.note(&script.ledger, request)?;
        script.rules.iter().filter(|rule| request.text.contains(&rule.text)).try_for_each(|rule| self.follow(rule))?;
        self.tones.synthesize(request)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;
    use lectern_core::clock::ManualClock;

    use super::*;
    use crate::engine::Speed;
    use crate::engine::tone::{NAME, VOICE};

    #[test]
    fn calls_are_noted_before_they_go_as_the_script_says() {
        let dir = tempfile::tempdir().unwrap();
        let (script, ledger) = (dir.path().join("script.json"), dir.path().join("ledger"));
        let rules = r#"[{"text": "mumble", "does": "fail"}, {"text": "busy", "does": "unavailable", "calls": 1},
            {"text": "kaboom", "does": "panic"}, {"text": "slow", "does": "sleep", "ms": 1}]"#;
        std::fs::write(&script, format!(r#"{{"ledger": {ledger:?}, "rules": {rules}}}"#)).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(7)));
        let engine = ScriptedEngine::new(NAME, &script, clock).unwrap();
        let say = |text: &str| engine.synthesize(&SegmentRequest::new(text, VOICE, Speed::NORMAL));

        assert!(say("A plain sentence.").is_ok());
        assert_eq!(say("They mumble.").unwrap_err().kind, Kind::FailedPrecondition);
        assert_eq!(say("It is busy.").unwrap_err().kind, Kind::Unavailable);
        assert!(say("It was busy.").is_ok() && say("It is slow.").is_ok());
        std::thread::scope(|scope| assert!(scope.spawn(|| say("It goes kaboom.")).join().is_err()));

        let lines = std::fs::read_to_string(&ledger).unwrap();
        assert_eq!(lines.lines().count(), 6);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first["at"], 7);
        assert_eq!((&first["text"], &first["delivery"]), (&"A plain sentence.".into(), &"speed=100".into()));
        assert_eq!(first["voice"], "engines/tone/voices/sine@2");
    }

    #[test]
    fn without_its_script_it_does_not_start() {
        let refused = ScriptedEngine::new(NAME, Path::new("/nowhere/script.json"), Arc::new(lectern_core::SystemClock));
        assert_eq!(refused.unwrap_err().field.as_deref(), Some("script"));
    }
}
