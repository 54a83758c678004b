//! What watchers are told of a narration beside its record, and what their tokens say.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use lectern_core::{Clock as _, SystemClock};
use lectern_queue::{ConnectOptions, MemoryQueue, Queue as _};
use lectern_stage::progress::{self, Assembled};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::testing::{Nobody, Parts, assemble, narration};

/// What a watcher is told.
type Told = BoxStream<'static, Result<api::WatchNarrationResponse, Failure>>;

/// A gateway that conducts, and one narration whose files are being made.
struct World {
    orders: Orders,
    conductor: Conductor,
    queue: Arc<MemoryQueue>,
    narration: Narration,
    _conducting: AbortOnDropHandle<()>,
}

impl World {
    async fn new() -> Self {
        let now = SystemClock.now();
        let parts = Parts::new(Arc::new(Nobody), Arc::new(SystemClock), ConnectOptions::default()).await;
        let mut narration = narration();
        assemble(&mut narration);
        (narration.created, narration.updated) = (now, now);
        narration.deadline = now.plus(Duration::from_secs(24 * 60 * 60));
        narration.due_at = Some(narration.deadline);
        parts.narrations.insert(&narration).await.expect("inserted");
        let conducting = AbortOnDropHandle::new(tokio::spawn(parts.conductor.clone().run(CancellationToken::new())));
        // It listens before anybody speaks.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let Parts { queue, conductor, orders, .. } = parts;
        Self { orders, conductor, queue, narration, _conducting: conducting }
    }

    fn watch(&self, token: &str) -> Told {
        let Narration { id, tenant, .. } = &self.narration;
        let tokens = ResumeTokens::new(self.orders.secret(tenant), id);
        let seen = tokens.open(token).expect("a token");
        let watcher = Watcher {
            orders: self.orders.clone(),
            conductor: self.conductor.clone(),
            tenant: tenant.clone(),
            id: id.clone(),
            tokens,
            stop: CancellationToken::new(),
        };
        Box::pin(watcher.watch(seen))
    }

    async fn assembled(&self, run: u32, millis: u64) {
        // It is listened to a moment after somebody has looked at it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let topic = progress::topic(&self.narration.id);
        self.queue.hint(&topic, Assembled { run, millis }.encode()).await.expect("a hint");
    }
}

/// The next state that a watcher is told, and its token; none where nothing but checkpoints comes
/// for a minute.
async fn told(states: &mut Told) -> Option<(api::Narration, String)> {
    let state = async {
        loop {
            let message = states.next().await.expect("it goes on").expect("news");
            if let Some(News::Narration(narration)) = message.news {
                return (narration, message.resume_token);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), state).await.ok()
}

fn assembled_of(narration: &api::Narration) -> Option<prost_types::Duration> {
    narration.progress.and_then(|progress| progress.assembled_duration)
}

#[tokio::test(start_paused = true)]
async fn how_far_the_files_are_is_news_that_is_not_written_down() {
    let world = World::new().await;
    let mut states = world.watch("");
    let (first, token) = told(&mut states).await.expect("its state");
    assert_eq!((first.state(), assembled_of(&first)), (api::narration::State::Assembling, None));
    for millis in [1_500, 9_000] {
        world.assembled(1, millis).await;
        let (next, same) = told(&mut states).await.expect("news");
        assert_eq!(assembled_of(&next), Some(encode::of_millis(millis)));
        assert_eq!((&next.etag, &same), (&first.etag, &token), "its record has not changed");
    }
    world.assembled(2, 100).await;
    let (next, _) = told(&mut states).await.expect("news");
    assert_eq!(assembled_of(&next), None, "this run is over, though its record does not say so yet");
    assert_eq!(told(&mut states).await, None);

    let stored = world.orders.get(&world.narration.tenant, &world.narration.id).await.expect("it is there");
    assert_eq!(stored.record.version, world.narration.version);
    assert_eq!(world.conductor.moment(&stored.record).assembled, None);
}

#[tokio::test(start_paused = true)]
async fn why_it_waits_is_news_each_time_it_changes() {
    let world = World::new().await;
    let mut states = world.watch("");
    let (first, _) = told(&mut states).await.expect("its state");
    assert_eq!(first.wait_reason(), api::WaitReason::Unspecified);
    let pauses = world.conductor.dispatcher().pauses().clone();
    let tts: crate::domain::Paused = "services/tts".parse().expect("a pause");
    pauses.pause(tts.clone(), String::new()).await.expect("paused");
    let (paused, token) = told(&mut states).await.expect("news");
    assert_eq!((paused.wait_reason(), &paused.etag), (api::WaitReason::Paused, &first.etag));
    assert_eq!(told(&mut states).await, None, "it is told once");

    let mut again = world.watch(&token);
    assert_eq!(told(&mut again).await, None, "nothing that the watcher has not seen");
    assert!(pauses.resume(&tts).await.expect("resumed"));
    for states in [&mut states, &mut again] {
        let (resumed, _) = told(states).await.expect("news");
        assert_eq!(resumed.wait_reason(), api::WaitReason::Unspecified);
    }
}

#[test]
fn a_resume_token_is_good_for_its_narration_alone() {
    let secret = |tenant: &str| TenantSecret::derive(b"master", &tenant.parse().expect("an id"));
    let tokens = |tenant, id: &str| ResumeTokens::new(secret(tenant), &id.parse().expect("an id"));
    let seen = Seen { version: 7, wait: Some(Wait::Queue) };
    let token = tokens("acme", "n1").seal(seen).expect("sealed");
    assert_eq!(tokens("acme", "n1").open(&token), Ok(seen));
    assert_eq!(tokens("acme", "n1").open(""), Ok(Seen::default()));
    for (tenant, id, token) in [
        ("acme", "n2", token.as_str()),
        ("globex", "n1", &token),
        ("acme", "n1", "7"),
        ("acme", "n1", "18446744073709551615"),
        ("acme", "n1", "yesterday"),
    ] {
        let refused = tokens(tenant, id).open(token).expect_err(token);
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::PageTokenInvalid, Some("resume_token")));
    }
}
