//! Takes messages from a consumer by plain requests, exactly as many as asked for.
//!
//! The client library's own streams prefetch, so that the ack-wait runs while messages sit in a
//! buffer. Its one-off batches stop listening after a heartbeat. Hence requests of our own: what
//! they need is three fields and five statuses (JetStream wire API, `CONSUMER.MSG.NEXT`).

use std::time::Duration;

use async_nats::StatusCode;
use async_nats::jetstream::Message;
use futures::StreamExt as _;
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
pub(super) enum Pulled {
    /// The messages that came, perhaps none.
    Messages(Vec<Message>),
    /// The consumer is gone or silent: make it again.
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
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|error| pulling(error.to_string()))?;
        self.client
            .publish_with_reply(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"), inbox, body.into())
            .await
            .map_err(|error| pulling(error.to_string()))?;

        let mut messages = Vec::new();
        let over = Instant::now() + wait.unwrap_or(ANSWER_WITHIN) + GRACE;
        while messages.len() < batch {
            // Two missed heartbeats, or no answer at all past the end of the wait.
            let silent_at = beat.map_or(over, |beat| Instant::now() + 2 * beat + beat / 2).min(over);
            let Ok(answer) = tokio::time::timeout_at(silent_at, answers.next()).await else {
                return Ok(taken_or_lost(messages, "the server was silent"));
            };
            let Some(answer) = answer else {
                return Err(pulling("the connection was closed".to_owned()));
            };
            match answer.status {
                None | Some(StatusCode::OK) => {
                    messages.push(Message { message: answer, context: self.context.clone() });
                }
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
                    return Err(refused("pulling", format!("{status} {text}")));
                }
            }
        }
        Ok(Pulled::Messages(messages))
    }
}

/// Messages that came are not thrown away because of what came after them.
fn taken_or_lost(messages: Vec<Message>, why: &'static str) -> Pulled {
    if messages.is_empty() { Pulled::Lost(why) } else { Pulled::Messages(messages) }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
