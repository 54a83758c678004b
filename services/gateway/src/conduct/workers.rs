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

/// What can be granted of an engine's steps, as far as its workers' breakers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineRoom {
    /// No worker found it out of order: as many as of any engine.
    Open,
    /// Some workers found it out of order: as many of its steps at once as the others take.
    Most(usize),
    /// A worker found it out of order, and none that takes steps says otherwise.
    OutOfOrder,
}

/// What is known of all workers. Announcements are hints: they may be late or lost, and are
/// repeated.
#[derive(Debug, Default)]
pub struct Workers {
    workers: Mutex<BTreeMap<String, Worker>>,
    put_off: Mutex<BTreeMap<StepId, Timestamp>>,
}

impl Workers {
    /// Takes an announcement in; whether more or less can be done now, by it or because another
    /// worker is gone.
    pub fn hear(&self, hint: &[u8], now: Timestamp) -> bool {
        let Some(Capacity { service, holder, permits, open }) = Capacity::parse(hint) else { return false };
        let mut workers = self.workers();
        let known = workers.len();
        workers.retain(|_, worker| now.since(worker.heard) <= HEARD_WITHIN);
        let gone = workers.len() < known;
        let worker = Worker { service, permits, open: open.into_iter().collect(), heard: now };
        let before = workers.insert(holder, worker.clone());
        gone || before.is_none_or(|before| before.permits != worker.permits || before.open != worker.open)
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
        for worker in live(&workers, service, now) {
            heard = true;
            permits += worker.permits;
        }
        if heard { permits.max(1) + AHEAD } else { UNHEARD }
    }

    /// What can be granted of an engine's steps at a service. A worker whose breaker for it is open
    /// hands its steps back, so its permits do not count for the engine; every other one that takes
    /// steps is taken to have the engine in order, and finds out with its next steps where it has
    /// not.
    pub fn engine_room(&self, service: Service, engine: &str, now: Timestamp) -> EngineRoom {
        let workers = self.workers();
        let (mut broken, mut permits) = (false, 0);
        for worker in live(&workers, service, now) {
            if worker.open.contains(engine) {
                broken = true;
            } else {
                permits += worker.permits;
            }
        }
        match (broken, permits) {
            (false, _) => EngineRoom::Open,
            (true, 0) => EngineRoom::OutOfOrder,
            (true, permits) => EngineRoom::Most(permits + AHEAD),
        }
    }
}

/// The workers of a service that were heard of lately.
fn live(workers: &BTreeMap<String, Worker>, service: Service, now: Timestamp) -> impl Iterator<Item = &Worker> {
    workers.values().filter(move |worker| worker.service == service && now.since(worker.heard) <= HEARD_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(holder: &str, permits: usize, open: &[&str]) -> bytes::Bytes {
        let open = open.iter().map(|engine| (*engine).to_owned()).collect();
        Capacity { service: Service::Tts, holder: holder.to_owned(), permits, open }.encode()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    #[test]
    fn workers_add_up_and_are_forgotten_when_they_are_silent() {
        let known = Workers::default();
        assert_eq!(known.limit(Service::Tts, at(0)), UNHEARD);
        assert!(known.hear(&says("a", 2, &[]), at(0)));
        assert!(known.hear(&says("b", 4, &["cloud"]), at(1)));
        assert!(!known.hear(&says("a", 2, &[]), at(5)), "nothing new");
        assert!(!known.hear(b"something else", at(5)));
        assert_eq!(known.limit(Service::Tts, at(6)), 6 + AHEAD);
        assert_eq!(known.limit(Service::Ai, at(6)), UNHEARD, "nobody of that service");
        assert_eq!(known.limit(Service::Tts, at(18)), 2 + AHEAD, "b is gone");
        assert!(known.hear(&says("a", 2, &[]), at(19)), "it is new that b is gone");
        assert!(known.hear(&says("a", 0, &[]), at(20)));
        assert_eq!(known.limit(Service::Tts, at(20)), 1 + AHEAD, "a step finds out when it goes on");
    }

    #[test]
    fn an_engine_is_out_of_order_where_no_worker_that_takes_steps_has_it_in_order() {
        // What the workers say (permits, and whether the engine's breaker is open), and what holds.
        let cases: [(&[(usize, bool)], EngineRoom); 8] = [
            (&[], EngineRoom::Open),
            (&[(2, false), (2, false)], EngineRoom::Open),
            (&[(0, false)], EngineRoom::Open),
            (&[(2, true), (3, false)], EngineRoom::Most(3 + AHEAD)),
            (&[(0, true), (3, false), (1, false)], EngineRoom::Most(4 + AHEAD)),
            (&[(2, true)], EngineRoom::OutOfOrder),
            (&[(2, true), (0, true)], EngineRoom::OutOfOrder),
            (&[(2, true), (0, false)], EngineRoom::OutOfOrder),
        ];
        for (workers, room) in cases {
            let known = Workers::default();
            for (index, (permits, open)) in workers.iter().enumerate() {
                let open: &[&str] = if *open { &["cloud"] } else { &[] };
                known.hear(&says(&format!("worker-{index}"), *permits, open), at(0));
            }
            assert_eq!(known.engine_room(Service::Tts, "cloud", at(1)), room, "{workers:?}");
            assert_eq!(known.engine_room(Service::Tts, "tone", at(1)), EngineRoom::Open, "{workers:?}");
            assert_eq!(known.engine_room(Service::Ai, "cloud", at(1)), EngineRoom::Open, "{workers:?}");
            assert_eq!(known.engine_room(Service::Tts, "cloud", at(16)), EngineRoom::Open, "they are gone");
        }
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
