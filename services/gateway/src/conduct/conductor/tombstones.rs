//! How what is left of a deleted narration ends: with its tombstone go the plans, sections, tracks
//! and segments that no other narration of its scope uses. The scope is its document's and that of
//! all revisions of it, so the narrations are looked up by the scope and not by the document: a
//! segment that one revision spoke is in use for as long as a narration of any of them names it.
//!
//! What remains in use follows from the records of the others. Nothing forbids that one is ordered
//! while objects are deleted: stages make its steps wait, and ask once more before they delete
//! anything ([`lectern_stage::prune`]). Where something happened to any narration of the scope
//! between the two looks nothing is deleted, and the tombstone is due again later.

use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::NarrationId;
use lectern_core::{Failure, Timestamp};
use lectern_store::{Direction, Query, StoreError};
use tracing::{debug, info};

use super::Conductor;
use crate::conduct::prune::Look;
use crate::domain::{Narration, Transition};
use crate::stages::Still;

/// When a tombstone is due again whose scope is busy, or cannot be pruned.
const LATER: Duration = Duration::from_secs(60 * 60);
/// When it is due again where there is more to delete: steps that waited go first.
const SOON: Duration = Duration::from_secs(60);
/// Records read at once.
const READ: u32 = 200;

impl Conductor {
    /// Deletes what only narrations used that were deleted long ago, in whose scope `tombstone` is,
    /// then what is left of these. A request may be ordered anew at the same moment: then its
    /// tombstone stays. While another scope is pruned here nothing is done, and the reconciler
    /// comes back to it.
    pub(super) async fn end_tombstone(&self, tombstone: &Narration) -> Result<(), Failure> {
        let Ok(_alone) = self.pruning.try_lock() else { return Ok(()) };
        // It may have ended with that of another narration.
        if !self.is_over(&tombstone.id).await? {
            return Ok(());
        }
        let now = self.clock.now();
        let first = self.look(tombstone, now).await?;
        if first.busy {
            debug!(scope = %tombstone.scope, "a narration goes on, its scope is pruned later");
            return self.postpone(&tombstone.id, LATER).await;
        }
        let again = Again { conductor: self, tombstone, first: &first, now };
        let pruned = self.stages.prune(&tombstone.tenant, &tombstone.scope, &first.in_use, &again).await;
        let swept = match pruned {
            Ok(swept) => swept,
            Err(failure) => {
                // What waiting alone does not mend is told of once an hour.
                if !failure.kind.retryable() {
                    self.postpone(&tombstone.id, LATER).await?;
                }
                return Err(failure);
            }
        };
        if swept.deleted > 0 {
            let (scope, deleted) = (&tombstone.scope, swept.deleted);
            info!(%scope, deleted, "objects deleted that only deleted narrations used");
        }
        if swept.left {
            let by = if swept.deleted > 0 { SOON } else { LATER };
            return self.postpone(&tombstone.id, by).await;
        }
        for id in &first.over {
            self.delete_tombstone(id).await?;
        }
        Ok(())
    }

    /// Looks at all narrations in the scope of `tombstone`, as they are to be kept at `now`.
    async fn look(&self, tombstone: &Narration, now: Timestamp) -> Result<Look, Failure> {
        let mut look = Look::default();
        let mut query = Query::new()
            .eq("tenant", tombstone.tenant.as_str())
            .eq("scope", tombstone.scope.as_str())
            .order("created", Direction::Desc)
            .limit(READ);
        loop {
            let page = self.narrations.find(&query).await?;
            for narration in &page.items {
                look.add(&narration.record, &self.dispatcher.keys(&narration.record), self.tombstones_kept, now);
                // A thousand keys take a millisecond.
                tokio::task::yield_now().await;
            }
            if page.left_out > 0 {
                look.add_unreadable();
            }
            let Some(next) = page.next.filter(|_| !look.busy) else { return Ok(look) };
            query = query.after(next);
        }
    }

    /// Has the reconciler come back to a tombstone.
    async fn postpone(&self, id: &NarrationId, by: Duration) -> Result<(), Failure> {
        let postpone = |narration: &mut Narration, now: Timestamp| {
            if !narration.over(self.tombstones_kept, now) {
                return Transition::Unchanged;
            }
            narration.due_at = Some(now.plus(by));
            Transition::Changed
        };
        self.write(id, None, postpone).await.map(drop)
    }

    async fn is_over(&self, id: &NarrationId) -> Result<bool, Failure> {
        let known = self.narrations.get(id.as_str()).await?;
        Ok(known.is_some_and(|known| known.record.over(self.tombstones_kept, self.clock.now())))
    }

    /// Deletes a tombstone that was kept for long enough. The reconciler may move it, or an order
    /// take its place, just then: then it stays, and the reconciler comes back to it.
    async fn delete_tombstone(&self, id: &NarrationId) -> Result<(), Failure> {
        let Some(known) = self.narrations.get(id.as_str()).await? else { return Ok(()) };
        if !known.record.over(self.tombstones_kept, self.clock.now()) {
            return Ok(());
        }
        match self.narrations.delete(id.as_str(), Some(known.revision)).await {
            Ok(_) => debug!(narration = %id, "what was left of a deleted narration is deleted"),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Looks once more. At the moment of the first look, so that no tombstone has ended since.
struct Again<'a> {
    conductor: &'a Conductor,
    tombstone: &'a Narration,
    first: &'a Look,
    now: Timestamp,
}

#[async_trait]
impl Still for Again<'_> {
    async fn still(&self) -> Result<bool, Failure> {
        Ok(self.conductor.look(self.tombstone, self.now).await?.same(self.first))
    }
}

#[cfg(test)]
mod tests;
