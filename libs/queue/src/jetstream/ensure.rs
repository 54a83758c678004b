//! Makes streams and consumers, and verifies that they are what [`crate::topology`] says.
//!
//! A stream that is away is not a stream that is gone: only the answer "not found", which in a
//! cluster the leader of all servers alone gives, makes one anew. And making one never harms one
//! that is there: the server takes it for a repetition, or refuses it.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, DeliverPolicy, IntoConsumerConfig as _, pull};
use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream;
use async_nats::jetstream::{Error as ServerError, ErrorCode};
use lectern_core::id::Service;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;

use super::raise::{Difference, consumer_differences, names, raised_consumer, raised_stream, stream_differences};
use super::{JetStream, LIMIT, answered, refused, unreachable};
use crate::error::QueueError;
use crate::options::Identity;
use crate::topology;

/// From the news of a loss until what was lost is looked for, and made again.
const MEND_AFTER: Duration = Duration::from_secs(1);

/// What was being done when a stream turned out to be somebody else's.
pub(super) const FOREIGN: &str = "looking for our streams";

/// When the last look for a stream or consumer ended, and how.
pub(super) type Looked = (Instant, Result<(), QueueError>);

impl JetStream {
    /// Makes and verifies what this identity uses, but for the groups of event readers, which come
    /// with their first reader.
    pub(super) async fn ensure_all(&self) -> Result<(), QueueError> {
        for (stream, consumer) in self.used() {
            self.ensure(&stream, consumer).await?;
        }
        Ok(())
    }

    /// The streams that this identity uses, and the consumers that take commands from them.
    pub(super) fn used(&self) -> Vec<(stream::Config, Option<pull::Config>)> {
        let services = match self.options.identity {
            Identity::Gateway => Service::ALL.to_vec(),
            Identity::Stage(service) => vec![service],
        };
        let work = services.into_iter().map(|service| {
            let stream = topology::work_stream(&self.subjects, &self.options, service);
            (stream, Some(topology::work_consumer(&self.subjects, &self.options, service)))
        });
        let others = [
            topology::event_stream(&self.subjects, &self.options),
            topology::dead_stream(&self.subjects, &self.options),
        ];
        work.chain(others.map(|stream| (stream, None))).collect()
    }

    /// Looks for what was lost, and makes it again where it is gone: later, for a server says that
    /// a stream is gone before it has deleted its folder. A stream that is made in between stands
    /// in the old folder, loses its files, and answers nobody until the server is started again
    /// (nats-server 2.15.1).
    pub(super) async fn mend(&self, stream: &stream::Config, consumer: Option<pull::Config>) -> Result<(), QueueError> {
        tokio::time::sleep(MEND_AFTER).await;
        self.ensure(stream, consumer).await
    }

    /// Makes and verifies a stream and, where given, a consumer. One at a time: many permits notice
    /// a loss at once, and whoever waited meanwhile takes what was found. So a stream that is away
    /// holds up each of them once, and not one after the other.
    pub(super) async fn ensure(
        &self,
        stream: &stream::Config,
        consumer: Option<pull::Config>,
    ) -> Result<(), QueueError> {
        let asked = Instant::now();
        let name = consumer.as_ref().and_then(|consumer| consumer.durable_name.clone()).unwrap_or_default();
        let key = (stream.name.clone(), name);
        let mut looked = self.mending.lock().await;
        if let Some((at, found)) = looked.get(&key)
            && *at > asked
        {
            return found.clone();
        }
        let found = self.ensure_both(stream, consumer).await;
        looked.insert(key, (Instant::now(), found.clone()));
        found
    }

    async fn ensure_both(&self, stream: &stream::Config, consumer: Option<pull::Config>) -> Result<(), QueueError> {
        let stream = self.ensure_stream(stream).await?;
        match consumer {
            Some(consumer) => self.ensure_consumer(&stream, consumer.into_consumer_config()).await,
            None => Ok(()),
        }
    }

