//! What callers may do with narrations: order, look, cancel, retry, delete. The API decodes and
//! encodes around this.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{DocumentId, NarrationId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, Timestamp, text};
use lectern_proto::{convert, names, v1 as api};
use lectern_runtime::current_traceparent;
use lectern_store::{Collection, Direction, Page, Query, StoreError, Versioned};
use tracing::{info, warn};

use crate::conduct::Conductor;
use crate::conduct::wanted::ready;
use crate::domain::{Narration, Phase, Transition, Wish};
use crate::door::Door;
use crate::stages::Stages;

/// What callers may do with narrations.
#[derive(Debug, Clone)]
pub struct Orders {
    narrations: Collection<Narration>,
    conductor: Conductor,
    stages: Arc<dyn Stages>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    master: Arc<[u8]>,
    door: Door,
}

impl Orders {
    /// The orders over these parts.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        conductor: Conductor,
        stages: Arc<dyn Stages>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        master: Arc<[u8]>,
        door: Door,
    ) -> Self {
        Self { narrations, conductor, stages, clock, random, master, door }
    }

    /// The secret under which a tenant's keys, ids and tokens are made.
    #[must_use]
    pub fn secret(&self, tenant: &TenantId) -> TenantSecret {
        TenantSecret::derive(&self.master, tenant)
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
        let wish = read(&wire)?;
        let digest = wish.digest();
        let id = if request_id.is_empty() {
            NarrationId::random(&*self.random)
        } else {
            // The request id is an id like any other; what matters is that it cannot hold anything
            // else.
            let request_id: NarrationId =
                request_id.parse().map_err(|e| Failure::invalid("request_id", format!("request_id: {e}")))?;
            NarrationId::of(&self.secret(tenant).request(request_id.as_str()))
        };
        let known = if request_id.is_empty() { None } else { self.narrations.get(id.as_str()).await? };
        let tombstone = match known {
            Some(known) if known.record.deleted.is_none() => return same_request(known, &digest),
            tombstone => tombstone,
        };
        self.door.admit(tenant).await?;
        let (scope, pins) = self.stages.pin(tenant, &wish).await?;
        let mut wish = wish;
        wish.order.language = wish.order.language.or_else(|| pins.language.clone());
        let mut narration = Narration::accepted(id.clone(), tenant.clone(), scope, wish, pins, self.clock.now());
        narration.traceparent = current_traceparent();
        narration.ready = ready(&narration, self.conductor.dispatcher().window());
        let written = match tombstone {
            Some(tombstone) => {
                narration.take_place_of(&tombstone.record);
                self.narrations.replace(&narration, tombstone.revision).await
            }
            None => self.narrations.insert(&narration).await,
        };
        match written {
            Ok(revision) => {
                let accepted = Versioned { record: narration, revision };
                info!(narration = %id, %tenant, "narration accepted");
                self.conductor.changed(&accepted).await;
                Ok(accepted)
            }
            // The same request came twice at once, and the other was faster.
            Err(StoreError::Duplicate { .. } | StoreError::Conflict { .. }) => {
                same_request(self.get(tenant, &id).await?, &digest)
            }
            Err(error) => Err(error.into()),
        }
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

    /// A page of this tenant's narrations, the newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, tenant: &TenantId, query: Query) -> Result<Page<Narration>, Failure> {
        let query = query
            .eq("tenant", tenant.as_str())
            .eq("deleted", serde_json::Value::Null)
            .order("created", Direction::Desc);
        Ok(self.narrations.find(&query).await?)
    }

    /// Cancels a narration; a terminal one stays as it is.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`.
    pub async fn cancel(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        self.get(tenant, id).await?;
        let failure = Failure::new(Kind::Cancelled, Reason::Cancelled, "the caller cancelled the narration");
        let cancelled = self.change(id, etag, |narration, now| Ok(narration.cancel(failure.clone(), now))).await?;
        if let Some(cancelled) = cancelled {
            info!(narration = %id, "narration cancelled");
            self.conductor.changed(&cancelled).await;
        }
        self.get(tenant, id).await
    }

    /// Starts a failed or cancelled narration anew, under today's versions.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`, `WRONG_STATE`, and what ordering it again may answer.
    pub async fn retry(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        let current = self.get(tenant, id).await?;
        check_etag(etag, &current.record)?;
        self.start_anew(&current.record, etag).await
    }

    /// Starts a narration anew that failed in `run`, for an operator; whether it was still to be.
    ///
    /// # Errors
    /// What ordering it again may answer.
    pub async fn retry_run(&self, id: &NarrationId, run: u32) -> Result<bool, Failure> {
        let Some(Versioned { record, .. }) = self.narrations.get(id.as_str()).await? else { return Ok(false) };
        if record.run != run || record.phase != Phase::Failed || record.erased || record.deleted.is_some() {
            return Ok(false);
        }
        match self.start_anew(&record, &record.version.to_string()).await {
            Ok(_) => Ok(true),
            // Somebody else did something with it.
            Err(failure) if failure.reason == Reason::EtagMismatch => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn start_anew(&self, old: &Narration, etag: &str) -> Result<Versioned<Narration>, Failure> {
        let id = &old.id;
        // Refused before anybody is asked for anything.
        old.clone().retry(old.pins.clone(), old.updated)?;
        self.door.admit(&old.tenant).await?;
        let (_, pins) = self.stages.pin(&old.tenant, &old.wish()).await?;
        let retried = self
            .change(id, etag, |narration, now| {
                narration.retry(pins.clone(), now)?;
                narration.traceparent = current_traceparent();
                Ok(Transition::Changed)
            })
            .await?;
        let retried = retried.ok_or_else(|| not_found(id))?;
        info!(narration = %id, run = retried.record.run, "narration retried");
        self.conductor.changed(&retried).await;
        Ok(retried)
    }

    /// Deletes a narration and the files of its recording. The record stays as a tombstone without
    /// content; files that a step was just putting are swept later. Deleting it again finds
    /// nothing, whatever the etag, and goes on with files that are still to be deleted.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`.
    pub async fn delete(&self, tenant: &TenantId, id: &NarrationId, etag: &str) -> Result<(), Failure> {
        let known = self.narrations.get(id.as_str()).await?.filter(|known| known.record.tenant == *tenant);
        let known = known.filter(|known| !known.record.gone()).ok_or_else(|| not_found(id))?;
        let (deleted, answer) = if known.record.deleted.is_some() {
            (known, Err(not_found(id)))
        } else {
            let delete = |narration: &mut Narration, now| {
                narration.delete(now);
                Ok(Transition::Changed)
            };
            // None where another call deleted it at the same moment, and goes on with it.
            let Some(deleted) = self.change(id, etag, delete).await? else { return Err(not_found(id)) };
            info!(narration = %id, "narration deleted");
            (deleted, Ok(()))
        };
        if let Err(error) = self.conductor.settle(&deleted).await {
            warn!(narration = %id, %error, "files not deleted yet, the reconciler will");
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

    /// Cancels every narration of a document that is about to be erased, and clears what their
    /// records say of it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn erase_document(&self, tenant: &TenantId, document: &DocumentId) -> Result<(), Failure> {
        let mut query = Query::new().eq("document", document.as_str()).limit(200);
        loop {
            let page = self.list(tenant, query.clone()).await?;
            for narration in &page.items {
                let erased = self
                    .conductor
                    .update(&narration.record.id, |narration, now| {
                        if narration.erased {
                            return Transition::Unchanged;
                        }
                        narration.erase(now);
                        Transition::Changed
                    })
                    .await?;
                if let Some(erased) = erased {
                    self.conductor.changed(&erased).await;
                }
            }
            match page.next {
                Some(cursor) => query = query.after(cursor),
                None => return Ok(()),
            }
        }
    }
}

fn not_found(id: &NarrationId) -> Failure {
    Failure::not_found(names::of_narration(id))
}

fn same_request(known: Versioned<Narration>, digest: &Digest) -> Result<Versioned<Narration>, Failure> {
    if known.record.request == *digest {
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

fn read(wire: &api::Narration) -> Result<Wish, Failure> {
    let document = names::document(&wire.document, "narration.document")?;
    text::check_name("narration.voice", &wire.voice)?;
    let order = convert::order(wire.style, wire.length, wire.footnotes, &wire.language)?;
    let speed = if wire.speed == 0.0 { 1.0 } else { wire.speed };
    if !(0.5..=2.0).contains(&speed) {
        return Err(Failure::invalid("narration.speed", "speed must be from 0.5 to 2.0; 0 means 1.0"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "50 to 200 after the check above")]
    let speed = (speed * 100.0).round() as u32;
    let mut formats = wire.formats.clone();
    if formats.is_empty() {
        formats = vec![api::AudioFormat::Opus.into(), api::AudioFormat::Wav.into()];
    }
    formats.sort_unstable();
    formats.dedup();
    for format in &formats {
        match api::AudioFormat::try_from(*format) {
            Ok(api::AudioFormat::Unspecified) | Err(_) => {
                return Err(Failure::new(
                    Kind::InvalidArgument,
                    Reason::AudioFormatUnsupported,
                    format!("narration.formats has {format}, which is no format; use OPUS, WAV, FLAC or MP3"),
                )
                .at("narration.formats"));
            }
            Ok(api::AudioFormat::Opus | api::AudioFormat::Wav | api::AudioFormat::Flac | api::AudioFormat::Mp3) => {}
        }
    }
    let lane = match api::Lane::try_from(wire.lane) {
        Ok(api::Lane::Unspecified | api::Lane::Standard) => api::Lane::Standard,
        Ok(lane @ (api::Lane::Interactive | api::Lane::Bulk)) => lane,
        Err(_) => {
            return Err(Failure::invalid("narration.lane", "use LANE_INTERACTIVE, LANE_STANDARD or LANE_BULK"));
        }
    };
    let time_limit = wire.time_limit.as_ref().map(read_time_limit).transpose()?;
    Ok(Wish { document, order, voice: wire.voice.clone(), speed, formats, lane: lane.into(), time_limit })
}

/// The longest time that a caller may give a run.
const LONGEST_RUN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

fn read_time_limit(wire: &prost_types::Duration) -> Result<Duration, Failure> {
    // Negative ones first: the smallest has no positive counterpart, which the conversion makes.
    let limit = Some(*wire).filter(|wire| wire.seconds >= 0).and_then(|wire| Duration::try_from(wire).ok());
    limit.filter(|limit| (Duration::from_secs(1)..=LONGEST_RUN).contains(limit)).ok_or_else(|| {
        Failure::invalid("narration.time_limit", "time_limit must be from 1 s to 30 days; leave it out for 24 hours")
    })
}
