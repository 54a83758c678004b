//! Counters of a worker, for metrics.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lectern_core::Reason;

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
    /// out of order. Or its step waits for a budget.
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

    /// Whether the delivery ended otherwise than it should, and not because somebody else does the
    /// step or nobody wants it.
    #[must_use]
    pub const fn went_wrong(self) -> bool {
        match self {
            Self::Retried | Self::Failed | Self::Dead | Self::Lost | Self::Interrupted => true,
            Self::Done | Self::Repeated | Self::Cancelled | Self::GivenBack | Self::Deferred | Self::LeftToNewer => {
                false
            }
        }
    }

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
#[derive(Default)]
pub struct WorkerStats {
    running: AtomicU64,
    ended: [AtomicU64; DeliveryOutcome::COUNT],
    redelivered: AtomicU64,
    leases_lost: AtomicU64,
    told: OnceLock<Box<dyn Fn(Reason) + Send + Sync>>,
}

impl fmt::Debug for WorkerStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerStats")
            .field("running", &self.running)
            .field("ended", &self.ended)
            .field("redelivered", &self.redelivered)
            .field("leases_lost", &self.leases_lost)
            .finish_non_exhaustive()
    }
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

    /// Deliveries of commands that were delivered before, to whomever.
    #[must_use]
    pub fn redelivered(&self) -> u64 {
        self.redelivered.load(Ordering::Relaxed)
    }

    /// Leases that somebody else took, or that were void, before their step was let go. Each of
    /// them counts once.
    #[must_use]
    pub fn leases_lost(&self) -> u64 {
        self.leases_lost.load(Ordering::Relaxed)
    }

    /// Has `tell` called with the reason of each dead letter that is stored from now on. Whoever
    /// asks for it first is told, and nobody else.
    pub fn tell_dead_letters(&self, tell: impl Fn(Reason) + Send + Sync + 'static) {
        let _ = self.told.set(Box::new(tell));
    }

    /// Counts a delivery, the so manieth of its command, as at work until what is returned is
    /// dropped.
    pub(super) fn begin(&self, deliveries: u64) -> Begun<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        if deliveries > 1 {
            self.redelivered.fetch_add(1, Ordering::Relaxed);
        }
        Begun(self)
    }

    pub(super) fn note_lost(&self) {
        self.leases_lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_dead_letter(&self, reason: Reason) {
        if let Some(tell) = self.told.get() {
            tell(reason);
        }
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
