//! What spans and metrics say of how a call ended.

use lectern_runtime::Metrics;
use lectern_runtime::names::rpc;
use lectern_runtime::telemetry::Histogram;
use tonic::Code;

/// The name of a status code.
pub(crate) const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether a code says that the server failed, and not that it refused what it should refuse.
pub(crate) const fn server_failed(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// Whether a code is a failure to whoever called.
pub(crate) const fn client_failed(code: Code) -> bool {
    !matches!(code, Code::Ok)
}

/// How long answered calls took.
pub(crate) fn server_durations() -> Histogram {
    durations(rpc::SERVER_DURATION, "How long calls took that were answered, to the end of their streams.")
}

/// How long calls took that were made.
pub(crate) fn client_durations() -> Histogram {
    durations(rpc::CLIENT_DURATION, "How long calls of other services took, to the end of their streams.")
}

fn durations(name: &'static str, description: &'static str) -> Histogram {
    Metrics::new("lectern.rpc").histogram(name, "s", description, &rpc::SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_as_on_the_wire_and_refusals_are_no_failures_of_a_server() {
        let all = (0..=16).map(Code::from_i32).collect::<Vec<_>>();
        for (code, name) in all.iter().map(|code| (*code, name(*code))) {
            let variant = name.split('_').map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()));
            assert_eq!(variant.collect::<String>(), format!("{code:?}"));
        }
        let failed: Vec<_> = all.iter().copied().filter(|code| server_failed(*code)).map(name).collect();
        let expected = ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
        assert_eq!(failed.len(), expected.len());
        assert!(expected.iter().all(|name| failed.contains(name)), "{failed:?}");
        assert_eq!(all.iter().filter(|code| client_failed(**code)).count(), 16);
    }
}
