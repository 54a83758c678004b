//! What the stages can work on, as their workers announce it: how many steps at once, and which
//! engines are out of order.
//!
//! Sums are kept of what was announced, and an order in which it expires, so an announcement and a
//! question cost the same however many workers there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use lectern_core::id::{Service, StepId};
use lectern_core::{Reason, Timestamp};
pub use lectern_work::{CAPACITY, POSTPONED};
use lectern_work::{Capacity, Postponed};
use parking_lot::Mutex;

/// An announcement is repeated every 5 s; a worker that was not heard of for this long is gone.
const HEARD_WITHIN: Duration = Duration::from_secs(15);

/// Steps granted of a service whose workers were never heard of: it finds work when it starts.
const UNHEARD: usize = 4;

/// Steps granted beyond what the workers can work on, so that the next one is there when one ends.
/// More would only wait in the queue, where nobody can go first any more.
const AHEAD: usize = 1;

/// What one worker announced last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Worker {
    service: Service,
    permits: usize,
    open: BTreeSet<String>,
}

/// A worker as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Whose steps it does.
    pub service: Service,
    /// Its name.
    pub holder: String,
    /// Steps that it does at once; 0 while it takes none.
    pub permits: usize,
    /// Engines that it found out of order.
    pub open: Vec<String>,
    /// When it was heard of.
    pub heard: Timestamp,
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

/// How many workers there are, and the steps that they do at once.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    workers: usize,
    permits: usize,
}

impl Sum {
    const fn add(&mut self, worker: &Worker) {
        self.workers += 1;
        self.permits += worker.permits;
    }

    const fn remove(&mut self, worker: &Worker) {
        self.workers = self.workers.saturating_sub(1);
        self.permits = self.permits.saturating_sub(worker.permits);
    }
}

/// The sums of a service.
#[derive(Debug, Default)]
struct Sums {
    all: Sum,
    /// Workers that found an engine out of order, by engine.
    open: BTreeMap<String, Sum>,
}

/// What is known of all workers. Announcements are hints: they may be late or lost, and are
/// repeated.
#[derive(Debug, Default)]
pub struct Workers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    workers: HashMap<String, (Worker, Timestamp)>,
    /// When each was heard of last, the longest ago first.
    heard: BTreeSet<(Timestamp, String)>,
    sums: BTreeMap<Service, Sums>,
    /// Whether one is gone, and nobody was told yet.
    gone: bool,
}

impl Known {
    /// Forgets workers that were not heard of for long.
    fn expire(&mut self, now: Timestamp) {
        while self.heard.first().is_some_and(|(heard, _)| now.since(*heard) > HEARD_WITHIN) {
            let Some((_, holder)) = self.heard.pop_first() else { return };
            if let Some((worker, _)) = self.workers.remove(&holder) {
                self.count_out(&worker);
                self.gone = true;
            }
        }
    }

    fn count_in(&mut self, worker: &Worker) {
        let sums = self.sums.entry(worker.service).or_default();
        sums.all.add(worker);
        for engine in &worker.open {
            sums.open.entry(engine.clone()).or_default().add(worker);
        }
    }

    fn count_out(&mut self, worker: &Worker) {
        let Some(sums) = self.sums.get_mut(&worker.service) else { return };
        sums.all.remove(worker);
        for engine in &worker.open {
            if let Some(sum) = sums.open.get_mut(engine) {
                sum.remove(worker);
                if sum.workers == 0 {
                    sums.open.remove(engine);
                }
            }
        }
    }
}

impl Sums {
    fn room(&self, engine: &str) -> EngineRoom {
        let Some(open) = self.open.get(engine) else { return EngineRoom::Open };
        match self.all.permits.saturating_sub(open.permits) {
            0 => EngineRoom::OutOfOrder,
            permits => EngineRoom::Most(permits + AHEAD),
        }
    }
}

