//! The queue over NATS JetStream. The only place in the workspace that talks to a NATS server.
//!
//! Streams and consumers that are missing are made again by whoever notices, and the operation goes
//! on; a server that lost its disk is an empty queue, not an outage.

mod ensure;
mod pull;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, PurgeErrorKind, RawMessageErrorKind};
use async_nats::jetstream::{self, AckKind, Context};
use async_nats::jetstream::{Error as ServerError, ErrorCode};
use async_nats::{Client, Event, HeaderMap};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{Service, StepId};
use lectern_core::{Failure, Kind, Reason};
use tokio::time::Instant;

use self::pull::Pulled;
use crate::error::QueueError;
use crate::letter::{DeadLetter, LetterPage};
use crate::options::ConnectOptions;
use crate::port::{Acknowledge, Delivery, EventDelivery, Hints, Message, Published, Queue};
use crate::subject::Subjects;
use crate::topology;

/// The header that carries the W3C trace context.
const TRACEPARENT: &str = "traceparent";
/// How long the server may take to answer a request.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often a quiet connection is probed.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Between attempts to set up while the server is not there yet.
const SETUP_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How long a command of a kind unknown to this version is left for a newer replica.
const UNKNOWN_LATER: Duration = Duration::from_secs(15);

/// A queue on a NATS server.
#[derive(Debug)]
pub struct JetStream {
    client: Client,
    context: Context,
    subjects: Subjects,
    options: ConnectOptions,
    groups: Mutex<HashSet<String>>,
    mending: tokio::sync::Mutex<()>,
}

impl JetStream {
    /// Connects, and makes and verifies the topology.
    pub async fn connect(url: &str, options: ConnectOptions) -> Result<Self, Failure> {
        let addresses = parse_addresses(url)?;
        let client = async_nats::ConnectOptions::new()
            .name(&options.name)
            .retry_on_initial_connect()
            .ping_interval(PING_EVERY)
            .request_timeout(Some(ANSWER_WITHIN))
            .event_callback(async |event| log_event(&event))
            .connect(addresses)
            .await
            .map_err(|error| Failure::from(unreachable("connecting", error)))?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(ANSWER_WITHIN)
            .ack_timeout(ANSWER_WITHIN)
            .build(client.clone());
        let queue = Self {
            client,
            context,
            subjects: Subjects::new(&options.prefix),
            options,
            groups: Mutex::default(),
            mending: tokio::sync::Mutex::default(),
        };
        queue.set_up().await?;
        Ok(queue)
    }

    /// Makes the topology, waiting for a server that is still starting.
    async fn set_up(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.options.connect_within;
        loop {
            let made = match tokio::time::timeout_at(deadline, self.ensure_all()).await {
                Ok(made) => made,
                Err(_) => Err(unreachable("connecting", "no answer in time")),
            };
            match made {
                Ok(()) => return Ok(()),
                Err(QueueError::Refused { action, cause }) => {
                    return Err(Failure::new(
                        Kind::FailedPrecondition,
                        Reason::QueueUnavailable,
                        format!(
                            "the NATS server refused while {action}: {cause}; enable JetStream with file storage, or delete what differs"
                        ),
                    ));
                }
                Err(error) if Instant::now() + SETUP_AGAIN_AFTER >= deadline => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "queue is not ready, trying again");
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
        let mut mended = false;
        loop {
            let mut outbound = PublishMessage::build().payload(message.payload.clone());
            if let Some(traceparent) = &message.traceparent {
                outbound = outbound.header(TRACEPARENT, traceparent.as_str());
            }
            let sent = self.context.send_publish(subject.clone(), outbound).await;
            let error = match sent {
                Ok(confirmation) => match confirmation.await {
                    Ok(_) => return Ok(Published::Queued),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if error.kind() == PublishErrorKind::StreamNotFound && !mended {
                self.mend(stream, None).await?;
                mended = true;
                continue;
            }
            if error.kind() == PublishErrorKind::MaxPayloadExceeded {
                return Err(QueueError::TooLarge { bytes });
            }
            return match server_error(&error) {
                Some(refusal) => refusal_of_publish(refusal, &stream.name, bytes),
                None => Err(unreachable("publishing", error)),
            };
        }
    }

    fn check_size(message: &Message) -> Result<(), QueueError> {
        let bytes = message.payload.len();
        if bytes > topology::MAX_MESSAGE_BYTES { Err(QueueError::TooLarge { bytes }) } else { Ok(()) }
    }

    async fn handle(&self, stream: &str) -> Result<stream::Stream<()>, QueueError> {
        self.context.get_stream_no_info(stream).await.map_err(|error| refused("naming a stream", error))
    }

    async fn purge(&self, stream: &str, subject: String) -> Result<(), QueueError> {
        match self.handle(stream).await?.purge().filter(subject).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                PurgeErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(()),
                PurgeErrorKind::JetStream(refusal) => Err(refused("deleting a message", refusal)),
                PurgeErrorKind::Request | PurgeErrorKind::TimedOut => Err(unreachable("deleting a message", error)),
            },
        }
    }

    /// The first letter at or after `from`, with its sequence.
    async fn next_letter(&self, service: Option<Service>, from: u64) -> Result<Option<(u64, DeadLetter)>, QueueError> {
        let found = self
            .handle(&self.subjects.dead_stream())
            .await?
            .raw_message_builder()
            .sequence(from.max(1))
            .next_by_subject(self.subjects.all_dead(service))
            .send()
            .await;
        read_letter(found)
    }
}

#[async_trait]
impl Queue for JetStream {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        Self::check_size(&message)?;
        let stream = topology::work_stream(&self.subjects, &self.options, step.kind.service());
        self.store(self.subjects.work(step), &stream, message).await
    }

