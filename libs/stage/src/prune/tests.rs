use std::sync::Arc;

use lectern_blob::memory::{Fault, MemoryBlob, Op};
use lectern_core::Timestamp;
use lectern_core::clock::ManualClock;
use lectern_core::id::{Service, StepId};
use lectern_core::keys::Folder;
use lectern_proto::work::v1::{Command, WriteSection, Written, command::Work, event::Outcome};
use lectern_work::{Handler as _, Payment, Task};
use parking_lot::Mutex;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::work::{Job, Perform, SCHEMA, Stage};

struct World {
    clock: Arc<ManualClock>,
    blob: Arc<MemoryBlob>,
    objects: Objects,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
        let blob = Arc::new(MemoryBlob::new(Arc::clone(&clock) as _));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        Self { clock, blob, objects }
    }

    fn folder(&self) -> &Folder {
        self.objects.folder()
    }

    /// Puts the tracks of these names.
    async fn tracks(&self, names: &[&str]) -> Vec<String> {
        let paths: Vec<String> = names.iter().map(|name| self.folder().track(&key(name))).collect();
        for path in &paths {
            self.objects.write(path, "{}").await.unwrap();
        }
        paths
    }

    /// The tracks that are not `used`.
    async fn unused(&self, used: &[&str]) -> Unused {
        let mut unused = Unused::default();
        let used = used.iter().map(|name| key(name)).collect();
        unused.add_of(&self.objects, "track", &used).await.unwrap();
        unused
    }

    async fn mark(&self) -> Mark<'_> {
        let mark = Mark::new(&self.objects).unwrap();
        mark.put().await.unwrap();
        mark
    }

    /// A step that begins now.
    fn step(&self) -> AbortOnDropHandle<()> {
        let objects = self.objects.clone();
        AbortOnDropHandle::new(tokio::spawn(async move { wait(&objects).await.unwrap() }))
    }
}

/// A stage whose steps take no time.
struct Quick(Service);

#[async_trait]
impl Perform for Quick {
    fn service(&self) -> Service {
        self.0
    }

