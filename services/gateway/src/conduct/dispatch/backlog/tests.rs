use proptest::prelude::*;

use super::*;
use crate::domain::Lane;
use crate::testing::{narrate, narration, record, write};

const NOW: Timestamp = Timestamp(1_000);

fn backlog() -> Backlog {
    Backlog::new(Service::Tts, Window::default(), 1_000_000)
}

/// A narration of `acme` with so many sections to record, accepted at `since`.
fn waits(since: u64, sections: u32) -> Narration {
    let mut waits = narration();
    waits.id = format!("n{since:05}").parse().expect("an id");
    waits.created = Timestamp(since);
    narrate(&mut waits, sections);
    (0..sections).for_each(|section| write(&mut waits, section));
    waits
}

fn at(revision: u64, record: Narration) -> Known {
    Arc::new(Versioned { record, revision: Revision(revision) })
}

fn acme() -> Turn {
    turn(&narration(), Service::Tts)
}

fn nobody(_: &Turn) -> bool {
    false
}

/// As a page of the database's would be: the narrations behind a place, and how far that reaches.
fn page(stored: &[Known], behind: &Reach, width: usize) -> (Vec<Known>, Reach) {
    let place = |known: &Known| (known.record.created, known.record.id.clone());
    let is_behind = |known: &&Known| match behind {
        Reach::UpTo(last) => place(known) > *last,
        Reach::Nothing | Reach::All => true,
    };
    let found: Vec<Known> = stored.iter().filter(is_behind).take(width).cloned().collect();
    let last = found.last().filter(|_| found.len() == width);
    let reach = last.map_or(Reach::All, |last| Reach::UpTo(place(last)));
    (found, reach)
}

/// Reads as a dispatcher does, until nothing more should be read; how often.
fn read(backlog: &mut Backlog, stored: &[Known]) -> usize {
    let mut reads = 0;
    while let Some((turn, reach)) = backlog.hungry(1).pop() {
        let (found, to) = page(stored, &reach, backlog.width());
        backlog.take_read((*turn).clone(), &found, &reach, to, nobody);
        reads += 1;
    }
    reads
}

#[test]
fn an_older_copy_changes_nothing_and_does_not_bring_back_what_is_over() {
    let mut backlog = backlog();
    let (first, mut recorded) = (waits(1, 3), waits(1, 3));
    record(&mut recorded, 0);
    let mut over = recorded.clone();
    over.cancel(lectern_core::Failure::internal("cancelled"), NOW);
    backlog.take_in(&at(2, recorded.clone()), nobody);
    backlog.take_in(&at(1, first.clone()), nobody);
    assert_eq!(backlog.grant(NOW).expect("a step").step.index, 1, "section 0 is recorded");
    backlog.take_in(&at(3, over), nobody);
    assert!(backlog.scheduler().grants().is_empty());
    backlog.take_in(&at(2, recorded), nobody);
    backlog.take_in(&at(1, first.clone()), nobody);
    assert!(!backlog.scheduler().is_busy());
    assert!(!backlog.concerns(&first.id));
    // A retry is newer than the end.
    backlog.take_in(&at(4, first), nobody);
    assert!(backlog.grant(NOW).is_some());
}

/// Its revisions begin anew, and its end under the former ones once kept it out for ever.
#[tokio::test(start_paused = true)]
async fn what_is_ordered_anew_under_the_id_of_what_was_deleted_is_granted() {
    let mut backlog = backlog();
    let mut over = waits(1, 1);
    over.cancel(lectern_core::Failure::internal("cancelled"), NOW);
    backlog.take_in(&at(9, over), nobody);
    backlog.take_in(&at(1, waits(1, 1)), nobody);
    assert!(backlog.grant(NOW).is_none(), "an older copy that comes late");
    tokio::time::advance(over::COUNTS + Duration::from_secs(1)).await;
    backlog.take_in(&at(1, waits(1, 1)), nobody);
    assert!(backlog.grant(NOW).is_some());
}

