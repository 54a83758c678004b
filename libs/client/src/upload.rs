//! Sources on their way to the server: in chunks, from a file that is never in memory as a whole,
//! and from where a broken stream stopped.

use std::future::ready;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use async_stream::try_stream;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use lectern_core::digest::Hasher;
use lectern_core::{Digest, Failure, Kind, Reason, text};
use lectern_proto::names;
use lectern_proto::v1::upload_document_request::Part;
use lectern_proto::v1::{Document, GetUploadRequest, UploadChunk, UploadDocumentRequest, UploadFinish, UploadStart};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tonic::Request;

use crate::client::{Client, unsaid};
use crate::retry::failed;

/// Bytes of a chunk: half of what a server takes in one, so that a stream that breaks loses little.
const CHUNK: usize = 512 * 1024;
/// Bytes of a chunk on the slowest line. From [`CHUNK`] on it is reached after five halvings, which
/// the six tries of the default allow.
const SMALLEST_CHUNK: usize = 16 * 1024;

/// A source to be handed in, and what is said of it.
#[derive(Debug, Clone)]
pub struct Upload {
    content: Content,
    file_name: String,
    display_name: String,
    language_code: String,
    revises: String,
    upload_id: Option<String>,
}

#[derive(Debug, Clone)]
enum Content {
    File(PathBuf),
    Bytes(Bytes),
}

impl Upload {
    /// A file, under its own name. It is read twice, first for its digest, and must not change
    /// meanwhile.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(sendable(&path), Content::File(path))
    }

    /// Bytes. The ending of `file_name` tells formats apart that the bytes do not, such as Markdown
    /// and plain text.
    #[must_use]
    pub fn bytes(file_name: &str, bytes: impl Into<Bytes>) -> Self {
        Self::new(sendable(Path::new(file_name)), Content::Bytes(bytes.into()))
    }

    const fn new(file_name: String, content: Content) -> Self {
        Self {
            content,
            file_name,
            display_name: String::new(),
            language_code: String::new(),
            revises: String::new(),
            upload_id: None,
        }
    }

    /// A name for people; the file's where none is given.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// The language that the source is in, a BCP 47 tag; it is found out where none is given.
    #[must_use]
    pub fn language_code(mut self, tag: impl Into<String>) -> Self {
        self.language_code = tag.into();
        self
    }

    /// The document that the source is a revision of, `documents/{document}`: of a narration of it
    /// only the sentences that changed are spoken. The two are erased together alone.
    #[must_use]
    pub fn revises(mut self, document: impl Into<String>) -> Self {
        self.revises = document.into();
        self
    }

    /// An id of the caller's instead of a fresh one: what another process sent under it of the same
    /// source is not sent again, and the document is the same. It has at most 64 characters of
    /// letters, digits, `-` and `_`.
    #[must_use]
    pub fn id(mut self, upload_id: impl Into<String>) -> Self {
        self.upload_id = Some(upload_id.into());
        self
    }

    /// How many bytes the source has, and their SHA-256: by that
    /// [`Client::find_document`] tells whether it was handed in before.
    ///
    /// # Errors
    /// `INVALID_FIELD` where the file cannot be read.
    pub async fn digest(&self) -> Result<(u64, Digest), Failure> {
        self.content.measure().await
    }
}

