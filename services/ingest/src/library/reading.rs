//! Reading sources, a few at once, each in a sandboxed process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lectern_blob::Objects;
use lectern_core::content::document::Content;
use lectern_core::id::TenantId;
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::{Room, Share, Shares};

use super::scratch::Scratch;
use crate::extract::child::{Sandbox, Source};
use crate::extract::ocr::Recogniser;
use crate::extract::{self, Hint};

/// Calls of one tenant that may wait for a reader before its next one is turned away: a person's
/// handful of files, and what a program sends at once while the first are read.
const WAITING: usize = 16;

/// When to come again while as many wait as may. Most documents are read within this time.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// Reads sources.
#[derive(Debug, Clone)]
pub struct Reader {
    sandbox: Arc<Sandbox>,
    recogniser: Option<Arc<Recogniser>>,
    pin: Arc<str>,
    readers: Shares,
}

impl Reader {
    /// Reads at most `permits` sources at once in `sandbox`, and pictures by `recogniser`. Where
    /// there is more than one reader, no tenant has them all: somebody's slow documents keep nobody
    /// else's waiting.
    #[must_use]
    pub fn new(sandbox: Sandbox, recogniser: Option<Recogniser>, permits: usize) -> Self {
        let pin = extract::extractor_pin();
        // Another version of the recogniser may read other words, so its contents have other keys.
        let pin = recogniser.as_ref().map_or_else(|| pin.clone(), |recogniser| format!("{pin}+{}", recogniser.pin()));
        Self {
            sandbox: Arc::new(sandbox),
            recogniser: recogniser.map(Arc::new),
            pin: pin.into(),
            readers: Shares::new("readers", Room::all_but_one(permits, WAITING)),
        }
    }

    /// The extractor's name and version.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Reads the tenant's source that lies in object storage at `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read); `OBJECT_DAMAGED` where the source is not there.
    pub async fn read_stored(
        &self,
        tenant: &TenantId,
        objects: &Objects,
        path: &str,
        file_name: &str,
    ) -> Result<Content, Failure> {
        // Its turn comes first: what waits is a name, and not the bytes.
        let _reading = self.turn(tenant).await?;
        let source = objects.read(path).await?;
        let mut file = Scratch::new()?;
        file.write(&source)?;
        drop(source);
        self.read_now(file.path(), file_name).await
    }

    /// Reads the tenant's source in `file` when its turn comes. Dropping the future ends the
    /// process that reads, and gives the reader back.
    ///
    /// # Errors
    /// Why it cannot be read; `LIMIT_EXCEEDED`, with when to come again, where too many documents
    /// of this tenant wait.
    pub async fn read(&self, tenant: &TenantId, file: &Path, file_name: &str) -> Result<Content, Failure> {
        let _reading = self.turn(tenant).await?;
        self.read_now(file, file_name).await
    }

    /// A reader, when it is the tenant's turn.
    async fn turn(&self, tenant: &TenantId) -> Result<Share, Failure> {
        self.readers.take(tenant, 1).await.ok_or_else(|| {
            Failure::new(
                Kind::ResourceExhausted,
                Reason::LimitExceeded,
                format!(
                    "{WAITING} documents of this tenant wait to be read; hand in the next when one of them is read, or \
                     fewer at once"
                ),
            )
            .after(COME_AGAIN)
        })
    }

    async fn read_now(&self, file: &Path, file_name: &str) -> Result<Content, Failure> {
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
