//! When the store was away, as this process saw it, so that a lease which could not be extended
//! then is not taken for a crash.

use std::time::Duration;

use lectern_core::{Failure, Kind, Timestamp};
use parking_lot::Mutex;

/// Whether a failure says that the store could not be reached, or did not answer.
#[must_use]
pub const fn is_away(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Unavailable | Kind::DeadlineExceeded)
}

/// A time in which no call was answered.
#[derive(Debug, Clone, Copy)]
struct Outage {
    from: Timestamp,
    to: Timestamp,
}

impl Outage {
    /// The part of a lease that an outage must last to count. Two heartbeats fit into the rest of
    /// it, so a shorter outage costs nobody a lease.
    fn least(lease: Duration) -> Duration {
        lease / 3
    }

    /// Whether a lease that lasted until `until` ran out because of it. A holder that lived when it
    /// began had some of its lease left, and one that lives at its end extends soon after.
    fn covers(self, until: Timestamp, lease: Duration) -> bool {
        let least = Self::least(lease);
        self.to.since(self.from) >= least && self.from <= until && until <= self.to.plus(least)
    }
}

/// The outage that goes on, and the latest one that is over and was long enough to count.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    going_on: Option<Outage>,
    latest: Option<Outage>,
    /// When a call was last answered.
    answered: Timestamp,
}

impl Outages {
    /// Notes that a call begun at `began` was not answered until `now`. It may have hung alone, so
    /// no outage began before the latest answer to another one.
    pub(super) fn unanswered(&self, began: Timestamp, now: Timestamp) {
        let mut known = self.0.lock();
        let from = known.going_on.map_or(began, |outage| outage.from.min(began)).max(known.answered);
        known.going_on = Some(Outage { from, to: now });
    }

    /// Notes that the store answers `now`.
    pub(super) fn answered(&self, lease: Duration, now: Timestamp) {
        let mut known = self.0.lock();
        known.answered = now;
        if let Some(over) = known.going_on.take()
            && over.to.since(over.from) >= Outage::least(lease)
        {
            known.latest = Some(over);
        }
    }

    /// Whether a lease that lasted until `until` ran out while the store was away.
    pub(super) fn excuse(&self, until: Timestamp, lease: Duration) -> bool {
        let known = self.0.lock();
        [known.going_on, known.latest].into_iter().flatten().any(|outage| outage.covers(until, lease))
    }

    /// Whether the store was away at some time since `since`.
    pub(super) fn any_since(&self, since: Timestamp, lease: Duration) -> bool {
        let known = self.0.lock();
        let outages = [known.going_on, known.latest].into_iter().flatten();
        outages.filter(|outage| outage.to.since(outage.from) >= Outage::least(lease)).any(|outage| outage.to >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    #[test]
    fn a_lease_that_ran_out_in_an_outage_is_excused_and_others_are_not() {
        let outages = Outages::default();
        assert!(!outages.excuse(at(110), LEASE));
        for second in 100..160 {
            outages.unanswered(at(second), at(second));
        }
        for over in [false, true] {
            if over {
                outages.answered(LEASE, at(160));
            }
            for (until, excused) in [(99, false), (100, true), (115, true), (159, true), (164, true), (165, false)] {
                assert_eq!(outages.excuse(at(until), LEASE), excused, "{until}, over: {over}");
            }
        }
        assert!(outages.any_since(at(159), LEASE) && !outages.any_since(at(160), LEASE));
        // A blip after it neither counts nor has it forgotten.
        outages.unanswered(at(200), at(204));
        outages.answered(LEASE, at(204));
        assert!(outages.excuse(at(115), LEASE) && !outages.excuse(at(203), LEASE));
    }

    #[test]
    fn answers_in_between_make_short_outages_of_a_long_one() {
        let outages = Outages::default();
        for second in 100..160 {
            outages.unanswered(at(second), at(second));
            outages.answered(LEASE, at(second));
        }
        assert!(!outages.excuse(at(115), LEASE));
    }

    #[test]
    fn a_call_that_hangs_while_others_are_answered_is_no_outage() {
        let outages = Outages::default();
        outages.answered(LEASE, at(109));
        outages.unanswered(at(100), at(110));
        outages.answered(LEASE, at(111));
        assert!(!outages.excuse(at(105), LEASE));
    }
}
