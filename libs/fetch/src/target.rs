//! A URL that was read and judged, before anything is resolved. One parser reads it, the one whose
//! result is then called, so there is no second reading that could differ; what parsers are known
//! to disagree about is refused as well.

use url::{Host, Origin, Url};

use crate::error::UrlFault;
use crate::policy::Policy;

/// Bytes of the longest URL: what RFC 9110, section 4.1, asks everybody to support.
pub const LONGEST_URL: usize = 8_192;

/// Names, and all names under them, that are not of the public DNS: RFC 6761, 6762, 7686, 8375,
/// 9476, ICANN's `internal`, and what routers use.
const SPECIAL_NAMES: [&str; 14] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "onion",
    "alt",
    "invalid",
    "test",
];

/// A URL that may be called, as far as the URL itself tells.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    url: Url,
    /// The host without brackets or a dot at the end: what the certificate must be for.
    name: String,
    host: Host,
    port: u16,
}

impl Target {
    /// Reads and judges a URL.
    pub(crate) fn read(text: &str, policy: &Policy) -> Result<Self, UrlFault> {
        if text.len() > LONGEST_URL {
            return Err(UrlFault::Long { most: LONGEST_URL });
        }
        // Parsers skip or turn these, each its own way.
        if text.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace()) {
            return Err(UrlFault::Characters);
        }
        let url = Url::parse(text).map_err(|e| UrlFault::Unreadable(e.to_string()))?;
        match (policy, url.scheme()) {
            (Policy::Public { .. } | Policy::Operator, "https") | (Policy::Operator, "http") => {}
            (Policy::Public { .. }, _) => return Err(UrlFault::Scheme { allowed: "https" }),
            (Policy::Operator, _) => return Err(UrlFault::Scheme { allowed: "http or https" }),
        }
        // Without the two slashes, or with three, browsers and libraries find the host in different
        // places.
        let authority = text
            .get(url.scheme().len()..)
            .and_then(|rest| rest.strip_prefix("://"))
            .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default())
            .filter(|authority| !authority.is_empty())
            .ok_or(UrlFault::Slashes)?;
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::UserInfo);
        }
        let port = url.port_or_known_default().ok_or(UrlFault::Port { port: 0 })?;
        let allowed = match policy {
            Policy::Public { ports, .. } => ports.contains(&port),
            Policy::Operator => port != 0,
        };
        if !allowed {
            return Err(UrlFault::Port { port });
        }
        let host = url.host().map(|host| host.to_owned()).ok_or_else(|| UrlFault::Unreadable("no host".to_owned()))?;
        let name = match &host {
            Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        if matches!((policy, &host), (Policy::Public { .. }, Host::Domain(_))) && !public_name(&name) {
            return Err(UrlFault::Name);
        }
        Ok(Self { url, name, host, port })
    }

    /// Reads where a redirect leads, which may be said relative to this.
    pub(crate) fn redirected(&self, location: &str, policy: &Policy) -> Result<Self, UrlFault> {
        if location.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace()) {
            return Err(UrlFault::Characters);
        }
        // A whole URL is judged as it was written, like one that a caller sends.
        if Url::parse(location).is_ok() {
            return Self::read(location, policy);
        }
        let url = self.url.join(location).map_err(|e| UrlFault::Unreadable(e.to_string()))?;
        Self::read(url.as_str(), policy)
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// The host as it stands in a certificate.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of the `Host` header.
    pub(crate) fn authority(&self) -> String {
        let host = match &self.host {
            Host::Domain(_) | Host::Ipv4(_) => self.name.clone(),
            Host::Ipv6(address) => format!("[{address}]"),
        };
        self.url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// The path and query, as the request line has them; the fragment is nobody's but the caller's.
    pub(crate) fn path(&self) -> String {
        let path = self.url.path();
        self.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }
}

/// Whether a name can be of the public DNS: it has a dot, and is not one that is meant for inside a
/// network or a machine.
fn public_name(name: &str) -> bool {
    let under = |special: &&str| name.strip_suffix(*special).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    let labels = name.contains('.') && name.split('.').all(|label| !label.is_empty());
    labels && !SPECIAL_NAMES.iter().any(under)
}
