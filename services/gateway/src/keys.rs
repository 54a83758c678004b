//! API keys: made, listed, revoked, and checked at the door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, Timestamp};
use lectern_proto::names;
use lectern_rpc::auth::{ApiKey, Authenticate, Caller, Credential, Role};
use lectern_store::{Change, Collection, Page, Query};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::info;

use crate::domain::Key;

/// A key that was found good or bad is not looked up again for this long, so a revoked one is refused everywhere within it.
const REMEMBERED: Duration = Duration::from_secs(20);
/// Keys remembered at once.
const REMEMBERED_MOST: usize = 10_000;

/// The tenant that the admin key acts for, where a call needs one.
const ADMIN_TENANT: &str = "admin";

/// The installation's API keys.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: Collection<Key>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    admin: Option<SecretString>,
    known: Arc<Mutex<HashMap<Digest, (Timestamp, Option<Key>)>>>,
}

impl Keys {
    /// The keys in this collection; `admin` is the installation's admin key, where it has one.
    #[must_use]
    pub fn new(keys: Collection<Key>, clock: Arc<dyn Clock>, random: Arc<dyn Random>, admin: Option<SecretString>) -> Self {
        Self { keys, clock, random, admin, known: Arc::default() }
    }

    /// Makes a key and returns it with its secret, which is nowhere else.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn create(&self, tenant: TenantId, display_name: &str) -> Result<(Key, String), Failure> {
        let api_key = ApiKey::generate(&*self.random);
        let secret = api_key.expose().to_owned();
        let key = Key {
            schema: 1,
            id: api_key.id().to_owned(),
            tenant,
            display_name: display_name.chars().take(200).collect(),
            hash: ApiKey::hash(&secret),
            created: self.clock.now(),
            revoked: None,
        };
        self.keys.insert(&key).await?;
        info!(key = key.id, tenant = %key.tenant, "key made");
        Ok((key, secret))
    }

    /// A page of keys, the newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, query: Query) -> Result<Page<Key>, Failure> {
        Ok(self.keys.find(&query.order_desc("created")).await?)
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
            .await?
            .ok_or_else(|| Failure::not_found(names::of_key(id)))?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&revoked.record.hash);
        info!(key = id, "key revoked");
        Ok(revoked.record)
    }

    /// The good key that this secret belongs to.
    ///
    /// # Errors
    /// `KEY_INVALID` for an unknown or revoked one, `STORE_UNAVAILABLE`.
    pub async fn verify(&self, secret: &str) -> Result<Key, Failure> {
        let hash = ApiKey::hash(secret);
        let now = self.clock.now();
        let remembered = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((until, key)) = remembered
            && now < until
        {
            return key.ok_or_else(refused);
        }
        let found = match ApiKey::id_of(secret) {
            Some(id) => self.keys.get(id).await?.map(|key| key.record),
            None => None,
        };
        let good = found.filter(|key| key.revoked.is_none() && ApiKey::same(&key.hash, &hash));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MOST {
            known.retain(|_, (until, _)| now < *until);
        }
        if known.len() < REMEMBERED_MOST {
            known.insert(hash, (now.plus(REMEMBERED), good.clone()));
        }
        good.ok_or_else(refused)
    }
}

fn refused() -> Failure {
    Failure::new(
        Kind::Unauthenticated,
        Reason::KeyInvalid,
        "the API key is unknown or revoked; send a good one as metadata `authorization: Bearer <key>`",
    )
}

#[async_trait]
impl Authenticate for Keys {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let Some(secret) = credential.bearer() else { return Err(refused()) };
        if let Some(admin) = &self.admin
            && ApiKey::same(&ApiKey::hash(admin.expose_secret()), &ApiKey::hash(secret))
        {
            let tenant = ADMIN_TENANT.parse().map_err(|_| Failure::internal("the admin tenant is no id"))?;
            return Ok(Caller { tenant, role: Role::Admin, key_id: "admin".to_owned() });
        }
        let key = self.verify(secret).await?;
        Ok(Caller { tenant: key.tenant, role: Role::Tenant, key_id: key.id })
    }
}
