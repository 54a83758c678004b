//! How often a cache had what was looked for.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts lookups in a cache, for metrics.
#[derive(Debug, Default)]
pub struct Lookups {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Lookups {
    /// Counts a lookup that found something, or nothing.
    pub fn note(&self, found: bool) {
        let count = if found { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Lookups that found something.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Lookups that found nothing.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_and_misses_are_counted_apart() {
        let lookups = Lookups::default();
        [true, false, true].into_iter().for_each(|found| lookups.note(found));
        assert_eq!((lookups.hits(), lookups.misses()), (2, 1));
    }
}
