//! Circuit breakers, one for each engine (a provider of speech or text) that this worker's steps
//! use.
//!
//! Closed: steps are taken. Open: commands of the engine are handed back unclaimed, so that an
//! outage costs no attempts. When the open time is over, one step probes: its success closes the
//! breaker, its failure opens it for longer. Only [`Reason::EngineUnavailable`] and
//! [`Reason::EngineLimited`] count; a failing database says nothing of an engine.
//!
//! What an operator has to mend ([`is_for_operator`]) opens it at once: every other step would be
//! refused as the first one was.
//!
//! Each worker learns for itself; nothing is shared between replicas. Time is the runtime's, which
//! no change of the wall clock moves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::backoff::Backoff;
use lectern_core::{Failure, Random, Reason};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Failures of the engine in a row that open it.
    pub failures: u32,
    /// Bounds of the open time; half of a bound is kept and half of it drawn. Never shorter than
    /// the provider asks.
    pub open: Backoff,
    /// How long commands wait while another step probes.
    pub probing: Duration,
    /// An engine whose commands came within this time counts when it is asked whether all are open.
    pub lately: Duration,
    /// The least open time where an operator has something to mend, and the provider does not say
    /// when to come again: so much later at the latest it goes on by itself.
    pub mending: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Backoff { base: Duration::from_secs(10), cap: Duration::from_secs(60) },
            probing: Duration::from_secs(1),
            lately: Duration::from_secs(60),
            mending: Duration::from_secs(60),
        }
    }
}

/// Whether a failure stays until an operator mends something at an engine's provider: a key or an
/// account that is refused, or credit. It is no fault of the step that met it.
pub const fn is_for_operator(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::EngineCredentials | Reason::EngineBudget)
}

/// Engines by name, and whether the breaker of each is open. One that is probed counts as open.
pub type Engines = BTreeMap<String, bool>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, times: u32 },
    Probing { times: u32 },
}

#[derive(Debug)]
struct Engine {
    state: State,
    seen: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    engines: BTreeMap<String, Engine>,
    /// When a command without an engine last came; such commands never wait.
    without: Option<Instant>,
}

/// The breakers of a worker.
#[derive(Debug)]
pub struct Breakers {
    options: BreakerOptions,
    random: Arc<dyn Random>,
    inner: Mutex<Inner>,
    states: watch::Sender<Engines>,
}

/// Leave to run one step. A probe that is dropped unsettled (its step was done already, cancelled
/// or lost) lets the next one probe.
#[derive(Debug)]
pub struct Pass {
    breakers: Arc<Breakers>,
    engine: Option<String>,
    probe: bool,
}

impl Breakers {
    /// All closed.
    pub fn new(options: BreakerOptions, random: Arc<dyn Random>) -> Self {
        Self { options, random, inner: Mutex::default(), states: watch::Sender::default() }
    }

    /// The engines seen so far; changes with every transition.
    pub fn subscribe(&self) -> watch::Receiver<Engines> {
        self.states.subscribe()
    }

    /// Engines that no step is to be given for now, and how long until the first of them may be
    /// probed. One whose probe is due is not among them: whoever grants steps has to grant the one
    /// that probes.
    pub fn resting(&self) -> (Vec<String>, Option<Duration>) {
        let now = Instant::now();
        let inner = self.inner.lock();
        let mut resting = Vec::new();
        let mut due: Option<Duration> = None;
        for (name, engine) in &inner.engines {
            if let State::Open { until, .. } = engine.state
                && now < until
            {
                resting.push(name.clone());
                due = Some(due.map_or(until - now, |least| least.min(until - now)));
            }
        }
        (resting, due)
    }

