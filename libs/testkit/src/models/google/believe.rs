//! Which bearers a fake of a service believes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::issue::Issuer;
use super::jwt;

/// The bearers that are believed: tokens of a [`GoogleTokens`](super::GoogleTokens), what its
/// account signed itself, and fixed ones.
#[derive(Debug, Clone, Default)]
pub struct Bearers {
    fixed: BTreeSet<String>,
    issuer: Option<Arc<Issuer>>,
}

/// Why a bearer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum Disbelief {
    /// Nobody handed it out, or it has run out.
    Unknown,
    /// It is good, and of an account that may do nothing here.
    WrongAccount,
}

impl Bearers {
    /// These texts and no others.
    #[must_use]
    pub fn fixed(tokens: &[&str]) -> Self {
        Self { fixed: tokens.iter().map(|token| (*token).to_owned()).collect(), issuer: None }
    }

    pub(super) fn of(issuer: Arc<Issuer>) -> Self {
        Self { fixed: BTreeSet::new(), issuer: Some(issuer) }
    }

    /// Whether the bearer may call a service of this host (`aiplatform.googleapis.com`).
    pub(in crate::models) fn check(&self, bearer: &str, host: &str) -> Result<(), Disbelief> {
        if self.fixed.contains(bearer) {
            return Ok(());
        }
        let issuer = self.issuer.as_ref().ok_or(Disbelief::Unknown)?;
        if bearer.split('.').count() == 3 && bearer.starts_with("eyJ") {
            let audience = format!("https://{host}/");
            return jwt::verify(bearer, &[audience.as_str()], false).map_err(|_| Disbelief::Unknown);
        }
        let account = issuer.account(bearer).ok_or(Disbelief::Unknown)?;
        if account == jwt::EMAIL { Ok(()) } else { Err(Disbelief::WrongAccount) }
    }
}
