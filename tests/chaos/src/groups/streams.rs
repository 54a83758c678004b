//! Every stream and every consumer deleted under load, and JetStream's folder wiped: messages carry
//! the news, never the truth.

use std::time::Duration;

use tokio::task::block_in_place;

use crate::run::{FIRST_POISON, Fault, Run};
use crate::texts::Poison;

const STREAMS: [&str; 5] = ["WORK_INGEST", "WORK_AI", "WORK_TTS", "EVENTS", "DEAD"];
const CONSUMERS: [(&str, &str); 4] =
    [("WORK_INGEST", "ingest"), ("WORK_AI", "ai"), ("WORK_TTS", "tts"), ("EVENTS", "gateway")];

/// The faults.
pub async fn faults(run: &mut Run) {
    if run.scale.quick {
        let mut fault = run.begin("every consumer deleted").await;
        for (stream, consumer) in CONSUMERS {
            delete_consumer(run, &mut fault, stream, consumer).await;
        }
        run.end(fault).await;
        let mut fault = run.begin("every stream deleted").await;
        for stream in STREAMS {
            delete_stream(run, &mut fault, stream).await;
        }
        run.end(fault).await;
    } else {
        for (stream, consumer) in CONSUMERS {
            let mut fault = run.begin(format!("consumer {consumer} of {stream} deleted")).await;
            delete_consumer(run, &mut fault, stream, consumer).await;
            run.end(fault).await;
        }
        for stream in STREAMS {
            let mut fault = run.begin(format!("stream {stream} deleted")).await;
            delete_stream(run, &mut fault, stream).await;
            run.end(fault).await;
        }
    }
    let mut fault = run.begin("JetStream's folder wiped").await;
    let before = run.stack.nats().one().id();
    let kept = count(run, "EVENTS");
    block_in_place(|| run.stack.nats().one().restart_empty());
    let after = run.stack.nats().one().id();
    let left = run.stream("EVENTS")["error"]["description"].as_str().unwrap_or("there again").to_owned();
    fault.hit(
        u64::from(before != after && kept.is_some()),
        format!("process {before} killed, {after} started on nothing; EVENTS had {kept:?} messages, then: {left}"),
    );
    run.end(fault).await;
    // A dead letter makes the stream of dead letters anew; the checks look for it there.
    run.order_poison(FIRST_POISON, &[Poison::Fail]);
    for stream in ["WORK_INGEST", "WORK_AI", "WORK_TTS", "EVENTS"] {
        if count(run, stream).is_none() {
            run.problem(format!("the stream {stream} was not made again"));
        }
    }
}

async fn delete_stream(run: &mut Run, fault: &mut Fault, stream: &str) {
    let held = count(run, stream);
    let answer = run.jetstream(&format!("STREAM.DELETE.{stream}"), "");
    let gone = answer["success"] == true;
    fault.hit(u64::from(gone && held.is_some()), format!("{stream} with {held:?} messages: deleted {gone}"));
    run.hold(Duration::from_millis(300)).await;
}

async fn delete_consumer(run: &mut Run, fault: &mut Fault, stream: &str, consumer: &str) {
    let before = run.jetstream(&format!("CONSUMER.INFO.{stream}.{consumer}"), "");
    let gone = run.jetstream(&format!("CONSUMER.DELETE.{stream}.{consumer}"), "")["success"] == true;
    let (delivered, pending) = (&before["delivered"]["consumer_seq"], &before["num_ack_pending"]);
    let evidence =
        format!("{consumer} of {stream} with {delivered} delivered and {pending} unacknowledged: deleted {gone}");
    fault.hit(u64::from(gone), evidence);
    run.hold(Duration::from_millis(300)).await;
}

/// The messages of a stream; none when there is no such stream.
fn count(run: &mut Run, stream: &str) -> Option<u64> {
    run.stream(stream)["state"]["messages"].as_u64()
}