    /// Leave for a step of this engine, or how long its command has to wait.
    pub fn admit(self: &Arc<Self>, engine: Option<String>) -> Result<Pass, Duration> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Some(name) = engine else {
            inner.without = Some(now);
            return Ok(Pass { breakers: Arc::clone(self), engine: None, probe: false });
        };
        let known = inner
            .engines
            .entry(name.clone())
            .or_insert_with(|| Engine { state: State::Closed { failures: 0 }, seen: now });
        known.seen = now;
        let probe = match known.state {
            State::Closed { .. } => false,
            State::Open { until, .. } if now < until => return Err(until - now),
            State::Open { times, .. } => {
                tracing::warn!(engine = name, "breaker half open, one step probes");
                known.state = State::Probing { times };
                true
            }
            State::Probing { .. } => return Err(self.options.probing),
        };
        self.tell(&inner);
        Ok(Pass { breakers: Arc::clone(self), engine: Some(name), probe })
    }

    /// How long it makes no sense to pull: every engine seen lately is open, and no probe is due.
    /// None when some step can run.
    pub fn pause(&self) -> Option<Duration> {
        let now = Instant::now();
        let inner = self.inner.lock();
        let lately = |seen: Instant| now.saturating_duration_since(seen) < self.options.lately;
        if inner.without.is_some_and(lately) {
            return None;
        }
        let mut pause: Option<Duration> = None;
        for engine in inner.engines.values() {
            let rest = match engine.state {
                State::Closed { .. } if lately(engine.seen) => return None,
                State::Closed { .. } => continue,
                State::Open { until, .. } if until <= now => return None,
                State::Open { until, .. } => until - now,
                State::Probing { .. } => self.options.probing,
            };
            pause = Some(pause.map_or(rest, |least| least.min(rest)));
        }
        pause
    }

    /// Notes that the engine did its work.
    fn well(&self, name: &str, probe: bool) {
        let mut inner = self.inner.lock();
        let Some(engine) = inner.engines.get_mut(name) else { return };
        match engine.state {
            State::Closed { .. } => engine.state = State::Closed { failures: 0 },
            State::Probing { .. } if probe => {
                engine.state = State::Closed { failures: 0 };
                tracing::warn!(engine = name, "breaker closed");
            }
            // An attempt from before; whether the engine is well now is for the probe to say.
            State::Open { .. } | State::Probing { .. } => {}
        }
        self.tell(&inner);
    }

    /// Notes that the engine failed. With a time when its breaker was open already: the attempt
    /// tells nothing new of the step, so it does not count, and the command waits that long.
    fn down(&self, name: &str, probe: bool, failure: &Failure) -> Option<Duration> {
        let now = Instant::now();
        let mends = is_for_operator(failure);
        let least = if mends { self.options.mending } else { Duration::ZERO };
        let asked = failure.retry_after.unwrap_or(least);
        let mut inner = self.inner.lock();
        let engine = inner.engines.get_mut(name)?;
        let waits = match engine.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                let limited = failure.reason == Reason::EngineLimited && failure.retry_after.is_some();
                if limited || mends || failures >= self.options.failures {
                    let rest = self.open_time(1, asked);
                    tracing::warn!(engine = name, failures, %failure, ?rest, "breaker open");
                    engine.state = State::Open { until: now + rest, times: 1 };
                } else {
                    engine.state = State::Closed { failures };
                }
                None
            }
            State::Open { until, times } => {
                let until = until.max(now + asked);
                engine.state = State::Open { until, times };
                Some(until.saturating_duration_since(now))
            }
            State::Probing { times } if probe => {
                let times = times.saturating_add(1);
                let rest = self.open_time(times, asked);
                tracing::warn!(engine = name, %failure, ?rest, "breaker open again, the probe failed");
                engine.state = State::Open { until: now + rest, times };
                Some(rest)
            }
            State::Probing { .. } => Some(self.options.probing.max(asked)),
        };
        self.tell(&inner);
        waits
    }

    /// Lets the next step probe.
    fn unsettled(&self, name: &str) {
        let mut inner = self.inner.lock();
        if let Some(engine) = inner.engines.get_mut(name)
            && let State::Probing { times } = engine.state
        {
            engine.state = State::Open { until: Instant::now(), times };
        }
    }

    fn open_time(&self, times: u32, asked: Duration) -> Duration {
        let half = self.options.open.bound(times) / 2;
        let drawn = self.random.below(u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1));
        (half + Duration::from_millis(drawn)).max(asked)
    }

    fn tell(&self, inner: &Inner) {
        let open = |engine: &Engine| !matches!(engine.state, State::Closed { .. });
        let states: Engines = inner.engines.iter().map(|(name, engine)| (name.clone(), open(engine))).collect();
        self.states.send_if_modified(|before| {
            let changed = *before != states;
            *before = states;
            changed
        });
    }
}

