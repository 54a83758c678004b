//! Misbehaviour on purpose, drawn from a seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lectern_core::Random;

/// How often the queue misbehaves, each in thousandths of the operations concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Published messages that are confirmed and then gone.
    pub lose: u16,
    /// Deliveries that are made again at once, while the first is still in flight.
    pub duplicate: u16,
    /// Deliveries that take any visible message in place of the oldest.
    pub reorder: u16,
    /// Published messages that become visible late.
    pub delay: u16,
    /// Acknowledgements, naks and progress that are confirmed and then gone.
    pub lose_acks: u16,
    /// The longest of those delays.
    pub longest_delay: Duration,
}

/// How many faults of each sort were injected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Lost messages.
    pub lost: u64,
    /// Deliveries made again at once.
    pub duplicated: u64,
    /// Deliveries out of order.
    pub reordered: u64,
    /// Messages that became visible late.
    pub delayed: u64,
    /// Lost acknowledgements.
    pub lost_acks: u64,
}

/// Draws whether a fault happens.
#[derive(Debug)]
pub struct Dice {
    faults: Faults,
    random: Option<Arc<dyn Random>>,
    healed: AtomicBool,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    lost: AtomicU64,
    duplicated: AtomicU64,
    reordered: AtomicU64,
    delayed: AtomicU64,
    lost_acks: AtomicU64,
}

impl Dice {
    /// No faults.
    pub fn fair() -> Self {
        Self { faults: Faults::default(), random: None, healed: AtomicBool::default(), counts: Counts::default() }
    }

    /// Faults as given.
    pub fn new(faults: Faults, random: Arc<dyn Random>) -> Self {
        Self { faults, random: Some(random), healed: AtomicBool::default(), counts: Counts::default() }
    }

    /// No faults from now on.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
    }

    pub fn counts(&self) -> FaultCounts {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        let Counts { lost, duplicated, reordered, delayed, lost_acks } = &self.counts;
        FaultCounts {
            lost: read(lost),
            duplicated: read(duplicated),
            reordered: read(reordered),
            delayed: read(delayed),
            lost_acks: read(lost_acks),
        }
    }

    fn happens(&self, thousandths: u16, count: &AtomicU64) -> bool {
        let drawn = |random: &Arc<dyn Random>| random.below(1000) < u64::from(thousandths);
        let happens = thousandths > 0 && !self.healed.load(Ordering::SeqCst) && self.random.as_ref().is_some_and(drawn);
        if happens {
            count.fetch_add(1, Ordering::SeqCst);
        }
        happens
    }

    pub fn loses(&self) -> bool {
        self.happens(self.faults.lose, &self.counts.lost)
    }

    pub fn loses_ack(&self) -> bool {
        self.happens(self.faults.lose_acks, &self.counts.lost_acks)
    }

    pub fn duplicates(&self) -> bool {
        self.happens(self.faults.duplicate, &self.counts.duplicated)
    }

    /// How late a message becomes visible.
    pub fn delay(&self) -> Duration {
        match &self.random {
            Some(random) if self.happens(self.faults.delay, &self.counts.delayed) => {
                let longest = u64::try_from(self.faults.longest_delay.as_millis()).unwrap_or(u64::MAX);
                Duration::from_millis(random.below(longest.saturating_add(1)))
            }
            Some(_) | None => Duration::ZERO,
        }
    }

    /// Which of `visible` messages, oldest first, is delivered.
    pub fn pick(&self, visible: usize) -> usize {
        match &self.random {
            Some(random) if self.happens(self.faults.reorder, &self.counts.reordered) => {
                usize::try_from(random.below(visible as u64)).unwrap_or_default()
            }
            Some(_) | None => 0,
        }
    }

    /// Whether [`Self::pick`] can ever give another than the oldest.
    pub fn reorders(&self) -> bool {
        self.faults.reorder > 0
    }
}
