//! Makes streams and consumers, and verifies that they are what [`crate::topology`] says.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{self, ConsumerErrorKind};
use lectern_core::id::Service;

use super::{JetStream, refused, unreachable};
use crate::error::QueueError;
use crate::topology;

/// From the news of a loss until what was lost is made again.
const MEND_AFTER: Duration = Duration::from_secs(1);

impl JetStream {
    /// Makes and verifies the whole topology but the groups of event readers, which come with their
    /// first reader.
    pub(super) async fn ensure_all(&self) -> Result<(), QueueError> {
        for service in Service::ALL {
            let stream = topology::work_stream(&self.subjects, &self.options, service);
            let consumer = topology::work_consumer(&self.subjects, &self.options, service);
            self.ensure(&stream, Some(consumer)).await?;
        }
        self.ensure(&topology::event_stream(&self.subjects, &self.options), None).await?;
        self.ensure(&topology::dead_stream(&self.subjects, &self.options), None).await
    }

    /// Makes again what was lost: later, for a server says that a stream is gone before it has
    /// deleted its folder. A stream that is made in between stands in the old folder, loses its
    /// files, and answers nobody until the server is started again (nats-server 2.15.1).
    pub(super) async fn mend(&self, stream: &stream::Config, consumer: Option<pull::Config>) -> Result<(), QueueError> {
        tokio::time::sleep(MEND_AFTER).await;
        self.ensure(stream, consumer).await
    }

    /// Makes and verifies a stream and, where given, a consumer. One at a time: many permits notice
    /// a loss at once.
    pub(super) async fn ensure(
        &self,
        stream: &stream::Config,
        consumer: Option<pull::Config>,
    ) -> Result<(), QueueError> {
        let _one_at_a_time = self.mending.lock().await;
        self.ensure_stream(stream).await?;
        match consumer {
            Some(consumer) => self.ensure_consumer(&stream.name, consumer).await,
            None => Ok(()),
        }
    }

    async fn ensure_stream(&self, wanted: &stream::Config) -> Result<(), QueueError> {
        let found = match self.stream_config(&wanted.name).await? {
            Some(found) => found,
            None => self.create_stream(wanted).await?,
        };
        if stream_differences(wanted, &found).is_empty() {
            return Ok(());
        }
        if let Err(error) = self.context.update_stream(wanted).await {
            let differences = stream_differences(wanted, &found).join(", ");
            return Err(match error.kind() {
                CreateStreamErrorKind::JetStream(refusal) => {
                    refused("changing a stream", format!("{refusal}; {} differs in {differences}", wanted.name))
                }
                CreateStreamErrorKind::EmptyStreamName
                | CreateStreamErrorKind::InvalidStreamName
                | CreateStreamErrorKind::DomainAndExternalSet
                | CreateStreamErrorKind::JetStreamUnavailable
                | CreateStreamErrorKind::TimedOut
                | CreateStreamErrorKind::Response
                | CreateStreamErrorKind::NotFound
                | CreateStreamErrorKind::ResponseParse => unreachable("changing a stream", error),
            });
        }
        let differences = self.stream_config(&wanted.name).await?.map(|found| stream_differences(wanted, &found));
        match differences {
            Some(differences) if differences.is_empty() => Ok(()),
            Some(differences) => Err(differs("stream", &wanted.name, &differences)),
            None => Err(unreachable("changing a stream", "it is gone")),
        }
    }

