//! The states of turns: which of them passes look at, and who wakes the others.
//!
//! No replica remembers that a turn waits: another one may have found it without work since. So
//! whoever makes work for a turn writes that, then reads the turn and wakes it; whoever takes one
//! from the front writes its state, then looks for work once more (see [`Turn`]).

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::Failure;
use lectern_core::id::{Service, TenantId};
use lectern_store::{Change, ID, Op, Query, Record as _, Revision, StoreError, Versioned};
use tracing::debug;

use super::pick::{at_most, oldest_narrations};
use super::{Dispatcher, ROUNDS, ServiceState, lock};
use crate::conduct::wanted::wanted;
use crate::domain::{Lane, Slots, Turn, TurnState};

/// Turns that are read by their ids at once.
const READ_AT_ONCE: usize = 500;
/// Turns that are written at once.
const WRITTEN_AT_ONCE: usize = 16;

impl Dispatcher {
    /// Sees to it that turns, by id, wait; gives those that did not. What they are to wait for is
    /// written already.
    pub(super) async fn wait_in_turn(
        &self,
        state: &ServiceState,
        mut turns: BTreeMap<String, Turn>,
    ) -> Result<Vec<Versioned<Turn>>, Failure> {
        let mut woken = Vec::new();
        let ids: Vec<String> = turns.keys().cloned().collect();
        for ids in ids.chunks(READ_AT_ONCE) {
            let query = Query::new().filter(ID, Op::In, ids.to_vec()).limit(at_most(ids.len()));
            for known in self.shared.turns.find(&query).await?.items {
                if let Some(turn) = turns.remove(&known.record.id()) {
                    woken.extend(self.wake_turn(state, turn, Some(known)).await?);
                }
            }
        }
        for turn in turns.into_values() {
            woken.extend(self.wake_turn(state, turn, None).await?);
        }
        Ok(woken)
    }

