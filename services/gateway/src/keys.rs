//! API keys: made, listed, revoked, and checked at the door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure, Kind, Timestamp};
use lectern_proto::names;
use lectern_rpc::ApiKey;
use lectern_rpc::auth::{Authenticate, Caller, Credential, Role, key_invalid};
use lectern_rpc::key::equal;
use lectern_runtime::Secret;
use lectern_store::{Change, Collection, Direction, Page, Query};
use tracing::info;

use crate::domain::Key;

/// A key that was found good or bad is not looked up again for this long, so a revoked one is
/// refused everywhere within it.
const REMEMBERED: Duration = Duration::from_secs(20);
/// Keys remembered at once.
const REMEMBERED_MOST: usize = 10_000;

/// The tenant that the admin key acts for, where a call needs one.
const ADMIN_TENANT: &str = "admin";

/// What was found out about a secret: until when that holds, and its key if it is good.
type Known = (Timestamp, Option<Key>);

/// The installation's API keys.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: Collection<Key>,
    clock: Arc<dyn Clock>,
    admin: Option<Secret>,
    known: Arc<Mutex<HashMap<Digest, Known>>>,
}

impl Keys {
    /// The keys in this collection; `admin` is the installation's admin key, where it has one.
    #[must_use]
    pub fn new(keys: Collection<Key>, clock: Arc<dyn Clock>, admin: Option<Secret>) -> Self {
        Self { keys, clock, admin, known: Arc::default() }
    }

    /// Makes a key and returns it with its secret, which is nowhere else.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn create(&self, tenant: TenantId, display_name: &str) -> Result<(Key, String), Failure> {
        let api_key = ApiKey::generate();
        let key = Key {
            id: api_key.id().to_owned(),
            tenant,
            display_name: display_name.chars().take(200).collect(),
            hash: api_key.hash(),
            created: self.clock.now(),
            revoked: None,
        };
        self.keys.insert(&key).await?;
        info!(key = key.id, tenant = %key.tenant, "key made");
        Ok((key, api_key.expose()))
    }

    /// A page of keys, the newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, query: Query) -> Result<Page<Key>, Failure> {
        Ok(self.keys.find(&query.order("created", Direction::Desc)).await?)
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn revoke(&self, id: &str) -> Result<Key, Failure> {
        let now = self.clock.now();
        let revoked = self
            .keys
            .update(id, |key: &mut Key| {
                if key.revoked.is_some() {
                    return Ok(Change::Skip);
                }
                key.revoked = Some(now);
                Ok(Change::Write)
            })
            .await
            .map_err(
                |failure| if failure.kind == Kind::NotFound { Failure::not_found(names::of_key(id)) } else { failure },
            )?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&revoked.record.hash);
        info!(key = id, "key revoked");
        Ok(revoked.record)
    }

    /// The good key that this secret belongs to.
    ///
    /// # Errors
    /// `KEY_INVALID` for an unknown or revoked one, `STORE_UNAVAILABLE`.
    pub async fn verify(&self, secret: &str) -> Result<Key, Failure> {
        let api_key = ApiKey::parse(secret)?;
        let hash = api_key.hash();
        let now = self.clock.now();
        let remembered = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((until, key)) = remembered
            && now < until
        {
            return key.ok_or_else(key_invalid);
        }
        let found = self.keys.get(api_key.id()).await?.map(|key| key.record);
        let good = found.filter(|key| key.revoked.is_none() && api_key.matches(&key.hash));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MOST {
            known.retain(|_, (until, _)| now < *until);
        }
        if known.len() < REMEMBERED_MOST {
            known.insert(hash, (now.plus(REMEMBERED), good.clone()));
        }
        good.ok_or_else(key_invalid)
    }
}

#[async_trait]
impl Authenticate for Keys {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let secret = match credential {
            Credential::Key(secret) => secret.expose(),
            Credential::Service { .. } | Credential::None => return Err(key_invalid()),
        };
        if let Some(admin) = &self.admin
            && equal(&Digest::of(admin.expose().as_bytes()), &Digest::of(secret.as_bytes()))
        {
            let tenant = ADMIN_TENANT.parse().map_err(|_| Failure::internal("the admin tenant is no id"))?;
            return Ok(Caller { tenant, role: Role::Admin, key_id: "admin".to_owned() });
        }
        let key = self.verify(secret).await?;
        Ok(Caller { tenant: key.tenant, role: Role::Tenant, key_id: key.id })
    }
}
