//! Signed URLs, where the account can sign.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use google_cloud_auth::signer::Signer;
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use tokio::time::Instant;
use tracing::warn;

use super::GcsBlob;
use crate::ObjectPath;

/// The longest life of a signed URL.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);
/// For how long an account that could not sign is not asked again.
const REST: Duration = Duration::from_secs(300);
/// How long signing may take: it may be a call.
const SIGNING: Duration = Duration::from_secs(10);

/// The account's signature.
#[derive(Debug)]
pub(super) struct Signing {
    signer: Option<Signer>,
    failed: Mutex<Option<Instant>>,
}

impl Signing {
    pub(super) fn new(signer: Option<Signer>) -> Self {
        Self { signer, failed: Mutex::new(None) }
    }

    /// Who signs, unless that failed a short while ago.
    fn signer(&self) -> Option<&Signer> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|at| at.elapsed() < REST) { None } else { self.signer.as_ref() }
    }

    fn failed(&self, why: &dyn std::fmt::Display) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_none() {
            warn!(
                error = %why,
                "the account cannot sign URLs, so callers get the bytes through the gateway; for URLs grant it \
                 roles/iam.serviceAccountTokenCreator on itself"
            );
        }
        *failed = Some(Instant::now());
    }
}

impl GcsBlob {
    /// A URL to read the object with, or none where nobody can sign: the caller streams the bytes
    /// then.
    pub(super) async fn sign(&self, path: &ObjectPath, lifetime: Duration) -> Option<String> {
        let signer = self.signing.signer()?;
        let lifetime = lifetime.clamp(Duration::from_secs(1), LONGEST);
        let mut url =
            SignedUrlBuilder::for_object(self.place.resource(), self.place.name(path)).with_expiration(lifetime);
        if !self.endpoint.is_empty() {
            url = url.with_endpoint(&self.endpoint);
        }
        match tokio::time::timeout(SIGNING, url.sign_with(signer)).await {
            Ok(Ok(url)) => Some(url),
            Ok(Err(error)) => {
                self.signing.failed(&error);
                None
            }
            Err(late) => {
                self.signing.failed(&late);
                None
            }
        }
    }
}
