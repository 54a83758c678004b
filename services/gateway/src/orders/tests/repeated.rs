//! Calls that are repeated since their answer was lost, and calls while the queue's server is away.

use std::time::Duration;

use lectern_queue::{MemoryQueue, Queue};
use lectern_store::memory::MemoryStore;

use super::*;
use crate::testing::Away;

impl World {
    /// One whose queue never answers who publishes anything.
    async fn without_queue() -> Self {
        let stages = Arc::new(Anywhere::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let away: Arc<dyn Queue> = Arc::new(Away(Arc::clone(&queue)));
        let port = Arc::clone(&stages) as Arc<dyn Stages>;
        Self::of(stages, Parts::over(port, clock, store, queue, away).await)
    }

    async fn fail(&self, id: &NarrationId) {
        let fail = |narration: &mut Narration| {
            fail(narration, Timestamp(1));
            narration.version += 1;
            Ok(Change::Write)
        };
        self.narrations.update(id.as_str(), fail).await.expect("written");
    }
}

#[tokio::test(start_paused = true)]
async fn no_caller_waits_for_a_queue_that_never_answers() {
    let world = World::without_queue().await;
    let (orders, tenant) = (&world.orders, &world.tenant);
    let calls = async {
        let made = world.order("", |_| {}).await.expect("accepted");
        orders.cancel(tenant, &made.id, "").await.expect("cancelled");
        let retried = orders.retry(tenant, &made.id, "", "").await.expect("retried").record;
        assert_eq!(world.delete(&made.id, "").await, Ok(()));
        world.order("", |_| {}).await.expect("accepted");
        orders.erase_scope(tenant, &made.scope).await.expect("erased");
        // More than are ever on their way.
        for _ in 0..3_000 {
            orders.conductor.changed(&Versioned { record: retried.clone(), revision: lectern_store::Revision(9) });
        }
    };
    tokio::time::timeout(Duration::from_secs(5), Box::pin(calls)).await.expect("every call was answered");
}

#[tokio::test]
async fn a_retry_that_is_repeated_is_one_run_and_no_wrong_state() {
    let world = World::new().await;
    let (orders, tenant) = (&world.orders, &world.tenant);
    let made = world.order("", |_| {}).await.expect("accepted");
    world.fail(&made.id).await;
    let etag = orders.get(tenant, &made.id).await.expect("it is there").record.version.to_string();
    let first = orders.retry(tenant, &made.id, "r1", &etag).await.expect("retried");
    assert_eq!(first.record.run, 2);
    // The answer was lost: the same call again, while the run is under way and when it has ended.
    assert_eq!(orders.retry(tenant, &made.id, "r1", &etag).await.expect("the same"), first);
    world.fail(&made.id).await;
    let again = orders.retry(tenant, &made.id, "r1", &etag).await.expect("the same").record;
    assert_eq!((again.run, again.phase()), (2, Phase::Failed));

    let other = orders.retry(tenant, &made.id, "r2", "").await.expect("another call").record;
    assert_eq!(other.run, 3);
    let refused = orders.retry(tenant, &made.id, "r3", "").await.expect_err("it is being made");
    assert_eq!(refused.reason, Reason::WrongState);
    let refused = orders.retry(tenant, &made.id, "not an id", "").await.expect_err("no request id");
    assert_eq!(refused.field.as_deref(), Some("request_id"));
}

#[tokio::test]
async fn of_many_equal_retries_at_once_one_begins_a_run() {
    let world = World::new().await;
    let made = world.order("", |_| {}).await.expect("accepted");
    world.fail(&made.id).await;
    let retries = (0..20).map(|_| world.orders.retry(&world.tenant, &made.id, "r1", ""));
    for retried in futures::future::join_all(retries).await {
        assert_eq!(retried.expect("each is answered").record.run, 2);
    }
}

#[tokio::test]
async fn a_cancel_that_is_repeated_with_its_etag_is_answered_alike() {
    let world = World::new().await;
    let (orders, tenant) = (&world.orders, &world.tenant);
    let made = world.order("", |_| {}).await.expect("accepted");
    let etag = made.version.to_string();
    let first = orders.cancel(tenant, &made.id, &etag).await.expect("cancelled");
    assert_eq!(orders.cancel(tenant, &made.id, &etag).await.expect("the same"), first);
    let retried = orders.retry(tenant, &made.id, "", "").await.expect("retried").record;
    let refused = orders.cancel(tenant, &made.id, &etag).await.expect_err("a later run");
    assert_eq!(refused.reason, Reason::EtagMismatch);
    assert_eq!(orders.get(tenant, &made.id).await.expect("it is there").record.run, retried.run);
}

#[tokio::test]
async fn a_request_that_is_ordered_again_keeps_its_files_however_late_the_deletion_is_told() {
    let world = World::new().await;
    let first = world.order("r1", |_| {}).await.expect("accepted");
    // Its stages are not to be reached: the deletion is still being told.
    world.stages.unreachable.store(true, Ordering::SeqCst);
    assert_eq!(world.delete(&first.id, "").await, Ok(()));
    let tombstone = world.narrations.get(first.id.as_str()).await.expect("read").expect("a tombstone");
    let anew = world.order("r1", |_| {}).await.expect("accepted anew");
    assert_eq!((&anew.id, anew.run), (&first.id, 2));
    let left: Vec<u32> = anew.earlier.iter().map(|earlier| earlier.run).collect();
    assert_eq!(left, [1], "what is left is not forgotten");
    // Told late, and by two gateways.
    world.stages.unreachable.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        world.orders.conductor.settle(&tombstone).await.expect("told");
    }
    let deleted = world.stages.deleted.lock().clone();
    assert_eq!(deleted, [(first.id.clone(), 1), (first.id.clone(), 1)], "never files of the run that goes on");
    assert_eq!(world.orders.get(&world.tenant, &first.id).await.expect("it is there").record, anew);

    assert_eq!(world.delete(&first.id, "").await, Ok(()));
    let deleted = world.stages.deleted.lock().clone();
    assert_eq!(deleted.last(), Some(&(first.id, 2)));
}

#[tokio::test]
async fn files_of_a_request_that_is_ordered_again_for_another_document_are_deleted_where_they_are() {
    let world = World::new().await;
    let first = world.order("r1", |_| {}).await.expect("accepted");
    // What is to be deleted is not deleted before the request is used for something else.
    world.stages.unreachable.store(true, Ordering::SeqCst);
    assert_eq!(world.delete(&first.id, "").await, Ok(()));
    let anew = world.order("r1", |wire| wire.documents = vec!["documents/d2".to_owned()]).await.expect("accepted anew");
    assert_eq!((&anew.id, anew.run), (&first.id, 2));
    assert_ne!(anew.scope, first.scope);
    // And this is deleted before that is done.
    assert_eq!(world.delete(&first.id, "").await, Ok(()));
    world.stages.unreachable.store(false, Ordering::SeqCst);
    let left = world.narrations.get(first.id.as_str()).await.expect("read").expect("a tombstone");
    world.orders.conductor.do_errand(&left).await.expect("told");
    let swept = world.stages.swept.lock().clone();
    assert_eq!(swept, [(first.scope, 1), (anew.scope, 2)]);
}
