//! Looks over what is granted and does not end. This is why every command, every event and every
//! hint may be lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, Service, StepId};
use lectern_store::{ID, Op, Query};
use tracing::{debug, info};

use super::backlog::Candidate;
use super::{Dispatcher, ServiceState};
use crate::conduct::workers::EngineRoom;
use crate::domain::Turn;

/// Between two audits.
pub const EVERY: Duration = Duration::from_secs(5);
/// A grant that was not heard of for this long is published again.
pub const AFTER: Duration = Duration::from_secs(15);
/// Narrations that are read by their ids at once.
const READ_AT_ONCE: u32 = 200;
/// Tenants whose limits are read at once.
const TENANTS_AT_ONCE: usize = 16;
/// Commands that are withdrawn at once.
const WITHDRAWN_AT_ONCE: usize = 16;

impl Dispatcher {
    /// Publishes again what was granted over [`AFTER`] ago and is still wanted, releases what is
    /// not, and looks whether tenants at their limit may have more now.
    pub(super) async fn audit(&self, service: Service) -> Result<(), Failure> {
        let Some(state) = self.shared.services.get(&service) else { return Ok(()) };
        // No pass meanwhile: it would take in what is newer, and grant by it.
        let _no_pass = state.pass.lock().await;
        let audited = self.audit_grants(service, state).await;
        let read = self.read_limits(state).await;
        state.wake.notify_one();
        audited.and(read)
    }

    async fn audit_grants(&self, service: Service, state: &ServiceState) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let old = state.backlog.lock().published(|at| now.since(at) >= AFTER);
        if old.is_empty() {
            return Ok(());
        }
        let narrations: BTreeSet<NarrationId> = old.iter().map(|step| step.narration.clone()).collect();
        self.read_again(service, state, &narrations).await?;
        let mut again: Vec<Candidate> = Vec::new();
        {
            let mut backlog = state.backlog.lock();
            for step in &old {
                match backlog.granted(step) {
                    Some(candidate) => {
                        backlog.renew(step, now);
                        again.push(candidate);
                    }
                    None => debug!(%step, "grant of a step that is over, released"),
                }
            }
        }
        // One that waits in the queue is told apart from one too many, so what is refused is not
        // there; where a server short of resources refuses both, what is taken back is granted
        // again, and found waiting.
        let refused = self.publish(again).await;
        let mut backlog = state.backlog.lock();
        refused.iter().for_each(|candidate| backlog.take_back(&candidate.step));
        Ok(())
    }

    /// Takes in narrations as they are stored now, and forgets those that are not stored any more.
    async fn read_again(
        &self,
        service: Service,
        state: &ServiceState,
        narrations: &BTreeSet<NarrationId>,
    ) -> Result<(), Failure> {
        let names: Vec<String> = narrations.iter().map(ToString::to_string).collect();
        let mut gone = narrations.clone();
        for names in names.chunks(READ_AT_ONCE as usize) {
            let query = Query::new().filter(ID, Op::In, names.to_vec()).limit(READ_AT_ONCE);
            for found in self.shared.narrations.find(&query).await?.items {
                gone.remove(&found.record.id);
                let held = |turn: &Turn| self.shared.held_by_operator_in(service, turn);
                state.backlog.lock().take_stored(&Arc::new(found), held);
            }
        }
        let mut backlog = state.backlog.lock();
        gone.iter().for_each(|narration| backlog.remove(narration));
        Ok(())
    }

    /// Reads again how much tenants may have that have as much as they may and more to do. One
    /// whose limit cannot be read keeps the one that it had.
    pub(super) async fn read_limits(&self, state: &ServiceState) -> Result<(), Failure> {
        let tenants = state.backlog.lock().scheduler().tenants_at_limit();
        let mut limits = futures::stream::iter(tenants)
            .map(|tenant| async move { (self.limit_of(&tenant).await, tenant) })
            .buffer_unordered(TENANTS_AT_ONCE);
        let mut failed = Ok(());
        while let Some((limit, tenant)) = limits.next().await {
            match limit {
                Ok(limit) => state.backlog.lock().limit_tenant(&tenant, limit),
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Takes back, at once, what is granted and held up: it is granted anew when it is not held up
    /// any more.
    pub(super) async fn take_back_held(&self) {
        let now = self.shared.clock.now();
        for (service, state) in &self.shared.services {
            let no_pass = state.pass.lock().await;
            let broken = |room: &(String, EngineRoom)| room.1 == EngineRoom::OutOfOrder;
            let engines: Vec<(String, EngineRoom)> =
                self.shared.workers.limited_engines(*service, now).into_iter().filter(broken).collect();
            let held = |turn: &Turn| self.shared.held_by_operator_in(*service, turn);
            let out_of_order = |turn: &Turn| engines.iter().any(|(engine, _)| *engine == turn.engine);
            let steps: Vec<StepId> = {
                let mut backlog = state.backlog.lock();
                backlog.hold_turns(held);
                let steps = backlog.granted_in(|turn| held(turn) || out_of_order(turn));
                steps.iter().for_each(|step| backlog.take_back(step));
                steps
            };
            if steps.is_empty() {
                continue;
            }
            info!(service = service.as_str(), steps = steps.len(), "steps taken back, what they need is held up");
            // Passes go on meanwhile: they grant nothing of what is held up.
            drop(no_pass);
            let withdrawals = steps.into_iter().map(|step| async move {
                // A command that is worked on just then ends by itself: its event counts as ever.
                if let Err(error) = self.shared.queue.withdraw(&step).await {
                    debug!(%step, %error, "command not withdrawn");
                }
            });
            futures::stream::iter(withdrawals).buffer_unordered(WITHDRAWN_AT_ONCE).collect::<()>().await;
        }
    }
}
