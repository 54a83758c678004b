//! What was asked of the servers, as they count it themselves, and what it cost this process.
//!
//! - An *operation* is a command that a client sent to the database, whatever it carries: a command
//!   with many records is one. `serverStatus` counts them by name (`metrics.commands`). Signing in,
//!   monitoring, what the measurement itself asks, and what the server asks itself are left out.
//! - A *record written* is a record that such commands inserted, updated or deleted
//!   (`metrics.document`).
//! - A *message* is whatever a client sent to nats-server (publishes, requests for messages,
//!   acknowledgements, hints) and whatever it sent to clients (deliveries, confirmations, hints to
//!   each listener); `in_msgs` and `out_msgs` of its monitoring port.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Commands that are nobody's work: signing in, monitoring, and those that the measurement alone
/// sends (a count of Lectern is the command `aggregate`).
const NOT_COUNTED: [&str; 11] = [
    "buildInfo",
    "count",
    "createUser",
    "endSessions",
    "hello",
    "isMaster",
    "ping",
    "saslContinue",
    "saslStart",
    "serverStatus",
    "top",
];

/// What was asked, and what it cost.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Operations of the database, by the name of their command.
    pub operations: BTreeMap<String, u64>,
    /// Records that they wrote.
    pub written: u64,
    /// Connections to the database that were opened.
    pub connections: u64,
    /// Messages that clients sent to the queue.
    pub to_queue: u64,
    /// Messages that it sent to clients.
    pub from_queue: u64,
    /// Processor time of this process; the servers are others.
    pub cpu: Duration,
    /// When they were taken; of a difference, of the later.
    pub at: Instant,
    /// Of a difference, the time between.
    pub over: Duration,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            operations: BTreeMap::new(),
            written: 0,
            connections: 0,
            to_queue: 0,
            from_queue: 0,
            cpu: Duration::ZERO,
            at: Instant::now(),
            over: Duration::ZERO,
        }
    }
}

impl Counts {
    /// What this process cost so far.
    pub fn of_process() -> Self {
        Self { cpu: cpu(), ..Self::default() }
    }

    /// With what `serverStatus` says.
    pub fn with_database(mut self, status: &Value) -> Self {
        let commands = status.pointer("/metrics/commands").and_then(Value::as_object);
        for (name, of) in commands.into_iter().flatten() {
            let total = of.get("total").and_then(Value::as_u64).unwrap_or(0);
            if total > 0 && !NOT_COUNTED.contains(&name.as_str()) {
                self.operations.insert(name.clone(), total);
            }
        }
        let number = |place: &str| status.pointer(place).and_then(Value::as_u64).unwrap_or(0);
        self.written =
            ["inserted", "updated", "deleted"].iter().map(|what| number(&format!("/metrics/document/{what}"))).sum();
        self.connections = number("/connections/totalCreated");
        self
    }

    /// Without the finds by which the server looks by itself whether the first write of a client's
    /// session was done before (`retryWrites`), which it counts like those of clients.
    pub fn without_lookups_of_sessions(mut self, top: &Value) -> Self {
        let lookups = top.get("config.transactions").and_then(|of| of.pointer("/queries/count"));
        if let Some(finds) = self.operations.get_mut("find") {
            *finds = finds.saturating_sub(lookups.and_then(Value::as_u64).unwrap_or(0));
        }
        self
    }

    /// With what the queue's monitoring port says.
    pub fn with_queue(mut self, varz: &Value) -> Self {
        let number = |name: &str| varz.get(name).and_then(Value::as_u64).unwrap_or(0);
        (self.to_queue, self.from_queue) = (number("in_msgs"), number("out_msgs"));
        self
    }

    /// What came after `before`.
    pub fn since(&self, before: &Self) -> Self {
        let new = |(name, total): (&String, &u64)| {
            let new = total.saturating_sub(before.operations.get(name).copied().unwrap_or(0));
            (new > 0).then(|| (name.clone(), new))
        };
        Self {
            operations: self.operations.iter().filter_map(new).collect(),
            written: self.written.saturating_sub(before.written),
            connections: self.connections.saturating_sub(before.connections),
            to_queue: self.to_queue.saturating_sub(before.to_queue),
            from_queue: self.from_queue.saturating_sub(before.from_queue),
            cpu: self.cpu.saturating_sub(before.cpu),
            at: self.at,
            over: self.at.saturating_duration_since(before.at),
        }
    }

    /// Operations of every name.
    pub fn all_operations(&self) -> u64 {
        self.operations.values().sum()
    }
}

/// Processor time of this process so far, user and system (Linux's `/proc`).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it,
    // in hundredths of a second.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_servers_count_is_read_and_compared() {
        let status = |inserts: u64, pings: u64| {
            json!({
                "metrics": {
                    "commands": {
                        "<UNKNOWN>": 0,
                        "find": { "failed": 0, "total": 4 },
                        "insert": { "failed": 0, "total": inserts },
                        "ping": { "failed": 0, "total": pings },
                        "update": { "arrayFilters": 0, "failed": 0, "pipeline": 0, "total": 0 },
                    },
                    "document": { "deleted": 1, "inserted": 3 * inserts, "returned": 9, "updated": 2 },
                },
                "connections": { "current": 1, "totalCreated": 7 },
            })
        };
        let varz = |messages: u64| json!({ "in_msgs": messages, "out_msgs": 2 * messages, "connections": 4 });
        let before = Counts::default().with_database(&status(5, 1)).with_queue(&varz(10));
        assert_eq!((before.all_operations(), before.written, before.connections), (9, 18, 7));
        let top = json!({ "config.transactions": { "queries": { "time": 9, "count": 3 } }, "note": "in us" });
        assert_eq!(before.clone().without_lookups_of_sessions(&top).all_operations(), 6);
        assert_eq!(before.clone().without_lookups_of_sessions(&json!({})).all_operations(), 9);
        let new = Counts::default().with_database(&status(8, 6)).with_queue(&varz(13)).since(&before);
        assert_eq!(new.operations, BTreeMap::from([("insert".to_owned(), 3)]), "a ping is no work");
        assert_eq!((new.written, new.connections, new.to_queue, new.from_queue), (9, 0, 3, 6));
    }
}
