//! Who goes next: grants steps to a stage service, and publishes what is granted (ADR 0011).
//!
//! The backlog is the narrations themselves, each with its place in a turn for every service that it wants steps of. A pass looks at one
//! service: it releases grants that have ended, and while there is room takes the lane that is furthest behind, in it the turn
//! that was served least recently, and grants that turn's oldest step. The grants lie in one record a service, changed by compare-and-swap, so that any
//! number of replicas dispatch; every message may be lost, because an audit publishes again what is granted and does not end.
//!
//! What a pass reads follows from the room there is, not from the backlog: so many turns by index, and for each so many narrations.

mod audit;
mod pick;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_core::{Clock, Failure, Reason};
use lectern_queue::{Message, Queue};
use lectern_store::{Change, Collection, Op, Query, Revision, StoreError, Versioned};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::pauses::{PAUSES, Pauses};
use super::wanted::{Window, turn, wanted};
use super::wire;
use super::workers::{CAPACITY, PUT_OFF, Workers};
use crate::domain::{Lane, Narration, Pause, Phase, Slots, Turn, slots};
use crate::door::Door;
use pick::Pick;
use seen::{IDLE, Seen};

/// A pass takes place at least this often, for what no replica was told of.
const EVERY: Duration = Duration::from_secs(2);
/// Between two measurements of the backlog.
const MEASURED: Duration = Duration::from_secs(30);
/// Most narrations that are counted for operators.
const COUNTED: u64 = 1_000_000;
/// Commands published at once.
const PUBLISH_AT_ONCE: usize = 16;
/// How often a pass begins anew when another replica changed the slots first.
const ROUNDS: usize = 16;

/// How much is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchOptions {
    /// Most steps of one tenant and service that are granted at once.
    pub per_tenant: usize,
}

impl Default for DispatchOptions {
    fn default() -> Self {
        Self { per_tenant: 64 }
    }
}

/// Grants steps. Clones share everything.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    narrations: Collection<Narration>,
    turns: Collection<Turn>,
    slots: Collection<Slots>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    master: Arc<[u8]>,
    window: Window,
    options: DispatchOptions,
    workers: Workers,
    pauses: Pauses,
    services: BTreeMap<Service, ServiceState>,
}

/// What this replica knows of a service. All of it can be forgotten.
#[derive(Debug, Default)]
struct ServiceState {
    wake: Notify,
    /// The newest of each narration that changed since the last pass.
    touched: Mutex<BTreeMap<NarrationId, Versioned<Narration>>>,
    /// The slots as last read or written; a stale copy only costs a lost race.
    known: Mutex<Option<Versioned<Slots>>>,
    /// What the last passes saw of its turns.
    seen: Mutex<Seen>,
    granted: AtomicU64,
    /// One pass at a time.
    pass: tokio::sync::Mutex<Vec<Lane>>,
}

/// Levels for metrics and operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Steps granted and not ended, as this replica last saw them.
    pub granted: usize,
    /// Steps that may be granted at once.
    pub limit: usize,
    /// Steps that this replica has granted since its start.
    pub total: u64,
}

