//! Who goes next: grants steps to a stage service, and publishes what is granted (ADR 0011).
//!
//! The backlog is the narrations themselves, each with its place in a turn for every service that
//! it wants steps of. A pass looks at one service: it releases grants that have ended, and while
//! there is room takes the lane that is furthest behind, in it the turn that was served least
//! recently, and grants that turn's oldest step. The grants lie in one record a service, changed by
//! compare-and-swap, so that any number of replicas dispatch; every message may be lost, because an
//! audit publishes again what is granted and does not end.
//!
//! What a pass reads follows from the room there is, not from the backlog: so many turns by index,
//! and for each so many narrations. Turns that are held up are read over: they keep their places,
//! and keep nobody else from the room. Those without a step to grant are taken from the front where
//! they are many, and woken by the write that makes a step of them grantable.

mod audit;
mod ledger;
mod levels;
mod listen;
mod pick;
mod publish;
mod rests;
mod seen;
#[cfg(test)]
mod tests;
mod turns;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_core::{Clock, Failure};
use lectern_queue::Queue;
use lectern_stage::config::Retention;
use lectern_store::{Collection, Record as _, StoreError, Versioned};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::pauses::Pauses;
use super::wanted::{Window, turn, wanted};
use super::wire::Keys;
use super::workers::{EngineRoom, Workers};
use crate::domain::slots::Grant;
use crate::domain::{Narration, Pause, Phase, Slots, Turn};
use crate::tenants::Tenants;
use ledger::Ledger;
pub use levels::Level;
use pick::Pick;
use rests::Walks;
use seen::{IDLE, Seen};
use turns::freed;

/// A pass takes place at least this often, for what no replica was told of.
const EVERY: Duration = Duration::from_secs(2);
/// How often a pass begins anew when another replica changed the slots first.
const ROUNDS: usize = 16;

/// How much is granted, and how long what nobody waits in is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchOptions {
    /// Most steps of one tenant and service that are granted at once, where the tenant has no limit
    /// of its own.
    pub per_tenant: usize,
    /// How long the turn of a tenant is kept after its last narration.
    pub retention: Duration,
}

impl Default for DispatchOptions {
    fn default() -> Self {
        Self { per_tenant: 64, retention: Retention::default().after }
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
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    master: Arc<[u8]>,
    window: Window,
    options: DispatchOptions,
    workers: Workers,
    pauses: Pauses,
    tenants: Tenants,
    services: BTreeMap<Service, ServiceState>,
}

/// What this replica knows of a service. All of it can be forgotten.
#[derive(Debug)]
struct ServiceState {
    wake: Notify,
    /// The newest of each narration that changed since the last pass.
    touched: Mutex<BTreeMap<NarrationId, Versioned<Narration>>>,
    /// What is granted.
    ledger: Ledger,
    /// What the last passes saw of its turns.
    seen: Mutex<Seen>,
    /// Steps granted here since the start.
    granted: AtomicU64,
    /// How far the audits came among the turns that do not wait.
    walks: Mutex<Walks>,
    /// One pass at a time.
    pass: tokio::sync::Mutex<()>,
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
        let state = |service| ServiceState {
            wake: Notify::new(),
            touched: Mutex::default(),
            ledger: Ledger::new(service, narrations.beside(), narrations.beside()),
            seen: Mutex::default(),
            granted: AtomicU64::new(0),
            walks: Mutex::default(),
            pass: tokio::sync::Mutex::default(),
        };
        let services = Service::ALL.into_iter().map(|service| (service, state(service))).collect();
        let shared = Shared {
            turns: narrations.beside(),
            pauses: Pauses::new(narrations.beside::<Pause>(), Arc::clone(&queue), Arc::clone(&clock)),
            tenants: Tenants::new(narrations.beside(), Arc::clone(&clock)),
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
        self.shared.narrations.beside::<Slots>().ensure().await?;
        self.shared.tenants.ensure().await?;
        self.shared.pauses.ensure().await
    }

    /// The keys of everything that a narration's steps make.
    #[must_use]
    pub fn keys(&self, narration: &Narration) -> Keys {
        Keys::of(narration, &self.shared.master)
    }

    /// What operators have paused.
    #[must_use]
    pub fn pauses(&self) -> &Pauses {
        &self.shared.pauses
    }

    /// Whose steps are granted, and how many.
    #[must_use]
    pub fn tenants(&self) -> &Tenants {
        &self.shared.tenants
    }

