//! One stream of an upload: chunks become parts, and the whole becomes a document. A part is
//! durable before its offset is; what a broken stream had sent is kept.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lectern_blob::objects::read_again;
use lectern_core::digest::Hasher;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_stage::work::no_room;
use lectern_store::{Change, Versioned};
use tokio::time::Instant;

use super::{Uploads, gone};
use crate::domain::upload::{PART_SIZE, cancelled, complete, offset_mismatch, within};
use crate::domain::{Document, Part, Upload, limits};
use crate::library::buffer::Buffer;
use crate::library::scratch::Scratch;
use crate::library::usage::is_full;
use crate::library::{Arrival, Considered, Via, reused};

/// One stream of an upload.
#[derive(Debug)]
pub struct Receiving {
    pub(super) uploads: Uploads,
    /// The record as this stream knows it, from its last part.
    pub(super) upload: Upload,
    /// Bytes that all sources of the tenant may have together; none where nobody said.
    pub(super) share: Option<u64>,
    pub(super) buffer: Buffer,
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
            self.uploads.discard(&self.upload).await?;
            return Err(failure);
        }
        within(self.upload.size, end)?;
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
    /// upload was faster, `WRONG_STATE` when the upload was cancelled or dropped, `INVALID_FIELD`
    /// where it goes past the size that another stream declared, `LIMIT_EXCEEDED` where the share
    /// of the tenant is full.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let (bytes, _room) = self.buffer.take();
        // What is stored fills storage, whether or not it ever becomes a document.
        let usage = self.uploads.library.usage();
        let _share = usage.reserve(&self.upload.tenant, bytes.len() as u64, self.share, None).await?;
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
        let path = Uploads::part_path(&self.upload, &part)?;
        self.uploads.blob.put(&path, bytes).await?;
        let now = self.uploads.clock.now();
        let stored = self
            .change(|upload: &mut Upload| {
                // After a write whose answer was lost, the part is there already.
                if upload.parts.last() == Some(&part) {
                    return Ok(Change::Skip);
                }
                if upload.document.is_some() {
                    return Err(faster());
                }
                // Another stream may have said it since this one was opened.
                within(upload.size, part.offset + part.size)?;
                match last {
                    Some(last) => upload.join(last, part, now)?,
                    None => upload.append(part, now)?,
                }
                Ok(Change::Write)
            })
            .await;
        match stored {
            Ok(upload) => {
                self.uploads.library.usage().uploaded(&upload.tenant, &upload.id, upload.committed());
                self.upload = upload;
                Ok(())
            }
            Err(failure) => {
                // Nothing is left of what was cancelled, or is not taken: it came after the others
                // went, or is no part.
                if matches!(failure.reason, Reason::WrongState | Reason::InvalidField)
                    && let Err(error) = self.uploads.blob.delete(&path).await
                {
                    tracing::warn!(%error, upload = %self.upload.id, "a part that is not of the upload stays behind");
                }
                Err(failure)
            }
        }
    }

    /// Changes the record of the upload, as long as it is that of this one.
    ///
    /// # Errors
    /// `WRONG_STATE` when the upload was cancelled or dropped, also where another one was opened
    /// under its id since; those of `change`.
    async fn change<F>(&self, mut change: F) -> Result<Upload, Failure>
    where
        F: FnMut(&mut Upload) -> Result<Change, Failure> + Send,
    {
        let serial = self.upload.serial;
        let changed = self.uploads.uploads.update(&self.upload.id, |upload: &mut Upload| {
            upload.still(serial)?;
            change(upload)
        });
        Ok(changed.await.map_err(|failure| gone(failure, &self.upload))?.record)
    }

    /// Ends the upload: checks the whole against `sha256`, reads it, and accepts or refuses it. A
    /// refused one is dropped; one that is shorter than declared is not, since it may go on.
    ///
    /// # Errors
    /// `INVALID_FIELD` where it has not the declared size, `CHECKSUM_MISMATCH`, and what
    /// [`Library::accept`](crate::library::Library::accept) answers.
    pub async fn finish(mut self, sha256: Digest) -> Result<Versioned<Document>, Failure> {
        self.flush().await?;
        // What other streams said of the size and the end holds for this one, too.
        if self.upload.document.is_none() {
            let known = self.known().await?;
            (self.upload.size, self.upload.document) = (known.size, known.document);
        }
        if let Some(document) = &self.upload.document {
            let known = self.uploads.document(&self.upload.tenant, document).await?;
            return if known.record.sha256 == sha256 { Ok(known) } else { Err(reused(document)) };
        }
        complete(self.upload.size, self.upload.committed())?;
        let accepted = self.accept(sha256).await;
        match &accepted {
            Ok(document) => {
                Box::pin(self.tell(&document.record)).await?;
            }
            // What cannot be read today cannot be read tomorrow: nothing is kept. Anything else may
            // be tried again, such as what is over a limit for now.
            Err(failure) if hopeless(failure) => {
                self.uploads.discard(&self.upload).await?;
            }
            Err(_) => {}
        }
        accepted
    }

    /// Notes in the record of the upload that it became this document, and deletes the parts. Also
    /// where the upload was dropped meanwhile, since all that took so long: it is a document all
    /// the same. Another one that was opened under its id since is left alone.
    async fn tell(&self, document: &Document) -> Result<(), Failure> {
        let (serial, now) = (self.upload.serial, self.uploads.clock.now());
        let told = self.uploads.uploads.update(&self.upload.id, |upload: &mut Upload| {
            if upload.serial != serial || upload.document.is_some() {
                return Ok(Change::Skip);
            }
            upload.finish(document.id.clone(), document.size, now);
            Ok(Change::Write)
        });
        match told.await {
            Err(failure) if failure.reason != Reason::ResourceNotFound => Err(failure),
            Ok(told) if told.record.serial != serial => self.uploads.drop_parts(&self.upload).await,
            Ok(_) => {
                self.uploads.library.usage().uploaded(&self.upload.tenant, &self.upload.id, 0);
                self.uploads.sweep(&self.upload.id).await
            }
            Err(_) => self.uploads.sweep(&self.upload.id).await,
        }
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
        let revises = self.upload.revises.clone();
        let request = revises.as_ref().map(|revised| Digest::of(format!("{sha256}\nrevises {revised}").as_bytes()));
        let arrival = Arrival {
            tenant: self.upload.tenant.clone(),
            id: Some(self.uploads.becomes(&self.upload)),
            request: request.unwrap_or(sha256),
            display_name: self.upload.display_name.clone(),
            file_name: self.upload.file_name.clone(),
            language: self.upload.language.clone(),
            revises,
            sha256,
            size,
            via: Via::Upload,
            share: self.share,
            upload: Some(self.upload.id.clone()),
        };
        let library = &self.uploads.library;
        let readable = match Box::pin(library.consider(arrival, file.path())).await? {
            Considered::Known(known) => return Ok(*known),
            Considered::Readable(readable) => readable,
        };
        // From here on it is not cancelled, so that none is both cancelled and a document.
        let token = self.uploads.random.next() >> 1;
        self.begin_finishing(token).await?;
        let kept = Box::pin(library.keep(*readable, file.path())).await;
        if kept.is_err()
            && let Err(failure) = self.end_finishing(token).await
        {
            tracing::warn!(%failure, upload = %self.upload.id, "the upload cannot be cancelled for some minutes");
        }
        kept
    }

    /// Notes that this stream makes a document of the upload, which nobody cancels meanwhile.
    async fn begin_finishing(&self, token: u64) -> Result<(), Failure> {
        let now = self.uploads.clock.now();
        self.change(|upload: &mut Upload| {
            // Another stream has finished it, and knows the document.
            if upload.document.is_some() {
                return Ok(Change::Skip);
            }
            if upload.begin_finishing(token, now) { Ok(Change::Write) } else { Err(faster()) }
        })
        .await
        .map(drop)
    }

    /// Takes that back; what other streams noted stays.
    async fn end_finishing(&self, token: u64) -> Result<(), Failure> {
        let ended = self
            .change(|upload: &mut Upload| Ok(if upload.end_finishing(token) { Change::Write } else { Change::Skip }));
        ended.await.map(drop)
    }

    /// The record of the upload as it is stored now.
    ///
    /// # Errors
    /// `WRONG_STATE` where it was cancelled or dropped.
    async fn known(&self) -> Result<Upload, Failure> {
        let known = self.uploads.uploads.get(&self.upload.id).await?;
        let known = known.ok_or_else(|| cancelled(&self.upload.upload_id))?.record;
        known.still(self.upload.serial)?;
        Ok(known)
    }

    /// All parts in one temporary file.
    async fn gather(&self) -> Result<Scratch, Failure> {
        let mut file = Scratch::new()?;
        for part in &self.upload.parts {
            let bytes = self.read(part).await?;
            file.write(&bytes)?;
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
        if self.known().await?.parts.contains(part) {
            let message = "a part of the upload is gone; start another upload";
            return Err(Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message));
        }
        Err(faster())
    }
}

fn faster() -> Failure {
    let message = "another stream of this upload was faster; ask GetUpload and go on from there";
    Failure::new(Kind::Aborted, Reason::OffsetMismatch, message)
}

/// Whether the same source will be refused again. A full share is not for ever: documents may be
/// deleted, and the upload finished then.
fn hopeless(failure: &Failure) -> bool {
    !failure.kind.retryable()
        || (failure.reason == Reason::LimitExceeded && failure.retry_after.is_none() && !is_full(failure))
}

/// SHA-256 and length of a file.
fn digest(path: &std::path::Path) -> std::io::Result<(Digest, u64)> {
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

#[cfg(test)]
mod tests;
