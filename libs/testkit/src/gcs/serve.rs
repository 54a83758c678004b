//! One port for everything: gRPC by its service's path, all else by the JSON data plane.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tonic::service::Routes;

use super::State;
use super::answers::Refusal;
use super::control::Control;
use super::faults::{GcsFault, GcsFaults};
use super::proto::v2::storage_server::StorageServer;
use super::{downloads, sessions, signed, uploads};

/// What answers every request.
pub(super) fn app(state: Arc<State>) -> axum::Router {
    let control = StorageServer::new(Control(Arc::clone(&state))).max_decoding_message_size(4 * 1024 * 1024);
    Routes::new(control).into_axum_router().fallback_service(plain(state))
}

fn plain(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(json).with_state(state)
}

/// What comes before every request: it is slow, is refused (with this status), or is never
/// answered.
pub(super) async fn begin(faults: &GcsFaults) -> Option<u16> {
    if faults.strikes(GcsFault::Slow) {
        tokio::time::sleep(faults.slowness()).await;
    }
    if faults.strikes(GcsFault::Hang) {
        std::future::pending::<()>().await;
    }
    if faults.strikes(GcsFault::RefuseTooMany) {
        return Some(429);
    }
    faults.strikes(GcsFault::RefuseUnavailable).then_some(503)
}

async fn json(Shared(state): Shared<Arc<State>>, request: Request<Body>) -> Response<Body> {
    if let Some(status) = begin(&state.faults).await {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return Refusal::new(status, "backendError", "refused, on demand").answer();
    }
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // The client broke off: nobody reads this.
        return Refusal::invalid("the request broke off").answer();
    };
    let body = body.to_bytes();
    let path = head.uri.path().to_owned();
    let query = head.uri.query();
    let changes = head.method != Method::GET;
    let answer = match route(&head.method, &path, query) {
        Route::Upload(bucket) => uploads::post(&state, bucket, query, &head.headers, &body),
        Route::Session(id) => sessions::put(&state, &id, &head.headers, &body),
        Route::Object(bucket, object) => downloads::get(&state, bucket, object, query, &head.headers),
        Route::Signed => signed::get(&state, &head.method, &path, query, &head.headers),
        Route::Unknown => Err(Refusal::unknown(format!("{} {}", head.method, head.uri))),
    };
    match answer {
        Ok(answer) if changes && answer.status() == StatusCode::OK => end(&state, answer),
        Ok(answer) => answer,
        Err(refusal) => refusal.answer(),
    }
}

/// What comes after a change was made: its answer is lost, or is another.
fn end(state: &State, answer: Response<Body>) -> Response<Body> {
    if state.faults.strikes(GcsFault::LateRefusal) {
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "backendError", "done, and refused, on demand").answer();
    }
    if state.faults.strikes(GcsFault::LostAnswer) {
        let broken = Response::builder()
            .status(StatusCode::OK)
            .header(CONTENT_TYPE, "application/json; charset=UTF-8")
            .header(CONTENT_LENGTH, 1_000)
            .body(downloads::cut_off(Bytes::from_static(b"{")));
        return broken.unwrap_or_default();
    }
    answer
}

enum Route<'a> {
    Upload(&'a str),
    Session(String),
    Object(&'a str, &'a str),
    Signed,
    Unknown,
}

fn route<'a>(method: &Method, path: &'a str, query: Option<&str>) -> Route<'a> {
    let value = |name: &str| {
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let uploads = path
        .strip_prefix("/resumable")
        .unwrap_or(path)
        .strip_prefix("/upload/storage/v1/b/")
        .and_then(|p| p.strip_suffix("/o"));
    let objects = path
        .strip_prefix("/download")
        .unwrap_or(path)
        .strip_prefix("/storage/v1/b/")
        .and_then(|rest| rest.split_once("/o/"));
    match (method, uploads, objects) {
        (&Method::POST, Some(bucket), _) => Route::Upload(bucket),
        (&Method::PUT, Some(_), _) => value("upload_id").map_or(Route::Unknown, Route::Session),
        (&Method::GET, _, Some((bucket, object))) => Route::Object(bucket, object),
        _ if value("X-Goog-Algorithm").is_some() => Route::Signed,
        _ => Route::Unknown,
    }
}
