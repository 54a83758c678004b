//! `lectern.v1.KeyService`.

use lectern_core::id::TenantId;
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::{self as api, key_service_server::KeyService};
use lectern_proto::{convert, names};
use lectern_rpc::{Administrator, Caller, answer, page};
use lectern_store::{Cursor, Query};
use tonic::{Request, Response, Status};

use super::{moment, page_size};
use crate::audit::{Action, Audit, Entry};
use crate::domain::key::Role;
use crate::domain::{Key, tenant};
use crate::keys::{Draft, NewKey};

/// The public key service.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: crate::keys::ApiKeys,
    tenants: crate::tenants::Tenants,
    audit: Audit,
    secret: TenantSecret,
}

impl Keys {
    /// The service over these keys and the tenants that they belong to; page tokens are sealed
    /// under `secret`.
    #[must_use]
    pub const fn new(
        keys: crate::keys::ApiKeys,
        tenants: crate::tenants::Tenants,
        audit: Audit,
        secret: TenantSecret,
    ) -> Self {
        Self { keys, tenants, audit, secret }
    }

    async fn create(&self, caller: &Caller, request: api::CreateKeyRequest) -> Result<api::CreateKeyResponse, Failure> {
        let new = read_new(&request.key.unwrap_or_default())?;
        let (key, secret) = match self.keys.draft(&request.request_id, new).await? {
            Draft::Known(key) => (key, None),
            Draft::New(key, secret) => {
                if let Some(tenant) = &key.tenant {
                    let target = names::of_tenant(tenant);
                    let detail = "made for a key".to_owned();
                    let made = entry(caller, Action::TenantCreated, target, Some(tenant.clone()), detail);
                    self.tenants.create_if_absent(tenant, self.audit.record(made)).await?;
                }
                let detail = format!("role {}, {:?}", wire_role(key.role).as_str_name(), key.display_name);
                let made = entry(caller, Action::KeyCreated, names::of_key(&key.id), key.tenant.clone(), detail);
                self.audit.record(made).await?;
                self.keys.insert(key, secret).await?
            }
        };
        let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Ok(api::CreateKeyResponse { key: Some(encode(&key)), secret })
    }

    async fn list(&self, request: &api::ListKeysRequest) -> Result<api::ListKeysResponse, Failure> {
        let tenant = &request.tenant;
        let tenant = if tenant.is_empty() { None } else { Some(names::tenant(tenant, "tenant")?) };
        let purpose = format!("ListKeys tenant={}", request.tenant);
        let after: Option<Cursor> = page::open(&self.secret, &purpose, &request.page_token)?;
        let mut query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
        if let Some(tenant) = tenant {
            query = query.eq("tenant", tenant.as_str());
        }
        let page = self.keys.list(query).await?;
        let next_page_token = match page.next {
            Some(cursor) => page::seal(&self.secret, &purpose, &cursor)?,
            None => String::new(),
        };
        Ok(api::ListKeysResponse { keys: page.items.iter().map(|key| encode(&key.record)).collect(), next_page_token })
    }

    async fn revoke(&self, caller: &Caller, name: &str) -> Result<api::RevokeKeyResponse, Failure> {
        let id = names::key(name, "name")?;
        let key = self.keys.get(id).await?;
        let revoked = entry(caller, Action::KeyRevoked, names::of_key(id), key.tenant, key.display_name);
        let key = self.keys.revoke(id, self.audit.record(revoked)).await?;
        Ok(api::RevokeKeyResponse { key: Some(encode(&key)) })
    }
}

/// An audit entry of what a caller is about to do.
pub(super) fn entry(
    caller: &Caller,
    action: Action,
    target: String,
    tenant: Option<TenantId>,
    detail: String,
) -> Entry {
    Entry { actor: caller.actor(), action, target, tenant, detail }
}

fn read_new(wire: &api::Key) -> Result<NewKey, Failure> {
    let role = match api::key::Role::try_from(wire.role) {
        Ok(api::key::Role::Reader) => Role::Reader,
        Ok(api::key::Role::Unspecified | api::key::Role::Editor) => Role::Editor,
        Ok(api::key::Role::Administrator) => Role::Administrator,
        Err(_) => {
            let message = format!("key.role is {}; use ROLE_READER, ROLE_EDITOR or ROLE_ADMINISTRATOR", wire.role);
            return Err(Failure::invalid("key.role", message));
        }
    };
    let tenant = match (role, wire.tenant.as_str()) {
        (Role::Administrator, "") => None,
        (Role::Administrator, _) => {
            let message = "an administrator's key belongs to no tenant; leave key.tenant out, or choose another role";
            return Err(Failure::invalid("key.tenant", message));
        }
        (Role::Reader | Role::Editor, name) => {
            let id = names::tenant(name, "key.tenant")?;
            Some(tenant::new("key.tenant", id.as_str())?)
        }
    };
    let expires = wire.expire_time.as_ref().map(read_time).transpose()?;
    Ok(NewKey { tenant, role, display_name: wire.display_name.clone(), expires })
}

