//! Failures as gRPC statuses with `google.rpc` details, and back again for calls between services.
//!
//! Every status carries `ErrorInfo` with the reason and the domain `lectern`. A field gives
//! `BadRequest`, a delay `RetryInfo`, a resource `ResourceInfo`, a state that does not fit
//! `PreconditionFailure`, a used-up limit `QuotaFailure`.

use std::collections::HashMap;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::current_trace_id;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The `domain` of every `ErrorInfo` of ours.
pub const DOMAIN: &str = "lectern";
const TRACE_ID: &str = "trace_id";
/// Bytes of a message, and of a field's or resource's name, that are sent at most. A status is sent
/// as headers, of which clients and servers take 16 KiB by default; what is longer ends the
/// connection, with the calls of everybody who shares it. A message comes four times, once in
/// percent encoding and thrice in base64.
const LONGEST_MESSAGE: usize = 1_200;
const LONGEST_NAME: usize = 300;

/// The code of a kind.
#[must_use]
pub const fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Cancelled => Code::Cancelled,
        Kind::DataLoss => Code::DataLoss,
        Kind::Internal => Code::Internal,
        Kind::Unimplemented => Code::Unimplemented,
    }
}

/// The kind of a code, and the reason to assume where a status brings none: it comes from the
/// transport or a stranger then.
const fn kind(code: Code) -> (Kind, Reason) {
    match code {
        Code::InvalidArgument => (Kind::InvalidArgument, Reason::InvalidField),
        Code::NotFound => (Kind::NotFound, Reason::ResourceNotFound),
        Code::AlreadyExists => (Kind::AlreadyExists, Reason::WrongState),
        Code::FailedPrecondition => (Kind::FailedPrecondition, Reason::WrongState),
        Code::Aborted => (Kind::Aborted, Reason::ServiceUnavailable),
        Code::OutOfRange => (Kind::OutOfRange, Reason::LimitExceeded),
        Code::Unauthenticated => (Kind::Unauthenticated, Reason::KeyInvalid),
        Code::PermissionDenied => (Kind::PermissionDenied, Reason::KeyNotAllowed),
        Code::ResourceExhausted => (Kind::ResourceExhausted, Reason::LimitExceeded),
        Code::Unavailable => (Kind::Unavailable, Reason::ServiceUnavailable),
        Code::DeadlineExceeded => (Kind::DeadlineExceeded, Reason::ServiceUnavailable),
        Code::Cancelled => (Kind::Cancelled, Reason::Cancelled),
        Code::DataLoss => (Kind::DataLoss, Reason::ObjectDamaged),
        Code::Unimplemented => (Kind::Unimplemented, Reason::CallUnsupported),
        Code::Internal | Code::Unknown | Code::Ok => (Kind::Internal, Reason::Internal),
    }
}

/// The status of a failure. A defect is logged here with its trace id, and the caller is told only
/// that id.
#[must_use]
pub fn status(failure: &Failure) -> Status {
    let mut metadata = HashMap::new();
    let mut message = shortened(&failure.message, LONGEST_MESSAGE);
    if failure.kind == Kind::Internal {
        tracing::error!(reason = %failure.reason, error = %failure.message, "internal error");
        message = "an internal error; try again, and if it stays, give an operator the trace id".to_owned();
        if let Some(trace) = current_trace_id() {
            message = format!("an internal error; try again, and if it stays, give an operator the trace id {trace}");
            metadata.insert(TRACE_ID.to_owned(), trace);
        }
    }
    let mut details = ErrorDetails::new();
    details.set_error_info(failure.reason.as_str(), DOMAIN, metadata);
    if let Some(field) = &failure.field {
        details.add_bad_request_violation(shortened(field, LONGEST_NAME), &message);
    }
    if failure.retry_after.is_some() {
        details.set_retry_info(failure.retry_after);
    }
    let subject = shortened(failure.resource.as_deref().unwrap_or_default(), LONGEST_NAME);
    if !subject.is_empty() {
        let (collection, _) = subject.split_once('/').unwrap_or((subject.as_str(), ""));
        details.set_resource_info(collection, &subject, "", &message);
    }
    match failure.kind {
        Kind::FailedPrecondition => {
            details.add_precondition_failure_violation(failure.reason.as_str(), &subject, &message);
        }
        Kind::ResourceExhausted => {
            details.add_quota_failure_violation(&subject, &message);
        }
        Kind::InvalidArgument
        | Kind::NotFound
        | Kind::AlreadyExists
        | Kind::Aborted
        | Kind::OutOfRange
        | Kind::Unauthenticated
        | Kind::PermissionDenied
        | Kind::Unavailable
        | Kind::DeadlineExceeded
        | Kind::Cancelled
        | Kind::DataLoss
        | Kind::Internal
        | Kind::Unimplemented => {}
    }
    Status::with_error_details(code(failure.kind), message, details)
}

