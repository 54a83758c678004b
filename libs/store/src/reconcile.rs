//! The reconciler: finds records that are due, moves their `due_at`, and has them seen to: ended
//! when their time is over, else made to wait for what they want (invariant I1).
//!
//! Any number of replicas may run it: `due_at` is moved by compare-and-swap first, so one of them
//! sees to a record in a round. One that dies in between loses nothing but time, for the record
//! falls due again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lectern_core::{Clock, Failure, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::collection::{Collection, Envelope, Record, Versioned};
use crate::error::StoreError;
use crate::migrations::REPEATED_EVERY;
use crate::query::{Direction, Op, Query};

/// A record that wants attention at a time. A service that changes it sets [`Due::due_at`] to
/// [`ReconcilerOptions::first`] from now in the same write, or to `None` when nothing more is
/// wanted.
pub trait Due: Record {
    /// The path of the field that [`Due::due_at`] reads, in milliseconds; it must have an index.
    const DUE_FIELD: &'static str = "due_at";

    /// When it is due; `None` for never.
    fn due_at(&self) -> Option<Timestamp>;

    /// Moves it.
    fn set_due_at(&mut self, due_at: Option<Timestamp>);

    /// The longest time between two looks at this record; none for [`ReconcilerOptions::most`].
    fn longest(&self) -> Option<Duration> {
        None
    }
}

/// How often and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconcilerOptions {
    /// Between two looks.
    pub every: Duration,
    /// How far `due_at` is moved the first time after a change; it doubles each time.
    pub first: Duration,
    /// No move is longer.
    pub most: Duration,
    /// Most records of one query. A look goes on until none is due.
    pub batch: u32,
    /// Most records moved and published at the same time.
    pub parallel: usize,
}

impl Default for ReconcilerOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(2),
            first: Duration::from_secs(15),
            most: Duration::from_secs(60),
            batch: 100,
            parallel: 8,
        }
    }
}

impl ReconcilerOptions {
    /// How far `due_at` moves when it was moved `nudges` times since the last change.
    fn interval(&self, nudges: u32, longest: Option<Duration>) -> Duration {
        self.first.saturating_mul(1_u32.checked_shl(nudges).unwrap_or(u32::MAX)).min(longest.unwrap_or(self.most))
    }
}

/// What one look did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Records that were due.
    pub found: u32,
    /// Records moved by us and published.
    pub published: u32,
    /// Records that somebody else changed or moved first.
    pub lost: u32,
    /// Records whose move or publishing failed; they fall due again.
    pub failed: u32,
}

enum Outcome {
    Published,
    Lost,
    Failed,
}

/// The reconciler of one collection.
#[derive(Debug, Clone)]
pub struct Reconciler<T: Due> {
    collection: Collection<T>,
    clock: Arc<dyn Clock>,
    options: ReconcilerOptions,
}

impl<T: Due> Reconciler<T> {
    /// A reconciler of `collection` with the default options.
    pub fn new(collection: Collection<T>, clock: Arc<dyn Clock>) -> Self {
        Self::with_options(collection, clock, ReconcilerOptions::default())
    }

    /// A reconciler of `collection`.
    pub fn with_options(collection: Collection<T>, clock: Arc<dyn Clock>, options: ReconcilerOptions) -> Self {
        Self { collection, clock, options }
    }

    /// Looks at once and then at every interval until `stop`; a look under way ends after the
    /// records in hand. Failures are logged, and met by the next look.
    pub async fn run<F, P>(&self, publish: F, stop: CancellationToken)
    where
        F: Fn(Versioned<T>) -> P + Send + Sync,
        P: Future<Output = Result<(), Failure>> + Send,
    {
        // Side by side: a collection that takes long holds up nothing that is due.
        tokio::select! {
            biased;
            () = self.look_again_and_again(&publish, &stop) => {}
            () = self.bring_forward_again_and_again() => {}
        }
    }

    /// Brings forward what an older release wrote meanwhile, which is not found as due before;
    /// without end.
    async fn bring_forward_again_and_again(&self) {
        loop {
            tokio::time::sleep(REPEATED_EVERY).await;
            if let Err(error) = self.collection.bring_forward().await {
                tracing::warn!(collection = T::SPEC.name, %error, "could not bring records forward");
            }
        }
    }

    async fn look_again_and_again<F, P>(&self, publish: &F, stop: &CancellationToken)
    where
        F: Fn(Versioned<T>) -> P + Send + Sync,
        P: Future<Output = Result<(), Failure>> + Send,
    {
        let mut tick = tokio::time::interval(self.options.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            match self.look(publish, stop).await {
                Ok(look) if look.found > 0 => {
                    tracing::debug!(collection = T::SPEC.name, ?look, "reconciled");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(collection = T::SPEC.name, %error, "could not look for what is due"),
            }
        }
    }

    /// Looks once: until nothing is due, or nothing that is due can be moved.
    ///
    /// # Errors
    /// [`StoreError`] when the records cannot be found.
    pub async fn look<F, P>(&self, publish: &F, stop: &CancellationToken) -> Result<Look, StoreError>
    where
        F: Fn(Versioned<T>) -> P + Send + Sync,
        P: Future<Output = Result<(), Failure>> + Send,
    {
        let mut look = Look::default();
        let mut after = None;
        let now = self.clock.now();
        loop {
            // The cursor walks past records that could not be moved, so that they do not hide those
            // behind them.
            let query = Query::new()
                .filter(T::DUE_FIELD, Op::Lte, now.millis())
                .order(T::DUE_FIELD, Direction::Asc)
                .limit(self.options.batch)
                .after(after);
            let (items, next, _) = self.collection.find_enveloped(&query).await?;
            look.found += u32::try_from(items.len()).unwrap_or(u32::MAX);
            let mut outcomes = futures::stream::iter(items)
                .map(|(versioned, envelope)| self.nudge(versioned, envelope, publish))
                .buffer_unordered(self.options.parallel.max(1));
            while let Some(outcome) = outcomes.next().await {
                match outcome {
                    Outcome::Published => look.published += 1,
                    Outcome::Lost => look.lost += 1,
                    Outcome::Failed => look.failed += 1,
                }
            }
            drop(outcomes);
            after = next;
            if after.is_none() || stop.is_cancelled() {
                return Ok(look);
            }
        }
    }

    async fn nudge<F, P>(&self, due: Versioned<T>, envelope: Envelope, publish: &F) -> Outcome
    where
        F: Fn(Versioned<T>) -> P + Send + Sync,
        P: Future<Output = Result<(), Failure>> + Send,
    {
        let Versioned { mut record, revision } = due;
        let id = record.id();
        let interval = self.options.interval(envelope.nudges, record.longest());
        record.set_due_at(Some(self.clock.now().plus(interval)));
        let envelope = Envelope { nudges: envelope.nudges.saturating_add(1) };
        let revision = match self.collection.replace_enveloped(&record, revision, envelope).await {
            Ok(revision) => revision,
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => return Outcome::Lost,
            Err(error) => {
                tracing::warn!(id, %error, "could not move what is due");
                return Outcome::Failed;
            }
        };
        match publish(Versioned { record, revision }).await {
            Ok(()) => Outcome::Published,
            Err(failure) => {
                tracing::warn!(id, %failure, "could not publish what is wanted; it falls due again");
                Outcome::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests;
