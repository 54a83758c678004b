//! Tenants: made, changed and suspended by administrators, and asked by everything that holds
//! somebody to a limit. A tenant without a record is active and has the limits of everybody.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure, Kind, Reason};
use lectern_proto::names;
use lectern_stage::Recall;
use lectern_store::{Change, Collection, MAX_LIMIT, Page, Query, StoreError};
use parking_lot::Mutex;
use tracing::info;

use crate::domain::{Lane, TenantLimits, TenantRecord, TenantState};

/// What is known of a tenant is not read again for this long, so a change of it holds everywhere
/// within it; at the stages within ten seconds more, for which they remember a key.
const REMEMBERED: Duration = Duration::from_secs(20);
/// Tenants remembered at once.
const REMEMBERED_MOST: usize = 10_000;

/// What everything else asks of a tenant.
#[derive(Debug, Clone, Default, PartialEq)]
struct Standing {
    limits: TenantLimits,
    suspended: bool,
}

/// The installation's tenants. Clones share what is known.
#[derive(Debug, Clone)]
pub struct Tenants {
    tenants: Collection<TenantRecord>,
    clock: Arc<dyn Clock>,
    known: Arc<Recall<Standing>>,
    suspended: Arc<Mutex<BTreeSet<TenantId>>>,
}

impl Tenants {
    /// The tenants in this collection. Call [`Self::ensure`] once before the first use.
    #[must_use]
    pub fn new(tenants: Collection<TenantRecord>, clock: Arc<dyn Clock>) -> Self {
        let known = Arc::new(Recall::new(REMEMBERED_MOST, REMEMBERED));
        Self { tenants, clock, known, suspended: Arc::default() }
    }

