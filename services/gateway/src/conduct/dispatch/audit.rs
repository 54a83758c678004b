//! Looks over what is granted and does not end. This is why every command and every event may be
//! lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_store::Versioned;
use tracing::{debug, info};

use super::turns::freed;
use super::{Dispatcher, ServiceState};
use crate::conduct::wanted::{turn, wanted};
use crate::domain::slots::Grant;
use crate::domain::{Narration, Slots, Turn};

/// Between two audits.
pub const EVERY: Duration = Duration::from_secs(5);
/// A grant that was not heard of for this long is published again.
pub const AFTER: Duration = Duration::from_secs(15);

impl Dispatcher {
    /// Publishes again what was granted more than `after` ago and is still wanted, releases what is
    /// not, and looks over the states of turns.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn audit(&self, service: Service, after: Duration) -> Result<(), Failure> {
        let Some(state) = self.shared.services.get(&service) else { return Ok(()) };
        {
            let _one_at_a_time = state.pass.lock().await;
            self.audit_grants(service, state, after).await?;
        }
        self.look_over_turns(service, state).await?;
        state.wake.notify_one();
        Ok(())
    }

    async fn audit_grants(&self, service: Service, state: &ServiceState, after: Duration) -> Result<(), Failure> {
        // Other replicas publish too: what this one remembers may be old.
        let Versioned { record: before, revision } = state.ledger.read().await?;
        let now = self.shared.clock.now();
        let old = |at: Timestamp| now.since(at) >= after;
        let mut fates: BTreeMap<StepId, Fate> = BTreeMap::new();
        for grant in before.grants.iter().filter(|grant| old(grant.at)) {
            fates.insert(grant.step.clone(), self.fate(service, &grant.step).await?);
        }
        if fates.is_empty() {
            return Ok(());
        }
        let mut slots: Slots = before.clone();
        slots.release(|grant| matches!(fates.get(&grant.step), Some(Fate::Over | Fate::Held(_))));
        for grant in slots.grants.iter_mut().filter(|grant| fates.contains_key(&grant.step)) {
            grant.at = now;
        }
        let freed = freed(&before, &slots);
        // Moved before it is published, so that one replica does in each round.
        if !state.ledger.write(slots, revision).await? {
            return Ok(());
        }
        self.wake_tenants(service, state, freed).await?;
        let mut wanted = Vec::new();
        for (step, fate) in fates {
            match fate {
                Fate::Wanted(narration) => wanted.push((step, narration)),
                Fate::Held(turn) => self.take_back(state, &step, *turn).await?,
                Fate::Over => debug!(%step, "grant of a step that is over, released"),
            }
        }
        // One that waits in the queue is told apart from one too many, so what is refused is not
        // there; where a server short of resources refuses both, what is let go is granted again,
        // and found waiting.
        self.publish(state, wanted).await
    }

    /// What becomes of a grant.
    async fn fate(&self, service: Service, step: &StepId) -> Result<Fate, Failure> {
        let Some(narration) = self.shared.narrations.get(step.narration.as_str()).await? else {
            return Ok(Fate::Over);
        };
        let record = &narration.record;
        if !wanted(record, self.shared.window).contains(step) {
            return Ok(Fate::Over);
        }
        if self.shared.held(service, &record.tenant, record.engine(service)) {
            return Ok(Fate::Held(Box::new(turn(record, service))));
        }
        Ok(Fate::Wanted(Arc::new(narration)))
    }

    /// Takes back, at once, what is granted and held up: it is granted anew when it is not held up
    /// any more.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; the audit makes up for it.
    pub async fn take_back_held(&self) -> Result<(), Failure> {
        for (service, state) in &self.shared.services {
            let _one_at_a_time = state.pass.lock().await;
            loop {
                let Versioned { record: before, revision } = state.ledger.read().await?;
                let mut held = Vec::new();
                let may_be_held = |grant: &&Grant| self.shared.held(*service, &grant.tenant, &grant.engine);
                for grant in before.grants.iter().filter(may_be_held) {
                    if let Fate::Held(turn) = self.fate(*service, &grant.step).await? {
                        held.push((grant.step.clone(), turn));
                    }
                }
                if held.is_empty() {
                    break;
                }
                let mut slots = before.clone();
                slots.release(|grant| held.iter().any(|(step, _)| *step == grant.step));
                let freed = freed(&before, &slots);
                if state.ledger.write(slots, revision).await? {
                    let steps = held.len();
                    info!(service = service.as_str(), steps, "steps taken back, what they need is held up");
                    for (step, turn) in held {
                        self.take_back(state, &step, *turn).await?;
                    }
                    self.wake_tenants(*service, state, freed).await?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes the command of a step that was released out of the queue, and lets its turn wait for
    /// when it is not held up any more. A command that is worked on just then ends by itself: its
    /// event counts as ever.
    async fn take_back(&self, state: &ServiceState, step: &StepId, turn: Turn) -> Result<(), Failure> {
        if let Err(error) = self.shared.queue.withdraw(step).await {
            debug!(%step, %error, "command not withdrawn");
        }
        self.wake_turn(state, turn, None).await?;
        Ok(())
    }
}

/// What becomes of a grant that is looked over.
enum Fate {
    /// Its step is wanted: published again.
    Wanted(Arc<Versioned<Narration>>),
    /// Its step is wanted, and an operator or a broken engine holds it up: released and withdrawn,
    /// and waits in this turn.
    Held(Box<Turn>),
    /// Nobody wants it any more: released.
    Over,
}
