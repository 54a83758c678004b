//! The figures of one round.

use std::time::Duration;

/// What a round came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Narrations that finished.
    pub finished: usize,
    /// From the first order to the last finish, or to the end of the round.
    pub took: Duration,
    /// From accepted to finished, of each.
    pub latencies: Vec<Duration>,
    /// Connections to the database, as the proxy in front of it counted them.
    pub connections: u64,
    /// Processor time of this process; the servers are others.
    pub cpu: Duration,
    /// Writes to the database.
    pub writes: u64,
    /// Reads of it.
    pub reads: u64,
    /// Messages published.
    pub messages: u64,
    /// How long all callers together waited for connections of their pools.
    pub waited: Duration,
    /// Whether the round ended before all was finished.
    pub cut: bool,
    /// Reads and writes by kind and collection, the most frequent first.
    pub detail: Vec<String>,
}

impl Report {
    /// The head of the table.
    pub const HEAD: &'static str = "way      queued  finished  narrations/s    p50 ms    p99 ms  connections  per 1000  pool wait ms each  \
                                    cpu ms each  writes each  reads each  messages each";

    /// Narrations a second.
    pub fn rate(&self) -> f64 {
        self.finished as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Its line of the table.
    pub fn line(&self, way: &str, queued: usize) -> String {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
            sorted.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
        };
        let each = |sum: f64| sum / self.finished.max(1) as f64;
        format!(
            "{way:8} {queued:6}  {:8}  {:12.1}  {:8.0}  {:8.0}  {:11}  {:8.0}  {:17.2}  {:11.1}  {:11.1}  {:10.1}  {:13.1}{}",
            self.finished,
            self.rate(),
            at(0.5),
            at(0.99),
            self.connections,
            each(self.connections as f64 * 1e3),
            each(self.waited.as_secs_f64() * 1e3),
            each(self.cpu.as_secs_f64() * 1e3),
            each(self.writes as f64),
            each(self.reads as f64),
            each(self.messages as f64),
            if self.cut { "  (cut short)" } else { "" },
        )
    }
}

/// Processor time of this process so far, user and system (Linux's `/proc`).
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it,
    // in hundredths of a second.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
