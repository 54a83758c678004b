//! Health that tells the truth: a service serves once every check that it depends on has passed,
//! and no longer when one fails, is late, or the process drains.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use lectern_core::{Failure, Kind, Reason};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// One thing that services depend on, and how to ask whether it is well.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    probe: Probe,
    every: Duration,
    timeout: Duration,
    services: Option<Vec<String>>,
}

impl Check {
    /// A check `name` (`store`, `queue`, `blob`, `clock`) that every service depends on, asked
    /// every 5 s and given 2 s.
    pub fn new<F, Fut>(name: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let probe: Probe = Arc::new(move || Box::pin(probe()));
        Self { name, probe, every: Duration::from_secs(5), timeout: Duration::from_secs(2), services: None }
    }

    /// Asks every `period`.
    #[must_use]
    pub const fn every(mut self, period: Duration) -> Self {
        self.every = period;
        self
    }

    /// Counts an answer that takes longer than `timeout` as a failure.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Only these gRPC services (`lectern.v1.NarrationService`) depend on it.
    #[must_use]
    pub fn only_for(mut self, services: &[&str]) -> Self {
        self.services = Some(services.iter().map(|service| (*service).to_owned()).collect());
        self
    }

    fn concerns(&self, service: &str) -> bool {
        // The empty name is the process as a whole (grpc.health.v1): all of its checks.
        service.is_empty() || self.services.as_ref().is_none_or(|services| services.iter().any(|name| name == service))
    }