    async fn perform(&self, _: &Job, _: Work) -> Result<Outcome, Failure> {
        Ok(Outcome::Written(Written::default()))
    }
}

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_unused_is_deleted_and_what_has_no_key_is_left_alone() {
    let world = World::new();
    let paths = world.tracks(&["used", "unused"]).await;
    let odd = format!("{}track/odd", world.folder().all());
    let segment = world.folder().segment(&key("unused"));
    for path in [&odd, &segment] {
        world.objects.write(path, "x").await.unwrap();
    }
    let swept = sweep(&world.objects, world.unused(&["used"]).await, async { Ok(true) }).await;
    assert_eq!(swept, Ok(Swept { deleted: 1, left: false }));
    assert_eq!(world.objects.exists(&paths[1]).await, Ok(false));
    for path in [&paths[0], &odd, &segment] {
        assert_eq!(world.objects.exists(path).await, Ok(true), "{path}");
    }
    assert_eq!(world.blob.count(), 3, "no mark is left");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_begins_before_the_last_look_waits_until_all_is_deleted() {
    let world = World::new();
    let path = world.tracks(&["unused"]).await.remove(0);
    let unused = world.unused(&[]).await;
    let steps: Mutex<Vec<AbortOnDropHandle<()>>> = Mutex::default();
    let still = async {
        // Of a narration that is ordered when this look has just ended.
        steps.lock().push(world.step());
        pass(Duration::from_secs(5)).await;
        assert!(!steps.lock()[0].is_finished(), "it would find what is then deleted");
        Ok(true)
    };
    world.blob.inject(Op::Delete, Fault::Slow(Duration::from_secs(20)));
    let (swept, ()) = tokio::join!(sweep(&world.objects, unused, still), async {
        pass(Duration::from_secs(20)).await;
        assert!(!steps.lock()[0].is_finished(), "a deletion is on its way");
    });
    assert_eq!(swept, Ok(Swept { deleted: 1, left: false }));
    let step = steps.lock().remove(0);
    step.await.unwrap();
    assert_eq!(world.objects.exists(&path).await, Ok(false), "it makes it anew");
}

#[tokio::test(start_paused = true)]
async fn a_step_of_a_stage_that_is_pruned_is_not_begun_while_objects_are_deleted() {
    for (service, waits) in [(Service::Ingest, false), (Service::Ai, true), (Service::Tts, true)] {
        let world = World::new();
        let mark = world.mark().await;
        let stage = Stage::new(Quick(service), Arc::clone(&world.blob) as _);
        let step: StepId = "n1/1/write/0".parse().unwrap();
        let (tenant, cancel) = ("acme".parse().unwrap(), CancellationToken::new());
        let task =
            Task { step: step.clone(), tenant, fence: 1, attempt: 1, crashes: 0, cancel, payment: Payment::default() };
        let command = Command {
            schema: SCHEMA,
            step: step.to_string(),
            tenant: "acme".to_owned(),
            scope: "d1".to_owned(),
            work: Some(Work::WriteSection(WriteSection::default())),
        };
        let handled = async move { stage.handle(&task, command.encode_to_vec().into()).await.map(drop) };
        let handled = AbortOnDropHandle::new(tokio::spawn(handled));
        pass(Duration::from_secs(5)).await;
        assert_eq!(handled.is_finished(), !waits, "{service:?}");
        mark.remove().await;
        handled.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_where_something_was_ordered_or_nobody_says_so_in_time() {
    let world = World::new();
    world.tracks(&["unused"]).await;
    let left = Ok(Swept { deleted: 0, left: true });
    assert_eq!(sweep(&world.objects, world.unused(&[]).await, async { Ok(false) }).await, left);
    let never = async {
        pass(DELETES + Duration::from_secs(1)).await;
        Ok(true)
    };
    assert_eq!(sweep(&world.objects, world.unused(&[]).await, never).await, left);
    let refused = sweep(&world.objects, world.unused(&[]).await, async { Err(Failure::internal("away")) }).await;
    assert_eq!(refused, Err(Failure::internal("away")));
    assert_eq!(world.blob.count(), 1, "the track is there, and no mark is");
    wait(&world.objects).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_ends_the_sweep_when_those_beside_it_have_ended() {
    let world = World::new();
    let names: Vec<String> = (0..100).map(|name| format!("track {name}")).collect();
    world.tracks(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.blob.inject(Op::Delete, Fault::Fail);
    let slow = Duration::from_secs(30);
    world.blob.inject(Op::Delete, Fault::Slow(slow));
    let began = Instant::now();
    let failed = sweep(&world.objects, world.unused(&[]).await, async { Ok(true) }).await.unwrap_err();
    assert_eq!(failed.reason, Reason::BlobUnavailable);
    assert!(began.elapsed() >= slow, "one was on its way yet");
    assert!(world.blob.count() > 50, "it did not go on: {}", world.blob.count());
    wait(&world.objects).await.unwrap();
    let left = world.blob.count() as u64;
    let swept = sweep(&world.objects, world.unused(&[]).await, async { Ok(true) }).await;
    assert_eq!(swept, Ok(Swept { deleted: left, left: false }));
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_deleted_when_the_time_of_a_sweep_is_over() {
    let world = World::new();
    world.tracks(&["a", "b", "c"]).await;
    let late = async {
        pass(DELETES - Duration::from_secs(1)).await;
        Ok(true)
    };
    let swept = sweep(&world.objects, world.unused(&[]).await, late).await;
    assert_eq!(swept, Ok(Swept { deleted: 3, left: false }), "it had a moment");
    let names: Vec<String> = (0..AT_ONCE + 4).map(|name| format!("track {name}")).collect();
    world.tracks(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for _ in 0..AT_ONCE {
        world.blob.inject(Op::Delete, Fault::Slow(DELETES));
    }
    let swept = sweep(&world.objects, world.unused(&[]).await, async { Ok(true) }).await;
    assert_eq!(swept, Ok(Swept { deleted: AT_ONCE as u64, left: true }));
}

#[tokio::test(start_paused = true)]
async fn a_mark_of_one_that_died_holds_up_a_step_for_two_minutes_and_is_deleted() {
    let world = World::new();
    let _dead = world.mark().await;
    let step = world.step();
    pass(LIVES - Duration::from_secs(1)).await;
    assert!(!step.is_finished(), "it may yet be meant");
    pass(Duration::from_secs(3)).await;
    assert!(step.is_finished());
    assert_eq!(world.blob.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_sweeps_of_a_scope_do_not_meet() {
    let world = World::new();
    world.tracks(&["unused"]).await;
    let first = world.mark().await;
    let second = sweep(&world.objects, world.unused(&[]).await, async { Ok(true) }).await.unwrap_err();
    assert_eq!((second.kind, second.reason), (Kind::Unavailable, Reason::ServiceUnavailable));
    assert_eq!(world.blob.count(), 2, "the first has its mark yet");
    // It has died, and no step came.
    world.clock.advance(DEAD);
    let swept = sweep(&world.objects, world.unused(&[]).await, async { Ok(true) }).await;
    assert_eq!(swept, Ok(Swept { deleted: 1, left: false }));
    assert_eq!((world.blob.count(), first.until > Instant::now()), (0, true));
}
