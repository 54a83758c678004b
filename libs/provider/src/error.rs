//! What went wrong with a call, in terms that do not depend on the provider, and what that is to
//! the step that made the call.

use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};

/// The reason of whoever sent more than a model reads at once, whatever the provider calls it.
pub const TOO_LONG: &str = "context_length_exceeded";
/// What llama.cpp calls it.
const TOO_LONG_OF_LLAMA_CPP: &str = "exceed_context_size_error";

/// What sort of error, by what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request is refused as it is, and would be again.
    Invalid,
    /// The key or token is missing, unknown, expired or of a kind that is not taken any more. An
    /// operator's to mend.
    Credentials,
    /// The account may not do this: a role, an API that is off, a region, billing that is not set
    /// up. An operator's to mend.
    Denied,
    /// The model, or the path, is not served there. An operator's to mend.
    NotFound,
    /// As much was asked as is allowed in a short time, or shared capacity is used up.
    QuotaOfMinute,
    /// The quota of the day is used up.
    QuotaOfDay,
    /// The account has no credit left, or reached a limit of spending that no waiting lifts.
    Purse,
    /// The provider has too much to do, for everybody.
    Overloaded,
    /// The provider failed: often passing, sometimes because of this very input.
    Server,
    /// There was no connection, so nothing was asked.
    Network,
    /// The call was ended before its answer was complete: by a limit of time, there or here, or by
    /// a connection that broke.
    Interrupted,
    /// We gave it up ourselves.
    Cancelled,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 12] = [
        Self::Invalid,
        Self::Credentials,
        Self::Denied,
        Self::NotFound,
        Self::QuotaOfMinute,
        Self::QuotaOfDay,
        Self::Purse,
        Self::Overloaded,
        Self::Server,
        Self::Network,
        Self::Interrupted,
        Self::Cancelled,
    ];

    /// A word for it, for logs, spans and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::QuotaOfMinute => "quota_of_minute",
            Self::QuotaOfDay => "quota_of_day",
            Self::Purse => "purse",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::Network => "network",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whether the provider may ask money for a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Billed {
    /// It was refused, or never got there.
    No,
    /// It was answered.
    Yes,
    /// It got there, and what became of it is not known: it is to be counted at its maximum.
    Unknown,
}

/// Why a call brought nothing.
///
/// No field has sentences of the provider's: those may quote what was sent to it, and no text of a
/// document may get into a log or an answer. What is kept of them are identifiers, such as the name
/// of a reason, a field or a quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What sort.
    pub class: Class,
    /// What happened and who can do what about it, as a sentence without a subject's name, which
    /// [`Self::failure`] puts before it.
    pub message: String,
    /// The reason in the provider's own word (`RESOURCE_EXHAUSTED`, `insufficient_quota`); a word
    /// of ours where there is none.
    pub provider_reason: String,
    /// The status of HTTP, where there was an answer.
    pub status: Option<u16>,
    /// When to call again at the earliest, where the provider says so or it follows from its rules.
    pub retry_after: Option<Duration>,
    /// Whether it may have been paid for.
    pub billed: Billed,
}

impl ProviderError {
    /// An error without an answer: in the words of ours.
    pub(crate) fn local(class: Class, reason: &str, billed: Billed, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            provider_reason: reason.to_owned(),
            status: None,
            retry_after: None,
            billed,
        }
    }

    /// The call was given up by us, before it was sent or while it was under way.
    #[must_use]
    pub fn cancelled(billed: Billed) -> Self {
        Self::local(Class::Cancelled, "CANCELLED", billed, "the call was given up; retry it if that was a mistake")
    }

    /// The answer ended before it was complete, though the connection did not break: a stream
    /// without the reason of its end.
    #[must_use]
    pub fn cut_short() -> Self {
        let message = "the provider ended its answer in the middle; it is asked again";
        Self::local(Class::Interrupted, "CUT_SHORT", Billed::Unknown, message)
    }

    /// Whether another call may succeed later without anybody's doing.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        match self.class {
            Class::QuotaOfMinute
            | Class::QuotaOfDay
            | Class::Overloaded
            | Class::Server
            | Class::Network
            | Class::Interrupted => true,
            Class::Invalid | Class::Credentials | Class::Denied | Class::NotFound | Class::Purse | Class::Cancelled => {
                false
            }
        }
    }

    /// Whether the provider says that the input, or the input with the answer, is longer than the
    /// model takes. Not every server says so.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.class == Class::Invalid && [TOO_LONG, TOO_LONG_OF_LLAMA_CPP].contains(&self.provider_reason.as_str())
    }

    /// What that is to the step that made the call; `engine` is the name that operators and callers
    /// know. The kind decides how often the step is attempted again (`libs/work/src/retry.rs`), the
    /// reason whether the engine's breaker counts it.
    #[must_use]
    pub fn failure(&self, engine: &str) -> Failure {
        let (kind, reason) = match self.class {
            Class::Invalid | Class::NotFound => (Kind::FailedPrecondition, Reason::EngineRefused),
            Class::Credentials | Class::Denied => (Kind::FailedPrecondition, Reason::EngineCredentials),
            Class::Purse => (Kind::FailedPrecondition, Reason::EngineBudget),
            Class::QuotaOfMinute | Class::QuotaOfDay => (Kind::ResourceExhausted, Reason::EngineLimited),
            Class::Overloaded | Class::Network | Class::Interrupted => (Kind::Unavailable, Reason::EngineUnavailable),
            // Three attempts and no more: what fails so may be the input's fault.
            Class::Server => (Kind::Internal, Reason::EngineUnavailable),
            Class::Cancelled => (Kind::Cancelled, Reason::Cancelled),
        };
        let failure = Failure::new(kind, reason, format!("{engine}: {}", self.message));
        match self.retry_after {
            Some(delay) if self.may_retry() => failure.after(delay),
            Some(_) | None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_retried_is_what_the_step_retries() {
        for class in Class::ALL {
            let mut error = ProviderError::local(class, "WHY", Billed::No, "it failed");
            error.retry_after = Some(Duration::from_secs(7));
            let failure = error.failure("gemini");
            assert_eq!(failure.kind.retryable(), error.may_retry(), "{class:?}");
            assert_eq!(failure.retry_after.is_some(), error.may_retry(), "{class:?}");
            assert_eq!(failure.message, "gemini: it failed");
        }
    }

    #[test]
    fn an_operator_s_errors_are_told_from_outages_and_from_questions_that_are_refused() {
        for (class, reason) in [
            (Class::Credentials, Reason::EngineCredentials),
            (Class::Denied, Reason::EngineCredentials),
            (Class::Purse, Reason::EngineBudget),
            (Class::Invalid, Reason::EngineRefused),
            (Class::NotFound, Reason::EngineRefused),
            (Class::QuotaOfDay, Reason::EngineLimited),
            (Class::Overloaded, Reason::EngineUnavailable),
            (Class::Cancelled, Reason::Cancelled),
        ] {
            assert_eq!(ProviderError::local(class, "WHY", Billed::No, "no").failure("x").reason, reason, "{class:?}");
        }
    }

    #[test]
    fn words_differ_between_classes() {
        let words: std::collections::BTreeSet<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
        assert_eq!(words.len(), Class::ALL.len());
    }
}
