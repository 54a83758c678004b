//! Sessions of resumable uploads.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use super::State;
use super::answers::{Refusal, object_json, with_json};
use super::bucket::Object;
use super::faults::GcsFault;
use super::uploads::{Wanted, crc32c};

/// What chunks that are not the last are multiples of, in bytes.
pub(super) const QUANTUM: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<String, Session>,
    tokens: HashMap<String, String>,
    started: u64,
}

#[derive(Debug)]
struct Session {
    wanted: Wanted,
    bytes: Vec<u8>,
    finished: Option<Object>,
    /// Goes at the second request: with its first chunk half the upload is lost.
    lost_next: bool,
}

/// What a `Content-Range` says.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// `bytes */*`
    Query,
    /// `bytes */TOTAL`
    End(u64),
    /// `bytes FIRST-LAST/TOTAL`; the total may be unknown (`*`) for all chunks but the last.
    Chunk { first: u64, last: u64, total: Option<u64> },
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self, wanted: Wanted, lost_next: bool) -> String {
        let mut inner = self.lock();
        inner.started += 1;
        let id = format!("session-{}", inner.started);
        inner.open.insert(id.clone(), Session { wanted, bytes: Vec::new(), finished: None, lost_next });
        id
    }

    /// Whether a token is new or was this object's.
    pub(super) fn token_is_of(&self, token: &str, name: &str) -> bool {
        self.lock().tokens.entry(token.to_owned()).or_insert_with(|| name.to_owned()) == name
    }
}

/// `PUT {session}`. The session is its own credential.
pub(super) fn put(state: &State, id: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let gone = |status| Refusal::new(status, "notFound", "The resumable upload session is not there any more.");
    let range = content_range(headers)?;
    let mut inner = state.sessions.lock();
    let session = inner.open.get_mut(id).ok_or_else(|| gone(StatusCode::GONE))?;
    if session.lost_next {
        inner.open.remove(id);
        return Err(gone(StatusCode::NOT_FOUND));
    }
    if let Some(object) = &session.finished {
        return Ok(with_json(StatusCode::OK, &object_json(object)));
    }
    let total = match range {
        Range::Query if body.is_empty() => return incomplete(session.bytes.len()),
        Range::Query => return Err(Refusal::invalid("a query has no content")),
        Range::End(total) => {
            if !body.is_empty() {
                return Err(Refusal::invalid(format!("bytes */{total} has {} bytes of content", body.len())));
            }
            Some(total)
        }
        Range::Chunk { first, last, total } => {
            // A client that knows the length says it with each chunk, not with the last alone.
            let more = total.is_none_or(|total| last.saturating_add(1) < total);
            chunk(state, session, first, last, more, body)?;
            if more { None } else { total }
        }
    };
    let Some(total) = total else { return incomplete(session.bytes.len()) };
    if session.bytes.len() as u64 != total {
        return Err(Refusal::invalid(format!("{} bytes came of {total}", session.bytes.len())));
    }
    if let Some(hash) = headers.get("x-goog-hash").and_then(|hash| hash.to_str().ok()) {
        let text = hash
            .strip_prefix("crc32c=")
            .ok_or_else(|| Refusal::unknown(format!("x-goog-hash: {hash} at the end of an upload")))?;
        session.wanted.crc32c = Some(crc32c(&Value::String(text.to_owned()))?);
    }
    let object = session.wanted.write(state, &session.bytes)?;
    session.bytes = Vec::new();
    session.finished = Some(object.clone());
    Ok(with_json(StatusCode::OK, &object_json(&object)))
}

fn chunk(state: &State, session: &mut Session, first: u64, last: u64, more: bool, body: &[u8]) -> Result<(), Refusal> {
    if first != session.bytes.len() as u64 {
        let message = format!("the chunk begins at {first}, and {} bytes are stored", session.bytes.len());
        return Err(Refusal::invalid(message));
    }
    if last.checked_sub(first).map(|less| less + 1) != Some(body.len() as u64) {
        return Err(Refusal::invalid(format!("bytes {first}-{last} has {} bytes of content", body.len())));
    }
    if more && !body.len().is_multiple_of(QUANTUM) {
        return Err(Refusal::invalid(format!("a chunk of {} bytes is no multiple of 262144", body.len())));
    }
    let kept = if more && state.faults.strikes(GcsFault::NothingStored) {
        0
    } else if more && state.faults.strikes(GcsFault::PartialChunk) {
        QUANTUM.min(body.len())
    } else {
        body.len()
    };
    session.bytes.extend_from_slice(&body[..kept]);
    Ok(())
}

/// 308, with what is stored; without `Range` where nothing is.
fn incomplete(stored: usize) -> Result<Response<Body>, Refusal> {
    let mut answer = Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(CONTENT_LENGTH, 0);
    if let Some(last) = stored.checked_sub(1) {
        answer = answer.header(RANGE, format!("bytes=0-{last}"));
    }
    answer.body(Body::empty()).map_err(|error| Refusal::invalid(error.to_string()))
}

fn content_range(headers: &HeaderMap) -> Result<Range, Refusal> {
    let text = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let text = text.ok_or_else(|| Refusal::invalid("a chunk has no Content-Range"))?;
    let read = || {
        let (bytes, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        if bytes == "*" {
            return Some(total.map_or(Range::Query, Range::End));
        }
        let (first, last) = bytes.split_once('-')?;
        Some(Range::Chunk { first: first.parse().ok()?, last: last.parse().ok()?, total })
    };
    read().ok_or_else(|| Refusal::invalid(format!("Content-Range: {text} is not one")))
}