impl Workers {
    /// Takes an announcement in; whether more or less can be done now, by it or because another
    /// worker is gone.
    pub fn hear(&self, hint: &[u8], now: Timestamp) -> bool {
        let Some(Capacity { service, holder, permits, open }) = Capacity::parse(hint) else { return false };
        let worker = Worker { service, permits, open: open.into_iter().collect() };
        let mut known = self.known.lock();
        let before = known.workers.insert(holder.clone(), (worker.clone(), now));
        if let Some((_, heard)) = &before {
            known.heard.remove(&(*heard, holder.clone()));
        }
        known.heard.insert((now, holder));
        let changed = before.as_ref().is_none_or(|(before, _)| *before != worker);
        if changed {
            if let Some((before, _)) = &before {
                known.count_out(before);
            }
            known.count_in(&worker);
        }
        known.expire(now);
        let gone = std::mem::take(&mut known.gone);
        gone || changed
    }

    /// How many steps of a service may be granted at once.
    pub fn limit(&self, service: Service, now: Timestamp) -> usize {
        let mut known = self.known.lock();
        known.expire(now);
        let sums = known.sums.get(&service).map(|sums| sums.all).filter(|all| all.workers > 0);
        sums.map_or(UNHEARD, |all| all.permits.max(1) + AHEAD)
    }

    /// Steps of a service that one of its workers does at once, on average of those that take
    /// steps; none where none does. Whoever asks is to ask seldom: this looks at every worker.
    pub fn permits_of_one(&self, service: Service, now: Timestamp) -> Option<f64> {
        let mut known = self.known.lock();
        known.expire(now);
        let of_service = known.workers.values().filter(|(worker, _)| worker.service == service);
        let permits: Vec<u32> = of_service
            .filter_map(|(worker, _)| u32::try_from(worker.permits).ok().filter(|permits| *permits > 0))
            .collect();
        let workers = u32::try_from(permits.len()).ok().filter(|workers| *workers > 0)?;
        Some(permits.into_iter().map(f64::from).sum::<f64>() / f64::from(workers))
    }

    /// Every worker that was heard of lately, by service and name. Whoever asks is to ask seldom:
    /// this looks at every worker.
    pub fn all(&self, now: Timestamp) -> Vec<Announced> {
        let mut known = self.known.lock();
        known.expire(now);
        let announced = known.workers.iter().map(|(holder, (worker, heard))| Announced {
            service: worker.service,
            holder: holder.clone(),
            permits: worker.permits,
            open: worker.open.iter().cloned().collect(),
            heard: *heard,
        });
        let mut all: Vec<Announced> = announced.collect();
        all.sort_unstable_by(|a, b| (a.service, &a.holder).cmp(&(b.service, &b.holder)));
        all
    }

    /// What can be granted of an engine's steps at a service. A worker whose breaker for it is open
    /// hands its steps back, so its permits do not count for the engine; every other one that takes
    /// steps is taken to have the engine in order, and finds out with its next steps where it has
    /// not.
    pub fn engine_room(&self, service: Service, engine: &str, now: Timestamp) -> EngineRoom {
        let mut known = self.known.lock();
        known.expire(now);
        known.sums.get(&service).map_or(EngineRoom::Open, |sums| sums.room(engine))
    }

    /// The engines of a service that a worker found out of order, and what can be granted of each.
    pub fn limited_engines(&self, service: Service, now: Timestamp) -> Vec<(String, EngineRoom)> {
        let mut known = self.known.lock();
        known.expire(now);
        let Some(sums) = known.sums.get(&service) else { return Vec::new() };
        sums.open.keys().map(|engine| (engine.clone(), sums.room(engine))).collect()
    }
}

/// Reads that a step is put off; which, until when, and what it waits for, where that is said.
#[must_use]
pub fn postponed(hint: &[u8], now: Timestamp) -> Option<(StepId, Timestamp, Option<Reason>)> {
    let Postponed { step, millis, reason } = Postponed::parse(hint)?;
    Some((step, now.plus(Duration::from_millis(millis)), reason))
}

