//! What JetStream alone can lose: streams and consumers.

use std::time::Duration;

use async_nats::jetstream;
use lectern_core::id::Service;
use lectern_queue::subject::Subjects;
use lectern_queue::{ConnectOptions, Message, Published, topology};

use crate::contract::step;

async fn admin() -> jetstream::Context {
    jetstream::new(async_nats::connect(crate::nats_url()).await.expect("connects"))
}

/// A start with these settings is refused for good, in these words.
async fn refused(options: ConnectOptions, says: &str) {
    let failure = lectern_queue::connect(&crate::nats_url(), options).await.expect_err(says);
    assert_eq!(failure.kind, lectern_core::Kind::FailedPrecondition, "{failure}");
    assert!(failure.message.contains(says), "{failure}");
}

fn subjects(test: &str) -> (ConnectOptions, Subjects) {
    let options = crate::options(test);
    let subjects = Subjects::new(&options.prefix);
    (options, subjects)
}

#[tokio::test]
async fn a_deleted_stream_is_made_again_by_the_next_publish() {
    let name = "deleted-stream";
    let queue = crate::on_nats(name, |_| {}).await;
    let (_, subjects) = subjects(name);
    admin().await.delete_stream(subjects.work_stream(Service::Ai)).await.expect("deletes");
    assert_eq!(queue.publish(&step("n/1/plan/0"), Message::new("x")).await, Ok(Published::Queued));
    admin().await.delete_stream(subjects.event_stream()).await.expect("deletes");
    queue.emit("script", "n", Message::new("x")).await.expect("emits");
    admin().await.delete_stream(subjects.dead_stream()).await.expect("deletes");
    assert_eq!(queue.dead_letter(&step("n/1/plan/0")).await, Ok(None));
}

#[tokio::test]
async fn a_consumer_deleted_under_a_pull_is_made_again() {
    let name = "deleted-consumer";
    let queue = crate::on_nats(name, |_| {}).await;
    let (_, subjects) = subjects(name);
    let puller = tokio::spawn({
        let queue = std::sync::Arc::clone(&queue);
        async move {
            loop {
                if let Some(delivery) = queue.pull(Service::Ai, 4, Duration::from_secs(5)).await.expect("pulls").pop() {
                    return delivery;
                }
            }
        }
    });
    let admin = admin().await;
    admin.delete_consumer_from_stream("ai", subjects.work_stream(Service::Ai)).await.expect("deletes");
    queue.publish(&step("n/1/plan/0"), Message::new("x")).await.expect("publishes");
    let delivery = tokio::time::timeout(Duration::from_secs(20), puller).await.expect("in time").expect("ends");
    assert_eq!(delivery.step, step("n/1/plan/0"));

    assert!(queue.events("gateway", 1, Duration::from_millis(50)).await.expect("pulls").is_empty());
    admin.delete_stream(subjects.event_stream()).await.expect("deletes");
    queue.emit("script", "n", Message::new("x")).await.expect("emits");
    let mut events = Vec::new();
    while events.is_empty() {
        events = queue.events("gateway", 1, Duration::from_secs(1)).await.expect("pulls");
    }
    assert_eq!(events.len(), 1);
}

