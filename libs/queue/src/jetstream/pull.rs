//! Takes messages from a consumer by plain requests, exactly as many as asked for.
//!
//! The client library's own streams prefetch, so that the ack-wait runs while messages sit in a
//! buffer. Its one-off batches stop listening after a heartbeat. Hence requests of our own: what
//! they need is three fields and five statuses (JetStream wire API, `CONSUMER.MSG.NEXT`).

use std::time::Duration;

use async_nats::StatusCode;
use async_nats::jetstream::Message;
use futures::{Stream, StreamExt as _};
use serde::Serialize;
use tokio::time::Instant;

use super::{ANSWER_WITHIN, JetStream, refused, unreachable};
use crate::error::QueueError;

/// Waits from here on ask for heartbeats, so that a lost consumer is noticed before the wait is
/// over.
const HEARTBEATS_FROM: Duration = Duration::from_secs(10);
/// The longest time between heartbeats.
const LONGEST_BEAT: Duration = Duration::from_secs(5);
/// What the server may be late by.
const GRACE: Duration = Duration::from_secs(2);

/// What a request brought.
#[derive(Debug)]
pub(super) enum Pulled<M = Message> {
    /// The messages that came, perhaps none.
    Messages(Vec<M>),
    /// The consumer is gone or silent: look for it, and make it again if it is gone.
    Lost(&'static str),
}

/// The body of a request; durations in nanoseconds.
#[derive(Serialize)]
struct Request {
    batch: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_heartbeat: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_wait: bool,
}

impl JetStream {
    /// Asks `consumer` for up to `batch` messages: waits up to `wait` for them, or takes what is
    /// there when `wait` is none.
    pub(super) async fn request_messages(
        &self,
        stream: &str,
        consumer: &str,
        batch: usize,
        wait: Option<Duration>,
    ) -> Result<Pulled, QueueError> {
        let pulling = |error: String| unreachable("pulling", error);
        // The server takes an expiry of 0 for none at all.
        let wait = wait.map(|wait| wait.max(Duration::from_millis(1)));
        let beat = wait.filter(|wait| *wait >= HEARTBEATS_FROM).map(|wait| (wait / 4).min(LONGEST_BEAT));
        let request =
            Request { batch, expires: wait.map(nanos), idle_heartbeat: beat.map(nanos), no_wait: wait.is_none() };
        let body = serde_json::to_vec(&request).map_err(|error| pulling(error.to_string()))?;
        let subject = format!("{}.CONSUMER.MSG.NEXT.{stream}.{consumer}", self.api);
        let answered_within = wait.unwrap_or(ANSWER_WITHIN) + GRACE;
        let asking = async {
            let inbox = self.client.new_inbox();
            let answers = self.client.subscribe(inbox.clone()).await.map_err(|error| pulling(error.to_string()))?;
            self.client
                .publish_with_reply(subject.clone(), inbox, body.into())
                .await
                .map_err(|error| pulling(error.to_string()))?;
            collect(answers, batch, beat, Instant::now() + answered_within).await
        };
        // Collecting ends by itself, with what came; the limit above it is for a connection that
        // takes no requests.
        let pulled = self.wire.exchange("pulling", &subject, answered_within + ANSWER_WITHIN, asking).await?;
        Ok(match pulled {
            Pulled::Lost(why) => Pulled::Lost(why),
            Pulled::Messages(messages) => {
                let ours = |message| Message { message, context: self.context.clone() };
                Pulled::Messages(messages.into_iter().map(ours).collect())
            }
        })
    }
}

/// Gathers up to `batch` answers until `over`. Messages that came are never thrown away because of
/// what came after them: they are in flight, and would come again only after the ack-wait.
async fn collect(
    answers: impl Stream<Item = async_nats::Message> + Send,
    batch: usize,
    beat: Option<Duration>,
    over: Instant,
) -> Result<Pulled<async_nats::Message>, QueueError> {
    let mut answers = std::pin::pin!(answers);
    let mut messages = Vec::new();
    while messages.len() < batch {
        // Two missed heartbeats, or no answer at all past the end of the wait.
        let silent_at = beat.map_or(over, |beat| Instant::now() + 2 * beat + beat / 2).min(over);
        let Ok(answer) = tokio::time::timeout_at(silent_at, answers.next()).await else {
            return Ok(taken_or_lost(messages, "the server was silent"));
        };
        let Some(answer) = answer else {
            return taken_or(messages, unreachable("pulling", "the connection was closed"));
        };
        match answer.status {
            None | Some(StatusCode::OK) => messages.push(answer),
            Some(StatusCode::IDLE_HEARTBEAT) => {}
            Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) => break,
            Some(StatusCode::NO_RESPONDERS) => return Ok(taken_or_lost(messages, "nobody serves it")),
            Some(status) => {
                let text = answer.description.unwrap_or_default();
                let lower = text.to_ascii_lowercase();
                if lower.contains("deleted") || lower.contains("leadership") || lower.contains("shutdown") {
                    return Ok(taken_or_lost(messages, "it was deleted or moved"));
                }
                if lower.contains("max") && lower.contains("ack") {
                    break;
                }
                return taken_or(messages, refused("pulling", format!("{status} {text}")));
            }
        }
    }
    Ok(Pulled::Messages(messages))
}

