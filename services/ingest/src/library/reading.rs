//! Reading sources, a few at once, each in a sandboxed process.

use std::path::Path;
use std::sync::Arc;

use lectern_core::content::document::Content;
use lectern_core::{Failure, Kind, Reason};
use tokio::sync::Semaphore;

use crate::extract::child::{Sandbox, Source};
use crate::extract::{self, Hint};

/// Calls that may wait for a reader before the next one is turned away.
const WAITING: usize = 64;

/// Reads sources.
#[derive(Debug, Clone)]
pub struct Reader {
    sandbox: Arc<Sandbox>,
    pin: Arc<str>,
    gate: Arc<Semaphore>,
    door: Arc<Semaphore>,
}

impl Reader {
    /// Reads at most `permits` sources at once in `sandbox`.
    #[must_use]
    pub fn new(sandbox: Sandbox, permits: usize) -> Self {
        Self {
            sandbox: Arc::new(sandbox),
            pin: extract::extractor_pin().into(),
            gate: Arc::new(Semaphore::new(permits)),
            door: Arc::new(Semaphore::new(permits + WAITING)),
        }
    }

    /// The extractor's name and version.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Reads the source in `file`.
    ///
    /// # Errors
    /// Why it cannot be read; UNAVAILABLE when too many others wait.
    pub async fn read(&self, file: &Path, file_name: &str) -> Result<Content, Failure> {
        let busy = || {
            Failure::new(
                Kind::Unavailable,
                Reason::ServiceUnavailable,
                "too many documents are being read; try again soon",
            )
            .after(std::time::Duration::from_secs(2))
        };
        let _waiting = self.door.try_acquire().map_err(|_| busy())?;
        let _reading = self.gate.acquire().await.map_err(|_| busy())?;
        let hint = Hint { file_name: Some(file_name.to_owned()).filter(|name| !name.is_empty()), media_type: None };
        self.sandbox.extract(Source::Path(file.to_owned()), hint).await
    }
}
