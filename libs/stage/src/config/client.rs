//! The settings of calls to other services.

use lectern_rpc::{ClientConfig, ClientTls};
use serde::{Deserialize, Serialize};

use super::Common;

/// How other services are called.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Whom to trust at `https` URLs, and what to show to servers that demand a certificate.
    pub tls: ClientTls,
}

impl Common {
    /// How the service at `url` is called.
    #[must_use]
    pub fn calls(&self, url: &str) -> ClientConfig {
        ClientConfig { tls: self.client.tls.clone(), ..ClientConfig::to(url) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_services_are_called_with_the_certificates_of_the_settings() {
        let mut common = Common::default();
        common.client.tls.ca = Some("ca.crt".into());
        let calls = common.calls("https://tts:7403");
        assert_eq!((calls.url.as_str(), calls.tls), ("https://tts:7403", common.client.tls));
    }
}
