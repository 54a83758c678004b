//! The settings of the queue.

use lectern_core::Failure;
use lectern_queue::{ConnectOptions, Identity, Placement, Tls};
use lectern_runtime::ByteSize;
use serde::{Deserialize, Serialize};

use super::{Common, file};

/// The queue. The limits are those of streams on the server: the same for all services, because
/// each verifies them at its start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// `nats://host:port` or `memory:`.
    pub url: String,
    /// The most commands that may wait or be in flight in one service's stream. A stream that takes
    /// more already is left so.
    pub max_waiting: u32,
    /// The most bytes of each stream, which the server sets aside at once. A stream that takes more
    /// already is left so.
    pub max_stream_bytes: ByteSize,
    /// Copies that a cluster keeps of each stream: 1, 3 or 5. A stream that has more already is
    /// left so.
    pub replicas: u8,
    /// Where the cluster keeps new streams.
    pub placement: QueuePlacement,
    /// The JetStream domain of the streams; empty for that of the server itself.
    pub domain: String,
    /// A file with the credentials of this service: a JWT and its seed, or the seed of an nkey
    /// alone. Read again at each connection; empty for none.
    pub credentials: String,
    /// TLS to the server.
    pub tls: QueueTls,
    /// What subjects of answers begin with; empty for `_INBOX_` and the service's name.
    pub inbox_prefix: String,
}

/// Where a cluster keeps new streams.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueuePlacement {
    /// The cluster's name; empty for the one that is connected to.
    pub cluster: String,
    /// Tags that every server with a copy must have.
    pub tags: Vec<String>,
}

/// Files for TLS to the queue, all PEM, read again at each connection; empty for none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueTls {
    /// The authorities that may have signed the server's certificate, in place of the system's.
    pub ca: String,
    /// The client's certificate and what leads to its authority; goes with `key`.
    pub certificate: String,
    /// The key of `certificate`.
    pub key: String,
}

impl Default for Queue {
    fn default() -> Self {
        let ConnectOptions { max_waiting, max_stream_bytes, replicas, .. } = ConnectOptions::default();
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            max_waiting,
            max_stream_bytes: ByteSize(u64::from(max_stream_bytes)),
            replicas,
            placement: QueuePlacement::default(),
            domain: String::new(),
            credentials: String::new(),
            tls: QueueTls::default(),
            inbox_prefix: String::new(),
        }
    }
}

impl Queue {
    /// Checks what types cannot.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.max_waiting == 0 || self.max_stream_bytes < ByteSize::mib(1) {
            let message = "queue.max_waiting must be at least 1, and queue.max_stream_bytes at least 1MiB";
            return Err(Failure::invalid("queue", message));
        }
        // They are checked alike for every service.
        self.options("gateway").check()
    }

    fn options(&self, service: &str) -> ConnectOptions {
        ConnectOptions {
            identity: Identity::of(service),
            max_waiting: self.max_waiting,
            max_stream_bytes: u32::try_from(self.max_stream_bytes.bytes()).unwrap_or(u32::MAX),
            replicas: self.replicas,
            placement: Placement { cluster: self.placement.cluster.clone(), tags: self.placement.tags.clone() },
            domain: self.domain.clone(),
            credentials: file(&self.credentials),
            tls: Tls { ca: file(&self.tls.ca), certificate: file(&self.tls.certificate), key: file(&self.tls.key) },
            inbox_prefix: self.inbox_prefix.clone(),
            ..ConnectOptions::default()
        }
    }
}

impl Common {
    /// How the queue is set up for the service of that name.
    #[must_use]
    pub fn queue_options(&self, service: &str) -> ConnectOptions {
        self.queue.options(service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_knows_which_service_it_is_set_up_for() {
        let common = Common {
            queue: Queue { replicas: 3, credentials: "ai.creds".to_owned(), ..Queue::default() },
            ..Common::default()
        };
        let options = common.queue_options("ai");
        assert_eq!(options.identity.name(), "ai");
        assert_eq!((options.replicas, options.inbox().as_str()), (3, "_INBOX_ai"));
        assert_eq!(options.credentials, Some("ai.creds".into()));
        assert_eq!((options.tls, options.domain), (Tls::default(), String::new()));
        assert_eq!(common.queue_options("gateway").identity, Identity::Gateway);
    }
}
