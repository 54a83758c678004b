//! What is uploaded, in a form that can be begun again: a session may be lost at any chunk, and
//! then the whole upload is sent anew.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use google_cloud_storage::streaming_source::{SizeHint, StreamingSource};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use crate::{BlobError, ByteStream};

/// How much is handed out at a time, in bytes, and no piece goes over a multiple of it: that is
/// what the service keeps of a chunk when it does not keep all, and the client cuts a piece in two
/// at the wrong place.
const CHUNK: usize = 256 * 1024;

/// Length and checksum of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    pub(super) size: u64,
    pub(super) crc32c: u32,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut sum = Self::default();
        sum.add(bytes);
        sum
    }
}

/// What is uploaded.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Bytes(Bytes, Sum),
    File(Arc<Local>),
    Stream(Arc<Replay>),
}

impl Content {
    pub(super) fn bytes(bytes: Bytes) -> Self {
        let sum = Sum::of(&bytes);
        Self::Bytes(bytes, sum)
    }

    /// Reads the file once for its checksum, so that storage can refuse whatever differs.
    pub(super) async fn file(path: &Path) -> Result<Self, BlobError> {
        let mut file = tokio::fs::File::open(path).await.map_err(BlobError::Source)?;
        let mut sum = Sum::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk).await.map_err(BlobError::Source)?;
            if read == 0 {
                return Ok(Self::File(Arc::new(Local { path: path.to_owned(), sum, failed: Failed::default() })));
            }
            sum.add(chunk.get(..read).unwrap_or_default());
        }
    }

    pub(super) fn stream(stream: ByteStream) -> Self {
        let inner = Inner { stream, ended: false, file: None, sum: Sum::default() };
        Self::Stream(Arc::new(Replay { inner: Mutex::new(inner), failed: Failed::default() }))
    }

    /// Its length and checksum, where they are known before it is sent.
    pub(super) fn known(&self) -> Option<Sum> {
        match self {
            Self::Bytes(_, sum) => Some(*sum),
            Self::File(local) => Some(local.sum),
            Self::Stream(_) => None,
        }
    }

    /// Its length and checksum. Of a stream what was not read yet is read now, for whoever counts
    /// or hashes what goes through.
    pub(super) async fn sum(&self) -> Result<Sum, BlobError> {
        match self {
            Self::Bytes(_, sum) => Ok(*sum),
            Self::File(local) => Ok(local.sum),
            Self::Stream(replay) => replay.drain().await,
        }
    }

    /// The error of the content itself, if that is what ended an upload.
    pub(super) fn failure(&self) -> Option<BlobError> {
        match self {
            Self::Bytes(..) => None,
            Self::File(local) => local.failed.take(),
            Self::Stream(replay) => replay.failed.take(),
        }
    }

    /// From its first byte; [`BlobError::Source`] where it cannot be opened.
    pub(super) async fn open(&self, progress: Arc<Progress>) -> Result<Source, BlobError> {
        let from = match self {
            Self::Bytes(bytes, _) => From::Bytes(Some(bytes.clone())),
            Self::File(local) => {
                let file = tokio::fs::File::open(&local.path).await.map_err(BlobError::Source)?;
                From::File(file, Arc::clone(local))
            }
            Self::Stream(replay) => From::Replay(Arc::clone(replay), 0),
        };
        Ok(Source { from, rest: Bytes::new(), at: 0, size: self.known().map(|sum| sum.size), progress })
    }
}

/// What reading the content failed with: the client does not tell it from troubles of its own.
#[derive(Debug, Default)]
struct Failed(parking_lot::Mutex<Option<io::Error>>);

impl Failed {
    /// Keeps an error; what the client is told instead.
    fn put(&self, error: io::Error) -> io::Error {
        let told = io::Error::new(error.kind(), "the content could not be read");
        *self.0.lock() = Some(error);
        told
    }

    fn take(&self) -> Option<BlobError> {
        self.0.lock().take().map(BlobError::Source)
    }
}

/// A file of whoever puts it.
#[derive(Debug)]
pub(super) struct Local {
    path: PathBuf,
    sum: Sum,
    failed: Failed,
}

