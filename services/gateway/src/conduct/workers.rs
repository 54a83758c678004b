//! What the stages can work on, as their workers announce it: how many steps at once, and which
//! engines are out of order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::{Service, StepId};
pub use lectern_queue::worker::{CAPACITY, PUT_OFF};
use lectern_queue::worker::{Capacity, PutOff};

/// An announcement is repeated every 5 s; a worker that was not heard of for this long is gone.
const HEARD_WITHIN: Duration = Duration::from_secs(15);

/// Steps granted of a service whose workers were never heard of: it finds work when it starts.
const UNHEARD: usize = 4;

/// Steps granted beyond what the workers can work on, so that the next one is there when one ends.
/// More would only wait in the queue, where nobody can go first any more.
const AHEAD: usize = 1;

/// What one worker announced last.
#[derive(Debug, Clone)]
struct Worker {
    service: Service,
    permits: usize,
    open: BTreeSet<String>,
    heard: Timestamp,
}

/// What is known of all workers. Announcements are hints: they may be late or lost, and are
/// repeated.
#[derive(Debug, Default)]
pub struct Workers {
    workers: Mutex<BTreeMap<String, Worker>>,
    put_off: Mutex<BTreeMap<StepId, Timestamp>>,
}

impl Workers {
    /// Takes an announcement in; whether it says something new.
    pub fn hear(&self, hint: &[u8], now: Timestamp) -> bool {
        let Some(Capacity { service, holder, permits, open }) = Capacity::parse(hint) else { return false };
        let mut workers = self.workers();
        workers.retain(|_, worker| now.since(worker.heard) <= HEARD_WITHIN);
        let worker = Worker { service, permits, open: open.into_iter().collect(), heard: now };
        let before = workers.insert(holder, worker.clone());
        before.is_none_or(|before| before.permits != worker.permits || before.open != worker.open)
    }

    /// Takes in that a step is put off: meanwhile it takes nobody's room. Which service has more
    /// room by it.
    pub fn hear_put_off(&self, hint: &[u8], now: Timestamp) -> Option<Service> {
        let PutOff { step, millis } = PutOff::parse(hint)?;
        let service = step.kind.service();
        let mut put_off = self.waiting();
        put_off.retain(|_, until| *until > now);
        put_off.insert(step, now.plus(Duration::from_millis(millis)));
        Some(service)
    }

    /// Whether a step is put off at the moment.
    pub fn is_put_off(&self, step: &StepId, now: Timestamp) -> bool {
        let put_off = self.waiting();
        put_off.get(step).is_some_and(|until| *until > now)
    }

    fn workers(&self) -> MutexGuard<'_, BTreeMap<String, Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<StepId, Timestamp>> {
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many steps of a service may be granted at once.
    pub fn limit(&self, service: Service, now: Timestamp) -> usize {
        let workers = self.workers();
        let mut heard = false;
        let mut permits = 0;
        for worker in workers.values().filter(|w| w.service == service && now.since(w.heard) <= HEARD_WITHIN) {
            heard = true;
            permits += worker.permits;
        }
        if heard { permits.max(1) + AHEAD } else { UNHEARD }
    }

    /// Engines that some worker of the service found out of order.
    pub fn out_of_order(&self, service: Service, now: Timestamp) -> BTreeSet<String> {
        let workers = self.workers();
        let of_service = workers.values().filter(|w| w.service == service && now.since(w.heard) <= HEARD_WITHIN);
        of_service.flat_map(|worker| worker.open.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up_and_are_forgotten_when_they_are_silent() {
        let known = Workers::default();
        let at = |seconds: u64| Timestamp(seconds * 1_000);
        assert_eq!(known.limit(Service::Tts, at(0)), UNHEARD);
        let says = |holder: &str, permits: usize, open: &[&str]| {
            let open = open.iter().map(|engine| (*engine).to_owned()).collect();
            Capacity { service: Service::Tts, holder: holder.to_owned(), permits, open }.encode()
        };
        assert!(known.hear(&says("a", 2, &[]), at(0)));
        assert!(known.hear(&says("b", 4, &["cloud"]), at(1)));
        assert!(!known.hear(&says("a", 2, &[]), at(5)), "nothing new");
        assert!(!known.hear(b"something else", at(5)));
        assert_eq!(known.limit(Service::Tts, at(6)), 6 + AHEAD);
        assert_eq!(known.limit(Service::Ai, at(6)), UNHEARD, "nobody of that service");
        assert!(known.out_of_order(Service::Tts, at(6)).contains("cloud"));
        assert_eq!(known.limit(Service::Tts, at(18)), 2 + AHEAD, "b is gone");
        assert!(known.hear(&says("a", 0, &[]), at(19)));
        assert_eq!(known.limit(Service::Tts, at(19)), 1 + AHEAD, "a step finds out when it goes on");
    }

    #[test]
    fn a_step_is_put_off_for_as_long_as_it_is_said() {
        let known = Workers::default();
        let step: StepId = "n/1/record/0".parse().expect("a step");
        let hint = PutOff::new(step.clone(), Duration::from_millis(500)).encode();
        assert_eq!(known.hear_put_off(&hint, Timestamp(0)), Some(Service::Tts));
        assert_eq!(known.hear_put_off(b"{}", Timestamp(0)), None);
        assert!(known.is_put_off(&step, Timestamp(499)));
        assert!(!known.is_put_off(&step, Timestamp(500)));
    }
}
