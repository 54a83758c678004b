//! Reading objects: `alt=media` with ranges, metadata, and signed URLs.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, Response, StatusCode};

use super::answers::{Refusal, crc32c_text, object_json, with_json};
use super::bucket::Object;
use super::faults::GcsFault;
use super::query::{Query, decode};
use super::{BUCKET, State};

/// `GET /storage/v1/b/{bucket}/o/{object}`; `object` as it stands in the path, percent-encoded.
pub(super) fn get(
    state: &State,
    bucket: &str,
    object: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    if object.contains('/') {
        return Err(Refusal::invalid(format!("the name {object} is not percent-encoded")));
    }
    let query = Query::read(query, &["alt", "generation"])?;
    let name = decode(object)?;
    let generation = query.number("generation")?;
    let found = state.bucket.find(&name).filter(|found| generation.is_none_or(|wanted| wanted == found.generation));
    let found = found.filter(|_| bucket == BUCKET).ok_or_else(|| Refusal::not_found(&name))?;
    match query.get("alt") {
        Some("media") => media(state, &found, headers),
        Some("json") | None => Ok(with_json(StatusCode::OK, &object_json(&found))),
        Some(other) => Err(Refusal::unknown(format!("alt={other}"))),
    }
}

/// The bytes of an object, or the range of them that is asked for.
pub(super) fn media(state: &State, object: &Object, headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
    let bytes = state.bucket.read(object)?.ok_or_else(|| Refusal::not_found(&object.name))?;
    let size = bytes.len() as u64;
    let range = headers.get(RANGE).map(|range| range.to_str().unwrap_or_default());
    let range = range.map(|text| span(text, size)).transpose()?;
    let answer = Response::builder()
        .header(CONTENT_TYPE, object.content_type.as_str())
        .header("x-goog-generation", object.generation)
        .header("x-goog-metageneration", 1)
        .header("x-goog-hash", format!("crc32c={}", crc32c_text(object.crc32c)))
        .header("x-goog-stored-content-length", object.size)
        .header("x-goog-stored-content-encoding", "identity")
        .header("x-goog-storage-class", "STANDARD");
    let (answer, part) = match range {
        None => (answer.status(StatusCode::OK), Bytes::from(bytes)),
        Some((first, last)) => {
            let (from, to) = (usize::try_from(first).unwrap_or(0), usize::try_from(last).unwrap_or(0));
            let part = Bytes::from(bytes).slice(from..=to);
            let answer = answer.header(CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
            (answer.status(StatusCode::PARTIAL_CONTENT), part)
        }
    };
    let answer = answer.header(CONTENT_LENGTH, part.len());
    let body = if part.len() > 1 && state.faults.strikes(GcsFault::CutDownload) {
        cut_off(part.slice(..part.len() / 2))
    } else {
        Body::from(part)
    };
    answer.body(body).map_err(|error| Refusal::invalid(error.to_string()))
}

/// A body whose connection breaks after `bytes`.
pub(super) fn cut_off(bytes: Bytes) -> Body {
    let broken = Err(io::Error::new(io::ErrorKind::ConnectionReset, "the connection breaks, on demand"));
    Body::from_stream(futures::stream::iter([Ok(bytes), broken]))
}

/// The first and last byte of a range; 416 when it begins past the end.
fn span(text: &str, size: u64) -> Result<(u64, u64), Refusal> {
    let invalid = || Refusal::unknown(format!("Range: {text}"));
    let range = text.strip_prefix("bytes=").ok_or_else(invalid)?;
    let (first, last) = range.split_once('-').ok_or_else(invalid)?;
    let first: u64 = first.parse().map_err(|_| invalid())?;
    let end = size.saturating_sub(1);
    let last = if last.is_empty() { end } else { last.parse::<u64>().map_err(|_| invalid())?.min(end) };
    if first >= size {
        let message = format!("Request range not satisfiable: {text} of {size} bytes");
        return Err(Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "requestedRangeNotSatisfiable", message));
    }
    if last < first {
        return Err(invalid());
    }
    Ok((first, last))
}