    /// Makes and verifies the collection, and reads who is suspended.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.tenants.ensure().await?;
        let suspended = self.read_suspended().await?;
        *self.suspended.lock() = suspended;
        Ok(())
    }

    /// A tenant of this id, made at this moment, with the limits of everybody; not stored yet.
    #[must_use]
    pub fn unnamed(&self, id: TenantId) -> TenantRecord {
        TenantRecord::new(id, self.clock.now())
    }

    /// A tenant as it is stored.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn get(&self, id: &TenantId) -> Result<TenantRecord, Failure> {
        self.find(id).await?.ok_or_else(|| not_found(id))
    }

    /// A tenant as it is stored, where it is.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, Failure> {
        Ok(self.tenants.get(id.as_str()).await?.map(|found| found.record))
    }

    /// A page of tenants, by id.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, query: &Query) -> Result<Page<TenantRecord>, Failure> {
        Ok(self.tenants.find(query).await?)
    }

    /// Makes a tenant; `audit` writes the record of it first.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` where there is one of this id; that of `audit`; `STORE_UNAVAILABLE`.
    pub async fn create(
        &self,
        tenant: &TenantRecord,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<(), Failure> {
        if self.find(&tenant.id).await?.is_some() {
            return Err(exists(&tenant.id));
        }
        audit.await?;
        match self.tenants.insert(tenant).await {
            Ok(_) => {
                self.known.forget(&place(&tenant.id));
                info!(tenant = %tenant.id, "tenant made");
                Ok(())
            }
            Err(StoreError::Duplicate { .. }) => Err(exists(&tenant.id)),
            Err(error) => Err(error.into()),
        }
    }

    /// Sees to it that there is a tenant of this id: one that is made has the limits of everybody.
    ///
    /// # Errors
    /// That of `audit`; `STORE_UNAVAILABLE`.
    pub async fn create_if_absent(
        &self,
        id: &TenantId,
        audit: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<(), Failure> {
        match self.create(&self.unnamed(id.clone()), audit).await {
            Err(failure) if failure.reason == Reason::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// Changes a tenant, if its etag is still the caller's or he sent none; `audit` writes the
    /// record of it first, where there is something to change.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`; that of `audit`; `STORE_UNAVAILABLE`.
    pub async fn change(
        &self,
        id: &TenantId,
        etag: &str,
        audit: impl Future<Output = Result<(), Failure>> + Send,
        change: impl Fn(&mut TenantRecord) + Send + Sync,
    ) -> Result<TenantRecord, Failure> {
        let now = self.clock.now();
        let before = self.get(id).await?;
        check_etag(etag, &before)?;
        if before.changed(now, &change).is_none() {
            return Ok(before);
        }
        audit.await?;
        let write = |tenant: &mut TenantRecord| -> Result<Change, Failure> {
            check_etag(etag, tenant)?;
            Ok(match tenant.changed(now, &change) {
                Some(changed) => {
                    *tenant = changed;
                    Change::Write
                }
                None => Change::Skip,
            })
        };
        let changed = self.tenants.update(id.as_str(), write).await;
        let changed =
            changed.map_err(|failure| if failure.kind == Kind::NotFound { not_found(id) } else { failure })?;
        self.known.forget(&place(id));
        info!(tenant = %id, state = changed.record.state.as_str(), "tenant changed");
        Ok(changed.record)
    }

    /// What a tenant may use beyond or below what everybody may.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn limits_of(&self, tenant: &TenantId) -> Result<TenantLimits, Failure> {
        Ok(self.standing(tenant).await?.limits)
    }

    /// The same, where its keys may be used.
    ///
    /// # Errors
    /// `TENANT_SUSPENDED`, `STORE_UNAVAILABLE`.
    pub async fn admitted(&self, tenant: &TenantId) -> Result<TenantLimits, Failure> {
        let Standing { limits, suspended } = self.standing(tenant).await?;
        if !suspended {
            return Ok(limits);
        }
        let name = names::of_tenant(tenant);
        let message = format!("{name} is suspended; an administrator can resume it");
        Err(Failure::new(Kind::PermissionDenied, Reason::TenantSuspended, message).about(name))
    }

    /// What a tenant may use while it may have steps done; none while it is suspended.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn working(&self, tenant: &TenantId) -> Result<Option<TenantLimits>, Failure> {
        let Standing { limits, suspended } = self.standing(tenant).await?;
        Ok((!suspended).then_some(limits))
    }

    /// Whether a tenant may order in the lane of this number in the public API.
    ///
    /// # Errors
    /// `KEY_NOT_ALLOWED` where it may not, `STORE_UNAVAILABLE`.
    pub async fn may_order(&self, tenant: &TenantId, lane: i32) -> Result<(), Failure> {
        let limits = self.limits_of(tenant).await?;
        let lane = Lane::of_number(lane);
        if limits.has_lane(lane) {
            return Ok(());
        }
        let name = |lane: &Lane| format!("LANE_{}", lane.as_str().to_uppercase());
        let open: Vec<String> = limits.lanes.iter().map(name).collect();
        let message = format!("this tenant may not order in {}; order in {}", name(&lane), open.join(" or "));
        let failure = Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message);
        Err(failure.at("narration.lane").about(names::of_tenant(tenant)))
    }

    /// Whether a tenant is suspended, as far as this replica knew when it last read that.
    #[must_use]
    pub fn is_suspended(&self, tenant: &TenantId) -> bool {
        self.suspended.lock().contains(tenant)
    }

    /// Who is suspended, as far as this replica knew when it last read that: the first `most` by
    /// id, and how many there are.
    #[must_use]
    pub fn suspended(&self, most: usize) -> (Vec<TenantId>, usize) {
        let suspended = self.suspended.lock();
        (suspended.iter().take(most).cloned().collect(), suspended.len())
    }

    /// Reads again who is suspended; whether they are others now.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; what was known stays.
    pub async fn refresh(&self) -> Result<bool, Failure> {
        let now = self.read_suspended().await?;
        let before = std::mem::replace(&mut *self.suspended.lock(), now.clone());
        let mut changed = false;
        for tenant in before.symmetric_difference(&now) {
            self.known.forget(&place(tenant));
            changed = true;
        }
        Ok(changed)
    }

    async fn read_suspended(&self) -> Result<BTreeSet<TenantId>, StoreError> {
        let mut suspended = BTreeSet::new();
        let mut query = Query::new().eq("state", TenantState::Suspended.as_str()).limit(MAX_LIMIT);
        loop {
            let page = self.tenants.find(&query).await?;
            suspended.extend(page.items.into_iter().map(|found| found.record.id));
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(suspended),
            }
        }
    }

    async fn standing(&self, tenant: &TenantId) -> Result<Standing, Failure> {
        let (place, now) = (place(tenant), self.clock.now());
        if let Some(known) = self.known.get(&place, now) {
            return Ok(known);
        }
        let standing = self.find(tenant).await?.map_or_else(Standing::default, |tenant| Standing {
            suspended: tenant.state == TenantState::Suspended,
            limits: tenant.limits,
        });
        self.known.put(place, standing.clone(), now);
        Ok(standing)
    }
}

/// Where a tenant is remembered.
fn place(tenant: &TenantId) -> Digest {
    Digest::of(tenant.as_str().as_bytes())
}

fn not_found(id: &TenantId) -> Failure {
    Failure::not_found(names::of_tenant(id))
}

fn exists(id: &TenantId) -> Failure {
    let name = names::of_tenant(id);
    let message = format!("there is a tenant {name} already; change it with UpdateTenant, or choose another id");
    Failure::new(Kind::AlreadyExists, Reason::AlreadyExists, message).at("tenant_id").about(name)
}

fn check_etag(etag: &str, tenant: &TenantRecord) -> Result<(), Failure> {
    if etag.is_empty() || etag == tenant.version.to_string() {
        return Ok(());
    }
    let message = "the tenant has changed since this etag; read it again and decide anew";
    Err(Failure::new(Kind::Aborted, Reason::EtagMismatch, message).about(names::of_tenant(&tenant.id)))
}
