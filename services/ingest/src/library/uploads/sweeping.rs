//! Dropping uploads, and deleting their parts: of those that were cancelled, not continued,
//! replaced or finished, and never of one that goes on.

use std::collections::BTreeSet;

use lectern_blob::{ObjectPath, Prefix};
use lectern_core::{Failure, Reason};
use lectern_store::{Change, StoreError, Versioned};

use super::{Uploads, folder, folders};
use crate::domain::Upload;

/// Names of parts that are asked for at once.
const NAMES: usize = 1_000;

impl Uploads {
    /// What the reconciler does with an upload that is due. One that was not continued is dropped.
    /// Of one that was dropped or finished what may be left is deleted, and then its record. One
    /// that is just becoming a document is left alone, and falls due again.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn forget(&self, upload: Versioned<Upload>) -> Result<(), Failure> {
        let Versioned { mut record, revision } = upload;
        let now = self.clock.now();
        let written = if !record.is_unfinished() {
            self.sweep(&record.id).await?;
            self.uploads.delete(&record.id, Some(revision)).await.map(drop)
        } else if record.give_up(now) {
            self.uploads.replace(&record, revision).await.map(drop)
        } else {
            return Ok(());
        };
        match written {
            Ok(()) => {
                self.library.usage().uploaded(&record.tenant, &record.id, 0);
                self.sweep(&record.id).await
            }
            // Somebody goes on with it, or was faster.
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Drops an upload that cannot be finished, unless another stream is just making a document of
    /// it: that one knows better.
    pub(super) async fn discard(&self, upload: &Upload) -> Result<(), Failure> {
        let (serial, now) = (upload.serial, self.clock.now());
        let dropped = self
            .uploads
            .update(&upload.id, |known: &mut Upload| {
                let drops = known.serial == serial && known.give_up(now);
                Ok(if drops { Change::Write } else { Change::Skip })
            })
            .await;
        match dropped {
            // Its parts are needed.
            Ok(known) if known.record.serial == serial && known.record.is_unfinished() => Ok(()),
            Err(failure) if failure.reason != Reason::ResourceNotFound => Err(failure),
            Ok(known) => {
                if known.written {
                    self.library.usage().uploaded(&upload.tenant, &upload.id, 0);
                }
                self.drop_parts(upload).await
            }
            Err(_) => self.drop_parts(upload).await,
        }
    }

    /// Deletes the parts of this upload, and not of another one under its id.
    pub(super) async fn drop_parts(&self, upload: &Upload) -> Result<(), Failure> {
        self.delete_all(&folder(&upload.id, &serial_of(upload))).await
    }

    /// Deletes all parts of all uploads that there were under the id of a record, but those of the
    /// one that goes on, if there is any: a stream of a replaced one may have put some and died.
    pub(super) async fn sweep(&self, id: &str) -> Result<(), Failure> {
        let prefix = Prefix::new(&folders(id)).map_err(|e| Failure::internal(e.to_string()))?;
        let (mut serials, mut after): (BTreeSet<String>, Option<ObjectPath>) = (BTreeSet::new(), None);
        loop {
            let mut names = self.blob.names(&prefix, after.as_ref(), NAMES).await?;
            let rests = names.iter().filter_map(|name| name.as_str().strip_prefix(prefix.as_str()));
            serials.extend(rests.filter_map(|rest| Some(rest.split_once('/')?.0.to_owned())));
            match names.pop() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        if serials.is_empty() {
            return Ok(());
        }
        // The record is read last: one that is opened meanwhile has no part that was named.
        let live = self.uploads.get(id).await?.map(|upload| upload.record).filter(Upload::is_unfinished);
        if let Some(live) = live {
            serials.remove(&serial_of(&live));
        }
        for serial in serials {
            self.delete_all(&folder(id, &serial)).await?;
        }
        Ok(())
    }

    async fn delete_all(&self, folder: &str) -> Result<(), Failure> {
        let prefix = Prefix::new(folder).map_err(|e| Failure::internal(e.to_string()))?;
        self.blob.delete_prefix(&prefix).await?;
        Ok(())
    }
}

/// The serial number of an upload as its folder has it.
pub(super) fn serial_of(upload: &Upload) -> String {
    format!("{:016x}", upload.serial)
}
