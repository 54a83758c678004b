//! What a claim gives, and what a lease is good for.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Timestamp};
use lectern_store::{StoreError, Versioned};
use parking_lot::Mutex;

use super::record::{EndState, Ending, StepRecord};
use super::runs::Over;

/// The rules of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepsOptions {
    /// Names the start of this process; leases of other boots are void in embedded mode.
    pub boot: String,
    /// How long a lease lasts after a claim or an extension.
    pub lease: Duration,
    /// How much later it may be taken over, as clocks differ, and how long a holder has to extend
    /// a lease that was found to have run out.
    pub skew: Duration,
    /// How many crashes a step may cause while it runs alone.
    pub max_crashes: u32,
}

impl StepsOptions {
    /// The rules of production, for a process that started as `boot`.
    #[must_use]
    pub fn new(boot: impl Into<String>) -> Self {
        Self { boot: boot.into(), lease: Duration::from_secs(15), skew: Duration::from_secs(5), max_crashes: 3 }
    }
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The step is the claimer's to do.
    Claimed(Lease),
    /// The step crashed too often. It is the claimer's not to do but to end, by letting it go
    /// with [`Ending::dead`].
    Poisoned(Lease),
    /// It is done; its event is to be published again.
    Done(Ending),
    /// It failed for good; its event is to be published again.
    Failed(Ending),
    /// It is dead; its event is to be published again.
    Dead(Ending),
    /// Its narration's run was cancelled.
    Cancelled,
    /// A later run of its narration has begun.
    Superseded,
    /// Somebody works on it; whether that is still so is to be asked again after this time.
    LeasedElsewhere {
        /// Until the lease runs out, or until it may be taken over.
        for_: Duration,
    },
    /// It is to be tried again, after this time.
    Waiting {
        /// Until it may be claimed.
        for_: Duration,
        /// How many leases of it were lost.
        crashes: u32,
    },
}

/// The right to work on a step, and to end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The step.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// Larger than that of every claim before.
    pub fence: u64,
    /// Who claimed it.
    pub holder: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many leases of the step were lost.
    pub crashes: u32,
    /// Whether it must run alone in its process, because it may have crashed one.
    pub alone: bool,
    /// Since when the step is left to replicas that have the version which it is pinned to.
    pub left_since: Option<Timestamp>,
    pub(super) known: Known,
}

/// A step's record as the holder of its lease last wrote it, so that the next write need not read
/// it first. Clones of a lease share it.
#[derive(Debug, Clone)]
pub(super) struct Known(Arc<Mutex<Versioned<StepRecord>>>);

impl Known {
    pub(super) fn new(record: Versioned<StepRecord>) -> Self {
        Self(Arc::new(Mutex::new(record)))
    }

    pub(super) fn get(&self) -> Versioned<StepRecord> {
        self.0.lock().clone()
    }

    pub(super) fn set(&self, record: Versioned<StepRecord>) {
        *self.0.lock() = record;
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Known {}

/// A lease that was extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extended {
    /// Until when it lasts now.
    pub until: Timestamp,
    /// Whether the work is no longer wanted: the run was cancelled, or a later one has begun.
    pub cancelled: bool,
}

/// Why a call on a lease did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The lease is somebody else's now, or the step has ended: discard the work; send no ack, nak
    /// or term.
    #[error("the lease of {0} is lost; discard the work")]
    Lost(StepId),
    /// The store failed; the lease may still be held.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<StoreError> for LeaseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Ending> for Claim {
    fn from(ending: Ending) -> Self {
        match ending.state {
            EndState::Done => Self::Done(ending),
            EndState::Failed => Self::Failed(ending),
            EndState::Dead => Self::Dead(ending),
        }
    }
}

impl From<Over> for Claim {
    fn from(over: Over) -> Self {
        match over {
            Over::Cancelled => Self::Cancelled,
            Over::Superseded => Self::Superseded,
        }
    }
}
