//! What the URL of a service names: how its hosts are spoken to, and which hosts there are.

use http::uri::Authority;
use lectern_core::Failure;

/// Port of `http` and `https` URLs that name none.
const PORTS: (u16, u16) = (80, 443);

/// The hosts of one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The URL as it was written, without a slash at its end.
    pub(crate) url: String,
    /// Whether it is `https`.
    pub(crate) secure: bool,
    /// At least one.
    pub(crate) hosts: Vec<Host>,
}

/// One host of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name or an address; one of IPv6 without its brackets.
    pub(crate) name: String,
    pub(crate) port: u16,
    /// Both, as they stand in a URL.
    pub(crate) authority: Authority,
}

impl Target {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`, or one with several hosts between commas,
    /// as URLs of MongoDB and NATS have them.
    ///
    /// # Errors
    /// `INVALID_FIELD` for what is none.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        let invalid = |why: &str| {
            let message = format!("{url:?} is not the URL of a service: {why}; write http://HOST:PORT");
            Failure::invalid("url", message)
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(invalid("its scheme is neither http nor https")),
        };
        let rest = rest.trim_end_matches('/');
        if rest.contains(['/', '?', '#', '@']) {
            return Err(invalid("it names more than hosts and ports"));
        }
        let host = |text: &str| Host::parse(text, secure).ok_or_else(|| invalid("it names no host"));
        let hosts = rest.split(',').map(host).collect::<Result<_, _>>()?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), secure, hosts })
    }

    /// The first host and its port, by which spans and metrics name the service.
    pub(crate) fn first(&self) -> Option<(&str, u16)> {
        self.hosts.first().map(|host| (host.name.as_str(), host.port))
    }

    /// `http` or `https`.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl Host {
    fn parse(text: &str, secure: bool) -> Option<Self> {
        let authority: Authority = text.trim().parse().ok()?;
        let host = authority.host();
        let name = host.trim_start_matches('[').trim_end_matches(']');
        if name.is_empty() || authority.as_str().ends_with(':') {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if secure { PORTS.1 } else { PORTS.0 });
        let whole = format!("{host}:{port}").parse().ok()?;
        Some(Self { name: name.to_owned(), port, authority: whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16, String)> {
        let target = Target::parse(url).unwrap();
        target.hosts.into_iter().map(|host| (host.name, host.port, host.authority.to_string())).collect()
    }

    #[test]
    fn a_url_names_one_host_or_several() {
        let one = |name: &str, port, whole: &str| (name.to_owned(), port, whole.to_owned());
        assert_eq!(hosts("http://tts:7403"), [one("tts", 7403, "tts:7403")]);
        assert_eq!(hosts("https://tts/"), [one("tts", 443, "tts:443")]);
        assert_eq!(
            hosts("http://127.0.0.1:1,[::1]:2,tts"),
            [one("127.0.0.1", 1, "127.0.0.1:1"), one("::1", 2, "[::1]:2"), one("tts", 80, "tts:80")]
        );
        let several = Target::parse("https://a:1,b:2").unwrap();
        assert_eq!((several.secure, several.first()), (true, Some(("a", 1))));
    }

    #[test]
    fn what_is_no_url_is_told_with_what_to_write() {
        for wrong in ["tides", "tts:7403", "ftp://tts:7403", "http://", "http://a:1,", "http://:1", "http://a/b"] {
            let failure = Target::parse(wrong).unwrap_err();
            assert_eq!(failure.field.as_deref(), Some("url"), "{wrong}");
            assert!(failure.message.contains("write http://HOST:PORT"), "{wrong}: {failure}");
        }
    }
}
