//! What every queue does. Each case gets a queue of its own with an ack-wait of 1 s.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{Service, StepId};
use lectern_core::{Clock as _, Failure, SystemClock, Timestamp};
use lectern_queue::{DeadLetter, Delivery, Message, Published, Queue, QueueError, until};
use tokio_util::sync::CancellationToken;

type Q = Arc<dyn Queue>;

/// Long enough for anything that will come; memory runs on paused time and does not really wait.
const SOON: Duration = Duration::from_secs(5);
/// Long enough to see that nothing comes.
const MOMENT: Duration = Duration::from_millis(100);

pub fn step(text: &str) -> StepId {
    text.parse().expect("a step id")
}

async fn pull(queue: &Q, service: Service) -> Delivery {
    queue.pull(service, 1, SOON).await.expect("pulls").pop().expect("a command")
}

async fn nothing(queue: &Q, service: Service) {
    assert!(queue.pull(service, 9, MOMENT).await.expect("pulls").is_empty(), "nothing should come");
}

async fn publish(queue: &Q, id: &str) -> Published {
    queue.publish(&step(id), Message::new(id.to_owned())).await.expect("publishes")
}

pub async fn a_published_command_is_pulled_once_and_gone_after_its_ack(queue: Q) {
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let message = Message::new("payload").traced(trace);
    assert_eq!(queue.publish(&step("n/1/write/3"), message.clone()).await, Ok(Published::Queued));
    let delivery = pull(&queue, Service::Ai).await;
    assert_eq!((&delivery.step, &delivery.message, delivery.deliveries), (&step("n/1/write/3"), &message, 1));
    nothing(&queue, Service::Ai).await;
    delivery.ack.ack().await.expect("acks");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    nothing(&queue, Service::Ai).await;
}

pub async fn a_second_command_of_a_step_is_refused_while_the_first_waits_flies_or_is_delayed(queue: Q) {
    assert_eq!(publish(&queue, "n/1/plan/0").await, Published::Queued);
    assert_eq!(publish(&queue, "n/1/plan/0").await, Published::AlreadyWaiting);
    assert_eq!(publish(&queue, "n/2/plan/0").await, Published::Queued);
    let first = pull(&queue, Service::Ai).await;
    assert_eq!(publish(&queue, &first.step.to_string()).await, Published::AlreadyWaiting);
    first.ack.nak(Duration::from_secs(60)).await.expect("naks");
    assert_eq!(publish(&queue, &first.step.to_string()).await, Published::AlreadyWaiting);
    let second = pull(&queue, Service::Ai).await;
    second.ack.ack().await.expect("acks");
    assert_eq!(publish(&queue, &second.step.to_string()).await, Published::Queued);
}

pub async fn a_full_stream_is_told_apart_from_a_duplicate(queue: Q) {
    publish(&queue, "n/1/record/0").await;
    publish(&queue, "n/1/record/1").await;
    assert_eq!(publish(&queue, "n/1/record/1").await, Published::AlreadyWaiting);
    let refused = queue.publish(&step("n/1/record/2"), Message::new("x")).await;
    assert!(matches!(&refused, Err(QueueError::Full { stream }) if stream.ends_with("WORK_TTS")), "{refused:?}");
    pull(&queue, Service::Tts).await.ack.ack().await.expect("acks");
    assert_eq!(publish(&queue, "n/1/record/2").await, Published::Queued);
}

pub async fn an_unanswered_command_comes_again_after_the_ack_wait(queue: Q) {
    publish(&queue, "n/1/extract/0").await;
    assert_eq!(pull(&queue, Service::Ingest).await.deliveries, 1);
    nothing(&queue, Service::Ingest).await;
    assert_eq!(pull(&queue, Service::Ingest).await.deliveries, 2);
}

pub async fn progress_holds_off_redelivery(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    let held = pull(&queue, Service::Ai).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        held.ack.progress().await.expect("reports progress");
    }
    nothing(&queue, Service::Ai).await;
    held.ack.ack().await.expect("acks");
}

pub async fn a_command_handed_back_comes_again_after_its_delay(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    pull(&queue, Service::Ai).await.ack.nak(Duration::ZERO).await.expect("naks");
    let again = pull(&queue, Service::Ai).await;
    assert_eq!(again.deliveries, 2);
    again.ack.nak(Duration::from_millis(600)).await.expect("naks");
    nothing(&queue, Service::Ai).await;
    assert_eq!(pull(&queue, Service::Ai).await.deliveries, 3);
}

pub async fn a_terminated_command_does_not_come_again(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    pull(&queue, Service::Ai).await.ack.term().await.expect("terminates");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    nothing(&queue, Service::Ai).await;
    assert_eq!(publish(&queue, "n/1/plan/0").await, Published::Queued);
}

