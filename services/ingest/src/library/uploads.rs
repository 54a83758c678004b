//! Uploads: sources that arrive in parts. A part is durable before its offset is; what a broken
//! stream had sent is kept.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lectern_blob::objects::read_again;
use lectern_blob::{Blob, ObjectPath, Prefix};
use lectern_core::digest::Hasher;
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, text};
use lectern_proto::convert;
use lectern_runtime::Shares;
use lectern_stage::work::no_room;
use lectern_store::{Change, Collection, StoreError, Versioned};
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::buffer::{self, Buffer};
use super::{Arrival, Library, reused, spent};
use crate::domain::upload::{LIFETIME, PART_SIZE, complete, offset_mismatch, within};
use crate::domain::{Document, Part, Upload, limits};

/// How many parts are joined at once: each needs up to 2 MiB beside what is buffered, so all of
/// them need no more than 32 MiB.
const JOINS: usize = 16;

/// The uploads on their way in.
#[derive(Debug, Clone)]
pub struct Uploads {
    uploads: Collection<Upload>,
    library: Library,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    room: Shares,
    joins: Arc<Semaphore>,
    idle: Duration,
}

/// One stream of an upload.
#[derive(Debug)]
pub struct Receiving {
    uploads: Uploads,
    upload: Upload,
    /// The declared size that this stream keeps to; 0 for unknown.
    size: u64,
    buffer: Buffer,
}

impl Uploads {
    /// Uploads into `library`, by streams that end when they bring nothing for as long as `idle`.
    #[must_use]
    pub fn new(
        uploads: Collection<Upload>,
        library: Library,
        blob: Arc<dyn Blob>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        idle: Duration,
    ) -> Self {
        let joins = Arc::new(Semaphore::new(JOINS));
        Self { uploads, library, blob, clock, random, room: buffer::room(), joins, idle }
    }

    /// How long a stream may bring nothing.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// Bytes of memory that the streams hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.room.held()
    }

    fn id(&self, tenant: &TenantId, upload_id: &str) -> Result<String, Failure> {
        // An upload id is an id like any other.
        let upload_id: DocumentId =
            upload_id.parse().map_err(|e| Failure::invalid("start.upload_id", format!("upload_id: {e}")))?;
        Ok(DocumentId::of(&self.library.secret(tenant).request(&format!("upload/{upload_id}"))).to_string())
    }

    /// Opens an upload, or opens it again where it stopped.
    ///
    /// # Errors
    /// `INVALID_FIELD`, `LIMIT_EXCEEDED`; `DOCUMENT_ERASED` where the upload was finished, and its
    /// document erased since.
    pub async fn open(
        &self,
        tenant: &TenantId,
        upload_id: &str,
        display_name: &str,
        file_name: &str,
        language: &str,
        size: u64,
    ) -> Result<Receiving, Failure> {
        let language = convert::language_tag("start.language", language)?;
        text::check_name("start.display_name", display_name)?;
        text::check_name("start.file_name", file_name)?;
        self.library.limits().upload(size)?;
        let id = self.id(tenant, upload_id)?;
        let now = self.clock.now();
        let fresh = Upload {
            id: id.clone(),
            tenant: tenant.clone(),
            upload_id: upload_id.to_owned(),
            display_name: display_name.to_owned(),
            file_name: file_name.to_owned(),
            language,
            size,
            parts: Vec::new(),
            document: None,
            created: now,
            due_at: Some(now.plus(LIFETIME)),
        };
        let upload = match self.uploads.insert(&fresh).await {
            Ok(_) => fresh,
            Err(StoreError::Duplicate { .. }) => self.uploads.get(&id).await?.map_or(fresh, |known| known.record),
            Err(error) => return Err(error.into()),
        };
        // Of a finished upload nothing is kept but its document, whose digest `finish` compares.
        let size = match &upload.document {
            Some(document) => {
                self.document(tenant, document).await?;
                0
            }
            None => upload.size_declared(size)?,
        };
        Ok(Receiving { uploads: self.clone(), upload, size, buffer: Buffer::default() })
    }

    /// How much of an upload is safe, and the document once it is finished.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`.
    pub async fn query(&self, tenant: &TenantId, upload_id: &str) -> Result<Upload, Failure> {
        let found = self.uploads.get(&self.id(tenant, upload_id)?).await?;
        found.map(|upload| upload.record).ok_or_else(|| Failure::not_found(format!("upload {upload_id}")))
    }

    /// The document of a finished upload.
    async fn document(&self, tenant: &TenantId, id: &DocumentId) -> Result<Versioned<Document>, Failure> {
        let found = self.library.get(tenant, id).await;
        found.map_err(|failure| if failure.reason == Reason::DocumentErased { spent(id) } else { failure })
    }

    /// The uploads' collection, for the reconciler.
    #[must_use]
    pub const fn uploads(&self) -> &Collection<Upload> {
        &self.uploads
    }

    /// Drops an upload: its parts, then its record.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn drop_upload(&self, upload: &Upload) -> Result<(), Failure> {
        self.drop_parts(upload).await?;
        self.uploads.delete(&upload.id, None).await?;
        Ok(())
    }

    async fn drop_parts(&self, upload: &Upload) -> Result<(), Failure> {
        let prefix =
            Prefix::new(&format!("tmp-uploads/{}", upload.id)).map_err(|e| Failure::internal(e.to_string()))?;
        self.blob.delete_prefix(&prefix).await?;
        Ok(())
    }

    fn part_path(upload: &Upload, part: &Part) -> Result<ObjectPath, Failure> {
        ObjectPath::new(format!("tmp-uploads/{}/{}-{:016x}", upload.id, part.offset, part.token))
            .map_err(|e| Failure::internal(e.to_string()))
    }
}

