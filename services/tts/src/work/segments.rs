//! Segments: spoken once, kept for good. All steps of this process share one semaphore of the
//! cores, so that synthesis takes all of them and no more.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lectern_blob::Objects;
use lectern_core::id::TenantId;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_runtime::telemetry::Counter;
use lectern_stage::{Job, Lookups};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug};

use super::ranked_semaphore::RankedSemaphore;
use super::turns::Turns;
use crate::audio::record::{record, record_until};
use crate::audio::segment::SegmentObject;
use crate::engine::{SegmentRequest, SpeechEngine};

/// How soon a caller that was turned away should try again.
const AGAIN: Duration = Duration::from_secs(2);

/// A segment that is durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// It was there when it was looked for.
    Found(SegmentObject),
    /// It was spoken for this.
    Made(SegmentObject),
}

impl Stored {
    /// The segment, however it came to be there.
    #[must_use]
    pub const fn segment(&self) -> &SegmentObject {
        match self {
            Self::Found(segment) | Self::Made(segment) => segment,
        }
    }
}

/// Speaks segments, or finds them spoken.
#[derive(Clone)]
pub struct Segments {
    cores: RankedSemaphore,
    turns: Turns,
    speaking: Arc<Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>>,
    spoken: Counter,
    found: Counter,
    lookups: Arc<Lookups>,
}

impl std::fmt::Debug for Segments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segments").field("free", &self.cores.free()).finish_non_exhaustive()
    }
}

