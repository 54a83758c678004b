use super::*;
use crate::domain::Phase;
use crate::testing::{assemble, fail, narrate, narration, succeed, words};

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn gone_wrong(reason: Reason) -> StepFailure {
    let failure = Failure::new(Kind::DataLoss, reason, "it went wrong");
    StepFailure { failure, step: Some("n1/1/record/0".parse().expect("a step")) }
}

/// A narration with files and words.
fn finished() -> Narration {
    let mut n = narration();
    words(&mut n).display_name = "Tides".to_owned();
    let sections = NonZeroU32::new(2).expect("some");
    assert!(n.planned(sections, 30, "On Tides".to_owned(), "en".to_owned(), vec!["a note".to_owned()]));
    assemble(&mut n);
    let (name, media_type) = ("audio.opus".to_owned(), "audio/ogg".to_owned());
    let file = Artifact { name, media_type, size: 9, sha256: Digest::of(b"audio") };
    assert!(n.assembled(24_000, 48_000, vec![file], at(1)));
    n
}

fn says_nothing(n: &Narration) -> bool {
    n.display_name().is_empty()
        && n.labels().is_empty()
        && n.title().is_empty()
        && n.notes().is_empty()
        && n.artifacts().is_empty()
        && n.pins.file_name.is_empty()
}

#[test]
fn what_is_deleted_or_erased_says_nothing_and_its_numbers_stay() {
    let n = finished();
    assert_eq!((n.display_name(), n.title(), n.artifacts().len()), ("Tides", "On Tides", 1));
    let (mut deleted, mut erased) = (n.clone(), n);
    deleted.delete(at(2));
    erased.erase(at(2));
    for gone in [&deleted, &erased] {
        assert!(says_nothing(gone), "{gone:?}");
        assert_eq!((gone.phase(), gone.finished(), gone.sections()), (Phase::Succeeded, Some(at(1)), Some(2)));
        assert_eq!(gone.estimated_millis(), Some(2_000));
        assert!(gone.failure().is_none(), "it had succeeded");
    }
    assert!(!deleted.erased() && erased.erased());
    erased.delete(at(3));
    assert!(erased.erased() && erased.deleted.is_some(), "the receipt of its document counts it");
}

#[test]
fn what_failed_for_objects_that_went_with_its_document_was_stopped_by_the_erasure() {
    let mut n = narration();
    narrate(&mut n, 3);
    let failed = |reason| {
        let mut n = n.clone();
        assert!(n.fail(gone_wrong(reason), at(1)));
        n.erase(at(2));
        n
    };
    let stopped = failed(Reason::ObjectDamaged);
    let why = stopped.failure().expect("why");
    assert_eq!((stopped.phase(), why.failure.reason), (Phase::Cancelled, Reason::DocumentErased));
    assert_eq!((&why.step, stopped.finished()), (&gone_wrong(Reason::Internal).step, Some(at(1))));
    assert_eq!(stopped.sections(), Some(3), "how far it had come");
    let failed = failed(Reason::SpeechRejected);
    let why = failed.failure().expect("why");
    assert_eq!((failed.phase(), why.failure.reason), (Phase::Failed, Reason::SpeechRejected));
}

#[test]
fn a_deadline_is_moved_on_or_ends_what_goes_on_and_nothing_else() {
    let n = narration();
    let (before, passed) = (Timestamp(n.deadline.0 - 1), n.deadline);
    let mut early = n.clone();
    let nothing = (Transition::Unchanged, Transition::Unchanged);
    assert_eq!((early.extend_deadline(before), early.expire(before)), nothing);
    assert_eq!(early, n);

    let mut held_up = n.clone();
    assert_eq!(held_up.extend_deadline(passed), Transition::Changed);
    assert_eq!((held_up.deadline, held_up.phase()), (passed.plus(MOVED_ON), Phase::Extracting));
    let mut limited = n.clone();
    limited.spec.time_limit = Some(DEADLINE);
    assert_eq!(limited.extend_deadline(passed), Transition::Unchanged, "its caller set it");
    assert_eq!(limited.expire(passed), Transition::Changed);
    let why = limited.failure().expect("why");
    assert_eq!((limited.phase(), why.failure.reason), (Phase::Failed, Reason::DeadlinePassed));
    assert!(limited.cancel_pending && limited.due_at == Some(passed.plus(DUE)), "its stages are told");

    let (mut succeeded, mut failed) = (n.clone(), n);
    succeed(&mut succeeded, at(1));
    fail(&mut failed, at(1));
    for ended in [&mut succeeded, &mut failed] {
        let known = ended.clone();
        assert_eq!((ended.extend_deadline(passed), ended.expire(passed)), nothing);
        assert_eq!(*ended, known);
    }
}
