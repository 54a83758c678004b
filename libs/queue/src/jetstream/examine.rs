//! What an operator's checks find out of a NATS server. Nothing is made or changed.

use async_nats::jetstream::consumer::{self, IntoConsumerConfig as _};
use async_nats::jetstream::stream;
use lectern_core::Finding;
use serde_json::{Value, json};

use super::JetStream;
use super::raise::{Difference, consumer_differences, names, raised_consumer, raised_stream, stream_differences};
use crate::error::QueueError;

/// A stream that is fuller than this, in hundredths, is of concern.
const FULL: u64 = 80;
/// What to do about what is missing.
const MAKE: &str = "run `lectern-gateway topology`, or start the gateway, whose identity makes streams";

impl JetStream {
    /// What there is to be said of the queue, a finding for each check.
    pub(crate) async fn examine(&self) -> Vec<Finding> {
        let version = self.client.server_info().version;
        let mut findings = vec![Finding::ok("queue", format!("nats-server {version} answers"))];
        for (stream, consumer) in self.used_at_last() {
            findings.push(self.examine_stream(&stream).await);
            if let Some(consumer) = consumer {
                findings.push(self.examine_consumer(&stream.name, &consumer.into_consumer_config()).await);
            }
        }
        findings.push(self.examine_permissions().await);
        findings
    }

    async fn examine_stream(&self, wanted: &stream::Config) -> Finding {
        const CHECK: &str = "stream";
        let name = &wanted.name;
        let found = match self.stream_info(name).await {
            Ok(Some(found)) => found,
            Ok(None) => return Finding::broken(CHECK, format!("{name} is not there"), MAKE),
            Err(error) => return unread(CHECK, name, &error),
        };
        let differences = stream_differences(&raised_stream(wanted, &found.config), &found.config);
        if let Some(finding) = differs(CHECK, name, &differences) {
            return finding;
        }
        let used = [
            hundredths(found.state.messages, found.config.max_messages),
            hundredths(found.state.bytes, found.config.max_bytes),
        ];
        let used = used.into_iter().max().unwrap_or_default();
        let told = format!("{name} has {} messages, {used} % of what it takes", found.state.messages);
        if used >= FULL {
            return Finding::warning(CHECK, told, "add replicas of the service that takes them");
        }
        Finding::ok(CHECK, told)
    }

    async fn examine_consumer(&self, stream: &str, wanted: &consumer::Config) -> Finding {
        const CHECK: &str = "consumer";
        let name = wanted.durable_name.clone().unwrap_or_default();
        let what = format!("{name} of {stream}");
        match self.consumer_config(stream, &name).await {
            Ok(Some(found)) => {
                let differences = consumer_differences(&raised_consumer(wanted, &found), &found);
                differs(CHECK, &what, &differences).unwrap_or_else(|| Finding::ok(CHECK, format!("{what} is there")))
            }
            Ok(None) => Finding::broken(CHECK, format!("{what} is not there"), MAKE),
            Err(error) => unread(CHECK, &what, &error),
        }
    }

    /// Asks for what no service needs.
    async fn examine_permissions(&self) -> Finding {
        const CHECK: &str = "queue permissions";
        let identity = self.options.identity.name();
        match self.call::<Value>("looking for too wide permissions", "STREAM.NAMES", &json!({})).await {
            Err(QueueError::Forbidden { .. }) => {
                Finding::ok(CHECK, format!("{identity} may not do what it does not need"))
            }
            Ok(_) => {
                let found = format!("{identity} may list all streams, so it may do more than a service needs");
                let advice = "give each service a user with the subjects of docs/runbook.md";
                Finding::warning(CHECK, found, advice)
            }
            Err(error) => unread(CHECK, identity, &error),
        }
    }
}

/// What differs from what is needed; nothing where nothing does.
fn differs(check: &'static str, what: &str, differences: &[Difference]) -> Option<Finding> {
    if differences.is_empty() {
        return None;
    }
    let found = format!("{what} differs in {}", names(differences));
    Some(if differences.iter().any(|difference| difference.vital) {
        Finding::broken(check, found, format!("{MAKE}; where that is refused, delete what differs"))
    } else {
        Finding::warning(check, found, MAKE)
    })
}

fn unread(check: &'static str, what: &str, error: &QueueError) -> Finding {
    let advice = match error {
        QueueError::Forbidden { .. } => "give the user the subjects of docs/runbook.md",
        QueueError::Full { .. }
        | QueueError::TooLarge { .. }
        | QueueError::Unreachable { .. }
        | QueueError::Refused { .. }
        | QueueError::Missing { .. }
        | QueueError::Damaged { .. } => "look at the log of nats-server, and at its JetStream",
    };
    Finding::broken(check, format!("{what}: {error}"), advice)
}

/// How much of a bound is used; 0 where there is none.
fn hundredths(used: u64, bound: i64) -> u64 {
    u64::try_from(bound).ok().filter(|bound| *bound > 0).map_or(0, |bound| used.saturating_mul(100) / bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_is_not_there_is_never_used_up() {
        assert_eq!((hundredths(80, 100), hundredths(9, -1), hundredths(9, 0)), (80, 0, 0));
    }
}