impl Segments {
    /// Speaks at most `cores` segments at once.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let metrics = lectern_runtime::Metrics::new("tts");
        Self {
            cores: RankedSemaphore::new(cores),
            turns: Turns::new(cores),
            speaking: Arc::default(),
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

    /// The segment under `key`, spoken if it is not there: those of lower `section`s first. It is
    /// durable when this returns. Who waits for another that speaks the same finds it.
    ///
    /// # Errors
    /// What the engine answers, `SPEECH_REJECTED`, and the failures of object storage.
    pub async fn get(
        &self,
        job: &Job,
        key: &Digest,
        section: u32,
        engine: Arc<dyn SpeechEngine>,
        request: SegmentRequest,
    ) -> Result<Stored, Failure> {
        let objects = &job.objects;
        let path = objects.folder().segment(key);
        // Equal sentences have one key: the second waits for the first and finds it.
        let speaking = self.speaking(key);
        let speaking = speaking.lock_owned().await;
        if let Some(segment) = self.find(objects, &path).await? {
            return Ok(segment);
        }
        if engine.paid() {
            job.before_payment().await?;
        }
        let permit = self.cores.acquire(section).await.ok_or_else(broke_off)?;
        // Again: while this waited, or its process stood still, whoever had the step may have
        // spoken it (I8).
        if let Some(segment) = self.find(objects, &path).await? {
            return Ok(segment);
        }
        // In a task of its own: when the step is cancelled meanwhile, what was spoken is still put,
        // and not paid for again.
        let (spoken, objects, key) = (self.spoken.clone(), objects.clone(), *key);
        let made = async move {
            let _speaking = speaking;
            let span = Span::current();
            let segment = tokio::task::spawn_blocking(move || {
                let (_permit, _within) = (permit, span.enter());
                record(&*engine, &request)
            })
            .await
            .map_err(|_| broke_off())??;
            spoken.add(1, &[]);
            debug!(%key, samples = segment.samples.len(), "segment spoken");
            objects.write(&path, segment.encode()?).await?;
            Ok::<_, Failure>(Stored::Made(segment))
        };
        let made = tokio::spawn(made.in_current_span()).await.map_err(|_| broke_off())??;
        self.lookups.note(false);
        Ok(made)
    }

    /// Speaks a segment that is kept nowhere, for a caller of `tenant` who waits for it. It takes
    /// its turn among those of all callers, and then gets a core before later sections do.
    /// Once `stop` is cancelled nothing more is spoken, also where nobody waits for this.
    ///
    /// # Errors
    /// What the engine answers, `SPEECH_REJECTED`, `CANCELLED`; `LIMIT_EXCEEDED` where as many
    /// calls of the tenant wait as may.
    pub async fn speak(
        &self,
        tenant: &TenantId,
        engine: Arc<dyn SpeechEngine>,
        request: SegmentRequest,
        stop: CancellationToken,
    ) -> Result<SegmentObject, Failure> {
        let broke_off = || Failure::internal("synthesis broke off; call again");
        let turn = self.turns.take(tenant).await.ok_or_else(|| turned_away(tenant))?;
        let permit = self.cores.acquire(0).await.ok_or_else(broke_off)?;
        let span = Span::current();
        let spoken = tokio::task::spawn_blocking(move || {
            let _within = span.enter();
            // The core is passed on first: whoever waits for one goes before the next caller.
            let _held = (permit, turn);
            record_until(&*engine, &request, &stop)
        });
        spoken.await.map_err(|_| broke_off())?
    }

    /// The segment at `path`, where it is there: a lookup that found something.
    async fn find(&self, objects: &Objects, path: &str) -> Result<Option<Stored>, Failure> {
        let Some(bytes) = objects.find(path).await? else { return Ok(None) };
        self.found.add(1, &[]);
        let segment = SegmentObject::decode(&bytes)?;
        self.lookups.note(true);
        Ok(Some(Stored::Found(segment)))
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

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;

    use super::super::turns::WAITING;
    use super::*;
    use crate::engine::Speed;
    use crate::engine::tone::{ToneEngine, VOICE};

    fn request(text: &str) -> SegmentRequest {
        SegmentRequest::new(text, VOICE, Speed::NORMAL)
    }

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    fn job(objects: Objects) -> Job {
        Job {
            step: "n1/1/record/7".parse().unwrap(),
            tenant: tenant("hooli"),
            objects,
            cancel: CancellationToken::new(),
            progress: Default::default(),
            payment: Default::default(),
        }
    }

    /// Tones that cost money.
    #[derive(Debug)]
    struct Paid(ToneEngine);

    impl SpeechEngine for Paid {
        fn voices(&self) -> Vec<crate::engine::Voice> {
            self.0.voices()
        }

        fn paid(&self) -> bool {
            true
        }

        fn synthesize(&self, request: &SegmentRequest) -> Result<crate::engine::Speech, Failure> {
            self.0.synthesize(request)
        }
    }

    #[tokio::test]
    async fn nothing_is_paid_for_without_the_lease_of_the_step() {
        let engine = Arc::new(Paid(ToneEngine::new()));
        let segments = Segments::new(1);
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let job = job(Objects::new(blob, &tenant("hooli"), &"book".parse().unwrap()));
        let (key, other) = (Digest::of(b"a segment"), Digest::of(b"another segment"));
        let speak = |key| segments.get(&job, key, 7, Arc::clone(&engine) as _, request("Told."));
        speak(&key).await.unwrap();
        assert_eq!(engine.0.calls(), 1);
        job.cancel.cancel();
        assert!(matches!(speak(&key).await, Ok(Stored::Found(_))), "what is there costs nothing");
        assert_eq!(speak(&other).await.unwrap_err().kind, Kind::Cancelled);
        assert_eq!(engine.0.calls(), 1);
        assert_eq!((segments.lookups().hits(), segments.lookups().misses()), (1, 1), "what fails is neither");
    }

    #[tokio::test]
    async fn callers_who_never_pause_leave_a_narration_its_turn() {
        for cores in [1, 2] {
            let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(20)));
            let segments = Segments::new(cores);
            for caller in ["acme", "globex", "initech", "acme", "globex", "initech"] {
                let (segments, engine) = (segments.clone(), Arc::clone(&engine));
                tokio::spawn(async move {
                    let tenant = tenant(caller);
                    loop {
                        let stop = CancellationToken::new();
                        segments.speak(&tenant, Arc::clone(&engine) as _, request("Said."), stop).await.unwrap();
                    }
                });
            }
            while engine.calls() < 3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
            let objects = Objects::new(blob, &tenant("hooli"), &"book".parse().unwrap());
            let job = job(objects);
            let before = engine.calls();
            let key = Digest::of(b"a segment");
            let narrated = segments.get(&job, &key, 7, Arc::clone(&engine) as _, request("Told."));
            tokio::time::timeout(Duration::from_secs(10), narrated).await.expect("its turn").unwrap();
            let meanwhile = engine.calls() - before;
            assert!(meanwhile < 10, "{meanwhile} pieces before one segment, on {cores} cores");
        }
    }

    #[tokio::test]
    async fn a_tenant_with_too_many_calls_is_told_so_and_others_are_heard() {
        let engine: Arc<dyn SpeechEngine> = Arc::new(ToneEngine::new());
        let segments = Segments::new(3);
        let (many, other) = (tenant("acme"), tenant("globex"));
        let held = segments.turns.take(&many).await.expect("a turn");
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(segments.turns.take(&many))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let speak = |tenant| segments.speak(tenant, Arc::clone(&engine), request("Said."), CancellationToken::new());
        let refused = speak(&many).await.unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
        assert_eq!((refused.resource.as_deref(), refused.retry_after), (Some("tenants/acme"), Some(AGAIN)));
        speak(&other).await.unwrap();
        drop((waiting, held));
        speak(&many).await.unwrap();
    }
}
