//! The conductor over stores, queues and stages that hang, panic and come late.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use lectern_core::Reason;
use lectern_core::clock::ManualClock;
use lectern_core::id::{ScopeId, StepId, StepKind, TenantId};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, event::Outcome as Wire};
use lectern_queue::{ConnectOptions, MemoryQueue, Message};
use lectern_stage::prune::Swept;
use lectern_store::memory::MemoryStore;
use lectern_work::{POSTPONED, Postponed};
use parking_lot::Mutex;
use prost::Message as _;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::conduct::prune::InUse;
use crate::conduct::wire;
use crate::domain::{NarrationRequest, Phase, Pins, StepFailure};
use crate::orders::Deletion;
use crate::stages::Still;
use crate::testing::{Odd, Parts, VirtualClock, narration};

/// Stages of a build, that may hang, and that note what was deleted.
#[derive(Debug, Default)]
struct Builds {
    /// The version of each of their engines.
    version: AtomicU32,
    hang: std::sync::atomic::AtomicBool,
    deleted: Mutex<Vec<(NarrationId, u32)>>,
    cancelled: Mutex<BTreeSet<(NarrationId, u32)>>,
    refuse: Mutex<Option<Failure>>,
}

impl Builds {
    fn of(version: u32) -> Arc<Self> {
        let builds = Self::default();
        builds.version.store(version, Ordering::SeqCst);
        Arc::new(builds)
    }

    async fn hangs(&self) {
        if self.hang.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    fn pins(&self) -> Pins {
        let version = self.version.load(Ordering::SeqCst);
        let mut speakers = narration().pins.speakers;
        speakers.first_mut().voice.version = version.to_string();
        Pins {
            extractor: format!("text/{version}"),
            script: format!("extractive/{version}"),
            speakers,
            ..narration().pins
        }
    }
}

#[async_trait]
impl Stages for Builds {
    async fn pin(&self, _: &TenantId, _: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        self.hangs().await;
        match self.refuse.lock().clone() {
            Some(failure) => Err(failure),
            None => Ok((narration().scope, self.pins())),
        }
    }

    async fn cancel_steps(&self, _: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        self.hangs().await;
        self.cancelled.lock().insert((narration.clone(), run));
        Ok(())
    }

    async fn delete_recording(
        &self,
        _: &TenantId,
        _: &ScopeId,
        narration: &NarrationId,
        run: u32,
    ) -> Result<(), Failure> {
        self.hangs().await;
        self.deleted.lock().push((narration.clone(), run));
        Ok(())
    }

    async fn prune(&self, _: &TenantId, _: &ScopeId, _: &InUse, _: &dyn Still) -> Result<Swept, Failure> {
        self.hangs().await;
        // Nothing was ever made.
        Ok(Swept::default())
    }
}

/// A gateway that conducts.
struct World {
    parts: Parts,
    store: Arc<Odd>,
    stages: Arc<Builds>,
    clock: Arc<VirtualClock>,
    _conducts: AbortOnDropHandle<()>,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let stages = Builds::of(1);
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = Arc::new(Odd::over(Arc::new(MemoryStore::new(Arc::clone(&time)))));
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let shared = Arc::clone(&queue) as Arc<dyn Queue>;
        let port = Arc::clone(&stages) as Arc<dyn Stages>;
        let records = Arc::clone(&store) as Arc<dyn lectern_store::Store>;
        let parts = Parts::over(port, time, records, queue, shared).await;
        let conducts = tokio::spawn(parts.conductor.clone().run(CancellationToken::new()));
        Self { parts, store, stages, clock, _conducts: AbortOnDropHandle::new(conducts) }
    }

    /// A narration that is there.
    async fn insert(&self, id: &str, change: impl FnOnce(&mut Narration)) -> NarrationId {
        let now = self.clock.now();
        let mut n = Narration { id: id.parse().expect("an id"), ..narration() };
        (n.created, n.updated, n.due_at) = (now, now, None);
        n.deadline = now.plus(Duration::from_secs(24 * 60 * 60));
        change(&mut n);
        self.parts.narrations.insert(&n).await.expect("inserted");
        n.id
    }

    async fn read(&self, id: &NarrationId) -> Narration {
        self.parts.narrations.get(id.as_str()).await.expect("read").expect("it is there").record
    }

    /// Tells that a step ended.
    async fn emit(&self, id: &NarrationId, run: u32, kind: StepKind, outcome: Wire) {
        let step = StepId { narration: id.clone(), run, kind, index: 0 };
        let event = work::Event {
            schema: wire::SCHEMA,
            step: step.to_string(),
            outcome: Some(outcome),
            ..work::Event::default()
        };
        let message = Message::new(event.encode_to_vec());
        self.parts.queue.emit("document", id.as_str(), message).await.expect("emitted");
    }

    async fn extracted(&self, id: &NarrationId) {
        self.emit(id, 1, StepKind::Extract, Wire::Extracted(work::Extracted::default())).await;
    }