    async fn pull(&self, service: Service, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let stream = topology::work_stream(&self.subjects, &self.options, service);
        let consumer = topology::work_consumer(&self.subjects, &self.options, service);
        match self.request_messages(&stream.name, service.as_str(), 1, Some(wait)).await? {
            Pulled::Messages(messages) => {
                for message in messages {
                    let deliveries =
                        message.info().map_or(1, |info| u64::try_from(info.delivered).unwrap_or_default().max(1));
                    let ack = Answer { message };
                    match self.subjects.parse_step(&ack.message.subject) {
                        Some(step) => {
                            let message = ack.content();
                            return Ok(Some(Delivery { step, message, deliveries, ack: std::sync::Arc::new(ack) }));
                        }
                        None => {
                            tracing::warn!(subject = %ack.message.subject, "left a command of an unknown kind to a newer replica");
                            ack.nak(UNKNOWN_LATER).await?;
                        }
                    }
                }
                Ok(None)
            }
            Pulled::Lost(why) => {
                tracing::warn!(stream = stream.name, why, "making the consumer again");
                self.mend(&stream, Some(consumer)).await?;
                Ok(None)
            }
        }
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
        let known = self.groups.lock().unwrap_or_else(PoisonError::into_inner).contains(group);
        if !known {
            self.ensure(&stream, Some(consumer.clone())).await?;
            self.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned());
        }
        // What is there now; else wait for one, and take what came with it.
        let mut pulled = self.request_messages(&stream.name, group, max, None).await?;
        if matches!(&pulled, Pulled::Messages(messages) if messages.is_empty()) && !wait.is_zero() {
            pulled = self.request_messages(&stream.name, group, 1, Some(wait)).await?;
            if let Pulled::Messages(first) = &mut pulled
                && !first.is_empty()
                && max > 1
                && let Pulled::Messages(more) = self.request_messages(&stream.name, group, max - 1, None).await?
            {
                first.extend(more);
            }
        }
        match pulled {
            Pulled::Messages(messages) => Ok(messages.into_iter().filter_map(|message| self.event(message)).collect()),
            Pulled::Lost(why) => {
                tracing::warn!(stream = stream.name, why, "making the consumer again");
                self.mend(&stream, Some(consumer)).await?;
                Ok(Vec::new())
            }
        }
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.client.publish(self.subjects.hint(topic), payload).await.map_err(|error| unreachable("hinting", error))
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        let listening = |error: String| unreachable("listening for hints", error);
        let subscription =
            self.client.subscribe(self.subjects.hint(topic)).await.map_err(|error| listening(error.to_string()))?;
        // Flushed, so that a hint sent after this returns is heard.
        self.client.flush().await.map_err(|error| listening(error.to_string()))?;
        Ok(subscription.map(|message| message.payload).boxed())
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

    async fn letters(&self, service: Option<Service>, from: u64, limit: usize) -> Result<LetterPage, QueueError> {
        let mut page = LetterPage::default();
        let mut from = from;
        while let Some((sequence, letter)) = self.next_letter(service, from).await? {
            if page.letters.len() >= limit {
                page.next = Some(sequence);
                break;
            }
            page.letters.push(letter);
            from = sequence + 1;
        }
        Ok(page)
    }

    async fn letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        let stream = self.handle(&self.subjects.dead_stream()).await?;
        let found = stream.get_last_raw_message_by_subject(&self.subjects.dead(step)).await;
        Ok(read_letter(found)?.map(|(_, letter)| letter))
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.purge(&self.subjects.dead_stream(), self.subjects.dead(step)).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        if self.client.connection_state() != State::Connected {
            return Err(unreachable("checking the connection", "not connected"));
        }
        self.context.query_account().await.map(drop).map_err(|error| unreachable("checking the connection", error))
    }
}