/// Not what one would wish for, but what brokers do: only the fence protects against it.
pub async fn a_stale_ack_removes_the_message(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    let stale = pull(&queue, Service::Ai).await;
    let current = pull(&queue, Service::Ai).await;
    assert_eq!(current.deliveries, 2);
    stale.ack.ack().await.expect("acks");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    nothing(&queue, Service::Ai).await;
}

pub async fn answers_to_what_is_gone_do_nothing(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    let done = pull(&queue, Service::Ai).await;
    done.ack.ack().await.expect("acks");
    publish(&queue, "n/1/plan/0").await;
    done.ack.ack().await.expect("acks again");
    done.ack.progress().await.expect("reports progress");
    done.ack.nak(Duration::from_secs(60)).await.expect("naks");
    done.ack.term().await.expect("terminates");
    pull(&queue, Service::Ai).await;
}

pub async fn a_withdrawn_command_is_gone_and_may_be_published_again(queue: Q) {
    publish(&queue, "n/1/plan/0").await;
    publish(&queue, "n/1/write/0").await;
    queue.withdraw(&step("n/1/plan/0")).await.expect("withdraws");
    queue.withdraw(&step("n/9/plan/0")).await.expect("withdraws nothing");
    let left = pull(&queue, Service::Ai).await;
    assert_eq!(left.step, step("n/1/write/0"));
    queue.withdraw(&left.step).await.expect("withdraws one in flight");
    nothing(&queue, Service::Ai).await;
    assert_eq!(publish(&queue, "n/1/write/0").await, Published::Queued);
    assert_eq!(publish(&queue, "n/1/plan/0").await, Published::Queued);
}

pub async fn services_do_not_see_each_others_commands(queue: Q) {
    for id in ["n/1/extract/0", "n/1/plan/0", "n/1/assemble/0"] {
        publish(&queue, id).await;
    }
    for (service, id) in
        [(Service::Ingest, "n/1/extract/0"), (Service::Ai, "n/1/plan/0"), (Service::Tts, "n/1/assemble/0")]
    {
        assert_eq!(pull(&queue, service).await.step, step(id));
        nothing(&queue, service).await;
    }
}

pub async fn members_of_a_group_share_events_and_groups_do_not(queue: Q) {
    queue.emit("document", "n-1", Message::new("before")).await.expect("emits");
    let mut first = queue.events("gateway", 1, SOON).await.expect("pulls");
    queue.emit("recording", "n-2", Message::new("after").traced(Some("00-a-b-01".into()))).await.expect("emits");
    let second = queue.events("gateway", 1, SOON).await.expect("pulls");
    first.extend(second);
    let seen: Vec<_> = first.iter().map(|e| (e.noun.as_str(), e.id.as_str(), &e.message.payload[..])).collect();
    assert_eq!(seen, [("document", "n-1", &b"before"[..]), ("recording", "n-2", &b"after"[..])]);
    assert_eq!(first[1].message.traceparent.as_deref(), Some("00-a-b-01"));
    for event in &first {
        event.ack.ack().await.expect("acks");
    }
    assert!(queue.events("gateway", 10, MOMENT).await.expect("pulls").is_empty());
    let others = queue.events("audit", 10, SOON).await.expect("pulls");
    assert_eq!(others.len(), 2, "a new group sees what is kept");
}

pub async fn events_come_in_batches(queue: Q) {
    assert!(queue.events("gateway", 100, MOMENT).await.expect("pulls").is_empty());
    for index in 0..30 {
        queue.emit("script", &format!("n-{index}"), Message::new("x")).await.expect("emits");
    }
    let first = queue.events("gateway", 20, SOON).await.expect("pulls");
    let second = queue.events("gateway", 20, SOON).await.expect("pulls");
    assert_eq!((first.len(), second.len()), (20, 10));
    let ids: BTreeSet<_> = first.iter().chain(&second).map(|event| event.id.clone()).collect();
    assert_eq!(ids.len(), 30);
}

pub async fn an_unacknowledged_event_comes_again(queue: Q) {
    queue.emit("script", "n-1", Message::new("x")).await.expect("emits");
    assert_eq!(queue.events("gateway", 10, SOON).await.expect("pulls").len(), 1);
    assert!(queue.events("gateway", 10, MOMENT).await.expect("pulls").is_empty());
    let again = queue.events("gateway", 10, SOON).await.expect("pulls");
    assert_eq!(again.len(), 1);
    again[0].ack.nak(Duration::ZERO).await.expect("naks");
    assert_eq!(queue.events("gateway", 10, SOON).await.expect("pulls").len(), 1);
}

