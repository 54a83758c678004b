//! Sessions of resumable uploads.
//!
//! Of a finished one only what a query asks for is kept, and nothing of one that was not heard of
//! for a while. Each has a lock of its own, so that writing one to disk keeps no other waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;

use super::State;
use super::answers::{Refusal, object_json, with_json};
use super::bucket::Object;
use super::faults::GcsFault;
use super::uploads::{Wanted, crc32c};

/// What chunks that are not the last are multiples of, in bytes.
pub(super) const QUANTUM: usize = 256 * 1024;
/// For how long a session or a token that nobody uses is kept. The real one keeps a session for a
/// week.
const ABANDONED: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<String, Entry>,
    tokens: HashMap<String, (String, Instant)>,
    started: u64,
}

impl Inner {
    /// Forgets what nobody used for [`ABANDONED`].
    fn prune(&mut self, now: Instant) {
        self.sessions.retain(|_, entry| now.saturating_duration_since(entry.used) < ABANDONED);
        self.tokens.retain(|_, (_, used)| now.saturating_duration_since(*used) < ABANDONED);
    }
}

#[derive(Debug)]
struct Entry {
    session: Arc<Mutex<Session>>,
    used: Instant,
}

#[derive(Debug)]
enum Session {
    Open(Open),
    Finished(Object),
}

#[derive(Debug)]
struct Open {
    wanted: Wanted,
    bytes: Vec<u8>,
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
    pub(super) fn start(&self, wanted: Wanted, lost_next: bool) -> String {
        let now = Instant::now();
        let session = Session::Open(Open { wanted, bytes: Vec::new(), lost_next });
        let mut inner = self.0.lock();
        inner.prune(now);
        inner.started += 1;
        let id = format!("session-{}", inner.started);
        inner.sessions.insert(id.clone(), Entry { session: Arc::new(Mutex::new(session)), used: now });
        id
    }

    fn find(&self, id: &str) -> Option<Arc<Mutex<Session>>> {
        let now = Instant::now();
        let mut inner = self.0.lock();
        inner.prune(now);
        let entry = inner.sessions.get_mut(id)?;
        entry.used = now;
        Some(Arc::clone(&entry.session))
    }

    fn forget(&self, id: &str) {
        self.0.lock().sessions.remove(id);
    }

    /// Whether a token is new or was this object's.
    pub(super) fn token_is_of(&self, token: &str, name: &str) -> bool {
        let now = Instant::now();
        let mut inner = self.0.lock();
        inner.prune(now);
        let (of, used) = inner.tokens.entry(token.to_owned()).or_insert_with(|| (name.to_owned(), now));
        *used = now;
        of == name
    }
}

/// `PUT {session}`. The session is its own credential.
pub(super) fn put(state: &State, id: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let gone = |status| Refusal::new(status, "notFound", "The resumable upload session is not there any more.");
    let range = content_range(headers)?;
    let shared = state.sessions.find(id).ok_or_else(|| gone(StatusCode::GONE))?;
    let mut found = shared.lock();
    let session = match &mut *found {
        Session::Open(open) => open,
        Session::Finished(object) => return Ok(with_json(StatusCode::OK, &object_json(object))),
    };
    if session.lost_next {
        state.sessions.forget(id);
        return Err(gone(StatusCode::NOT_FOUND));
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
    let answer = with_json(StatusCode::OK, &object_json(&object));
    *found = Session::Finished(object);
    Ok(answer)
}

fn chunk(state: &State, session: &mut Open, first: u64, last: u64, more: bool, body: &[u8]) -> Result<(), Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_used_for_ten_minutes_is_forgotten() {
        let sessions = Sessions::default();
        let id = sessions.start(Wanted::default(), false);
        assert!(sessions.token_is_of("token", "a") && !sessions.token_is_of("token", "b"));
        let now = Instant::now();
        sessions.0.lock().prune(now + ABANDONED / 2);
        assert!(sessions.find(&id).is_some());
        sessions.0.lock().prune(now + ABANDONED * 2);
        assert!(sessions.find(&id).is_none());
        assert!(sessions.token_is_of("token", "b"));
    }
}
