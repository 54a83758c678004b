use std::collections::VecDeque;
use std::sync::Arc;

use lectern_core::clock::ManualClock;
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Clock as _, Kind, Reason};
use lectern_queue::ConnectOptions;
use lectern_stage::prune::Swept;
use lectern_store::{Change, Collection};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::conduct::prune::InUse;
use crate::domain::{NarrationRequest, Pins};
use crate::stages::Stages;
use crate::testing::{Parts, narrate, narration, succeed};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Stages that prune.
#[derive(Debug, Default)]
struct Pruning {
    /// What was in use, of each call.
    asked: Mutex<Vec<InUse>>,
    /// What is ordered between the looks of the next call.
    meanwhile: Mutex<Option<(Collection<Narration>, Narration)>>,
    /// What calls come to; by default nothing was unused.
    ends: Mutex<VecDeque<Result<Swept, Failure>>>,
}

#[async_trait]
impl Stages for Pruning {
    async fn pin(&self, _: &TenantId, _: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        Err(Failure::internal("nothing is ordered here"))
    }

    async fn cancel_steps(&self, _: &TenantId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        Ok(())
    }

    async fn delete_recording(&self, _: &TenantId, _: &ScopeId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        Ok(())
    }

    async fn prune(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        in_use: &InUse,
        still: &dyn Still,
    ) -> Result<Swept, Failure> {
        assert_eq!((tenant, scope), (&narration().tenant, &narration().scope));
        self.asked.lock().push(in_use.clone());
        let meanwhile = self.meanwhile.lock().take();
        if let Some((narrations, ordered)) = meanwhile {
            narrations.insert(&ordered).await.expect("ordered");
        }
        if !still.still().await? {
            return Ok(Swept { deleted: 0, left: true });
        }
        self.ends.lock().pop_front().unwrap_or(Ok(Swept::default()))
    }
}

struct World {
    clock: Arc<ManualClock>,
    stages: Arc<Pruning>,
    parts: Parts,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
        let stages = Arc::new(Pruning::default());
        let parts = Parts::new(Arc::clone(&stages) as _, Arc::clone(&clock) as _, ConnectOptions::default()).await;
        Self { clock, stages, parts }
    }

    /// A narration of three sections, as it is `change`d.
    async fn insert(&self, id: &str, change: impl FnOnce(&mut Narration)) -> Narration {
        let mut n = of_three_sections(id);
        change(&mut n);
        self.parts.narrations.insert(&n).await.expect("inserted");
        n
    }

    /// One that was deleted so many days ago.
    async fn deleted(&self, id: &str, days: u32) -> Narration {
        let at = self.clock.now().minus(days * DAY);
        let kept = self.parts.conductor.tombstones_kept;
        let delete = |n: &mut Narration| {
            n.delete(at);
            n.settled(kept, at.plus(DAY / 2));
        };
        self.insert(id, delete).await
    }

    /// Has a narration succeed a day ago.
    fn finish(&self) -> impl Fn(&mut Narration) + Send + use<> {
        let at = self.clock.now().minus(DAY);
        move |n| succeed(n, at)
    }

    async fn change(&self, id: &NarrationId, change: impl Fn(&mut Narration) + Send) {
        let change = move |n: &mut Narration| {
            change(n);
            Ok(Change::Write)
        };
        self.parts.narrations.update(id.as_str(), change).await.expect("written");
    }

    async fn read(&self, id: &NarrationId) -> Option<Narration> {
        self.parts.narrations.get(id.as_str()).await.expect("read").map(|known| known.record)
    }

    async fn do_errand(&self, id: &NarrationId) -> Result<(), Failure> {
        let known = self.parts.narrations.get(id.as_str()).await.expect("read").expect("it is there");
        self.parts.conductor.do_errand(&known).await
    }

    /// In how long a tombstone is due again.
    async fn due_in(&self, id: &NarrationId) -> Duration {
        let due = self.read(id).await.expect("it stays").due_at.expect("it is due");
        due.since(self.clock.now())
    }

    fn asked(&self) -> Vec<InUse> {
        self.stages.asked.lock().clone()
    }

    fn ends_with(&self, end: Result<Swept, Failure>) {
        self.stages.ends.lock().push_back(end);
    }
}

