//! API keys: made, listed, revoked, and checked at the door.

mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{NarrationId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, Digest, Failure, Kind, Reason, Timestamp, text};
use lectern_proto::names;
use lectern_rpc::caller::{self, Caller, key_invalid};
use lectern_rpc::key::equal;
use lectern_rpc::{ApiKey, Authenticate, Credential, TenantLimits};
use lectern_runtime::Secret;
use lectern_stage::{GoodKeys, Recall};
use lectern_store::{Change, Collection, Direction, Page, Query, StoreError};
use serde::Serialize;
use tracing::{Instrument as _, debug, info};

use crate::domain::Key;
use crate::domain::key::{Role, hour};
use crate::tenants::Tenants;

/// A key that was found good or bad is not looked up again for this long, so a revoked one is
/// refused everywhere within it.
const REMEMBERED: Duration = Duration::from_secs(20);
/// Good keys remembered at once; of bad ones, whose senders may choose how many there are, as many
/// beside them.
const REMEMBERED_MOST: usize = 10_000;
/// The hour in which a key was last used is remembered for as long as it may be that hour.
const USE_REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Digits of a key's id.
const ID_DIGITS: usize = 16;

/// The tenant as which administrators call. They open no tenant's data, so it has none, and nobody
/// is counted by it.
const ADMIN_TENANT: &str = "admin";

/// What a key is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewKey {
    /// Whose data it opens; none for an administrator's.
    pub tenant: Option<TenantId>,
    /// What it may do.
    pub role: Role,
    /// A name for people.
    pub display_name: String,
    /// When it ends by itself, if ever.
    pub expires: Option<Timestamp>,
}

/// What a call that makes a key comes to.
#[derive(Debug, Clone)]
pub enum Draft {
    /// The key that an earlier call of the same request id made.
    Known(Key),
    /// A key that is to be inserted, and its secret.
    New(Key, Secret),
}

/// The installation's API keys.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    keys: Collection<Key>,
    tenants: Tenants,
    clock: Arc<dyn Clock>,
    admin: Vec<Secret>,
    secret: TenantSecret,
    good: Arc<GoodKeys<Key>>,
    bad: Arc<Recall<()>>,
    used: Arc<Recall<Timestamp>>,
}

impl ApiKeys {
    /// The keys in this collection, each of one of these tenants; `admin` is the installation's
    /// admin key, where it has one: two while it is changed. The ids of keys follow from request
    /// ids under `secret`.
    #[must_use]
    pub fn new(
        keys: Collection<Key>,
        tenants: Tenants,
        clock: Arc<dyn Clock>,
        admin: Vec<Secret>,
        secret: TenantSecret,
    ) -> Self {
        let good = Arc::new(GoodKeys::new(REMEMBERED_MOST, REMEMBERED));
        let bad = Arc::new(Recall::new(REMEMBERED_MOST, REMEMBERED));
        let used = Arc::new(Recall::new(REMEMBERED_MOST, USE_REMEMBERED));
        Self { keys, tenants, clock, admin, secret, good, bad, used }
    }

    /// Decides what a call that makes a key comes to; nothing is written yet.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a name that is too long or has control characters, a request id that is
    /// none, or an end that is not ahead; `REQUEST_ID_REUSED`, `STORE_UNAVAILABLE`.
    pub async fn draft(&self, request_id: &str, new: NewKey) -> Result<Draft, Failure> {
        text::check_name("key.display_name", &new.display_name)?;
        let (api_key, request) = if request_id.is_empty() {
            (ApiKey::generate(), None)
        } else {
            let id = self.id_of(request_id)?;
            let digest = digest(&new)?;
            if let Some(known) = self.keys.get(&id).await? {
                return same_request(known.record, &digest).map(Draft::Known);
            }
            let api_key = ApiKey::generate_as(&id);
            let api_key = api_key.ok_or_else(|| Failure::internal("a digest has no hexadecimal digits"))?;
            (api_key, Some(digest))
        };
        let now = self.clock.now();
        if new.expires.is_some_and(|at| at <= now) {
            let message = "key.expire_time has passed; name a moment ahead, or leave it out for a key without an end";
            return Err(Failure::invalid("key.expire_time", message));
        }
        let NewKey { tenant, role, display_name, expires } = new;
        let key = Key {
            id: api_key.id().to_owned(),
            tenant,
            display_name,
            role,
            hash: api_key.hash(),
            request,
            created: now,
            expires,
            revoked: None,
            last_used: None,
        };
        Ok(Draft::New(key, Secret::new(api_key.expose())))
    }