/// A status with nothing but a reason, for codes that are no kind of failure.
pub(crate) fn bare(code: Code, reason: Reason, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason.as_str(), DOMAIN, HashMap::new());
    Status::with_error_details(code, shortened(message, LONGEST_MESSAGE), details)
}

/// `text` without its middle, if it has more than `most` bytes: messages begin with what was sent
/// and end with what to do.
fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (text.floor_char_boundary(most / 2), text.ceil_char_boundary(text.len() - most / 2));
    format!("{} [{} bytes left out] {}", &text[..head], tail - head, &text[tail..])
}

/// The failure that a status tells of. Statuses of strangers, without our `ErrorInfo`, get the
/// reason that fits their code.
#[must_use]
pub fn failure(status: &Status) -> Failure {
    let (kind, assumed) = kind(status.code());
    let details = status.get_error_details();
    let ours = details.error_info().filter(|info| info.domain == DOMAIN);
    let reason = ours.and_then(|info| Reason::ALL.iter().find(|reason| reason.as_str() == info.reason));
    // A connection that broke off is told by the transport, not by the other side; the same call
    // may succeed on the next one.
    let broken = ours.is_none()
        && matches!(status.code(), Code::Internal | Code::Unknown)
        && std::error::Error::source(status).is_some();
    let (kind, assumed) = if broken { (Kind::Unavailable, Reason::ServiceUnavailable) } else { (kind, assumed) };
    let mut failure = Failure::new(kind, reason.copied().unwrap_or(assumed), status.message());
    if failure.message.is_empty() {
        failure.message = format!("the other side answered {}", status.code());
    }
    if let Some(cause) = cause(status).filter(|cause| ours.is_none() && !failure.message.contains(cause)) {
        failure.message = format!("{}: {cause}", failure.message);
    }
    failure.field =
        details.bad_request().and_then(|bad| bad.field_violations.first()).map(|violation| violation.field.clone());
    failure.resource = details.resource_info().map(|info| info.resource_name.clone());
    failure.retry_after = details.retry_info().and_then(|info| info.retry_delay);
    failure
}

/// What the transport's own error began with, such as an alert of TLS.
fn cause(status: &Status) -> Option<String> {
    let mut cause = std::error::Error::source(status)?;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Some(cause.to_string())
}

/// Why a message that a caller sent cannot be read. What the transport itself says, without details
/// of ours, is told in our terms: a message over its limit, or one that is none, is the sender's
/// doing.
#[must_use]
pub fn unreadable(status: &Status) -> Failure {
    let failure = failure(status);
    if !status.details().is_empty() {
        return failure;
    }
    if matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted) {
        let message = format!("a message is too large ({}); send less in one", status.message());
        return Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message);
    }
    if failure.kind == Kind::Internal {
        return Failure::invalid("message", format!("a message cannot be read ({}); send it again", failure.message));
    }
    failure
}

