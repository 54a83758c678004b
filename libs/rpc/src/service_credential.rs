//! How services prove to each other who they are: a token that names the service, the method that
//! it calls, the tenant for whom and what that may have stored, and a moment within a minute,
//! sealed under a secret that all services of an installation share. A token that is overheard is
//! good for nothing but the same call.
//!
//! `{base64url of JSON}.{HMAC-SHA-256 as hexadecimal}`
//!
//! While the secret is rotated, tokens under either of two secrets are believed, so that processes
//! that have changed and those that have not understand each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure, Timestamp};
use lectern_runtime::Secret;
use serde::{Deserialize, Serialize};

use crate::auth::{Authenticate, Credential};
use crate::caller::{Caller, Role, TenantLimits, key_invalid};
use crate::key::equal;

/// How long a token is good for.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// How far the clocks of two replicas may differ.
const SKEW: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    service: String,
    method: String,
    tenant: TenantId,
    /// Bytes of sources that the tenant may have stored, where it has a limit.
    stored_source_bytes: Option<u64>,
    expires: Timestamp,
}

/// Makes and checks tokens. The secret is the installation's: every service has it in its
/// configuration.
#[derive(Clone)]
pub struct ServiceCredential {
    secret: Secret,
    also: Option<Secret>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for ServiceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceCredential(..)")
    }
}

impl ServiceCredential {
    /// Tokens under `secret`.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a secret of under 32 bytes.
    pub fn new(secret: Secret, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        long_enough("service_secret", &secret)?;
        Ok(Self { secret, also: None, clock })
    }

    /// Believes tokens under this secret too; an empty one is none.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a secret of under 32 bytes.
    pub fn accepting(mut self, also: Secret) -> Result<Self, Failure> {
        if !also.is_empty() {
            long_enough("secret_previous", &also)?;
            self.also = Some(also);
        }
        Ok(self)
    }

    /// A token for calls by `service` of `method`, `/package.Service/Method`, on behalf of
    /// `tenant`, which may have so many bytes of sources stored where it has a limit; good for a
    /// minute.
    ///
    /// # Errors
    /// `INTERNAL` if the claims cannot be written.
    pub fn sign(
        &self,
        service: &str,
        method: &str,
        tenant: &TenantId,
        stored_source_bytes: Option<u64>,
    ) -> Result<Secret, Failure> {
        let expires = self.clock.now().plus(LIFETIME);
        let (service, method, tenant) = (service.to_owned(), method.to_owned(), tenant.clone());
        let claims = Claims { service, method, tenant, stored_source_bytes, expires };
        let claims = serde_json::to_vec(&claims).map_err(|error| Failure::internal(error.to_string()))?;
        let claims = URL_SAFE_NO_PAD.encode(claims);
        Ok(Secret::new(format!("{claims}.{}", seal(&self.secret, &claims))))
    }

    /// The service that `token` proves to call `method` for `tenant`.
    ///
    /// # Errors
    /// `KEY_INVALID` for a token of another secret, for another method or tenant, or too old.
    pub fn verify(&self, token: &Secret, method: &str, tenant: &TenantId) -> Result<Caller, Failure> {
        let (claims, found) = token.expose().split_once('.').ok_or_else(key_invalid)?;
        let found: Digest = found.parse().map_err(|_| key_invalid())?;
        if !std::iter::once(&self.secret).chain(&self.also).any(|secret| equal(&found, &seal(secret, claims))) {
            return Err(key_invalid());
        }
        let json = URL_SAFE_NO_PAD.decode(claims).map_err(|_| key_invalid())?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| key_invalid())?;
        let now = self.clock.now();
        let timely = now <= claims.expires.plus(SKEW) && claims.expires <= now.plus(LIFETIME + SKEW);
        if claims.tenant != *tenant || claims.method != method || !timely {
            return Err(key_invalid());
        }
        let limits = TenantLimits { stored_source_bytes: claims.stored_source_bytes, ..TenantLimits::default() };
        Ok(Caller { tenant: claims.tenant, role: Role::Service, key_id: claims.service, limits })
    }
}

fn long_enough(setting: &'static str, secret: &Secret) -> Result<(), Failure> {
    if secret.expose().len() < 32 {
        let message = "the secret that services share needs at least 32 bytes; `openssl rand -hex 32` makes one";
        return Err(Failure::invalid(setting, message));
    }
    Ok(())
}

fn seal(secret: &Secret, claims: &str) -> Digest {
    Digest::keyed(secret.expose().as_bytes(), &[b"service-credential", claims.as_bytes()])
}

/// Accepts service credentials, and leaves every other credential to another authenticator.
pub struct WithServices {
    services: ServiceCredential,
    others: Arc<dyn Authenticate>,
}

impl WithServices {
    /// Services by `services`, everybody else by `others`.
    #[must_use]
    pub fn new(services: ServiceCredential, others: Arc<dyn Authenticate>) -> Self {
        Self { services, others }
    }
}

