//! Uploads: sources that arrive in parts, over as many streams as it takes. An upload that is
//! cancelled or dropped stays as a record for a minute, so that a stream that is still open learns
//! of it, and what it was just putting is deleted as well. One that is opened under the same id
//! since has another serial number, and another folder for its parts.

mod receiving;
mod sweeping;

use std::sync::Arc;
use std::time::Duration;

use lectern_blob::{Blob, ObjectPath};
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Clock, Failure, Kind, Random, Reason, text};
use lectern_proto::{convert, names};
use lectern_runtime::Shares;
use lectern_store::{Change, Collection, StoreError, Versioned};
use tokio::sync::Semaphore;

pub use receiving::Receiving;

use super::buffer::{self, Buffer};
use super::usage::is_full;
use super::{Library, spent};
use crate::domain::upload::{LIFETIME, cancelled, finished};
use crate::domain::{Document, Part, Upload};

/// How often an upload is opened again because somebody else opened or dropped it meanwhile.
const OPENINGS: usize = 8;

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

/// What the first message of a stream says.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Whose the upload is.
    pub tenant: &'a TenantId,
    /// Its name, `uploads/{upload}`.
    pub name: &'a str,
    /// A name for people; the file's where empty.
    pub display_name: &'a str,
    /// The file's name.
    pub file_name: &'a str,
    /// The language that the caller says it is in; empty to find it out.
    pub language: &'a str,
    /// The name of the document that it revises, `documents/{document}`; empty for none.
    pub revises: &'a str,
    /// All bytes of the source, where the caller knows.
    pub size: Option<u64>,
    /// Bytes that all sources of the tenant may have together; none where nobody said.
    pub share: Option<u64>,
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

    /// The id of the record of the upload that `field` names, and the caller's id for it.
    fn id<'a>(&self, tenant: &TenantId, name: &'a str, field: &str) -> Result<(String, &'a str), Failure> {
        let upload_id = names::upload(name, field)?;
        // An upload id is an id like any other.
        let checked: DocumentId = upload_id.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))?;
        let id = DocumentId::of(&self.library.secret(tenant).request(&format!("upload/{checked}")));
        Ok((id.to_string(), upload_id))
    }

    /// The id of the document that an upload becomes.
    fn becomes(&self, upload: &Upload) -> DocumentId {
        DocumentId::of(&self.library.secret(&upload.tenant).request(&upload.id))
    }

    /// Opens an upload, or opens it again where it stopped.
    ///
    /// # Errors
    /// `INVALID_FIELD`, `LIMIT_EXCEEDED`; `DOCUMENT_ERASED` where the upload was finished, and its
    /// document erased since, or where the document that it revises is; `RESOURCE_NOT_FOUND` where
    /// there is none to revise.
    pub async fn open(&self, opening: Opening<'_>) -> Result<Receiving, Failure> {
        let Opening { tenant, name, display_name, file_name, language, revises, size, share } = opening;
        let (id, upload_id) = self.id(tenant, name, "start.upload")?;
        let language = convert::language_tag("start.document.language_code", language)?;
        let revises = (!revises.is_empty()).then(|| names::document(revises, "start.document.revises")).transpose()?;
        text::check_name("start.document.display_name", display_name)?;
        text::check_name("start.file_name", file_name)?;
        self.library.limits().upload(size.unwrap_or(0))?;
        let now = self.clock.now();
        let fresh = Upload {
            id,
            serial: self.random.next() >> 1,
            tenant: tenant.clone(),
            upload_id: upload_id.to_owned(),
            display_name: display_name.to_owned(),
            file_name: file_name.to_owned(),
            language,
            revises,
            size,
            parts: Vec::new(),
            finishing: Vec::new(),
            dropped: false,
            document: None,
            created: now,
            due_at: Some(now.plus(LIFETIME)),
        };
        let mut upload = self.begin(fresh).await?;
        // Of a finished upload nothing is kept but its document, whose digest `finish` compares.
        let declared = match &upload.document {
            Some(document) => {
                self.document(tenant, document).await?;
                upload.size
            }
            None => {
                let declared = upload.size_declared(size)?;
                if let Some(revised) = &upload.revises {
                    self.still_revises(&upload, revised).await?;
                }
                self.fits(&upload, declared, share).await?;
                declared
            }
        };
        if upload.size != declared {
            let serial = upload.serial;
            let said = self.uploads.update(&upload.id, |known: &mut Upload| {
                known.still(serial)?;
                let declared = known.size_declared(size)?;
                if known.document.is_some() || known.size == declared {
                    return Ok(Change::Skip);
                }
                known.size = declared;
                Ok(Change::Write)
            });
            upload = said.await.map_err(|failure| gone(failure, &upload))?.record;
        }
        Ok(Receiving { uploads: self.clone(), upload, share, buffer: Buffer::default() })
    }

    /// The upload that is there under the id of `fresh`, which takes the place of none and of one
    /// that was dropped.
    async fn begin(&self, fresh: Upload) -> Result<Upload, Failure> {
        for _ in 0..OPENINGS {
            match self.uploads.insert(&fresh).await {
                Ok(_) => return Ok(fresh),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let Some(Versioned { record, revision }) = self.uploads.get(&fresh.id).await? else { continue };
            if !record.dropped {
                return Ok(record);
            }
            // The record that is replaced would have had its parts deleted once more.
            self.drop_parts(&record).await?;
            match self.uploads.replace(&fresh, revision).await {
                Ok(_) => return Ok(fresh),
                Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::conflict("uploads", &fresh.id).into())
    }

    /// Checks that the document that is revised is still there, before all of it comes for nothing.
    async fn still_revises(&self, upload: &Upload, revised: &DocumentId) -> Result<(), Failure> {
        let Err(failure) = self.library.revised(&upload.tenant, revised).await else { return Ok(()) };
        if failure.kind != Kind::FailedPrecondition {
            return Err(failure);
        }
        // It has become a document, and the record of the upload does not say so yet.
        if self.library.holds(&self.becomes(upload)).await? {
            return Ok(());
        }
        // No continuation could be accepted: nothing is kept.
        self.discard(upload).await?;
        Err(failure.at("start.document.revises"))
    }

    /// Checks that what is coming fits the tenant's share, as far as that is known. What it needs
    /// is reserved by each part, and at the end.
    async fn fits(&self, upload: &Upload, size: Option<u64>, share: Option<u64>) -> Result<(), Failure> {
        let bytes = size.unwrap_or(upload.committed().max(1));
        let room = self.library.usage().reserve(&upload.tenant, bytes, share, Some(&upload.id)).await;
        let Err(failure) = room.map(drop) else { return Ok(()) };
        // It has become a document, and the record of the upload does not say so yet.
        if is_full(&failure) && self.library.holds(&self.becomes(upload)).await? {
            return Ok(());
        }
        Err(failure)
    }

    /// Returns an upload: how much of it is safe, and the document once it is finished.
    ///
    /// # Errors
    /// `INVALID_FIELD`, `RESOURCE_NOT_FOUND`.
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<Upload, Failure> {
        let (id, upload_id) = self.id(tenant, name, "name")?;
        let found = self.uploads.get(&id).await?.map(|upload| upload.record);
        found.filter(|upload| !upload.dropped).ok_or_else(|| unknown(upload_id))
    }

    /// Drops an upload that is not finished, and what came of it. Streams of it that are still open
    /// end when they have something to store. One that is opened under its id later is another one.
    /// With `allow_missing` it is a success where there is none, or none any more.
    ///
    /// # Errors
    /// `INVALID_FIELD`, `RESOURCE_NOT_FOUND`; `WRONG_STATE` where it is finished, or just becoming
    /// a document.
    pub async fn cancel(&self, tenant: &TenantId, name: &str, allow_missing: bool) -> Result<(), Failure> {
        match self.cancel_one(tenant, name).await {
            Err(failure) if allow_missing && failure.reason == Reason::ResourceNotFound => Ok(()),
            cancelled => cancelled,
        }
    }

    async fn cancel_one(&self, tenant: &TenantId, name: &str) -> Result<(), Failure> {
        let upload = self.get(tenant, name).await?;
        // Whoever made the document may have died before the upload's record said so.
        if !upload.finishing.is_empty() && self.library.holds(&self.becomes(&upload)).await? {
            return Err(finished(&upload.upload_id));
        }
        let (serial, now) = (upload.serial, self.clock.now());
        let dropped = self
            .uploads
            .update(&upload.id, |known: &mut Upload| {
                // Also by this call, in a write whose answer was lost.
                if known.serial != serial || known.dropped {
                    return Ok(Change::Skip);
                }
                known.cancel(now)?;
                Ok(Change::Write)
            })
            .await;
        match dropped {
            Ok(known) => {
                // Another one that was opened under its id meanwhile keeps what is counted of it.
                if known.record.serial == serial {
                    self.library.usage().uploaded(tenant, &upload.id, 0);
                }
                self.drop_parts(&upload).await
            }
            Err(failure) if failure.reason == Reason::ResourceNotFound => Err(unknown(&upload.upload_id)),
            Err(failure) => Err(failure),
        }
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

    fn part_path(upload: &Upload, part: &Part) -> Result<ObjectPath, Failure> {
        let folder = folder(&upload.id, &sweeping::serial_of(upload));
        ObjectPath::new(format!("{folder}/{}-{:016x}", part.offset, part.token))
            .map_err(|e| Failure::internal(e.to_string()))
    }
}

/// The folder of the folders of all uploads that there are and were under the id of a record.
fn folders(id: &str) -> String {
    format!("tmp-uploads/{id}")
}

/// The folder of an upload's parts: not that of another one under its id.
fn folder(id: &str, serial: &str) -> String {
    format!("{}/{serial}", folders(id))
}

/// Where the record of an upload is gone, it was dropped.
fn gone(failure: Failure, upload: &Upload) -> Failure {
    if failure.reason == Reason::ResourceNotFound { cancelled(&upload.upload_id) } else { failure }
}

/// There is no such upload.
fn unknown(upload_id: &str) -> Failure {
    let name = names::of_upload(upload_id);
    let message = format!(
        "{name} does not exist: it was not begun, or it was cancelled, or nothing of it came for 24 hours; begin it by \
         UploadDocument"
    );
    Failure::new(Kind::NotFound, Reason::ResourceNotFound, message).about(name)
}
