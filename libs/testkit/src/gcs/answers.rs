//! The shapes of answers of the JSON data plane.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::BUCKET;
use super::bucket::{NotWritten, Object};

/// A refusal, with the words that a log of a failed test shows.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub reason: &'static str,
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }

    /// A request that the real one would refuse as malformed.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// A request that this fake does not know. 501, so that nobody takes it for the real one's.
    pub(super) fn unknown(message: impl Into<String>) -> Self {
        let message = format!("the fake does not know this, look up what the real one does: {}", message.into());
        Self::new(StatusCode::NOT_IMPLEMENTED, "notImplemented", message)
    }

    pub(super) fn not_found(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", format!("No such object: {BUCKET}/{name}"))
    }

    pub(super) fn condition() -> Self {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Self::new(StatusCode::PRECONDITION_FAILED, "conditionNotMet", message)
    }

    pub(super) fn forbidden(permission: &str) -> Self {
        let message = format!("the caller does not have {permission} access to the Google Cloud Storage bucket");
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn answer(&self) -> Response<Body> {
        let error = json!({
            "message": self.message,
            "domain": "global",
            "reason": self.reason,
        });
        let body = json!({
            "error": {"code": self.status.as_u16(), "message": self.message, "errors": [error]},
        });
        with_json(self.status, &body)
    }
}

impl From<NotWritten> for Refusal {
    fn from(error: NotWritten) -> Self {
        match error {
            NotWritten::Condition => Self::condition(),
            NotWritten::Io(error) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "backendError", error.to_string()),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        NotWritten::Io(error).into()
    }
}

/// CRC32C as it is on the wire: big endian, in base64.
pub(super) fn crc32c_text(crc32c: u32) -> String {
    BASE64_STANDARD.encode(crc32c.to_be_bytes())
}

/// An object's metadata. Numbers of 64 bits are strings.
pub(super) fn object_json(object: &Object) -> Value {
    let mut json = json!({
        "kind": "storage#object",
        "id": format!("{BUCKET}/{}/{}", object.name, object.generation),
        "name": object.name,
        "bucket": BUCKET,
        "generation": object.generation.to_string(),
        "metageneration": "1",
        "contentType": object.content_type,
        "storageClass": "STANDARD",
        "size": object.size.to_string(),
        "crc32c": crc32c_text(object.crc32c),
        "etag": format!("E{}", object.generation),
        "timeCreated": rfc3339(object.generation),
        "updated": rfc3339(object.generation),
        "timeFinalized": rfc3339(object.generation),
        "timeStorageClassUpdated": rfc3339(object.generation),
    });
    if let Some(fields) = json.as_object_mut() {
        if !object.kms_key.is_empty() {
            fields.insert("kmsKeyName".to_owned(), format!("{}/cryptoKeyVersions/1", object.kms_key).into());
        }
        if !object.metadata.is_empty() {
            fields.insert("metadata".to_owned(), json!(object.metadata));
        }
    }
    json
}

/// An answer with a JSON body.
pub(super) fn with_json(status: StatusCode, body: &Value) -> Response<Body> {
    with_body(status, "application/json; charset=UTF-8", body.to_string().into_bytes())
}

fn with_body(status: StatusCode, content_type: &str, body: Vec<u8>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .header(CONTENT_LENGTH, body.len())
        .body(Body::from(body))
        .unwrap_or_default()
}

/// A time in microseconds since 1970 as RFC 3339.
pub(super) fn rfc3339(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let (year, month, day) = civil(days);
    let (second, micro) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
