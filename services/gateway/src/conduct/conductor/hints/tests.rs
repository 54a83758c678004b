use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_core::Clock;
use lectern_core::id::{StepId, StepKind};
use lectern_proto::work::v1::{self as work, event::Outcome as Wire};
use lectern_queue::{ConnectOptions, MemoryQueue, Message, Queue};
use lectern_store::memory::MemoryStore;
use lectern_store::{Store, Versioned};
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::conduct::wire;
use crate::domain::{Narration, Phase, Transition};
use crate::testing::{Nobody, Parts, VirtualClock, assemble, narration};
use crate::watch::Hub;

/// Two gateways, of which nothing runs yet, and one narration.
struct World {
    one: Parts,
    other: Parts,
    narration: Narration,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(VirtualClock(Instant::now())) as Arc<dyn Clock>;
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock))) as Arc<dyn Store>;
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let gateway = || {
            let shared = Arc::clone(&queue) as Arc<dyn Queue>;
            Parts::over(Arc::new(Nobody), Arc::clone(&clock), Arc::clone(&store), Arc::clone(&queue), shared)
        };
        let (one, other) = (gateway().await, gateway().await);
        let mut narration = narration();
        (narration.created, narration.updated) = (clock.now(), clock.now());
        narration.deadline = clock.now().plus(Duration::from_secs(24 * 60 * 60));
        narration.due_at = Some(narration.deadline);
        one.narrations.insert(&narration).await.expect("inserted");
        Self { one, other, narration }
    }

    /// Watches the narration at the first gateway, and waits until it is listened to.
    async fn watch(&self) -> watch::Receiver<u64> {
        let news = self.one.conductor.hub().subscribe(&self.narration.id);
        tokio::time::sleep(Duration::from_millis(100)).await;
        news
    }

    /// Changes the narration at the second gateway.
    async fn change(&self) -> Versioned<Narration> {
        let change = |narration: &mut Narration, now| {
            narration.updated = now;
            Transition::Changed
        };
        let conductor = &self.other.conductor;
        let changed = conductor.update(&self.narration.id, change).await.expect("written").expect("it is there");
        conductor.changed(&changed);
        changed
    }

    async fn read(&self) -> Versioned<Narration> {
        self.one.narrations.get(self.narration.id.as_str()).await.expect("read").expect("it is there")
    }
}

fn start(part: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(part))
}

/// The newest revision that a watcher hears of; none where nothing comes within so long.
async fn heard(news: &mut watch::Receiver<u64>, within: Duration) -> Option<u64> {
    let changed = tokio::time::timeout(within, news.changed()).await;
    changed.ok().map(|open| open.expect("the hub is there")).map(|()| *news.borrow_and_update())
}

#[tokio::test(start_paused = true)]
async fn who_watches_at_one_gateway_hears_of_what_is_folded_at_the_other() {
    let world = World::new().await;
    let _listening = start(world.one.conductor.clone().hear_news(CancellationToken::new()));
    let _conducting = start(world.other.conductor.clone().run(CancellationToken::new()));
    let mut news = world.watch().await;
    news.mark_unchanged();
    let before = world.read().await;
    let step = StepId { narration: world.narration.id.clone(), run: 1, kind: StepKind::Extract, index: 0 };
    let outcome = Some(Wire::Extracted(work::Extracted::default()));
    let event = work::Event { schema: wire::SCHEMA, step: step.to_string(), outcome, ..work::Event::default() };
    let message = Message::new(event.encode_to_vec());
    world.one.queue.emit("document", step.narration.as_str(), message).await.expect("emitted");
    let revision = heard(&mut news, Duration::from_secs(1)).await;
    assert!(revision.is_some_and(|revision| revision > before.revision.0), "{revision:?}");
    assert_eq!((before.record.phase(), world.read().await.record.phase()), (Phase::Extracting, Phase::Planning));
}

