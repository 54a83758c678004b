//! Which runs of a narration are over.

use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_store::{Change, CollectionSpec, Cursor, Direction, Index, Op, Page, Query, Record, StoreError, Versioned};
use serde::{Deserialize, Serialize};

use super::{Claim, PAGE, Steps};

/// Runs are counted from 1. That a step of the first one was claimed need not be noted: nothing
/// comes before it.
const FIRST_RUN: u32 = 1;

/// What a stage knows of a narration: which of its runs are over, so that a late command does not
/// begin what nobody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsRecord {
    /// The narration.
    pub narration: NarrationId,
    /// The latest run of which a step was claimed; earlier runs are over. The first need not be
    /// noted: 0 for it, and for none.
    pub latest: u32,
    /// Runs up to this one are cancelled; 0 for none.
    pub cancelled: u32,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Record for RunsRecord {
    const SPEC: CollectionSpec =
        CollectionSpec::new("step_runs", &[Index::new("by_updated", &["updated"])]).dates(&["updated"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.narration.to_string()
    }
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Cancelled,
    Superseded,
}

impl RunsRecord {
    /// Whether `run` is over, and why.
    pub(super) const fn over(&self, run: u32) -> Option<Over> {
        if run <= self.cancelled {
            Some(Over::Cancelled)
        } else if run < self.latest {
            Some(Over::Superseded)
        } else {
            None
        }
    }

    /// Whether `run` is over: cancelled, or followed by a later one.
    #[must_use]
    pub const fn is_over(&self, run: u32) -> bool {
        self.over(run).is_some()
    }

    pub(super) const fn new(narration: NarrationId, now: Timestamp) -> Self {
        Self { narration, latest: 0, cancelled: 0, updated: now }
    }
}

impl Steps {
    /// Whether a step's work is still wanted: its run was not cancelled and no later one has begun.
    pub(super) async fn wanted(&self, step: &StepId) -> Result<bool, Failure> {
        Ok(self.runs(&step.narration).await?.is_none_or(|runs| !runs.is_over(step.run)))
    }

    /// Which runs of a narration are over, as far as it was written. One read by key.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn runs(&self, narration: &NarrationId) -> Result<Option<RunsRecord>, Failure> {
        let began = self.clock.now();
        let runs = self.runs.get(narration.as_str()).await.map_err(Failure::from);
        self.note(began, runs.as_ref().err());
        Ok(runs?.map(|Versioned { record, .. }| record))
    }

    /// Which runs of all narrations are over, where that was written at `since` or later, the
    /// oldest first; at most [`lectern_store::MAX_LIMIT`] at a time, after the last one seen.
    /// Clocks of processes differ, and a write may take a while, so ask for some time more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn runs_since(&self, since: Timestamp, after: Option<Cursor>) -> Result<Page<RunsRecord>, Failure> {
        let began = self.clock.now();
        let query = Query::new()
            .filter("updated", Op::Gte, since.millis())
            .order("updated", Direction::Asc)
            .limit(PAGE)
            .after(after);
        let page = self.runs.find(&query).await.map_err(Failure::from);
        self.note(began, page.as_ref().err());
        page
    }

    /// Cancels the runs of a narration up to `run`: claims are refused, and holders learn by their
    /// next [`Steps::extend`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn cancel(&self, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        self.mark(narration, |runs| {
            let changed = runs.cancelled < run;
            runs.cancelled = runs.cancelled.max(run);
            changed
        })
        .await
    }

    /// Whether a step may be begun: notes its run, if not the first, as the latest. `Some` when its
    /// run is over.
    pub(super) async fn admit(&self, step: &StepId) -> Result<Option<Claim>, Failure> {
        match self.runs.get(step.narration.as_str()).await? {
            Some(Versioned { record: runs, .. }) => {
                if let Some(over) = runs.over(step.run) {
                    return Ok(Some(over.into()));
                }
                if runs.latest == step.run {
                    return Ok(None);
                }
            }
            None if step.run <= FIRST_RUN => return Ok(None),
            None => {}
        }
        let mut over = None;
        self.mark(&step.narration, |runs| {
            over = runs.over(step.run);
            let changed = over.is_none() && runs.latest < step.run;
            if changed {
                runs.latest = step.run;
            }
            changed
        })
        .await?;
        Ok(over.map(Claim::from))
    }

    /// Changes what is known of a narration's runs, from nothing if need be. `change` says whether
    /// to write.
    async fn mark<F>(&self, narration: &NarrationId, mut change: F) -> Result<(), Failure>
    where
        F: FnMut(&mut RunsRecord) -> bool + Send,
    {
        let now = self.clock.now();
        let mut change = |runs: &mut RunsRecord| {
            if !change(runs) {
                return Change::Skip;
            }
            runs.updated = now;
            Change::Write
        };
        if self.runs.get(narration.as_str()).await?.is_none() {
            let mut runs = RunsRecord::new(narration.clone(), now);
            change(&mut runs);
            match self.runs.insert(&runs).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.runs.update(narration.as_str(), |runs| Ok(change(runs))).await.map(|_| ())
    }
}
