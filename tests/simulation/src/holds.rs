//! What operators hold up, and which gateways know of it: from then on none of these publishes what
//! is held up (I10).
//!
//! What is published was chosen a moment before, so a gateway is only blamed when it has known for
//! longer than that takes. How long a disturbed process takes nobody knows: the time counts from
//! the last disturbance.

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_core::id::{Service, TenantId};
use lectern_gateway::domain::{EngineName, Paused};
use tokio::time::Instant;

use crate::plan::{SCRIPT_ENGINE, SPEECH_ENGINE};

/// The collection of pauses.
pub const PAUSES: &str = "pauses";
/// The collection of tenants, with those that are suspended.
pub const TENANTS: &str = "tenants";

/// An undisturbed gateway publishes within this what it has chosen.
const PUBLISHES: Duration = Duration::from_secs(3);

/// Something that is held up.
#[derive(Debug)]
struct Hold {
    /// In which collection that is read.
    collection: &'static str,
    /// The moment in which it was written.
    since: u64,
    /// When each gateway knew of it.
    known: BTreeMap<String, Instant>,
}

/// All that is held up.
#[derive(Debug, Default)]
pub struct Holds(BTreeMap<(&'static str, Paused), Hold>);

impl Holds {
    /// A hold was written to this collection, in this moment.
    pub fn begin(&mut self, collection: &'static str, what: Paused, moment: u64) {
        let hold = Hold { collection, since: moment, known: BTreeMap::new() };
        self.0.entry((collection, what)).or_insert(hold);
    }

    /// A hold ended.
    pub fn end(&mut self, collection: &'static str, what: Paused) {
        self.0.remove(&(collection, what));
    }

    /// A gateway has read what this collection holds up; the call began in the moment `began`, and
    /// its answer is there now.
    pub fn read(&mut self, gateway: &str, collection: &str, began: u64) {
        for hold in self.0.values_mut().filter(|hold| hold.collection == collection && hold.since < began) {
            hold.known.entry(gateway.to_owned()).or_insert_with(Instant::now);
        }
    }

    /// What holds up a step of this tenant that a gateway, undisturbed since a while, publishes
    /// just now, if it has known of that for long enough.
    pub fn broken_by(
        &self,
        gateway: &str,
        undisturbed: Instant,
        service: Service,
        tenant: &TenantId,
    ) -> Option<&Paused> {
        let engine = match service {
            Service::Ingest => "",
            Service::Ai => SCRIPT_ENGINE,
            Service::Tts => SPEECH_ENGINE,
        };
        let broken = self.0.iter().find(|((_, what), hold)| {
            let knew = |known: &Instant| (*known).max(undisturbed).elapsed() > PUBLISHES;
            what.covers(service, tenant, EngineName::of(engine)) && hold.known.get(gateway).is_some_and(knew)
        });
        broken.map(|((_, what), _)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "gateway-0.0";

    fn acme() -> Paused {
        "tenants/acme".parse().expect("a pause")
    }

    fn broken(holds: &Holds, gateway: &str, undisturbed: Instant, tenant: &str) -> Option<Paused> {
        let tenant = tenant.parse().expect("an id");
        holds.broken_by(gateway, undisturbed, Service::Tts, &tenant).cloned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_has_known_of_a_hold_for_long_breaks_it() {
        let (mut holds, start) = (Holds::default(), Instant::now());
        holds.begin(TENANTS, acme(), 5);
        holds.read(GATEWAY, TENANTS, 4);
        holds.read(GATEWAY, PAUSES, 6);
        tokio::time::advance(2 * PUBLISHES).await;
        assert_eq!(broken(&holds, GATEWAY, start, "acme"), None, "it read before, or something else");
        holds.read(GATEWAY, TENANTS, 7);
        tokio::time::advance(PUBLISHES).await;
        assert_eq!(broken(&holds, GATEWAY, start, "acme"), None, "it may have chosen before");
        holds.read(GATEWAY, TENANTS, 8);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(broken(&holds, GATEWAY, start, "acme"), Some(acme()));
        assert_eq!(broken(&holds, GATEWAY, Instant::now(), "acme"), None, "it was disturbed just now");
        assert_eq!(broken(&holds, GATEWAY, start, "other"), None);
        assert_eq!(broken(&holds, "gateway-1.0", start, "acme"), None, "it does not know");
        holds.end(TENANTS, acme());
        assert_eq!(broken(&holds, GATEWAY, start, "acme"), None);
    }
}
