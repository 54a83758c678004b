//! What errors of the client and of the server mean.

use async_nats::jetstream::{Error as ServerError, ErrorCode};
use lectern_core::{Failure, Kind, Reason};

use crate::error::QueueError;
use crate::port::Published;

/// What an answer to a publish means that is an error.
pub(super) fn refusal_of_publish(refusal: &ServerError, stream: &str, bytes: usize) -> Result<Published, QueueError> {
    let full = || Err(QueueError::Full { stream: stream.to_owned() });
    match refusal.error_code() {
        // One code for every bound of a stream; only the text tells which.
        ErrorCode::STREAM_STORE_FAILED => {
            let text = refusal.to_string();
            if text.contains("per subject exceeded") {
                Ok(Published::AlreadyWaiting)
            } else if text.contains("maximum messages exceeded") || text.contains("maximum bytes exceeded") {
                full()
            } else {
                Err(refused("publishing", refusal))
            }
        }
        ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED => full(),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => Err(QueueError::TooLarge { bytes }),
        _ => Err(answered("publishing", refusal, stream)),
    }
}

/// The server's own answer within an error, if that is what it was.
pub(super) fn server_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a ServerError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<ServerError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What an answer of the server that is an error means: that something is away for now, or that the
/// server will not.
pub(super) fn answered(action: &'static str, refusal: &ServerError, what: &str) -> QueueError {
    match refusal.error_code() {
        ErrorCode::CLUSTER_NO_PEERS => unreachable(
            action,
            format!(
                "{refusal}: {what}; fewer servers with JetStream, room and the tags of queue.placement are up than queue.replicas asks for"
            ),
        ),
        ErrorCode::CLUSTER_NOT_AVAILABLE
        | ErrorCode::CLUSTER_NOT_LEADER
        | ErrorCode::CLUSTER_NOT_ACTIVE
        | ErrorCode::STREAM_OFFLINE
        | ErrorCode::STREAM_OFFLINE_REASON => {
            unreachable(action, format!("{refusal}: {what} is away and not gone: its servers, or their leader, are"))
        }
        ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => refused(
            action,
            format!(
                "{refusal}: {what}; this server is no cluster, so set queue.replicas to 1, or connect to a cluster of as many servers"
            ),
        ),
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            refused(action, format!("{refusal}: enable JetStream on the server and for the account"))
        }
        _ => refused(action, format!("{refusal}: {what}")),
    }
}

/// That nobody answered; it may or may not have happened.
pub(super) fn unreachable(action: &'static str, cause: impl std::fmt::Display) -> QueueError {
    QueueError::Unreachable { action, cause: cause.to_string() }
}

/// That a server cannot be used until somebody changes what the message says: no further try of a
/// start helps.
pub(super) fn unusable(message: String) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::QueueUnavailable, message)
}

/// That the server will not.
pub(super) fn refused(action: &'static str, cause: impl std::fmt::Display) -> QueueError {
    QueueError::Refused { action, cause: cause.to_string() }
}
