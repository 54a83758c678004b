//! The queue over NATS JetStream. The only place in the workspace that talks to a NATS server.
//!
//! Streams and consumers that are missing are made again by whoever notices and may, and the
//! operation goes on; a server that lost its disk is an empty queue, not an outage. A stream that
//! is away, because its servers are, is an outage, and nothing is made. Every call has an end of
//! its own ([`wire`]).

mod answer;
mod connect;
mod credentials;
mod dead_letters;
mod ensure;
mod examine;
mod meaning;
mod pull;
mod raise;
mod verify;
mod version;
mod wire;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, consumer, stream};
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _};
use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_runtime::names::messaging;
use parking_lot::Mutex;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use self::answer::Answer;
use self::ensure::{FOREIGN, Looked};
use self::meaning::{answered, refusal_of_publish, refused, server_error, unreachable, unusable};
use self::pull::Pulled;
pub use self::version::LEAST_SERVER;
use self::wire::Wire;
use crate::dead_letter::{DeadLetter, DeadLetterPage};
use crate::error::QueueError;
use crate::options::ConnectOptions;
use crate::port::{Acknowledge as _, Delivery, EventDelivery, Hints, Message, Published, Queue};
use crate::subject::Subjects;
use crate::topology;

/// The header that carries the W3C trace context.
const TRACEPARENT: &str = "traceparent";
/// How long the server may take to answer a request.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a request may take in all: what waits for room on the connection, and the answer.
const LIMIT: Duration = Duration::from_secs(6);
/// Between attempts to set up while the server is not there yet.
const SETUP_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How long a command of a kind unknown to this version is left for a newer replica.
const UNKNOWN_LATER: Duration = Duration::from_secs(15);
/// The server tells times in nanoseconds.
const NANOS_OF_A_MILLISECOND: i128 = 1_000_000;

/// A queue on a NATS server.
#[derive(Debug)]
pub struct JetStream {
    client: Client,
    context: Context,
    wire: Arc<Wire>,
    /// What subjects of the JetStream API begin with.
    api: String,
    subjects: Subjects,
    options: ConnectOptions,
    groups: Mutex<HashSet<String>>,
    mending: tokio::sync::Mutex<HashMap<(String, String), Looked>>,
}

impl JetStream {
    /// Connects, and makes and verifies the topology.
    pub async fn connect(url: &str, options: ConnectOptions) -> Result<Self, Failure> {
        let deadline = Instant::now() + options.connect_within;
        let queue = Self::open(url, options, deadline).await?;
        queue.set_up(deadline).await?;
        Ok(queue)
    }

    /// Connects, and makes nothing.
    pub async fn open(url: &str, options: ConnectOptions, deadline: Instant) -> Result<Self, Failure> {
        options.check()?;
        let addresses = connect::parse_addresses(url)?;
        let wire = Arc::new(Wire::new(options.identity, &options.inbox()));
        let client = connect::client(&addresses, &options, &wire, deadline).await?;
        let context = ContextBuilder::new()
            .timeout(ANSWER_WITHIN)
            .ack_timeout(ANSWER_WITHIN)
            .api_prefix(options.api())
            .build(client.clone());
        Ok(Self {
            client,
            context,
            wire,
            api: options.api(),
            subjects: Subjects::new(&options.prefix),
            options,
            groups: Mutex::default(),
            mending: tokio::sync::Mutex::default(),
        })
    }

