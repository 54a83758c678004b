//! What operators hold up, and which gateways know of it: from then on nothing that is held up is
//! granted (I10).
//!
//! A grant says when the pass that made it began, by the clock of its gateway. Which gateway that
//! was nobody knows here, so a pass counts only when it began after all of them had read of the
//! hold, however wrong their clocks are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::Service;
use lectern_gateway::domain::Paused;
use lectern_gateway::domain::slots::Grant;

use crate::plan::{MOST_SKEW, SCRIPT_ENGINE, SPEECH_ENGINE};

/// The collection of pauses.
pub const PAUSES: &str = "pauses";
/// The collection of tenants, with those that are suspended.
pub const TENANTS: &str = "tenants";

/// Something that is held up.
#[derive(Debug)]
struct Hold {
    /// In which collection that is read.
    collection: &'static str,
    /// The moment in which it was written.
    since: u64,
    /// When each gateway knew of it.
    known: BTreeMap<String, Timestamp>,
}

/// All that is held up.
#[derive(Debug, Default)]
pub struct Holds {
    holds: BTreeMap<(&'static str, Paused), Hold>,
    /// The gateways that live, once they have read what is held up.
    gateways: BTreeSet<String>,
}

impl Holds {
    /// A hold was written to this collection, in this moment.
    pub fn begin(&mut self, collection: &'static str, what: Paused, moment: u64) {
        let hold = Hold { collection, since: moment, known: BTreeMap::new() };
        self.holds.entry((collection, what)).or_insert(hold);
    }

    /// A hold ended.
    pub fn end(&mut self, collection: &'static str, what: Paused) {
        self.holds.remove(&(collection, what));
    }

    /// A gateway has read what this collection holds up; the call began in the moment `began`, and
    /// its answer is there at `now`.
    pub fn read(&mut self, gateway: &str, collection: &str, began: u64, now: Timestamp) {
        if ![PAUSES, TENANTS].contains(&collection) {
            return;
        }
        self.gateways.insert(gateway.to_owned());
        for hold in self.holds.values_mut() {
            if hold.collection == collection && hold.since < began {
                hold.known.entry(gateway.to_owned()).or_insert(now);
            }
        }
    }

    /// A gateway has died.
    pub fn gone(&mut self, gateway: &str) {
        self.gateways.remove(gateway);
    }

    /// What holds up a step that was granted just now, if every gateway knew of that before.
    pub fn broken_by(&self, service: Service, grant: &Grant) -> Option<&Paused> {
        let engine = match service {
            Service::Ingest => "",
            Service::Ai => SCRIPT_ENGINE,
            Service::Tts => SPEECH_ENGINE,
        };
        let began_at_least = grant.at.minus(Duration::from_millis(MOST_SKEW));
        let held = self.holds.iter().find(|((_, what), hold)| {
            let knew_by = |gateway: &String| hold.known.get(gateway).is_some_and(|at| *at < began_at_least);
            what.covers(service, &grant.tenant, engine) && self.gateways.iter().all(knew_by)
        });
        held.map(|((_, what), _)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKEW: u64 = MOST_SKEW;

    fn grant(tenant: &str, at: u64) -> Grant {
        let (step, tenant) = ("n1/1/record/0".parse().expect("a step"), tenant.parse().expect("an id"));
        Grant { step, tenant, engine: String::new(), revision: 1, at: Timestamp(at) }
    }

    fn acme() -> Paused {
        "tenants/acme".parse().expect("a pause")
    }

    #[test]
    fn a_grant_breaks_a_hold_that_every_living_gateway_knew_of() {
        let mut holds = Holds::default();
        for gateway in ["gateway-0.0", "gateway-1.0"] {
            holds.read(gateway, TENANTS, 1, Timestamp(10));
        }
        let late = grant("acme", 100_000);
        assert_eq!(holds.broken_by(Service::Tts, &late), None, "nothing is held up");
        holds.begin(TENANTS, acme(), 5);
        holds.read("gateway-0.0", TENANTS, 4, Timestamp(50));
        holds.read("gateway-0.0", PAUSES, 6, Timestamp(50));
        holds.read("gateway-1.0", TENANTS, 6, Timestamp(60));
        assert_eq!(holds.broken_by(Service::Tts, &late), None, "one read before, or something else");
        holds.read("gateway-0.0", TENANTS, 7, Timestamp(70));
        holds.read("gateway-0.0", TENANTS, 8, Timestamp(90_000));
        assert_eq!(holds.broken_by(Service::Tts, &late), Some(&acme()));
        assert_eq!(holds.broken_by(Service::Tts, &grant("other", 100_000)), None);
        assert_eq!(holds.broken_by(Service::Tts, &grant("acme", 70 + SKEW)), None, "it may have begun before");
        assert_eq!(holds.broken_by(Service::Tts, &grant("acme", 71 + SKEW)), Some(&acme()));
        holds.end(TENANTS, acme());
        assert_eq!(holds.broken_by(Service::Tts, &late), None);
    }

    #[test]
    fn a_gateway_that_died_need_not_know() {
        let mut holds = Holds::default();
        holds.read("gateway-0.0", PAUSES, 1, Timestamp(10));
        holds.read("gateway-1.0", PAUSES, 1, Timestamp(10));
        holds.begin(PAUSES, "services/ai".parse().expect("a pause"), 2);
        holds.read("gateway-0.0", PAUSES, 3, Timestamp(20));
        let late = grant("acme", 100_000);
        assert_eq!(holds.broken_by(Service::Ai, &late), None);
        holds.gone("gateway-1.0");
        assert!(holds.broken_by(Service::Ai, &late).is_some());
        assert_eq!(holds.broken_by(Service::Tts, &late), None, "another service");
    }
}
