//! Signed URLs, where the account can sign.

use std::fmt;
use std::time::Duration;

use google_cloud_auth::signer::Signer;
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use lectern_core::Failure;
use parking_lot::Mutex;
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

type Make = Box<dyn Fn() -> Result<Option<Signer>, Failure> + Send + Sync>;

/// The account's signature.
pub(super) struct Signing {
    make: Make,
    current: Mutex<Current>,
}

struct Current {
    signer: Option<Signer>,
    failed: Option<Instant>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing")
    }
}

impl Signing {
    /// Makes the first signer; none where the account's kind has no signature.
    pub(super) fn new(make: Make) -> Result<Self, Failure> {
        let current = Mutex::new(Current { signer: make()?, failed: None });
        Ok(Self { make, current })
    }

    /// Who signs, unless that failed a short while ago.
    fn signer(&self) -> Option<Signer> {
        let current = self.current.lock();
        if current.failed.is_some_and(|at| at.elapsed() < REST) { None } else { current.signer.clone() }
    }

    /// Signing failed: perhaps the signer's credentials are dead (see `lectern_google`), so the
    /// next signature is by another.
    fn failed(&self, why: &dyn fmt::Display) {
        let made = (self.make)();
        let mut current = self.current.lock();
        if current.failed.is_none() {
            warn!(
                error = %why,
                "the account cannot sign URLs, so callers get the bytes through the gateway; for URLs grant it \
                 roles/iam.serviceAccountTokenCreator on itself"
            );
        }
        match made {
            Ok(Some(signer)) => current.signer = Some(signer),
            Ok(None) => {}
            Err(error) => warn!(%error, "who signs URLs could not be made anew"),
        }
        current.failed = Some(Instant::now());
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
        match tokio::time::timeout(SIGNING, url.sign_with(&signer)).await {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use google_cloud_auth::credentials::service_account;
    use lectern_testkit::gcs::Gcs;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_signer_that_failed_is_made_anew_and_rests() {
        lectern_google::install_provider();
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let signing = Signing::new(Box::new(move || {
            // The third cannot be made: the second stays.
            if count.fetch_add(1, Ordering::Relaxed) == 2 {
                return Ok(None);
            }
            let key = serde_json::from_str(&Gcs::service_account()).unwrap();
            Ok(Some(service_account::Builder::new(key).build_signer().unwrap()))
        }))
        .unwrap();
        for expected in [2, 3] {
            assert!(signing.signer().is_some());
            signing.failed(&"the refresh task has ended");
            assert_eq!(made.load(Ordering::Relaxed), expected);
            assert!(signing.signer().is_none(), "it rests");
            tokio::time::advance(REST).await;
        }
        assert!(signing.signer().is_some());
    }
}