/// How far an upload is, for whoever watches that it moves.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pulled: AtomicU64,
    waiting: AtomicBool,
}

impl Progress {
    /// How many pieces were taken.
    pub(super) fn pulled(&self) -> u64 {
        self.pulled.load(Ordering::Relaxed)
    }

    /// Whether the next piece is being waited for: what is slow then is whoever makes it.
    pub(super) fn waits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// One reading of the content.
#[derive(Debug)]
pub(super) struct Source {
    from: From,
    /// What was taken and not handed out yet.
    rest: Bytes,
    /// How much was handed out.
    at: u64,
    size: Option<u64>,
    progress: Arc<Progress>,
}

#[derive(Debug)]
enum From {
    Bytes(Option<Bytes>),
    File(tokio::fs::File, Arc<Local>),
    Replay(Arc<Replay>, u64),
}

impl From {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Bytes(bytes) => bytes.take().map(Ok),
            Self::File(file, local) => {
                read_chunk(file, CHUNK).await.map_err(|error| local.failed.put(error)).transpose()
            }
            Self::Replay(replay, at) => {
                let piece = replay.piece(*at).await;
                if let Some(Ok(bytes)) = &piece {
                    *at = at.saturating_add(bytes.len() as u64);
                }
                piece
            }
        }
    }
}

impl StreamingSource for Source {
    type Error = io::Error;

    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        while self.rest.is_empty() {
            self.progress.waiting.store(true, Ordering::Relaxed);
            let piece = self.from.next().await;
            self.progress.waiting.store(false, Ordering::Relaxed);
            match piece? {
                Ok(bytes) => self.rest = bytes,
                Err(error) => return Some(Err(error)),
            }
        }
        self.progress.pulled.fetch_add(1, Ordering::Relaxed);
        let into = usize::try_from(self.at % CHUNK as u64).unwrap_or(0);
        let piece = self.rest.split_to(self.rest.len().min(CHUNK - into));
        self.at = self.at.saturating_add(piece.len() as u64);
        Some(Ok(piece))
    }

    async fn size_hint(&self) -> Result<SizeHint, io::Error> {
        Ok(self.size.map_or_else(SizeHint::new, SizeHint::with_exact))
    }
}

async fn read_chunk(file: &mut tokio::fs::File, length: usize) -> io::Result<Option<Bytes>> {
    let mut chunk = vec![0; length];
    let read = file.read(&mut chunk).await?;
    chunk.truncate(read);
    Ok((read > 0).then(|| Bytes::from(chunk)))
}

/// A stream that can be read again: what came of it is kept in a temporary file without a name.
pub(super) struct Replay {
    inner: Mutex<Inner>,
    failed: Failed,
}

struct Inner {
    stream: ByteStream,
    ended: bool,
    file: Option<tokio::fs::File>,
    sum: Sum,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}

impl Replay {
    /// The piece at `at`: what is kept, then what the stream still has.
    async fn piece(&self, at: u64) -> Option<io::Result<Bytes>> {
        let mut inner = self.inner.lock().await;
        let kept = inner.sum.size;
        if at < kept {
            let length = usize::try_from(kept - at).map_or(CHUNK, |left| left.min(CHUNK));
            return Some(inner.again(at, length).await);
        }
        match inner.pull(true).await? {
            Ok(bytes) => Some(Ok(bytes)),
            Err(error) => Some(Err(self.failed.put(error))),
        }
    }

    /// Reads the stream to its end.
    async fn drain(&self) -> Result<Sum, BlobError> {
        let mut inner = self.inner.lock().await;
        while let Some(piece) = inner.pull(false).await {
            piece.map_err(BlobError::Source)?;
        }
        Ok(inner.sum)
    }
}

