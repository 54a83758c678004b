//! What calls do while the server is away: stopped with its connections open, or killed.

use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::Service;
use lectern_queue::{ConnectOptions, Message, Published, Queue, QueueError, connect};
use lectern_testkit::NatsServer;

use crate::contract::step;

/// More than the client's channel and the buffers of the system hold.
const MANY: usize = 20_000;
/// How long anything may take that returns at once. Without an end of its own it would take for
/// ever.
const PATIENCE: Duration = Duration::from_secs(60);

async fn on(server: &NatsServer) -> std::sync::Arc<dyn Queue> {
    let options = ConnectOptions { connect_within: Duration::from_secs(20), ..crate::options("away") };
    connect(&server.url(), options).await.expect("connects")
}

/// Gives many hints; how many were dropped.
async fn hint(queue: &dyn Queue, many: usize) -> usize {
    let hinting = async {
        let mut dropped = 0;
        for _ in 0..many {
            dropped += usize::from(queue.hint("narrations", Bytes::from_static(&[0; 1024])).await.is_err());
        }
        dropped
    };
    tokio::time::timeout(PATIENCE, hinting).await.expect("hints never wait for a server that is away")
}

async fn works_again(queue: &dyn Queue, id: &str) {
    let working = async {
        while queue.publish(&step(id), Message::new("x")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while queue.hint("narrations", Bytes::new()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, working).await.expect("goes on when the server is back");
}

/// Fails on the code before: the client's channel fills up, and the next hint waits until the
/// server is back.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_hints_return_at_once_while_the_server_is_stopped_or_dead() {
    let mut server = NatsServer::start();
    let queue = on(&server).await;
    assert_eq!(hint(&*queue, 500).await, 0, "a task that gives many hints at once loses none");

    server.suspend();
    assert!(hint(&*queue, MANY).await > 0, "more than there is room for is dropped");
    server.resume();
    works_again(&*queue, "n/1/plan/0").await;

    server.kill9();
    assert!(hint(&*queue, MANY).await > 0, "nobody is there");
    server.restart();
    works_again(&*queue, "n/2/plan/0").await;
}

/// Fails on the code before: progress waited for as long as the server was away, and no call but
/// requests had an end.
#[tokio::test(flavor = "multi_thread")]
async fn every_call_ends_while_the_server_is_stopped() {
    let mut server = NatsServer::start();
    let queue = on(&server).await;
    assert_eq!(queue.publish(&step("n/1/plan/0"), Message::new("x")).await, Ok(Published::Queued));
    let held = queue.pull(Service::Ai, 9, Duration::from_secs(5)).await.expect("pulls").pop().expect("a command");

    server.suspend();
    hint(&*queue, MANY).await;
    let calls = async {
        let id = step("n/2/plan/0");
        // Progress is no request: it may be on its way to a server that reads nothing.
        drop(held.ack.progress().await);
        let refused = tokio::join!(
            held.ack.ack(),
            async { queue.publish(&id, Message::new("x")).await.map(drop) },
            async { queue.pull(Service::Ai, 9, Duration::from_secs(1)).await.map(drop) },
            async { queue.hints("narrations").await.map(drop) },
            queue.withdraw(&id),
            async { queue.dead_letter(&id).await.map(drop) },
            queue.ping(),
        );
        [refused.0, refused.1, refused.2, refused.3, refused.4, refused.5, refused.6]
    };
    for answer in tokio::time::timeout(PATIENCE, calls).await.expect("every call has an end") {
        assert!(matches!(&answer, Err(QueueError::Unreachable { .. })), "{answer:?}");
    }
    server.resume();
    works_again(&*queue, "n/3/plan/0").await;
}
