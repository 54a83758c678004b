//! What every exchange with the server has: a time limit, and an end as soon as the server refuses
//! its subject.
//!
//! The client library queues commands for its connection in a channel that nobody empties while the
//! connection is away, so every call of it can wait for as long as the server is gone. And a
//! refused permission is answered by an error line that names the subject but no request: the
//! request itself would only time out. Both end here.

use std::fmt::Display;
use std::future::pending;
use std::time::Duration;

use async_nats::{Event, ServerError};
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::unreachable;
use crate::error::QueueError;
use crate::options::Identity;

/// Refusals that a slow exchange may be behind by.
const REFUSALS_KEPT: usize = 64;

/// One subject that the server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    verb: &'static str,
    subject: String,
}

impl Refusal {
    /// Reads the server's words: `Permissions Violation for Publish to "subject"`.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("Permissions Violation for ")?;
        let verb = if rest.starts_with("Subscription") { "subscribe to" } else { "publish to" };
        let subject = rest.split('"').nth(1)?.to_owned();
        Some(Self { verb, subject })
    }
}

/// Hears what the server refuses, and watches over exchanges.
#[derive(Debug)]
pub(super) struct Wire {
    identity: Identity,
    /// What subjects of answers begin with, its last dot included.
    inbox: String,
    refusals: broadcast::Sender<Refusal>,
    /// That answers cannot be heard. The library listens for them once a connection, so the server
    /// says it only once.
    deaf: Mutex<Option<Refusal>>,
}

impl Wire {
    pub(super) fn new(identity: Identity, inbox: &str) -> Self {
        Self {
            identity,
            inbox: format!("{inbox}."),
            refusals: broadcast::channel(REFUSALS_KEPT).0,
            deaf: Mutex::default(),
        }
    }

    /// Takes an event of the connection, and logs it.
    pub(super) fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.set_deaf(None);
                tracing::info!("connected to the queue");
            }
            Event::Draining | Event::Closed => tracing::debug!(%event, "queue connection"),
            Event::ServerError(ServerError::Other(text)) => match Refusal::parse(text) {
                Some(refusal) => self.refuse(refusal),
                None => tracing::warn!(%event, "queue connection"),
            },
            Event::Disconnected
            | Event::LameDuckMode
            | Event::SlowConsumer(_)
            | Event::ServerError(ServerError::AuthorizationViolation | ServerError::SlowConsumer(_))
            | Event::ClientError(_) => tracing::warn!(%event, "queue connection"),
        }
    }

    fn refuse(&self, refusal: Refusal) {
        let identity = self.identity.name();
        tracing::warn!(identity, subject = refusal.subject, "the queue does not let us {}", refusal.verb);
        if self.is_inbox(&refusal) {
            self.set_deaf(Some(refusal.clone()));
        }
        // Without a listener nobody is waiting for it.
        let _ = self.refusals.send(refusal);
    }

    fn is_inbox(&self, refusal: &Refusal) -> bool {
        refusal.subject.starts_with(&self.inbox)
    }

    fn set_deaf(&self, to: Option<Refusal>) {
        *self.deaf.lock() = to;
    }

    fn deaf(&self) -> Option<Refusal> {
        self.deaf.lock().clone()
    }

    /// Runs one exchange of which `subject` is sent: ends it when the server refuses that subject
    /// or the inbox, or when `limit` is over.
    pub(super) async fn exchange<T>(
        &self,
        action: &'static str,
        subject: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, QueueError>> + Send,
    ) -> Result<T, QueueError> {
        let refused = self.refused(subject);
        if let Some(refusal) = self.deaf() {
            return Err(self.forbidden(action, refusal));
        }
        tokio::select! {
            biased;
            answer = call => answer,
            refusal = refused => Err(self.forbidden(action, refusal)),
            () = tokio::time::sleep(limit) => Err(unreachable(action, format!("no answer within {limit:?}"))),
        }
    }

    /// Ends when the server refuses `subject` or the inbox from now on.
    pub(super) fn refused(&self, subject: &str) -> impl Future<Output = Refusal> + Send + use<> {
        let mut refusals = self.refusals.subscribe();
        let (subject, inbox) = (subject.to_owned(), self.inbox.clone());
        async move {
            loop {
                match refusals.recv().await {
                    Ok(refusal) if refusal.subject == subject || refusal.subject.starts_with(&inbox) => return refusal,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => pending().await,
                }
            }
        }
    }

    fn forbidden(&self, action: &'static str, refusal: Refusal) -> QueueError {
        let Refusal { verb, subject } = refusal;
        QueueError::Forbidden { action, verb, subject, identity: self.identity.name() }
    }

    /// That what is needed is not there, and may not be made.
    pub(super) fn missing(&self, what: impl Display) -> QueueError {
        QueueError::Missing { what: what.to_string(), identity: self.identity.name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn wire() -> Wire {
        Wire::new(Identity::Gateway, "_INBOX_gateway")
    }

    fn says(text: &str) -> Event {
        Event::ServerError(ServerError::Other(text.to_owned()))
    }

    async fn never() -> Result<(), QueueError> {
        pending().await
    }

    #[test]
    fn the_servers_words_are_read() {
        let refusal = |verb, subject: &str| Some(Refusal { verb, subject: subject.to_owned() });
        for (text, read) in [
            (
                "Permissions Violation for Publish to \"work.ai.n.1.plan.0\"",
                refusal("publish to", "work.ai.n.1.plan.0"),
            ),
            ("Permissions Violation for Subscription to \"hints.>\"", refusal("subscribe to", "hints.>")),
            ("Permissions Violation for Subscription to \"a\" using queue \"q\"", refusal("subscribe to", "a")),
            ("Permissions Violation for Publish with Reply of \"a\"", refusal("publish to", "a")),
            ("Stale Connection", None),
            ("Permissions Violation for Publish to", None),
        ] {
            assert_eq!(Refusal::parse(text), read, "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_subject_ends_its_exchange_at_once_and_no_other() {
        let wire = wire();
        let (refused, other) = tokio::join!(
            wire.exchange("publishing", "work.a", LONG, never()),
            wire.exchange("publishing", "work.b", LONG, async {
                wire.hear(&says("Permissions Violation for Publish to \"work.a\""));
                Ok(1)
            }),
        );
        let refused = refused.expect_err("refused");
        assert_eq!(other, Ok(1));
        assert!(matches!(&refused, QueueError::Forbidden { subject, .. } if subject == "work.a"), "{refused}");
        assert!(refused.to_string().contains("the identity gateway may not publish to work.a"), "{refused}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_not_hear_answers_is_told_at_each_exchange_until_the_next_connection() {
        let wire = wire();
        wire.hear(&says("Permissions Violation for Subscription to \"_INBOX_gateway.x.*\""));
        let refused = wire.exchange("reading", "$JS.API.INFO", LONG, never()).await;
        assert!(matches!(&refused, Err(QueueError::Forbidden { verb: "subscribe to", .. })), "{refused:?}");
        wire.hear(&Event::Connected);
        assert_eq!(wire.exchange("reading", "$JS.API.INFO", LONG, async { Ok(()) }).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_exchange_without_an_answer_ends_with_its_limit() {
        let silent = wire().exchange("reading", "$JS.API.INFO", Duration::from_secs(5), never()).await;
        assert!(matches!(&silent, Err(QueueError::Unreachable { cause, .. }) if cause.contains("5s")), "{silent:?}");
    }
}
