//! What is gRPC at all, and a reason for every status.
//!
//! Only POST with a content type of gRPC is a call ("gRPC over HTTP2", Requests); anything else is
//! answered by HTTP's own status. A status that does not come from a handler of ours, such as that
//! of a message which cannot be decoded or of a method which nobody has, gets its `ErrorInfo` here.

use std::sync::Arc;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use lectern_core::Reason;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::middleware::{Follow, Followed, Inner, Middleware, pass};
use crate::status::{self, bare};

/// What the transport says of a message that is not what it should be. It calls them internal
/// errors, but the caller made them.
const UNREADABLE: [&str; 4] =
    ["failed to decode Protobuf message", "protocol error", "Error decompressing", "Unexpected EOF"];

#[derive(Debug)]
pub(crate) struct Protocol;

impl Middleware for Protocol {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        if request.method() != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, (header::ALLOW, "POST"));
        }
        if !is_grpc(request.headers()) {
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, (header::ACCEPT, "application/grpc"));
        }
        let mut response = pass(request, inner).await;
        explain(response.headers_mut());
        Followed::wrap(response, Explain)
    }
}

fn refused(status: StatusCode, (name, value): (header::HeaderName, &'static str)) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    response
}

/// `application/grpc`, with a format after `+` or parameters after `;`.
fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(rest) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("application/grpc"))
    else {
        return false;
    };
    rest.is_empty() || rest.starts_with(['+', ';'])
}

struct Explain;

impl Follow for Explain {
    fn trailers(&mut self, trailers: &mut HeaderMap) {
        explain(trailers);
    }
}

/// Puts a status with details in place of one without.
fn explain(headers: &mut HeaderMap) {
    let Some(found) = Status::from_header_map(headers) else { return };
    if found.code() == Code::Ok || !found.details().is_empty() {
        return;
    }
    let explained = explained(&found);
    // What cannot be written stays as it was.
    let mut fresh = HeaderMap::new();
    if explained.add_header(&mut fresh).is_ok() {
        headers.extend(fresh);
    }
}

fn explained(found: &Status) -> Status {
    let message = found.message();
    match found.code() {
        Code::Internal if UNREADABLE.iter().any(|start| message.starts_with(start)) => {
            status::status(&status::unreadable(found))
        }
        Code::OutOfRange | Code::ResourceExhausted => status::status(&status::unreadable(found)),
        Code::Unimplemented => {
            let what = if message.is_empty() { "no service here has this method" } else { message };
            bare(
                Code::Unimplemented,
                Reason::CallUnsupported,
                &format!("{what}; server reflection lists what there is"),
            )
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => bare(found.code(), status::failure(found).reason, message),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Failure;
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn only_grpc_is_grpc() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(is_grpc(&headers), expected, "{value}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn every_status_has_a_reason_and_those_of_ours_stay_as_they_are() {
        let read = |status: &Status| {
            let mut headers = HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            explain(&mut headers);
            Status::from_header_map(&headers).unwrap()
        };
        for (found, code, reason) in [
            (Status::internal("failed to decode Protobuf message: x"), Code::InvalidArgument, "INVALID_FIELD"),
            (
                Status::out_of_range("Error, decoded message length too large"),
                Code::ResourceExhausted,
                "LIMIT_EXCEEDED",
            ),
            (Status::unimplemented(""), Code::Unimplemented, "CALL_UNSUPPORTED"),
            (Status::cancelled("x"), Code::Cancelled, "CANCELLED"),
            (Status::internal("x"), Code::Internal, "INTERNAL"),
            (Status::unknown("x"), Code::Unknown, "INTERNAL"),
        ] {
            let explained = read(&found);
            assert_eq!(explained.code(), code, "{found:?}");
            assert_eq!(explained.get_error_details().error_info().unwrap().reason, reason);
        }
        let ours = status::status(&Failure::not_found("documents/7"));
        assert_eq!(read(&ours).details(), ours.details());
        let mut fine = HeaderMap::new();
        explain(&mut fine);
        assert!(fine.is_empty());
    }
}