impl JetStream {
    fn event(&self, message: jetstream::Message) -> Option<EventDelivery> {
        let ack = Answer { message };
        let Some((noun, id)) = self.subjects.parse_event(&ack.message.subject) else {
            tracing::warn!(subject = %ack.message.subject, "left an event of an unknown form unread");
            return None;
        };
        let (noun, id, message) = (noun.to_owned(), id.to_owned(), ack.content());
        Some(EventDelivery { noun, id, message, ack: std::sync::Arc::new(ack) })
    }
}

/// Answers go to the reply subject of the delivery.
#[derive(Debug)]
struct Answer {
    message: jetstream::Message,
}

impl Answer {
    fn content(&self) -> Message {
        let header = |headers: &HeaderMap| headers.get(TRACEPARENT).map(|value| value.as_str().to_owned());
        Message { payload: self.message.payload.clone(), traceparent: self.message.headers.as_ref().and_then(header) }
    }

    async fn confirmed(&self, kind: AckKind, action: &'static str) -> Result<(), QueueError> {
        self.message.double_ack_with(kind).await.map_err(|error| unreachable(action, error))
    }
}

#[async_trait]
impl Acknowledge for Answer {
    async fn ack(&self) -> Result<(), QueueError> {
        self.confirmed(AckKind::Ack, "acknowledging").await
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.confirmed(AckKind::Nak(Some(delay)), "handing a message back").await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.message.ack_with(AckKind::Progress).await.map_err(|error| unreachable("reporting progress", error))
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.confirmed(AckKind::Term, "ending a message").await
    }
}

fn read_letter(
    found: Result<jetstream::message::StreamMessage, async_nats::error::Error<RawMessageErrorKind>>,
) -> Result<Option<(u64, DeadLetter)>, QueueError> {
    match found {
        Ok(message) => match serde_json::from_slice(&message.payload) {
            Ok(letter) => Ok(Some((message.sequence, letter))),
            Err(error) => Err(QueueError::Damaged {
                what: format!("the dead letter {}", message.subject),
                cause: error.to_string(),
            }),
        },
        Err(error) => match error.kind() {
            RawMessageErrorKind::NoMessageFound => Ok(None),
            RawMessageErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            RawMessageErrorKind::JetStream(refusal) => Err(refused("reading a dead letter", refusal)),
            RawMessageErrorKind::InvalidSubject | RawMessageErrorKind::Other => {
                Err(unreachable("reading a dead letter", error))
            }
        },
    }
}

fn refusal_of_publish(refusal: &ServerError, stream: &str, bytes: usize) -> Result<Published, QueueError> {
    let full = || Err(QueueError::Full { stream: stream.to_owned() });
    match refusal.error_code() {
        // One code for every bound of a stream; only the text tells which.
        ErrorCode::STREAM_STORE_FAILED => {
            let text = refusal.to_string();
            if text.contains("per subject exceeded") {
                Ok(Published::AlreadyWaiting)
            } else if text.contains("maximum messages exceeded") || text.contains("maximum bytes exceeded") {
                full()
            } else {
                Err(refused("publishing", refusal))
            }
        }
        ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED => full(),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => Err(QueueError::TooLarge { bytes }),
        _ => Err(refused("publishing", refusal)),
    }
}

/// The server's own answer within an error, if that is what it was.
fn server_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a ServerError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<ServerError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn unreachable(action: &'static str, cause: impl std::fmt::Display) -> QueueError {
    QueueError::Unreachable { action, cause: cause.to_string() }
}

fn refused(action: &'static str, cause: impl std::fmt::Display) -> QueueError {
    QueueError::Refused { action, cause: cause.to_string() }
}

fn parse_addresses(url: &str) -> Result<Vec<async_nats::ServerAddr>, Failure> {
    let scheme = url.split("//").next().unwrap_or_default();
    url.split(',')
        .map(|part| {
            let whole = if part.contains("//") { part.to_owned() } else { format!("{scheme}//{part}") };
            whole.parse().map_err(|error| {
                Failure::invalid(
                    "queue.url",
                    format!("an address of the queue is wrong: {error}; give nats://host:port"),
                )
            })
        })
        .collect()
}

fn log_event(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to the queue"),
        Event::Draining | Event::Closed => tracing::debug!(%event, "queue connection"),
        Event::Disconnected
        | Event::LameDuckMode
        | Event::SlowConsumer(_)
        | Event::ServerError(_)
        | Event::ClientError(_) => {
            tracing::warn!(%event, "queue connection");
        }
    }
}
