//! Page tokens and resume tokens: opaque to callers, sealed under the tenant's secret, so that a
//! token of another tenant, method or request, or one that was made up, is recognised. While the
//! installation's secret is rotated, tokens of both secrets are opened.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_core::keys::TenantSecret;
use lectern_core::{Digest, Failure, Kind, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::key::equal;

/// Writes `position` as a token. `purpose` names the method and everything of the request that must
/// not change between pages: `ListNarrations state=FAILED`.
///
/// # Errors
/// `INTERNAL` when the position cannot be written.
pub fn seal<T: Serialize>(secret: &TenantSecret, purpose: &str, position: &T) -> Result<String, Failure> {
    let json = serde_json::to_vec(position).map_err(|error| Failure::internal(format!("page token: {error}")))?;
    let mut token = secret.seal(purpose, &json).0.to_vec();
    token.extend_from_slice(&json);
    Ok(URL_SAFE_NO_PAD.encode(token))
}

/// Reads the position of a token; `None` for the empty token of a first page.
///
/// # Errors
/// `PAGE_TOKEN_INVALID` for a token that [`seal`] did not make for this tenant and purpose.
pub fn open<T: DeserializeOwned>(secret: &TenantSecret, purpose: &str, token: &str) -> Result<Option<T>, Failure> {
    if token.is_empty() {
        return Ok(None);
    }
    let invalid = || {
        Failure::new(
            Kind::InvalidArgument,
            Reason::PageTokenInvalid,
            "the page token is not of this list; use next_page_token of its last page, or none for the first page",
        )
        .at("page_token")
    };
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let (found, json) = bytes.split_first_chunk::<32>().ok_or_else(invalid)?;
    if !secret.seals(purpose, json).any(|seal| equal(&Digest(*found), &seal)) {
        return Err(invalid());
    }
    serde_json::from_slice(json).map(Some).map_err(|_| invalid())
}

/// How many items a page has: `asked` within bounds, the default when it is 0 (AIP-158).
///
/// # Errors
/// `INVALID_FIELD` for a negative size.
pub fn size(asked: i32, default: usize, max: usize) -> Result<usize, Failure> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(asked) => Ok(asked.min(max)),
        Err(_) => Err(Failure::invalid("page_size", format!("write 1 to {max}, or 0 for {default}"))),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::id::TenantId;
    use lectern_core::keys::Secrets;

    use super::*;

    fn secret(tenant: &str) -> TenantSecret {
        TenantSecret::derive(b"master", &tenant.parse().unwrap())
    }

    #[test]
    fn a_token_is_read_only_where_it_was_made() {
        let position = ("narrations/17".to_owned(), 42_u64);
        let token = seal(&secret("t1"), "ListNarrations", &position).unwrap();
        assert_eq!(open(&secret("t1"), "ListNarrations", &token), Ok(Some(position)));
        assert_eq!(open::<u64>(&secret("t1"), "ListNarrations", ""), Ok(None));
        let mut changed = token.clone();
        changed.replace_range(45..46, if &token[45..46] == "A" { "B" } else { "A" });
        for (tenant, purpose, token) in [
            ("t2", "ListNarrations", token.as_str()),
            ("t1", "ListDocuments", &token),
            ("t1", "ListNarrations", &changed),
            ("t1", "ListNarrations", &token[..20]),
            ("t1", "ListNarrations", "no token"),
        ] {
            let failure = open::<(String, u64)>(&secret(tenant), purpose, token).unwrap_err();
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::PageTokenInvalid, Some("page_token")));
        }
    }

    #[test]
    fn a_token_is_opened_until_the_secret_that_sealed_it_is_gone() {
        let (old, new) = (b"old".as_slice(), b"new".as_slice());
        let tenant: TenantId = "t1".parse().unwrap();
        let token = |secrets: &Secrets| seal(&secrets.of(&tenant), "ListNarrations", &7_u64).unwrap();
        let open = |secrets: &Secrets, token: &str| open(&secrets.of(&tenant), "ListNarrations", token);
        let (before, swapped, after) =
            (Secrets::one(old), Secrets::new(old, new, Some(old)), Secrets::new(old, new, None));
        assert_eq!(open(&swapped, &token(&before)), Ok(Some(7)));
        assert_eq!(open(&after, &token(&swapped)), Ok(Some(7)));
        assert_eq!(open(&after, &token(&before)).unwrap_err().reason, Reason::PageTokenInvalid);
    }

    #[test]
    fn page_sizes_have_a_default_and_a_bound() {
        for (asked, expected) in [(0, Some(50)), (7, Some(7)), (5_000, Some(1_000)), (-1, None)] {
            assert_eq!(size(asked, 50, 1_000).ok(), expected);
        }
    }
}