    async fn ask(&self) -> Result<(), Failure> {
        tokio::time::timeout(self.timeout, (self.probe)()).await.unwrap_or_else(|_| {
            Err(Failure::new(
                Kind::DeadlineExceeded,
                Reason::ServiceUnavailable,
                format!("{} did not answer within {} s", self.name, self.timeout.as_secs_f64()),
            ))
        })
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("every", &self.every).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    checks: Vec<Check>,
    /// No entry: not asked yet.
    results: BTreeMap<&'static str, Result<(), Failure>>,
    /// Parts with a health of their own, by name, and whether each serves.
    parts: BTreeMap<String, bool>,
    /// The checks that are exported.
    exported: BTreeSet<&'static str>,
    draining: bool,
}

impl State {
    /// What is exported of a check: 1 where its last answer was good, 0 where it was not; nothing
    /// before the first answer, and when it is no longer asked. That the process drains makes no
    /// difference.
    fn level(&self, name: &str) -> Option<f64> {
        let watched = self.checks.iter().any(|check| check.name == name);
        let result = if watched { self.results.get(name) } else { None };
        result.map(|result| if result.is_ok() { 1.0 } else { 0.0 })
    }
}

/// The health of a process. Clones are one.
#[derive(Debug, Clone)]
pub struct HealthState {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
}

impl Default for HealthState {
    fn default() -> Self {
        Self { state: Arc::default(), changed: watch::Sender::new(0) }
    }
}

impl HealthState {
    /// Health without checks, which serves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check and asks it, at once and then periodically, until `stop`. Services that depend
    /// on it do not serve before its first answer. What it answers is exported meanwhile, as the
    /// gauge `lectern.health`. Needs a tokio runtime.
    pub fn watch(&self, check: Check, stop: CancellationToken) {
        let new = {
            let mut state = self.state.lock();
            state.checks.push(check.clone());
            state.exported.insert(check.name)
        };
        if new {
            self.export(check.name);
        }
        self.tell();
        let health = self.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(check.every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                let Some(result) = stop.run_until_cancelled(check.ask()).await else { break };
                health.set(check.name, result);
            }
            // What it asks is let go of.
            health.state.lock().checks.retain(|known| known.name != check.name);
        });
    }

    fn export(&self, name: &'static str) {
        let state = Arc::downgrade(&self.state);
        Metrics::new("lectern.health").observe(
            "lectern.health",
            "1",
            "Whether a check of the process passes: 1, or 0.",
            &[("check", name)],
            move || state.upgrade().and_then(|state| state.lock().level(name)),
        );
    }

    fn set(&self, name: &'static str, result: Result<(), Failure>) {
        let before = self.state.lock().results.insert(name, result.clone());
        if before.as_ref().map(Result::is_ok) != Some(result.is_ok()) {
            match &result {
                Ok(()) => tracing::info!(check = name, "healthy"),
                Err(failure) => tracing::warn!(check = name, %failure, "not healthy"),
            }
            self.tell();
        }
    }

    /// Says whether a part of the process (`engine/local`) serves. It has a name in the health
    /// service, and no service depends on it.
    pub fn part(&self, name: String, serves: bool) {
        if self.state.lock().parts.insert(name, serves) != Some(serves) {
            self.tell();
        }
    }

    /// The parts, and whether each serves: none while the process drains.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, bool)> {
        let state = self.state.lock();
        state.parts.iter().map(|(name, serves)| (name.clone(), *serves && !state.draining)).collect()
    }

    /// From now on nothing serves: load balancers send no more calls while those in flight end.
    pub fn drain(&self) {
        self.state.lock().draining = true;
        self.tell();
    }

    fn tell(&self) {
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Whether the gRPC service `service` serves; with an empty name, whether the whole process
    /// does.
    #[must_use]
    pub fn serving(&self, service: &str) -> bool {
        let state = self.state.lock();
        !state.draining
            && state
                .checks
                .iter()
                .filter(|check| check.concerns(service))
                .all(|check| matches!(state.results.get(check.name), Some(Ok(()))))
    }

    /// What is wrong, by check; one that has not been asked yet is wrong too.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let state = self.state.lock();
        let problem = |check: &Check| match state.results.get(check.name) {
            Some(Ok(())) => None,
            Some(Err(failure)) => Some((check.name, failure.to_string())),
            None => Some((check.name, "not asked yet".to_owned())),
        };
        state.checks.iter().filter_map(problem).collect()
    }

    /// Changes whenever an answer of [`HealthState::serving`] may have changed.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Returns once the whole process serves.
    pub async fn ready(&self) {
        let mut changes = self.subscribe();
        while !self.serving("") {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn switch(on: &Arc<AtomicBool>, name: &'static str) -> Check {
        let on = Arc::clone(on);
        Check::new(name, move || {
            let well = on.load(Ordering::SeqCst);
            async move { if well { Ok(()) } else { Err(Failure::internal("switched off")) } }
        })
    }

    async fn next(changes: &mut watch::Receiver<u64>) {
        changes.changed().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_serves_before_the_first_answers() {
        let (health, stop) = (HealthState::new(), CancellationToken::new());
        assert!(health.serving(""));
        let on = Arc::new(AtomicBool::new(true));
        health.watch(switch(&on, "store"), stop.clone());
        assert!(!health.serving("") && !health.serving("lectern.v1.NarrationService"));
        assert_eq!(health.problems(), [("store", "not asked yet".to_owned())]);
        health.ready().await;
        assert!(health.serving("") && health.serving("lectern.v1.NarrationService"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_check_stops_those_that_depend_on_it() {
        let (health, stop) = (HealthState::new(), CancellationToken::new());
        let (store, voice) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
        health.watch(switch(&store, "store"), stop.clone());
        health.watch(switch(&voice, "voice").only_for(&["lectern.tts.v1.SpeechService"]), stop.clone());
        health.ready().await;
        let mut changes = health.subscribe();
        voice.store(false, Ordering::SeqCst);
        next(&mut changes).await;
        assert!(!health.serving("lectern.tts.v1.SpeechService") && !health.serving(""));
        assert!(health.serving("lectern.v1.NarrationService"));
        voice.store(true, Ordering::SeqCst);
        next(&mut changes).await;
        assert!(health.serving("lectern.tts.v1.SpeechService") && health.serving(""));
        health.drain();
        assert!(!health.serving("lectern.v1.NarrationService"));
    }

    #[test]
    fn a_part_that_does_not_serve_stops_nothing_else() {
        let health = HealthState::new();
        let mut changes = health.subscribe();
        health.part("engine/local".to_owned(), false);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        health.part("engine/local".to_owned(), false);
        assert!(!changes.has_changed().unwrap(), "no news");
        assert!(health.serving("") && health.serving("lectern.v1.NarrationService"));
        assert_eq!(health.parts(), [("engine/local".to_owned(), false)]);
        health.part("engine/local".to_owned(), true);
        assert_eq!(health.parts(), [("engine/local".to_owned(), true)]);
        health.drain();
        assert_eq!(health.parts(), [("engine/local".to_owned(), false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_is_exported_from_its_first_answer_until_it_is_no_longer_asked() {
        let (health, stop) = (HealthState::new(), CancellationToken::new());
        let level = || health.state.lock().level("queue");
        let on = Arc::new(AtomicBool::new(true));
        health.watch(switch(&on, "queue"), stop.clone());
        assert_eq!(level(), None, "it was not asked yet");
        health.ready().await;
        assert_eq!(level(), Some(1.0));
        let mut changes = health.subscribe();
        on.store(false, Ordering::SeqCst);
        next(&mut changes).await;
        assert_eq!(level(), Some(0.0));
        on.store(true, Ordering::SeqCst);
        next(&mut changes).await;
        health.drain();
        assert_eq!(level(), Some(1.0), "whoever ends is not ill");
        stop.cancel();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(level(), None, "nobody asks any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_is_a_failure() {
        let (health, stop) = (HealthState::new(), CancellationToken::new());
        let never = Check::new("queue", std::future::pending).timeout(Duration::from_secs(1));
        health.watch(never, stop.clone());
        let mut changes = health.subscribe();
        next(&mut changes).await;
        assert!(health.problems()[0].1.contains("within 1 s"), "{:?}", health.problems());
        stop.cancel();
    }
}