fn of_three_sections(id: &str) -> Narration {
    let mut n = Narration { id: id.parse().expect("an id"), ..narration() };
    narrate(&mut n, 3);
    n
}

#[tokio::test]
async fn with_its_tombstone_goes_what_no_other_narration_of_its_document_uses() {
    let world = World::new().await;
    let stays = world.insert("stays", world.finish()).await;
    let gone = world.deleted("gone", 32).await;
    world.change(&gone.id, |n| n.spec.speed = 50).await;
    let deleted = world.deleted("deleted", 3).await;
    world.change(&deleted.id, |n| n.spec.speed = 150).await;
    world.do_errand(&gone.id).await.expect("ended");
    assert_eq!(world.read(&gone.id).await, None);
    let mut expected = InUse::default();
    for id in [&stays.id, &deleted.id] {
        let keys = world.parts.dispatcher.keys(&world.read(id).await.expect("it stays"));
        expected.scripts.extend([keys.plan, keys.section(0), keys.section(1), keys.section(2)]);
        expected.tracks.extend([keys.track(0), keys.track(1), keys.track(2)]);
    }
    assert_eq!(world.asked(), [expected], "what was deleted lately is kept with its tombstone");
}

/// Makes a narration one of another revision, which lies in the same scope.
fn revise(n: &mut Narration) {
    n.document = "d2".parse().expect("an id");
    n.pins.source = lectern_core::Digest::of(b"revised");
}

#[tokio::test]
async fn what_a_narration_of_another_revision_uses_stays() {
    let world = World::new().await;
    let gone = world.deleted("gone", 32).await;
    let revised = world.insert("revised", world.finish()).await;
    world.change(&revised.id, revise).await;
    world.do_errand(&gone.id).await.expect("ended");
    let keys = world.parts.dispatcher.keys(&world.read(&revised.id).await.expect("it stays"));
    assert_ne!(keys.plan, world.parts.dispatcher.keys(&gone).plan, "another source has another plan");
    let scripts = [keys.plan, keys.section(0), keys.section(1), keys.section(2)].into();
    let tracks = [keys.track(0), keys.track(1), keys.track(2)].into();
    assert_eq!(world.asked(), [InUse { scripts, tracks }]);
    assert_eq!(world.read(&gone.id).await, None);
}

#[tokio::test]
async fn nothing_is_pruned_while_a_narration_of_another_revision_goes_on_or_is_ordered() {
    let world = World::new().await;
    let gone = world.deleted("gone", 32).await;
    let goes_on = world.insert("goes-on", revise).await;
    world.do_errand(&gone.id).await.expect("postponed");
    assert_eq!((world.asked(), world.due_in(&gone.id).await), (Vec::new(), LATER));

    world.change(&goes_on.id, world.finish()).await;
    let mut ordered = of_three_sections("ordered");
    revise(&mut ordered);
    *world.stages.meanwhile.lock() = Some((world.parts.narrations.clone(), ordered));
    world.do_errand(&gone.id).await.expect("postponed");
    assert_eq!((world.asked().len(), world.due_in(&gone.id).await), (1, LATER), "ordered between the looks");
}

#[tokio::test]
async fn nothing_is_pruned_while_a_narration_of_the_document_goes_on() {
    let world = World::new().await;
    let gone = world.deleted("gone", 32).await;
    let goes_on = world.insert("goes-on", |_| {}).await;
    world.do_errand(&gone.id).await.expect("postponed");
    assert_eq!((world.asked(), world.due_in(&gone.id).await), (Vec::new(), LATER));

    world.change(&goes_on.id, world.finish()).await;
    world.do_errand(&gone.id).await.expect("ended");
    assert_eq!((world.asked().len(), world.read(&gone.id).await), (1, None), "again later");
}

