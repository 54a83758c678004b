use lectern_core::{Failure, Kind, Reason};

use super::*;
use crate::domain::{Bits, ScriptEdits, Transition};
use crate::testing::{fail, narrate, narration, succeed};

const KEPT: Duration = Duration::from_secs(31 * 24 * 60 * 60);
const MASTER: &[u8] = b"master";

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn looked(narrations: &[&Narration], now: Timestamp) -> Look {
    let mut look = Look::default();
    for narration in narrations {
        look.add(narration, &ObjectKeys::of(narration, MASTER), KEPT, now);
    }
    look
}

/// A narration of three sections that succeeded 100 s after the beginning.
fn succeeded(id: &str) -> Narration {
    succeeded_at(id, at(100))
}

fn succeeded_at(id: &str, moment: Timestamp) -> Narration {
    let mut n = narration();
    n.id = id.parse().expect("an id");
    narrate(&mut n, 3);
    succeed(&mut n, moment);
    n
}

/// One that was deleted 200 s after the beginning, and whose stages know.
fn deleted(id: &str) -> Narration {
    let mut n = succeeded(id);
    n.delete(at(200));
    n.settled(KEPT, at(201));
    n
}

#[test]
fn what_remains_uses_its_plan_its_sections_and_their_tracks() {
    let mut slow = succeeded("slow");
    slow.spec.speed = 50;
    let look = looked(&[&succeeded("n1"), &succeeded("n2"), &slow], at(1_000));
    assert!(!look.busy && look.over.is_empty());
    let keys = ObjectKeys::of(&slow, MASTER);
    // Speed decides nothing of a script.
    let scripts: BTreeSet<_> = [keys.plan].into_iter().chain((0..3).map(|index| keys.section(index))).collect();
    assert_eq!(look.in_use.scripts, scripts);
    assert_eq!(look.in_use.tracks.len(), 6);
    assert!((0..3).all(|index| look.in_use.tracks.contains(&keys.track(index))));
}

#[test]
fn what_was_edited_is_in_use_with_what_it_was_made_from() {
    let mut edited = succeeded("n1");
    let mut sections = Bits::default();
    sections.insert(1);
    edited.edits = Some(ScriptEdits { key: Digest::of(b"edits"), sections });
    edited.earlier_edits = Some(Digest::of(b"of an earlier run"));
    let look = looked(&[&edited], at(1_000));
    let keys = ObjectKeys::of(&edited, MASTER);
    let made = [keys.plan, Digest::of(b"edits"), Digest::of(b"of an earlier run"), keys.section(1)];
    let scripts: BTreeSet<_> = made.into_iter().chain((0..3).map(|index| keys.written(index))).collect();
    assert_eq!(look.in_use.scripts, scripts);
    assert_eq!(look.in_use.tracks.len(), 3, "nobody spoke what was written there");
    edited.delete(at(1_001));
    let kept = looked(&[&edited], at(1_002));
    assert_eq!(kept.in_use, look.in_use, "also of a tombstone");
}

#[test]
fn what_was_deleted_uses_nothing_once_it_was_kept_for_long_enough() {
    let n = deleted("n1");
    let end = at(200).plus(KEPT);
    let before = looked(&[&n], end.minus(Duration::from_millis(1)));
    assert!(before.over.is_empty() && before.in_use.tracks.len() == 3, "it is kept until then");
    let look = looked(&[&n], end);
    assert_eq!((look.over, look.in_use), (vec![n.id], InUse::default()));
}

#[test]
fn what_was_not_planned_in_this_run_uses_what_an_earlier_run_may_have_made() {
    let mut n = narration();
    narrate(&mut n, 3);
    fail(&mut n, at(100));
    n.retry(n.pins.clone(), None, at(110)).expect("retried");
    n.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"), at(120));
    let look = looked(&[&n], at(1_000));
    assert!(look.busy, "what is left of its first run is not seen to yet");
    assert!((0..400).all(|index| look.in_use.tracks.contains(&ObjectKeys::of(&n, MASTER).track(index))));
}

#[test]
fn steps_may_be_at_work_until_the_longest_lease_has_passed_after_an_end() {
    let now = at(1_000);
    assert!(!looked(&[&succeeded("n1"), &deleted("n2")], now).busy);
    let mut going_on = narration();
    going_on.updated = at(0);
    assert!(looked(&[&succeeded("n0"), &going_on], now).busy, "it goes on");
    let just = succeeded_at("n1", now.minus(Duration::from_secs(59)));
    assert!(looked(&[&just], now).busy, "it has just ended");
    let mut untold = deleted("n1");
    untold.cancel_pending = true;
    assert!(looked(&[&untold], now).busy, "its stages do not know");
    let mut look = looked(&[&succeeded("n1")], now);
    look.add_unreadable();
    assert!(look.busy, "nobody knows what it uses");
}

#[test]
fn whatever_happens_to_a_narration_is_seen_in_the_next_look() {
    let now = at(1_000);
    let (one, gone) = (succeeded("n1"), deleted("gone"));
    let first = looked(&[&one, &gone], now);
    assert!(looked(&[&one, &gone], now).same(&first));
    // Ordered, and made from what was there, between the looks.
    assert!(!looked(&[&one, &gone, &succeeded("n2")], now).same(&first));
    let mut retried = one.clone();
    (retried.run, retried.version) = (2, retried.version + 5);
    assert!(!looked(&[&retried, &gone], now).same(&first));
    let mut again = succeeded("gone");
    again.take_place_of(&gone);
    assert_eq!(again.earlier_ended(&gone.scope, 1, now), Transition::Changed);
    assert!(!looked(&[&one, &again], now).same(&first), "its request was ordered anew");
    assert!(!looked(&[&one, &narration(), &gone], now).same(&first), "it goes on");
}
