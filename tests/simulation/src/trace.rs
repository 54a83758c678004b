//! What happened, in order: the last lines for people, and a digest of all of them for replays.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_core::clock::{Clock, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

/// How many lines a report shows.
const LINES: usize = 60;
/// Virtual time begins here, in milliseconds since the epoch.
const EPOCH: u64 = 1_800_000_000_000;

/// Virtual time, as a process with a wrong clock sees it.
#[derive(Debug, Clone, Copy)]
pub struct Skewed {
    start: Instant,
    /// How far it is ahead at the start, and after `within`, in milliseconds.
    ahead: (i64, i64),
    /// How long it drifts from the one to the other.
    within: Duration,
}

impl Skewed {
    /// A clock that is right.
    pub const fn none(start: Instant) -> Self {
        Self::drifting(start, (0, 0), Duration::ZERO)
    }

    /// A clock that is so many milliseconds ahead of `start`'s, and `within` so many.
    pub const fn drifting(start: Instant, ahead: (i64, i64), within: Duration) -> Self {
        Self { start, ahead, within }
    }

    /// How far it is ahead when so many milliseconds have passed. As long as it loses less than
    /// passes, it never goes back.
    fn ahead(&self, elapsed: u64) -> i64 {
        let (from, to) = self.ahead;
        let within = i64::try_from(self.within.as_millis()).unwrap_or(i64::MAX);
        let elapsed = i64::try_from(elapsed).unwrap_or(i64::MAX).min(within);
        if within == 0 { to } else { from + (to - from).saturating_mul(elapsed) / within }
    }
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp(EPOCH.saturating_add(elapsed).saturating_add_signed(self.ahead(elapsed)))
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
        let mut inner = self.inner.lock();
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
        *self.inner.lock().counts.entry(what).or_default() += n;
    }

    /// What was counted.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner.lock().counts.clone()
    }

    /// A digest of all lines: equal for equal runs.
    pub fn digest(&self) -> u64 {
        self.inner.lock().digest
    }

    /// How many lines there were.
    pub fn calls(&self) -> u64 {
        self.inner.lock().calls
    }

    /// The last lines.
    pub fn last(&self) -> Vec<String> {
        self.inner.lock().lines.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_drifts_and_never_goes_back() {
        let clock = Skewed::drifting(Instant::now(), (2_000, -2_000), Duration::from_secs(20));
        let mut last = clock.now();
        assert_eq!(last, Timestamp(EPOCH + 2_000));
        for second in 1_u64..=40 {
            tokio::time::advance(Duration::from_secs(1)).await;
            let now = clock.now();
            assert!(now > last, "{second}");
            let ahead = i64::try_from(now.0).expect("a time") - i64::try_from(EPOCH + second * 1_000).expect("a time");
            assert!(ahead.abs() <= 2_000, "{ahead} after {second} s");
            last = now;
        }
        assert_eq!(last, Timestamp(EPOCH + 40_000 - 2_000));
    }
}
