//! The scripted engine of tts: its script, and the ledger of what it was asked to say and therefore
//! paid.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use crate::texts::Poison;

/// Calls for which the engine is out of order.
pub const OUT_OF_ORDER: u32 = 2;
/// How long every call takes, in milliseconds, as a remote engine's would: so that faults find
/// calls in flight.
pub const CALL: u64 = 150;
/// As much of the ledger's end as holds a few calls, in bytes.
const TAIL: u64 = 2_048;

/// One call of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// Milliseconds since 1970, before it did anything.
    pub at: u64,
    /// The process that called.
    pub pid: u32,
    /// What was to be said.
    pub text: String,
    /// The pinned voice.
    pub voice: String,
    /// Speed and the like, as in keys.
    pub delivery: String,
}

/// The script and the ledger of a group. The ledger is a row of files, so that one can be begun
/// that is short.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    /// How long the slow sentence takes, in milliseconds.
    slow: u64,
    files: u32,
}

impl Ledger {
    /// Writes the script into `folder`. `slow` is how long the slow sentence takes, in
    /// milliseconds.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn start(folder: &Path, slow: u64) -> Self {
        let mut ledger = Self { folder: folder.to_owned(), slow, files: 0 };
        ledger.turn_over();
        ledger
    }

    /// Has calls noted in a new file from now on.
    ///
    /// # Panics
    ///
    /// When the script cannot be replaced.
    pub fn turn_over(&mut self) {
        self.files += 1;
        let rule = |poison: Poison| match poison {
            Poison::Panic => json!({"text": poison.word(), "does": "panic"}),
            Poison::Abort => json!({"text": poison.word(), "does": "abort"}),
            Poison::Fail => json!({"text": poison.word(), "does": "fail"}),
            Poison::Unavailable => json!({"text": poison.word(), "does": "unavailable", "calls": OUT_OF_ORDER}),
            Poison::Slow => json!({"text": poison.word(), "does": "sleep", "ms": self.slow}),
        };
        let mut rules = vec![json!({"text": "", "does": "sleep", "ms": CALL})];
        rules.extend(Poison::ALL.map(rule));
        let script = json!({"ledger": self.file(self.files), "rules": rules});
        let new = self.folder.join("script.json.new");
        // Replaced as a whole: the engine reads it at every call.
        fs::write(&new, script.to_string()).and_then(|()| fs::rename(&new, self.script())).expect("the script");
    }

    fn script(&self) -> PathBuf {
        self.folder.join("script.json")
    }

    fn file(&self, number: u32) -> PathBuf {
        self.folder.join(format!("ledger-{number}.jsonl"))
    }

    /// The latest call, read without the rest.
    #[must_use]
    pub fn latest(&self) -> Option<Call> {
        let mut file = fs::File::open(self.file(self.files)).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(text.lines().last()?).ok()
    }

    /// All calls, in the order they were noted.
    ///
    /// # Panics
    ///
    /// When a line is none; the last one of a file may be half written.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        for number in 1..=self.files {
            let text = fs::read_to_string(self.file(number)).unwrap_or_default();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            calls.extend(whole.lines().map(|line| serde_json::from_str::<Call>(line).expect("a call")));
        }
        calls
    }
}

/// Calls by what was said, and then by voice and delivery, in order of time: calls that are alike
/// in all three ask for the same segment.
#[must_use]
pub fn by_text(calls: &[Call]) -> BTreeMap<&str, BTreeMap<(&str, &str), Vec<&Call>>> {
    let mut texts: BTreeMap<&str, BTreeMap<(&str, &str), Vec<&Call>>> = BTreeMap::new();
    for call in calls {
        texts.entry(&call.text).or_default().entry((&call.voice, &call.delivery)).or_default().push(call);
    }
    for calls in texts.values_mut().flat_map(BTreeMap::values_mut) {
        calls.sort_by_key(|call| call.at);
    }
    texts
}

/// Calls from `from` up to `until` that said again what had been said before.
#[must_use]
pub fn repeated(calls: &[Call], from: u64, until: u64) -> usize {
    let alike = by_text(calls).into_values().flat_map(BTreeMap::into_values);
    let later = alike.flat_map(|calls| calls.into_iter().skip(1));
    later.filter(|call| (from..until).contains(&call.at)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_repeats_an_earlier_one_is_counted_where_it_falls() {
        let call =
            |at, text: &str| Call { at, pid: 1, text: text.to_owned(), voice: String::new(), delivery: String::new() };
        let calls = [call(10, "a"), call(20, "b"), call(30, "a"), call(40, "a")];
        assert_eq!((repeated(&calls, 0, 30), repeated(&calls, 30, 40), repeated(&calls, 0, 99)), (0, 1, 2));
        let other = Call { voice: "of another version".to_owned(), ..call(50, "a") };
        assert_eq!(repeated(&[call(10, "a"), other], 0, 99), 0, "it asks for another segment");
    }
}
