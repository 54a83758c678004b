//! Segments: spoken once, kept for good.

mod payment;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lectern_blob::{Objects, Put};
use lectern_core::id::TenantId;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_provider::{Claim, Claimed, claim_or_find};
use lectern_runtime::telemetry::Counter;
use lectern_stage::{Job, Lookups};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug};

use self::payment::OfSegment;
use self::stored::look;
pub use self::stored::{SegmentKeys, Stored};
use super::news::News;
use super::turns::Turns;
use crate::audio::segment::SegmentObject;
use crate::engine::{Payments, SegmentRequest, Speaking, Unpaid};
use crate::speaking::{Choice, Speaker};

/// How soon a caller that was turned away should try again.
const AGAIN: Duration = Duration::from_secs(2);

/// Who finds that somebody else speaks what he wants spoken looks for it again after this time, and
/// after twice as long each time, up to the second.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Speaks segments, or finds them spoken.
#[derive(Clone)]
pub struct Segments {
    speaker: Speaker,
    turns: Turns,
    speaking: Arc<Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>>,
    news: News,
    spoken: Counter,
    found: Counter,
    lookups: Arc<Lookups>,
}

impl std::fmt::Debug for Segments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segments").field("speaker", &self.speaker).finish_non_exhaustive()
    }
}

impl Segments {
    /// Segments of `speaker`, of which callers of `Synthesize` have fewer than `places` at once, so
    /// that narrations have one.
    #[must_use]
    pub fn new(speaker: Speaker, places: usize) -> Self {
        let metrics = lectern_runtime::Metrics::new("tts");
        Self {
            speaker,
            turns: Turns::new(places),
            speaking: Arc::default(),
            news: News::default(),
            spoken: metrics.counter("lectern.tts.segments_spoken", "{segment}", "Segments that the engine spoke."),
            found: metrics.counter(
                "lectern.tts.segments_found",
                "{segment}",
                "Segments that an earlier step had spoken.",
            ),
            lookups: Arc::default(),
        }
    }

    /// How often a segment that a section needs was spoken already.
    #[must_use]
    pub const fn lookups(&self) -> &Arc<Lookups> {
        &self.lookups
    }

    /// Who hears of what is put.
    pub(crate) const fn news(&self) -> &News {
        &self.news
    }

    /// The segment under one of `keys`, spoken by `choice` if it is not there: those of lower
    /// `section`s first. It is durable when this returns. Who waits for another that speaks the
    /// same finds it.
    ///
    /// # Errors
    /// What the engine answers, `SPEECH_REJECTED`, and the failures of object storage.
    pub async fn get(
        &self,
        job: &Job,
        keys: SegmentKeys,
        section: u32,
        choice: Arc<Choice>,
        payments: Arc<dyn Payments>,
        request: SegmentRequest,
    ) -> Result<Stored, Failure> {
        // Equal sentences have one key: the second waits for the first and finds it.
        let speaking = self.speaking(&keys.asked);
        let speaking = speaking.lock_owned().await;
        if let Some(segment) = self.find(&job.objects, &keys).await? {
            return Ok(segment);
        }
        let mut claim = Claim::default();
        if choice.paid() {
            job.before_payment().await?;
            match self.claimed(job, &keys, &*payments).await? {
                Claimed::Ours(held) => claim = held,
                Claimed::Found(stored) => return Ok(stored),
            }
        }
        // In a task of its own: when the step is cancelled while it is spoken, what was spoken is
        // still put, and not paid for again. What waits then for a core, or for its share of what a
        // provider allows, is not spoken any more.
        let (speaker, spoken, news) = (self.speaker.clone(), self.spoken.clone(), self.news.clone());
        let (objects, cancel) = (job.objects.clone(), job.cancel.clone());
        let made = async move {
            // Until it is put: who waits for one of them finds it then.
            let (_speaking, _claim) = (speaking, claim);
            let payments = OfSegment { payments: &*payments, objects: &objects, keys };
            let speaking = Speaking { rank: section, cancel: &cancel, payments: &payments };
            let segment = speaker.speak(&request, &choice, &speaking).await?;
            spoken.add(1, &[]);
            let key = keys.of(&segment);
            debug!(%key, samples = segment.samples.len(), "segment spoken");
            let path = objects.folder().segment(&key);
            let put = objects.write(&path, segment.encode()?).await?;
            news.put(&key);
            Ok::<_, Failure>(match put {
                Put::Stored => Stored::Made(key, segment),
                // Somebody else's was put while this was spoken, and is what the key names for
                // good; this one may sound otherwise.
                Put::AlreadyThere => Stored::Found(key, SegmentObject::decode(&objects.read(&path).await?)?),
            })
        };
        match tokio::spawn(made.in_current_span()).await.map_err(|_| broke_off())? {
            Ok(stored) => {
                self.lookups.note(false);
                Ok(stored)
            }
            // Somebody else has spoken it while this waited.
            Err(failure) if failure.kind == Kind::Aborted => self.find(&job.objects, &keys).await?.ok_or(failure),
            Err(failure) => Err(failure),
        }
    }