    /// Writes a key of [`Self::draft`] and gives it back with its secret, which is nowhere else;
    /// without one where the same request came twice at once and the other was faster.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED`, `STORE_UNAVAILABLE`.
    pub async fn insert(&self, key: Key, secret: Secret) -> Result<(Key, Option<Secret>), Failure> {
        match self.keys.insert(&key).await {
            Ok(_) => {
                let tenant = key.tenant.as_ref().map(tracing::field::display);
                info!(key = key.id, tenant, role = ?key.role, "key made");
                Ok((key, Some(secret)))
            }
            Err(error @ StoreError::Duplicate { .. }) => {
                let Some(request) = key.request else { return Err(error.into()) };
                Ok((same_request(self.get(&key.id).await?, &request)?, None))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The id of the key that a request makes. The request id is an id like any other; what matters
    /// is that it cannot hold anything else.
    fn id_of(&self, request_id: &str) -> Result<String, Failure> {
        let request_id: NarrationId =
            request_id.parse().map_err(|e| Failure::invalid("request_id", format!("request_id: {e}")))?;
        Ok(self.secret.request(request_id.as_str()).to_string().chars().take(ID_DIGITS).collect())
    }

    /// A key as it is stored.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn get(&self, id: &str) -> Result<Key, Failure> {
        self.keys.get(id).await?.map(|found| found.record).ok_or_else(|| not_found(id))
    }

    /// A page of keys, the newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, query: Query) -> Result<Page<Key>, Failure> {
        Ok(self.keys.find(&query.order("created", Direction::Desc)).await?)
    }

    /// Revokes a key; `audit` writes the record of it first, where it is not revoked already.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`; that of `audit`; `STORE_UNAVAILABLE`.
    pub async fn revoke(
        &self,
        id: &str,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<Key, Failure> {
        let known = self.get(id).await?;
        if known.revoked.is_some() {
            return Ok(known);
        }
        audit.await?;
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
            .map_err(|failure| if failure.kind == Kind::NotFound { not_found(id) } else { failure })?;
        self.good.forget(&revoked.record.hash);
        info!(key = id, "key revoked");
        Ok(revoked.record)
    }

    /// The good key that this secret belongs to. Whether its tenant may be used is not looked at.
    ///
    /// # Errors
    /// `KEY_INVALID` for one that is unknown, revoked or at its end, `STORE_UNAVAILABLE`.
    pub async fn verify(&self, secret: &str) -> Result<Key, Failure> {
        let api_key = ApiKey::parse(secret)?;
        let hash = api_key.hash();
        let now = self.clock.now();
        if let Some(key) = self.good.get(&hash, now).filter(|key| key.good(now)) {
            return Ok(key);
        }
        if self.bad.get(&hash, now).is_some() {
            return Err(key_invalid());
        }
        let found = self.keys.get(api_key.id()).await?.map(|key| key.record);
        match found.filter(|key| key.good(now) && api_key.matches(&key.hash)) {
            Some(key) => {
                self.good.put(hash, key.clone(), now);
                self.note_use(&key, now);
                Ok(key)
            }
            None => {
                // One that was good is not, so nobody vouches for its sender any more.
                self.good.forget(&hash);
                self.bad.put(hash, (), now);
                Err(key_invalid())
            }
        }
    }

    /// Notes that a key is used in this hour, beside the call that uses it: at most once an hour.
    /// Nothing depends on it, so what fails is not tried again.
    fn note_use(&self, key: &Key, now: Timestamp) {
        let hour = hour(now);
        if key.last_used.is_some_and(|at| at >= hour) || self.used.get(&key.hash, now) == Some(hour) {
            return;
        }
        self.used.put(key.hash, hour, now);
        let (keys, id) = (self.keys.clone(), key.id.clone());
        let note = async move {
            let note = |key: &mut Key| {
                if key.last_used.is_some_and(|at| at >= hour) {
                    return Ok(Change::Skip);
                }
                key.last_used = Some(hour);
                Ok(Change::Write)
            };
            if let Err(error) = keys.update(&id, note).await {
                debug!(key = id, %error, "the use of a key is not noted");
            }
        };
        drop(tokio::spawn(note.in_current_span()));
    }

    /// Who calls with a good key.
    async fn caller(&self, key: Key) -> Result<Caller, Failure> {
        let role = match key.role {
            Role::Reader => caller::Role::Reader,
            Role::Editor => caller::Role::Tenant,
            Role::Administrator => return admin(key.id),
        };
        let tenant = key.tenant.ok_or_else(|| Failure::internal(format!("the key {} has no tenant", key.id)))?;
        let own = self.tenants.admitted(&tenant).await?;
        let limits = TenantLimits {
            requests_per_second: own.requests_per_second,
            burst: own.burst,
            concurrent_calls: own.concurrent_calls.map(|calls| usize::try_from(calls).unwrap_or(usize::MAX)),
            stored_source_bytes: own.stored_source_bytes,
        };
        Ok(Caller { tenant, role, key_id: key.id, limits })
    }

    fn is_admin(&self, secret: &Secret) -> bool {
        let digest = |secret: &Secret| Digest::of(secret.expose().as_bytes());
        self.admin.iter().any(|admin| equal(&digest(admin), &digest(secret)))
    }
}

#[async_trait]
impl Authenticate for ApiKeys {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let secret = match credential {
            Credential::Key(secret) => secret,
            Credential::Service { .. } | Credential::None => return Err(key_invalid()),
        };
        if self.is_admin(secret) {
            return admin(caller::ADMIN_KEY.to_owned());
        }
        let key = self.verify(secret.expose()).await?;
        self.caller(key).await
    }

    fn remembers(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Key(secret) => {
                let known = |key: ApiKey| self.good.trusts(&key.hash(), self.clock.now());
                self.is_admin(secret) || ApiKey::parse(secret.expose()).is_ok_and(known)
            }
            Credential::Service { .. } | Credential::None => false,
        }
    }
}

/// An administrator, whatever it called with.
fn admin(key_id: String) -> Result<Caller, Failure> {
    let tenant = ADMIN_TENANT.parse().map_err(|_| Failure::internal("the admin tenant is no id"))?;
    Ok(Caller { tenant, role: caller::Role::Admin, key_id, limits: TenantLimits::default() })
}

fn not_found(id: &str) -> Failure {
    Failure::not_found(names::of_key(id))
}

fn digest(new: &NewKey) -> Result<Digest, Failure> {
    let json =
        serde_json::to_vec(new).map_err(|error| Failure::internal(format!("a key cannot be written: {error}")))?;
    Ok(Digest::of(&json))
}

fn same_request(known: Key, digest: &Digest) -> Result<Key, Failure> {
    if known.request.as_ref() == Some(digest) {
        return Ok(known);
    }
    let message = "this request_id was used for another key; use a new one for a new key";
    let failure = Failure::new(Kind::AlreadyExists, Reason::RequestIdReused, message);
    Err(failure.at("request_id").about(names::of_key(&known.id)))
}
