//! Randomness as a port, so that simulations replay.

use parking_lot::Mutex;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

/// A source of random numbers.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// The next 64 random bits.
    fn next(&self) -> u64;

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is under `bound` / 2^64.
    fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}

/// The operating system's generator: for keys, ids and jitter.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn next(&self) -> u64 {
        rand::rng().next_u64()
    }
}

/// A generator that repeats itself for the same seed; for tests and simulation.
#[derive(Debug)]
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    /// A generator that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn next(&self) -> u64 {
        self.0.lock().next_u64()
    }
}
