//! Dead letters: what operators may do with the commands of steps that failed for good.

use std::sync::Arc;

use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_core::{Clock, Failure, Kind, Timestamp};
use lectern_queue::{DeadLetter, Queue};
use tracing::info;

use crate::orders::Orders;

/// Letters read at once.
const PAGE: usize = 100;
/// Letters looked at for one page of a list, however few meet the filter.
const LOOKED_AT: usize = 2_000;

/// Which letters are meant; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this stage service.
    pub stage: Option<Service>,
    /// With this reason.
    pub reason: Option<String>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this narration.
    pub narration: Option<NarrationId>,
    /// Buried up to this time.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn meets(&self, letter: &DeadLetter) -> bool {
        self.stage.is_none_or(|stage| letter.step.kind.service() == stage)
            && self.reason.as_deref().is_none_or(|reason| letter.failure.reason.as_str() == reason)
            && self.tenant.as_ref().is_none_or(|tenant| tenant_of(letter) == Some(tenant))
            && self.narration.as_ref().is_none_or(|narration| letter.step.narration == *narration)
            && self.until.is_none_or(|until| letter.at <= until)
    }
}

/// Whose a letter is; none where its command could not be read and so did not say.
#[must_use]
pub fn tenant_of(letter: &DeadLetter) -> Option<&TenantId> {
    Some(&letter.tenant).filter(|tenant| **tenant != TenantId::nobody())
}

/// What became of a letter that was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// Its narration goes on in a new run.
    Replayed,
    /// Its narration does not wait for it.
    NotNeeded,
    /// Its narration could not be retried.
    Refused(Failure),
}

/// The dead letters of the installation.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    queue: Arc<dyn Queue>,
    orders: Orders,
    clock: Arc<dyn Clock>,
}

impl DeadLetters {
    /// The letters in `queue`; narrations go on through `orders`.
    #[must_use]
    pub const fn new(queue: Arc<dyn Queue>, orders: Orders, clock: Arc<dyn Clock>) -> Self {
        Self { queue, orders, clock }
    }

    /// The same filter for letters that are there now: those that are buried while they are worked
    /// through are left out.
    #[must_use]
    pub fn up_to_now(&self, filter: Filter) -> Filter {
        Filter { until: Some(self.clock.now()), ..filter }
    }

    /// Letters that meet `filter`, the oldest first, from `from` on (0, or where the page before
    /// ended), and where the next page starts. The page may be short although there are more.
    ///
    /// # Errors
    /// `QUEUE_UNAVAILABLE`.
    pub async fn list(
        &self,
        filter: &Filter,
        from: u64,
        most: usize,
    ) -> Result<(Vec<DeadLetter>, Option<u64>), Failure> {
        let mut found = Vec::new();
        let (mut from, mut looked_at) = (from, 0);
        loop {
            let page = self.queue.dead_letters(filter.stage, from, (most - found.len()).min(PAGE)).await?;
            looked_at += page.dead_letters.len();
            found.extend(page.dead_letters.into_iter().filter(|letter| filter.meets(letter)));
            match page.next {
                Some(next) if found.len() < most && looked_at < LOOKED_AT => from = next,
                next => return Ok((found, next)),
            }
        }
    }

    /// The letter of a step.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `QUEUE_UNAVAILABLE`.
    pub async fn get(&self, step: &StepId) -> Result<DeadLetter, Failure> {
        let letter = self.queue.dead_letter(step).await?;
        letter.ok_or_else(|| Failure::not_found(lectern_proto::names::of_dead_letter(step)))
    }

    /// Lets the narration of a letter go on, and discards the letter. A letter that dies again
    /// under the new run is another.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `QUEUE_UNAVAILABLE`; safe to repeat.
    pub async fn replay(&self, step: &StepId) -> Result<Replayed, Failure> {
        let outcome = match self.orders.retry_run(&step.narration, step.run).await {
            Ok(true) => Replayed::Replayed,
            Ok(false) => Replayed::NotNeeded,
            Err(failure) if failure.kind == Kind::Unavailable => return Err(failure),
            Err(failure) => return Ok(Replayed::Refused(failure)),
        };
        self.queue.discard(step).await?;
        info!(%step, ?outcome, "dead letter replayed");
        Ok(outcome)
    }

    /// Deletes a letter.
    ///
    /// # Errors
    /// `QUEUE_UNAVAILABLE`.
    pub async fn discard(&self, step: &StepId) -> Result<(), Failure> {
        self.queue.discard(step).await?;
        info!(%step, "dead letter discarded");
        Ok(())
    }
}
