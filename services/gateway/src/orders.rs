//! What callers may do with narrations: order, look, cancel, retry, delete. The API decodes and
//! encodes around this.

mod lexicon;
mod list;
mod read;
mod retry;
mod script;
mod speakers;
mod statuses;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_core::keys::{Secrets, TenantSecret};
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, Timestamp};
use lectern_proto::{names, v1 as api};
use lectern_runtime::current_traceparent;
use lectern_store::{Collection, Query, StoreError, Versioned};
use tracing::{info, warn};

use crate::admission::Admission;
use crate::conduct::Conductor;
use crate::conduct::wanted::ready;
use crate::domain::{Narration, Phase, Transition, other_languages};
use crate::lexicons::Lexicons;
use crate::stages::Stages;
use crate::tenants::Tenants;

pub use read::read_for_preview;
pub use statuses::Standing;

/// The most narrations of a document that are counted: far more than anybody orders.
const MOST_COUNTED: u64 = 1_000_000;

/// How often an order tries to take the place of a deleted narration that is being settled at the
/// same moment. A settlement is two writes, so this many in a row do not happen.
const PLACE_TRIES: usize = 8;

/// A deletion is answered after this long though its files are still to be deleted.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);

/// What callers may do with narrations.
#[derive(Debug, Clone)]
pub struct Orders {
    narrations: Collection<Narration>,
    lexicons: Lexicons,
    conductor: Conductor,
    stages: Arc<dyn Stages>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    secrets: Secrets,
    admission: Admission,
    tenants: Tenants,
}

/// What a caller says of a deletion.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deletion<'a> {
    /// Only if this is still the etag; empty for any.
    pub etag: &'a str,
    /// Whether it is a success where there is nothing to delete.
    pub allow_missing: bool,
    /// Whether what is not terminal is cancelled for it.
    pub force: bool,
}

impl Orders {
    /// The orders over these parts.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "one for each part, and all are named where they are made")]
    pub fn new(
        narrations: Collection<Narration>,
        conductor: Conductor,
        stages: Arc<dyn Stages>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        secrets: Secrets,
        admission: Admission,
        tenants: Tenants,
    ) -> Self {
        let lexicons = Lexicons::new(narrations.beside(), Arc::clone(&clock));
        Self { narrations, lexicons, conductor, stages, clock, random, secrets, admission, tenants }
    }

    /// The lexicons that orders name, or have by default.
    #[must_use]
    pub const fn lexicons(&self) -> &Lexicons {
        &self.lexicons
    }

    /// The secret under which a tenant's keys, ids and tokens are made.
    #[must_use]
    pub fn secret(&self, tenant: &TenantId) -> TenantSecret {
        self.secrets.of(tenant)
    }

    /// Accepts an order.
    ///
    /// # Errors
    /// What `NarrationService.CreateNarration` documents.
    pub async fn create(
        &self,
        tenant: &TenantId,
        request_id: &str,
        wire: api::Narration,
    ) -> Result<Versioned<Narration>, Failure> {
        let mut request = read::read(&wire)?;
        let digest = request.digest();
        let id = if request_id.is_empty() {
            NarrationId::random(&*self.random)
        } else {
            NarrationId::of(&self.secret(tenant).request(checked(request_id)?.as_str()))
        };
        let known = if request_id.is_empty() { None } else { self.narrations.get(id.as_str()).await? };
        let tombstone = match known {
            Some(known) if known.record.deleted.is_none() => return same_request(known, &digest),
            tombstone => tombstone,
        };
        self.tenants.may_order(tenant, request.lane).await?;
        self.admission.admit(tenant).await?;
        request.lexicon = self.lexicons.resolved(tenant, request.lexicon).await?;
        let (scope, pins) = self.stages.pin(tenant, &request).await?;
        request.order.language = request.order.language.or_else(|| pins.language.clone());
        request.order.other_languages = other_languages(&request.order, &pins.speakers);
        let now = self.clock.now();
        let mut narration = Narration::accepted(id.clone(), tenant.clone(), scope, digest, request, pins, now);
        narration.traceparent = current_traceparent();
        match self.place(narration, tombstone).await? {
            Placed::Accepted(accepted) => {
                info!(narration = %id, %tenant, "narration accepted");
                self.conductor.changed(&accepted);
                Ok(accepted)
            }
            Placed::Other(known) => same_request(known, &digest),
        }
    }