fn read_time(wire: &prost_types::Timestamp) -> Result<Timestamp, Failure> {
    moment(wire).ok_or_else(|| {
        Failure::invalid("key.expire_time", "key.expire_time is no moment after 1970; name one ahead, or leave it out")
    })
}

const fn wire_role(role: Role) -> api::key::Role {
    match role {
        Role::Reader => api::key::Role::Reader,
        Role::Editor => api::key::Role::Editor,
        Role::Administrator => api::key::Role::Administrator,
    }
}

/// A key on the wire, without its secret.
pub(super) fn encode(key: &Key) -> api::Key {
    api::Key {
        name: names::of_key(&key.id),
        tenant: key.tenant.as_ref().map(names::of_tenant).unwrap_or_default(),
        display_name: key.display_name.clone(),
        role: wire_role(key.role).into(),
        expire_time: key.expires.map(convert::time),
        create_time: Some(convert::time(key.created)),
        revoke_time: key.revoked.map(convert::time),
        last_use_time: key.last_used.map(convert::time),
    }
}

#[tonic::async_trait]
impl KeyService for Keys {
    async fn create_key(
        &self,
        request: Request<api::CreateKeyRequest>,
    ) -> Result<Response<api::CreateKeyResponse>, Status> {
        answer(request, |Administrator(caller), request| async move { self.create(&caller, request).await }).await
    }

