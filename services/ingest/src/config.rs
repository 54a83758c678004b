//! The settings of ingest: environment over file over defaults.

use std::path::PathBuf;
use std::time::Duration;

use lectern_core::Failure;
use lectern_fetch::Network;
use lectern_fetch::policy::{HTTPS, Policy};
use lectern_runtime::ByteSize;
use lectern_runtime::config::duration;
use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

use crate::library::import::Rules;

/// Settings of ingest.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
    /// What is accepted.
    pub limits: SourceLimitsConfig,
    /// What reading one source may use.
    pub sandbox: Sandbox,
    /// Import by URL.
    pub import: Import,
    /// Recognition of text in pictures.
    pub ocr: Ocr,
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}

/// Sizes that a source may have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceLimitsConfig {
    /// Bytes of an uploaded source.
    pub upload: ByteSize,
    /// Bytes of a source in one message; at most 4 MiB.
    pub inline: ByteSize,
    /// A stream of an upload that brings nothing for this long is ended; what came is kept.
    #[serde(with = "duration")]
    pub upload_idle: Duration,
}

/// What reading one source may use, in a process of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

/// Import by URL: what callers may have fetched, from the public internet alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Import {
    /// Whether anything is imported.
    pub enabled: bool,
    /// The ports that may be called.
    pub ports: Vec<u16>,
    /// Public networks that are closed as well, such as one's own: `203.0.113.0/24`.
    pub closed: Vec<String>,
    /// Bytes of one source; no more than an upload may have.
    pub bytes: ByteSize,
    /// Time for one source, from the call to its last byte.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Imports at once in this process, each with a temporary file.
    pub at_once: usize,
    /// Imports at once of one tenant in this process.
    pub per_tenant: usize,
}

impl Import {
    /// What the client that imports may call.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a network that is not one.
    pub fn policy(&self) -> Result<Policy, Failure> {
        let closed = self.closed.iter().map(|network| network.parse::<Network>());
        let closed = closed.collect::<Result<_, _>>().map_err(|e| Failure::invalid("import.closed", e))?;
        Ok(Policy::Public { ports: self.ports.clone(), closed })
    }

    /// How much is imported, where an upload may have `upload` bytes.
    #[must_use]
    pub fn rules(&self, upload: ByteSize) -> Rules {
        let usual = lectern_fetch::FetchLimits::default();
        let limits = lectern_fetch::FetchLimits { whole: self.timeout, bytes: self.bytes.min(upload).0, ..usual };
        Rules { limits, at_once: self.at_once, per_tenant: self.per_tenant }
    }
}

impl Default for Import {
    fn default() -> Self {
        Self {
            enabled: false,
            ports: vec![HTTPS],
            closed: Vec::new(),
            bytes: ByteSize(64 << 20),
            timeout: Duration::from_secs(60),
            at_once: 8,
            per_tenant: 2,
        }
    }
}

/// Recognition of text in pictures and scanned pages, by programs that the operator installs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ocr {
    /// Whether pictures are read; where they are not, they are refused.
    pub enabled: bool,
    /// The program `tesseract` (Debian's tesseract-ocr).
    pub tesseract: PathBuf,
    /// The program `pdftoppm`, with `pdfinfo` beside it (Debian's poppler-utils).
    pub pdftoppm: PathBuf,
    /// The languages that text may be in, as tesseract names them, with `+` between them (Debian's
    /// tesseract-ocr-deu for `deu`).
    pub languages: String,
    /// Time for all pages of one source.
    #[serde(with = "duration")]
    pub wall: Duration,
}

impl Default for Ocr {
    fn default() -> Self {
        Self {
            enabled: true,
            tesseract: PathBuf::from("/usr/bin/tesseract"),
            pdftoppm: PathBuf::from("/usr/bin/pdftoppm"),
            languages: "eng".to_owned(),
            wall: Duration::from_secs(600),
        }
    }
}

impl Default for SourceLimitsConfig {
    fn default() -> Self {
        // A minute is more than a slow line pauses, and less than a proxy keeps a silent stream.
        Self { upload: ByteSize(256 << 20), inline: ByteSize(4 << 20), upload_idle: Duration::from_secs(60) }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { memory: ByteSize(1 << 30), cpu: Duration::from_secs(60), wall: Duration::from_secs(120) }
    }
}
