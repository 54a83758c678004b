//! Misbehaviour on purpose, drawn from a seed.

use std::sync::Arc;
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

/// Draws whether a fault happens.
#[derive(Debug)]
pub struct Dice {
    faults: Faults,
    random: Option<Arc<dyn Random>>,
}

impl Dice {
    /// No faults.
    pub fn fair() -> Self {
        Self { faults: Faults::default(), random: None }
    }

    /// Faults as given.
    pub fn new(faults: Faults, random: Arc<dyn Random>) -> Self {
        Self { faults, random: Some(random) }
    }

    fn happens(&self, thousandths: u16) -> bool {
        thousandths > 0 && self.random.as_ref().is_some_and(|random| random.below(1000) < u64::from(thousandths))
    }

    pub fn loses(&self) -> bool {
        self.happens(self.faults.lose)
    }

    pub fn loses_ack(&self) -> bool {
        self.happens(self.faults.lose_acks)
    }

    pub fn duplicates(&self) -> bool {
        self.happens(self.faults.duplicate)
    }

    /// How late a message becomes visible.
    pub fn delay(&self) -> Duration {
        match &self.random {
            Some(random) if self.happens(self.faults.delay) => {
                let longest = u64::try_from(self.faults.longest_delay.as_millis()).unwrap_or(u64::MAX);
                Duration::from_millis(random.below(longest.saturating_add(1)))
            }
            Some(_) | None => Duration::ZERO,
        }
    }

    /// Which of `visible` messages, oldest first, is delivered.
    pub fn pick(&self, visible: usize) -> usize {
        match &self.random {
            Some(random) if self.happens(self.faults.reorder) => {
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
