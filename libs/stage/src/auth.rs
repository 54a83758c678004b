//! Who calls a stage with an API key: the gateway knows. Where there are no keys, nobody does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Digest, Failure, Kind, Reason, Timestamp};
use lectern_proto::gateway::v1::credential_service_client::CredentialServiceClient;
use lectern_proto::gateway::v1::{VerifyKeyRequest, VerifyKeyResponse};
use lectern_proto::{names, v1 as api};
use lectern_rpc::{
    Authenticate, Caller, Channel, Credential, Outbound, Role, ServiceCredential, TenantLimits, key_invalid,
};
use tonic::Request;

use crate::recall::{GoodKeys, Recall};

/// A key that the gateway found good, or that may not be used, is not asked for again for this
/// long.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Keys remembered at once, of either sort.
const REMEMBERED_MOST: usize = 10_000;
/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks API keys at the gateway.
#[derive(Debug)]
pub struct KeysOfGateway {
    gateway: Channel,
    credential: Arc<ServiceCredential>,
    service: &'static str,
    clock: Arc<dyn Clock>,
    known: GoodKeys<Known>,
    /// Why keys that are nobody's mistake may not be used: nothing else limits how often they come.
    refused: Recall<Failure>,
}

/// What the gateway said of a good key.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    caller: Caller,
    /// When the key ends by itself.
    expires: Option<Timestamp>,
}

impl Known {
    /// Reads the gateway's answer.
    ///
    /// # Errors
    /// `KEY_NOT_ALLOWED` for a key that belongs to no tenant, or whose role this version does not
    /// know; `INTERNAL` for an answer that is none.
    fn read(answer: VerifyKeyResponse) -> Result<Self, Failure> {
        let key = answer.key.unwrap_or_default();
        let refused = |message| Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message));
        let role = match api::key::Role::try_from(key.role) {
            Ok(api::key::Role::Reader) => Role::Reader,
            Ok(api::key::Role::Unspecified | api::key::Role::Editor) => Role::Tenant,
            Ok(api::key::Role::Administrator) => {
                return refused("an administrator's key opens no tenant's data; call the gateway with it");
            }
            Err(_) => return refused("the key has a role that this service does not know; upgrade the service"),
        };
        let tenant = names::tenant(&key.tenant, "tenant");
        let tenant = tenant.map_err(|_| Failure::internal("the gateway answered without a tenant"))?;
        let key_id = names::key(&key.name, "name");
        let key_id = key_id.map_err(|_| Failure::internal("the gateway answered without a key"))?.to_owned();
        let limits = limits(answer.limits.unwrap_or_default());
        let millis = |at: i64| u64::try_from(at).unwrap_or(0).saturating_mul(1_000);
        let expires = key.expire_time.map(|at| Timestamp(millis(at.seconds)));
        Ok(Self { caller: Caller { tenant, role, key_id, limits }, expires })
    }
}

fn limits(wire: api::TenantLimits) -> TenantLimits {
    TenantLimits {
        requests_per_second: wire.requests_per_second,
        burst: wire.burst_request_count.and_then(|count| u32::try_from(count).ok()),
        concurrent_calls: wire.concurrent_call_count.and_then(|count| usize::try_from(count).ok()),
        stored_source_bytes: wire.stored_source_bytes.and_then(|bytes| u64::try_from(bytes).ok()),
    }
}

impl KeysOfGateway {
    /// Asks the gateway behind this channel, under the credential of `service`.
    #[must_use]
    pub fn new(
        gateway: Channel,
        credential: Arc<ServiceCredential>,
        service: &'static str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let known = GoodKeys::new(REMEMBERED_MOST, REMEMBERED);
        let refused = Recall::new(REMEMBERED_MOST, REMEMBERED);
        Self { gateway, credential, service, clock, known, refused }
    }