    /// Makes the topology, waiting for a server that is still starting, and for whoever makes what
    /// this identity may not.
    async fn set_up(&self, deadline: Instant) -> Result<(), Failure> {
        let mut last = None;
        loop {
            let made = match tokio::time::timeout_at(deadline, self.ensure_all()).await {
                Ok(made) => made,
                Err(_) => Err(last.take().unwrap_or_else(|| unreachable("connecting", "no answer in time"))),
            };
            match made {
                Ok(()) => return Ok(()),
                Err(error @ (QueueError::Forbidden { .. } | QueueError::Refused { action: FOREIGN, .. })) => {
                    return Err(unusable(error.to_string()));
                }
                Err(QueueError::Refused { action, cause }) => {
                    return Err(unusable(format!(
                        "the NATS server refused while {action}: {cause}; enable JetStream with file storage, or delete what differs"
                    )));
                }
                Err(error) if Instant::now() + SETUP_AGAIN_AFTER >= deadline => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "queue is not ready, trying again");
                    last = Some(error);
                    tokio::time::sleep(SETUP_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Stores a message, making its stream again if it is gone.
    async fn store(&self, subject: String, stream: &stream::Config, message: Message) -> Result<Published, QueueError> {
        let bytes = message.payload.len();
        if bytes > usize::try_from(stream.max_message_size).unwrap_or(usize::MAX) {
            return Err(QueueError::TooLarge { bytes });
        }
        match self.put(&subject, stream, &message).await? {
            Some(published) => Ok(published),
            None => {
                self.mend(stream, None).await?;
                let again = self.put(&subject, stream, &message).await?;
                again.ok_or_else(|| {
                    unreachable(
                        "publishing",
                        format!("the stream {} is there, and away: it has no leader", stream.name),
                    )
                })
            }
        }
    }

    /// Publishes a message once; none where no stream takes it.
    async fn put(
        &self,
        subject: &str,
        stream: &stream::Config,
        message: &Message,
    ) -> Result<Option<Published>, QueueError> {
        let publishing = async {
            let mut outbound = PublishMessage::build().payload(message.payload.clone());
            if let Some(traceparent) = &message.traceparent {
                outbound = outbound.header(TRACEPARENT, traceparent.as_str());
            }
            let sent = self.context.send_publish(subject.to_owned(), outbound).await;
            let error = match sent {
                Ok(confirmation) => match confirmation.await {
                    Ok(_) => return Ok(Some(Published::Queued)),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let bytes = message.payload.len();
            match error.kind() {
                PublishErrorKind::StreamNotFound => Ok(None),
                PublishErrorKind::MaxPayloadExceeded => Err(QueueError::TooLarge { bytes }),
                PublishErrorKind::WrongLastMessageId
                | PublishErrorKind::WrongLastSequence
                | PublishErrorKind::TimedOut
                | PublishErrorKind::BrokenPipe
                | PublishErrorKind::MaxAckPending
                | PublishErrorKind::Other => match server_error(&error) {
                    Some(refusal) => refusal_of_publish(refusal, &stream.name, bytes).map(Some),
                    None => Err(unreachable("publishing", error)),
                },
            }
        };
        // Waiting for room and for the answer are two limits of the library.
        self.wire.exchange("publishing", subject, ANSWER_WITHIN + LIMIT, publishing).await
    }

    fn check_size(message: &Message) -> Result<(), QueueError> {
        let bytes = message.payload.len();
        if bytes > topology::MAX_MESSAGE_BYTES { Err(QueueError::TooLarge { bytes }) } else { Ok(()) }
    }

    fn answer(&self, message: jetstream::Message, confirms: bool) -> Answer {
        Answer { message, client: self.client.clone(), wire: Arc::clone(&self.wire), confirms }
    }
}

#[async_trait]
impl Queue for JetStream {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        Self::check_size(&message)?;
        let stream = topology::work_stream(&self.subjects, &self.options, step.kind.service());
        self.store(self.subjects.work(step), &stream, message).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let stream = topology::work_stream(&self.subjects, &self.options, service);
        let consumer = topology::work_consumer(&self.subjects, &self.options, service);
        let messages = self.take(&stream, consumer, service.as_str(), most, wait).await?;
        // Together: each that is handed back waits for an answer of the server.
        let given = join_all(messages.into_iter().map(|message| self.command(message))).await;
        Ok(given.into_iter().flatten().collect())
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.purge(&self.subjects.work_stream(step.kind.service()), self.subjects.work(step)).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        Self::check_size(&message)?;
        let stream = topology::event_stream(&self.subjects, &self.options);
        self.store(self.subjects.event(noun, id), &stream, message).await.map(drop)
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        let stream = topology::event_stream(&self.subjects, &self.options);
        let consumer = topology::event_consumer(&self.subjects, &self.options, group);
        let known = self.groups.lock().contains(group);
        if !known {
            self.ensure(&stream, Some(consumer.clone())).await?;
            self.groups.lock().insert(group.to_owned());
        }
        let messages = self.take(&stream, consumer, group, max, wait).await?;
        Ok(messages.into_iter().filter_map(|message| self.event(message)).collect())
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        if self.client.connection_state() != State::Connected {
            return Err(unreachable("hinting", "not connected, the hint is dropped"));
        }
        // Asked once and not waited for: while nobody empties the connection's channel, it is full.
        // Unconstrained, since a task that gives many hints would be told to wait its turn.
        let sending = self.client.publish(self.subjects.hint(topic), payload);
        match unconstrained(sending).now_or_never() {
            Some(sent) => sent.map_err(|error| unreachable("hinting", error)),
            None => Err(unreachable("hinting", "the connection takes no more, the hint is dropped")),
        }
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        let action = "listening for hints";
        let subject = self.subjects.hint(topic);
        let refused = self.wire.refused(&subject);
        let listening = async {
            let subscribed = self.client.subscribe(subject.clone()).await;
            let subscription = subscribed.map_err(|error| unreachable(action, error))?;
            // Flushed, so that a hint sent after this returns is heard.
            self.client.flush().await.map_err(|error| unreachable(action, error))?;
            Ok(subscription)
        };
        let subscription = self.wire.exchange(action, &subject, LIMIT, listening).await?;
        // A refusal comes after the flush: it ends the hints, and whoever hears them asks again.
        Ok(subscription.map(|message| message.payload).take_until(refused.boxed()).boxed())
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let stream = topology::dead_stream(&self.subjects, &self.options);
        let payload = serde_json::to_vec(&letter).map_err(|error| QueueError::Damaged {
            what: format!("the dead letter {}", letter.step),
            cause: error.to_string(),
        })?;
        let message = Message::new(payload).traced(letter.traceparent);
        self.store(self.subjects.dead(&letter.step), &stream, message).await.map(drop)
    }

    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        self.page_of_dead_letters(service, from, limit).await
    }

    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        self.dead_letter_of(step).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.purge(&self.subjects.dead_stream(), self.subjects.dead(step)).await
    }

    fn system(&self) -> &'static str {
        messaging::NATS
    }

    async fn ping(&self) -> Result<(), QueueError> {
        let action = "checking the connection";
        if self.client.connection_state() != State::Connected {
            return Err(unreachable(action, "not connected"));
        }
        match self.call::<jetstream::account::Account>(action, "INFO", &serde_json::json!({})).await? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(answered(action, &refusal, "the account")),
        }
    }
}