impl Pass {
    /// Tells the breaker how the attempt ended; the time when a failed one is not to be counted and
    /// its command waits. A failure that is not the engine's says nothing, and a probe that ended
    /// so is followed by another.
    pub fn settle(&mut self, result: Result<(), &Failure>) -> Option<Duration> {
        let engine = self.engine.as_deref()?;
        match result {
            Ok(()) => {
                self.breakers.well(engine, self.probe);
                self.probe = false;
                None
            }
            Err(failure)
                if matches!(failure.reason, Reason::EngineUnavailable | Reason::EngineLimited)
                    || is_for_operator(failure) =>
            {
                let waits = self.breakers.down(engine, self.probe, failure);
                self.probe = false;
                // What fails for good fails for good, and what waits for an operator waits,
                // whatever the breaker says.
                waits.filter(|_| failure.kind.retryable())
            }
            Err(_) => None,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let (Some(engine), true) = (&self.engine, self.probe) {
            self.breakers.unsettled(engine);
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;
    use lectern_core::random::SeededRandom;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breakers() -> Arc<Breakers> {
        Arc::new(Breakers::new(BreakerOptions::default(), Arc::new(SeededRandom::new(3))))
    }

    fn down() -> Failure {
        Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "away")
    }

    fn limited(after: Duration) -> Failure {
        Failure::new(Kind::ResourceExhausted, Reason::EngineLimited, "slower").after(after)
    }

    fn admit(breakers: &Arc<Breakers>) -> Result<Pass, Duration> {
        breakers.admit(Some("e".to_owned()))
    }

    fn trip(breakers: &Arc<Breakers>) {
        for _ in 0..5 {
            assert_eq!(admit(breakers).unwrap().settle(Err(&down())), None, "counted until it is open");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_of_the_engine_in_a_row_open_it() {
        let breakers = breakers();
        let other = Failure::new(Kind::Unavailable, Reason::StoreUnavailable, "away");
        let down = down();
        let four = [Err(&down); 4];
        for result in four.into_iter().chain([Ok(()), Err(&other)]).chain(four) {
            admit(&breakers).unwrap().settle(result);
        }
        assert_eq!(breakers.resting(), (Vec::new(), None));
        admit(&breakers).unwrap().settle(Err(&down));
        let (resting, due) = breakers.resting();
        assert_eq!(resting, ["e"]);
        let rest = admit(&breakers).unwrap_err();
        assert!(rest >= 5 * SECOND && rest <= 10 * SECOND, "{rest:?}");
        assert_eq!(due, Some(rest));
        assert!(breakers.admit(Some("f".to_owned())).is_ok(), "another engine goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn one_step_probes_and_its_end_decides() {
        let breakers = breakers();
        trip(&breakers);
        let mut last = admit(&breakers).unwrap_err();
        for _ in 0..5 {
            tokio::time::sleep(last + Duration::from_millis(1)).await;
            assert_eq!(breakers.resting(), (Vec::new(), None), "whoever grants steps has to grant the one that probes");
            let mut probe = admit(&breakers).expect("one probes");
            assert!(admit(&breakers).is_err(), "and no other");
            let rest = probe.settle(Err(&down())).expect("not counted");
            assert!(rest <= 60 * SECOND, "{rest:?}");
            last = rest;
        }
        assert!(last >= 30 * SECOND, "it grows to the cap: {last:?}");
        tokio::time::sleep(last + Duration::from_millis(1)).await;
        drop(admit(&breakers).expect("a probe that comes to nothing"));
        admit(&breakers).expect("is followed by another").settle(Ok(()));
        assert_eq!(breakers.resting(), (Vec::new(), None));
        assert!(admit(&breakers).is_ok() && admit(&breakers).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_names_a_time_is_left_alone_until_then() {
        let breakers = breakers();
        let (mut first, mut late) = (admit(&breakers).unwrap(), admit(&breakers).unwrap());
        assert_eq!(first.settle(Err(&limited(90 * SECOND))), None);
        assert_eq!(admit(&breakers).unwrap_err(), 90 * SECOND);
        assert_eq!(late.settle(Err(&limited(120 * SECOND))), Some(120 * SECOND), "open already, so it does not count");
        assert_eq!(admit(&breakers).unwrap_err(), 120 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_operator_has_to_mend_opens_it_at_once_and_is_looked_at_from_time_to_time() {
        for reason in [Reason::EngineBudget, Reason::EngineCredentials] {
            let breakers = breakers();
            let refused = Failure::new(Kind::FailedPrecondition, reason, "the account is refused");
            assert_eq!(admit(&breakers).unwrap().settle(Err(&refused)), None, "the worker lets it wait");
            for _ in 0..5 {
                let rest = admit(&breakers).unwrap_err();
                assert_eq!(rest, 60 * SECOND, "{reason}");
                tokio::time::sleep(rest).await;
                assert_eq!(admit(&breakers).expect("one probes").settle(Err(&refused)), None);
            }
            tokio::time::sleep(60 * SECOND).await;
            admit(&breakers).expect("it is mended").settle(Ok(()));
            assert!(admit(&breakers).is_ok() && admit(&breakers).is_ok());
        }
        let breakers = breakers();
        let refused = Failure::new(Kind::FailedPrecondition, Reason::EngineRefused, "no such model");
        assert_eq!(admit(&breakers).unwrap().settle(Err(&refused)), None);
        assert!(admit(&breakers).is_ok(), "what was asked was wrong, and not the engine");
    }

    #[tokio::test(start_paused = true)]
    async fn pulling_pauses_while_every_engine_seen_lately_is_open() {
        let breakers = breakers();
        assert_eq!(breakers.pause(), None);
        drop(breakers.admit(Some("f".to_owned())));
        trip(&breakers);
        assert_eq!(breakers.pause(), None, "f may have work");
        admit(&breakers).err();
        tokio::time::sleep(61 * SECOND).await;
        assert_eq!(breakers.pause(), None, "a probe is due");
        let mut probe = admit(&breakers).unwrap();
        assert_eq!(breakers.pause(), Some(SECOND), "the probe is out");
        let rest = probe.settle(Err(&down())).unwrap();
        assert_eq!(breakers.pause(), Some(rest));
        drop(breakers.admit(None));
        assert_eq!(breakers.pause(), None, "steps without an engine never wait");
    }
}
