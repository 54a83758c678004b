//! Exponential backoff with full jitter: a delay drawn evenly from zero to a bound that doubles
//! (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use std::time::Duration;

use crate::random::Random;

/// How delays grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The bound of the first delay.
    pub base: Duration,
    /// No bound is larger.
    pub cap: Duration,
}

impl Backoff {
    /// The bound for `attempt`, counted from 1.
    #[must_use]
    pub fn bound(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// A delay before the try that follows `attempt`, counted from 1.
    pub fn delay(&self, attempt: u32, random: &dyn Random) -> Duration {
        let bound = u64::try_from(self.bound(attempt).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.below(bound.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn delays_stay_under_a_bound_that_doubles_to_the_cap() {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) };
        let random = SeededRandom::new(7);
        for attempt in 1..40 {
            assert!(backoff.delay(attempt, &random) <= backoff.bound(attempt));
        }
        assert_eq!(backoff.bound(1), Duration::from_secs(1));
        assert_eq!(backoff.bound(4), Duration::from_secs(8));
        assert_eq!(backoff.bound(99), Duration::from_secs(30));
    }
}
