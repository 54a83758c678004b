//! Reading sources, a few at once, each in a sandboxed process.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use lectern_blob::Objects;
use lectern_core::content::document::Content;
use lectern_core::{Failure, Kind, Reason};
use lectern_stage::work::no_room;
use tokio::sync::Semaphore;

use crate::extract::child::{Sandbox, Source};
use crate::extract::ocr::Recogniser;
use crate::extract::{self, Hint};

/// Calls that may wait for a reader before the next one is turned away.
const WAITING: usize = 64;

/// Reads sources.
#[derive(Debug, Clone)]
pub struct Reader {
    sandbox: Arc<Sandbox>,
    recogniser: Option<Arc<Recogniser>>,
    pin: Arc<str>,
    gate: Arc<Semaphore>,
    door: Arc<Semaphore>,
}

impl Reader {
    /// Reads at most `permits` sources at once in `sandbox`, and pictures by `recogniser`.
    #[must_use]
    pub fn new(sandbox: Sandbox, recogniser: Option<Recogniser>, permits: usize) -> Self {
        let pin = extract::extractor_pin();
        // Another version of the recogniser may read other words, so its contents have other keys.
        let pin = recogniser.as_ref().map_or_else(|| pin.clone(), |recogniser| format!("{pin}+{}", recogniser.pin()));
        Self {
            sandbox: Arc::new(sandbox),
            recogniser: recogniser.map(Arc::new),
            pin: pin.into(),
            gate: Arc::new(Semaphore::new(permits)),
            door: Arc::new(Semaphore::new(permits + WAITING)),
        }
    }

    /// The extractor's name and version.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Reads the source that lies in object storage at `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read); `OBJECT_DAMAGED` where the source is not there.
    pub async fn read_stored(&self, objects: &Objects, path: &str, file_name: &str) -> Result<Content, Failure> {
        let source = objects.read(path).await?;
        let mut file = tempfile::NamedTempFile::new().map_err(|e| no_room(&e))?;
        file.write_all(&source).map_err(|e| no_room(&e))?;
        drop(source);
        self.read(file.path(), file_name).await
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
        let source = Source::Path(file.to_owned());
        match (self.sandbox.extract(source.clone(), hint).await, &self.recogniser) {
            (Err(failure), Some(recogniser)) if failure.reason == Reason::NoTextLayer => {
                let head = head(file).await?;
                recogniser.read(&self.sandbox, &source, extract::is_pdf(&head)).await
            }
            (Ok(content), Some(recogniser)) => Ok(recogniser.complete(&self.sandbox, &source, content).await),
            (found, _) => found,
        }
    }
}

/// The first kilobyte of a file.
async fn head(file: &Path) -> Result<Vec<u8>, Failure> {
    use tokio::io::AsyncReadExt as _;
    let cannot = |error: std::io::Error| Failure::internal(format!("cannot open the stored source again: {error}"));
    let mut head = Vec::new();
    tokio::fs::File::open(file).await.map_err(cannot)?.take(1024).read_to_end(&mut head).await.map_err(cannot)?;
    Ok(head)
}
