//! Answers to a delivery go to its reply subject.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, AckKind};
use async_nats::{Client, HeaderMap};
use async_trait::async_trait;

use super::wire::Wire;
use super::{LIMIT, TRACEPARENT, unreachable};
use crate::error::QueueError;
use crate::port::{Acknowledge, Message};

/// How long a message that reports progress may wait for room on the connection. Short: a step's
/// lease is extended by the same task.
const PROGRESS_WITHIN: Duration = Duration::from_secs(1);

/// Where the answers to one delivery go.
#[derive(Debug)]
pub(super) struct Answer {
    pub message: jetstream::Message,
    pub client: Client,
    pub wire: Arc<Wire>,
    /// Whether an ack waits until the broker has confirmed it.
    pub confirms: bool,
}

impl Answer {
    /// What was delivered.
    pub fn content(&self) -> Message {
        let header = |headers: &HeaderMap| headers.get(TRACEPARENT).map(|value| value.as_str().to_owned());
        Message { payload: self.message.payload.clone(), traceparent: self.message.headers.as_ref().and_then(header) }
    }

    fn subject(&self) -> &str {
        self.message.reply.as_ref().map_or("", |reply| reply.as_str())
    }

    async fn confirmed(&self, kind: AckKind, action: &'static str) -> Result<(), QueueError> {
        let answering = async { self.message.double_ack_with(kind).await.map_err(|error| unreachable(action, error)) };
        self.wire.exchange(action, self.subject(), LIMIT, answering).await
    }

    /// Sends an answer that nobody confirms.
    async fn sent(&self, kind: AckKind, action: &'static str, within: Duration) -> Result<(), QueueError> {
        if self.client.connection_state() != State::Connected {
            return Err(unreachable(action, "not connected"));
        }
        let telling = async { self.message.ack_with(kind).await.map_err(|error| unreachable(action, error)) };
        self.wire.exchange(action, self.subject(), within, telling).await
    }
}

#[async_trait]
impl Acknowledge for Answer {
    async fn ack(&self) -> Result<(), QueueError> {
        let action = "acknowledging";
        if self.confirms {
            self.confirmed(AckKind::Ack, action).await
        } else {
            self.sent(AckKind::Ack, action, LIMIT).await
        }
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.confirmed(AckKind::Nak(Some(delay)), "handing a message back").await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.sent(AckKind::Progress, "reporting progress", PROGRESS_WITHIN).await
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.confirmed(AckKind::Term, "ending a message").await
    }
}
