//! `lectern.gateway.v1.CredentialService`: what the stages ask about the keys of their callers.

use lectern_core::Failure;
use lectern_proto::gateway::v1::credential_service_server::CredentialService;
use lectern_proto::gateway::v1::{VerifyKeyRequest, VerifyKeyResponse};
use lectern_rpc::{InternalService, answer};
use tonic::{Request, Response, Status};

use super::{keys, tenants};

/// The service for the stages.
#[derive(Debug, Clone)]
pub struct Credentials {
    keys: crate::keys::ApiKeys,
    tenants: crate::tenants::Tenants,
}

impl Credentials {
    /// The service over these keys and the tenants that they belong to.
    #[must_use]
    pub const fn new(keys: crate::keys::ApiKeys, tenants: crate::tenants::Tenants) -> Self {
        Self { keys, tenants }
    }

    async fn verify(&self, secret: &str) -> Result<VerifyKeyResponse, Failure> {
        let key = self.keys.verify(secret).await?;
        let limits = match &key.tenant {
            Some(tenant) => Some(tenants::encode_limits(&self.tenants.admitted(tenant).await?)),
            None => None,
        };
        Ok(VerifyKeyResponse { key: Some(keys::encode(&key)), limits })
    }
}

#[tonic::async_trait]
impl CredentialService for Credentials {
    async fn verify_key(&self, request: Request<VerifyKeyRequest>) -> Result<Response<VerifyKeyResponse>, Status> {
        answer(request, |_: InternalService, request| async move { self.verify(&request.secret).await }).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::clock::ManualClock;
    use lectern_core::keys::TenantSecret;
    use lectern_core::{Clock, Reason, Timestamp};
    use lectern_rpc::{Caller, Role, TenantLimits, failure};
    use lectern_store::Collection;
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::domain::key::Role as KeyRole;
    use crate::domain::{Key, TenantLimits as OwnLimits, TenantRecord, TenantState};
    use crate::keys::{Draft, NewKey};

    struct World {
        service: Credentials,
        secret: String,
    }

    impl World {
        /// With a key of the tenant `acme`, or of nobody.
        async fn new(role: KeyRole) -> Self {
            let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
            let keys = Collection::<Key>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
            keys.ensure().await.expect("a collection");
            let tenants = crate::tenants::Tenants::new(keys.beside(), Arc::clone(&clock));
            tenants.ensure().await.expect("a collection");
            let secret = TenantSecret::derive(b"master", &"keys".parse().expect("an id"));
            let keys = crate::keys::ApiKeys::new(keys, tenants.clone(), clock, Vec::new(), secret);

            let acme = "acme".parse().expect("an id");
            let tenant = (role != KeyRole::Administrator).then_some(acme);
            let new = NewKey { tenant, role, display_name: String::new(), expires: Some(Timestamp(9_000)) };
            let Draft::New(key, secret) = keys.draft("", new).await.expect("fits") else { panic!("it is new") };
            let (_, secret) = keys.insert(key, secret).await.expect("made");
            let secret = secret.expect("a secret").expose().to_owned();
            Self { service: Credentials::new(keys, tenants), secret }
        }

        async fn ask(&self, role: Role) -> Result<VerifyKeyResponse, Reason> {
            let mut request = Request::new(VerifyKeyRequest { secret: self.secret.clone() });
            let (tenant, limits) = ("lectern".parse().expect("an id"), TenantLimits::default());
            request.extensions_mut().insert(Caller { tenant, role, key_id: "ai".to_owned(), limits });
            let asked = self.service.verify_key(request).await;
            asked.map(Response::into_inner).map_err(|status| failure(&status).reason)
        }
    }

    #[tokio::test]
    async fn a_stage_is_told_the_role_the_end_and_the_limits() {
        let world = World::new(KeyRole::Reader).await;
        let limits = OwnLimits { burst: Some(7), ..OwnLimits::default() };
        let tenant = TenantRecord { limits, ..TenantRecord::new("acme".parse().expect("an id"), Timestamp(0)) };
        world.service.tenants.create(&tenant, async { Ok(()) }).await.expect("made");
        let answer = world.ask(Role::Service).await.expect("a good key");
        let key = answer.key.expect("a key");
        assert_eq!((key.tenant.as_str(), key.role()), ("tenants/acme", lectern_proto::v1::key::Role::Reader));
        assert_eq!(key.expire_time.map(|at| at.seconds), Some(9));
        assert_eq!(answer.limits.and_then(|limits| limits.burst_request_count), Some(7));

        let suspend = |tenant: &mut TenantRecord| tenant.state = TenantState::Suspended;
        let acme = "acme".parse().expect("an id");
        world.service.tenants.change(&acme, "", async { Ok(()) }, suspend).await.expect("suspended");
        assert_eq!(world.ask(Role::Service).await, Err(Reason::TenantSuspended));
    }

    #[tokio::test]
    async fn a_stage_is_told_that_a_key_is_an_administrators() {
        let answer = World::new(KeyRole::Administrator).await.ask(Role::Service).await.expect("a good key");
        let key = answer.key.expect("a key");
        assert_eq!((key.tenant.as_str(), key.role()), ("", lectern_proto::v1::key::Role::Administrator));
        assert_eq!(answer.limits, None);
    }

    #[tokio::test]
    async fn only_services_may_ask() {
        let world = World::new(KeyRole::Editor).await;
        for role in [Role::Reader, Role::Tenant, Role::Admin] {
            assert_eq!(world.ask(role).await, Err(Reason::KeyNotAllowed));
        }
    }
}
