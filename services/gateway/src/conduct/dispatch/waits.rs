//! Why a narration does not go on just now, as far as this gateway knows without reading anything.

use std::collections::BTreeSet;
use std::time::Duration;

use lectern_core::id::Service;

use super::{Dispatcher, ServiceState, audit};
use crate::conduct::moment::Wait;
use crate::conduct::wanted::wanted;
use crate::conduct::workers::EngineRoom;
use crate::domain::{Narration, Shard};

/// What has just changed is granted in a moment, and at the latest after so long this gateway knows
/// what others have granted.
const UNTIL_KNOWN: Duration = audit::EVERY;

impl Dispatcher {
    /// Why `narration` does not go on; none where something of it is granted, and for a terminal
    /// one. Where several reasons hold it is the first of them in the order: suspended, paused, an
    /// engine out of order, the budget, the queue. That it waits for the queue alone is not said
    /// where it may be granted elsewhere.
    #[must_use]
    pub fn wait(&self, narration: &Narration) -> Option<Wait> {
        let shared = &self.shared;
        let steps = wanted(narration, shared.window);
        if steps.is_empty() {
            return None;
        }
        if shared.tenants.is_suspended(&narration.tenant) {
            return Some(Wait::Suspended);
        }
        let needed: BTreeSet<Service> = steps.iter().map(|step| step.kind.service()).collect();
        let poor = self.waits_for_budget(narration);
        if !poor && needed.iter().any(|service| self.is_granted(*service, narration)) {
            return None;
        }
        let paused = |service: &Service| shared.pauses.hold(*service, &narration.tenant, narration.engine(*service));
        let now = shared.clock.now();
        let broken = |service: &Service| {
            shared.workers.engine_room(*service, narration.engine(*service).name, now) == EngineRoom::OutOfOrder
        };
        if needed.iter().any(paused) {
            Some(Wait::Paused)
        } else if needed.iter().any(broken) {
            Some(Wait::EngineUnavailable)
        } else if poor {
            Some(Wait::Budget)
        } else if needed.iter().any(|service| self.may_be_granted(*service, narration)) {
            None
        } else {
            let known = now.since(narration.updated) >= UNTIL_KNOWN;
            known.then_some(Wait::Queue)
        }
    }

    /// Whether a narration waits for its budget: some step of it does, as a worker said, and no
    /// other is granted here.
    #[must_use]
    pub fn waits_for_budget(&self, narration: &Narration) -> bool {
        let shared = &self.shared;
        let waiting = shared.budget_waits.of(&narration.id, shared.clock.now());
        if !wanted(narration, shared.window).iter().any(|step| waiting.contains(step)) {
            return false;
        }
        let at_work = |state: &ServiceState| {
            let backlog = state.backlog.lock();
            let mut granted = backlog.scheduler().grants().of(&narration.id);
            granted.any(|step| step.run == narration.run && !waiting.contains(step))
        };
        !shared.services.values().any(at_work)
    }

    /// Whether a step of a narration's run is granted at a service: here, or by whoever looks after
    /// its tenant, as that one says.
    fn is_granted(&self, service: Service, narration: &Narration) -> bool {
        let Some(state) = self.shared.services.get(&service) else { return false };
        let here = state.backlog.lock().scheduler().grants().of(&narration.id).any(|step| step.run == narration.run);
        let ownership = self.shared.ownership();
        let owner = ownership.owner(Shard::of(&narration.tenant));
        here || owner.is_some_and(|owner| self.shared.members.lock().is_granted_by(owner, service, &narration.id))
    }

    /// Whether whoever looks after its tenant has granted steps of more narrations than it names,
    /// so that this may be one of them.
    fn may_be_granted(&self, service: Service, narration: &Narration) -> bool {
        let ownership = self.shared.ownership();
        let owner = ownership.owner(Shard::of(&narration.tenant));
        owner.is_some_and(|owner| self.shared.members.lock().names_some_alone(owner, service))
    }
}