    async fn get_key(&self, request: Request<api::GetKeyRequest>) -> Result<Response<api::GetKeyResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            let key = self.keys.get(names::key(&request.name, "name")?).await?;
            Ok(api::GetKeyResponse { key: Some(encode(&key)) })
        })
        .await
    }

    async fn list_keys(
        &self,
        request: Request<api::ListKeysRequest>,
    ) -> Result<Response<api::ListKeysResponse>, Status> {
        answer(request, |_: Administrator, request| async move { self.list(&request).await }).await
    }

    async fn revoke_key(
        &self,
        request: Request<api::RevokeKeyRequest>,
    ) -> Result<Response<api::RevokeKeyResponse>, Status> {
        answer(request, |Administrator(caller), request| async move { self.revoke(&caller, &request.name).await }).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use lectern_core::clock::ManualClock;
    use lectern_core::random::SeededRandom;
    use lectern_core::{Clock, Reason};
    use lectern_rpc::{Role as CallerRole, TenantLimits, failure};
    use lectern_store::Collection;
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::audit;

    async fn service() -> Keys {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
        let keys = Collection::<Key>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
        keys.ensure().await.expect("a collection");
        let records = keys.beside::<audit::Record>();
        records.ensure().await.expect("a collection");
        let tenants = crate::tenants::Tenants::new(keys.beside(), Arc::clone(&clock));
        tenants.ensure().await.expect("a collection");
        let audit =
            Audit::new(records, Arc::clone(&clock), Arc::new(SeededRandom::new(1)), Duration::from_secs(1 << 20));
        let secret = TenantSecret::derive(b"master", &"keys".parse().expect("an id"));
        let keys = crate::keys::ApiKeys::new(keys, tenants.clone(), clock, Vec::new(), secret.clone());
        Keys::new(keys, tenants, audit, secret)
    }

    fn by<T>(role: CallerRole, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let (tenant, limits) = ("acme".parse().expect("an id"), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role, key_id: "admin".to_owned(), limits });
        request
    }

    fn create(request_id: &str, tenant: &str) -> api::CreateKeyRequest {
        let key = api::Key { tenant: tenant.to_owned(), ..api::Key::default() };
        api::CreateKeyRequest { request_id: request_id.to_owned(), key: Some(key) }
    }

    async fn audited(service: &Keys) -> Vec<Action> {
        let page = service.audit.list(&audit::Filter::default(), Query::new()).await.expect("the store");
        let mut actions: Vec<Action> = page.items.into_iter().map(|item| item.record.action).collect();
        actions.sort_by_key(|action| format!("{action:?}"));
        actions
    }

    #[tokio::test]
    async fn the_secret_is_shown_once_and_every_change_is_recorded() {
        let service = service().await;
        let made = service.create_key(by(CallerRole::Admin, create("r1", "tenants/acme"))).await.expect("made");
        let made = made.into_inner();
        assert!(made.secret.starts_with("lk_"));
        let key = made.key.expect("a key");
        assert_eq!((key.tenant.as_str(), key.role()), ("tenants/acme", api::key::Role::Editor));
        let again = service.create_key(by(CallerRole::Admin, create("r1", "tenants/acme"))).await.expect("the same");
        let again = again.into_inner();
        assert_eq!((again.key.as_ref(), again.secret.as_str()), (Some(&key), ""));
        let get = api::GetKeyRequest { name: key.name.clone() };
        let got = service.get_key(by(CallerRole::Admin, get)).await.expect("there").into_inner();
        assert_eq!(got.key.as_ref(), Some(&key));
        for _ in 0..2 {
            let revoke = api::RevokeKeyRequest { name: key.name.clone() };
            let revoked = service.revoke_key(by(CallerRole::Admin, revoke)).await.expect("revoked").into_inner();
            assert!(revoked.key.is_some_and(|key| key.revoke_time.is_some()));
        }
        assert_eq!(audited(&service).await, [Action::KeyCreated, Action::KeyRevoked, Action::TenantCreated]);
        assert!(service.tenants.get(&"acme".parse().expect("an id")).await.is_ok(), "its tenant is made");
    }

    #[tokio::test]
    async fn keys_are_listed_by_tenant_and_a_page_token_is_of_its_list() {
        let service = service().await;
        for tenant in ["acme", "other", "acme"] {
            let create = create("", &format!("tenants/{tenant}"));
            service.create_key(by(CallerRole::Admin, create)).await.expect("made");
        }
        let list = async |tenant: &str, page_size, page_token: &str| {
            let (tenant, page_token) = (tenant.to_owned(), page_token.to_owned());
            let request = api::ListKeysRequest { page_size, page_token, tenant };
            service.list_keys(by(CallerRole::Admin, request)).await.map(Response::into_inner)
        };
        assert_eq!(list("", 0, "").await.expect("all").keys.len(), 3);
        let first = list("tenants/acme", 1, "").await.expect("a page");
        let second = list("tenants/acme", 1, &first.next_page_token).await.expect("a page");
        assert_eq!((first.keys.len(), second.keys.len()), (1, 1));
        assert_ne!(first.keys, second.keys);
        let all = list("tenants/acme", 10, "").await.expect("a page");
        assert_eq!((all.keys.len(), all.next_page_token.as_str()), (2, ""));
        let wrong = list("tenants/other", 1, &first.next_page_token).await.expect_err("of another list");
        assert_eq!(failure(&wrong).reason, Reason::PageTokenInvalid);
    }

    #[tokio::test]
    async fn only_administrators_have_to_do_with_keys() {
        let service = service().await;
        for role in [CallerRole::Reader, CallerRole::Tenant, CallerRole::Service] {
            let refused = service.create_key(by(role, create("", "tenants/acme"))).await.expect_err("refused");
            assert_eq!(failure(&refused).reason, Reason::KeyNotAllowed);
            let list = service.list_keys(by(role, api::ListKeysRequest::default())).await.expect_err("refused");
            assert_eq!(failure(&list).reason, Reason::KeyNotAllowed);
        }
    }

    #[test]
    fn a_key_that_cannot_be_meant_is_refused() {
        let administrator = api::key::Role::Administrator.into();
        let key = |tenant: &str, role| api::Key { tenant: tenant.to_owned(), role, ..api::Key::default() };
        for (wrong, field) in [
            (key("", 0), "key.tenant"),
            (key("acme", 0), "key.tenant"),
            (key("tenants/admin", 0), "key.tenant"),
            (key("tenants/acme", administrator), "key.tenant"),
            (key("tenants/acme", 9), "key.role"),
        ] {
            let refused = read_new(&wrong).expect_err(field);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)), "{wrong:?}");
        }
        for (seconds, nanos) in [(-1, 0), (1, -1), (1, 1_000_000_000), (i64::MAX, 0)] {
            let expire_time = Some(prost_types::Timestamp { seconds, nanos });
            let refused = read_new(&api::Key { expire_time, ..key("tenants/acme", 0) }).expect_err("no moment");
            assert_eq!(refused.field.as_deref(), Some("key.expire_time"));
        }
        assert_eq!(read_new(&key("", administrator)).map(|new| new.tenant), Ok(None));
    }
}
