//! Narrations as they are stored.

use std::num::NonZeroU32;

use lectern_core::{Failure, Kind, Reason};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Artifact, Bits, Phase, ScriptEdits, StepFailure, Tally, Transition};
use crate::testing::{assemble, fail, narrate, narration, record, succeed, write};

/// Later than any number in a record that is no time.
const BEGAN: Timestamp = Timestamp(1_764_000_000_000);
const KEPT: Duration = Duration::from_secs(31 * 24 * 60 * 60);

fn stored(n: &Narration) -> Value {
    serde_json::to_value(n).expect("a record")
}

fn gone_wrong(reason: Reason) -> StepFailure {
    let failure = Failure::new(Kind::FailedPrecondition, reason, "it went wrong");
    StepFailure { failure, step: "n1/1/record/0".parse().ok() }
}

/// Does one of all that happens to narrations, where it may happen now; whether it changed
/// anything.
fn happens(n: &mut Narration, what: u8, section: u32, now: Timestamp) -> bool {
    let sections = NonZeroU32::new(1 + section % 3).expect("some");
    let counts = Tally { utterances: 1, reused: 0, words: 9, millis: 99 };
    match what {
        0 => n.extracted(),
        1 => n.planned(sections, 30, "On Tides".to_owned(), "en".to_owned(), vec!["a note".to_owned()]),
        2 => n.section_written(section, now),
        3..=5 => n.section_recorded(section, counts, now),
        6 | 7 => {
            let (name, media_type) = ("audio.opus".to_owned(), "audio/ogg".to_owned());
            let file = Artifact { name, media_type, size: 9, sha256: lectern_core::Digest::of(b"audio") };
            n.assembled(24_000, 48_000, vec![file], now)
        }
        8 => n.fail(gone_wrong(Reason::SpeechRejected), now),
        9 => n.fail(gone_wrong(Reason::ObjectDamaged), now),
        10 if !n.phase().terminal() && n.may_be_pinned_anew() => {
            n.await_pins(gone_wrong(Reason::PinUnavailable), now);
            true
        }
        11 => n.pinned(n.run, n.pins.clone(), now) == Transition::Changed,
        12 => n.not_pinned(n.run, gone_wrong(Reason::VoiceUnknown).failure, now) == Transition::Changed,
        13 => n.cancel(gone_wrong(Reason::Cancelled).failure, now) == Transition::Changed,
        14 => n.expire(n.deadline) == Transition::Changed,
        15 => n.extend_deadline(n.deadline) == Transition::Changed,
        16 | 17 if n.deleted.is_none() => n.retry(n.pins.clone(), None, now).is_ok(),
        18 if n.deleted.is_none() && !n.erased() => {
            n.erase(now);
            true
        }
        19 if n.deleted.is_none() => {
            n.delete(now);
            true
        }
        20 if n.to_be_settled() => {
            n.settled(KEPT, now);
            true
        }
        21 => {
            let left = n.earlier.first().map(|earlier| (earlier.scope.clone(), earlier.run));
            left.is_some_and(|(scope, run)| n.earlier_ended(&scope, run, now) == Transition::Changed)
        }
        22 if n.deleted.is_some() => {
            let mut anew = narration();
            anew.take_place_of(n);
            *n = anew;
            true
        }
        23 => n.approve(now) == Transition::Changed,
        24 => {
            let sections = Bits::first(section + 1);
            let edits = ScriptEdits { key: lectern_core::Digest::of(now.0.to_string().as_bytes()), sections };
            n.edited(n.run, n.edits.clone().as_ref(), edits, now) == Transition::Changed
        }
        _ => false,
    }
}

