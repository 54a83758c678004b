//! Who calls a stage with an API key: the gateway knows. Where there are no keys, nobody does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Digest, Failure};
use lectern_proto::v1::{VerifyKeyRequest, key_service_client::KeyServiceClient};
use lectern_rpc::auth::{Authenticate, Caller, Credential, Role, key_invalid};
use lectern_rpc::{Outbound, ServiceCredential};
use tonic::Request;
use tonic::transport::Channel;

use crate::recall::GoodKeys;

/// A key that the gateway found good is not asked for again for this long.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Keys remembered at once.
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
    known: GoodKeys<Caller>,
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
        Self { gateway, credential, service, clock, known: GoodKeys::new(REMEMBERED_MOST, REMEMBERED) }
    }

    async fn ask(&self, secret: &str) -> Result<Caller, Failure> {
        let nobody = "lectern".parse().map_err(|_| Failure::internal("the service's own tenant is no id"))?;
        let outbound = Outbound::as_service(self.service, Arc::clone(&self.credential), nobody);
        let mut request = Request::new(VerifyKeyRequest { secret: secret.to_owned() });
        request.set_timeout(PATIENCE);
        let answer = KeyServiceClient::new(outbound.over(self.gateway.clone()))
            .verify_key(request)
            .await
            .map_err(|status| lectern_rpc::status::failure(&status))?;
        let key = answer.into_inner().key.unwrap_or_default();
        let tenant = key.tenant.parse().map_err(|_| Failure::internal("the gateway answered without a tenant"))?;
        Ok(Caller { tenant, role: Role::Tenant, key_id: key.name })
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
        if let Some(caller) = self.known.get(&hash, now) {
            return Ok(caller);
        }
        let caller = self.ask(secret).await?;
        self.known.put(hash, caller.clone(), now);
        Ok(caller)
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
    use lectern_rpc::WithServices;
    use lectern_runtime::Secret;

    use super::*;

    #[tokio::test]
    async fn a_port_without_keys_takes_services_alone() {
        let credential = ServiceCredential::new(Secret::new("s".repeat(32)), Arc::new(SystemClock)).unwrap();
        let port = WithServices::new(credential.clone(), Arc::new(NoKeys));
        let tenant: lectern_core::id::TenantId = "acme".parse().unwrap();
        let method = "/lectern.tts.v1.SpeechService/DeleteRecording".to_owned();
        let token = credential.sign("gateway", &method, &tenant).unwrap();
        let caller = port.authenticate(&Credential::Service { token, tenant, method }).await.unwrap();
        assert_eq!((caller.role, caller.key_id.as_str()), (Role::Service, "gateway"));
        for other in [Credential::None, Credential::Key(Secret::new("lk_1_2"))] {
            assert_eq!(port.authenticate(&other).await.unwrap_err(), key_invalid());
        }
    }
}
