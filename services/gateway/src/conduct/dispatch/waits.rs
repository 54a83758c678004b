//! Why a narration does not go on just now, as far as this replica knows without reading anything.

use std::collections::BTreeSet;
use std::time::Duration;

use lectern_core::id::Service;

use super::{Dispatcher, audit};
use crate::conduct::moment::Wait;
use crate::conduct::wanted::wanted;
use crate::domain::Narration;

/// What has just changed is granted in a moment, and at the latest after so long this replica knows
/// what others have granted.
const UNTIL_KNOWN: Duration = audit::EVERY;

impl Dispatcher {
    /// Why `narration` does not go on; none where something of it is granted, and for a terminal
    /// one. Where several reasons hold it is the first of them in the order: suspended, paused, an
    /// engine out of order, the queue.
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
        let mut services = needed.iter().filter_map(|service| shared.services.get(service));
        if services.any(|state| state.ledger.has(&narration.id, narration.run)) {
            return None;
        }
        let paused = |service: &Service| shared.pauses.hold(*service, &narration.tenant, narration.engine(*service));
        let held = |service: &Service| shared.held(*service, &narration.tenant, narration.engine(*service));
        if needed.iter().any(paused) {
            Some(Wait::Paused)
        } else if needed.iter().any(held) {
            Some(Wait::EngineUnavailable)
        } else {
            let known = shared.clock.now().since(narration.updated) >= UNTIL_KNOWN;
            known.then_some(Wait::Queue)
        }
    }
}
