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
    assert_eq!(queue.letter(&step("n/1/plan/0")).await, Ok(None));
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
                if let Some(delivery) = queue.pull(Service::Ai, Duration::from_secs(5)).await.expect("pulls") {
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
    let failure = lectern_queue::connect(&crate::nats_url(), options).await.expect_err("cannot be changed in place");
    assert_eq!(failure.kind, lectern_core::Kind::FailedPrecondition, "{failure}");
    assert!(failure.message.contains("storage"), "{failure}");
}

#[tokio::test]
async fn a_command_of_an_unknown_kind_is_left_to_others() {
    let name = "unknown-kind";
    let queue = crate::on_nats(name, |_| {}).await;
    let (options, _) = subjects(name);
    let subject = format!("{}.work.ai.n.1.sing.0", options.prefix);
    admin().await.publish(subject, "x".into()).await.expect("publishes").await.expect("stores");
    assert!(queue.pull(Service::Ai, Duration::from_millis(500)).await.expect("pulls").is_none());
    queue.publish(&step("n/1/plan/0"), Message::new("x")).await.expect("publishes");
    let delivery = queue.pull(Service::Ai, Duration::from_secs(5)).await.expect("pulls").expect("a command");
    assert_eq!(delivery.step, step("n/1/plan/0"));
}

#[tokio::test]
async fn an_absent_server_is_reported_in_time() {
    let options = ConnectOptions { connect_within: Duration::from_millis(300), ..ConnectOptions::default() };
    let failure = lectern_queue::connect("nats://127.0.0.1:1", options).await.expect_err("nobody is there");
    assert_eq!(failure.kind, lectern_core::Kind::Unavailable, "{failure}");
    assert!(failure.message.contains("check that the NATS server is up"), "{failure}");
}