    /// What was found out about a key not long ago.
    fn recall(&self, hash: &Digest, now: Timestamp) -> Option<Result<Caller, Failure>> {
        let good = |known: &Known| known.expires.is_none_or(|at| now < at);
        if let Some(known) = self.known.get(hash, now).filter(good) {
            return Some(Ok(known.caller));
        }
        self.refused.get(hash, now).map(Err)
    }

    /// Keeps what the gateway said of a key.
    fn settle(&self, hash: Digest, said: Result<Known, Failure>, now: Timestamp) -> Result<Caller, Failure> {
        match said {
            Ok(known) => {
                self.known.put(hash, known.clone(), now);
                Ok(known.caller)
            }
            Err(failure) => {
                if failure.reason == Reason::KeyInvalid {
                    // It is good no more, so nobody vouches for its sender.
                    self.known.forget(&hash);
                } else if [Reason::TenantSuspended, Reason::KeyNotAllowed].contains(&failure.reason) {
                    self.refused.put(hash, failure.clone(), now);
                }
                Err(failure)
            }
        }
    }

    async fn ask(&self, secret: &str) -> Result<Known, Failure> {
        let nobody = "lectern".parse().map_err(|_| Failure::internal("the service's own tenant is no id"))?;
        let outbound = Outbound::as_service(self.service, Arc::clone(&self.credential), nobody);
        let mut request = Request::new(VerifyKeyRequest { secret: secret.to_owned() });
        request.set_timeout(PATIENCE);
        let answer = CredentialServiceClient::new(outbound.over(self.gateway.clone()))
            .verify_key(request)
            .await
            .map_err(|status| lectern_rpc::status::failure(&status))?;
        Known::read(answer.into_inner())
    }
}

#[async_trait]
impl Authenticate for KeysOfGateway {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let secret = match credential {
            Credential::Key(secret) => secret.expose(),
            Credential::Service { .. } | Credential::None => return Err(key_invalid()),
        };
        let (hash, now) = (Digest::of(secret.as_bytes()), self.clock.now());
        match self.recall(&hash, now) {
            Some(known) => known,
            None => self.settle(hash, self.ask(secret).await, now),
        }
    }

    fn remembers(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Key(secret) => self.known.trusts(&Digest::of(secret.expose().as_bytes()), self.clock.now()),
            Credential::Service { .. } | Credential::None => false,
        }
    }
}

/// Takes no API key. Behind [`lectern_rpc::WithServices`] it makes a port that only the services of
/// the installation may call, as those of the stages are where there are no keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeys;

