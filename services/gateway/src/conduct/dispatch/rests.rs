//! Looks over the states of turns: lets those wait no more that have no narration, wakes what was
//! taken from the front of its lane and has a step to grant, and deletes what nobody needs.

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_core::id::Service;
use lectern_core::{Failure, Timestamp};
use lectern_store::{Cursor, StoreError, Versioned};
use tracing::{debug, info};

use super::pick::{PASSED_OVER, turns_in, waiting_turns};
use super::{Dispatcher, ServiceState, lock};
use crate::domain::{Lane, Turn, TurnState};

/// Turns of a lane and state looked over in one audit.
const TURNS: usize = 100;
/// Between two looks at turns that rest.
const RESTING_EVERY: Duration = Duration::from_secs(60);

/// Where the next audit goes on among the turns that do not wait.
#[derive(Debug, Default)]
pub struct Walks {
    places: BTreeMap<(Lane, TurnState), Cursor>,
    /// When those that rest were looked at last.
    rested: Option<Timestamp>,
}

impl Dispatcher {
    /// Looks over the turns of a service, so many of each lane and state.
    pub(super) async fn look_over_turns(&self, service: Service, state: &ServiceState) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        for lane in Lane::ALL {
            for turn in self.turns_not_held(service, lane).await? {
                if !self.has_narrations(&turn.record).await? {
                    self.rest(state, turn).await?;
                }
            }
            self.look_over_exhausted(service, state, lane).await?;
        }
        let due = lock(&state.walks).rested.is_none_or(|at| now.since(at) >= RESTING_EVERY);
        if due {
            lock(&state.walks).rested = Some(now);
            for lane in Lane::ALL {
                self.look_over_resting(service, state, lane).await?;
            }
        }
        lock(&state.seen).forget(now.millis());
        Ok(())
    }

    /// Lets a turn rest in which no narration was found, and looks once more.
    async fn rest(&self, state: &ServiceState, turn: Versioned<Turn>) -> Result<(), Failure> {
        let Versioned { record, revision } = turn;
        let resting = record.at_rest(self.shared.clock.now());
        let Some(resting) = self.write_turn(resting, revision).await? else { return Ok(()) };
        if self.has_narrations(&resting.record).await? {
            self.wake_turn(state, resting.record.clone(), Some(resting)).await?;
        }
        Ok(())
    }

    /// Wakes turns that were taken from the front and have a step to grant, where whoever made it
    /// grantable died before it woke them; lets those rest that have no narration.
    async fn look_over_exhausted(&self, service: Service, state: &ServiceState, lane: Lane) -> Result<(), Failure> {
        let exhausted = self.walk(service, state, lane, TurnState::Exhausted).await?;
        if exhausted.is_empty() {
            return Ok(());
        }
        let slots = {
            let _no_pass = state.pass.lock().await;
            state.ledger.read().await?.record
        };
        for turn in exhausted {
            if self.has_steps(&slots, &turn.record).await? {
                debug!(turn = turn.record.id(), "turn with a step to grant did not wait, woken");
                self.wake_turn(state, turn.record.clone(), Some(turn)).await?;
            } else if !self.has_narrations(&turn.record).await? {
                self.rest(state, turn).await?;
            }
        }
        Ok(())
    }

    /// Deletes turns that have rested for long: their tenants are gone, or as good as gone. Who
    /// begins to wait in one meanwhile wakes it, and then it is not deleted; or finds none, and
    /// makes it anew.
    async fn look_over_resting(&self, service: Service, state: &ServiceState, lane: Lane) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let mut deleted = 0_u32;
        for Versioned { record: turn, revision } in self.walk(service, state, lane, TurnState::Resting).await? {
            let long = turn.rested.is_some_and(|at| now.since(at) >= self.shared.options.retention);
            if !long {
                continue;
            }
            match self.shared.turns.delete(&turn.id(), Some(revision)).await {
                Ok(there) => deleted += u32::from(there),
                Err(StoreError::Conflict { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
            // Also where another turn of this id came to the same revision meanwhile.
            if self.has_narrations(&turn).await? {
                self.wake_turn(state, turn, None).await?;
            }
        }
        if deleted > 0 {
            info!(service = service.as_str(), lane = lane.as_str(), deleted, "turns deleted that nobody waited in");
        }
        Ok(())
    }

    /// The next turns of a lane in a state, from where the last walk ended; after the end from the
    /// front.
    async fn walk(
        &self,
        service: Service,
        state: &ServiceState,
        lane: Lane,
        of: TurnState,
    ) -> Result<Vec<Versioned<Turn>>, Failure> {
        let place = lock(&state.walks).places.remove(&(lane, of));
        let page = self.shared.turns.find(&turns_in(service, lane, of, TURNS).after(place)).await?;
        if let Some(next) = page.next {
            lock(&state.walks).places.insert((lane, of), next);
        }
        Ok(page.items)
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
}