#[async_trait]
impl Authenticate for WithServices {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        match credential {
            Credential::Service { token, tenant, method } => self.services.verify(token, method, tenant),
            Credential::Key(_) | Credential::None => self.others.authenticate(credential).await,
        }
    }

    fn remembers(&self, credential: &Credential) -> bool {
        match credential {
            // A seal is checked without a lookup.
            Credential::Service { .. } => true,
            Credential::Key(_) | Credential::None => self.others.remembers(credential),
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_core::clock::ManualClock;

    use super::*;

    fn credential(secret: &str, clock: &Arc<ManualClock>) -> ServiceCredential {
        ServiceCredential::new(Secret::new(secret), Arc::clone(clock) as Arc<dyn Clock>).unwrap()
    }

    #[test]
    fn a_token_proves_one_service_and_tenant_for_a_minute() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let ours = credential(&"s".repeat(32), &clock);
        let (tenant, other): (TenantId, TenantId) = ("t1".parse().unwrap(), "t2".parse().unwrap());
        let method = "/lectern.tts.v1.SpeechService/ReadTrack";
        let token = ours.sign("gateway", method, &tenant, None).unwrap();

        let caller = ours.verify(&token, method, &tenant).unwrap();
        assert_eq!((caller.role, caller.key_id.as_str()), (Role::Service, "gateway"));
        assert!(ours.verify(&token, method, &other).is_err(), "another tenant");
        assert!(
            ours.verify(&token, "/lectern.tts.v1.SpeechService/DeleteRecording", &tenant).is_err(),
            "another method"
        );
        assert!(credential(&"x".repeat(32), &clock).verify(&token, method, &tenant).is_err(), "another secret");
        for (at, changed) in [(3, "A"), (token.expose().len() - 1, "z")] {
            let mut text = token.expose().to_owned();
            text.replace_range(at..=at, changed);
            assert!(
                text == token.expose() || ours.verify(&Secret::new(text), method, &tenant).is_err(),
                "changed at {at}"
            );
        }
        clock.advance(LIFETIME);
        assert!(ours.verify(&token, method, &tenant).is_ok());
        clock.advance(SKEW + Duration::from_millis(1));
        assert!(ours.verify(&token, method, &tenant).is_err(), "too old");
    }

    #[test]
    fn what_a_tenant_may_have_stored_is_sealed() {
        let ours = credential(&"s".repeat(32), &Arc::new(ManualClock::at(Timestamp(1_000_000))));
        let tenant: TenantId = "t1".parse().unwrap();
        let method = "/lectern.v1.DocumentService/UploadDocument";
        let stored = |token: &Secret| {
            ours.verify(token, method, &tenant).map(|caller| caller.limits.stored_source_bytes).map_err(|f| f.reason)
        };
        assert_eq!(stored(&ours.sign("gateway", method, &tenant, None).unwrap()), Ok(None));
        let token = ours.sign("gateway", method, &tenant, Some(1024)).unwrap();
        assert_eq!(stored(&token), Ok(Some(1024)));

        let (claims, seal) = token.expose().split_once('.').unwrap();
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        for other in ["2048", "null"] {
            let changed = claims.replace("1024", other);
            assert_ne!(changed, claims);
            let changed = Secret::new(format!("{}.{seal}", URL_SAFE_NO_PAD.encode(changed)));
            assert_eq!(stored(&changed), Err(Reason::KeyInvalid), "{other}");
        }
    }

    #[test]
    fn processes_of_neighbouring_steps_of_a_rotation_understand_each_other() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let process = |secret: &str, also: &str| credential(secret, &clock).accepting(Secret::new(also)).unwrap();
        // Before it; the new one is taken; it is used; the old one is gone.
        let steps = [process(&old, ""), process(&old, &new), process(&new, &old), process(&new, "")];
        let (tenant, method): (TenantId, _) = ("t1".parse().unwrap(), "/lectern.tts.v1.SpeechService/ReadTrack");
        let understands = |caller: &ServiceCredential, called: &ServiceCredential| {
            called.verify(&caller.sign("gateway", method, &tenant, None).unwrap(), method, &tenant).is_ok()
        };
        for (at, caller) in steps.iter().enumerate() {
            for (other, called) in steps.iter().enumerate() {
                if at.abs_diff(other) <= 1 {
                    assert!(understands(caller, called), "a process of step {at} calls one of step {other}");
                }
            }
        }
        let [before, .., after] = &steps;
        assert!(!understands(before, after) && !understands(after, before), "the old secret is good for nothing");
    }

    #[test]
    fn a_short_secret_is_refused() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        assert!(ServiceCredential::new(Secret::new("short"), Arc::clone(&clock) as Arc<dyn Clock>).is_err());
        let previous = credential(&"s".repeat(32), &clock).accepting(Secret::new("short")).unwrap_err();
        assert_eq!(previous.field.as_deref(), Some("secret_previous"));
    }
}