    /// Lets a turn wait, which is made where there is none; gives it where it did not wait before.
    /// `known` is the turn as it was read after there was work in it.
    pub(super) async fn wake_turn(
        &self,
        state: &ServiceState,
        turn: Turn,
        mut known: Option<Versioned<Turn>>,
    ) -> Result<Option<Versioned<Turn>>, Failure> {
        let id = turn.id();
        lock(&state.seen).wakes(&id, turn.lane);
        for _ in 0..ROUNDS {
            let found = match known.take() {
                Some(known) => Some(known),
                None => self.shared.turns.get(&id).await?,
            };
            let (woken, written) = match found {
                Some(found) if found.record.state == TurnState::Waiting => return Ok(None),
                Some(Versioned { record, revision }) => {
                    let woken = record.woken();
                    let written = self.shared.turns.replace(&woken, revision).await;
                    (woken, written)
                }
                None => {
                    let woken = turn.clone().woken();
                    let written = self.shared.turns.insert(&woken).await;
                    (woken, written)
                }
            };
            match written {
                Ok(revision) => return Ok(Some(Versioned { record: woken, revision })),
                // Another replica was first, to wake it or to let it rest.
                Err(StoreError::Conflict { .. } | StoreError::NotFound { .. } | StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::conflict(Turn::SPEC.name, &id).into())
    }

    /// Lets the turns of tenants wait that were at their limit before some of their grants were
    /// released, and are not now. The release is written already.
    pub(super) async fn wake_tenants(
        &self,
        service: Service,
        state: &ServiceState,
        freed: Vec<Freed>,
    ) -> Result<(), Failure> {
        for Freed { tenant, before, after } in freed {
            let limit = self.limit_of(&tenant).await?;
            if limit.is_none_or(|limit| before < limit || after >= limit) {
                continue;
            }
            for lane in Lane::ALL {
                // Of the ids that begin with this, `/` being followed by `0`.
                let from = Turn::prefix(service, lane, &tenant);
                let to = format!("{}0", from.trim_end_matches('/'));
                let query = Query::new().filter(ID, Op::Gte, from).filter(ID, Op::Lt, to);
                let exhausted = query.eq("state", TurnState::Exhausted.as_str());
                for known in self.shared.turns.find(&exhausted).await?.items {
                    self.wake_turn(state, known.record.clone(), Some(known)).await?;
                    state.wake.notify_one();
                }
            }
        }
        Ok(())
    }

    /// Takes turns in which a pass found no step to grant from the front of their lanes, and looks
    /// once more at each.
    pub(super) async fn exhaust(&self, state: &ServiceState, turns: Vec<Versioned<Turn>>) -> Result<(), Failure> {
        if turns.is_empty() {
            return Ok(());
        }
        let exhausted: Vec<Versioned<Turn>> = futures::stream::iter(turns)
            .map(|Versioned { record, revision }| async move { self.write_turn(record.exhausted(), revision).await })
            .buffer_unordered(WRITTEN_AT_ONCE)
            .try_filter_map(|written| std::future::ready(Ok(written)))
            .try_collect()
            .await?;
        let slots = state.ledger.read().await?.record;
        for turn in exhausted {
            if self.has_steps(&slots, &turn.record).await? {
                self.wake_turn(state, turn.record.clone(), Some(turn)).await?;
                state.wake.notify_one();
            }
        }
        Ok(())
    }

    /// Writes a turn over that of `revision`; none where another replica was first, and knows
    /// better.
    pub(super) async fn write_turn(
        &self,
        record: Turn,
        revision: Revision,
    ) -> Result<Option<Versioned<Turn>>, Failure> {
        match self.shared.turns.replace(&record, revision).await {
            Ok(revision) => Ok(Some(Versioned { record, revision })),
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a step of a turn can be granted: one of its narrations wants one that is not, and
    /// its tenant is below its limit.
    pub(super) async fn has_steps(&self, slots: &Slots, turn: &Turn) -> Result<bool, Failure> {
        let granted = slots.of(&turn.tenant);
        if self.limit_of(&turn.tenant).await?.is_none_or(|limit| granted >= limit) {
            return Ok(false);
        }
        // Each narration whose steps are all granted has a grant.
        let query = oldest_narrations(turn.service, &turn.id(), granted + 1);
        let found = self.shared.narrations.find(&query).await?.items;
        let steps = found.iter().flat_map(|narration| wanted(&narration.record, self.shared.window));
        Ok(steps.filter(|step| step.kind.service() == turn.service).any(|step| !slots.granted(&step)))
    }

    /// Whether a narration waits in a turn, with steps that are granted or not.
    pub(super) async fn has_narrations(&self, turn: &Turn) -> Result<bool, Failure> {
        let query = oldest_narrations(turn.service, &turn.id(), 1);
        Ok(!self.shared.narrations.find(&query).await?.items.is_empty())
    }

    /// Steps of a service that a tenant may be granted at once; none while it is suspended.
    pub(super) async fn limit_of(&self, tenant: &TenantId) -> Result<Option<usize>, Failure> {
        let Some(limits) = self.shared.tenants.working(tenant).await? else { return Ok(None) };
        let own = limits.concurrent_steps.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Ok(Some(own.unwrap_or(self.shared.options.per_tenant)))
    }

    /// Notes when turns were served. Only their order depends on it, so what fails is not tried
    /// again.
    pub(super) async fn note_served(&self, turns: &BTreeMap<String, u64>) {
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

/// A tenant of which grants were released.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Freed {
    tenant: TenantId,
    /// Its grants before.
    before: usize,
    /// Its grants now.
    after: usize,
}

/// The tenants that have fewer grants now than before.
pub(super) fn freed(before: &Slots, after: &Slots) -> Vec<Freed> {
    let now = after.by_tenant();
    let tenants = before.by_tenant().into_iter().map(|(tenant, before)| {
        let after = now.get(tenant).copied().unwrap_or(0);
        Freed { tenant: tenant.clone(), before, after }
    });
    tenants.filter(|freed| freed.after < freed.before).collect()
}