/// The failure of a call to a process that is ending.
#[must_use]
pub fn shutting_down() -> Failure {
    let message = "this replica is shutting down; call again and another one answers";
    Failure::new(Kind::Unavailable, Reason::ShuttingDown, message).after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 15] = [
        Kind::InvalidArgument,
        Kind::NotFound,
        Kind::AlreadyExists,
        Kind::FailedPrecondition,
        Kind::Aborted,
        Kind::OutOfRange,
        Kind::Unauthenticated,
        Kind::PermissionDenied,
        Kind::ResourceExhausted,
        Kind::Unavailable,
        Kind::DeadlineExceeded,
        Kind::Cancelled,
        Kind::DataLoss,
        Kind::Internal,
        Kind::Unimplemented,
    ];

    #[test]
    fn every_reason_and_kind_comes_back_as_it_was() {
        for kind in KINDS {
            for reason in Reason::ALL {
                let plain = Failure::new(kind, *reason, "do this about it");
                let full =
                    plain.clone().at("narration.speed").about("documents/123").after(Duration::from_millis(1_500));
                for sent in [plain, full] {
                    let status = status(&sent);
                    let mut got = failure(&status);
                    if kind == Kind::Internal {
                        assert!(!status.message().contains("do this"), "a defect is not told to callers");
                        got.message.clone_from(&sent.message);
                    }
                    assert_eq!(got, sent);
                }
            }
        }
    }

    #[test]
    fn details_fit_the_failure() {
        let exhausted = Failure::new(Kind::ResourceExhausted, Reason::RateLimited, "slow down");
        let details = status(&exhausted.about("tenants/t").after(Duration::from_secs(2))).get_error_details();
        assert_eq!(details.quota_failure().unwrap().violations[0].subject, "tenants/t");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(2)));
        assert_eq!(details.error_info().unwrap().domain, "lectern");

        let state = Failure::new(Kind::FailedPrecondition, Reason::WrongState, "wait").about("narrations/n");
        let details = status(&state).get_error_details();
        assert_eq!(details.precondition_failure().unwrap().violations[0].r#type, "WRONG_STATE");
        assert_eq!(details.resource_info().unwrap().resource_type, "narrations");
        assert!(details.bad_request().is_none() && details.quota_failure().is_none());
    }

    #[test]
    fn what_a_status_echoes_fits_the_headers_however_long_it_was() {
        for letter in ["a", "%", "ü", "😀"] {
            let name = letter.repeat(20_000);
            let message = format!("`{name}` is no name; names are `documents/` and an id");
            let long = Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).at(&name).about(&name);
            let status = status(&long);
            let mut headers = http::HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            let bytes: usize = headers.iter().map(|(key, value)| key.as_str().len() + value.len() + 32).sum();
            assert!(bytes < 16 * 1024, "{letter}: {bytes}");
            assert!(status.message().ends_with("names are `documents/` and an id"), "what to do is kept");
        }
    }

    #[test]
    fn what_the_transport_refuses_is_told_in_our_terms() {
        for (refused, kind, reason) in [
            (Status::out_of_range("message length too large"), Kind::ResourceExhausted, Reason::LimitExceeded),
            (Status::resource_exhausted("Error decompressing"), Kind::ResourceExhausted, Reason::LimitExceeded),
            (Status::internal("Error decompressing: corrupt"), Kind::InvalidArgument, Reason::InvalidField),
            (Status::unavailable("draining"), Kind::Unavailable, Reason::ServiceUnavailable),
            (status(&shutting_down()), Kind::Unavailable, Reason::ShuttingDown),
        ] {
            let told = unreadable(&refused);
            assert_eq!((told.kind, told.reason), (kind, reason), "{refused}");
        }
        let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
        assert_eq!(unreadable(&Status::from_error(Box::new(broken))).kind, Kind::Unavailable);
    }

    #[test]
    fn what_broke_a_connection_is_told() {
        let alert = std::io::Error::other("https://ai:7402: it demands a client certificate");
        let got = failure(&Status::from_error(Box::new(alert)));
        assert_eq!((got.kind, got.reason), (Kind::Unavailable, Reason::ServiceUnavailable));
        assert!(got.message.contains("demands a client certificate"), "{got}");
        assert_eq!(got.message.matches("demands").count(), 1, "once: {got}");
    }

    #[test]
    fn statuses_of_strangers_get_a_reason() {
        let got = failure(&Status::unavailable("tcp connect error"));
        assert_eq!((got.kind, got.reason), (Kind::Unavailable, Reason::ServiceUnavailable));
        let got = failure(&Status::unimplemented(""));
        assert_eq!((got.kind, got.reason), (Kind::Unimplemented, Reason::CallUnsupported));
        assert!(!got.message.is_empty());
    }
}
