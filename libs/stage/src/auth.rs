//! Who calls a stage with an API key: the gateway knows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Digest, Failure, Timestamp};
use lectern_proto::v1::{VerifyKeyRequest, key_service_client::KeyServiceClient};
use lectern_rpc::auth::{Authenticate, Caller, Credential, Role, key_invalid};
use lectern_rpc::{Outbound, ServiceCredential};
use tonic::Request;
use tonic::transport::Channel;

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
    known: Mutex<HashMap<Digest, (Timestamp, Caller)>>,
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
        Self { gateway, credential, service, clock, known: Mutex::default() }
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
        let remembered = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((until, caller)) = remembered
            && now < until
        {
            return Ok(caller);
        }
        let caller = self.ask(secret).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (until, _)| now < *until);
        if known.len() < REMEMBERED_MOST {
            known.insert(hash, (now.plus(REMEMBERED), caller.clone()));
        }
        Ok(caller)
    }
}
