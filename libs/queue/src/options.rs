//! How a queue is set up. One value serves every adapter, so that tests and services configure them
//! alike.

use std::path::PathBuf;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::id::Service;

/// Who talks to the queue. What each may do there: [`crate::permissions()`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Identity {
    /// The gateway: it publishes commands, reads events, keeps the dead letters, and makes all
    /// streams and consumers.
    #[default]
    Gateway,
    /// A stage: it takes the commands of its own stream, and publishes events and dead letters. It
    /// verifies what it uses, and makes it where the server lets it.
    Stage(Service),
}

impl Identity {
    /// Every identity of an installation.
    pub const ALL: [Self; 4] =
        [Self::Gateway, Self::Stage(Service::Ingest), Self::Stage(Service::Ai), Self::Stage(Service::Tts)];

    /// The identity of the service of that name; the gateway's where no stage has it.
    #[must_use]
    pub fn of(service: &str) -> Self {
        Service::ALL.into_iter().find(|stage| stage.as_str() == service).map_or(Self::Gateway, Self::Stage)
    }

    /// The service's name, which is the user's as well.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Stage(service) => service.as_str(),
        }
    }
}

/// Files for TLS. They are read again at each connection, so they can be replaced at any time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM with the authorities that may have signed the server's certificate; none for those of
    /// the system. Where it is given, TLS is required.
    pub ca: Option<PathBuf>,
    /// PEM with the client's certificate and what leads to its authority. Goes with `key`.
    pub certificate: Option<PathBuf>,
    /// PEM with the key of `certificate`.
    pub key: Option<PathBuf>,
}

/// Where the servers of a cluster keep new streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// The cluster's name; empty for the one that is connected to.
    pub cluster: String,
    /// Tags that every server with a copy must have.
    pub tags: Vec<String>,
}

/// Settings of a queue. The defaults are those of production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Put before every stream name (`{prefix}_WORK_AI`) and subject (`{prefix}.work.ai.>`), so
    /// that several installations share one server. Letters, digits and `-`; empty for none.
    pub prefix: String,
    /// Who this is.
    pub identity: Identity,
    /// How the client names itself to the server.
    pub name: String,
    /// How long to wait for a server at first. After that, reconnecting never ends.
    pub connect_within: Duration,
    /// After how long an unacknowledged delivery is delivered again. Longer than a step's lease.
    pub ack_wait: Duration,
    /// The most commands that may wait or be in flight in one service's stream. A stream that takes
    /// more already is left so.
    pub max_waiting: u32,
    /// The most bytes of each stream, which the server sets aside at once. A stream that takes more
    /// already is left so.
    pub max_stream_bytes: u32,
    /// The most commands of one service that may be in flight at once, over all replicas of a
    /// server's clients. In process, the workers' permits are the bound.
    pub max_in_flight: u32,
    /// Copies that a clustered server keeps of each stream: 1, 3 or 5. A stream that has more
    /// already is left so.
    pub replicas: u8,
    /// Where new streams are kept. A stream that is placed already is left where it is.
    pub placement: Placement,
    /// The JetStream domain of the streams; empty for that of the server itself.
    pub domain: String,
    /// A file with a user's credentials: a JWT and its seed as `nsc` writes them, or the seed of an
    /// nkey alone. It is read again at each connection.
    pub credentials: Option<PathBuf>,
    /// TLS to the server.
    pub tls: Tls,
    /// What subjects of answers begin with; empty for `_INBOX_` and the identity's name. Nobody
    /// else may listen under it.
    pub inbox_prefix: String,
    /// How much of the last events a group reads again whose consumer was lost and is made anew.
    /// The dispatcher's audit makes up for what is older.
    pub events_again: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            identity: Identity::Gateway,
            name: "lectern".to_owned(),
            connect_within: Duration::from_secs(30),
            ack_wait: Duration::from_secs(20),
            max_waiting: 100_000,
            max_stream_bytes: 256 << 20,
            max_in_flight: 10_000,
            replicas: 1,
            placement: Placement::default(),
            domain: String::new(),
            credentials: None,
            tls: Tls::default(),
            inbox_prefix: String::new(),
            events_again: Duration::from_secs(20),
        }
    }
}

impl ConnectOptions {
    /// The default settings under a prefix; for tests that share a server.
    #[must_use]
    pub fn with_prefix(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }

    /// What subjects of answers begin with.
    #[must_use]
    pub fn inbox(&self) -> String {
        let name = self.identity.name();
        match (self.inbox_prefix.is_empty(), self.prefix.is_empty()) {
            (false, _) => self.inbox_prefix.clone(),
            (true, true) => format!("_INBOX_{name}"),
            (true, false) => format!("_INBOX_{}_{name}", self.prefix),
        }
    }

    /// What subjects of the JetStream API begin with.
    #[must_use]
    pub fn api(&self) -> String {
        if self.domain.is_empty() { "$JS.API".to_owned() } else { format!("$JS.{}.API", self.domain) }
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting.
    pub fn check(&self) -> Result<(), Failure> {
        if !matches!(self.replicas, 1 | 3 | 5) {
            return Err(Failure::invalid("queue.replicas", "queue.replicas must be 1, 3 or 5"));
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            let message = "queue.tls.certificate and queue.tls.key must be given together";
            return Err(Failure::invalid("queue.tls", message));
        }
        let token = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !self.inbox_prefix.split('.').all(token) || self.inbox_prefix.ends_with('.') {
            let message = "queue.inbox_prefix must be words of letters, digits, - and _ joined by dots";
            return Err(Failure::invalid("queue.inbox_prefix", message));
        }
        if !token(&self.domain) {
            let message = "queue.domain must be one word of letters, digits, - and _";
            return Err(Failure::invalid("queue.domain", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identity_is_found_by_its_name_and_has_an_inbox_of_its_own() {
        let mut inboxes = Vec::new();
        for identity in Identity::ALL {
            assert_eq!(Identity::of(identity.name()), identity);
            inboxes.push(ConnectOptions { identity, ..ConnectOptions::default() }.inbox());
            inboxes.push(ConnectOptions { identity, ..ConnectOptions::with_prefix("T1") }.inbox());
        }
        inboxes.sort();
        inboxes.dedup();
        assert_eq!(inboxes.len(), 8);
        assert!(inboxes.contains(&"_INBOX_T1_ai".to_owned()), "{inboxes:?}");
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = [
            (ConnectOptions { replicas: 2, ..ConnectOptions::default() }, "queue.replicas"),
            (ConnectOptions { replicas: 0, ..ConnectOptions::default() }, "queue.replicas"),
            (ConnectOptions { inbox_prefix: "a.>".to_owned(), ..ConnectOptions::default() }, "queue.inbox_prefix"),
            (ConnectOptions { inbox_prefix: "a.".to_owned(), ..ConnectOptions::default() }, "queue.inbox_prefix"),
            (ConnectOptions { domain: "a.b".to_owned(), ..ConnectOptions::default() }, "queue.domain"),
            (
                ConnectOptions {
                    tls: Tls { certificate: Some("a.pem".into()), ..Tls::default() },
                    ..ConnectOptions::default()
                },
                "queue.tls",
            ),
        ];
        for (options, field) in wrong {
            assert_eq!(options.check().expect_err(field).field.as_deref(), Some(field));
        }
        ConnectOptions::default().check().expect("the defaults are right");
    }
}