    /// Tells that nobody has what a step's run is pinned to.
    async fn gone(&self, id: &NarrationId, run: u32, kind: StepKind) {
        let failure = Failure::new(Kind::FailedPrecondition, Reason::PinUnavailable, "no replica has it any more");
        let failure = Some(convert::failure_to_wire(&failure, None));
        let failed = work::StepFailed { failure };
        self.emit(id, run, kind, Wire::Failed(failed)).await;
    }

    /// Lets `seconds` pass.
    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fold_that_hangs_holds_up_no_other_narration() {
    let world = World::new().await;
    let stuck = world.insert("stuck", |_| {}).await;
    world.store.hang("stuck");
    world.extracted(&stuck).await;
    world.pass(1).await;
    for index in 0..200 {
        let id = world.insert(&format!("n{index}"), |_| {}).await;
        world.extracted(&id).await;
    }
    world.pass(5).await;
    for index in 0..200 {
        let id = format!("n{index}").parse().expect("an id");
        assert_ne!(world.read(&id).await.phase(), Phase::Extracting, "{id} waits for another one's fold");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fold_that_panics_ends_nothing_and_its_event_is_answered_at_last() {
    let world = World::new().await;
    let poisonous = world.insert("poisonous", |_| {}).await;
    world.store.panic("poisonous");
    world.extracted(&poisonous).await;
    world.pass(1).await;
    let other = world.insert("other", |_| {}).await;
    world.extracted(&other).await;
    world.pass(5).await;
    assert_eq!(world.read(&other).await.phase(), Phase::Planning, "the gateway goes on");
    let step = StepId { narration: poisonous.clone(), run: 1, kind: StepKind::Extract, index: 0 };
    let key = lectern_core::Digest::of(step.to_string().as_bytes());
    let times = || world.parts.conductor.panicked.get(&key, world.clock.now());
    world.pass(30).await;
    assert_eq!(times(), Some(3), "it came again");
    world.pass(120).await;
    assert_eq!(times(), Some(3), "and was left to the audit then");
}

#[tokio::test(start_paused = true)]
async fn stages_that_hang_hold_up_no_deadline() {
    let world = World::new().await;
    world.stages.hang.store(true, Ordering::SeqCst);
    let now = world.clock.now();
    for index in 0..50 {
        world
            .insert(&format!("cancelled{index}"), |n| {
                n.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"), now);
                n.due_at = Some(now);
            })
            .await;
    }
    let late = |n: &mut Narration| {
        n.spec.time_limit = Some(Duration::from_secs(1));
        n.deadline = now.plus(Duration::from_secs(1));
        n.due_at = Some(n.deadline);
    };
    let late = world.insert("late", late).await;
    world.pass(10).await;
    let failed = world.read(&late).await;
    let why = failed.failure().map(|failed| failed.failure.reason);
    assert_eq!((failed.phase(), why), (Phase::Failed, Some(Reason::DeadlinePassed)));
}

#[tokio::test(start_paused = true)]
async fn no_deadline_ends_what_may_wait_for_its_budget_before_a_new_gateway_could_hear_of_it() {
    let world = World::new().await;
    let now = world.clock.now();
    let late = |n: &mut Narration| {
        n.deadline = now.plus(Duration::from_secs(1));
        n.due_at = Some(n.deadline);
    };
    let (poor, slow) = (world.insert("poor", late).await, world.insert("slow", late).await);
    world.pass(50).await;
    for id in [&poor, &slow] {
        assert_eq!(world.read(id).await.phase(), Phase::Extracting, "{id}: nobody was heard yet");
    }
    // A worker looks again at what waits, and says that it still has to.
    let step = StepId { narration: poor.clone(), run: 1, kind: StepKind::Extract, index: 0 };
    let told = Postponed::new(step, Duration::from_secs(600)).because(Some(Reason::BudgetExhausted));
    world.parts.queue.hint(POSTPONED, told.encode()).await.expect("told");
    world.pass(200).await;
    let waits = world.read(&poor).await;
    assert_eq!(waits.phase(), Phase::Extracting);
    assert!(waits.deadline > world.clock.now(), "its deadline is moved on");
    let failed = world.read(&slow).await;
    let why = failed.failure().map(|failed| failed.failure.reason);
    assert_eq!((failed.phase(), why), (Phase::Failed, Some(Reason::DeadlinePassed)));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_answered_while_stages_hang() {
    let world = World::new().await;
    let id = world.insert("n1", |_| {}).await;
    world.stages.hang.store(true, Ordering::SeqCst);
    let how = Deletion { force: true, ..Deletion::default() };
    let tenant = narration().tenant;
    let deletion = world.parts.orders.delete(&tenant, &id, how, async { Ok(()) });
    let answered = tokio::time::timeout(Duration::from_secs(8), Box::pin(deletion)).await;
    assert_eq!(answered.expect("it is answered"), Ok(()));
    world.stages.hang.store(false, Ordering::SeqCst);
    world.pass(60).await;
    assert!(world.read(&id).await.gone(), "the reconciler went on with it");
}

#[tokio::test(start_paused = true)]
async fn stages_are_told_of_an_end_whose_news_was_lost() {
    let world = World::new().await;
    let now = world.clock.now();
    let cancel = |n: &mut Narration| {
        n.cancel(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"), now);
        n.due_at = Some(now);
    };
    let cancelled = world.insert("cancelled", cancel).await;
    world.pass(10).await;
    assert!(!world.read(&cancelled).await.cancel_pending);
    assert!(world.stages.cancelled.lock().contains(&(cancelled, 1)));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_has_other_pins_fails_no_narration() {
    let world = World::new().await;
    let id = world.insert("n1", |n| n.pins = world.stages.pins()).await;
    world.stages.version.store(2, Ordering::SeqCst);
    world.gone(&id, 1, StepKind::Extract).await;
    world.pass(3).await;
    let pinned = world.read(&id).await;
    assert_eq!((pinned.run, pinned.phase(), &pinned.pins), (2, Phase::Extracting, &world.stages.pins()));
    let repinned = pinned.repinned.expect("it is recorded");
    assert!(repinned.at >= repinned.repin.wanted);
    assert_eq!(repinned.repin.from.script, "extractive/1");
    assert!(pinned.ready.ingest.is_some(), "it waits for its turn again");
    assert!(world.stages.cancelled.lock().contains(&(id.clone(), 1)), "the run before is over");

    world.gone(&id, 2, StepKind::Extract).await;
    world.pass(3).await;
    let failed = world.read(&id).await;
    let why = failed.failure().map(|failed| failed.failure.reason);
    assert_eq!((failed.run, failed.phase(), why), (2, Phase::Failed, Some(Reason::PinUnavailable)), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_pinned_when_the_upgrade_has_come_so_far_that_stages_answer_with_other_versions() {
    let world = World::new().await;
    let id = world.insert("n1", |n| n.pins = world.stages.pins()).await;
    // The replica that is asked is still of the build before.
    world.gone(&id, 1, StepKind::Extract).await;
    world.pass(60).await;
    let waits = world.read(&id).await;
    assert!(waits.awaits_pins());
    assert_eq!(world.parts.conductor.moment(&waits).wait, Some(Wait::EngineUnavailable));
    world.stages.version.store(2, Ordering::SeqCst);
    world.pass(100).await;
    let pinned = world.read(&id).await;
    assert!(!pinned.awaits_pins() && pinned.pins == world.stages.pins(), "{:?}", pinned.repin());
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_voice_is_not_to_be_had_any_more_fails_with_what_the_stages_say() {
    let world = World::new().await;
    let id = world.insert("n1", |_| {}).await;
    let unknown = Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, "no such voice; list the voices");
    *world.stages.refuse.lock() = Some(unknown.clone());
    world.gone(&id, 1, StepKind::Extract).await;
    world.pass(3).await;
    let failed = world.read(&id).await;
    let step = StepId { narration: id, run: 1, kind: StepKind::Extract, index: 0 };
    assert_eq!(failed.failure(), Some(&StepFailure { failure: unknown, step: Some(step) }));
    assert_eq!(failed.phase(), Phase::Failed);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_earlier_runs_is_deleted_by_run_and_never_what_a_later_one_made() {
    let world = World::new().await;
    let id = world
        .insert("n1", |n| {
            let mut tombstone = n.clone();
            tombstone.run = 3;
            tombstone.delete(n.created);
            n.take_place_of(&tombstone);
            n.due_at = Some(n.created);
        })
        .await;
    world.pass(200).await;
    let n = world.read(&id).await;
    assert_eq!((n.run, n.earlier.len()), (4, 0), "nothing is left");
    let deleted = world.stages.deleted.lock().clone();
    assert_eq!(deleted, [(id.clone(), 3), (id.clone(), 3)], "at once, and for what was just being put");
    assert!(world.stages.cancelled.lock().contains(&(id, 3)));
}

#[tokio::test]
async fn a_tombstone_ends_after_the_retention_and_its_request_begins_anew() {
    let clock = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
    let stages = Builds::of(1);
    let time = Arc::clone(&clock) as Arc<dyn Clock>;
    let parts = Parts::new(Arc::clone(&stages) as _, time, ConnectOptions::default()).await;
    let day = Duration::from_secs(24 * 60 * 60);
    let conductor = parts.conductor.clone().with_retention(2 * day);
    let mut n = narration();
    n.delete(clock.now());
    parts.narrations.insert(&n).await.expect("inserted");
    let read = async || parts.narrations.get(n.id.as_str()).await.expect("read");
    let do_errand = async || conductor.do_errand(&read().await.expect("it is there")).await.expect("done");
    for passed in [Duration::ZERO, Duration::from_secs(61)] {
        clock.advance(passed);
        conductor.settle(&read().await.expect("it is there")).await.expect("settled");
    }
    let due = read().await.expect("a tombstone").record.due_at.expect("it ends");
    clock.advance(due.since(clock.now()) - Duration::from_millis(1));
    do_errand().await;
    assert!(read().await.is_some(), "not yet");
    clock.advance(Duration::from_millis(1));
    assert_eq!(clock.now(), n.deleted.expect("deleted").plus(3 * day));
    do_errand().await;
    assert_eq!(read().await, None, "it was kept for a day longer than stages know of its runs");
}