impl Client {
    /// Hands in a source of any size, and returns once it is read and accepted.
    ///
    /// # Errors
    /// `INVALID_FIELD` where the file cannot be read, `ABORTED` where it changed meanwhile, and
    /// what the server answers.
    pub async fn upload(&self, upload: &Upload) -> Result<Document, Failure> {
        let (size, sha256) = upload.digest().await?;
        let upload_id = upload.upload_id.clone().unwrap_or_else(|| self.fresh_id());
        let name = names::of_upload(&upload_id);
        let start = UploadStart {
            upload: name.clone(),
            document: Some(Document {
                display_name: upload.display_name.clone(),
                language_code: upload.language_code.clone(),
                revises: upload.revises.clone(),
                ..Document::default()
            }),
            file_name: upload.file_name.clone(),
            size_bytes: Some(i64::try_from(size).unwrap_or(i64::MAX)),
        };
        let mut safe = if upload.upload_id.is_some() { self.safe(&name, size).await? } else { 0 };
        let (mut tries, mut chunk) = (self.tries(), CHUNK);
        loop {
            let (start, content) = (start.clone(), upload.content.clone());
            let sending = Sending { start, content, offset: safe, size, sha256, chunk };
            let unread = Arc::new(OnceLock::new());
            let answer = Box::pin(self.documents().upload_document(sending.messages(Arc::clone(&unread)))).await;
            // A source that cannot be read ends the stream, and the server tells of that end alone.
            if let Some(failure) = unread.get() {
                return Err(failure.clone());
            }
            match answer {
                Ok(answer) => return answer.into_inner().document.ok_or_else(|| unsaid("the document")),
                Err(status) => {
                    let failure = failed(&status);
                    chunk = next_chunk(chunk, &failure);
                    tries.wait(failure).await?;
                }
            }
            let before = std::mem::replace(&mut safe, self.safe(&name, size).await?);
            if safe > before {
                tries.progress();
            }
        }
    }

    /// How much of an upload is safe; nothing of one that the server does not know, or has dropped.
    async fn safe(&self, name: &str, size: u64) -> Result<u64, Failure> {
        let call = |request: Request<GetUploadRequest>| {
            let mut client = self.documents();
            async move { client.get_upload(request).await }
        };
        let request = GetUploadRequest { name: name.to_owned() };
        let safe = match self.call(&request, self.policy().call_timeout, call).await {
            Ok(answer) => {
                let upload = answer.upload.ok_or_else(|| unsaid("the upload"))?;
                u64::try_from(upload.committed_bytes).unwrap_or(0)
            }
            Err(failure) if failure.reason == Reason::ResourceNotFound => 0,
            Err(failure) => return Err(failure),
        };
        if safe > size {
            let message = format!(
                "{name} has {safe} bytes already, and the source has {size}: it is of another source; choose another id"
            );
            return Err(Failure::invalid("start.upload", message));
        }
        Ok(safe)
    }
}

/// One stream of an upload.
#[derive(Debug)]
struct Sending {
    start: UploadStart,
    content: Content,
    offset: u64,
    size: u64,
    sha256: Digest,
    /// Bytes of a chunk.
    chunk: usize,
}

impl Sending {
    /// Its messages. Where the source cannot be read they end, and `unread` says why.
    fn messages(self, unread: Arc<OnceLock<Failure>>) -> impl Stream<Item = UploadDocumentRequest> + Send + 'static {
        self.parts()
            // The stream ends with the first failure, so none is there yet.
            .scan(unread, |unread, part| ready(part.map_err(|failure| unread.set(failure)).ok()))
            .map(|part| UploadDocumentRequest { part: Some(part) })
    }

    fn parts(self) -> impl Stream<Item = Result<Part, Failure>> + Send + 'static {
        try_stream! {
            let Self { start, content, offset, size, sha256, chunk } = self;
            yield Part::Start(start);
            let mut at = offset;
            let mut pieces = pin!(content.pieces(offset, chunk));
            while let Some(piece) = pieces.next().await {
                let data = piece?;
                let (begins, crc32c) = (i64::try_from(at).unwrap_or(i64::MAX), crc32c::crc32c(&data));
                at += data.len() as u64;
                yield Part::Chunk(UploadChunk { offset: begins, data, crc32c });
            }
            if at != size {
                Err(changed(size, at))?;
            }
            yield Part::Finish(UploadFinish { sha256: sha256.to_string() });
        }
    }
}