    /// Makes and verifies a stream; what the server says of it then.
    async fn ensure_stream(&self, wanted: &stream::Config) -> Result<stream::Info, QueueError> {
        let name = &wanted.name;
        let found = match self.stream_info(name).await? {
            Some(found) => found,
            None => self.create_stream(wanted).await?,
        };
        if !found.config.subjects.iter().any(|subject| wanted.subjects.contains(subject)) {
            // Our bounds would delete what somebody else keeps.
            let theirs = found.config.subjects.join(", ");
            let cause = format!(
                "the stream {name} takes {theirs:?} and nothing of ours, so it is somebody else's; give this installation an account of its own"
            );
            return Err(refused(FOREIGN, cause));
        }
        let target = raised_stream(wanted, &found.config);
        let differences = stream_differences(&target, &found.config);
        if differences.is_empty() {
            return Ok(found);
        }
        tracing::info!(stream = name, differences = names(&differences), "changing a stream");
        let action = "changing a stream";
        match self.call::<stream::Info>(action, &format!("STREAM.UPDATE.{name}"), &target).await {
            Ok(Ok(_)) => {}
            Ok(Err(refusal)) => {
                return Err(answered(action, &refusal, &format!("{name} differs in {}", names(&differences))));
            }
            Err(QueueError::Forbidden { .. }) => {
                self.left(&format!("stream {name}"), &differences)?;
                return Ok(found);
            }
            Err(error) => return Err(error),
        }
        let changed = self.stream_info(name).await?.ok_or_else(|| unreachable(action, "it is gone"))?;
        same("stream", name, &stream_differences(&target, &changed.config))?;
        Ok(changed)
    }

    /// What an identity that may not change it says to what differs.
    pub(super) fn left(&self, what: &str, differences: &[Difference]) -> Result<(), QueueError> {
        let identity = self.options.identity.name();
        if differences.iter().any(|difference| difference.vital) {
            let cause = format!("the {what} differs in {}, and {identity} may not change it", names(differences));
            return Err(refused("verifying the topology", cause));
        }
        tracing::warn!(identity, differences = names(differences), "the {what} is left as it is");
        Ok(())
    }