impl Inner {
    /// The next piece of the stream, kept for another reading where there may be one.
    async fn pull(&mut self, keep: bool) -> Option<io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        let piece = match self.stream.next().await {
            Some(Ok(bytes)) if keep => self.keep(&bytes).await.map(|()| bytes),
            Some(piece) => piece,
            None => {
                self.ended = true;
                return None;
            }
        };
        match &piece {
            Ok(bytes) => self.sum.add(bytes),
            Err(_) => self.ended = true,
        }
        Some(piece)
    }

    async fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let made = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::other)??;
                self.file.insert(tokio::fs::File::from_std(made))
            }
        };
        file.seek(SeekFrom::Start(self.sum.size)).await?;
        file.write_all(bytes).await?;
        file.flush().await
    }

    async fn again(&mut self, at: u64, length: usize) -> io::Result<Bytes> {
        let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "the temporary copy of the content is gone");
        let file = self.file.as_mut().ok_or_else(gone)?;
        file.seek(SeekFrom::Start(at)).await?;
        read_chunk(file, length).await?.ok_or_else(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content: &Content, pieces: usize) -> Vec<u8> {
        let mut source = content.open(Arc::default()).await.unwrap();
        let mut all = Vec::new();
        for _ in 0..pieces {
            match source.next().await {
                Some(piece) => all.extend_from_slice(&piece.unwrap()),
                None => break,
            }
        }
        all
    }

    #[tokio::test]
    async fn a_stream_is_read_again_from_its_start_and_then_goes_on() {
        let pieces: Vec<io::Result<Bytes>> = (0..5_u8).map(|i| Ok(Bytes::from(vec![i; 100_000]))).collect();
        let content = Content::stream(futures::stream::iter(pieces).boxed());
        assert_eq!(read(&content, 2).await.len(), 200_000);
        let whole = read(&content, usize::MAX).await;
        assert_eq!(whole, (0..5_u8).flat_map(|i| vec![i; 100_000]).collect::<Vec<u8>>());
        assert_eq!(content.sum().await.unwrap(), Sum::of(&whole));
        assert_eq!(read(&content, usize::MAX).await, whole);
    }

    #[tokio::test]
    async fn no_piece_goes_over_a_boundary_at_which_the_service_may_stop() {
        let pieces: Vec<io::Result<Bytes>> = (0..5_u8).map(|i| Ok(Bytes::from(vec![i; 700_001]))).collect();
        let stream = Content::stream(futures::stream::iter(pieces).boxed());
        for content in [stream, Content::bytes(Bytes::from(vec![7; 3_500_005]))] {
            let mut source = content.open(Arc::default()).await.unwrap();
            let mut at = 0;
            while let Some(piece) = source.next().await {
                let piece = piece.unwrap();
                assert!(!piece.is_empty() && at % CHUNK + piece.len() <= CHUNK, "{} bytes at {at}", piece.len());
                at += piece.len();
            }
            assert_eq!(at, 3_500_005);
        }
    }

    #[tokio::test]
    async fn an_error_of_the_stream_is_told_as_it_was() {
        let pieces = [Ok(Bytes::from_static(b"x")), Err(io::Error::new(io::ErrorKind::BrokenPipe, "went away"))];
        let content = Content::stream(futures::stream::iter(pieces).boxed());
        let mut source = content.open(Arc::default()).await.unwrap();
        source.next().await.unwrap().unwrap();
        source.next().await.unwrap().unwrap_err();
        assert!(source.next().await.is_none());
        let failure = content.failure().unwrap();
        assert!(failure.to_string().contains("went away"), "{failure}");
    }

    #[tokio::test]
    async fn a_file_that_went_away_or_cannot_be_read_is_trouble_of_the_content_and_not_of_storage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"x").unwrap();
        let content = Content::file(&path).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(content.open(Arc::default()).await, Err(BlobError::Source(_))));
        // A folder can be opened, and every reading of it fails.
        std::fs::create_dir(&path).unwrap();
        let mut source = content.open(Arc::default()).await.unwrap();
        source.next().await.unwrap().unwrap_err();
        assert!(matches!(content.failure(), Some(BlobError::Source(_))));
    }

    #[tokio::test]
    async fn what_is_not_sent_is_still_read_for_whoever_counts_it() {
        let pieces: Vec<io::Result<Bytes>> = vec![Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"def"))];
        let content = Content::stream(futures::stream::iter(pieces).boxed());
        assert_eq!(content.sum().await.unwrap(), Sum::of(b"abcdef"));
    }
}