impl JetStream {
    /// Takes up to `most` messages of a consumer; none where it was lost, which is seen to.
    async fn take(
        &self,
        stream: &stream::Config,
        consumer: consumer::pull::Config,
        name: &str,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<jetstream::Message>, QueueError> {
        match self.pull_messages(&stream.name, name, most.max(1), wait).await? {
            Pulled::Messages(messages) => Ok(messages),
            Pulled::Crowded => Ok(Vec::new()),
            Pulled::Lost(why) => {
                tracing::warn!(stream = stream.name, why, "looking for the consumer");
                self.mend(stream, Some(consumer)).await?;
                Ok(Vec::new())
            }
        }
    }

    /// What is delivered; none of a kind that this version does not know, which is handed back.
    async fn command(&self, message: jetstream::Message) -> Option<Delivery> {
        let (deliveries, queued) = match message.info() {
            Ok(info) => {
                let millis = info.published.unix_timestamp_nanos() / NANOS_OF_A_MILLISECOND;
                let queued = u64::try_from(millis).ok().map(Timestamp);
                (u64::try_from(info.delivered).unwrap_or_default().max(1), queued)
            }
            Err(_) => (1, None),
        };
        let ack = self.answer(message, true);
        if let Some(step) = self.subjects.parse_step(&ack.message.subject) {
            let message = ack.content();
            return Some(Delivery { step, message, deliveries, queued, ack: Arc::new(ack) });
        }
        tracing::warn!(subject = %ack.message.subject, "left a command of an unknown kind to a newer replica");
        if let Err(error) = ack.nak(UNKNOWN_LATER).await {
            // It comes again after the ack-wait all the same, and what came with it is not lost.
            tracing::warn!(%error, "could not hand back a command of an unknown kind");
        }
        None
    }

    fn event(&self, message: jetstream::Message) -> Option<EventDelivery> {
        // A lost ack brings the event once more, which is cheaper than a round trip for each.
        let ack = self.answer(message, false);
        let Some((noun, id)) = self.subjects.parse_event(&ack.message.subject) else {
            tracing::warn!(subject = %ack.message.subject, "left an event of an unknown form unread");
            return None;
        };
        let (noun, id, message) = (noun.to_owned(), id.to_owned(), ack.content());
        Some(EventDelivery { noun, id, message, ack: Arc::new(ack) })
    }
}