#[tokio::test]
async fn a_narration_that_is_ordered_between_the_looks_keeps_what_it_may_have_found() {
    for done in [false, true] {
        let world = World::new().await;
        let gone = world.deleted("gone", 32).await;
        // It may have found what the deleted one used, also where it is done already.
        let mut ordered = of_three_sections("ordered");
        if done {
            world.finish()(&mut ordered);
        }
        let meanwhile = (world.parts.narrations.clone(), ordered.clone());
        *world.stages.meanwhile.lock() = Some(meanwhile);
        world.do_errand(&gone.id).await.expect("postponed");
        assert_eq!((world.asked(), world.due_in(&gone.id).await), (vec![InUse::default()], LATER), "{done}");

        if !done {
            world.change(&ordered.id, world.finish()).await;
        }
        world.do_errand(&gone.id).await.expect("ended");
        let keys = world.parts.dispatcher.keys(&ordered);
        assert!(world.asked().pop().is_some_and(|in_use| in_use.tracks.contains(&keys.track(0))));
        assert_eq!(world.read(&gone.id).await, None);
    }
}

#[tokio::test]
async fn one_sweep_ends_every_tombstone_of_its_document_that_was_kept_for_long_enough() {
    let world = World::new().await;
    let [one, two, lately] =
        [world.deleted("one", 32).await, world.deleted("two", 40).await, world.deleted("lately", 30).await];
    let elsewhere = world.deleted("elsewhere", 40).await;
    world.change(&elsewhere.id, |n| n.scope = "d2".parse().expect("an id")).await;
    world.do_errand(&one.id).await.expect("ended");
    assert_eq!(world.asked().len(), 1);
    for (tombstone, there) in [(one, false), (two, false), (lately, true), (elsewhere, true)] {
        assert_eq!(world.read(&tombstone.id).await.is_some(), there, "{}", tombstone.id);
    }
}

#[tokio::test]
async fn a_tombstone_stays_until_all_is_deleted_that_it_alone_used() {
    let world = World::new().await;
    let gone = world.deleted("gone", 32).await;
    world.ends_with(Ok(Swept { deleted: 5, left: true }));
    world.do_errand(&gone.id).await.expect("begun");
    assert_eq!(world.due_in(&gone.id).await, SOON, "there is more");
    world.ends_with(Err(Failure::new(Kind::DataLoss, Reason::ObjectDamaged, "a track cannot be read")));
    assert_eq!(world.do_errand(&gone.id).await.expect_err("refused").reason, Reason::ObjectDamaged);
    assert_eq!(world.due_in(&gone.id).await, LATER, "an operator has to see to it");
    let before = world.read(&gone.id).await;
    world.ends_with(Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "out of reach")));
    assert_eq!(world.do_errand(&gone.id).await.expect_err("refused").reason, Reason::ServiceUnavailable);
    assert_eq!(world.read(&gone.id).await, before, "the reconciler comes back to it");
    world.ends_with(Ok(Swept { deleted: 2, left: false }));
    world.do_errand(&gone.id).await.expect("ended");
    assert_eq!(world.read(&gone.id).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_reconciler_has_it_done_beside_what_is_due() {
    let world = World::new().await;
    let gone = world.deleted("gone", 32).await;
    let conductor = world.parts.conductor.clone();
    let errands = conductor.clone().run_errands(CancellationToken::new());
    let _errands = AbortOnDropHandle::new(tokio::spawn(errands));
    let known = world.parts.narrations.get(gone.id.as_str()).await.expect("read").expect("it is there");
    Box::pin(conductor.reconcile_narration(known)).await.expect("handed on");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.read(&gone.id).await, None);
}