/// Takes commands until so many have come.
async fn pull_all(queue: &Q, service: Service, most: usize, wanted: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < wanted {
        let pulled = queue.pull(service, most, SOON).await.expect("pulls");
        assert!(!pulled.is_empty(), "{} of {wanted} came", all.len());
        assert!(pulled.len() <= most, "{} of {most} were asked for", pulled.len());
        all.extend(pulled);
    }
    all
}

pub async fn commands_come_in_batches_of_what_is_there(queue: Q) {
    for index in 0..10 {
        publish(&queue, &format!("n/1/record/{index}")).await;
    }
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.push(queue.pull(Service::Tts, 4, SOON).await.expect("pulls"));
    }
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2], "fewer come when there are fewer");
    let indexes: Vec<u32> = batches.iter().flatten().map(|delivery| delivery.step.index).collect();
    assert_eq!(indexes, (0..10).collect::<Vec<_>>());
    // Each is answered by itself.
    let [first, second, third] = <[_; 3]>::try_from(batches).expect("three");
    for delivery in first.iter().chain(&third) {
        delivery.ack.ack().await.expect("acks");
    }
    second[0].ack.nak(Duration::ZERO).await.expect("naks");
    assert_eq!(pull(&queue, Service::Tts).await.step, second[0].step);
    let mut again = BTreeSet::new();
    while again.len() < 4 {
        again.extend(pull_all(&queue, Service::Tts, 9, 1).await.iter().map(|delivery| delivery.step.index));
    }
    assert_eq!(again, BTreeSet::from([4, 5, 6, 7]), "those without an answer after the ack-wait");
}

/// With an ack-wait that is longer than anybody waits here: what was on its way to nobody would not
/// come again.
pub async fn the_first_command_is_not_held_up_for_others_and_they_are_not_lost(queue: Q) {
    const LONG: Duration = Duration::from_secs(60);
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.pull(Service::Tts, 50, LONG).await }
    });
    tokio::time::sleep(MOMENT).await;
    publish(&queue, "n/1/record/0").await;
    let first = tokio::time::timeout(2 * SOON, waiting).await.expect("long before the wait is over").expect("ends");
    let first: Vec<_> = first.expect("pulls").iter().map(|delivery| delivery.step.clone()).collect();
    assert_eq!(first, [step("n/1/record/0")]);
    for index in 1..=30 {
        publish(&queue, &format!("n/1/record/{index}")).await;
    }
    let others = pull_all(&queue, Service::Tts, 50, 30).await;
    assert!(others.iter().all(|delivery| delivery.deliveries == 1), "none was delivered before");
    assert_eq!(others.iter().map(|delivery| delivery.step.index).collect::<BTreeSet<_>>(), (1..=30).collect());
    assert!(queue.pull(Service::Tts, 50, Duration::ZERO).await.expect("pulls").is_empty(), "nothing is left");
}

pub async fn a_command_says_when_it_was_queued(queue: Q) {
    let near = |queued: Option<Timestamp>| {
        let (queued, now) = (queued.expect("a time"), SystemClock.now());
        assert!(queued.since(now).max(now.since(queued)) < Duration::from_secs(60), "{queued:?} and now {now:?}");
        queued
    };
    publish(&queue, "n/1/plan/0").await;
    let first = near(pull(&queue, Service::Ai).await.queued);
    let again = pull(&queue, Service::Ai).await;
    assert_eq!((again.deliveries, near(again.queued)), (2, first), "not when it was delivered");
}

pub async fn hints_reach_those_who_want_to_hear_of_an_id(queue: Q) {
    let mut one = queue.hints("news.n-1_A").await.expect("listens");
    let mut other = queue.hints("news.n-2_B").await.expect("listens");
    drop(queue.hints("news.n-1_A").await.expect("listens"));
    queue.hint("news.n-2_B", Bytes::from_static(b"2")).await.expect("hints");
    queue.hint("news.n-1_A", Bytes::from_static(b"1")).await.expect("hints");
    assert_eq!(one.next().await.as_deref(), Some(&b"1"[..]));
    assert_eq!(other.next().await.as_deref(), Some(&b"2"[..]));
}

pub async fn hints_reach_those_who_listen(queue: Q) {
    queue.hint("cancel.ai", Bytes::from_static(b"unheard")).await.expect("hints");
    let mut one = queue.hints("cancel.ai").await.expect("listens");
    let mut two = queue.hints("cancel.ai").await.expect("listens");
    let mut other = queue.hints("narrations").await.expect("listens");
    queue.hint("cancel.ai", Bytes::from_static(b"n-1")).await.expect("hints");
    queue.hint("narrations", Bytes::from_static(b"n-2")).await.expect("hints");
    assert_eq!(one.next().await.as_deref(), Some(&b"n-1"[..]));
    assert_eq!(two.next().await.as_deref(), Some(&b"n-1"[..]));
    assert_eq!(other.next().await.as_deref(), Some(&b"n-2"[..]));
}

