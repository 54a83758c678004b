//! How uploads begin: a whole object in one request, or the start of a session.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::answers::{Refusal, object_json, with_json};
use super::bucket::Object;
use super::faults::GcsFault;
use super::multipart::{boundary, parts};
use super::query::{Query, no_acl, object_name};
use super::{BUCKET, State};

/// What an upload says of the object that it makes.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub name: String,
    pub if_generation: Option<i64>,
    pub kms_key: String,
    pub content_type: String,
    pub crc32c: Option<u32>,
    pub metadata: BTreeMap<String, String>,
}

impl Wanted {
    /// Checks the bytes against what was said of them, and writes the object.
    pub(super) fn write(&self, state: &State, bytes: &[u8]) -> Result<Object, Refusal> {
        let found = crc32c::crc32c(bytes);
        if let Some(wanted) = self.crc32c
            && wanted != found
        {
            let message = format!("Provided CRC32C {wanted:08x} doesn't match calculated CRC32C {found:08x}.");
            return Err(Refusal::invalid(message));
        }
        let object = Object {
            name: self.name.clone(),
            generation: 0,
            size: 0,
            crc32c: 0,
            content_type: self.content_type.clone(),
            kms_key: self.kms_key.clone(),
            metadata: self.metadata.clone(),
        };
        let short = bytes.len() > 1 && state.faults.strikes(GcsFault::StoredShort);
        let kept = if short { &bytes[..bytes.len() / 2] } else { bytes };
        Ok(state.bucket.insert(object, kept, self.if_generation)?)
    }
}

/// `POST /upload/storage/v1/b/{bucket}/o`.
pub(super) fn post(
    state: &State,
    bucket: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, Refusal> {
    if bucket != BUCKET {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "notFound", "The specified bucket does not exist."));
    }
    if !state.bucket.settings().writable {
        return Err(Refusal::forbidden("storage.objects.create"));
    }
    let query = Query::read(query, &["uploadType", "name", "ifGenerationMatch", "kmsKeyName"])?;
    let mut wanted = Wanted {
        name: object_name(query.required("name")?)?,
        if_generation: query.number("ifGenerationMatch")?,
        kms_key: kms_key(query.get("kmsKeyName"))?,
        ..Wanted::default()
    };
    match query.required("uploadType")? {
        "multipart" => {
            token(state, headers, wanted.if_generation.is_some(), &wanted.name)?;
            single_shot(state, wanted, headers, body)
        }
        "resumable" => {
            token(state, headers, true, &wanted.name)?;
            metadata(&mut wanted, body)?;
            start(state, wanted)
        }
        other => Err(Refusal::unknown(format!("uploadType={other}"))),
    }
}

fn kms_key(name: Option<&str>) -> Result<String, Refusal> {
    let Some(name) = name else { return Ok(String::new()) };
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["projects", _, "locations", _, "keyRings", _, "cryptoKeys", _] => Ok(name.to_owned()),
        _ => Err(Refusal::invalid(format!("Invalid KMS key name: {name}"))),
    }
}

/// What may be repeated has a token, and a token stands for one object.
fn token(state: &State, headers: &HeaderMap, repeatable: bool, name: &str) -> Result<(), Refusal> {
    match headers.get("x-goog-gcs-idempotency-token").and_then(|token| token.to_str().ok()) {
        Some(token) if token.len() != 36 => Err(Refusal::invalid(format!("the idempotency token {token} is no UUID"))),
        Some(token) if state.sessions.token_is_of(token, name) => Ok(()),
        Some(token) => Err(Refusal::invalid(format!("the idempotency token {token} was one of another object"))),
        None if repeatable => Err(Refusal::invalid("an upload that may be repeated has no idempotency token")),
        None => Ok(()),
    }
}

fn single_shot(state: &State, mut wanted: Wanted, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts = parts(body, boundary(content_type)?)?;
    let named = |part: Option<&super::multipart::Part<'_>>, expected: &str| match part.and_then(|p| p.name.clone()) {
        Some(name) if name != expected => Err(Refusal::invalid(format!("the part {name} is where {expected} belongs"))),
        Some(_) | None => Ok(()),
    };
    named(parts.first(), "metadata")?;
    named(parts.get(1), "media")?;
    named(parts.get(2), "checksums")?;
    let (said, media) = match parts.as_slice() {
        [said, media] => (said, media),
        [said, media, checksums] => {
            let late = json_object(checksums.body)?;
            for (field, value) in late {
                match field.as_str() {
                    "crc32c" => wanted.crc32c = Some(crc32c(&value)?),
                    other => return Err(Refusal::unknown(format!("the checksums have {other}"))),
                }
            }
            (said, media)
        }
        other => return Err(Refusal::invalid(format!("an upload has 2 or 3 parts, not {}", other.len()))),
    };
    if !said.content_type.starts_with("application/json") {
        return Err(Refusal::invalid(format!("the metadata is {}, not JSON", said.content_type)));
    }
    metadata(&mut wanted, said.body)?;
    if wanted.content_type.is_empty() {
        wanted.content_type.clone_from(&media.content_type);
    }
    let object = wanted.write(state, media.body)?;
    Ok(with_json(StatusCode::OK, &object_json(&object)))
}

/// The start of a session. The condition is looked at now, and again when the upload ends.
fn start(state: &State, wanted: Wanted) -> Result<Response<Body>, Refusal> {
    if !state.bucket.holds(&wanted.name, wanted.if_generation) {
        return Err(Refusal::condition());
    }
    let lost = state.faults.strikes(GcsFault::LostSession);
    let id = state.sessions.start(wanted, lost);
    let location = format!("{}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&upload_id={id}", state.endpoint);
    Response::builder()
        .status(StatusCode::OK)
        .header(LOCATION, location)
        .header(CONTENT_LENGTH, 0)
        .body(Body::empty())
        .map_err(|error| Refusal::invalid(error.to_string()))
}

fn metadata(wanted: &mut Wanted, body: &[u8]) -> Result<(), Refusal> {
    if body.is_empty() {
        return Ok(());
    }
    for (field, value) in json_object(body)? {
        match field.as_str() {
            "contentType" => text(&value)?.clone_into(&mut wanted.content_type),
            "cacheControl" => {
                text(&value)?;
            }
            "crc32c" => wanted.crc32c = Some(crc32c(&value)?),
            "metadata" => wanted.metadata = custom(&value)?,
            "name" if text(&value)? == wanted.name => {}
            "acl" => return Err(no_acl()),
            "contentEncoding" => return Err(Refusal::unknown("an artefact has a contentEncoding; store opaque bytes")),
            other => return Err(Refusal::unknown(format!("the metadata has {other}"))),
        }
    }
    Ok(())
}

fn json_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(format!("not a JSON object: {error}")))
}

/// What an object's maker says of it: names with texts.
fn custom(value: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let fields = value.as_object().ok_or_else(|| Refusal::invalid(format!("{value} is not custom metadata")))?;
    fields.iter().map(|(name, value)| Ok((name.clone(), text(value)?.to_owned()))).collect()
}

fn text(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::invalid(format!("{value} is not a string")))
}

/// Reads a CRC32C: four bytes, big endian, in base64.
pub(super) fn crc32c(value: &Value) -> Result<u32, Refusal> {
    let bytes = BASE64_STANDARD.decode(text(value)?).ok();
    let bytes = bytes.and_then(|bytes| <[u8; 4]>::try_from(bytes.as_slice()).ok());
    bytes.map(u32::from_be_bytes).ok_or_else(|| Refusal::invalid(format!("{value} is not a CRC32C")))
}
