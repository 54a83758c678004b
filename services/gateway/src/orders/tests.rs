//! What becomes of a narration that is deleted, and of the request that made it.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use lectern_core::id::ScopeId;
use lectern_core::{OsRandom, SystemClock};
use lectern_queue::{ConnectOptions, MemoryQueue, Queue};
use lectern_store::memory::MemoryStore;

use super::*;
use crate::conduct::{DispatchOptions, Dispatcher};
use crate::config::Backlog;
use crate::domain::Pins;
use crate::testing::narration;

/// Stages that pin anything, and that may be out of reach.
#[derive(Debug, Default)]
struct Anywhere {
    unreachable: AtomicBool,
}

#[async_trait]
impl Stages for Anywhere {
    async fn pin(&self, _: &TenantId, _: &Wish) -> Result<(ScopeId, Pins), Failure> {
        let Narration { scope, pins, .. } = narration();
        Ok((scope, pins))
    }

    async fn cancel_steps(&self, _: &TenantId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        if self.unreachable.load(Ordering::SeqCst) {
            return Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "out of reach"));
        }
        Ok(())
    }

    async fn delete_recording(&self, _: &TenantId, _: &ScopeId, _: &NarrationId) -> Result<(), Failure> {
        Ok(())
    }
}

/// Orders over stages, and who orders.
struct World {
    orders: Orders,
    narrations: Collection<Narration>,
    stages: Arc<Anywhere>,
    tenant: TenantId,
}

impl World {
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let narrations = Collection::<Narration>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
        narrations.ensure().await.expect("a collection");
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let master: Arc<[u8]> = b"a secret of 32 bytes and some more".as_slice().into();
        let dispatcher = Dispatcher::new(
            narrations.clone(),
            Arc::clone(&queue),
            Arc::clone(&clock),
            Arc::clone(&master),
            DispatchOptions::default(),
        );
        dispatcher.ensure().await.expect("collections");
        let stages = Arc::new(Anywhere::default());
        let port: Arc<dyn Stages> = Arc::clone(&stages) as _;
        let conductor = Conductor::new(narrations.clone(), queue, Arc::clone(&port), Arc::clone(&clock), dispatcher);
        let door = Door::new(narrations.clone(), Arc::clone(&clock), Arc::new(OsRandom), Backlog::default());
        let orders = Orders::new(narrations.clone(), conductor, port, clock, Arc::new(OsRandom), master, door);
        Self { orders, narrations, stages, tenant: "acme".parse().expect("an id") }
    }

    async fn order(&self, request_id: &str, change: impl FnOnce(&mut api::Narration)) -> Result<Narration, Failure> {
        let mut wire = api::Narration {
            document: "documents/d1".to_owned(),
            style: api::Style::Narration.into(),
            ..api::Narration::default()
        };
        change(&mut wire);
        self.orders.create(&self.tenant, request_id, wire).await.map(|accepted| accepted.record)
    }

    async fn delete(&self, id: &NarrationId, etag: &str) -> Result<(), Reason> {
        self.orders.delete(&self.tenant, id, etag).await.map_err(|failure| failure.reason)
    }
}

#[tokio::test]
async fn a_deletion_that_is_repeated_finds_nothing_and_goes_on_with_what_is_left() {
    let world = World::new().await;
    let made = world.order("", |_| {}).await.expect("accepted");
    let etag = made.version.to_string();
    assert_eq!(world.delete(&made.id, "99").await, Err(Reason::EtagMismatch));

    world.stages.unreachable.store(true, Ordering::SeqCst);
    assert_eq!(world.delete(&made.id, &etag).await, Ok(()));
    for _ in 0..2 {
        assert_eq!(world.delete(&made.id, &etag).await, Err(Reason::ResourceNotFound), "on its way");
        let read = world.orders.get(&world.tenant, &made.id).await.expect_err("deleted");
        assert_eq!(read.reason, Reason::ResourceNotFound);
    }
    world.stages.unreachable.store(false, Ordering::SeqCst);
    let record = async || world.narrations.get(made.id.as_str()).await.expect("read").expect("a tombstone").record;
    assert!(!record().await.gone());
    assert_eq!(world.delete(&made.id, &etag).await, Err(Reason::ResourceNotFound));
    assert!(record().await.gone(), "it went on with what was left");

    let made = world.order("", |_| {}).await.expect("accepted");
    let stranger = "globex".parse().expect("an id");
    let refused = world.orders.delete(&stranger, &made.id, "").await.expect_err("another tenant's");
    assert_eq!(refused.reason, Reason::ResourceNotFound);
    assert_eq!(world.delete(&made.id, "").await, Ok(()));
    assert_eq!(world.delete(&made.id, "").await, Err(Reason::ResourceNotFound));
}

#[tokio::test]
async fn a_request_id_is_free_again_once_its_narration_is_deleted() {
    let world = World::new().await;
    let first = world.order("r1", |_| {}).await.expect("accepted");
    assert_eq!(world.order("r1", |_| {}).await.expect("the same").id, first.id);
    let other = world.order("r1", |order| order.speed = 1.5).await.expect_err("another body");
    assert_eq!(other.reason, Reason::RequestIdReused);
    for unreachable in [true, false] {
        world.stages.unreachable.store(unreachable, Ordering::SeqCst);
        let before = world.order("r1", |_| {}).await;
        let run = before.as_ref().map_or(0, |before| before.run);
        assert_eq!(world.delete(&first.id, "").await, Ok(()));
        let anew = world.order("r1", |order| order.speed = 1.5).await.expect("accepted anew");
        assert_eq!((&anew.id, anew.run, anew.deleted), (&first.id, run + 1, None));
        assert_eq!(world.delete(&first.id, "").await, Ok(()));
        world.order("r1", |_| {}).await.expect("accepted anew");
    }
}

#[tokio::test]
async fn an_order_with_what_cannot_be_meant_is_refused() {
    let world = World::new().await;
    let refused = async |field: &str, change: fn(&mut api::Narration)| {
        let failure = world.order("", change).await.expect_err(field);
        assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some(field)));
    };
    refused("narration.voice", |order| order.voice = "voices/tone/\u{1b}[31m".to_owned()).await;
    refused("narration.voice", |order| order.voice = "v".repeat(20_000)).await;
    for seconds in [i64::MIN, -1, 0, i64::MAX] {
        let limit = prost_types::Duration { seconds, nanos: i32::MIN };
        assert!(read_time_limit(&limit).is_err(), "{seconds}");
    }
    refused("narration.speed", |order| order.speed = f64::NAN).await;
}