fn letter(id: &str, attempts: u32) -> DeadLetter {
    DeadLetter {
        step: step(id),
        tenant: "t".parse().expect("an id"),
        failure: Failure::internal("it broke"),
        attempts,
        crashes: 1,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        command: Bytes::from_static(b"\x00\xffcommand"),
        at: Timestamp(1_700_000_000_000),
    }
}

pub async fn dead_letters_are_listed_found_replaced_and_discarded(queue: Q) {
    assert!(queue.dead_letters(None, 0, 10).await.expect("lists").dead_letters.is_empty());
    for id in ["n/1/write/0", "n/1/record/0", "n/1/write/1", "n/1/write/2"] {
        queue.bury(letter(id, 3)).await.expect("buries");
    }
    queue.bury(letter("n/1/write/0", 4)).await.expect("buries again");

    let page = queue.dead_letters(Some(Service::Ai), 0, 2).await.expect("lists");
    assert_eq!(page.dead_letters, [letter("n/1/write/1", 3), letter("n/1/write/2", 3)]);
    let rest = queue.dead_letters(Some(Service::Ai), page.next.expect("more"), 2).await.expect("lists");
    assert_eq!((rest.dead_letters, rest.next), (vec![letter("n/1/write/0", 4)], None));
    assert_eq!(queue.dead_letters(None, 0, 10).await.expect("lists").dead_letters.len(), 4);

    let found = queue.dead_letter(&step("n/1/record/0")).await.expect("reads");
    assert_eq!(found.as_ref().and_then(DeadLetter::trace_id), Some("0af7651916cd43dd8448eb211c80319c"));
    queue.discard(&step("n/1/record/0")).await.expect("discards");
    queue.discard(&step("n/1/record/0")).await.expect("discards nothing");
    assert_eq!(queue.dead_letter(&step("n/1/record/0")).await, Ok(None));
}

pub async fn too_large_a_message_is_refused(queue: Q) {
    let large = Message::new(vec![0; 64 * 1024 + 1]);
    let refused = queue.publish(&step("n/1/plan/0"), large.clone()).await;
    assert_eq!(refused, Err(QueueError::TooLarge { bytes: 64 * 1024 + 1 }));
    assert!(queue.emit("script", "n", large).await.is_err());
    queue.publish(&step("n/1/plan/0"), Message::new(vec![0; 64 * 1024])).await.expect("64 KiB fit");
    let dead = DeadLetter { command: vec![0; 64 * 1024].into(), ..letter("n/1/plan/0", 1) };
    queue.bury(dead.clone()).await.expect("a letter of it fits");
    assert_eq!(queue.dead_letter(&dead.step).await, Ok(Some(dead)));
}

pub async fn a_ping_succeeds(queue: Q) {
    queue.ping().await.expect("answers");
}

pub async fn a_call_that_is_left_takes_nothing_with_it(queue: Q) {
    let stop = CancellationToken::new();
    let waiting = tokio::spawn({
        let (queue, stop) = (Arc::clone(&queue), stop.clone());
        async move { until(&*queue, &stop, queue.pull(Service::Ai, 9, Duration::from_millis(500))).await }
    });
    tokio::time::sleep(MOMENT).await;
    stop.cancel();
    let waited = waiting.await.expect("ends");
    assert_eq!(waited.is_none(), queue.may_be_left());
    publish(&queue, "n/1/plan/0").await;
    assert_eq!(pull(&queue, Service::Ai).await.deliveries, 1);
    let waited = until(&*queue, &stop, queue.events("gateway", 1, MOMENT)).await;
    assert_eq!(waited.is_none(), queue.may_be_left());
}

pub async fn concurrent_pullers_share_the_commands(queue: Q) {
    let pullers: Vec<_> = (0..8)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let pulled = queue.pull(Service::Tts, 7, Duration::from_millis(500)).await.expect("pulls");
                    if pulled.is_empty() {
                        return mine;
                    }
                    for delivery in pulled {
                        delivery.ack.ack().await.expect("acks");
                        mine.push(delivery.step);
                    }
                }
            })
        })
        .collect();
    for index in 0..40 {
        publish(&queue, &format!("n/1/record/{index}")).await;
    }
    let mut all = Vec::new();
    for puller in pullers {
        all.extend(puller.await.expect("ends"));
    }
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (40, 40));
}
