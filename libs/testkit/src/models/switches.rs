//! Switches of faults: queued one after the other, or with a share of the calls.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// Faults of one kind, with those of them that every fake has, whatever its wire.
pub trait Fault: Copy + Ord + Debug + Send + Sync + 'static {
    /// It takes longer, by [`Faults::set_slowness`], and goes on as if nothing had been.
    const SLOW: Self;
    /// The request is accepted and never answered, until the client gives up.
    const HANG: Self;
    /// The connection ends without an answer.
    const DEAD: Self;
    /// 503 with a page of HTML, from what stands before the service.
    const PAGE: Self;
    /// It is answered later, by [`Faults::set_slowness`], and billed also if nobody waits.
    const LATE: Self;
    /// The answer is lost after the work.
    const LOST: Self;
    /// The connection breaks in the middle of the answer.
    const CUT: Self;
}

/// Switches for faults of one kind. Clones switch the same.
#[derive(Debug)]
pub struct Faults<F>(Arc<Mutex<Switches<F>>>);

impl<F> Clone for Faults<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Switches::default())))
    }
}

#[derive(Debug)]
struct Switches<F> {
    queue: VecDeque<F>,
    shares: BTreeMap<F, f64>,
    hits: BTreeMap<F, u64>,
    slowness: Duration,
    retry_after: Duration,
    random: u64,
}

impl<F> Default for Switches<F> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            shares: BTreeMap::new(),
            hits: BTreeMap::new(),
            slowness: Duration::from_millis(300),
            retry_after: Duration::from_secs(38),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl<F: Copy + Ord> Faults<F> {
    fn with<T>(&self, work: impl FnOnce(&mut Switches<F>) -> T) -> T {
        work(&mut self.0.lock())
    }

    /// Puts one at the end of the queue: it strikes the first call that it fits once it is the
    /// first of the queue. What is queued goes before what strikes by share.
    pub fn queue(&self, fault: F) {
        self.with(|switches| switches.queue.push_back(fault));
    }

    /// Queues it `count` times.
    pub fn strike(&self, fault: F, count: usize) {
        self.with(|switches| switches.queue.extend(std::iter::repeat_n(fault, count)));
    }

    /// How many are still in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.with(|switches| switches.queue.len())
    }

    /// Strikes this share, from 0 to 1, of the calls that it fits.
    pub fn set(&self, fault: F, share: f64) {
        self.with(|switches| switches.shares.insert(fault, share));
    }

    /// From here on shares are drawn from this seed: the same calls in the same order meet the same
    /// faults.
    pub fn seed(&self, seed: u64) {
        // SplitMix64's first output, since xorshift must not start at 0 nor at two near numbers.
        let mixed = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.with(|switches| switches.random = (mixed ^ (mixed >> 27)) | 1);
    }

    /// By how much it is slow or late; 300 ms at first.
    pub fn set_slowness(&self, by: Duration) {
        self.with(|switches| switches.slowness = by);
    }

    /// After which time quotas of a minute and their like ask to come again; 38 s at
    /// first. It is only said: whoever comes sooner is not refused for it.
    pub fn set_retry_after(&self, after: Duration) {
        self.with(|switches| switches.retry_after = after);
    }

    /// Ends all faults and empties the queue; how often each struck stays known.
    pub fn clear(&self) {
        self.with(|switches| {
            switches.queue.clear();
            switches.shares.clear();
        });
    }

    /// How often it struck so far.
    #[must_use]
    pub fn hits(&self, fault: F) -> u64 {
        self.with(|switches| switches.hits.get(&fault).copied().unwrap_or(0))
    }

    /// The fault that strikes a call, of those that fit it.
    pub(super) fn draw(&self, fits: impl Fn(F) -> bool) -> Option<F> {
        self.with(|switches| {
            let struck = match switches.queue.front().copied() {
                Some(fault) if fits(fault) => switches.queue.pop_front(),
                Some(_) | None => switches.share(fits),
            };
            if let Some(fault) = struck {
                *switches.hits.entry(fault).or_default() += 1;
            }
            struck
        })
    }

    pub(super) fn slowness(&self) -> Duration {
        self.with(|switches| switches.slowness)
    }

    pub(super) fn retry_after(&self) -> Duration {
        self.with(|switches| switches.retry_after)
    }
}

impl<F: Copy + Ord> Switches<F> {
    fn share(&mut self, fits: impl Fn(F) -> bool) -> Option<F> {
        let shares: Vec<(F, f64)> = self.shares.iter().map(|(fault, share)| (*fault, *share)).collect();
        shares
            .into_iter()
            .find(|(fault, share)| *share > 0.0 && fits(*fault) && self.number() < *share)
            .map(|hit| hit.0)
    }

    /// A number from 0 to 1: xorshift, since nothing here must be unpredictable.
    fn number(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::super::faults::{ModelFault, ModelFaults};

    #[test]
    fn the_queue_goes_first_and_waits_for_a_call_that_its_head_fits() {
        let faults = ModelFaults::default();
        faults.queue(ModelFault::ErrorInStream);
        faults.queue(ModelFault::Overloaded);
        faults.set(ModelFault::Internal, 1.0);
        let unary = |fault: ModelFault| !fault.of_streams();
        assert_eq!(faults.draw(unary), Some(ModelFault::Internal), "the head is for a stream");
        assert_eq!(faults.draw(|_| true), Some(ModelFault::ErrorInStream));
        assert_eq!(faults.draw(unary), Some(ModelFault::Overloaded));
        assert_eq!((faults.queued(), faults.hits(ModelFault::Internal)), (0, 1));
        faults.clear();
        assert_eq!(faults.draw(|_| true), None);
    }

    #[test]
    fn a_seed_decides_which_calls_are_struck() {
        let run = |seed: u64| {
            let faults = ModelFaults::default();
            faults.seed(seed);
            faults.set(ModelFault::QuotaOfMinute, 0.3);
            (0..1_000).map(|_| faults.draw(|_| true).is_some()).collect::<Vec<bool>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).iter().filter(|struck| **struck).count();
        assert!((200..400).contains(&struck), "{struck} of 1000");
    }
}