    /// Writes a narration that is accepted: as a new record, or in the place of what a deleted one
    /// of the same request left, which may change meanwhile, as its files are deleted.
    async fn place(
        &self,
        mut narration: Narration,
        mut tombstone: Option<Versioned<Narration>>,
    ) -> Result<Placed, Failure> {
        for _ in 0..PLACE_TRIES {
            if let Some(tombstone) = &tombstone {
                narration.take_place_of(&tombstone.record);
            }
            narration.ready = ready(&narration, self.conductor.dispatcher().window());
            let written = match &tombstone {
                Some(tombstone) => self.narrations.replace(&narration, tombstone.revision).await,
                None => self.narrations.insert(&narration).await,
            };
            match written {
                Ok(revision) => return Ok(Placed::Accepted(Versioned { record: narration, revision })),
                // Not found: what was left of the deleted one ended just now.
                Err(StoreError::Duplicate { .. } | StoreError::Conflict { .. } | StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let found = self.narrations.get(narration.id.as_str()).await?;
            match found.filter(|found| found.record.tenant == narration.tenant) {
                // The same request came twice at once, and the other was faster.
                Some(found) if found.record.deleted.is_none() => return Ok(Placed::Other(found)),
                found => tombstone = found,
            }
        }
        Err(StoreError::conflict("narrations", narration.id.as_str()).into())
    }

    /// Returns a narration of this tenant.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`.
    pub async fn get(&self, tenant: &TenantId, id: &NarrationId) -> Result<Versioned<Narration>, Failure> {
        self.narrations
            .get(id.as_str())
            .await?
            .filter(|narration| narration.record.tenant == *tenant && narration.record.deleted.is_none())
            .ok_or_else(|| not_found(id))
    }

    /// Cancels a narration; a terminal one stays as it is. One that is cancelled is answered as it
    /// is whatever the etag: this may be the call that cancelled it, repeated.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`.
    pub async fn cancel(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        let known = self.get(tenant, id).await?;
        if known.record.phase() == Phase::Cancelled {
            return Ok(known);
        }
        let failure = Failure::new(Kind::Cancelled, Reason::Cancelled, "the caller cancelled the narration");
        let cancelled = self.change(id, etag, |narration, now| Ok(narration.cancel(failure.clone(), now))).await;
        match cancelled {
            Ok(Some(cancelled)) => {
                info!(narration = %id, "narration cancelled");
                self.conductor.changed(&cancelled);
            }
            Ok(None) => {}
            // Unless the same call was faster.
            Err(refused) => {
                let now = self.get(tenant, id).await?;
                return if now.record.phase() == Phase::Cancelled { Ok(now) } else { Err(refused) };
            }
        }
        self.get(tenant, id).await
    }

    /// Deletes a narration and the files of its recording. The record stays as a tombstone without
    /// content; files that a step was just putting are swept later. Deleting it again finds
    /// nothing, whatever the etag, and goes on with files that are still to be deleted.
    ///
    /// `note` is awaited before anything is changed, and only where there is something to delete
    /// that may be deleted: it writes down who deletes it. What it answers ends the deletion.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`, `WRONG_STATE`.
    pub async fn delete(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        how: Deletion<'_>,
        note: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<(), Failure> {
        let missing = if how.allow_missing { Ok(()) } else { Err(not_found(id)) };
        let known = self.narrations.get(id.as_str()).await?;
        let Some(known) = known.filter(|known| known.record.tenant == *tenant && !known.record.gone()) else {
            return missing;
        };
        let (deleted, answer) = if known.record.deleted.is_some() {
            (known, missing)
        } else {
            check_etag(how.etag, &known.record)?;
            may_delete(&known.record, how.force)?;
            note.await?;
            let delete = |narration: &mut Narration, now| {
                may_delete(narration, how.force)?;
                narration.delete(now);
                Ok(Transition::Changed)
            };
            // None where another call deleted it at the same moment, and goes on with it.
            let Some(deleted) = self.change(id, how.etag, delete).await? else { return missing };
            info!(narration = %id, "narration deleted");
            (deleted, Ok(()))
        };
        // It is not shown any more: its caller need not wait for a stage that hangs.
        match tokio::time::timeout(SETTLED_WITHIN, Box::pin(self.conductor.settle(&deleted))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(narration = %id, %error, "files not deleted yet, the reconciler will"),
            Err(_) => warn!(narration = %id, "files not deleted in time, the reconciler will"),
        }
        answer
    }

    /// Changes a narration if its etag is still the caller's; none where the change did nothing, or
    /// the narration was deleted meanwhile.
    async fn change(
        &self,
        id: &NarrationId,
        etag: &str,
        mut change: impl FnMut(&mut Narration, Timestamp) -> Result<Transition, Failure> + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        let mut refused = None;
        let changed = self
            .conductor
            .update(id, |narration, now| {
                if narration.deleted.is_some() {
                    return Transition::Unchanged;
                }
                let changed = check_etag(etag, narration).and_then(|()| change(narration, now));
                changed.unwrap_or_else(|failure| {
                    refused = Some(failure);
                    Transition::Unchanged
                })
            })
            .await?;
        refused.map_or(Ok(changed), Err)
    }

    /// How many narrations there are of the documents of a scope, a document and its other
    /// revisions, that have not lost what they had.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn of_scope(&self, tenant: &TenantId, scope: &ScopeId) -> Result<u64, Failure> {
        let query = list::newest(tenant, Query::new().eq("scope", scope.as_str()).eq("texts.at", "kept"));
        Ok(self.narrations.count(&query, MOST_COUNTED).await?)
    }

    /// How many narrations of the documents of a scope were cleared with them; those too that were
    /// deleted since.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn erased_with(&self, tenant: &TenantId, scope: &ScopeId) -> Result<u64, Failure> {
        let of_scope = Query::new().eq("tenant", tenant.as_str()).eq("scope", scope.as_str());
        let query = of_scope.eq("texts.at", "erased");
        Ok(self.narrations.count(&query, MOST_COUNTED).await?)
    }

    /// Cancels every narration in a scope that was erased, and clears what their records say of its
    /// documents.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn erase_scope(&self, tenant: &TenantId, scope: &ScopeId) -> Result<(), Failure> {
        let mut query = list::newest(tenant, Query::new().eq("scope", scope.as_str())).limit(200);
        loop {
            let page = self.narrations.find(&query).await?;
            for narration in &page.items {
                let erased = self
                    .conductor
                    .update(&narration.record.id, |narration, now| {
                        if narration.erased() {
                            return Transition::Unchanged;
                        }
                        narration.erase(now);
                        Transition::Changed
                    })
                    .await?;
                if let Some(erased) = erased {
                    self.conductor.changed(&erased);
                }
            }
            match page.next {
                Some(cursor) => query = query.after(cursor),
                None => return Ok(()),
            }
        }
    }
}

