//! The topology as a whole, for an operator: made, read back, and told.

use async_nats::jetstream::consumer::{self, IntoConsumerConfig as _, pull};
use async_nats::jetstream::stream;

use super::JetStream;
use super::raise::{consumer_differences, raised_consumer, raised_stream, stream_differences};
use crate::error::QueueError;
use crate::options::Identity;
use crate::topology::{self, EVENTS_GROUP};

impl JetStream {
    /// Makes what this identity uses, reads all of it back, and tells what there is, one line each.
    /// The gateway also makes the consumer that the gateways read events by.
    pub async fn make_topology(&self) -> Result<Vec<String>, QueueError> {
        let mut lines = Vec::new();
        for (stream, consumer) in self.used_at_last() {
            self.ensure(&stream, consumer.clone()).await?;
            lines.push(self.verified_stream(&stream).await?);
            if let Some(consumer) = consumer {
                lines.push(self.verified_consumer(&stream.name, &consumer.into_consumer_config()).await?);
            }
        }
        Ok(lines)
    }

    /// What this identity uses once it works: of the gateway, with the group of event readers.
    pub(super) fn used_at_last(&self) -> Vec<(stream::Config, Option<pull::Config>)> {
        let events = self.subjects.event_stream();
        let mut used = self.used();
        for (stream, consumer) in &mut used {
            if stream.name == events && self.options.identity == Identity::Gateway {
                *consumer = Some(topology::event_consumer(&self.subjects, &self.options, EVENTS_GROUP));
            }
        }
        used
    }

    async fn verified_stream(&self, wanted: &stream::Config) -> Result<String, QueueError> {
        let name = &wanted.name;
        let found = self.stream_info(name).await?.ok_or_else(|| self.wire.missing(format!("the stream {name}")))?;
        let differences = stream_differences(&raised_stream(wanted, &found.config), &found.config);
        if !differences.is_empty() {
            self.left(&format!("stream {name}"), &differences)?;
        }
        let copies = found.config.num_replicas;
        Ok(format!("stream {name}: copies {copies}, messages {}", found.state.messages))
    }

    async fn verified_consumer(&self, stream: &str, wanted: &consumer::Config) -> Result<String, QueueError> {
        let name = wanted.durable_name.clone().unwrap_or_default();
        let what = format!("consumer {name} of {stream}");
        let found =
            self.consumer_config(stream, &name).await?.ok_or_else(|| self.wire.missing(format!("the {what}")))?;
        let differences = consumer_differences(&raised_consumer(wanted, &found), &found);
        if !differences.is_empty() {
            self.left(&what, &differences)?;
        }
        Ok(what)
    }
}
