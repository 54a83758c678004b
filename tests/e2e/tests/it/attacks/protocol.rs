//! What is not gRPC, or not quite: each is answered, and with a reason where it is gRPC at all.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use lectern_e2e::{Profile, refusal};
use lectern_rpc::Channel;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::{ATTACKER, VICTIM, caller, errand};

on_both_profiles!(attack_a_message_that_is_no_grpc);

const GET_NARRATION: &str = "/lectern.v1.NarrationService/GetNarration";
/// More than any message may have.
const OVERSIZED: u32 = 64 << 20;

/// A message as gRPC frames it ("gRPC over HTTP2", Length-Prefixed-Message), of which `bytes` come.
fn framed(compressed: bool, length: u32, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(compressed)];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(bytes);
    frame
}

/// The answer: HTTP's status, and headers and trailers together.
async fn answer(channel: Channel, request: Request<Body>) -> (StatusCode, HeaderMap) {
    let (head, body) = channel.oneshot(request).await.expect("an answer").into_parts();
    let trailers = body.collect().await.expect("an end").trailers().cloned().unwrap_or_default();
    let mut headers = head.headers;
    headers.extend(trailers);
    (head.status, headers)
}

async fn attack_a_message_that_is_no_grpc(profile: Profile) {
    let instance = profile.setup().start().await;
    let (victim, channel) = (caller(&instance, VICTIM).await, instance.nobody().channel());
    let key = match profile {
        Profile::Stack => instance.key(ATTACKER).await,
        Profile::Embedded => String::new(),
    };
    let request = |method: Method, path: &str, content_type: &str, extra: &[(&str, &str)], body: Vec<u8>| {
        let start = Request::builder().method(method).uri(path).header("te", "trailers");
        let start = start.header(CONTENT_TYPE, content_type).header(AUTHORIZATION, format!("Bearer {key}"));
        let start = extra.iter().fold(start, |start, (name, value)| start.header(*name, *value));
        start.body(Body::new(Full::from(body))).expect("a request")
    };

    let whole = framed(false, 0, b"");
    for (what, method, content_type, expected) in [
        ("a GET", Method::GET, "application/grpc", StatusCode::METHOD_NOT_ALLOWED),
        ("a PUT", Method::PUT, "application/grpc", StatusCode::METHOD_NOT_ALLOWED),
        ("a text", Method::POST, "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("JSON", Method::POST, "application/json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("gRPC-Web", Method::POST, "application/grpc-web", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let request = request(method, GET_NARRATION, content_type, &[], whole.clone());
        assert_eq!(answer(channel.clone(), request).await.0, expected, "{what}");
    }

    let plain: &[(&str, &str)] = &[];
    let snappy: &[(&str, &str)] = &[("grpc-encoding", "snappy")];
    for (what, path, extra, body, code, reason) in [
        (
            "an unknown method",
            "/lectern.v1.NarrationService/SingNarration",
            plain,
            whole.clone(),
            Code::Unimplemented,
            "CALL_UNSUPPORTED",
        ),
        ("an unknown service", "/lectern.v9.Choir/Sing", plain, whole, Code::Unimplemented, "CALL_UNSUPPORTED"),
        (
            "a malformed message",
            GET_NARRATION,
            plain,
            framed(false, 3, b"\xff\xff\xff"),
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
        (
            "a message that is cut short",
            GET_NARRATION,
            plain,
            framed(false, 9, b"\x0a\x03"),
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
        (
            "an oversized message",
            GET_NARRATION,
            plain,
            framed(false, OVERSIZED, b"\x0a"),
            Code::ResourceExhausted,
            "LIMIT_EXCEEDED",
        ),
        (
            "an unknown compression",
            GET_NARRATION,
            snappy,
            framed(true, 1, b"\x00"),
            Code::Unimplemented,
            "CALL_UNSUPPORTED",
        ),
    ] {
        let request = request(Method::POST, path, "application/grpc", extra, body);
        let (http, headers) = answer(channel.clone(), request).await;
        let status = Status::from_header_map(&headers).unwrap_or_else(|| panic!("{what}: {http}, {headers:?}"));
        let refused = refusal(&status);
        assert_eq!(
            (http, refused.code, refused.reason.as_str()),
            (StatusCode::OK, code, reason),
            "{what}: {refused:?}"
        );
    }

    errand(&victim).await;
}