impl Content {
    /// Length and SHA-256.
    async fn measure(&self) -> Result<(u64, Digest), Failure> {
        let (mut hasher, mut size) = (Hasher::default(), 0);
        let mut pieces = pin!(self.clone().pieces(0, CHUNK));
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            hasher.update(&piece);
            size += piece.len() as u64;
        }
        Ok((size, hasher.finish()))
    }

    /// What stands from `offset` on, in chunks of `chunk` bytes.
    fn pieces(self, offset: u64, chunk: usize) -> impl Stream<Item = Result<Bytes, Failure>> + Send + 'static {
        try_stream! {
            match self {
                Self::Bytes(bytes) => {
                    let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                    let mut rest = bytes.slice(begin..);
                    while !rest.is_empty() {
                        let piece = rest.split_to(rest.len().min(chunk));
                        yield piece;
                    }
                }
                Self::File(path) => {
                    let mut file = File::open(&path).await.map_err(|error| unreadable(&path, &error))?;
                    file.seek(SeekFrom::Start(offset)).await.map_err(|error| unreadable(&path, &error))?;
                    loop {
                        let mut piece = Vec::with_capacity(chunk);
                        let mut next = (&mut file).take(chunk as u64);
                        next.read_to_end(&mut piece).await.map_err(|error| unreadable(&path, &error))?;
                        if piece.is_empty() {
                            break;
                        }
                        yield Bytes::from(piece);
                    }
                }
            }
        }
    }
}

/// Bytes of a chunk of the try after one that had chunks of `chunk` bytes and ended with `failure`.
/// A server ends a stream that brings no whole message for a while, and a slow line may need longer
/// than that for a large one.
fn next_chunk(chunk: usize, failure: &Failure) -> usize {
    if failure.reason == Reason::DeadlinePassed { (chunk / 2).max(SMALLEST_CHUNK) } else { chunk }
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::invalid("source", format!("{} cannot be read: {error}", file.display()))
}

fn changed(size: u64, found: u64) -> Failure {
    let message =
        format!("the source had {size} bytes and has {found} now; hand it in once it does not change any more");
    Failure::new(Kind::Aborted, Reason::WrongState, message)
}

/// The name of a file as servers take it: without characters that control, and of a long one its
/// end, which has the ending.
fn sendable(file: &Path) -> String {
    file.file_name().map(|name| text::file_name(&name.to_string_lossy())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_sent_as_servers_take_it() {
        assert_eq!(sendable(Path::new("notes/tide\ttable.md")), "tidetable.md");
        let long = sendable(Path::new(&format!("{}.pdf", "ü".repeat(300))));
        assert!(long.chars().count() == text::LONGEST_NAME && long.ends_with("üü.pdf"), "{long}");
        assert_eq!(sendable(Path::new("..")), "");
    }

    #[test]
    fn chunks_become_smaller_where_the_line_is_too_slow_for_them() {
        let slow = Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, "no whole message came");
        let sizes: Vec<usize> =
            std::iter::successors(Some(CHUNK), |chunk| Some(next_chunk(*chunk, &slow))).take(7).collect();
        assert_eq!(sizes, [512, 256, 128, 64, 32, 16, 16].map(|kibibytes| kibibytes << 10));
        let busy = Failure::new(Kind::Unavailable, Reason::ShuttingDown, "call again");
        assert_eq!(next_chunk(CHUNK, &busy), CHUNK);
    }

    #[tokio::test]
    async fn a_file_and_its_bytes_are_the_same_from_any_offset() {
        let bytes: Bytes = (0_u32..400_000).flat_map(u32::to_le_bytes).collect::<Vec<u8>>().into();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let contents = [Content::Bytes(bytes.clone()), Content::File(file.path().to_owned())];
        for content in contents {
            assert_eq!(content.measure().await, Ok((bytes.len() as u64, Digest::of(&bytes))));
            for offset in [0, 1, CHUNK, bytes.len() - 1, bytes.len(), bytes.len() + 1] {
                for chunk in [CHUNK, SMALLEST_CHUNK] {
                    let pieces: Vec<Bytes> =
                        content.clone().pieces(offset as u64, chunk).map(|piece| piece.unwrap()).collect().await;
                    assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= chunk));
                    assert_eq!(pieces.concat(), bytes[offset.min(bytes.len())..], "from {offset} by {chunk}");
                }
            }
        }
        let missing = Content::File(PathBuf::from("/nonexistent/tide.md")).measure().await.unwrap_err();
        assert!(missing.reason == Reason::InvalidField && missing.message.contains("tide.md"), "{missing}");
    }
}
