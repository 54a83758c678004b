//! What happened, in order: the last lines for people, and a digest of all of them for replays.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lectern_core::clock::{Clock, Timestamp};
use tokio::time::Instant;

/// How many lines a report shows.
const LINES: usize = 60;
/// Virtual time begins here, in milliseconds since the epoch.
const EPOCH: u64 = 1_800_000_000_000;

/// Virtual time, as a process with a wrong clock sees it.
#[derive(Debug, Clone, Copy)]
pub struct Skewed {
    start: Instant,
    /// How far it is ahead, in milliseconds.
    ahead: i64,
}

impl Skewed {
    /// A clock that is `ahead` milliseconds ahead of `start`'s.
    pub const fn new(start: Instant, ahead: i64) -> Self {
        Self { start, ahead }
    }
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp(EPOCH.saturating_add(elapsed).saturating_add_signed(self.ahead))
    }
}

/// Whether every line is printed as it comes.
pub static ECHO: AtomicBool = AtomicBool::new(false);

/// The trace of one world.
#[derive(Debug)]
pub struct Trace {
    start: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    digest: u64,
    calls: u64,
    lines: VecDeque<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Trace {
    /// An empty trace that begins now.
    pub fn new() -> Self {
        let inner = Inner { digest: 0xcbf2_9ce4_8422_2325, calls: 0, lines: VecDeque::new(), counts: BTreeMap::new() };
        Self { start: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Notes a line.
    pub fn note(&self, who: &str, what: fmt::Arguments<'_>) {
        let at = self.start.elapsed().as_millis();
        let mut inner = self.inner();
        let mut line =
            if inner.lines.len() < LINES { String::new() } else { inner.lines.pop_front().unwrap_or_default() };
        line.clear();
        // Writing to a string does not fail.
        let _ = write!(line, "{:>7}.{:03} {who:<10} {what}", at / 1_000, at % 1_000);
        if ECHO.load(Ordering::SeqCst) {
            println!("{line}");
        }
        // FNV-1a.
        inner.digest =
            line.bytes().fold(inner.digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        inner.calls += 1;
        inner.lines.push_back(line);
    }

    /// Counts a fault, a crash or something else that the report adds up.
    pub fn count(&self, what: &'static str) {
        self.add(what, 1);
    }

    /// Counts `n` of them.
    pub fn add(&self, what: &'static str, n: u64) {
        *self.inner().counts.entry(what).or_default() += n;
    }

    /// What was counted.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner().counts.clone()
    }

    /// A digest of all lines: equal for equal runs.
    pub fn digest(&self) -> u64 {
        self.inner().digest
    }

    /// How many lines there were.
    pub fn calls(&self) -> u64 {
        self.inner().calls
    }

    /// The last lines.
    pub fn last(&self) -> Vec<String> {
        self.inner().lines.iter().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
