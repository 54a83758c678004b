//! What can go wrong with storage, and what that means to a caller.

use std::io;

use lectern_core::{Failure, Kind, Reason};

use crate::path::{NotAPath, ObjectPath};

/// Why storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Storage cannot be reached, refused, or is full.
    #[error("object storage could not {what}: {source}; check that it is reachable, writable and has room")]
    Unavailable {
        /// What was tried.
        what: String,
        /// What the system or the service said.
        source: io::Error,
    },
    /// What is stored is not what was put.
    #[error("object {path} is damaged: {why}; delete it and repeat the step that makes it")]
    Damaged {
        /// The object.
        path: ObjectPath,
        /// In what way.
        why: String,
    },
    /// A range that starts past the end.
    #[error("object {path} has {size} bytes; ask for a range that starts at or before its end")]
    OutOfRange {
        /// The object.
        path: ObjectPath,
        /// Its length in bytes.
        size: u64,
    },
    /// The content that was to be put could not be read; nothing was stored.
    #[error("the content to store could not be read: {0}")]
    Source(#[source] io::Error),
    /// The name is not one.
    #[error(transparent)]
    Path(#[from] NotAPath),
}

impl BlobError {
    /// Turns an error of the system into one of storage.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Unavailable { what, source }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        let message = error.to_string();
        match error {
            BlobError::Unavailable { .. } => Self::new(Kind::Unavailable, Reason::BlobUnavailable, message),
            BlobError::Damaged { path, .. } => {
                Self::new(Kind::DataLoss, Reason::ObjectDamaged, message).about(path.to_string())
            }
            BlobError::OutOfRange { path, .. } => {
                Self::new(Kind::OutOfRange, Reason::InvalidField, message).at("offset").about(path.to_string())
            }
            // The stream that feeds a put fails when its caller goes away or an upstream breaks
            // off: trying again may do.
            BlobError::Source(_) => Self::new(Kind::Aborted, Reason::BlobUnavailable, message),
            BlobError::Path(_) => Self::internal(message),
        }
    }
}