/// What became of an order that is written.
enum Placed {
    /// It is accepted.
    Accepted(Versioned<Narration>),
    /// Another call was faster with the same request id.
    Other(Versioned<Narration>),
}

/// Whether a narration may be deleted as it is: what is still being made is not thrown away by
/// mistake.
fn may_delete(narration: &Narration, force: bool) -> Result<(), Failure> {
    if force || narration.phase().terminal() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::FailedPrecondition,
        Reason::WrongState,
        "the narration is still being made; cancel it first, or set force to cancel and delete it",
    )
    .about(names::of_narration(&narration.id)))
}

/// A request id, which is an id like any other; what matters is that it cannot hold anything else.
fn checked(request_id: &str) -> Result<NarrationId, Failure> {
    request_id.parse().map_err(|e| Failure::invalid("request_id", format!("request_id: {e}")))
}

fn not_found(id: &NarrationId) -> Failure {
    Failure::not_found(names::of_narration(id))
}

fn same_request(known: Versioned<Narration>, digest: &Digest) -> Result<Versioned<Narration>, Failure> {
    if known.record.request_digest == *digest {
        return Ok(known);
    }
    Err(Failure::new(
        Kind::AlreadyExists,
        Reason::RequestIdReused,
        "this request_id was used for another order; use a new one for a new order",
    )
    .at("request_id")
    .about(names::of_narration(&known.record.id)))
}

fn check_etag(etag: &str, narration: &Narration) -> Result<(), Failure> {
    if etag.is_empty() || etag == narration.version.to_string() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Aborted,
        Reason::EtagMismatch,
        "the narration has changed since this etag; read it again and decide anew",
    )
    .about(names::of_narration(&narration.id)))
}
