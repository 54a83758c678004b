//! Who goes next: grants steps to the stage services, and publishes what is granted (ADR 0011, ADR
//! 0021).
//!
//! The backlog is the narrations themselves, each with its place in a turn for every service that
//! it wants steps of. Every turn is looked after by one gateway at a time, its owner, which has the
//! oldest narrations of its turns in memory, grants their steps and publishes them. Nothing is
//! written for a grant. Who owns what follows from which gateways live (`members`, `announce`), and
//! how much each may grant from what all of them have to do; nobody hands anything out. Where two
//! gateways see it differently for a moment, a few steps more than that are in the queue, and a
//! step that both grant is there once, since the queue refuses the second.
//!
//! A pass over a service (`pass`) takes in what changed, reads what it does not know (`reading`),
//! grants (`backlog`, over the scheduler of the domain) and publishes (`publish`). Every message
//! may be lost: an audit (`audit`) publishes again what is granted and does not end, and a walk
//! over the turns (`walk`) finds those of which nobody told.

mod announce;
mod audit;
mod backlog;
mod budget;
mod demand;
mod listen;
mod members;
mod metrics;
mod overview;
mod pass;
mod publish;
mod reading;
mod relay;
#[cfg(test)]
mod tests;
mod waits;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_core::{Clock, Random};
use lectern_queue::Queue;
use lectern_store::{Collection, StoreError, Versioned};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::outbox::Outbox;
use super::pauses::Pauses;
use super::wanted::{Window, wanted};
use super::wire::ObjectKeys;
use super::workers::Workers;
use crate::domain::{EngineName, GatewayId, Narration, Pause};
use crate::tenants::Tenants;
use announce::View;
use backlog::{Backlog, Known};
use budget::BudgetWaits;
use members::Members;
pub use metrics::Level;
use metrics::Waits;
pub use overview::{GatewayLevel, LaneLevel, ShareLevel};
use pass::Pass;
use relay::Parcel;

/// A pass takes place at least this often, and a gateway announces itself.
const EVERY: Duration = Duration::from_secs(1);
/// A gateway that starts listens for this long before it looks after anything: the others are known
/// then.
const SETTLES: Duration = Duration::from_millis(300);
/// After a pass that failed.
const AGAIN: Duration = Duration::from_millis(500);

/// How much is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchOptions {
    /// Most steps of one tenant and service that are granted at once, where the tenant has no limit
    /// of its own.
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
    me: GatewayId,
    narrations: Collection<Narration>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    master: Arc<[u8]>,
    window: Window,
    options: DispatchOptions,
    workers: Workers,
    pauses: Pauses,
    tenants: Tenants,
    members: Mutex<Members>,
    view: Mutex<View>,
    /// There is something to be announced at once.
    announce: Notify,
    relay: Outbox<Parcel>,
    waits: Waits,
    budget_waits: BudgetWaits,
    services: BTreeMap<Service, ServiceState>,
}

/// What this gateway knows of a service. All of it can be forgotten. Where several are locked, the
/// pass is first, then the backlog, then the inbox.
#[derive(Debug)]
struct ServiceState {
    service: Service,
    wake: Notify,
    /// The newest of each narration that changed since the last pass.
    inbox: Mutex<BTreeMap<NarrationId, Known>>,
    /// Who waits, and what is granted.
    backlog: Mutex<Backlog>,
    /// Steps granted here since the start.
    granted: AtomicU64,
    /// Whether it was read who waits in all turns that this gateway looks after.
    is_read: AtomicBool,
    /// One pass at a time.
    pass: tokio::sync::Mutex<Pass>,
}