#[test]
fn a_step_has_waited_since_its_narration_last_changed() {
    let mut backlog = backlog();
    let changed = |at| Narration { updated: Timestamp(at), ..waits(1, 2) };
    backlog.take_in(&at(1, changed(400)), nobody);
    assert_eq!(backlog.ages(NOW), BTreeMap::from([(acme().lane, Duration::from_millis(600))]));
    backlog.take_in(&at(2, changed(900)), nobody);
    let granted = backlog.grant(NOW).expect("a step");
    assert_eq!(granted.waited, Duration::from_millis(600), "it waited before that");
    backlog.take_back(&granted.step);
    assert_eq!(backlog.granted(&granted.step).map(|step| step.waited), None);
    let granted = backlog.grant(NOW).expect("the same");
    assert_eq!(backlog.granted(&granted.step).map(|step| step.waited), Some(Duration::ZERO));
}

#[test]
fn a_step_that_is_taken_back_waits_in_its_place() {
    let mut backlog = backlog();
    for since in [1, 2] {
        backlog.take_in(&at(1, waits(since, 2)), nobody);
    }
    let granted: Vec<StepId> = (0..3).map(|_| backlog.grant(NOW).expect("a step").step).collect();
    backlog.take_back(&granted[0]);
    assert!(backlog.granted(&granted[0]).is_none() && backlog.granted(&granted[1]).is_some());
    assert_eq!(backlog.grant(NOW).expect("a step").step, granted[0]);
    assert_eq!(backlog.published(|at| at == NOW).len(), 3);
    backlog.renew(&granted[1], Timestamp(2_000));
    assert_eq!(backlog.published(|at| at == NOW).len(), 2);
}

#[test]
fn what_is_held_up_when_it_comes_is_not_granted() {
    let mut backlog = backlog();
    backlog.take_in(&at(1, waits(1, 2)), |turn| turn.tenant.as_str() == "acme");
    assert!(backlog.grant(NOW).is_none());
    backlog.hold_turns(nobody);
    assert!(backlog.grant(NOW).is_some());
    assert_eq!(backlog.granted_in(|turn| *turn == acme()).len(), 1);
}

#[test]
fn nothing_is_left_of_the_shards_that_somebody_else_looks_after() {
    let mut backlog = backlog();
    backlog.take_in(&at(1, waits(1, 2)), nobody);
    backlog.suspect(Turn { tenant: "other".parse().expect("an id"), ..acme() }, &at(1, waits(9, 1)));
    backlog.grant(NOW).expect("a step");
    backlog.keep(&BTreeSet::from([acme().shard()]));
    assert!(backlog.scheduler().is_busy() && backlog.hungry(9).is_empty());
    backlog.keep(&BTreeSet::new());
    assert!(!backlog.scheduler().is_busy() && backlog.narrations.is_empty() && backlog.turns.is_empty());
}

/// The other gateway reads what is stored when it begins, and may not be told of what comes then.
#[tokio::test(start_paused = true)]
async fn what_was_told_of_a_moment_ago_is_given_when_somebody_else_looks_after_it() {
    let mut backlog = backlog();
    let [long_ago, told, read, both] = [1, 2, 3, 4].map(|since| at(1, waits(since, 1)));
    backlog.take_in(&long_ago, nobody);
    tokio::time::advance(VIEWS_DIFFER + Duration::from_secs(1)).await;
    backlog.take_in(&told, nobody);
    backlog.take_stored(&read, nobody);
    backlog.take_in(&both, nobody);
    backlog.take_stored(&both, nobody);
    assert!(backlog.keep(&BTreeSet::from([acme().shard()])).is_empty(), "they stay here");
    let mut given: Vec<u64> = backlog.keep(&BTreeSet::new()).iter().map(|known| known.record.created.0).collect();
    given.sort_unstable();
    assert_eq!(given, [2, 4]);
}

/// With hundreds of narrations of each of so many turns, they once were without bound.
#[test]
fn of_very_many_turns_a_narration_each_is_known_and_the_next_is_read() {
    let mut backlog = backlog();
    let stored: Vec<Known> = (1..9).map(|since| at(1, waits(since, 1))).collect();
    for tenant in 0..KNOWN {
        let tenant = format!("t{tenant}").parse().expect("an id");
        backlog.suspect(Turn { tenant, ..acme() }, &stored[0]);
    }
    assert_eq!(backlog.width(), 1);
    stored.iter().for_each(|known| backlog.take_in(known, nobody));
    assert!(backlog.scheduler().waiting(&acme()) <= 2);
    for known in &stored {
        let reads: Vec<(Arc<Turn>, Reach)> =
            backlog.hungry(KNOWN + 1).into_iter().filter(|(turn, _)| **turn == acme()).collect();
        for (turn, reach) in reads {
            let (found, to) = page(&stored, &reach, backlog.width());
            backlog.take_read((*turn).clone(), &found, &reach, to, nobody);
        }
        assert_eq!(backlog.grant(NOW).expect("a step").step.narration, known.record.id);
        assert!(backlog.scheduler().waiting(&acme()) <= 2);
    }
}