fn taken_or_lost<M>(messages: Vec<M>, why: &'static str) -> Pulled<M> {
    if messages.is_empty() { Pulled::Lost(why) } else { Pulled::Messages(messages) }
}

/// An error that the next request will meet again, where it lasts.
fn taken_or<M>(messages: Vec<M>, error: QueueError) -> Result<Pulled<M>, QueueError> {
    if messages.is_empty() {
        return Err(error);
    }
    tracing::warn!(%error, taken = messages.len(), "a pull ended early, what came is kept");
    Ok(Pulled::Messages(messages))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn answer(status: Option<StatusCode>, text: &str) -> async_nats::Message {
        async_nats::Message {
            subject: "work.ai.n.1.plan.0".into(),
            reply: None,
            payload: "x".into(),
            headers: None,
            status,
            description: Some(text.to_owned()),
            length: 0,
        }
    }

    async fn collected(answers: Vec<async_nats::Message>, ends: bool) -> Result<Pulled<()>, QueueError> {
        let over = Instant::now() + Duration::from_secs(3);
        let answers = stream::iter(answers);
        let pulled = if ends {
            collect(answers, 10, None, over).await
        } else {
            collect(answers.chain(stream::pending()), 10, None, over).await
        };
        pulled.map(|pulled| match pulled {
            Pulled::Messages(messages) => Pulled::Messages(messages.into_iter().map(drop).collect()),
            Pulled::Lost(why) => Pulled::Lost(why),
        })
    }

    /// Fails on the code before: the message that came was dropped with the error after it, and
    /// came again only after the ack-wait.
    #[tokio::test(start_paused = true)]
    async fn messages_that_came_are_kept_when_the_pull_then_errs() {
        let conflict = || answer(StatusCode::from_u16(409).ok(), "Exceeded MaxRequestBatch of 1");
        for (then, ends) in [(vec![conflict()], false), (Vec::new(), true), (Vec::new(), false)] {
            let mut answers = vec![answer(None, "")];
            answers.extend(then.clone());
            let kept = collected(answers, ends).await;
            assert!(matches!(&kept, Ok(Pulled::Messages(messages)) if messages.len() == 1), "{kept:?}");
            let alone = collected(then, ends).await;
            assert!(matches!(alone, Err(_) | Ok(Pulled::Lost(_))), "{alone:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_a_pull_is_told_apart() {
        let status = |code, text: &str| vec![answer(StatusCode::from_u16(code).ok(), text)];
        for (answers, lost) in [
            (status(404, "No Messages"), false),
            (status(408, "Request Timeout"), false),
            (status(409, "Exceeded MaxAckPending"), false),
            (status(409, "Consumer Deleted"), true),
            (status(409, "Leadership Change"), true),
            (status(503, ""), true),
        ] {
            let said = format!("{answers:?}");
            let pulled = collected(answers, false).await.expect("no error");
            assert_eq!(matches!(pulled, Pulled::Lost(_)), lost, "{said}");
        }
    }
}
