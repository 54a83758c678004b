//! Segments of tones: spoken once, found again, paid for by one.

use futures::FutureExt as _;
use lectern_blob::memory::MemoryBlob;
use lectern_core::SystemClock;

use super::super::turns::WAITING;
use super::*;
use crate::engine::tone::{ToneEngine, ToneOutcome, VOICE};
use crate::engine::{Compute, Cores, Speech, Speed, Voice};
use crate::testing::{a_voice, chosen, on_a_core, on_cores, only, speaker};

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

fn objects() -> Objects {
    let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
    Objects::new(blob, &tenant("hooli"), &"book".parse().unwrap())
}

/// Tones that cost money.
#[derive(Debug)]
struct Bought(ToneEngine);

impl Compute for Bought {
    fn voices(&self) -> Vec<Voice> {
        self.0.voices()
    }

    fn paid(&self) -> bool {
        true
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        self.0.synthesize(request)
    }
}

#[tokio::test]
async fn nothing_is_paid_for_without_the_lease_of_the_step() {
    let engine = Arc::new(Bought(ToneEngine::new()));
    let segments = Segments::new(speaker(), 1);
    let choice = Arc::new(only(on_cores(Arc::clone(&engine) as _, &Cores::new(1))));
    let job = job(objects());
    let (key, other) = (Digest::of(b"a segment"), Digest::of(b"another segment"));
    let speak = |key| {
        let keys = SegmentKeys::only(key);
        segments.get(&job, keys, 7, Arc::clone(&choice), Arc::new(Unpaid), request("Told."))
    };
    speak(key).await.unwrap();
    assert_eq!(engine.0.calls(), 1);
    job.cancel.cancel();
    assert!(matches!(speak(key).await, Ok(Stored::Found(..))), "what is there costs nothing");
    assert_eq!(speak(other).await.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(engine.0.calls(), 1);
    assert_eq!((segments.lookups().hits(), segments.lookups().misses()), (1, 1), "what fails is neither");
}

/// Of two replicas that want the same at once, one pays for it.
#[tokio::test]
async fn of_equal_segments_that_cost_money_one_is_spoken_in_the_whole_system() {
    let engine = Arc::new(Bought(ToneEngine::new().with_delay(Duration::from_millis(200))));
    let choice = Arc::new(only(on_cores(Arc::clone(&engine) as _, &Cores::new(2))));
    let (job, cashier) = (job(objects()), crate::testing::cashier());
    let keys = SegmentKeys::only(Digest::of(b"a segment"));
    let payments: Arc<dyn Payments> =
        Arc::new(cashier.of_step(&job.tenant, &job.step, lectern_provider::BudgetLimits::default()));
    let replicas = [Segments::new(speaker(), 1), Segments::new(speaker(), 1)];
    let get = |segments: &Segments| {
        let (segments, job) = (segments.clone(), job.clone());
        let (choice, payments) = (Arc::clone(&choice), Arc::clone(&payments));
        async move { segments.get(&job, keys, 7, choice, payments, request("Told.")).await }
    };
    let (one, other) = tokio::join!(get(&replicas[0]), get(&replicas[1]));
    let made = [one.unwrap(), other.unwrap()].iter().filter(|stored| matches!(stored, Stored::Made(..))).count();
    assert_eq!((made, engine.0.calls()), (1, 1));
}

#[tokio::test]
async fn what_somebody_else_spoke_meanwhile_is_found_and_not_spoken_again() {
    let (engine, cores) = (Arc::new(ToneEngine::new()), Cores::new(1));
    let segments = Segments::new(speaker(), 1);
    let choice = Arc::new(only(on_cores(Arc::clone(&engine) as _, &cores)));
    let job = job(objects());
    let key = Digest::of(b"a segment");
    let held = cores.enter(0).await.unwrap();
    let waiting = segments.get(&job, SegmentKeys::only(key), 7, choice, Arc::new(Unpaid), request("Told."));
    let mut waiting = Box::pin(waiting);
    // It has looked by now, and waits for the core.
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    let theirs = SegmentObject::new(24_000, vec![1; 10], Vec::new(), crate::engine::Usage::default());
    job.objects.write(&job.objects.folder().segment(&key), theirs.encode().unwrap()).await.unwrap();
    drop(held);
    assert_eq!(waiting.await, Ok(Stored::Found(key, theirs)));
    assert_eq!((engine.calls(), cores.free()), (0, 1));
}

/// An engine that costs nothing has no claims, so two replicas may speak the same at once.
#[tokio::test]
async fn what_somebody_else_put_while_it_was_spoken_is_the_segment() {
    let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(300)));
    let segments = Segments::new(speaker(), 1);
    let choice = Arc::new(only(on_a_core(&engine)));
    let job = job(objects());
    let key = Digest::of(b"a segment");
    let speaking = segments.get(&job, SegmentKeys::only(key), 7, choice, Arc::new(Unpaid), request("Told."));
    let theirs = SegmentObject::new(24_000, vec![1; 10], Vec::new(), crate::engine::Usage::default());
    let put = async {
        while engine.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        job.objects.write(&job.objects.folder().segment(&key), theirs.encode().unwrap()).await.unwrap();
    };
    let (stored, ()) = tokio::join!(speaking, put);
    assert_eq!(stored, Ok(Stored::Found(key, theirs)), "what is kept, and not what was spoken");
    assert_eq!((engine.calls(), segments.lookups().misses()), (1, 1));
}