#[async_trait]
impl Authenticate for NoKeys {
    async fn authenticate(&self, _: &Credential) -> Result<Caller, Failure> {
        Err(key_invalid())
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::SystemClock;
    use lectern_core::clock::ManualClock;
    use lectern_rpc::WithServices;
    use lectern_runtime::Secret;

    use super::*;

    #[tokio::test]
    async fn a_port_without_keys_takes_services_alone() {
        let credential = ServiceCredential::new(Secret::new("s".repeat(32)), Arc::new(SystemClock)).unwrap();
        let port = WithServices::new(credential.clone(), Arc::new(NoKeys));
        let tenant: lectern_core::id::TenantId = "acme".parse().unwrap();
        let method = "/lectern.tts.v1.SpeechService/DeleteRecording".to_owned();
        let stored_source_bytes = Some(1024);
        let token = credential.sign("gateway", &method, &tenant, stored_source_bytes).unwrap();
        let service = Credential::Service { token, tenant, method };
        let caller = port.authenticate(&service).await.unwrap();
        assert_eq!(caller.limits, TenantLimits { stored_source_bytes, ..TenantLimits::default() });
        assert_eq!((caller.role, caller.key_id.as_str()), (Role::Service, "gateway"));
        for other in [Credential::None, Credential::Key(Secret::new("lk_1_2"))] {
            assert_eq!(port.authenticate(&other).await.unwrap_err(), key_invalid());
        }
    }

    const KEY: &str = "0123456789abcdef";

    fn answer(role: i32, tenant: &str) -> VerifyKeyResponse {
        let key = api::Key { name: names::of_key(KEY), tenant: tenant.to_owned(), role, ..api::Key::default() };
        VerifyKeyResponse { key: Some(key), limits: None }
    }

    #[test]
    fn a_key_has_the_role_and_the_limits_that_the_gateway_says() {
        let mut reader = answer(api::key::Role::Reader.into(), "tenants/acme");
        reader.limits = Some(api::TenantLimits {
            requests_per_second: Some(0.5),
            burst_request_count: Some(7),
            concurrent_call_count: Some(3),
            stored_source_bytes: Some(1 << 40),
            ..api::TenantLimits::default()
        });
        let known = Known::read(reader).unwrap();
        let limits = TenantLimits {
            requests_per_second: Some(0.5),
            burst: Some(7),
            concurrent_calls: Some(3),
            stored_source_bytes: Some(1 << 40),
        };
        let caller = Caller { tenant: "acme".parse().unwrap(), role: Role::Reader, key_id: KEY.to_owned(), limits };
        assert_eq!(known, Known { caller, expires: None });
        for role in [api::key::Role::Unspecified, api::key::Role::Editor] {
            assert_eq!(Known::read(answer(role.into(), "tenants/acme")).unwrap().caller.role, Role::Tenant);
        }
    }

    #[test]
    fn an_administrators_key_and_one_of_an_unknown_role_open_no_stage() {
        for role in [api::key::Role::Administrator.into(), 17] {
            let refused = Known::read(answer(role, "")).unwrap_err();
            assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::KeyNotAllowed));
        }
    }

    /// Those of a gateway that does not answer.
    fn keys_of_nobody() -> (KeysOfGateway, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
        let credential = ServiceCredential::new(Secret::new("s".repeat(32)), shared()).unwrap();
        let gateway = lectern_rpc::channel(&lectern_rpc::ClientConfig::to("http://127.0.0.1:1")).unwrap();
        (KeysOfGateway::new(gateway, Arc::new(credential), "ai", shared()), clock)
    }

    #[tokio::test]
    async fn a_key_that_may_not_be_used_is_not_asked_for_with_every_call() {
        let (keys, clock) = keys_of_nobody();
        let key = Credential::Key(Secret::new("lk_1_2"));
        for (reason, remembered) in [
            (Reason::TenantSuspended, true),
            (Reason::KeyNotAllowed, true),
            (Reason::KeyInvalid, false),
            (Reason::ServiceUnavailable, false),
        ] {
            clock.advance(REMEMBERED);
            let said = Failure::new(Kind::PermissionDenied, reason, "the gateway says so");
            let hash = Digest::of(b"lk_1_2");
            assert_eq!(keys.settle(hash, Err(said.clone()), clock.now()), Err(said.clone()));
            let again = keys.authenticate(&key).await.unwrap_err();
            assert_eq!(again == said, remembered, "{reason:?}: {again}");
            assert!(!keys.remembers(&key), "nobody vouches for its sender");
            clock.advance(REMEMBERED);
            assert_ne!(keys.authenticate(&key).await.unwrap_err(), said, "the gateway is asked again");
        }
    }

    #[tokio::test]
    async fn a_key_is_not_remembered_beyond_its_end() {
        let (keys, clock) = keys_of_nobody();
        let mut known = Known::read(answer(0, "tenants/acme")).unwrap();
        known.expires = Some(Timestamp(5_000));
        keys.known.put(Digest::of(b"lk_1_2"), known.clone(), clock.now());

        let key = Credential::Key(Secret::new("lk_1_2"));
        assert_eq!(keys.authenticate(&key).await.unwrap(), known.caller);
        clock.advance(Duration::from_secs(5));
        assert!(keys.authenticate(&key).await.is_err(), "the gateway is asked again");
    }
}
