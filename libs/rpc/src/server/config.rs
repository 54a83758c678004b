//! The settings of a server.

use std::net::SocketAddr;
use std::time::Duration;

use lectern_core::Failure;
use lectern_runtime::config::{duration, optional_duration};
use serde::{Deserialize, Serialize};

use crate::limits::LimitsConfig;
use crate::tls::TlsConfig;

/// How long new calls are still taken after the process was asked to end, where others than
/// processes of this machine may call: about as long as a load balancer takes to hear of it.
const LAME_DUCK: Duration = Duration::from_secs(5);
/// Clients take a connection that ends sooner for one that could not be opened.
const LEAST_AGE: Duration = Duration::from_secs(1);

/// The `server` table of a service's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address and port where health alone is served, in plain text: for probes that speak no TLS,
    /// or whose port nobody else is to reach. None when unset.
    pub health_listen: Option<SocketAddr>,
    /// TLS; plain text when unset.
    pub tls: Option<TlsConfig>,
    /// How often an idle connection is asked whether it is there.
    #[serde(with = "duration")]
    pub keepalive: Duration,
    /// How long it may take to answer.
    #[serde(with = "duration")]
    pub keepalive_timeout: Duration,
    /// After this, and up to a tenth more or less, a connection takes no more calls, so that
    /// clients spread over new replicas; at least 1 s.
    #[serde(with = "duration")]
    pub connection_age: Duration,
    /// How long the calls of an aged connection may go on.
    #[serde(with = "duration")]
    pub connection_age_grace: Duration,
    /// How long new calls are still taken after the process was asked to end, while its health says
    /// that it does not serve. Unset: 5 s where `listen` is beyond loopback, else nothing.
    #[serde(with = "optional_duration", default)]
    pub lame_duck: Option<Duration>,
    /// How long the calls in flight may go on when the listener has closed.
    #[serde(with = "duration")]
    pub drain: Duration,
    /// Limits by tenant and process.
    pub limits: LimitsConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            health_listen: None,
            tls: None,
            keepalive: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(600),
            connection_age_grace: Duration::from_secs(1800),
            lame_duck: None,
            drain: Duration::from_secs(20),
            limits: LimitsConfig::default(),
        }
    }
}

impl ServerConfig {
    /// How long new calls are still taken after the process was asked to end.
    #[must_use]
    pub fn lame_duck(&self) -> Duration {
        let usual = if self.listen.ip().is_loopback() { Duration::ZERO } else { LAME_DUCK };
        self.lame_duck.unwrap_or(usual)
    }

    /// How long the work in hand may go on after the process was asked to end: as long as calls.
    #[must_use]
    pub fn grace(&self) -> Duration {
        self.lame_duck().saturating_add(self.drain)
    }

    /// Says which value cannot be meant.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting.
    pub fn check(&self) -> Result<(), Failure> {
        if self.connection_age < LEAST_AGE {
            let message = "a connection would end as soon as it is open; write 1s or more, such as 10m";
            return Err(Failure::invalid("server.connection_age", message));
        }
        self.limits.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_others_can_reach_is_a_lame_duck_for_a_moment() {
        for (listen, set, expected) in [
            ("127.0.0.1:7400", None, 0),
            ("[::1]:7400", None, 0),
            ("0.0.0.0:7400", None, 5),
            ("[::]:7400", None, 5),
            ("10.0.0.7:7400", Some(0), 0),
            ("127.0.0.1:7400", Some(9), 9),
        ] {
            let lame_duck = set.map(Duration::from_secs);
            let config = ServerConfig { listen: listen.parse().unwrap(), lame_duck, ..ServerConfig::default() };
            assert_eq!(config.lame_duck().as_secs(), expected, "{listen} {set:?}");
            assert_eq!(config.grace().as_secs(), expected + 20, "{listen} {set:?}");
        }
    }

    #[test]
    fn a_connection_has_an_age() {
        assert_eq!(ServerConfig::default().check(), Ok(()));
        for (age, ok) in [(0, false), (999, false), (1_000, true)] {
            let config = ServerConfig { connection_age: Duration::from_millis(age), ..ServerConfig::default() };
            let field = config.check().err().and_then(|failure| failure.field);
            assert_eq!(field.as_deref(), (!ok).then_some("server.connection_age"), "{age} ms");
        }
    }

    /// Who streams for hours comes to other replicas within the hour.
    #[test]
    fn the_calls_of_a_connection_end_within_an_hour() {
        let ServerConfig { connection_age, connection_age_grace, .. } = ServerConfig::default();
        let longest = connection_age + connection_age / 10 + connection_age_grace;
        assert!(longest < Duration::from_secs(3600), "{longest:?}");
    }
}
