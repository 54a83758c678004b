//! What can go wrong with a queue, and how each becomes a [`Failure`].

use lectern_core::{Failure, Kind, Reason};

/// Why a queue operation failed. A refused duplicate is not a failure: see
/// [`crate::Published::AlreadyWaiting`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The stream is at its bound of messages or bytes.
    #[error("the stream {stream} is full; what is wanted stays in the backlog and is published again")]
    Full {
        /// The stream's name.
        stream: String,
    },
    /// The message is larger than the stream or the server takes.
    #[error(
        "a message of {bytes} bytes is larger than the queue takes; put the content in object storage and send its key"
    )]
    TooLarge {
        /// Size of the payload in bytes.
        bytes: usize,
    },
    /// No answer; the operation may or may not have happened.
    #[error("the queue did not answer while {action}: {cause}; check that the NATS server is up and reachable")]
    Unreachable {
        /// What was being done.
        action: &'static str,
        /// What the client reported.
        cause: String,
    },
    /// The server answered that it will not.
    #[error("the queue refused while {action}: {cause}; check the server's JetStream limits and permissions")]
    Refused {
        /// What was being done.
        action: &'static str,
        /// What the server answered.
        cause: String,
    },
    /// The server does not let this identity do it.
    #[error(
        "the identity {identity} may not {verb} {subject} while {action}; give its user the permissions of docs/runbook.md"
    )]
    Forbidden {
        /// What was being done.
        action: &'static str,
        /// `publish to` or `subscribe to`.
        verb: &'static str,
        /// The subject that the server refused.
        subject: String,
        /// Who was refused.
        identity: &'static str,
    },
    /// A stream or consumer that is needed is not there, and this identity may not make it.
    #[error(
        "{what} is missing, and the identity {identity} may not make it; start the gateway, whose identity makes streams"
    )]
    Missing {
        /// The stream or consumer.
        what: String,
        /// Who may not make it.
        identity: &'static str,
    },
    /// Something stored there cannot be read back.
    #[error("{what} cannot be read: {cause}; discard it if it is of no use")]
    Damaged {
        /// What was read.
        what: String,
        /// Why it could not be understood.
        cause: String,
    },
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let (kind, reason) = match &error {
            QueueError::Full { .. } => (Kind::ResourceExhausted, Reason::QueueFull),
            QueueError::TooLarge { .. } => (Kind::Internal, Reason::LimitExceeded),
            // A permission is mended by the operator; until then it is an outage to every caller.
            QueueError::Unreachable { .. }
            | QueueError::Refused { .. }
            | QueueError::Forbidden { .. }
            | QueueError::Missing { .. } => (Kind::Unavailable, Reason::QueueUnavailable),
            QueueError::Damaged { .. } => (Kind::DataLoss, Reason::ObjectDamaged),
        };
        Self::new(kind, reason, error.to_string())
    }
}