    /// Whether an operator holds up such steps: by a pause, or by suspending their tenant. What
    /// waits for one does not run out of time.
    #[must_use]
    pub fn held_by_operator(&self, service: Service, tenant: &TenantId, engine: &str) -> bool {
        self.shared.held_by_operator(service, tenant, engine)
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

    /// Tells of a narration that changed: what it wants is granted when its turn comes, what it no
    /// longer wants is released.
    pub fn touch(&self, narration: &Versioned<Narration>) {
        let wants = wanted(&narration.record, self.shared.window);
        for (service, state) in &self.shared.services {
            // A service that neither is to do a step of it nor may just have done one need not
            // look.
            let may_have_ended = match narration.record.phase {
                Phase::Planning => *service == Service::Ingest,
                Phase::Narrating | Phase::Assembling => *service != Service::Ingest,
                Phase::Extracting | Phase::Succeeded | Phase::Failed | Phase::Cancelled => true,
            };
            if !may_have_ended && !wants.iter().any(|step| step.kind.service() == *service) {
                continue;
            }
            keep_newest(&mut lock(&state.touched), narration);
            state.wake.notify_one();
        }
    }

    /// Dispatches until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let services = self.shared.services.keys().map(|service| self.run_service(*service, stop.clone()));
        let services = futures::future::join_all(services);
        // Listening has no end of its own.
        tokio::select! {
            biased;
            _ = services => {}
            () = self.listen() => {}
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
                    // However long it took: a pass comes before the next one.
                    audit.reset();
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
        let _one_at_a_time = state.pass.lock().await;
        let touched = std::mem::take(&mut *lock(&state.touched));
        let passed = self.pass_over(service, state, &touched).await;
        if passed.is_err() {
            let mut again = lock(&state.touched);
            touched.values().for_each(|narration| keep_newest(&mut again, narration));
        }
        passed
    }

    async fn pass_over(
        &self,
        service: Service,
        state: &ServiceState,
        touched: &BTreeMap<NarrationId, Versioned<Narration>>,
    ) -> Result<(), Failure> {
        let (mut wants, mut turns) = (BTreeSet::new(), BTreeMap::new());
        for Versioned { record, .. } in touched.values() {
            let before = wants.len();
            wants.extend(wanted(record, self.shared.window).into_iter().filter(|step| step.kind.service() == service));
            if wants.len() > before {
                let turn = turn(record, service);
                lock(&state.seen).arrive(&turn.id(), turn.lane, record);
                turns.insert(turn.id(), turn);
            }
        }
        // A grant of a narration that changed stays only while the narration wants its step. Who
        // granted it may have known a newer narration than the one that was heard of here.
        let over = |grant: &Grant| {
            let known = touched.get(&grant.step.narration);
            known.is_some_and(|known| known.revision.0 >= grant.revision && !wants.contains(&grant.step))
        };
        for _ in 0..ROUNDS {
            let remembered = state.ledger.remembers();
            let Versioned { record: before, revision } = state.ledger.slots().await?;
            let mut slots = before.clone();
            slots.release(over);
            let freed = freed(&before, &slots);
            let mut pick = Pick::new(self, service, state);
            pick.open(&slots).await?;
            // A turn that was read just now as one that waits needs no second look.
            turns.retain(|id, _| !pick.saw(id));
            pick.join(self.wait_in_turn(state, std::mem::take(&mut turns)).await?);
            let picked = pick.fill(&mut slots).await?;
            let counts = if slots == before {
                // Another replica may have granted what ended here. A write finds out by itself.
                !remembered || touched.is_empty() || state.ledger.read().await?.revision == revision
            } else {
                state.ledger.write(slots, revision).await?
            };
            if !counts {
                continue;
            }
            let now = self.shared.clock.now().millis();
            picked.rested.into_iter().for_each(|turn| lock(&state.seen).rests(turn, now));
            state.granted.fetch_add(u64::try_from(picked.steps.len()).unwrap_or(0), Ordering::Relaxed);
            let published = self.publish(state, picked.steps).await;
            self.note_served(&picked.turns).await;
            self.wake_tenants(service, state, freed).await?;
            self.exhaust(state, picked.exhausted).await?;
            if picked.unfinished {
                state.wake.notify_one();
            }
            return published;
        }
        // What ended here is not released yet, so this pass has to be made up for.
        state.wake.notify_one();
        Err(StoreError::conflict(Slots::SPEC.name, service.as_str()).into())
    }
}

impl Shared {
    /// Whether an operator, or an engine that is out of order, holds up such steps.
    fn held(&self, service: Service, tenant: &TenantId, engine: &str) -> bool {
        self.held_by_operator(service, tenant, engine)
            || self.workers.engine_room(service, engine, self.clock.now()) == EngineRoom::OutOfOrder
    }

    /// See [`Dispatcher::held_by_operator`].
    fn held_by_operator(&self, service: Service, tenant: &TenantId, engine: &str) -> bool {
        self.pauses.hold(service, tenant, engine) || self.tenants.is_suspended(tenant)
    }
}

/// Keeps the newest that was heard of each narration.
fn keep_newest(known: &mut BTreeMap<NarrationId, Versioned<Narration>>, narration: &Versioned<Narration>) {
    let newest = known.entry(narration.record.id.clone()).or_insert_with(|| narration.clone());
    if newest.revision < narration.revision {
        *newest = narration.clone();
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
    limit.saturating_sub(working).min(slots.spare())
}
