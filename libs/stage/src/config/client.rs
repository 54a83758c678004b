//! The settings of calls to other services.

use std::borrow::Cow;
use std::time::Duration;

use lectern_rpc::client::BETWEEN_SERVICES;
use lectern_rpc::{ClientConfig, ClientTls};
use lectern_runtime::config::duration;
use serde::{Deserialize, Serialize};

use super::Common;

/// How other services are called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// How often the addresses of the other services are looked up again; more than 0. They are
    /// looked up too when a connection is lost.
    #[serde(with = "duration")]
    pub resolve_every: Duration,
    /// Whom to trust at `https` URLs, and what to show to servers that demand a certificate.
    pub tls: ClientTls,
}

impl Default for Client {
    fn default() -> Self {
        Self { resolve_every: Duration::from_secs(30), tls: ClientTls::default() }
    }
}

impl Common {
    /// How the service at `url` is called.
    #[must_use]
    pub fn calls(&self, url: &str) -> ClientConfig {
        ClientConfig {
            resolve_every: self.client.resolve_every,
            service_config: Cow::Borrowed(BETWEEN_SERVICES),
            tls: self.client.tls.clone(),
            ..ClientConfig::to(url)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_services_are_called_with_the_certificates_of_the_settings() {
        let mut common = Common::default();
        common.client.tls.ca = Some("ca.crt".into());
        common.client.resolve_every = Duration::from_secs(7);
        let calls = common.calls("https://tts:7403");
        assert_eq!((calls.url.as_str(), calls.tls), ("https://tts:7403", common.client.tls));
        assert_eq!((calls.resolve_every, &*calls.service_config), (Duration::from_secs(7), BETWEEN_SERVICES));
    }
}
