//! Takes messages from a consumer by plain requests, never more than asked for.
//!
//! The client library's own streams prefetch, so that the ack-wait runs while messages sit in a
//! buffer. Its one-off batches stop listening after a heartbeat. Hence requests of our own: what
//! they need is four fields and five statuses (JetStream wire API, `CONSUMER.MSG.NEXT`).
//!
//! A request with both `no_wait` and `expires` is answered once (nats-server, `processWaiting` of
//! its `consumer.go`; 2.12.8, 2.14.6 and 2.15.1 do so): with what is there, or with the first
//! message that comes and what is there by then. The server closes it behind the last message by a
//! status, 404 or, where deliveries are replicated first, 408; so whoever listens until then knows
//! that no message is on its way to him any more. It has two limits:
//!
//! - While messages wait that may not be delivered, because as many are in flight as may be, it is
//!   closed at its expiry alone. So it expires within half an ack-wait, and what it brought is then
//!   still ours.
//! - It is refused at once, by 408 "Requests Pending", where messages wait and other requests ask
//!   for more than there is. Asking again at once would do so without end; a request without
//!   `no_wait` waits its turn, for one message, since it is closed by nothing but its full number.

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
/// What the server says where others ask for more than is there.
const CROWDED: &str = "Requests Pending";
/// What the server may be late by.
const GRACE: Duration = Duration::from_secs(2);

/// What a request brought.
#[derive(Debug)]
pub(super) enum Pulled<M = Message> {
    /// The messages that came, perhaps none.
    Messages(Vec<M>),
    /// None came, since others ask for more than is there.
    Crowded,
    /// The consumer is gone or silent: look for it, and make it again if it is gone.
    Lost(&'static str),
}

/// What a request waits for.
#[derive(Debug, Clone, Copy)]
enum Patience {
    /// Nothing: it takes what is there.
    None,
    /// The first message, with which it takes what else is there.
    First(Duration),
    /// All that it asks for.
    All(Duration),
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
    /// Takes up to `most` messages of `consumer`: waits up to `wait` for the first, and gives it
    /// with what else is there.
    pub(super) async fn pull_messages(
        &self,
        stream: &str,
        consumer: &str,
        most: usize,
        wait: Duration,
    ) -> Result<Pulled, QueueError> {
        if wait.is_zero() {
            return self.request_messages(stream, consumer, most, Patience::None).await;
        }
        let over = Instant::now() + wait;
        loop {
            let (asked, left) = (Instant::now(), over.saturating_duration_since(Instant::now()));
            let patience = left.min(self.options.ack_wait / 2);
            match self.request_messages(stream, consumer, most, Patience::First(patience)).await? {
                // It expired, and there is time for another one.
                Pulled::Messages(none) if none.is_empty() && patience < left && asked.elapsed() >= patience => {}
                Pulled::Crowded => {
                    let left = over.saturating_duration_since(Instant::now());
                    return self.wait_in_line(stream, consumer, most, left).await;
                }
                pulled @ (Pulled::Messages(_) | Pulled::Lost(_)) => return Ok(pulled),
            }
        }
    }

    /// Waits for one message behind those who asked before, and takes what else is there then.
    async fn wait_in_line(
        &self,
        stream: &str,
        consumer: &str,
        most: usize,
        wait: Duration,
    ) -> Result<Pulled, QueueError> {
        let mut messages = match self.request_messages(stream, consumer, 1, Patience::All(wait)).await? {
            Pulled::Messages(messages) => messages,
            other @ (Pulled::Crowded | Pulled::Lost(_)) => return Ok(other),
        };
        if !messages.is_empty() && most > 1 {
            match self.request_messages(stream, consumer, most - 1, Patience::None).await {
                Ok(Pulled::Messages(more)) => messages.extend(more),
                // The next call meets what is wrong; this one keeps what it has.
                Ok(Pulled::Crowded | Pulled::Lost(_)) => {}
                Err(error) => tracing::warn!(%error, "no further messages were taken"),
            }
        }
        Ok(Pulled::Messages(messages))
    }

    /// Asks `consumer` for up to `batch` messages.
    async fn request_messages(
        &self,
        stream: &str,
        consumer: &str,
        batch: usize,
        patience: Patience,
    ) -> Result<Pulled, QueueError> {
        let pulling = |error: String| unreachable("pulling", error);
        let (no_wait, wait) = match patience {
            Patience::None => (true, None),
            Patience::First(wait) => (true, Some(wait)),
            Patience::All(wait) => (false, Some(wait)),
        };
        // The server takes an expiry of 0 for none at all.
        let wait = wait.map(|wait| wait.max(Duration::from_millis(1)));
        let beat = wait.filter(|wait| *wait >= HEARTBEATS_FROM).map(|wait| (wait / 4).min(LONGEST_BEAT));
        let request = Request { batch, expires: wait.map(nanos), idle_heartbeat: beat.map(nanos), no_wait };
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
            Pulled::Crowded => Pulled::Crowded,
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
            Some(StatusCode::TIMEOUT) if answer.description.as_deref().is_some_and(|text| text.contains(CROWDED)) => {
                return Ok(if messages.is_empty() { Pulled::Crowded } else { Pulled::Messages(messages) });
            }
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
            Pulled::Crowded => Pulled::Crowded,
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
        let crowded = collected(status(408, "Requests Pending"), false).await;
        assert!(matches!(crowded, Ok(Pulled::Crowded)), "{crowded:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_with_the_status_behind_its_last_message() {
        let end = |code| answer(StatusCode::from_u16(code).ok(), "");
        for end in [end(404), end(408)] {
            let kept = collected(vec![answer(None, ""), answer(None, ""), end], false).await;
            assert!(matches!(&kept, Ok(Pulled::Messages(messages)) if messages.len() == 2), "{kept:?}");
        }
    }
}
