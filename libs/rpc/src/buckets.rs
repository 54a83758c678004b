//! Token buckets: so many of something a second on average, and so many at once after a pause.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Timestamp};
use parking_lot::Mutex;

/// So many at once after a pause, and so many a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: u32,
}

impl Rate {
    fn most(self) -> f64 {
        f64::from(self.burst)
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
    /// The rate of whoever last took from it.
    rate: Rate,
}

impl Bucket {
    fn refilled(self, now: Timestamp) -> Self {
        let gained = now.since(self.at).as_secs_f64() * self.rate.per_second;
        Self { tokens: (self.tokens + gained).min(self.rate.most()), at: now.max(self.at), rate: self.rate }
    }

    fn wait(&self) -> Duration {
        Duration::try_from_secs_f64((1.0 - self.tokens) / self.rate.per_second).unwrap_or(Duration::MAX)
    }
}

/// A token bucket for everybody, who have the same rate unless they bring their own.
pub(crate) struct Buckets<K> {
    rate: Rate,
    remembered: usize,
    clock: Arc<dyn Clock>,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K> fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    pub(crate) fn new(per_second: f64, burst: u32, remembered: usize, clock: Arc<dyn Clock>) -> Self {
        Self { rate: Rate { per_second, burst }, remembered, clock, buckets: Mutex::default() }
    }

    /// The rate of those who bring none.
    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts one of `whose`.
    ///
    /// # Errors
    /// How long to wait where there are none left.
    pub(crate) fn take(&self, whose: &K) -> Result<(), Duration> {
        self.take_at(whose, self.rate)
    }

    /// Counts one of `whose`, who has this rate.
    ///
    /// # Errors
    /// How long to wait where there are none left.
    pub(crate) fn take_at(&self, whose: &K, rate: Rate) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut buckets = self.buckets.lock();
        if buckets.len() >= self.remembered && !buckets.contains_key(whose) {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(whose.clone()).or_insert(Bucket { tokens: rate.most(), at: now, rate });
        bucket.rate = rate;
        *bucket = bucket.refilled(now);
        if bucket.tokens < 1.0 {
            return Err(bucket.wait());
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// How many `whose` are left, where fewer are than a full bucket holds; counts nothing.
    pub(crate) fn left(&self, whose: &K) -> Option<usize> {
        let bucket = self.buckets.lock().get(whose)?.refilled(self.clock.now());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a u32")]
        (bucket.tokens < bucket.rate.most()).then_some(bucket.tokens as usize)
    }

    /// How long `whose` next one has to wait; counts nothing.
    pub(crate) fn exhausted(&self, whose: &K) -> Option<Duration> {
        let bucket = self.buckets.lock().get(whose)?.refilled(self.clock.now());
        (bucket.tokens < 1.0).then(|| bucket.wait())
    }

    /// Drops full buckets, which say nothing that a new one does not; if there are none, the tenth
    /// idle longest.
    fn forget(&self, buckets: &mut HashMap<K, Bucket>, now: Timestamp) {
        buckets.retain(|_, bucket| bucket.refilled(now).tokens < bucket.rate.most());
        if buckets.len() >= self.remembered {
            let mut times: Vec<Timestamp> = buckets.values().map(|bucket| bucket.at).collect();
            times.sort_unstable();
            let oldest = times.get(times.len() / 10).copied().unwrap_or(now);
            let mut excess = times.len() / 10 + 1;
            buckets.retain(|_, bucket| {
                let goes = excess > 0 && bucket.at <= oldest;
                excess -= usize::from(goes);
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;
    use lectern_core::id::TenantId;

    use super::*;

    fn buckets(burst: u32, remembered: usize) -> (Buckets<TenantId>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        (Buckets::new(10.0, burst, remembered, Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn a_tenant_gets_its_burst_and_then_its_rate() {
        let (buckets, clock) = buckets(3, 10);
        let (one, two): (TenantId, TenantId) = ("one".parse().unwrap(), "two".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(buckets.exhausted(&one), None);
            assert_eq!(buckets.take(&one), Ok(()));
        }
        assert_eq!(buckets.take(&one), Err(Duration::from_millis(100)));
        assert_eq!(buckets.exhausted(&one), Some(Duration::from_millis(100)));
        assert_eq!(buckets.take(&two), Ok(()), "others are not held up");
        clock.advance(Duration::from_millis(100));
        assert_eq!(buckets.take(&one), Ok(()));
        assert!(buckets.take(&one).is_err());
        clock.advance(Duration::from_secs(3600));
        assert_eq!((0..9).filter(|_| buckets.take(&one).is_ok()).count(), 3, "a pause gives no more than the burst");
    }

    #[test]
    fn a_change_of_a_rate_holds_from_the_next_request() {
        let (buckets, clock) = buckets(3, 10);
        let one: TenantId = "one".parse().unwrap();
        let (fast, slow) = (Rate { per_second: 100.0, burst: 5 }, Rate { per_second: 1.0, burst: 1 });
        assert_eq!((0..9).filter(|_| buckets.take_at(&one, fast).is_ok()).count(), 5, "its own burst");
        assert_eq!(buckets.take_at(&one, fast), Err(Duration::from_millis(10)));
        assert_eq!(buckets.take_at(&one, slow), Err(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(3600));
        assert_eq!((0..9).filter(|_| buckets.take_at(&one, slow).is_ok()).count(), 1);
    }

    #[test]
    fn no_more_tenants_are_remembered_than_allowed() {
        let (buckets, clock) = buckets(100, 20);
        for i in 0..1_000 {
            clock.advance(Duration::from_millis(1));
            buckets.take(&format!("t{i}").parse().unwrap()).unwrap();
            assert!(buckets.buckets.lock().len() <= 20);
        }
    }
}