/// Work that went on in its turn once hid it.
#[test]
fn one_of_which_nobody_told_is_found_in_a_turn_of_which_others_are_known() {
    let mut backlog = backlog();
    let stored: Vec<Known> = (1..5).map(|since| at(1, waits(since, 1))).collect();
    backlog.take_in(&stored[2], nobody);
    backlog.take_in(&stored[3], nobody);
    backlog.suspect(acme(), &stored[0]);
    // What was under way when it was met read on behind another place.
    backlog.take_read(acme(), &[], &Reach::UpTo((Timestamp(4), "n00004".parse().expect("an id"))), Reach::All, nobody);
    assert_eq!(read(&mut backlog, &stored), 1);
    assert_eq!(backlog.scheduler().waiting(&acme()), 4, "and whoever waited behind it");
    backlog.suspect(acme(), &stored[0]);
    assert_eq!(read(&mut backlog, &stored), 0);

    // One that is over since it was met is not looked for, but where nothing of its turn is known.
    for known in &stored {
        let mut over = known.record.clone();
        over.cancel(lectern_core::Failure::internal("cancelled"), NOW);
        backlog.take_in(&at(2, over), nobody);
        let waits = backlog.scheduler().waiting(&acme());
        backlog.suspect(acme(), known);
        assert_eq!(read(&mut backlog, &[]), usize::from(waits == 0), "{waits} wait");
    }
    assert!(!backlog.turns.contains_key(&acme()));
}

#[test]
fn a_turn_of_which_nobody_told_is_read_once_it_is_met() {
    let mut backlog = backlog();
    let stored: Vec<Known> = (0..3).map(|since| at(1, waits(since, 1))).collect();
    backlog.suspect(acme(), &stored[0]);
    assert_eq!(read(&mut backlog, &stored), 1);
    assert_eq!(backlog.scheduler().waiting(&acme()), 3);
    backlog.suspect(acme(), &stored[0]);
    assert_eq!(read(&mut backlog, &stored), 0, "it is known now");
    // Met, and empty when it is read.
    let other = Turn { lane: Lane::Bulk, ..acme() };
    backlog.suspect(other.clone(), &stored[0]);
    assert_eq!(read(&mut backlog, &[]), 1);
    assert!(!backlog.turns.contains_key(&other), "nothing is kept of it");
}

proptest! {
    /// Narrations come in the order in which they are accepted, end in any, and are granted one
    /// after the other: the oldest that waits is always next, however few of them are known.
    #[test]
    fn the_oldest_goes_first_however_many_wait(
        counts in proptest::collection::vec(1_usize..150, 1..5), ends in any::<u64>(),
    ) {
        let mut backlog = backlog();
        let mut stored: Vec<Known> = Vec::new();
        let (mut since, mut draw) = (0, ends | 1);
        for count in counts {
            for _ in 0..count {
                since += 1;
                let known = at(1, waits(since, 1));
                stored.push(Arc::clone(&known));
                backlog.take_in(&known, nobody);
            }
            // Known are twice as many as are read at once, and those that are granted.
            prop_assert!(backlog.scheduler().waiting(&acme()) <= 2 * MOST);
            for _ in 0..count / 2 {
                read(&mut backlog, &stored);
                let granted = backlog.grant(NOW).expect("a step").step.narration;
                prop_assert_eq!(&granted, &stored[0].record.id);
                // It ends, or another one does that waits.
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let other = usize::try_from(draw >> 33).expect("small") % stored.len();
                for place in BTreeSet::from([0, other]).into_iter().rev() {
                    let mut over = stored.remove(place).record.clone();
                    over.cancel(lectern_core::Failure::internal("cancelled"), NOW);
                    backlog.take_in(&at(2, over), nobody);
                }
                if stored.is_empty() {
                    break;
                }
            }
        }
        read(&mut backlog, &stored);
        while backlog.grant(NOW).is_some() {
            read(&mut backlog, &stored);
        }
        prop_assert_eq!(backlog.scheduler().grants().len(), stored.len(), "nobody is forgotten");
    }
}
