//! Looks over what is granted and does not end, and what waits and has no work. This is why every
//! command and every event may be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_store::{Change, Versioned};
use tracing::{debug, info};

use super::pick::{PASSED_OVER, oldest_narrations, waiting_turns};
use super::{Dispatcher, ServiceState, lock};
use crate::conduct::wanted::wanted;
use crate::domain::{Lane, Narration, Slots, Turn};

/// Between two audits.
pub const EVERY: Duration = Duration::from_secs(5);
/// A grant that was not heard of for this long is published again.
pub const AFTER: Duration = Duration::from_secs(15);
/// Turns looked over in one audit.
const TURNS: usize = 100;

impl Dispatcher {
    /// Publishes again what was granted more than `after` ago and is still wanted, releases what is
    /// not, and lets turns without work wait no more.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn audit(&self, service: Service, after: Duration) -> Result<(), Failure> {
        let Some(state) = self.shared.services.get(&service) else { return Ok(()) };
        {
            let _one_at_a_time = state.pass.lock().await;
            self.audit_grants(service, state, after).await?;
        }
        self.rest_turns(service, state).await?;
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
        slots.release(|grant| matches!(fates.get(&grant.step), Some(Fate::Over | Fate::Held)));
        for grant in slots.grants.iter_mut().filter(|grant| fates.contains_key(&grant.step)) {
            grant.at = now;
        }
        // Moved before it is published, so that one replica does in each round.
        if !state.ledger.write(slots, revision).await? {
            return Ok(());
        }
        let mut wanted = Vec::new();
        for (step, fate) in fates {
            match fate {
                Fate::Wanted(narration) => wanted.push((step, narration)),
                Fate::Held => self.withdraw(&step).await,
                Fate::Over => debug!(%step, "grant of a step that is over, released"),
            }
        }
        // One that waits in the queue is told apart from one too many, so what is refused is not
        // there; where a server short of resources refuses both, what is let go is granted again,
        // and found waiting.
        self.publish(&state.ledger, wanted).await
    }

    /// What becomes of a grant.
    async fn fate(&self, service: Service, step: &StepId) -> Result<Fate, Failure> {
        let Some(Versioned { record, .. }) = self.shared.narrations.get(step.narration.as_str()).await? else {
            return Ok(Fate::Over);
        };
        if !wanted(&record, self.shared.window).contains(step) {
            return Ok(Fate::Over);
        }
        if self.shared.held(service, &record.tenant, record.engine(service)) {
            return Ok(Fate::Held);
        }
        Ok(Fate::Wanted(Arc::new(record)))
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
                for grant in &before.grants {
                    if matches!(self.fate(*service, &grant.step).await?, Fate::Held) {
                        held.push(grant.step.clone());
                    }
                }
                if held.is_empty() {
                    break;
                }
                let mut slots = before.clone();
                slots.release(|grant| held.contains(&grant.step));
                if state.ledger.write(slots, revision).await? {
                    for step in &held {
                        self.withdraw(step).await;
                    }
                    info!(
                        service = service.as_str(),
                        steps = held.len(),
                        "steps taken back, what they need is held up"
                    );
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes a command out of the queue. One that is worked on just then ends by itself: its event
    /// counts as ever.
    async fn withdraw(&self, step: &StepId) {
        if let Err(error) = self.shared.queue.withdraw(step).await {
            debug!(%step, %error, "command not withdrawn");
        }
    }

    /// Lets turns wait no more that have no narration in them. Who begins to wait at the same
    /// moment either sees that the turn rests and wakes it, or is seen by the second look.
    async fn rest_turns(&self, service: Service, state: &ServiceState) -> Result<(), Failure> {
        for lane in Lane::ALL {
            for Versioned { record: turn, revision } in self.turns_not_held(service, lane).await? {
                let id = turn.id();
                let known_to_wait = lock(&state.seen).is_waiting(&id);
                if known_to_wait || self.has_narrations(&turn).await? {
                    continue;
                }
                let resting = Turn { waiting: false, ..turn.clone() };
                if self.shared.turns.replace(&resting, revision).await.is_err() {
                    continue;
                }
                if self.has_narrations(&turn).await? {
                    self.shared
                        .turns
                        .update(&id, |turn| {
                            turn.waiting = true;
                            Ok(Change::Write)
                        })
                        .await?;
                }
            }
        }
        lock(&state.seen).forget(self.shared.clock.now().millis());
        Ok(())
    }

    /// The turns of a lane that wait, are not held up and were served least recently. Those that
    /// are held up stay at the front and have narrations: they are not to hide the others.
    async fn turns_not_held(&self, service: Service, lane: Lane) -> Result<Vec<Versioned<Turn>>, Failure> {
        if self.shared.pauses.hold_all_of(service) {
            return Ok(Vec::new());
        }
        let mut query = waiting_turns(service, lane, TURNS);
        let (mut found, mut passed_over) = (Vec::new(), 0);
        loop {
            let page = self.shared.turns.find(&query).await?;
            for turn in page.items {
                if self.shared.held(service, &turn.record.tenant, &turn.record.engine) {
                    passed_over += 1;
                } else if found.len() < TURNS {
                    found.push(turn);
                }
            }
            match page.next {
                Some(next) if found.len() < TURNS && passed_over < PASSED_OVER => {
                    query = query.limit(lectern_store::MAX_LIMIT).after(next);
                }
                Some(_) | None => return Ok(found),
            }
        }
    }

    async fn has_narrations(&self, turn: &Turn) -> Result<bool, Failure> {
        let query = oldest_narrations(turn.service, &turn.id(), 1);
        Ok(!self.shared.narrations.find(&query).await?.items.is_empty())
    }
}

/// What becomes of a grant that is looked over.
enum Fate {
    /// Its step is wanted: published again.
    Wanted(Arc<Narration>),
    /// Its step is wanted, and an operator or a broken engine holds it up: released and withdrawn.
    Held,
    /// Nobody wants it any more: released.
    Over,
}
