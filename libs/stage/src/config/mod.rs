//! The settings that all services share, and how a service reads them beside its own. Every key has
//! a default that suits a process on a developer's machine; `--print-config` shows them.

mod blob;
mod client;
mod queue;
mod retention;
mod secrets;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use lectern_core::Failure;
use lectern_rpc::ServerConfig;
use lectern_runtime::config::{Loader, Setting, settings};
use lectern_runtime::{Secret, TelemetryConfig, print_both};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use blob::Blob;
pub use client::Client;
pub use queue::{Queue, QueuePlacement, QueueTls};
pub use retention::Retention;
pub use store::{Store, StoreTls};

/// The settings of one service: those that all share, and its own. The keys of both lie in one
/// table (`store.url` of all, `admin_key` of the gateway). What is serialised is what is its own:
/// the common part is a field that serde skips.
pub trait Settings: DeserializeOwned + Serialize + Default {
    /// What all services share.
    fn common(&self) -> &Common;

    /// The same, to be set.
    fn common_mut(&mut self) -> &mut Common;

    /// Reads the settings.
    ///
    /// # Errors
    /// `INVALID_FIELD`, naming the variable or the key and what is expected.
    fn load(loader: &Loader) -> Result<Self, Failure> {
        let (common, mut own) = loader.load_both::<Common, Self>()?;
        *own.common_mut() = common;
        Ok(own)
    }

    /// The settings as TOML, secrets left out.
    ///
    /// # Errors
    /// INTERNAL when they cannot be written.
    fn print(&self) -> Result<String, Failure> {
        print_both(self.common(), self)
    }

    /// Each setting in force beside its default, secrets left out.
    ///
    /// # Errors
    /// INTERNAL when they cannot be written.
    fn in_force(&self) -> Result<Arc<[Setting]>, Failure> {
        Ok(settings(&self.print()?, &Self::default().print()?)?.into())
    }
}

/// Settings of every service process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
        self.server.check()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a service that has one of its own.
    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        #[serde(skip)]
        common: Common,
        engine: String,
    }

    impl Settings for Config {
        fn common(&self) -> &Common {
            &self.common
        }

        fn common_mut(&mut self) -> &mut Common {
            &mut self.common
        }
    }

    fn load(variables: &[(&str, &str)]) -> Result<Config, Failure> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&Loader::with_environment("LECTERN", variables))
    }

    #[test]
    fn the_settings_of_a_service_and_those_of_all_lie_in_one_table() {
        let config = load(&[
            ("LECTERN_ENGINE", "tone"),
            ("LECTERN_STORE__URL", "memory:"),
            ("LECTERN_PERMITS", "3"),
            ("LECTERN_QUEUE__PLACEMENT__TAGS", "a, b"),
            ("LECTERN_RETENTION__AFTER", "7d"),
            ("LECTERN_SECRET", "12345678901234567890123456789012"),
        ])
        .unwrap();
        assert_eq!((config.engine.as_str(), config.common.store.url.as_str()), ("tone", "memory:"));
        assert_eq!((config.common.permits(), config.common.queue.placement.tags.len()), (3, 2));
        assert_eq!((config.common.retention.after.as_secs(), config.common.check()), (7 * 86_400, Ok(())));
        let printed = config.print().unwrap();
        for line in ["engine = \"tone\"", "permits = 3", "[store]", "secret = \"***\""] {
            assert!(printed.lines().any(|found| found == line), "{line} in\n{printed}");
        }
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused_by_its_name() {
        for (variable, key) in [
            ("LECTERN_ENGIN", "engin"),
            ("LECTERN_COMMON__PERMITS", "common"),
            ("LECTERN_PERMIT", "permit"),
            ("LECTERN_STORE__URI", "store.uri"),
            ("LECTERN_SERVER__LIMITS__BURSTS", "server.limits.bursts"),
            ("LECTERN_TELEMETRY__LOG", "telemetry.log"),
        ] {
            let refused = load(&[(variable, "1")]).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(key), "{refused}");
            assert!(refused.message.contains(variable), "{refused}");
        }
    }
}