    async fn stream_config(&self, name: &str) -> Result<Option<stream::Config>, QueueError> {
        match self.context.get_stream(name).await {
            Ok(stream) => Ok(Some(stream.cached_info().config.clone())),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    Ok(None)
                }
                GetStreamErrorKind::JetStream(refusal) => Err(refused("reading a stream", refusal)),
                GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => {
                    Err(refused("reading a stream", format!("{error}: {name}")))
                }
                GetStreamErrorKind::Request => Err(unreachable("reading a stream", error)),
            },
        }
    }

    async fn create_stream(&self, wanted: &stream::Config) -> Result<stream::Config, QueueError> {
        match self.context.create_stream(wanted).await {
            Ok(made) => {
                tracing::info!(stream = wanted.name, "made a stream");
                Ok(made.cached_info().config.clone())
            }
            Err(error) => match error.kind() {
                // Another replica was faster.
                CreateStreamErrorKind::JetStream(refusal) if refusal.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                    let made = self.stream_config(&wanted.name).await?;
                    made.ok_or_else(|| unreachable("making a stream", "it is gone again"))
                }
                CreateStreamErrorKind::JetStream(refusal) => {
                    Err(refused("making a stream", format!("{refusal}: {}", wanted.name)))
                }
                CreateStreamErrorKind::EmptyStreamName
                | CreateStreamErrorKind::InvalidStreamName
                | CreateStreamErrorKind::DomainAndExternalSet => Err(refused("making a stream", error)),
                CreateStreamErrorKind::JetStreamUnavailable
                | CreateStreamErrorKind::TimedOut
                | CreateStreamErrorKind::Response
                | CreateStreamErrorKind::NotFound
                | CreateStreamErrorKind::ResponseParse => Err(unreachable("making a stream", error)),
            },
        }
    }

    /// A cluster lets overlapping consumers pass with a warning, so what was made is read back and
    /// compared.
    async fn ensure_consumer(&self, stream: &str, wanted: pull::Config) -> Result<(), QueueError> {
        let name = wanted.durable_name.clone().unwrap_or_default();
        let made: PullConsumer = match self.context.create_consumer_on_stream(wanted.clone(), stream).await {
            Ok(made) => made,
            Err(error) => {
                return Err(match error.kind() {
                    ConsumerErrorKind::JetStream(refusal) => {
                        refused("making a consumer", format!("{refusal}: {name} of {stream}"))
                    }
                    ConsumerErrorKind::InvalidConsumerType | ConsumerErrorKind::InvalidName => {
                        refused("making a consumer", format!("{error}: {name} of {stream}"))
                    }
                    ConsumerErrorKind::TimedOut | ConsumerErrorKind::Request | ConsumerErrorKind::Other => {
                        unreachable("making a consumer", error)
                    }
                });
            }
        };
        let differences = consumer_differences(&wanted, &made.cached_info().config);
        if differences.is_empty() { Ok(()) } else { Err(differs("consumer", &name, &differences)) }
    }
}

fn differs(what: &str, name: &str, differences: &[&str]) -> QueueError {
    refused("verifying the topology", format!("the {what} {name} differs in {}", differences.join(", ")))
}

/// The settings in which a stream differs from what is wanted.
fn stream_differences(wanted: &stream::Config, found: &stream::Config) -> Vec<&'static str> {
    let checks = [
        ("subjects", wanted.subjects == found.subjects),
        ("retention", wanted.retention == found.retention),
        ("storage", wanted.storage == found.storage),
        ("discard", wanted.discard == found.discard),
        ("discard_new_per_subject", wanted.discard_new_per_subject == found.discard_new_per_subject),
        ("max_msgs", wanted.max_messages == found.max_messages),
        ("max_msgs_per_subject", wanted.max_messages_per_subject == found.max_messages_per_subject),
        ("max_bytes", wanted.max_bytes == found.max_bytes),
        ("max_age", wanted.max_age == found.max_age),
        ("max_msg_size", wanted.max_message_size == found.max_message_size),
        ("num_replicas", wanted.num_replicas == found.num_replicas),
    ];
    checks.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

/// The settings in which a consumer differs from what is wanted.
fn consumer_differences(wanted: &pull::Config, found: &async_nats::jetstream::consumer::Config) -> Vec<&'static str> {
    let checks = [
        ("filter_subject", wanted.filter_subject == found.filter_subject && found.filter_subjects.is_empty()),
        ("deliver_subject", found.deliver_subject.is_none()),
        ("ack_policy", wanted.ack_policy == found.ack_policy),
        ("ack_wait", wanted.ack_wait == found.ack_wait),
        ("max_deliver", wanted.max_deliver == found.max_deliver),
        ("max_ack_pending", wanted.max_ack_pending == found.max_ack_pending),
        ("backoff", found.backoff.is_empty()),
    ];
    checks.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}
