//! How a queue is set up. One value serves every adapter, so that tests and services configure them
//! alike.

use std::time::Duration;

/// Settings of a queue. The defaults are those of production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Put before every stream name (`{prefix}_WORK_AI`) and subject (`{prefix}.work.ai.>`), so
    /// that several installations share one server. Letters, digits and `-`; empty for none.
    pub prefix: String,
    /// How the client names itself to the server.
    pub name: String,
    /// How long to wait for a server at first. After that, reconnecting never ends.
    pub connect_within: Duration,
    /// After how long an unacknowledged delivery is delivered again. Longer than a step's lease.
    pub ack_wait: Duration,
    /// The most commands that may wait or be in flight in one service's stream.
    pub max_waiting: u32,
    /// The most bytes of each stream, which the server sets aside at once.
    pub max_stream_bytes: u32,
    /// The most commands of one service that may be in flight at once, over all replicas of a
    /// server's clients. In process, the workers' permits are the bound.
    pub max_in_flight: u32,
    /// Copies that a clustered server keeps of each stream: 1, 3 or 5.
    pub replicas: u8,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            name: "lectern".to_owned(),
            connect_within: Duration::from_secs(30),
            ack_wait: Duration::from_secs(20),
            max_waiting: 100_000,
            max_stream_bytes: 256 << 20,
            max_in_flight: 10_000,
            replicas: 1,
        }
    }
}

impl ConnectOptions {
    /// The default settings under a prefix; for tests that share a server.
    #[must_use]
    pub fn with_prefix(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }
}
