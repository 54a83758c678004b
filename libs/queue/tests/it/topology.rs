//! The topology, made by hand: all of it, again and again, and by who may.

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use lectern_core::Kind;
use lectern_core::id::Service;
use lectern_queue::subject::Subjects;
use lectern_queue::{ConnectOptions, Identity, make_topology, permissions};
use lectern_testkit::NatsServer;

async fn made(test: &str) -> Vec<String> {
    make_topology(&crate::nats_url(), crate::options(test)).await.expect("a topology")
}

#[tokio::test]
async fn the_gateway_makes_every_stream_and_consumer_and_again_changes_nothing() {
    let test = "by-hand";
    let subjects = Subjects::new(&crate::options(test).prefix);
    let lines = made(test).await;
    for service in Service::ALL {
        let stream = subjects.work_stream(service);
        assert!(lines.contains(&format!("stream {stream}: copies 1, messages 0")), "{lines:?}");
        assert!(lines.contains(&format!("consumer {} of {stream}", service.as_str())), "{lines:?}");
    }
    let events = subjects.event_stream();
    assert!(lines.contains(&format!("consumer gateway of {events}")), "{lines:?}");
    assert!(lines.contains(&format!("stream {}: copies 1, messages 0", subjects.dead_stream())), "{lines:?}");
    assert_eq!(made(test).await, lines);

    // What was deleted in between is there again.
    let admin = jetstream::new(async_nats::connect(crate::nats_url()).await.expect("connects"));
    admin.delete_consumer_from_stream("gateway", &events).await.expect("deletes");
    admin.delete_stream(subjects.dead_stream()).await.expect("deletes");
    assert_eq!(made(test).await, lines);
    let stream = admin.get_stream(&events).await.expect("a stream");
    stream.consumer_info("gateway").await.expect("the consumer is there");
}

#[tokio::test]
async fn a_stage_that_may_make_nothing_is_told_what_is_missing() {
    let options = |identity| ConnectOptions {
        identity,
        max_stream_bytes: 2 << 20,
        connect_within: Duration::from_secs(2),
        ..ConnectOptions::default()
    };
    let stage = Identity::Stage(Service::Ai);
    let may = permissions(&options(stage)).to_config();
    let users = "{ user: admin, password: admin }";
    let server = NatsServer::with_config(&format!(
        "authorization {{ users: [\n{users}\n{{ user: ai, password: ai, permissions: {may} }}\n] }}\n"
    ));
    let url = |name: &str| format!("nats://{name}:{name}@{}", server.address());
    let refused = make_topology(&url("ai"), options(stage)).await.expect_err("nobody has made a stream");
    assert_eq!(refused.kind, Kind::Unavailable, "{refused}");
    assert!(refused.message.contains("WORK_AI") && refused.message.contains("start the gateway"), "{refused}");

    make_topology(&url("admin"), options(Identity::Gateway)).await.expect("the gateway makes them");
    let lines = make_topology(&url("ai"), options(stage)).await.expect("a stage verifies what it uses");
    assert!(lines.contains(&"consumer ai of WORK_AI".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("WORK_TTS")), "{lines:?}");
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused_and_left() {
    let test = "by-hand-foreign";
    let subjects = Subjects::new(&crate::options(test).prefix);
    let admin = jetstream::new(async_nats::connect(crate::nats_url()).await.expect("connects"));
    let theirs = stream::Config {
        name: subjects.dead_stream(),
        subjects: vec![format!("{test}.theirs.>")],
        ..stream::Config::default()
    };
    admin.create_stream(theirs).await.expect("a stream of somebody else");
    let refused = make_topology(&crate::nats_url(), crate::options(test)).await.expect_err("it is not ours");
    assert_eq!(refused.kind, Kind::FailedPrecondition, "{refused}");
    assert!(refused.message.contains("somebody else's"), "{refused}");
}

#[tokio::test]
async fn a_queue_without_a_server_has_no_topology() {
    for url in ["memory:", "amqp://127.0.0.1"] {
        let refused = make_topology(url, ConnectOptions::default()).await.expect_err("no server");
        assert_eq!((refused.kind, refused.field.as_deref()), (Kind::InvalidArgument, Some("queue.url")), "{refused}");
    }
}
