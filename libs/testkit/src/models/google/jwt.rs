//! Tokens that the holder of the account's key signs (RFC 7515, RFC 7519): what a token endpoint is
//! given, and what a service believes as they are.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

use super::SCOPE;

/// The key of the one account. It serves these tests alone and opens nothing.
pub(super) const KEY: &str = include_str!("../../gcs/signing-key-for-tests.pem");
pub(super) const KEY_ID: &str = "for-tests";
pub(super) const EMAIL: &str = "signer@lectern-test.iam.gserviceaccount.com";

/// The longest life of a signed token, in seconds: an hour, and what clients add for clocks that
/// differ.
const LONGEST: i64 = 3_600 + 60;
/// How far the clock of a client may be ahead, in seconds.
const AHEAD: i64 = 60;

/// Checks a token that was signed for one of these audiences; says what is wrong with it. With
/// `with_scope` it must have the scope too; else the scope will do in place of an audience.
pub(super) fn verify(token: &str, audiences: &[&str], with_scope: bool) -> Result<(), &'static str> {
    verify_at(token, audiences, with_scope, now())
}

fn verify_at(token: &str, audiences: &[&str], with_scope: bool, now: i64) -> Result<(), &'static str> {
    let (signed, signature) = token.rsplit_once('.').ok_or("Invalid JWT: not in three parts")?;
    let (header, claims) = signed.split_once('.').ok_or("Invalid JWT: not in three parts")?;
    let (header, claims) = (part(header)?, part(claims)?);
    let text = |json: &Value, name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text(&header, "alg") != "RS256" || text(&header, "kid") != KEY_ID {
        return Err("Invalid JWT: its header is not of a key of this account");
    }
    if text(&claims, "iss") != EMAIL {
        return Err("Invalid grant: account not found");
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Invalid JWT: base64")?;
    let key = private_key().ok_or("the fake cannot read its own key")?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (from, to) = (time("iat"), time("exp"));
    if from > now + AHEAD || to <= now || to - from > LONGEST {
        return Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                    Check your iat and exp values in the JWT claim.");
    }
    let audience = text(&claims, "aud");
    let scoped = text(&claims, "scope").split(' ').any(|scope| scope == SCOPE);
    if with_scope && !scoped {
        return Err("Invalid OAuth scope or ID token audience provided.");
    }
    if audiences.contains(&audience.as_str()) || (!with_scope && scoped && audience.is_empty()) {
        Ok(())
    } else {
        Err("Invalid JWT: its audience is another")
    }
}

fn part(base64: &str) -> Result<Value, &'static str> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(base64).map_err(|_| "Invalid JWT: base64")?;
    serde_json::from_slice(&bytes).map_err(|_| "Invalid JWT: JSON")
}

fn private_key() -> Option<RsaKeyPair> {
    let base64: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).ok()?).ok()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Signs claims as the account.
#[cfg(test)]
pub(super) fn sign(claims: &Value) -> String {
    use ring::rand::SystemRandom;
    use ring::signature::RSA_PKCS1_SHA256;

    let header = serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID});
    let encode = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let key = private_key().expect("its own key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("a signature");
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signed_token_is_held_to_its_time_audience_scope_and_signature() {
        let at = 1_800_000_000;
        let claims = |change: &dyn Fn(&mut Value)| {
            let mut claims =
                json!({"iss": EMAIL, "sub": EMAIL, "scope": SCOPE, "aud": "here", "iat": at - 10, "exp": at + 3_600});
            change(&mut claims);
            sign(&claims)
        };
        let fine = claims(&|_| {});
        assert_eq!(verify_at(&fine, &["here"], true, at), Ok(()));
        assert!(verify_at(&fine, &["there"], true, at).is_err());
        assert!(verify_at(&fine, &["here"], true, at + 3_600).is_err(), "too late");
        assert!(verify_at(&fine, &["here"], true, at - 3_600).is_err(), "the clock is far ahead");
        let tampered = fine.replacen(['a', 'b', 'c', 'd'], "e", 1);
        assert!(verify_at(&tampered, &["here"], true, at).is_err());
        let long = claims(&|claims| claims["exp"] = json!(at + 7_200));
        assert!(verify_at(&long, &["here"], true, at).is_err());
        let other = claims(&|claims| claims["iss"] = json!("other@lectern-test.iam.gserviceaccount.com"));
        assert!(verify_at(&other, &["here"], true, at).is_err());
        let narrow = claims(&|claims| claims["scope"] = json!("https://www.googleapis.com/auth/devstorage.read_only"));
        assert!(verify_at(&narrow, &["here"], true, at).is_err());
    }
}