    /// Claims a segment that costs money, or waits until somebody else who speaks it has put it, or
    /// has given it up: in this process nobody else does.
    async fn claimed(
        &self,
        job: &Job,
        keys: &SegmentKeys,
        payments: &dyn Payments,
    ) -> Result<Claimed<Stored>, Failure> {
        let name = Digest::of(job.objects.folder().segment(&keys.asked).as_bytes());
        let (claim, find) = (|| payments.claim(&name), || self.find(&job.objects, keys));
        claim_or_find((LOOK_AGAIN, LONGEST_LOOK), &job.cancel, claim, find).await
    }

    /// Speaks a segment that is kept nowhere, for a caller of `tenant` who waits for it. It takes
    /// its turn among those of all callers, and then goes before later sections. Once `stop` is
    /// cancelled nothing more is spoken, also where nobody waits for this.
    ///
    /// # Errors
    /// What the engine answers, `SPEECH_REJECTED`, `CANCELLED`; `LIMIT_EXCEEDED` where as many
    /// calls of the tenant wait as may.
    pub async fn speak(
        &self,
        tenant: &TenantId,
        choice: &Choice,
        request: SegmentRequest,
        stop: CancellationToken,
    ) -> Result<SegmentObject, Failure> {
        // Held until it is spoken, and by then its core was passed on: whoever waits for one goes
        // before the next caller.
        let _turn = self.turns.take(tenant).await.ok_or_else(|| turned_away(tenant))?;
        let speaking = Speaking { rank: 0, cancel: &stop, payments: &Unpaid };
        self.speaker.speak(&request, choice, &speaking).await
    }

    /// The segment under the first of `keys` that has one, as soon as one is there: a step speaks
    /// it, here or elsewhere.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED`, `BLOB_UNAVAILABLE`; `SHUTTING_DOWN` where this process ends before.
    pub async fn follow(&self, objects: &Objects, keys: &[Digest]) -> Result<(Digest, SegmentObject), Failure> {
        self.news.follow(keys, || look(objects, keys)).await
    }

    /// The segment under one of `keys`, where it is there: a lookup that found something.
    async fn find(&self, objects: &Objects, keys: &SegmentKeys) -> Result<Option<Stored>, Failure> {
        let keys: Vec<Digest> = keys.all().collect();
        let Some((key, segment)) = look(objects, &keys).await? else { return Ok(None) };
        self.found.add(1, &[]);
        self.lookups.note(true);
        Ok(Some(Stored::Found(key, segment)))
    }

    /// The lock of everybody who wants the segment under `key` in this process.
    fn speaking(&self, key: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.speaking.lock();
        if let Some(lock) = locks.get(key).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        locks.insert(*key, Arc::downgrade(&lock));
        lock
    }

    /// The segment under `key`, which a track says is there.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED`, `BLOB_UNAVAILABLE`.
    pub async fn read(&self, objects: &Objects, key: &Digest) -> Result<SegmentObject, Failure> {
        SegmentObject::decode(&objects.read(&objects.folder().segment(key)).await?)
    }
}

fn broke_off() -> Failure {
    Failure::new(Kind::Internal, Reason::Internal, "synthesis broke off; the step is tried again")
}

fn turned_away(tenant: &TenantId) -> Failure {
    let message = "as many calls of this tenant wait to be spoken as may; wait for some to end, then call again";
    let failure = Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message);
    failure.about(format!("tenants/{tenant}")).after(AGAIN)
}
