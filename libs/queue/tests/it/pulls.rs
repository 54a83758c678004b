//! What JetStream alone does: a consumer that has as many in flight as it may, several who ask for
//! more than there is, and listeners that come and go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::RequestErrorKind;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::Service;
use lectern_queue::subject::Subjects;
use lectern_queue::{Message, Queue};

use crate::contract::step;

const SOON: Duration = Duration::from_secs(5);

async fn publish(queue: &dyn Queue, count: u32) {
    for index in 0..count {
        queue.publish(&step(&format!("n/1/record/{index}")), Message::new("x")).await.expect("publishes");
    }
}

/// The server refuses those who ask for more than there is while others do, and closes no request
/// while it may not deliver; all of it must come nevertheless, once.
#[tokio::test]
async fn several_who_ask_for_much_of_a_full_consumer_get_all_of_it_once() {
    const COMMANDS: u32 = 12;
    let adapt = |options: &mut lectern_queue::ConnectOptions| {
        options.max_in_flight = 4;
        options.ack_wait = Duration::from_secs(20);
    };
    let queue = crate::on_nats("full-consumer", adapt).await;
    publish(&*queue, COMMANDS).await;
    let pullers: Vec<_> = (0..3)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let pulled = queue.pull(Service::Tts, 16, Duration::from_secs(1)).await.expect("pulls");
                    if pulled.is_empty() {
                        return mine;
                    }
                    assert!(pulled.len() <= 16);
                    for delivery in pulled {
                        assert_eq!(delivery.deliveries, 1, "none was on its way to nobody");
                        delivery.ack.ack().await.expect("acks");
                        mine.push(delivery.step.index);
                    }
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for puller in pullers {
        all.extend(puller.await.expect("ends"));
    }
    // Whoever found nothing for a whole second has gone; the others may have left the last ones.
    loop {
        let pulled = queue.pull(Service::Tts, 16, Duration::from_secs(1)).await.expect("pulls");
        if pulled.is_empty() {
            break;
        }
        for delivery in pulled {
            delivery.ack.ack().await.expect("acks");
            all.push(delivery.step.index);
        }
    }
    assert_eq!(all.len(), COMMANDS as usize);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), (0..COMMANDS).collect());
}

/// What is held does not wait for room longer than half an ack-wait, so that it is still ours.
#[tokio::test]
async fn what_came_before_a_consumer_was_full_is_given_while_it_is_ours() {
    let adapt = |options: &mut lectern_queue::ConnectOptions| {
        options.max_in_flight = 2;
        options.ack_wait = Duration::from_secs(4);
    };
    let queue = crate::on_nats("held-up", adapt).await;
    publish(&*queue, 5).await;
    let pulled = queue.pull(Service::Tts, 16, Duration::from_secs(60)).await.expect("pulls");
    assert_eq!(pulled.iter().map(|delivery| delivery.step.index).collect::<Vec<_>>(), [0, 1]);
    for delivery in &pulled {
        assert_eq!(delivery.deliveries, 1);
        delivery.ack.ack().await.expect("acks");
    }
    let others = queue.pull(Service::Tts, 16, Duration::from_secs(60)).await.expect("pulls");
    assert_eq!(others.first().map(|delivery| (delivery.step.index, delivery.deliveries)), Some((2, 1)));
}

#[tokio::test]
async fn listeners_that_are_gone_leave_no_subscription_behind() {
    const LISTENERS: usize = 300;
    let name = "listeners";
    let queue = crate::on_nats(name, |_| {}).await;
    let subjects = Subjects::new(&crate::options(name).prefix);
    let mut listeners = Vec::new();
    for n in 0..LISTENERS {
        listeners.push(queue.hints(&format!("news.n-{n}")).await.expect("listens"));
    }
    queue.hint("news.n-7", Bytes::from_static(b"1")).await.expect("hints");
    assert_eq!(listeners[7].next().await.as_deref(), Some(&b"1"[..]));
    drop(listeners);
    let admin = async_nats::connect(crate::nats_url()).await.expect("connects");
    // The server tells at once whoever asks where nobody listens.
    let forgotten = async {
        for n in 0..LISTENERS {
            let subject = subjects.hint(&format!("news.n-{n}"));
            loop {
                let asked = admin.request(subject.clone(), Bytes::new()).await;
                if matches!(&asked, Err(error) if error.kind() == RequestErrorKind::NoResponders) {
                    break;
                }
            }
        }
    };
    tokio::time::timeout(12 * SOON, forgotten).await.expect("nobody listens any more");
}
