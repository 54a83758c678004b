//! `lectern.v1.KeyService`.

use lectern_core::Failure;
use lectern_core::keys::TenantSecret;
use lectern_proto::v1::{self as api, key_service_server::KeyService};
use lectern_proto::{convert, names};
use lectern_rpc::auth::{Role, admin, caller, key_invalid};
use lectern_rpc::page;
use lectern_rpc::status::status;
use lectern_store::{Cursor, Query};
use tonic::{Request, Response, Status};

use super::page_size;
use crate::domain::{Key, tenant};

/// The public key service.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: crate::keys::Keys,
    secret: TenantSecret,
}

impl Keys {
    /// The service over these keys; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(keys: crate::keys::Keys, secret: TenantSecret) -> Self {
        Self { keys, secret }
    }

    async fn list(&self, request: &api::ListKeysRequest) -> Result<api::ListKeysResponse, Failure> {
        let after: Option<Cursor> = page::open(&self.secret, "ListKeys", &request.page_token)?;
        let query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
        let page = self.keys.list(query).await?;
        let next_page_token = match page.next {
            Some(cursor) => page::seal(&self.secret, "ListKeys", &cursor)?,
            None => String::new(),
        };
        Ok(api::ListKeysResponse { keys: page.items.iter().map(|key| encode(&key.record)).collect(), next_page_token })
    }
}

fn encode(key: &Key) -> api::Key {
    api::Key {
        name: names::of_key(&key.id),
        tenant: key.tenant.to_string(),
        display_name: key.display_name.clone(),
        create_time: Some(convert::time(key.created)),
        revoke_time: key.revoked.map(convert::time),
    }
}

#[tonic::async_trait]
impl KeyService for Keys {
    async fn create_key(
        &self,
        request: Request<api::CreateKeyRequest>,
    ) -> Result<Response<api::CreateKeyResponse>, Status> {
        admin(&request)?;
        let request = request.into_inner();
        let tenant = tenant::new("tenant", &request.tenant).map_err(|f| status(&f))?;
        let (key, secret) = self.keys.create(tenant, &request.display_name).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::CreateKeyResponse { key: Some(encode(&key)), secret }))
    }

    async fn list_keys(
        &self,
        request: Request<api::ListKeysRequest>,
    ) -> Result<Response<api::ListKeysResponse>, Status> {
        admin(&request)?;
        self.list(request.get_ref()).await.map(Response::new).map_err(|f| status(&f))
    }

    async fn revoke_key(
        &self,
        request: Request<api::RevokeKeyRequest>,
    ) -> Result<Response<api::RevokeKeyResponse>, Status> {
        admin(&request)?;
        let id = names::key(&request.get_ref().name, "name").map_err(|f| status(&f))?;
        let key = self.keys.revoke(id).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::RevokeKeyResponse { key: Some(encode(&key)) }))
    }

    async fn verify_key(
        &self,
        request: Request<api::VerifyKeyRequest>,
    ) -> Result<Response<api::VerifyKeyResponse>, Status> {
        if caller(&request)?.role != Role::Service {
            return Err(status(&key_invalid()));
        }
        let key = self.keys.verify(&request.get_ref().secret).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::VerifyKeyResponse { key: Some(encode(&key)) }))
    }
}