    async fn create_stream(&self, wanted: &stream::Config) -> Result<stream::Info, QueueError> {
        let name = &wanted.name;
        let action = "making a stream";
        match self.call::<stream::Info>(action, &format!("STREAM.CREATE.{name}"), wanted).await {
            Ok(Ok(made)) => {
                tracing::info!(stream = name, replicas = made.config.num_replicas, "made a stream");
                Ok(made)
            }
            // Another replica was faster.
            Ok(Err(refusal)) if refusal.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                self.stream_info(name).await?.ok_or_else(|| unreachable(action, "it is gone again"))
            }
            Ok(Err(refusal)) => Err(answered(action, &refusal, name)),
            Err(QueueError::Forbidden { .. }) => Err(self.wire.missing(format!("the stream {name}"))),
            Err(error) => Err(error),
        }
    }

    /// What the server says of a stream; none where there is no such stream.
    pub(super) async fn stream_info(&self, name: &str) -> Result<Option<stream::Info>, QueueError> {
        let action = "reading a stream";
        match self.call(action, &format!("STREAM.INFO.{name}"), &json!({})).await? {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            Err(refusal) => Err(answered(action, &refusal, name)),
        }
    }

    /// A cluster lets overlapping consumers pass with a warning, so what was made is read back and
    /// compared.
    async fn ensure_consumer(&self, found_in: &stream::Info, wanted: consumer::Config) -> Result<(), QueueError> {
        let stream = &found_in.config.name;
        let name = wanted.durable_name.clone().unwrap_or_default();
        let Some(found) = self.consumer_config(stream, &name).await? else {
            return self.create_consumer(stream, &name, self.starting(found_in, wanted)).await;
        };
        let target = raised_consumer(&wanted, &found);
        let differences = consumer_differences(&target, &found);
        if differences.is_empty() {
            return Ok(());
        }
        match self.put_consumer(stream, &name, &target).await {
            Ok(Ok(made)) => same("consumer", &name, &consumer_differences(&target, &made.config)),
            Ok(Err(refusal)) => {
                let what = format!("{name} of {stream} differs in {}", names(&differences));
                Err(answered("changing a consumer", &refusal, &what))
            }
            Err(QueueError::Forbidden { .. }) => self.left(&format!("consumer {name} of {stream}"), &differences),
            Err(error) => Err(error),
        }
    }

    async fn create_consumer(&self, stream: &str, name: &str, wanted: consumer::Config) -> Result<(), QueueError> {
        match self.put_consumer(stream, name, &wanted).await {
            Ok(Ok(made)) => same("consumer", name, &consumer_differences(&wanted, &made.config)),
            Ok(Err(refusal)) => match self.consumer_config(stream, name).await? {
                // Another replica was faster, and read the end of the stream a moment earlier.
                Some(found) => same("consumer", name, &consumer_differences(&wanted, &found)),
                None => Err(answered("making a consumer", &refusal, &format!("{name} of {stream}"))),
            },
            Err(QueueError::Forbidden { .. }) => {
                Err(self.wire.missing(format!("the consumer {name} of the stream {stream}")))
            }
            Err(error) => Err(error),
        }
    }

    /// Where a new consumer starts. One of events that finds some was lost: it starts shortly
    /// before the newest, by the server's own clock, so that an hour of old events does not go
    /// before the news.
    fn starting(&self, stream: &stream::Info, wanted: consumer::Config) -> consumer::Config {
        if stream.config.name != self.subjects.event_stream() || stream.state.messages == 0 {
            return wanted;
        }
        let start_time = stream.state.last_timestamp - self.options.events_again;
        consumer::Config { deliver_policy: DeliverPolicy::ByStartTime { start_time }, ..wanted }
    }

    pub(super) async fn consumer_config(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<consumer::Config>, QueueError> {
        let action = "reading a consumer";
        match self.call::<consumer::Info>(action, &format!("CONSUMER.INFO.{stream}.{name}"), &json!({})).await? {
            Ok(found) => Ok(Some(found.config)),
            Err(refusal) if refusal.error_code() == ErrorCode::CONSUMER_NOT_FOUND => Ok(None),
            Err(refusal) => Err(answered(action, &refusal, &format!("{name} of {stream}"))),
        }
    }

    async fn put_consumer(
        &self,
        stream: &str,
        name: &str,
        config: &consumer::Config,
    ) -> Result<Result<consumer::Info, ServerError>, QueueError> {
        let call = format!("CONSUMER.CREATE.{stream}.{name}.{}", config.filter_subject);
        self.call("making a consumer", &call, &json!({ "stream_name": stream, "config": config })).await
    }

    /// One call of the JetStream API: what the server answers, or that it does not.
    pub(super) async fn call<T: DeserializeOwned + Send>(
        &self,
        action: &'static str,
        call: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Result<T, ServerError>, QueueError> {
        let subject = format!("{}.{call}", self.api);
        let asking = async {
            match self.context.request(call.to_owned(), body).await {
                Ok(Response::Ok(answer)) => Ok(Ok(answer)),
                Ok(Response::Err { error }) => Ok(Err(error)),
                Err(error) if error.kind() == RequestErrorKind::NoResponders => {
                    Err(unreachable(action, "JetStream does not answer: it is off, still starting, or has no leader"))
                }
                Err(error) => Err(unreachable(action, error)),
            }
        };
        self.wire.exchange(action, &subject, LIMIT, asking).await
    }
}

fn same(what: &str, name: &str, differences: &[Difference]) -> Result<(), QueueError> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(refused("verifying the topology", format!("the {what} {name} differs in {}", names(differences))))
}