/// Fails on the code before: the new consumer began with everything that the stream had.
#[tokio::test]
async fn a_lost_event_consumer_starts_at_news_and_replays_no_old_events() {
    let name = "lost-events";
    let queue = crate::on_nats(name, |options| options.events_again = Duration::from_secs(1)).await;
    let (_, subjects) = subjects(name);
    for index in 0..20 {
        queue.emit("script", &format!("old-{index}"), Message::new("x")).await.expect("emits");
    }
    let mut taken = 0;
    while taken < 20 {
        for event in queue.events("gateway", 20, Duration::from_secs(5)).await.expect("pulls") {
            event.ack.ack().await.expect("acks");
            taken += 1;
        }
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    queue.emit("script", "news", Message::new("x")).await.expect("emits");
    admin().await.delete_consumer_from_stream("gateway", subjects.event_stream()).await.expect("deletes");
    let mut seen = Vec::new();
    while seen.is_empty() {
        let events = queue.events("gateway", 100, Duration::from_secs(1)).await.expect("pulls");
        seen.extend(events.into_iter().map(|event| event.id));
    }
    assert_eq!(seen, ["news"]);
}

#[tokio::test]
async fn three_replicas_on_a_single_server_are_refused_in_words() {
    let options = ConnectOptions { replicas: 3, ..crate::options("replicas") };
    refused(options, "set queue.replicas to 1").await;
}

/// Fails on the code before: it turned every stream back to its own settings at each start.
#[tokio::test]
async fn wider_bounds_of_an_operator_are_kept() {
    let name = "wider";
    let queue = crate::on_nats(name, |_| {}).await;
    let (options, subjects) = subjects(name);
    let mut wider = topology::work_stream(&subjects, &options, Service::Ai);
    wider.max_messages = 1_000_000;
    wider.description = Some("an operator's".to_owned());
    admin().await.update_stream(&wider).await.expect("updates");
    drop(queue);
    crate::on_nats(name, |_| {}).await;
    let found = admin().await.get_stream(&wider.name).await.expect("reads").cached_info().config.clone();
    assert_eq!((found.max_messages, found.description), (1_000_000, wider.description));
}

#[tokio::test]
async fn settings_that_differ_are_changed_or_refused() {
    let name = "differing";
    let (options, subjects) = subjects(name);
    let admin = admin().await;
    let mut bounded = topology::work_stream(&subjects, &options, Service::Ai);
    bounded.max_messages = 7;
    admin.create_stream(&bounded).await.expect("creates");
    crate::on_nats(name, |_| {}).await;
    let found = admin.get_stream(&bounded.name).await.expect("reads").cached_info().config.max_messages;
    assert_eq!(found, i64::from(options.max_waiting), "a bound can be changed in place");

    let name = "refused";
    let (options, subjects) = self::subjects(name);
    let mut memory = topology::work_stream(&subjects, &options, Service::Ai);
    memory.storage = jetstream::stream::StorageType::Memory;
    admin.create_stream(&memory).await.expect("creates");
    refused(options, "storage").await;
}

/// Fails on code that takes every stream of its name for its own: an hour after its start, all that
/// was in it would be gone.
#[tokio::test]
async fn a_stream_of_other_subjects_is_somebody_elses_and_left_as_it_is() {
    let name = "foreign";
    let (options, subjects) = subjects(name);
    let mut theirs = topology::event_stream(&subjects, &options);
    theirs.subjects = vec![format!("{}.theirs.>", options.prefix)];
    theirs.max_age = Duration::ZERO;
    let admin = admin().await;
    admin.create_stream(&theirs).await.expect("creates");
    refused(options, "somebody else's").await;
    let found = admin.get_stream(&theirs.name).await.expect("reads").cached_info().config.clone();
    assert_eq!((found.max_age, found.subjects), (theirs.max_age, theirs.subjects));
}

#[tokio::test]
async fn a_command_of_an_unknown_kind_is_left_to_others() {
    let name = "unknown-kind";
    let queue = crate::on_nats(name, |_| {}).await;
    let (options, _) = subjects(name);
    let subject = format!("{}.work.ai.n.1.sing.0", options.prefix);
    admin().await.publish(subject, "x".into()).await.expect("publishes").await.expect("stores");
    assert!(queue.pull(Service::Ai, 4, Duration::from_millis(500)).await.expect("pulls").is_empty());
    queue.publish(&step("n/1/plan/0"), Message::new("x")).await.expect("publishes");
    // One that came with it is not left with it.
    let deliveries = queue.pull(Service::Ai, 4, Duration::from_secs(5)).await.expect("pulls");
    assert_eq!(deliveries.iter().map(|delivery| &delivery.step).collect::<Vec<_>>(), [&step("n/1/plan/0")]);
}

#[tokio::test]
async fn an_absent_server_is_reported_in_time() {
    let options = ConnectOptions { connect_within: Duration::from_millis(300), ..ConnectOptions::default() };
    let failure = lectern_queue::connect("nats://127.0.0.1:1", options).await.expect_err("nobody is there");
    assert_eq!(failure.kind, lectern_core::Kind::Unavailable, "{failure}");
    assert!(failure.message.contains("check that the NATS server is up"), "{failure}");
}
