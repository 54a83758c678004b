//! Which servers are near enough that a key may go to them in the clear.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How names end that the public DNS never has: RFC 6761 (`localhost`), RFC 6762 (`local`), RFC
/// 8375 (`home.arpa`), ICANN's resolution 2024.07.29.06 (`internal`), and those of a cluster.
const NEAR: [&str; 6] = [".localhost", ".local", ".home.arpa", ".internal", ".svc", ".lan"];

/// Whether a server is on this machine or in a network of one's own, by its address or name alone:
/// nothing is resolved.
pub(crate) fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_near_v4(address),
        Some(Host::Ipv6(address)) => is_near_v6(address),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            !name.contains('.') || NEAR.iter().any(|end| name.ends_with(end))
        }
        None => false,
    }
}

/// Loopback, RFC 1918, RFC 3927, and the addresses behind a carrier's translation (RFC 6598), which
/// networks over others use too.
const fn is_near_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || (first == 100 && second >= 64 && second < 128)
}

/// Loopback, RFC 4193, RFC 4291 section 2.5.6, and what stands for such an address of IPv4.
fn is_near_v6(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().map_or_else(
        || address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
        is_near_v4,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_one_s_own_are_told_from_public_ones() {
        for (url, near) in [
            ("http://127.0.0.1:11434/v1", true),
            ("http://localhost/v1", true),
            ("http://ollama:11434/v1", true),
            ("http://models.lectern.svc:8000/v1", true),
            ("http://models.lectern.svc.cluster.local/v1", true),
            ("http://10.1.2.3/", true),
            ("http://100.64.0.1/", true),
            ("http://100.128.0.1/", false),
            ("http://[::1]:8000/", true),
            ("http://[fd00::1]/", true),
            ("http://[::ffff:192.168.0.1]/", true),
            ("http://[::ffff:8.8.8.8]/", false),
            ("http://[2001:db8::1]/", false),
            ("http://api.example.com/v1", false),
            ("http://localhost.example.com/v1", false),
            ("http://172.32.0.1/", false),
        ] {
            assert_eq!(is_near(&url.parse().unwrap()), near, "{url}");
        }
    }
}
