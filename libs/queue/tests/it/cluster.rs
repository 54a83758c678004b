//! A cluster of three servers: copies of streams, and what happens when servers are away.

use std::time::Duration;

use async_nats::jetstream;
use lectern_core::id::Service;
use lectern_queue::subject::Subjects;
use lectern_queue::{ConnectOptions, Message, Published, Queue, QueueError, connect};
use lectern_testkit::{NatsCluster, NatsClusterOptions};

use crate::contract::step;

/// How long a cluster of this machine may take for a new leader, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(90);

fn options(replicas: u8) -> ConnectOptions {
    ConnectOptions {
        replicas,
        max_stream_bytes: 2 << 20,
        ack_wait: Duration::from_secs(5),
        connect_within: Duration::from_secs(60),
        ..ConnectOptions::default()
    }
}

async fn queue(url: &str, replicas: u8) -> std::sync::Arc<dyn Queue> {
    connect(url, options(replicas)).await.expect("connects")
}

async fn admin(url: &str) -> jetstream::Context {
    let addresses: Vec<async_nats::ServerAddr> = url.split(',').map(|url| url.parse().expect("an address")).collect();
    jetstream::new(async_nats::connect(addresses).await.expect("connects"))
}

async fn info(admin: &jetstream::Context, stream: &str) -> jetstream::stream::Info {
    let reading = async {
        loop {
            match admin.get_stream(stream).await {
                Ok(stream) => return stream.cached_info().clone(),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the stream answers")
}

async fn copies(admin: &jetstream::Context) -> Vec<usize> {
    let subjects = Subjects::default();
    let mut streams: Vec<String> = Service::ALL.map(|service| subjects.work_stream(service)).to_vec();
    streams.extend([subjects.event_stream(), subjects.dead_stream()]);
    let mut copies = Vec::new();
    for stream in streams {
        copies.push(info(admin, &stream).await.config.num_replicas);
    }
    copies
}

/// Publishes until it is taken.
async fn publish(queue: &dyn Queue, id: &str) {
    let publishing = async {
        loop {
            match queue.publish(&step(id), Message::new("x")).await {
                Ok(Published::Queued | Published::AlreadyWaiting) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, publishing).await.expect("is taken in the end");
}

/// Pulls until the command of that step comes, and acknowledges it.
async fn pull(queue: &dyn Queue, id: &str) {
    let pulling = async {
        loop {
            match queue.pull(Service::Ai, 8, Duration::from_secs(1)).await {
                Ok(deliveries) => {
                    let mut came = false;
                    for delivery in deliveries {
                        let ours = delivery.step == step(id);
                        came |= delivery.ack.ack().await.is_ok() && ours;
                    }
                    if came {
                        return;
                    }
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, pulling).await.expect("comes in the end");
}

/// Fails on the code before: a process with one replica, which was all there was, turned the
/// streams of an operator back to one.
#[tokio::test(flavor = "multi_thread")]
async fn streams_have_three_copies_and_keep_them_when_a_process_wants_one() {
    let cluster = NatsCluster::start(NatsClusterOptions::default());
    let admin = admin(&cluster.url()).await;
    drop(queue(&cluster.url(), 3).await);
    assert_eq!(copies(&admin).await, [3; 5]);
    let queue = queue(&cluster.url(), 1).await;
    assert_eq!(copies(&admin).await, [3; 5]);
    publish(&*queue, "n/1/plan/0").await;
    pull(&*queue, "n/1/plan/0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_copy_are_raised_to_three_with_what_they_hold() {
    let cluster = NatsCluster::start(NatsClusterOptions::default());
    let one = queue(&cluster.url(), 1).await;
    publish(&*one, "n/1/plan/0").await;
    let three = queue(&cluster.url(), 3).await;
    let admin = admin(&cluster.url()).await;
    assert_eq!(copies(&admin).await, [3; 5]);
    // The server copies before it counts the copies; 2.15 takes some 25 s for it.
    let stream = Subjects::default().work_stream(Service::Ai);
    let copied = async {
        while info(&admin, &stream).await.cluster.is_none_or(|cluster| cluster.replicas.len() < 2) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(PATIENCE, copied).await.expect("two others have it");
    pull(&*three, "n/1/plan/0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_when_the_server_that_leads_it_is_killed_or_cut_off() {
    let mut cluster = NatsCluster::start(NatsClusterOptions::default());
    let admin = admin(&cluster.url()).await;
    let queue = queue(&cluster.url(), 3).await;
    let stream = Subjects::default().work_stream(Service::Ai);
    let leader = |info: jetstream::stream::Info| info.cluster.and_then(|cluster| cluster.leader);

    let first = leader(info(&admin, &stream).await).expect("a leader");
    let index = cluster.index_of(&first);
    publish(&*queue, "n/1/plan/0").await;
    cluster.node(index).kill();
    publish(&*queue, "n/2/plan/0").await;
    pull(&*queue, "n/2/plan/0").await;
    cluster.node(index).start();

    let second = leader(info(&admin, &stream).await).expect("a leader");
    let cut = cluster.index_of(&second);
    // A client of the part that is cut off is not connected to anything that could answer.
    let others: Vec<String> = (0..3).filter(|node| *node != cut).map(|node| cluster.node(node).url()).collect();
    let elsewhere = self::queue(&others.join(","), 3).await;
    cluster.cut(cut);
    publish(&*elsewhere, "n/3/plan/0").await;
    pull(&*elsewhere, "n/3/plan/0").await;
    cluster.mend(cut);
    publish(&*queue, "n/4/plan/0").await;
    pull(&*queue, "n/4/plan/0").await;
}

/// A stream that is away is not a stream that is gone: nothing is made anew, and what it holds is
/// there when its servers are.
#[tokio::test(flavor = "multi_thread")]
async fn with_two_of_three_servers_away_calls_end_and_nothing_is_made_anew() {
    let mut cluster = NatsCluster::start(NatsClusterOptions::default());
    let admin = admin(&cluster.url()).await;
    let queue = queue(&cluster.url(), 3).await;
    publish(&*queue, "n/1/plan/0").await;
    let stream = Subjects::default().work_stream(Service::Ai);
    let before = info(&admin, &stream).await;

    for index in [0, 1] {
        cluster.node(index).kill();
    }
    let id = step("n/2/plan/0");
    let calls = async {
        // Each stands for many permits, which must not wait for each other.
        let pulls = (0..16).map(|_| queue.pull(Service::Ai, 1, Duration::from_secs(1)));
        futures::join!(queue.publish(&id, Message::new("x")), futures::future::join_all(pulls))
    };
    let (published, pulled) = tokio::time::timeout(PATIENCE, calls).await.expect("every call has an end");
    published.expect_err("no majority could have stored it");
    // The server that is left may give what it holds before it notices that it is alone.
    for pulled in pulled {
        assert!(matches!(&pulled, Ok(_) | Err(QueueError::Unreachable { .. })), "{pulled:?}");
    }

    for index in [0, 1] {
        cluster.node(index).start();
    }
    pull(&*queue, "n/1/plan/0").await;
    assert_eq!(info(&admin, &stream).await.created, before.created);
}
