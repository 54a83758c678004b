//! What Google's client reports, as the port says it.

use std::io;
use std::time::Duration;

use google_cloud_gax::error::rpc::Code;
use google_cloud_storage::Error;

use crate::BlobError;

/// Why a call did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The client or the service said so.
    Said(Error),
    /// Nothing happened for so long.
    TimedOut(Duration),
    /// What was written is not what was sent.
    Differs(String),
}

/// What that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// There is no such object, bucket or upload session.
    Missing,
    /// A precondition does not hold.
    Condition,
    /// A range begins past the end.
    Range,
    /// The account may not do this.
    Denied,
    /// It may succeed when it is tried again.
    Passing,
    /// It will not.
    Lasting,
}

impl Trouble {
    /// What it means.
    pub(super) fn meaning(&self) -> Meaning {
        match self {
            Self::TimedOut(_) | Self::Differs(_) => Meaning::Passing,
            Self::Said(error) => meaning(error),
        }
    }

    /// Whether the call may have been done all the same.
    pub(super) fn is_ambiguous(&self) -> bool {
        match self {
            Self::TimedOut(_) => true,
            Self::Differs(_) => false,
            Self::Said(error) => meaning(error) == Meaning::Passing && error.http_status_code() != Some(429),
        }
    }

    /// Whether the service refused what came as it came: a checksum or a length that differs.
    pub(super) fn is_refused_content(&self) -> bool {
        match self {
            Self::Said(error) => error.http_status_code() == Some(400),
            Self::TimedOut(_) | Self::Differs(_) => false,
        }
    }

    /// As the port says it.
    pub(super) fn into_error(self, what: impl Into<String>) -> BlobError {
        let source = match &self {
            Self::Said(error) => {
                let said = without_secrets(&chain(error));
                if meaning(error) == Meaning::Denied {
                    let advice = "grant the account roles/storage.objectUser on the bucket";
                    io::Error::new(io::ErrorKind::PermissionDenied, format!("{said}; {advice}"))
                } else {
                    io::Error::other(said)
                }
            }
            Self::TimedOut(limit) => {
                io::Error::new(io::ErrorKind::TimedOut, format!("nothing happened for {} s", limit.as_secs()))
            }
            Self::Differs(why) => io::Error::new(io::ErrorKind::InvalidData, why.clone()),
        };
        BlobError::io(what)(source)
    }
}

fn meaning(error: &Error) -> Meaning {
    // First the status of HTTP: the client makes a gRPC status out of a JSON error too, and has no
    // better code for it than UNKNOWN.
    match error.http_status_code().filter(|status| *status >= 400) {
        Some(404 | 410) => return Meaning::Missing,
        Some(412) => return Meaning::Condition,
        Some(416) => return Meaning::Range,
        Some(401 | 403) => return Meaning::Denied,
        Some(408 | 429 | 500 | 502..600) => return Meaning::Passing,
        Some(_) => return Meaning::Lasting,
        None => {}
    }
    if let Some(code) = error.status().map(|status| status.code) {
        #[allow(clippy::wildcard_enum_match_arm, reason = "all other codes of gRPC last")]
        return match code {
            Code::NotFound => Meaning::Missing,
            Code::FailedPrecondition => Meaning::Condition,
            Code::OutOfRange => Meaning::Range,
            Code::PermissionDenied | Code::Unauthenticated => Meaning::Denied,
            Code::Unavailable
            | Code::Internal
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Cancelled
            | Code::Unknown => Meaning::Passing,
            _ => Meaning::Lasting,
        };
    }
    // An answer that breaks off cannot be read; credentials may be on their way.
    if error.is_binding() || error.is_serialization() { Meaning::Lasting } else { Meaning::Passing }
}

/// An error with what caused it: the client's own words are often only the last half.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        let said = source.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = source.source();
    }
    text
}

/// Takes the address of an upload's session out of a text: whoever has it can write.
pub(super) fn without_secrets(text: &str) -> String {
    const SECRET: &str = "upload_id=";
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(SECRET) {
        let (before, secret) = rest.split_at(at + SECRET.len());
        cleaned.push_str(before);
        cleaned.push_str("...");
        let end = secret.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%+/=".contains(c)));
        rest = end.map_or("", |end| secret.get(end..).unwrap_or_default());
    }
    cleaned.push_str(rest);
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        let http = |status| meaning(&Error::http(status, http::HeaderMap::new(), bytes::Bytes::new()));
        for (status, expected) in [
            (404, Meaning::Missing),
            (410, Meaning::Missing),
            (412, Meaning::Condition),
            (416, Meaning::Range),
            (401, Meaning::Denied),
            (403, Meaning::Denied),
            (408, Meaning::Passing),
            (429, Meaning::Passing),
            (503, Meaning::Passing),
            (400, Meaning::Lasting),
            (501, Meaning::Lasting),
        ] {
            assert_eq!(http(status), expected, "{status}");
        }
        let body = r#"{"error": {"code": 412, "message": "conditionNotMet"}}"#;
        let status = google_cloud_gax::error::rpc::Status::default().set_code(Code::Unknown).set_message(body);
        let json = Error::service_with_http_metadata(status, Some(412), None);
        assert_eq!(meaning(&json), Meaning::Condition, "an error in JSON is one of HTTP");
        assert_eq!(meaning(&Error::io("the connection broke")), Meaning::Passing);
        assert_eq!(meaning(&Error::deser("half an answer")), Meaning::Passing);
        let refused = Trouble::Said(Error::http(429, http::HeaderMap::new(), bytes::Bytes::new()));
        assert!(!refused.is_ambiguous(), "what was refused was not done");
        assert!(Trouble::Said(Error::io("broke")).is_ambiguous());
    }

    #[test]
    fn the_address_of_a_session_is_in_no_error() {
        let url = "https://storage.googleapis.com/upload/storage/v1/b/x/o?uploadType=resumable&upload_id=ABC-d_e";
        let text = format!("error sending request for url ({url}): broken, {url}&x=1");
        let said = without_secrets(&text);
        assert!(!said.contains("ABC"), "{said}");
        assert!(said.ends_with("upload_id=...&x=1") && said.contains("upload_id=...): broken"), "{said}");
        let error = Trouble::Said(Error::io(text)).into_error("store t/s/x").to_string();
        assert!(!error.contains("ABC") && error.contains("store t/s/x"), "{error}");
    }
}