#[cfg(test)]
mod tests {
    use lectern_core::Random as _;
    use lectern_core::random::SeededRandom;

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
    fn what_one_worker_does_at_once_is_the_average_of_those_that_live() {
        let known = Workers::default();
        assert_eq!(known.permits_of_one(Service::Tts, at(0)), None);
        known.hear(&says("a", 2, &[]), at(0));
        known.hear(&says("b", 3, &[]), at(9));
        assert_eq!(known.permits_of_one(Service::Tts, at(9)), Some(2.5));
        assert_eq!(known.permits_of_one(Service::Ai, at(9)), None, "nobody of that service");
        known.hear(&says("c", 0, &[]), at(9));
        assert_eq!(known.permits_of_one(Service::Tts, at(9)), Some(2.5), "one that ends takes none");
        assert_eq!(known.permits_of_one(Service::Tts, at(16)), Some(3.0), "a is gone");
        known.hear(&says("b", 0, &[]), at(17));
        assert_eq!(known.permits_of_one(Service::Tts, at(17)), None, "b takes no steps");
    }

    #[test]
    fn workers_are_shown_by_name_with_what_they_announced_last() {
        let known = Workers::default();
        known.hear(&says("b", 4, &["cloud"]), at(1));
        known.hear(&says("a", 2, &[]), at(2));
        known.hear(&says("a", 3, &[]), at(9));
        let all = known.all(at(10));
        let told: Vec<_> = all.iter().map(|w| (w.holder.as_str(), w.permits, w.open.len(), w.heard)).collect();
        assert_eq!(told, [("a", 3, 0, at(9)), ("b", 4, 1, at(1))]);
        assert_eq!(known.all(at(17)).len(), 1, "b is gone");
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
        let step: StepId = "n/1/record/0".parse().expect("a step");
        let hint = Postponed::new(step.clone(), Duration::from_millis(500)).encode();
        assert_eq!(postponed(&hint, at(1)), Some((step.clone(), Timestamp(1_500), None)));
        let poor = Postponed::new(step.clone(), Duration::ZERO).because(Some(Reason::BudgetExhausted)).encode();
        assert_eq!(postponed(&poor, at(1)), Some((step, at(1), Some(Reason::BudgetExhausted))));
        assert_eq!(postponed(b"{}", at(1)), None);
    }

    #[test]
    fn sums_are_those_of_the_workers_whatever_they_announce() {
        let random = SeededRandom::new(1);
        let known = Workers::default();
        let mut workers: BTreeMap<String, (usize, bool, u64)> = BTreeMap::new();
        for second in 0..2_000_u64 {
            let holder = format!("w{}", random.below(12));
            let permits = usize::try_from(random.below(5)).expect("small");
            let broken = random.below(2) == 0;
            let open: &[&str] = if broken { &["cloud"] } else { &[] };
            known.hear(&says(&holder, permits, open), at(second));
            workers.insert(holder, (permits, broken, second));
            workers.retain(|_, (.., heard)| second - *heard <= 15);
            let sum = |of: &dyn Fn(bool) -> bool| -> usize {
                workers.values().filter(|(_, broken, _)| of(*broken)).map(|(permits, ..)| *permits).sum()
            };
            assert_eq!(known.limit(Service::Tts, at(second)), sum(&|_| true).max(1) + AHEAD);
            let room = match (workers.values().any(|(_, broken, _)| *broken), sum(&|broken| !broken)) {
                (false, _) => EngineRoom::Open,
                (true, 0) => EngineRoom::OutOfOrder,
                (true, permits) => EngineRoom::Most(permits + AHEAD),
            };
            assert_eq!(known.engine_room(Service::Tts, "cloud", at(second)), room);
            let limited = if room == EngineRoom::Open { Vec::new() } else { vec![("cloud".to_owned(), room)] };
            assert_eq!(known.limited_engines(Service::Tts, at(second)), limited);
        }
    }
}
