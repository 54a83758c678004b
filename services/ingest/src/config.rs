//! The settings of ingest: environment over file over defaults.

use std::time::Duration;

use lectern_runtime::ByteSize;
use lectern_runtime::config::duration;
use lectern_stage::Common;
use serde::{Deserialize, Serialize};

/// Settings of ingest.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What all services share.
    #[serde(flatten)]
    pub common: Common,
    /// What is accepted.
    pub limits: Limits,
    /// What reading one source may use.
    pub sandbox: Sandbox,
}

/// Sizes that a source may have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of an uploaded source.
    pub upload: ByteSize,
    /// Bytes of a source in one message; at most 4 MiB.
    pub inline: ByteSize,
}

/// What reading one source may use, in a process of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Sandbox {
    /// Address space.
    pub memory: ByteSize,
    /// Processor time.
    #[serde(with = "duration")]
    pub cpu: Duration,
    /// Time from start to answer.
    #[serde(with = "duration")]
    pub wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { upload: ByteSize(256 << 20), inline: ByteSize(4 << 20) }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { memory: ByteSize(1 << 30), cpu: Duration::from_secs(60), wall: Duration::from_secs(120) }
    }
}
