//! Counters of a worker, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// How the deliveries of a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The handler's result was committed.
    Done,
    /// The step had ended before; its event was published again.
    Repeated,
    /// An attempt failed and is made again.
    Retried,
    /// The step failed for good.
    Failed,
    /// The step crashed too often.
    Dead,
    /// Nobody wants the step any more.
    Cancelled,
    /// The lease was lost and the work discarded.
    Lost,
    /// The step was given back by a drain or to run alone later.
    GivenBack,
    /// The command was handed back unclaimed: leased elsewhere, not due, or of an engine that is
    /// out of order.
    Deferred,
    /// The command is of a newer version, or the step is pinned to another one, and was left to a
    /// replica of that.
    LeftToNewer,
    /// Store or queue failed on the way; the command comes again.
    Interrupted,
}

impl DeliveryOutcome {
    const COUNT: usize = Self::ALL.len();

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::Repeated,
        Self::Retried,
        Self::Failed,
        Self::Dead,
        Self::Cancelled,
        Self::Lost,
        Self::GivenBack,
        Self::Deferred,
        Self::LeftToNewer,
        Self::Interrupted,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeated => "repeated",
            Self::Retried => "retried",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::GivenBack => "given_back",
            Self::Deferred => "deferred",
            Self::LeftToNewer => "left_to_newer",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Counters of a worker since it was made.
#[derive(Debug, Default)]
pub struct WorkerStats {
    running: AtomicU64,
    ended: [AtomicU64; DeliveryOutcome::COUNT],
}

impl WorkerStats {
    /// Deliveries at work now.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Deliveries that ended so.
    #[must_use]
    pub fn ended(&self, outcome: DeliveryOutcome) -> u64 {
        self.ended[outcome as usize].load(Ordering::Relaxed)
    }

    /// Counts a delivery as at work until what is returned is dropped.
    pub(super) fn begin(&self) -> Begun<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Begun(self)
    }
}

/// A delivery at work; also one that panics ends with it.
#[derive(Debug)]
pub(super) struct Begun<'a>(&'a WorkerStats);

impl Begun<'_> {
    pub(super) fn end(self, outcome: DeliveryOutcome) {
        self.0.ended[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
