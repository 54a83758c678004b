//! Signed URLs (V4): `GET /{bucket}/{object}?X-Goog-Algorithm=...`, verified by the public half of
//! a key that serves these tests alone and opens nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};

use super::answers::Refusal;
use super::downloads::media;
use super::query::{Query, decode};
use super::{BUCKET, State};

const KEY: &str = include_str!("signing-key-for-tests.pem");
const EMAIL: &str = "signer@lectern-test.iam.gserviceaccount.com";
/// The longest life of a signed URL, in seconds.
const LONGEST: i64 = 7 * 24 * 3600;

/// The credentials file of the account whose key this is.
pub(super) fn service_account() -> String {
    serde_json::json!({
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "for-tests",
        "private_key": KEY,
        "project_id": "lectern-test",
    })
    .to_string()
}

/// Answers a request for a signed URL if its signature, method, headers and time are right.
pub(super) fn get(
    state: &State,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    verify(method, path, query.unwrap_or_default(), headers, now())?;
    let name = path.strip_prefix('/').and_then(|path| path.strip_prefix(BUCKET)).and_then(|p| p.strip_prefix('/'));
    let name = decode(name.ok_or_else(|| Refusal::not_found(path))?)?;
    let object = state.bucket.find(&name).ok_or_else(|| Refusal::not_found(&name))?;
    media(state, &object, headers)
}

fn verify(method: &Method, path: &str, query: &str, headers: &HeaderMap, now: i64) -> Result<(), Refusal> {
    let refuse = |code: &'static str, message: &str| Refusal::new(StatusCode::FORBIDDEN, code, message);
    let known = [
        "X-Goog-Algorithm",
        "X-Goog-Credential",
        "X-Goog-Date",
        "X-Goog-Expires",
        "X-Goog-SignedHeaders",
        "X-Goog-Signature",
    ];
    let read = Query::read(Some(query), &known)?;
    if read.required("X-Goog-Algorithm")? != "GOOG4-RSA-SHA256" {
        return Err(Refusal::unknown("an algorithm other than GOOG4-RSA-SHA256"));
    }
    let (date, credential) = (read.required("X-Goog-Date")?, read.required("X-Goog-Credential")?);
    let scope = credential.strip_prefix(EMAIL).and_then(|scope| scope.strip_prefix('/'));
    let scope = scope.ok_or_else(|| refuse("AccessDenied", "this account may not read the object"))?;
    if scope != format!("{}/auto/storage/goog4_request", date.get(..8).unwrap_or_default()) {
        return Err(refuse("InvalidCredential", "the scope of the credential is not that of the date"));
    }
    let expires = read.number("X-Goog-Expires")?.unwrap_or(0);
    if !(1..=LONGEST).contains(&expires) {
        return Err(Refusal::invalid("X-Goog-Expires must be from 1 to 604800"));
    }
    let began = seconds(date).ok_or_else(|| Refusal::invalid(format!("X-Goog-Date: {date}")))?;
    if now > began + expires || began > now + 900 {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "ExpiredToken", "the signed URL has expired"));
    }
    let signed_headers = read.required("X-Goog-SignedHeaders")?;
    let mut canonical_headers = String::new();
    for name in signed_headers.split(';') {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Google's clients sign the host without its port.
        let value = if name == "host" { value.split(':').next().unwrap_or_default() } else { value };
        canonical_headers.push_str(&format!("{name}:{}\n", value.trim()));
    }
    if !signed_headers.split(';').any(|name| name == "host") {
        return Err(refuse("SignatureDoesNotMatch", "the host is not signed"));
    }
    let (unsigned, signature) = query
        .split_once("&X-Goog-Signature=")
        .ok_or_else(|| Refusal::invalid("X-Goog-Signature is not the last of the query"))?;
    let request = format!("{method}\n{path}\n{unsigned}\n{canonical_headers}\n{signed_headers}\nUNSIGNED-PAYLOAD");
    let signed = format!("GOOG4-RSA-SHA256\n{date}\n{scope}\n{}", hex(digest(&SHA256, request.as_bytes()).as_ref()));
    let signature = unhex(signature).ok_or_else(|| Refusal::invalid("X-Goog-Signature is not hexadecimal"))?;
    let key = private_key().ok_or_else(|| Refusal::unknown("its own key"))?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| refuse("SignatureDoesNotMatch", "the signature is not one of this request"))
}

fn private_key() -> Option<RsaKeyPair> {
    let base64: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).ok()?).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// Seconds since 1970 of `20261128T031702Z`.
fn seconds(date: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    // Days from the civil date (Howard Hinnant, `days_from_civil`).
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        assert_eq!(seconds("19700101T000000Z"), Some(0));
        assert_eq!(seconds("20240229T120000Z"), Some(1_709_208_000));
        assert_eq!(super::super::answers::rfc3339(1_709_208_000_000_001), "2024-02-29T12:00:00.000001Z");
        assert_eq!(seconds("2024"), None);
    }
}