#[tokio::test(start_paused = true)]
async fn a_lost_hint_is_made_up_for_by_the_next_poll() {
    let world = World::new().await;
    // The second gateway sends nothing.
    let _listening = start(world.one.conductor.clone().hear_news(CancellationToken::new()));
    let mut news = world.watch().await;
    let changed = world.change().await;
    assert_eq!(heard(&mut news, Duration::from_secs(30)).await, None, "nothing tells of it");
    let _polling = start(world.one.conductor.clone().poll_watched(CancellationToken::new()));
    assert_eq!(heard(&mut news, 2 * POLL).await, Some(changed.revision.0));
}

#[tokio::test(start_paused = true)]
async fn what_changes_after_its_subscription_was_lost_is_heard_of_again() {
    let world = World::new().await;
    let _sending = start(world.other.conductor.clone().send_hints(CancellationToken::new()));
    let mut news = world.watch().await;
    for _ in 0..3 {
        let listening = start(world.one.conductor.clone().hear_news(CancellationToken::new()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let changed = world.change().await;
        assert_eq!(heard(&mut news, Duration::from_secs(1)).await, Some(changed.revision.0));
        drop(listening);
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.change().await;
        assert_eq!(heard(&mut news, Duration::from_secs(30)).await, None, "nobody listens");
    }
}

#[tokio::test(start_paused = true)]
async fn a_narration_that_nobody_watches_has_no_subscription() {
    let (hub, subscriptions) = (Hub::default(), Arc::new(AtomicUsize::new(0)));
    let (watched, counted) = (hub.clone(), Arc::clone(&subscriptions));
    let _keeping = start(async move {
        let listener = |_: NarrationId| {
            let counted = Arc::clone(&counted);
            async move {
                counted.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
        };
        subscriptions::keep(watched.grown(), || watched.watched(), listener).await;
    });
    let made = || subscriptions.load(Ordering::SeqCst);
    let id: NarrationId = "n1".parse().expect("an id");
    for revision in 0..10 {
        hub.announce(&id, revision);
        hub.look_at(&id);
        tokio::time::sleep(POLL).await;
    }
    assert_eq!(made(), 0);
    let (first, second) = (hub.subscribe(&id), hub.subscribe(&id));
    tokio::time::sleep(2 * POLL).await;
    assert_eq!(made(), 1, "one for all who watch it");
    drop((first, second));
    tokio::time::sleep(2 * POLL).await;
    let _again = hub.subscribe(&id);
    tokio::time::sleep(2 * POLL).await;
    assert_eq!(made(), 2, "the first was given up");
}

#[tokio::test(start_paused = true)]
async fn how_far_files_are_is_heard_after_the_first_question_and_for_as_long_as_somebody_asks() {
    let world = World::new().await;
    let _listening = start(world.one.conductor.clone().hear_assembled(CancellationToken::new()));
    let mut n = world.narration.clone();
    assemble(&mut n);
    let known = || world.one.conductor.moment(&n).assembled;
    let topic = progress::topic(&n.id);
    let tell = async |millis: u64| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let hint = Assembled { run: n.run, millis }.encode();
        world.one.queue.hint(&topic, hint).await.expect("a hint");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mut news = world.one.conductor.hub().subscribe(&n.id);
    tell(1_000).await;
    assert_eq!(heard(&mut news, POLL).await, None, "nobody has asked");
    assert_eq!(known(), None);
    tell(2_000).await;
    assert!(heard(&mut news, POLL).await.is_some(), "who watches is to look");
    assert_eq!(known(), Some(2_000));
    for millis in [3_000, 4_000, 5_000] {
        tokio::time::sleep(Duration::from_secs(20)).await;
        tell(millis).await;
        assert_eq!(known(), Some(millis));
    }
    tokio::time::sleep(Duration::from_secs(40)).await;
    tell(6_000).await;
    assert_eq!(known(), None, "nobody has asked for a while");
    tell(7_000).await;
    assert_eq!(known(), Some(7_000));
}
