//! What can go wrong with a database, and what that means to a caller.

use std::path::PathBuf;

use lectern_core::{Failure, Kind, Reason};

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record with that id, or with the same values of a unique index, is there already.
    #[error("{collection}/{id} is there already; read it and decide whether it is the same")]
    Duplicate {
        /// The collection.
        collection: String,
        /// The id that was to be written.
        id: String,
    },
    /// The record is not at the expected revision.
    #[error("{collection}/{id} was changed meanwhile; read it again and repeat the change")]
    Conflict {
        /// The collection.
        collection: String,
        /// The record.
        id: String,
    },
    /// There is no such record.
    #[error("{collection}/{id} does not exist; it may have been deleted")]
    NotFound {
        /// The collection.
        collection: String,
        /// The record.
        id: String,
    },
    /// The record is over [`crate::MAX_RECORD_BYTES`].
    #[error("{collection}/{id} would have {bytes} bytes and a record may have {limit}; put what grows into an object")]
    TooLarge {
        /// The collection.
        collection: String,
        /// The record.
        id: String,
        /// Its length as JSON.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The database cannot be reached or refused. Nothing was written.
    #[error("the database could not {what}: {why}; check that it is reachable, writable and has room")]
    Unavailable {
        /// What was tried.
        what: String,
        /// What the driver or the system said.
        why: String,
    },
    /// It is not known whether a write took place. Writing again at the same revision is safe; so
    /// is reading.
    #[error("the database did not say whether it could {what}: {why}; read the record again")]
    Ambiguous {
        /// What was tried.
        what: String,
        /// What the driver or the system said.
        why: String,
    },
    /// What is stored is not a record of this collection.
    #[error("{collection}/{id} cannot be read: {why}; repair or delete the record")]
    Corrupt {
        /// The collection.
        collection: String,
        /// The record.
        id: String,
        /// In what way.
        why: String,
    },
    /// The record was written by a newer release, which alone may change it.
    #[error(
        "{collection}/{id} has schema {found} and this release knows {known}; finish the roll-out of the newer one"
    )]
    NewerSchema {
        /// The collection.
        collection: String,
        /// The record.
        id: String,
        /// Its schema.
        found: u32,
        /// The newest schema that this release reads.
        known: u32,
    },
    /// A record, field name or value that no adapter could store or compare: a defect of the
    /// caller.
    #[error("the store cannot take {what}: {why}")]
    Invalid {
        /// What.
        what: String,
        /// Why not.
        why: String,
    },
    /// The database is not set up as it must be.
    #[error("{0}")]
    Setup(String),
    /// Another process has the database, which one process has to itself.
    #[error("the folder {} is in use by another process; stop that, or name another folder", .folder.display())]
    Held {
        /// The folder that the database lies in.
        folder: PathBuf,
    },
}

impl StoreError {
    pub(crate) fn duplicate(collection: &str, id: &str) -> Self {
        Self::Duplicate { collection: collection.to_owned(), id: id.to_owned() }
    }

    /// A lost race for a record.
    #[must_use]
    pub fn conflict(collection: &str, id: &str) -> Self {
        Self::Conflict { collection: collection.to_owned(), id: id.to_owned() }
    }

    pub(crate) fn not_found(collection: &str, id: &str) -> Self {
        Self::NotFound { collection: collection.to_owned(), id: id.to_owned() }
    }

    pub(crate) fn unavailable(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Unavailable { what: what.into(), why: why.to_string() }
    }

    pub(crate) fn ambiguous(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Ambiguous { what: what.into(), why: why.to_string() }
    }

    pub(crate) fn corrupt(collection: &str, id: &str, why: impl ToString) -> Self {
        Self::Corrupt { collection: collection.to_owned(), id: id.to_owned(), why: why.to_string() }
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Invalid { what: what.into(), why: why.to_string() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Duplicate { collection, id } => {
                Self::new(Kind::AlreadyExists, Reason::WrongState, message).about(format!("{collection}/{id}"))
            }
            StoreError::Conflict { collection, id } => {
                Self::new(Kind::Aborted, Reason::EtagMismatch, message).about(format!("{collection}/{id}"))
            }
            StoreError::NotFound { collection, id } => Self::not_found(format!("{collection}/{id}")),
            // Not ResourceExhausted: that would be tried again, to no avail.
            StoreError::TooLarge { collection, id, .. } => {
                Self::new(Kind::FailedPrecondition, Reason::LimitExceeded, message).about(format!("{collection}/{id}"))
            }
            // Another replica, or this one after the roll-out, will succeed.
            StoreError::Unavailable { .. } | StoreError::Ambiguous { .. } | StoreError::NewerSchema { .. } => {
                Self::new(Kind::Unavailable, Reason::StoreUnavailable, message)
            }
            StoreError::Corrupt { collection, id, .. } => {
                Self::new(Kind::DataLoss, Reason::Internal, message).about(format!("{collection}/{id}"))
            }
            StoreError::Invalid { .. } => Self::internal(message),
            // Said at the start: the URL names a database that cannot be used as it is.
            StoreError::Setup(_) => Self::new(Kind::FailedPrecondition, Reason::InvalidField, message).at("store.url"),
            // No other failure of a store is of this kind for this reason: by it a caller knows
            // that he may wait.
            StoreError::Held { .. } => Self::new(Kind::FailedPrecondition, Reason::StoreUnavailable, message),
        }
    }
}