/// Where in a record there are times.
fn times(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                times(field, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| times(item, path, found)),
        Value::Number(number) if number.as_u64().is_some_and(|number| number >= BEGAN.0) => {
            found.push(path.to_owned());
        }
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

proptest! {
    /// Whatever happened to a narration, what is stored of it reads back as it was, has the word
    /// for its state where queries look for it, and has times only where they become dates.
    #[test]
    fn whatever_happened_a_record_reads_back_and_its_phase_is_that_of_its_state(
        events in proptest::collection::vec((0_u8..25, 0_u32..4), 0..60),
        hold in any::<bool>(),
    ) {
        let mut n = narration();
        (n.created, n.updated, n.deadline) = (BEGAN, BEGAN, BEGAN.plus(KEPT));
        n.spec.hold = hold;
        let mut now = BEGAN;
        for (what, section) in events {
            now = now.plus(Duration::from_secs(7));
            let before = n.clone();
            if !happens(&mut n, what, section, now) {
                prop_assert_eq!(&n, &before, "what says that it changed nothing changed something");
            }
            let record = stored(&n);
            prop_assert_eq!(&record["phase"], n.phase().as_str());
            prop_assert!(record["state"].is_object(), "{}", record);
            prop_assert!(record.to_string().len() < 8 * 1024, "{} bytes", record.to_string().len());
            let mut found = Vec::new();
            times(&record, "", &mut found);
            for path in found {
                prop_assert!(Narration::SPEC.dates.contains(&path.as_str()), "{} is no date", path);
            }
            let read: Narration = serde_json::from_value(record).expect("it is read");
            prop_assert_eq!(&read, &n);

            let terminal = n.phase().terminal();
            prop_assert_eq!(n.finished().is_some(), terminal);
            prop_assert_eq!(n.failure().is_some(), matches!(n.phase(), Phase::Failed | Phase::Cancelled));
            prop_assert!(n.recorded() <= n.written() && n.written() <= n.sections().unwrap_or(0));
            prop_assert!(terminal || !(n.cancel_pending || n.erased() || n.deleted.is_some()));
            prop_assert!(!n.awaits_pins() || n.phase() == Phase::Extracting);
            if n.deleted.is_some() || n.erased() {
                prop_assert!(n.title().is_empty() && n.notes().is_empty() && n.artifacts().is_empty());
                prop_assert!(n.texts.kept().is_none() && n.repinned.is_none() && n.pins.file_name.is_empty());
            }
        }
    }
}

#[test]
fn a_state_is_stored_beside_its_word() {
    let mut n = narration();
    assert_eq!((&stored(&n)["phase"], &stored(&n)["state"]), (&json!("extracting"), &json!({})));
    assert_eq!(stored(&n)["texts"]["at"], "kept");
    narrate(&mut n, 3);
    write(&mut n, 0);
    write(&mut n, 1);
    record(&mut n, 0);
    let state = json!({
        "outline": { "sections": 3, "words": 10, "language": "" },
        "written": "03",
        "recorded": "01",
        "tally": { "utterances": 0, "reused": 0, "words": 0, "millis": 0 },
        "first_audio": 0,
    });
    assert_eq!((&stored(&n)["phase"], &stored(&n)["state"]), (&json!("narrating"), &state));

    let mut failed = n.clone();
    fail(&mut failed, Timestamp(5));
    let record = stored(&failed);
    assert_eq!((&record["phase"], &record["state"]["finished"]), (&json!("failed"), &json!(5)));
    assert_eq!(record["state"]["failure"]["failure"]["reason"], "INTERNAL");
    assert_eq!(record["state"]["reached"]["at"], "narrating");
    assert_eq!(record["state"]["reached"]["outline"], state["outline"]);

    assemble(&mut n);
    assert_eq!(stored(&n)["phase"], "assembling");
    assert_eq!(stored(&n)["state"].get("recorded"), None, "every section is");
    succeed(&mut n, Timestamp(6));
    let record = stored(&n);
    assert_eq!((&record["phase"], &record["state"]["samples"]), (&json!("succeeded"), &json!(24_000)));
    n.delete(Timestamp(7));
    assert_eq!((&stored(&n)["texts"], &stored(&n)["deleted"]), (&json!({ "at": "deleted" }), &json!(7)));
    n.erase(Timestamp(8));
    assert_eq!(stored(&n)["texts"], json!({ "at": "erased" }));
}

#[test]
fn a_script_that_waits_is_stored_with_what_was_edited_and_without_a_word_of_it() {
    let mut n = narration();
    n.spec.hold = true;
    narrate(&mut n, 2);
    assert_eq!(stored(&n)["state"]["held"], true);
    (0..2).for_each(|section| write(&mut n, section));
    let left = json!({ "secs": 86_400, "nanos": 0 });
    let outline = json!({ "sections": 2, "words": 10, "language": "" });
    let state = json!({ "outline": outline, "left": left });
    assert_eq!((&stored(&n)["phase"], &stored(&n)["state"]), (&json!("awaiting_approval"), &state));
    let mut before = stored(&n);
    before["state"]["since"] = json!(0);
    assert_eq!(serde_json::from_value::<Narration>(before).expect("a record of layout 6"), n);
    let key = lectern_core::Digest::of(b"edits");
    n.edited(1, None, ScriptEdits { key, sections: Bits::first(400) }, Timestamp(1));
    assert_eq!(stored(&n)["edits"]["key"], key.to_string());
    assert_eq!(stored(&n)["edits"]["sections"].as_str().map(str::len), Some(100), "of the longest script");
    n.approve(Timestamp(2));
    assert_eq!((&stored(&n)["approved"], &stored(&n)["phase"]), (&json!(2), &json!("narrating")));
}

#[test]
fn a_record_of_the_longest_script_is_far_below_what_a_record_may_have() {
    let mut n = narration();
    narrate(&mut n, 400);
    for section in 0..399 {
        record(&mut n, section);
    }
    fail(&mut n, BEGAN);
    let bytes = stored(&n).to_string().len();
    assert!(bytes < 4 * 1024, "{bytes} bytes");
}

#[test]
fn the_page_of_the_database_is_that_of_the_records() {
    let text = [
        lectern_store::describe::<Narration>(),
        lectern_store::describe::<Pause>(),
        lectern_store::describe::<Key>(),
        lectern_store::describe::<TenantRecord>(),
        lectern_store::describe::<crate::audit::Record>(),
    ]
    .concat();
    lectern_testkit::pages::check_part("reference/database.md", "gateway", &text, "the_page_of_the_database");
}
