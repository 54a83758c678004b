//! API keys: made, listed, revoked, and checked at the door.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure, Kind, text};
use lectern_proto::names;
use lectern_rpc::ApiKey;
use lectern_rpc::auth::{Authenticate, Caller, Credential, Role, key_invalid};
use lectern_rpc::key::equal;
use lectern_runtime::Secret;
use lectern_stage::{GoodKeys, Recall};
use lectern_store::{Change, Collection, Direction, Page, Query};
use tracing::info;

use crate::domain::Key;

/// A key that was found good or bad is not looked up again for this long, so a revoked one is
/// refused everywhere within it.
const REMEMBERED: Duration = Duration::from_secs(20);
/// Good keys remembered at once; of bad ones, whose senders may choose how many there are, as many
/// beside them.
const REMEMBERED_MOST: usize = 10_000;

/// The tenant that the admin key acts for, where a call needs one.
const ADMIN_TENANT: &str = "admin";

/// The installation's API keys.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: Collection<Key>,
    clock: Arc<dyn Clock>,
    admin: Option<Secret>,
    good: Arc<GoodKeys<Key>>,
    bad: Arc<Recall<()>>,
}

impl Keys {
    /// The keys in this collection; `admin` is the installation's admin key, where it has one.
    #[must_use]
    pub fn new(keys: Collection<Key>, clock: Arc<dyn Clock>, admin: Option<Secret>) -> Self {
        let good = Arc::new(GoodKeys::new(REMEMBERED_MOST, REMEMBERED));
        let bad = Arc::new(Recall::new(REMEMBERED_MOST, REMEMBERED));
        Self { keys, clock, admin, good, bad }
    }

    /// Makes a key and returns it with its secret, which is nowhere else.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a name that is too long or has control characters, `STORE_UNAVAILABLE`.
    pub async fn create(&self, tenant: TenantId, display_name: &str) -> Result<(Key, String), Failure> {
        text::check_name("display_name", display_name)?;
        let api_key = ApiKey::generate();
        let key = Key {
            id: api_key.id().to_owned(),
            tenant,
            display_name: display_name.to_owned(),
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
        self.good.forget(&revoked.record.hash);
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
        if let Some(key) = self.good.get(&hash, now) {
            return Ok(key);
        }
        if self.bad.get(&hash, now).is_some() {
            return Err(key_invalid());
        }
        let found = self.keys.get(api_key.id()).await?.map(|key| key.record);
        match found.filter(|key| key.revoked.is_none() && api_key.matches(&key.hash)) {
            Some(key) => {
                self.good.put(hash, key.clone(), now);
                Ok(key)
            }
            None => {
                self.bad.put(hash, (), now);
                Err(key_invalid())
            }
        }
    }

    fn is_admin(&self, secret: &Secret) -> bool {
        let digest = |secret: &Secret| Digest::of(secret.expose().as_bytes());
        self.admin.as_ref().is_some_and(|admin| equal(&digest(admin), &digest(secret)))
    }
}

#[async_trait]
impl Authenticate for Keys {
    async fn authenticate(&self, credential: &Credential) -> Result<Caller, Failure> {
        let secret = match credential {
            Credential::Key(secret) => secret,
            Credential::Service { .. } | Credential::None => return Err(key_invalid()),
        };
        if self.is_admin(secret) {
            let tenant = ADMIN_TENANT.parse().map_err(|_| Failure::internal("the admin tenant is no id"))?;
            return Ok(Caller { tenant, role: Role::Admin, key_id: "admin".to_owned() });
        }
        let key = self.verify(secret.expose()).await?;
        Ok(Caller { tenant: key.tenant, role: Role::Tenant, key_id: key.id })
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

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;
    use lectern_core::clock::ManualClock;
    use lectern_store::memory::MemoryStore;

    use super::*;

    async fn keys(clock: &Arc<ManualClock>) -> Keys {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        let collection: Collection<Key> = Collection::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
        collection.ensure().await.expect("a collection");
        Keys::new(collection, clock, Some(Secret::new("the key of the administrator")))
    }

    fn credential(secret: &str) -> Credential {
        Credential::Key(Secret::new(secret))
    }

    #[tokio::test]
    async fn no_number_of_bad_keys_has_a_good_one_forgotten() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let keys = keys(&clock).await;
        let (made, secret) = keys.create("acme".parse().expect("an id"), "CI").await.expect("made");
        assert_eq!(keys.verify(&secret).await.expect("good"), made);
        for _ in 0..REMEMBERED_MOST + 10 {
            let refused = keys.verify(&ApiKey::generate().expose()).await.expect_err("nobody has it");
            assert_eq!(refused, key_invalid());
        }
        assert!(keys.remembers(&credential(&secret)));
        clock.advance(2 * REMEMBERED);
        assert!(keys.remembers(&credential(&secret)), "it is taken, and looked up again");
        assert_eq!(keys.verify(&secret).await.expect("good"), made);
        assert!(keys.remembers(&credential("the key of the administrator")));
        let bad = ApiKey::generate().expose();
        assert!(keys.verify(&bad).await.is_err() && !keys.remembers(&credential(&bad)));

        keys.revoke(&made.id).await.expect("revoked");
        assert!(!keys.remembers(&credential(&secret)));
        assert_eq!(keys.verify(&secret).await, Err(key_invalid()));
    }

    #[tokio::test]
    async fn a_name_is_refused_rather_than_cut() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let keys = keys(&clock).await;
        for name in ["x".repeat(text::LONGEST_NAME + 1), "two\nlines".to_owned()] {
            let refused = keys.create("acme".parse().expect("an id"), &name).await.expect_err("refused");
            assert_eq!(refused.field.as_deref(), Some("display_name"));
        }
        let longest = "ü".repeat(text::LONGEST_NAME);
        let (made, _) = keys.create("acme".parse().expect("an id"), &longest).await.expect("made");
        assert_eq!(made.display_name, longest);
    }
}
