//! What an error of the driver means: above all, whether a write may have taken place.

use mongodb::error::{Error, ErrorKind, RETRYABLE_WRITE_ERROR, WriteFailure};

use crate::error::StoreError;

/// The server's code for a violated unique index. Nothing else about such an error is to be relied
/// on.
const DUPLICATE_KEY: i32 = 11_000;
/// Its codes for an index that is there with other options or another key.
const INDEX_CONFLICTS: [i32; 2] = [85, 86];

/// Its codes for an index, and for a collection, that is not there.
const INDEX_NOT_FOUND: i32 = 27;
const NAMESPACE_NOT_FOUND: i32 = 26;
/// Its code for what the user who signed in may not do.
const UNAUTHORIZED: i32 = 13;

/// The code that the server gave, if it gave one.
fn code(error: &Error) -> Option<i32> {
    if let ErrorKind::Command(command) = &*error.kind {
        return Some(command.code);
    }
    if let ErrorKind::Write(WriteFailure::WriteError(write)) = &*error.kind {
        return Some(write.code);
    }
    None
}

pub(super) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

pub(super) fn is_index_conflict(error: &Error) -> bool {
    code(error).is_some_and(|code| INDEX_CONFLICTS.contains(&code))
}

pub(super) fn is_no_index(error: &Error) -> bool {
    code(error).is_some_and(|code| code == INDEX_NOT_FOUND || code == NAMESPACE_NOT_FOUND)
}

pub(super) fn is_no_collection(error: &Error) -> bool {
    code(error) == Some(NAMESPACE_NOT_FOUND)
}

/// Whether the name of a deployment could not be resolved to servers.
pub(super) fn is_unresolved(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::DnsResolve { .. })
}

/// Whether the server lets this user in, and not do this.
pub(super) fn is_forbidden(error: &Error) -> bool {
    code(error) == Some(UNAUTHORIZED)
}

/// Whether the server does not let this user in.
pub(super) fn is_refused(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Authentication { .. })
}

/// An error of a read.
pub(super) fn of_read(what: &str, error: &Error) -> StoreError {
    StoreError::unavailable(what, error)
}

/// An error of a write: of unknown outcome unless it never left us or the server refused it.
#[allow(clippy::wildcard_enum_match_arm, reason = "the driver's kinds are not exhaustive; unknown ones are ambiguous")]
pub(super) fn of_write(what: &str, error: &Error) -> StoreError {
    if error.contains_label(RETRYABLE_WRITE_ERROR) {
        return StoreError::ambiguous(what, error);
    }
    match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::Authentication { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::IncompatibleServer { .. }
        | ErrorKind::Command(_)
        | ErrorKind::Write(WriteFailure::WriteError(_)) => StoreError::unavailable(what, error),
        // Io, an unmet write concern, an answer that cannot be read, and what later drivers add.
        _ => StoreError::ambiguous(what, error),
    }
}

/// An error of a command with many writes: some of them may have been made before the server ended
/// it, unless it never left us or the server did not begin. Where the connections were given up,
/// that may have been after it was sent: the driver marks only what it would send again itself.
pub(super) fn of_writes(what: &str, error: &Error) -> StoreError {
    let sent = matches!(&*error.kind, ErrorKind::ConnectionPoolCleared { .. });
    if sent || (code(error).is_some() && !is_forbidden(error)) {
        return StoreError::ambiguous(what, error);
    }
    of_write(what, error)
}

/// The server's refusal of one of many writes, which it did not make.
pub(super) fn of_item(what: &str, (collection, id): (&str, &str), code: i32, message: &str) -> StoreError {
    if code == DUPLICATE_KEY {
        StoreError::duplicate(collection, id)
    } else {
        StoreError::unavailable(what, format!("{message} (code {code})"))
    }
}