impl Receiving {
    /// Takes a chunk.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED`, `OFFSET_MISMATCH`, `CHECKSUM_MISMATCH`, `INVALID_FIELD` where it goes past
    /// the declared size, `OVERLOADED` where no room for it is given back in time, and what keeps a
    /// part from being put.
    pub async fn chunk(&mut self, offset: u64, data: &Bytes, crc32c: u32) -> Result<(), Failure> {
        limits::chunk(data.len())?;
        // The upload is finished: the answer is its document, and what is sent again is not kept.
        if self.upload.document.is_some() {
            return Ok(());
        }
        let expected = self.upload.committed() + self.buffer.len() as u64;
        if offset != expected {
            return Err(offset_mismatch(expected, offset));
        }
        if crc32c::crc32c(data) != crc32c {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::ChecksumMismatch,
                format!("the chunk at {offset} does not have the CRC32C that came with it; send it again"),
            )
            .at("chunk.crc32c"));
        }
        let end = expected + data.len() as u64;
        if let Err(failure) = self.uploads.library.limits().upload(end) {
            // No continuation could be accepted: nothing is kept.
            drop(self.buffer.take());
            self.uploads.drop_upload(&self.upload).await?;
            return Err(failure);
        }
        within(self.size, end)?;
        if !self.buffer.try_fit(&self.uploads.room, &self.upload.tenant, data.len()) {
            // What it holds is stored, which gives its room back, before it waits for more.
            self.flush().await?;
            let Self { uploads, upload, buffer, .. } = self;
            buffer.fit(&uploads.room, &upload.tenant, data.len(), uploads.idle).await?;
        }
        self.buffer.add(data);
        if self.buffer.len() >= PART_SIZE {
            self.flush().await?;
        }
        Ok(())
    }

    /// How long the stream may bring nothing.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.uploads.idle()
    }

    /// When what is buffered is to be stored, if the last bytes came at `heard` and no more come;
    /// none where nothing is buffered.
    #[must_use]
    pub fn due(&self, heard: Instant) -> Option<Instant> {
        self.buffer.due(heard)
    }

    /// Makes what was received durable, and its offset known. Its room is given back, also where
    /// this fails.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`, `OFFSET_MISMATCH` when another stream of the same
    /// upload was faster.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let (bytes, _room) = self.buffer.take();
        match self.upload.joinable(bytes.len() as u64) {
            // Few streams need this, and their futures are smaller without it.
            Some(last) => Box::pin(self.join(last, &bytes)).await,
            None => self.store(None, bytes).await,
        }
    }

    /// Stores `bytes` as one part with the last one.
    async fn join(&mut self, last: Part, bytes: &Bytes) -> Result<(), Failure> {
        let turn = Arc::clone(&self.uploads.joins).acquire_owned().await;
        let _turn = turn.map_err(|_| Failure::internal("parts of uploads are not joined any more"))?;
        let stored = self.read(&last).await?;
        let mut joined = BytesMut::with_capacity(stored.len() + bytes.len());
        joined.extend_from_slice(&stored);
        joined.extend_from_slice(bytes);
        drop(stored);
        let path = Uploads::part_path(&self.upload, &last)?;
        self.store(Some(last), joined.freeze()).await?;
        // What stays behind is no part any more, and goes when the upload is finished or dropped.
        if let Err(error) = self.uploads.blob.delete(&path).await {
            tracing::warn!(%error, upload = %self.upload.id, "a joined part stays behind");
        }
        Ok(())
    }

    /// Stores `bytes` as a part: in the place of `last`, or after all parts.
    async fn store(&mut self, last: Option<Part>, bytes: Bytes) -> Result<(), Failure> {
        let part = Part {
            offset: last.map_or_else(|| self.upload.committed(), |last| last.offset),
            size: bytes.len() as u64,
            token: self.uploads.random.next() >> 1,
        };
        self.uploads.blob.put(&Uploads::part_path(&self.upload, &part)?, bytes).await?;
        let now = self.uploads.clock.now();
        let updated = self
            .uploads
            .uploads
            .update(&self.upload.id, |upload: &mut Upload| {
                // After a write whose answer was lost, the part is there already.
                if upload.parts.last() == Some(&part) {
                    return Ok(Change::Skip);
                }
                match last {
                    Some(last) => upload.join(last, part, now)?,
                    None => upload.append(part, now)?,
                }
                Ok(Change::Write)
            })
            .await?;
        self.upload = updated.record;
        Ok(())
    }

    /// Ends the upload: checks the whole against `sha256`, reads it, and accepts or refuses it. A
    /// refused one is dropped; one that is shorter than declared is not, since it may go on.
    ///
    /// # Errors
    /// `INVALID_FIELD` where it has not the declared size, `CHECKSUM_MISMATCH`, and what
    /// [`Library::accept`] answers.
    pub async fn finish(mut self, sha256: Digest) -> Result<Versioned<Document>, Failure> {
        self.flush().await?;
        if let Some(document) = &self.upload.document {
            let known = self.uploads.document(&self.upload.tenant, document).await?;
            return if known.record.sha256 == sha256 { Ok(known) } else { Err(reused(document)) };
        }
        complete(self.size, self.upload.committed())?;
        let accepted = self.accept(sha256).await;
        match &accepted {
            Ok(document) => {
                let id = document.record.id.clone();
                self.uploads
                    .uploads
                    .update(&self.upload.id, |upload: &mut Upload| {
                        upload.document = Some(id.clone());
                        upload.parts.clear();
                        Ok(Change::Write)
                    })
                    .await?;
                self.uploads.drop_parts(&self.upload).await?;
            }
            // What cannot be read today cannot be read tomorrow: nothing is kept. Anything else may
            // be tried again, such as what is over a limit for now.
            Err(failure) if hopeless(failure) => {
                self.uploads.drop_upload(&self.upload).await?;
            }
            Err(_) => {}
        }
        accepted
    }

    async fn accept(&self, sha256: Digest) -> Result<Versioned<Document>, Failure> {
        let file = self.gather().await?;
        let (file, found, size) = tokio::task::spawn_blocking(move || {
            let (found, size) = digest(file.path())?;
            Ok::<_, std::io::Error>((file, found, size))
        })
        .await
        .map_err(|_| Failure::internal("reading an upload broke off"))?
        .map_err(|e| no_room(&e))?;
        if found != sha256 {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::ChecksumMismatch,
                format!("the whole has SHA-256 {found}, not {sha256}; the upload was dropped, send it again"),
            )
            .at("finish.sha256"));
        }
        let id = DocumentId::of(&self.uploads.library.secret(&self.upload.tenant).request(&self.upload.id));
        let arrival = Arrival {
            tenant: self.upload.tenant.clone(),
            id: Some(id),
            request: sha256,
            display_name: self.upload.display_name.clone(),
            file_name: self.upload.file_name.clone(),
            language: self.upload.language.clone(),
            sha256,
            size,
        };
        self.uploads.library.accept(arrival, file.path()).await
    }

    /// All parts in one temporary file.
    async fn gather(&self) -> Result<NamedTempFile, Failure> {
        let mut file = NamedTempFile::new().map_err(|e| no_room(&e))?;
        for part in &self.upload.parts {
            let bytes = self.read(part).await?;
            file.write_all(&bytes).map_err(|e| no_room(&e))?;
        }
        Ok(file)
    }

    /// The bytes of a part that this stream knows.
    ///
    /// # Errors
    /// `OFFSET_MISMATCH` where the upload does not have it any more, since another stream joined
    /// it, or finished or dropped the upload; `OBJECT_DAMAGED` where it is lost.
    async fn read(&self, part: &Part) -> Result<Bytes, Failure> {
        let path = Uploads::part_path(&self.upload, part)?;
        if let Some(bytes) = read_again(|| self.uploads.blob.get(&path)).await? {
            return Ok(bytes);
        }
        let known = self.uploads.uploads.get(&self.upload.id).await?;
        if known.is_some_and(|known| known.record.parts.contains(part)) {
            let message = "a part of the upload is gone; start another upload";
            return Err(Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message));
        }
        let message = "another stream of this upload was faster; ask QueryUpload and go on from there";
        Err(Failure::new(Kind::Aborted, Reason::OffsetMismatch, message))
    }
}

/// Whether the same source will be refused again.
fn hopeless(failure: &Failure) -> bool {
    !failure.kind.retryable() || (failure.reason == Reason::LimitExceeded && failure.retry_after.is_none())
}

/// SHA-256 and length of a file.
pub(super) fn digest(path: &std::path::Path) -> std::io::Result<(Digest, u64)> {
    let mut file = std::fs::File::open(path)?;
    let (mut hasher, mut size) = (Hasher::default(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}