impl Dispatcher {
    /// A dispatcher over these parts. Call [`Self::ensure`] once before the first use.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        master: Arc<[u8]>,
        options: DispatchOptions,
    ) -> Self {
        let (me, window) = (GatewayId::random(&*random), Window::default());
        let state = |service| ServiceState {
            service,
            wake: Notify::new(),
            inbox: Mutex::default(),
            backlog: Mutex::new(Backlog::new(service, window, options.per_tenant)),
            granted: AtomicU64::new(0),
            is_read: AtomicBool::new(false),
            pass: tokio::sync::Mutex::new(Pass::new()),
        };
        let services = Service::ALL.into_iter().map(|service| (service, state(service))).collect();
        let shared = Shared {
            view: Mutex::new(View::of(&me)),
            members: Mutex::new(Members::new(me.clone())),
            me,
            pauses: Pauses::new(narrations.beside::<Pause>(), Arc::clone(&queue), Arc::clone(&clock)),
            tenants: Tenants::new(narrations.beside(), Arc::clone(&clock)),
            narrations,
            queue,
            clock,
            master,
            window,
            options,
            workers: Workers::default(),
            announce: Notify::new(),
            relay: Outbox::default(),
            waits: Waits::default(),
            budget_waits: BudgetWaits::default(),
            services,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Makes and verifies the collections.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.shared.tenants.ensure().await?;
        self.shared.pauses.ensure().await
    }

    /// The keys of everything that a narration's steps make.
    #[must_use]
    pub fn keys(&self, narration: &Narration) -> ObjectKeys {
        ObjectKeys::of(narration, &self.shared.master)
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
    pub fn held_by_operator(&self, service: Service, tenant: &TenantId, engine: EngineName<'_>) -> bool {
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

    /// The steps of a service that this gateway has granted and that have not ended, as far as it
    /// knows.
    #[must_use]
    pub fn granted(&self, service: Service) -> Vec<StepId> {
        let state = self.shared.services.get(&service);
        state.map_or_else(Vec::new, |state| state.backlog.lock().granted_in(|_| true))
    }

    /// Tells of a narration that changed: what it wants is granted when its turn comes, what it no
    /// longer wants is released. Where another gateway looks after its tenant, that one is told.
    /// Nothing is waited for.
    pub fn schedule(&self, narration: &Versioned<Narration>) {
        self.hand_in(Arc::new(narration.clone()));
    }

    /// Lets the next passes take in a narration.
    fn accept(&self, narration: Known) {
        let record = &narration.record;
        let wants = wanted(record, self.shared.window);
        for (service, state) in &self.shared.services {
            let backlog = state.backlog.lock();
            let mut inbox = state.inbox.lock();
            // A service that neither is to do a step of it nor may have a grant of it need not
            // look.
            let concerned = wants.iter().any(|step| step.kind.service() == *service)
                || backlog.concerns(&record.id)
                || inbox.contains_key(&record.id);
            if !concerned {
                continue;
            }
            let newest = inbox.entry(record.id.clone()).or_insert_with(|| Arc::clone(&narration));
            if newest.revision < narration.revision {
                *newest = Arc::clone(&narration);
            }
            state.wake.notify_one();
        }
    }

    /// Dispatches until `stop`, and then tells the others to take over. What is told of afterwards
    /// is for them: see [`Self::relay_during`].
    pub async fn run(&self, stop: CancellationToken) {
        self.shared.members.lock().set_left(false);
        self.look_around();
        self.forget_all().await;
        // None of these has an end of its own.
        tokio::select! {
            biased;
            () = self.run_services(&stop) => {}
            () = self.listen() => {}
            () = self.announce() => {}
            () = self.relay() => {}
        }
        self.leave().await;
        self.relay_rest().await;
    }

    /// Forgets what a run before this one knew, which may have ended in the middle of something.
    async fn forget_all(&self) {
        for state in self.shared.services.values() {
            let mut pass = state.pass.lock().await;
            *pass = Pass::new();
            state.is_read.store(false, Ordering::Release);
            *state.backlog.lock() = Backlog::new(state.service, self.shared.window, self.shared.options.per_tenant);
        }
    }

    async fn run_services(&self, stop: &CancellationToken) {
        // A queue inside the process has no other gateways.
        if !self.shared.queue.may_be_left() && stop.run_until_cancelled(tokio::time::sleep(SETTLES)).await.is_none() {
            return;
        }
        let services = self.shared.services.values().map(|state| self.run_service(state, stop));
        futures::future::join_all(services).await;
    }

    async fn run_service(&self, state: &ServiceState, stop: &CancellationToken) {
        let service = state.service;
        let mut audit = tokio::time::interval(audit::EVERY);
        audit.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = audit.tick() => {
                    if let Err(error) = self.audit(service).await {
                        warn!(service = service.as_str(), %error, "grants not looked over, the next audit will");
                    }
                    // However long it took: a pass comes before the next one.
                    audit.reset();
                    self.shared.budget_waits.expire(self.shared.clock.now());
                    continue;
                }
                () = state.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            // Whoever is not heard of any more is found to be gone here.
            self.look_around();
            if let Err(error) = self.pass(service).await {
                warn!(service = service.as_str(), %error, "not all that waits could be read, trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Looks again at once, at everything.
    fn wake(&self) {
        self.shared.services.values().for_each(|state| state.wake.notify_one());
    }
}

impl Shared {
    /// See [`Dispatcher::held_by_operator`].
    fn held_by_operator(&self, service: Service, tenant: &TenantId, engine: EngineName<'_>) -> bool {
        self.pauses.hold(service, tenant, engine) || self.tenants.is_suspended(tenant)
    }
}
