//! The settings that all services share. Every key has a default that suits a process on a
//! developer's machine; `--print-config` shows them.

mod blob;
mod client;
mod queue;
mod retention;
mod secrets;
mod store;

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_rpc::ServerConfig;
use lectern_runtime::{Secret, TelemetryConfig};
use serde::{Deserialize, Serialize};

pub use blob::Blob;
pub use client::Client;
pub use queue::{Queue, QueuePlacement, QueueTls};
pub use retention::Retention;
pub use store::{Store, StoreTls};

/// Settings of every service process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Where and how gRPC is served.
    pub server: ServerConfig,
    /// Certificates for calls to other services.
    pub client: Client,
    /// The installation's secret, the same for all its services: credentials between services are
    /// made from it, and tokens are sealed under it. At least 32 bytes. docs/runbook.md says how it
    /// is changed.
    pub secret: Secret,
    /// The other secret while the secret is changed: what was made from it is taken too. At least
    /// 32 bytes; empty for none.
    pub secret_previous: Secret,
    /// The secret that the names of objects follow from, the same for all services. It is never
    /// changed: another one finds no object. At least 32 bytes; empty for the same as `secret`,
    /// which holds until that is changed for the first time.
    pub object_secret: Secret,
    /// The service's own database.
    pub store: Store,
    /// The queue that all services share.
    pub queue: Queue,
    /// The object storage that all services share.
    pub blob: Blob,
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
    /// How long records of what is over are kept.
    pub retention: Retention,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

/// One URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    /// The URL.
    pub url: String,
}

impl Default for Common {
    fn default() -> Self {
        let url = |url: &str| Url { url: url.to_owned() };
        Self {
            server: ServerConfig::default(),
            client: Client::default(),
            secret: Secret::default(),
            secret_previous: Secret::default(),
            object_secret: Secret::default(),
            store: Store::default(),
            queue: Queue::default(),
            blob: Blob::default(),
            gateway: url("http://127.0.0.1:7400"),
            ingest: url("http://127.0.0.1:7401"),
            ai: url("http://127.0.0.1:7402"),
            tts: url("http://127.0.0.1:7403"),
            permits: 0,
            retention: Retention::default(),
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
        self.check_secrets()?;
        self.retention.check()?;
        self.store.check()?;
        self.queue.check()
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
}

/// The path of a file; empty for none.
fn file(path: &str) -> Option<PathBuf> {
    (!path.is_empty()).then(|| path.into())
}
