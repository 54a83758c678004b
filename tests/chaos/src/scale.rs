//! How much of everything: a night's run, or the few minutes that every change affords.

use std::time::Duration;

/// The size of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Whether it is the short one.
    pub quick: bool,
    /// Narrations of each group, at least.
    pub narrations: usize,
    /// Narrations in flight at once.
    pub in_flight: usize,
    /// Between two orders, at least.
    pub pace: Duration,
    /// Groups at once.
    pub jobs: usize,
}

/// How long narrations may take to go on after a fault's end.
pub const RECOVERY: Duration = Duration::from_secs(60);
/// How long a group may take in all.
pub const GROUP: Duration = Duration::from_secs(20 * 60);
/// How long the last narrations may take when all faults are over.
pub const DRAIN: Duration = Duration::from_secs(180);

impl Scale {
    /// The full or the short run.
    #[must_use]
    pub const fn new(quick: bool) -> Self {
        if quick {
            Self { quick, narrations: 24, in_flight: 6, pace: Duration::from_millis(1_200), jobs: 3 }
        } else {
            Self { quick, narrations: 300, in_flight: 10, pace: Duration::from_millis(700), jobs: 2 }
        }
    }

    /// Seconds of a fault in this run: the first of the two in a short one.
    #[must_use]
    pub const fn seconds(&self, quick: u64, full: u64) -> Duration {
        Duration::from_secs(if self.quick { quick } else { full })
    }
}