#[tokio::test]
async fn what_another_voice_spoke_is_found_by_orders_alone_that_allow_it() {
    let (deaf, spare) = (Arc::new(ToneEngine::new()), Arc::new(ToneEngine::speaking_as(a_voice("engines/b/voices/b"))));
    deaf.script(vec![ToneOutcome::Silence; 3]);
    let segments = Segments::new(speaker(), 1);
    let alone = Arc::new(only(on_a_core(&deaf)));
    let both = Arc::new(Choice { others: vec![chosen(on_a_core(&spare))], ..(*alone).clone() });
    let job = job(objects());
    let (asked, other) = (Digest::of(b"a segment"), Digest::of(b"the same of others"));
    let allowing = SegmentKeys { asked, other: Some(other) };
    let get = |keys, choice: &Arc<Choice>| {
        segments.get(&job, keys, 7, Arc::clone(choice), Arc::new(Unpaid), request("Told."))
    };
    let made = get(allowing, &both).await.unwrap();
    assert_eq!((made.key(), made.segment().voice.is_some()), (other, true));
    assert!(matches!(get(allowing, &both).await, Ok(Stored::Found(key, _)) if key == other));
    let made = get(SegmentKeys::only(asked), &alone).await.unwrap();
    assert!(matches!(made, Stored::Made(key, _) if key == asked), "it is spoken by the voice that was asked for");
    assert!(matches!(get(allowing, &both).await, Ok(Stored::Found(key, _)) if key == asked), "which goes first");
    assert_eq!((deaf.calls(), spare.calls()), (4, 1));
}

#[tokio::test]
async fn a_step_that_is_cancelled_while_it_waits_leaves_its_place() {
    let (engine, cores) = (Arc::new(ToneEngine::new()), Cores::new(1));
    let segments = Segments::new(speaker(), 1);
    let choice = Arc::new(only(on_cores(Arc::clone(&engine) as _, &cores)));
    let job = job(objects());
    let held = cores.enter(0).await.unwrap();
    let key = Digest::of(b"a segment");
    let mut waiting =
        Box::pin(segments.get(&job, SegmentKeys::only(key), 7, choice, Arc::new(Unpaid), request("Told.")));
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut waiting).await.is_err());
    job.cancel.cancel();
    assert_eq!(waiting.await.unwrap_err().kind, Kind::Cancelled);
    drop(held);
    assert_eq!((engine.calls(), cores.free()), (0, 1));
}

#[tokio::test]
async fn callers_who_never_pause_leave_a_narration_its_turn() {
    for cores in [1, 2] {
        let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(20)));
        let choice = Arc::new(only(on_cores(Arc::clone(&engine) as _, &Cores::new(cores))));
        let segments = Segments::new(speaker(), cores);
        for caller in ["acme", "globex", "initech", "acme", "globex", "initech"] {
            let (segments, choice) = (segments.clone(), Arc::clone(&choice));
            tokio::spawn(async move {
                let tenant = tenant(caller);
                loop {
                    let stop = CancellationToken::new();
                    segments.speak(&tenant, &choice, request("Said."), stop).await.unwrap();
                }
            });
        }
        while engine.calls() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let job = job(objects());
        let before = engine.calls();
        let key = Digest::of(b"a segment");
        let narrated = segments.get(&job, SegmentKeys::only(key), 7, choice, Arc::new(Unpaid), request("Told."));
        tokio::time::timeout(Duration::from_secs(10), narrated).await.expect("its turn").unwrap();
        let meanwhile = engine.calls() - before;
        assert!(meanwhile < 10, "{meanwhile} pieces before one segment, on {cores} cores");
    }
}

#[tokio::test]
async fn a_tenant_with_too_many_calls_is_told_so_and_others_are_heard() {
    let choice = only(on_a_core(&Arc::new(ToneEngine::new())));
    let segments = Segments::new(speaker(), 3);
    let (many, other) = (tenant("acme"), tenant("globex"));
    let held = segments.turns.take(&many).await.expect("a turn");
    let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(segments.turns.take(&many))).collect();
    assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
    let speak = |tenant| segments.speak(tenant, &choice, request("Said."), CancellationToken::new());
    let refused = speak(&many).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    assert_eq!((refused.resource.as_deref(), refused.retry_after), (Some("tenants/acme"), Some(AGAIN)));
    speak(&other).await.unwrap();
    drop((waiting, held));
    speak(&many).await.unwrap();
}
