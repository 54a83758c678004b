//! The settings that all services share. Every key has a default that suits a process on a
//! developer's machine; `--print-config` shows them.

use lectern_core::{Failure, Kind, Reason};
use lectern_rpc::ServerConfig;
use lectern_runtime::{ByteSize, Secret, TelemetryConfig};
use serde::{Deserialize, Serialize};

/// Settings of every service process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Where and how gRPC is served.
    pub server: ServerConfig,
    /// The installation's secret, the same for all its services: credentials between services and
    /// the keys of objects are made from it. At least 32 bytes. To change it is to lose sight of
    /// every object.
    pub secret: Secret,
    /// The service's own database.
    pub store: Store,
    /// The queue that all services share.
    pub queue: Queue,
    /// The object storage that all services share.
    pub blob: Url,
    /// The gateway, as other services reach it.
    pub gateway: Url,
    /// Ingest, as other services reach it.
    pub ingest: Url,
    /// ai, as other services reach it.
    pub ai: Url,
    /// tts, as other services reach it.
    pub tts: Url,
    /// Steps that run at once; 0 means one for each core.
    pub permits: usize,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

/// A service's database.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `mongodb://host/database`, `sqlite:PATH` or `memory:`.
    pub url: String,
    /// Most connections of the pool.
    pub pool: u32,
}

/// The queue. The limits are those of streams on the server: the same for all services, because
/// each verifies them at its start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// `nats://host:port` or `memory:`.
    pub url: String,
    /// The most commands that may wait or be in flight in one service's stream.
    pub max_waiting: u32,
    /// The most bytes of each stream, which the server sets aside at once.
    pub max_stream_bytes: ByteSize,
}

/// One URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    /// The URL.
    pub url: String,
}

impl Default for Store {
    fn default() -> Self {
        Self { url: "mongodb://127.0.0.1:27017/lectern".to_owned(), pool: 10 }
    }
}

impl Default for Queue {
    fn default() -> Self {
        let lectern_queue::ConnectOptions { max_waiting, max_stream_bytes, .. } =
            lectern_queue::ConnectOptions::default();
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            max_waiting,
            max_stream_bytes: ByteSize(u64::from(max_stream_bytes)),
        }
    }
}

impl Default for Common {
    fn default() -> Self {
        let url = |url: &str| Url { url: url.to_owned() };
        Self {
            server: ServerConfig::default(),
            secret: Secret::new(""),
            store: Store::default(),
            queue: Queue::default(),
            blob: url("file:lectern-objects"),
            gateway: url("http://127.0.0.1:7400"),
            ingest: url("http://127.0.0.1:7401"),
            ai: url("http://127.0.0.1:7402"),
            tts: url("http://127.0.0.1:7403"),
            permits: 0,
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Common {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self) -> Result<(), Failure> {
        if self.secret.expose().len() < 32 {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::InvalidField,
                "secret must have at least 32 bytes; set LECTERN_SECRET to the same random text for every service (`openssl rand -hex 32`)",
            )
            .at("secret"));
        }
        if self.store.pool == 0 {
            return Err(Failure::invalid("store.pool", "store.pool must be at least 1"));
        }
        if self.queue.max_waiting == 0 || self.queue.max_stream_bytes < ByteSize::mib(1) {
            let message = "queue.max_waiting must be at least 1, and queue.max_stream_bytes at least 1MiB";
            return Err(Failure::invalid("queue", message));
        }
        Ok(())
    }

    /// How the store is connected to.
    #[must_use]
    pub fn store_options(&self) -> lectern_store::ConnectOptions {
        lectern_store::ConnectOptions { max_pool_size: self.store.pool, ..lectern_store::ConnectOptions::default() }
    }

    /// How the queue is set up.
    #[must_use]
    pub fn queue_options(&self) -> lectern_queue::ConnectOptions {
        lectern_queue::ConnectOptions {
            max_waiting: self.queue.max_waiting,
            max_stream_bytes: u32::try_from(self.queue.max_stream_bytes.bytes()).unwrap_or(u32::MAX),
            ..lectern_queue::ConnectOptions::default()
        }
    }

    /// Steps that run at once.
    #[must_use]
    pub fn permits(&self) -> usize {
        if self.permits > 0 {
            self.permits
        } else {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        }
    }

    /// The URL of this service's own database: databases of one server are told apart by a suffix.
    #[must_use]
    pub fn store_url(&self, service: &str) -> String {
        let url = &self.store.url;
        match url.split_once("://") {
            Some(("mongodb" | "mongodb+srv", rest)) => {
                let (base, options) = url.split_once('?').map_or((url.as_str(), None), |(b, o)| (b, Some(o)));
                let named =
                    rest.split_once('?').map_or(rest, |(r, _)| r).split_once('/').is_some_and(|(_, db)| !db.is_empty());
                let base = base.trim_end_matches('/');
                let database = if named { format!("{base}_{service}") } else { format!("{base}/lectern_{service}") };
                options.map_or(database.clone(), |options| format!("{database}?{options}"))
            }
            _ => url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_a_database_of_its_own_on_one_server() {
        let url = |url: &str| {
            let store = Store { url: url.to_owned(), pool: 1 };
            Common { store, ..Common::default() }.store_url("ai")
        };
        assert_eq!(url("mongodb://h:1/lectern"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/x?replicaSet=a"), "mongodb://h:1/x_ai?replicaSet=a");
        assert_eq!(url("mongodb://h:1"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/?a=b"), "mongodb://h:1/lectern_ai?a=b");
        assert_eq!(url("sqlite:ai.db"), "sqlite:ai.db");
    }

    #[test]
    fn an_installation_without_a_secret_does_not_start() {
        assert_eq!(Common::default().check().expect_err("no secret").field.as_deref(), Some("secret"));
    }
}