impl Dispatcher {
    /// A dispatcher over these parts. Call [`Self::ensure`] once before the first use.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        master: Arc<[u8]>,
        options: DispatchOptions,
    ) -> Self {
        let services = Service::ALL.into_iter().map(|service| (service, ServiceState::default())).collect();
        let shared = Shared {
            turns: narrations.beside(),
            slots: narrations.beside(),
            pauses: Pauses::new(narrations.beside::<Pause>(), Arc::clone(&queue), Arc::clone(&clock)),
            narrations,
            queue,
            clock,
            master,
            window: Window::default(),
            options,
            workers: Workers::default(),
            services,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Makes and verifies the collections.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.shared.turns.ensure().await?;
        self.shared.slots.ensure().await?;
        self.shared.pauses.ensure().await
    }

    /// What operators have paused.
    #[must_use]
    pub fn pauses(&self) -> &Pauses {
        &self.shared.pauses
    }

    /// What the stages can work on.
    #[must_use]
    pub fn workers(&self) -> &Workers {
        &self.shared.workers
    }

    /// How far a narration may run ahead.
    #[must_use]
    pub fn window(&self) -> Window {
        self.shared.window
    }

    /// Levels of a service.
    #[must_use]
    pub fn level(&self, service: Service) -> Level {
        let Some(state) = self.shared.services.get(&service) else { return Level::default() };
        Level {
            granted: lock(&state.known).as_ref().map_or(0, |known| known.record.grants.len()),
            limit: self.shared.workers.limit(service, self.shared.clock.now()),
            total: state.granted.load(Ordering::Relaxed),
        }
    }

    /// Narrations that want steps of a service, those at work included, up to [`COUNTED`].
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn waiting(&self, service: Service) -> Result<u64, Failure> {
        let place = format!("ready.{}.turn", service.as_str());
        Ok(self.shared.narrations.count(&Query::new().filter(place, Op::Gte, ""), COUNTED).await?)
    }

    /// Sets the gauges of what waits and what is granted, until `stop`.
    #[allow(clippy::cast_precision_loss, reason = "levels are far below 2^53")]
    pub async fn measure(&self, door: &Door, stop: CancellationToken) {
        let metrics = lectern_runtime::Metrics::new("lectern.dispatch");
        let narrations = metrics.gauge("lectern.dispatch.narrations", "{narration}", "Narrations that want steps.");
        let granted = metrics.gauge("lectern.dispatch.granted", "{step}", "Steps granted and not ended.");
        let slots = metrics.gauge("lectern.dispatch.slots", "{step}", "Steps that may be granted at once.");
        let unfinished = metrics.gauge("lectern.backlog.unfinished", "{narration}", "Narrations that are unfinished.");
        let levels = async {
            loop {
                for service in Service::ALL {
                    let labels: [(&'static str, &str); 1] = [("service", service.as_str())];
                    let level = self.level(service);
                    granted.set(level.granted as f64, &labels);
                    slots.set(level.limit as f64, &labels);
                    match self.waiting(service).await {
                        Ok(count) => narrations.set(count as f64, &labels),
                        Err(error) => debug!(%error, "backlog not counted"),
                    }
                }
                match door.unfinished().await {
                    Ok(count) => unfinished.set(count as f64, &[]),
                    Err(error) => debug!(%error, "backlog not counted"),
                }
                tokio::time::sleep(MEASURED).await;
            }
        };
        let _ = stop.run_until_cancelled(levels).await;
    }

    /// Tells of a narration that changed: what it wants is granted when its turn comes, what it no longer wants is released.
    pub fn touch(&self, narration: &Versioned<Narration>) {
        let wants = wanted(&narration.record, self.shared.window);
        let id = &narration.record.id;
        for (service, state) in &self.shared.services {
            // A service that neither is to do a step of it nor may just have done one need not look.
            let may_have_ended = match narration.record.phase {
                Phase::Planning => *service == Service::Ingest,
                Phase::Narrating | Phase::Assembling => *service != Service::Ingest,
                Phase::Extracting | Phase::Succeeded | Phase::Failed | Phase::Cancelled => true,
            };
            if !may_have_ended && !wants.iter().any(|step| step.kind.service() == *service) {
                continue;
            }
            let mut touched = lock(&state.touched);
            let newest = touched.entry(id.clone()).or_insert_with(|| narration.clone());
            if newest.revision < narration.revision {
                *newest = narration.clone();
            }
            drop(touched);
            state.wake.notify_one();
        }
    }

    /// After a pause, a worker or an engine came or went: takes back what is held up now, and grants what is not any more.
    async fn hold_and_wake(&self) {
        if let Err(error) = self.take_back_held().await {
            warn!(%error, "what is held up is not taken back, the audit will");
        }
        self.wake();
    }

    /// Looks again at once, at everything.
    fn wake(&self) {
        for state in self.shared.services.values() {
            *lock(&state.seen) = Seen::default();
            state.wake.notify_one();
        }
    }

    /// Dispatches until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let services = self.shared.services.keys().map(|service| self.run_service(*service, stop.clone()));
        let services = futures::future::join_all(services);
        // The listeners have no end of their own.
        let listeners = async { tokio::join!(self.listen_to_workers(), self.hear_put_off(), self.watch_pauses()) };
        tokio::select! {
            biased;
            _ = services => {}
            _ = listeners => {}
        }
    }

    /// Hears what workers announce of themselves.
    async fn listen_to_workers(&self) {
        loop {
            match self.shared.queue.hints(CAPACITY).await {
                Ok(mut hints) => {
                    while let Some(hint) = hints.next().await {
                        if self.shared.workers.hear(&hint, self.shared.clock.now()) {
                            self.hold_and_wake().await;
                        }
                    }
                }
                Err(error) => debug!(%error, "workers cannot be heard; few steps are granted at once"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Hears which steps are handed back for a while, and lets others have their room.
    async fn hear_put_off(&self) {
        loop {
            if let Ok(mut hints) = self.shared.queue.hints(PUT_OFF).await {
                while let Some(hint) = hints.next().await {
                    let service = self.shared.workers.hear_put_off(&hint, self.shared.clock.now());
                    if let Some(state) = service.and_then(|service| self.shared.services.get(&service)) {
                        state.wake.notify_one();
                    }
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Takes in what operators pause and resume, here or at another replica.
    async fn watch_pauses(&self) {
        loop {
            let listening = async {
                match self.shared.queue.hints(PAUSES).await {
                    Ok(mut hints) => drop(hints.next().await),
                    Err(_) => tokio::time::sleep(EVERY).await,
                }
            };
            // A timeout is the poll that covers lost hints.
            drop(tokio::time::timeout(EVERY, listening).await);
            match self.shared.pauses.refresh().await {
                Ok(true) => self.hold_and_wake().await,
                Ok(false) => {}
                Err(error) => debug!(%error, "pauses cannot be read"),
            }
        }
    }

    async fn run_service(&self, service: Service, stop: CancellationToken) {
        let Some(state) = self.shared.services.get(&service) else { return };
        let mut audit = tokio::time::interval(audit::EVERY);
        audit.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = audit.tick() => {
                    if let Err(error) = self.audit(service, audit::AFTER).await {
                        warn!(service = service.as_str(), %error, "grants not looked over, the next audit will");
                    }
                    continue;
                }
                () = state.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.pass(service).await {
                warn!(service = service.as_str(), %error, "steps not granted, trying again");
                tokio::time::sleep(IDLE / 4).await;
            }
        }
    }

    /// Releases what has ended and grants what there is room for, in one write, then publishes it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; what was touched is looked at again by the next pass.
    pub async fn pass(&self, service: Service) -> Result<(), Failure> {
        let Some(state) = self.shared.services.get(&service) else { return Ok(()) };
        let mut lanes = state.pass.lock().await;
        let touched = std::mem::take(&mut *lock(&state.touched));
        let passed = self.pass_over(service, state, &touched, &mut lanes).await;
        if passed.is_err() {
            let mut again = lock(&state.touched);
            for (id, narration) in touched {
                again.entry(id).or_insert(narration);
            }
        }
        passed
    }

    async fn pass_over(
        &self,
        service: Service,
        state: &ServiceState,
        touched: &BTreeMap<NarrationId, Versioned<Narration>>,
        lanes: &mut Vec<Lane>,
    ) -> Result<(), Failure> {
        let mut wants = BTreeSet::new();
        for Versioned { record, .. } in touched.values() {
            let before = wants.len();
            wants.extend(wanted(record, self.shared.window).into_iter().filter(|step| step.kind.service() == service));
            if wants.len() > before {
                self.wait_in_turn(service, state, record).await?;
            }
        }
        // A grant of a narration that changed stays only while the narration wants its step.
        let over = |step: &StepId| touched.contains_key(&step.narration) && !wants.contains(step);
        for _ in 0..ROUNDS {
            let remembered = lock(&state.known).is_some();
            let Versioned { record: before, revision } = self.slots(service, state).await?;
            let mut slots = before.clone();
            slots.release(|grant| over(&grant.step));
            let picked = Pick::new(self, service, state, lanes).fill(&mut slots).await?;
            if slots == before {
                if !remembered || touched.is_empty() {
                    return Ok(());
                }
                // Another replica may have granted what ended here. A write finds out by itself.
                *lock(&state.known) = None;
                if self.slots(service, state).await?.revision == revision {
                    return Ok(());
                }
                continue;
            }
            if !self.write_slots(state, slots, revision).await? {
                continue;
            }
            state.granted.fetch_add(u64::try_from(picked.steps.len()).unwrap_or(0), Ordering::Relaxed);
            let refused = self.publish_all(&picked.steps).await;
            self.note_served(&picked.turns).await;
            return self.let_go(service, state, &refused).await;
        }
        // Others dispatch as well, and did.
        state.wake.notify_one();
        Ok(())
    }

    /// Sees to it that the narration's turn is known to wait.
    async fn wait_in_turn(&self, service: Service, state: &ServiceState, narration: &Narration) -> Result<(), Failure> {
        let turn = turn(narration, service);
        let id = turn.id();
        let now = self.shared.clock.now().millis();
        if lock(&state.seen).arrive(&id, turn.lane, narration, now) {
            return Ok(());
        }
        match self.shared.turns.insert_if_absent(&turn).await? {
            None => {}
            Some(known) if known.record.waiting => {}
            Some(_) => {
                let wait = |turn: &mut Turn| {
                    let change = if turn.waiting { Change::Skip } else { Change::Write };
                    turn.waiting = true;
                    Ok(change)
                };
                self.shared.turns.update(&id, wait).await?;
            }
        }
        lock(&state.seen).waits(id, now);
        Ok(())
    }

    async fn slots(&self, service: Service, state: &ServiceState) -> Result<Versioned<Slots>, Failure> {
        if let Some(known) = lock(&state.known).clone() {
            return Ok(known);
        }
        let fresh = Slots::new(service);
        let slots = match self.shared.slots.insert_if_absent(&fresh).await? {
            Some(known) => known,
            None => Versioned { record: fresh, revision: Revision::FIRST },
        };
        *lock(&state.known) = Some(slots.clone());
        Ok(slots)
    }

    /// Writes the slots over those of `revision`; false when another replica was first.
    async fn write_slots(&self, state: &ServiceState, slots: Slots, revision: Revision) -> Result<bool, Failure> {
        // Taken out first: whatever becomes of the write, the old copy is of no more use.
        *lock(&state.known) = None;
        match self.shared.slots.replace(&slots, revision).await {
            Ok(revision) => {
                *lock(&state.known) = Some(Versioned { record: slots, revision });
                Ok(true)
            }
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Publishes what was granted; gives the steps that a full stream refused.
    async fn publish_all(&self, steps: &[(StepId, Arc<Narration>)]) -> Vec<StepId> {
        futures::stream::iter(steps.to_vec())
            .map(|(step, narration)| async move {
                match self.publish(&narration, &step).await {
                    Ok(()) => None,
                    Err(error) if error.reason == Reason::QueueFull => {
                        warn!(%step, %error, "step granted and refused, it is granted again in its turn");
                        Some(step)
                    }
                    Err(error) => {
                        warn!(%step, %error, "step granted and not published, the audit will");
                        None
                    }
                }
            })
            .buffer_unordered(PUBLISH_AT_ONCE)
            .filter_map(futures::future::ready)
            .collect()
            .await
    }

    /// Releases what a full stream refused. Kept until the audit, it would wait while whatever is granted later takes each place that gets
    /// free; released, the oldest goes first.
    async fn let_go(&self, service: Service, state: &ServiceState, refused: &[StepId]) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let Versioned { record: before, revision } = self.slots(service, state).await?;
            let mut slots = before.clone();
            slots.release(|grant| refused.contains(&grant.step));
            if slots == before || self.write_slots(state, slots, revision).await? {
                break;
            }
        }
        // What is still granted the audit publishes.
        Ok(())
    }

    /// Publishes a step in the trace of the call that began its narration's run.
    async fn publish(&self, narration: &Narration, step: &StepId) -> Result<(), Failure> {
        let command = wire::command(narration, step, &self.shared.master);
        let message = Message::new(command).traced(narration.traceparent.clone());
        let published = self.shared.queue.publish(step, message).await?;
        debug!(%step, ?published, "step published");
        Ok(())
    }

    /// Notes when turns were served. Only their order depends on it, so what fails is not tried again.
    async fn note_served(&self, turns: &BTreeMap<String, u64>) {
        for (id, served) in turns {
            let note = |turn: &mut Turn| {
                let change = if turn.served < *served { Change::Write } else { Change::Skip };
                turn.served = turn.served.max(*served);
                Ok(change)
            };
            if let Err(error) = self.shared.turns.update(id, note).await {
                debug!(turn = id, %error, "not noted as served");
            }
        }
    }
}

impl Shared {
    /// Whether an operator, or an engine that is out of order, holds up such steps.
    fn held(&self, service: Service, tenant: &TenantId, engine: &str) -> bool {
        self.pauses.hold(service, tenant, engine)
            || (!engine.is_empty() && self.workers.out_of_order(service, self.clock.now()).contains(engine))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Room in a service: what may be granted beyond what is.
fn room(slots: &Slots, limit: usize, put_off: impl Fn(&StepId) -> bool) -> usize {
    let working = slots.grants.iter().filter(|grant| !put_off(&grant.step)).count();
    limit.saturating_sub(working).min(slots::MOST.saturating_sub(slots.grants.len()))
}
