//! Which addresses belong to the public internet. Sources: the IANA registries of special-purpose
//! addresses of IPv4 and IPv6 (RFC 6890 and what was added since), the IANA registry of IPv6
//! address space, and what cloud providers document of addresses inside their networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Why an address is not of the public internet, in words for an operator; none for one that is.
#[must_use]
pub fn closed(address: IpAddr) -> Option<&'static str> {
    let ranges: &[Range] = match address {
        IpAddr::V4(_) => &V4,
        IpAddr::V6(_) => &V6,
    };
    if let Some(range) = ranges.iter().find(|range| range.network.holds(address)) {
        return Some(range.what);
    }
    match address {
        IpAddr::V6(address) if !GLOBAL_UNICAST.holds(address.into()) => Some("outside of IPv6 global unicast"),
        IpAddr::V6(address) if is_isatap(address) => Some("an IPv4 address in an IPv6 one (ISATAP, RFC 5214)"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// Whether an address is that of one machine, rather than of none or of many.
#[must_use]
pub fn unicast(address: IpAddr) -> bool {
    let address = address.to_canonical();
    !(address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST))
}

/// A network, written `203.0.113.0/24` or `2001:db8::/32`; an address without a length is a network
/// of itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    length: u32,
}

impl Network {
    /// Whether the address is in this network.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let ((base, width), (address, other)) = (bits(self.base), bits(address));
        // A prefix of no bits holds everything; a shift by the whole width is not defined.
        width == other && (base ^ address).checked_shr(width.saturating_sub(self.length)).is_none_or(|rest| rest == 0)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network; write 203.0.113.0/24 or 2001:db8::/32");
        let (base, length) = text.split_once('/').map_or((text, None), |(base, length)| (base, Some(length)));
        let base: IpAddr = base.trim().parse().map_err(|_| wrong())?;
        let (_, width) = bits(base);
        let length = length.map_or(Ok(width), |length| length.trim().parse().map_err(|_| wrong()))?;
        if length > width { Err(wrong()) } else { Ok(Self { base, length }) }
    }
}

/// The address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

/// An interface identifier that carries an IPv4 address: `::0:5efe:a.b.c.d` or
/// `::200:5efe:a.b.c.d`.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, first, second, _, _] = address.segments();
    (first == 0 || first == 0x200) && second == 0x5efe
}

/// A range that is not called, and why.
struct Range {
    network: Network,
    what: &'static str,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u32, what: &'static str) -> Range {
    Range { network: Network { base: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length }, what }
}

const fn v6(head: [u16; 4], length: u32, what: &'static str) -> Range {
    v6_tail(head, [0; 4], length, what)
}

const fn v6_tail(head: [u16; 4], tail: [u16; 4], length: u32, what: &'static str) -> Range {
    let ([a, b, c, d], [e, f, g, h]) = (head, tail);
    Range { network: Network { base: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), length }, what }
}

/// All of IPv6 that the internet routes; what is not in it is closed without a name.
const GLOBAL_UNICAST: Network = Network { base: IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)), length: 3 };

/// What is closed of IPv4. The first that fits gives the reason, so that the narrow ones stand
/// first.
const V4: [Range; 23] = [
    v4(169, 254, 169, 254, 32, "a cloud's metadata service"),
    v4(169, 254, 170, 2, 32, "a cloud's metadata service (Amazon ECS)"),
    v4(100, 100, 100, 200, 32, "a cloud's metadata service (Alibaba)"),
    v4(192, 0, 0, 192, 32, "a cloud's metadata service (Oracle)"),
    v4(168, 63, 129, 16, 32, "a cloud's inner service (Azure)"),
    v4(0, 0, 0, 0, 8, "unspecified, this network (RFC 791)"),
    v4(10, 0, 0, 0, 8, "private (RFC 1918)"),
    v4(100, 64, 0, 0, 10, "shared by a carrier's customers (RFC 6598)"),
    v4(127, 0, 0, 0, 8, "loopback"),
    v4(169, 254, 0, 0, 16, "link-local (RFC 3927)"),
    v4(172, 16, 0, 0, 12, "private (RFC 1918)"),
    v4(192, 0, 0, 0, 24, "for protocols (RFC 6890)"),
    v4(192, 0, 2, 0, 24, "for documentation (RFC 5737)"),
    v4(192, 31, 196, 0, 24, "a sink of names (RFC 7535)"),
    v4(192, 52, 193, 0, 24, "a relay of multicast (RFC 7450)"),
    v4(192, 88, 99, 0, 24, "a relay of 6to4 (RFC 7526)"),
    v4(192, 168, 0, 0, 16, "private (RFC 1918)"),
    v4(192, 175, 48, 0, 24, "a sink of names (RFC 7534)"),
    v4(198, 18, 0, 0, 15, "for benchmarks (RFC 2544)"),
    v4(198, 51, 100, 0, 24, "for documentation (RFC 5737)"),
    v4(203, 0, 113, 0, 24, "for documentation (RFC 5737)"),
    v4(224, 0, 0, 0, 4, "multicast"),
    v4(240, 0, 0, 0, 4, "reserved or broadcast (RFC 1112)"),
];

/// What is closed of IPv6: the named parts outside of global unicast, and the special ones inside
/// of it.
const V6: [Range; 20] = [
    v6_tail([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x254], 128, "a cloud's metadata service (Amazon)"),
    v6_tail([0xfd20, 0xce, 0, 0], [0, 0, 0, 0x254], 128, "a cloud's metadata service (Google)"),
    v6_tail([0; 4], [0, 0, 0, 0], 128, "unspecified"),
    v6_tail([0; 4], [0, 0, 0, 1], 128, "loopback"),
    v6_tail([0; 4], [0, 0xffff, 0, 0], 96, "an IPv4 address in an IPv6 one (mapped, RFC 4291)"),
    v6_tail([0; 4], [0xffff, 0, 0, 0], 96, "an IPv4 address in an IPv6 one (translated, RFC 2765)"),
    v6_tail([0; 4], [0, 0, 0, 0], 96, "an IPv4 address in an IPv6 one (compatible, RFC 4291)"),
    v6([0x64, 0xff9b, 0, 0], 96, "an IPv4 address in an IPv6 one (NAT64, RFC 6052)"),
    v6([0x64, 0xff9b, 1, 0], 48, "an IPv4 address in an IPv6 one (NAT64, RFC 8215)"),
    v6([0x100, 0, 0, 0], 64, "discarded (RFC 6666)"),
    v6([0x2001, 0, 0, 0], 32, "an IPv4 address in an IPv6 one (Teredo, RFC 4380)"),
    v6([0x2001, 0, 0, 0], 23, "for protocols (RFC 2928)"),
    v6([0x2001, 0xdb8, 0, 0], 32, "for documentation (RFC 3849)"),
    v6([0x2002, 0, 0, 0], 16, "an IPv4 address in an IPv6 one (6to4, RFC 3056)"),
    v6([0x2620, 0x4f, 0x8000, 0], 48, "a sink of names (RFC 7534)"),
    v6([0x3fff, 0, 0, 0], 20, "for documentation (RFC 9637)"),
    v6([0xfc00, 0, 0, 0], 7, "private (unique local, RFC 4193)"),
    v6([0xfe80, 0, 0, 0], 10, "link-local (RFC 4291)"),
    v6([0xfec0, 0, 0, 0], 10, "private (site-local, RFC 3879)"),
    v6([0xff00, 0, 0, 0], 8, "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_edges_of_every_range_are_where_the_registries_have_them() {
        for (inside, outside) in [
            ("0.0.0.0", "1.0.0.0"),
            ("0.255.255.255", "1.0.0.0"),
            ("10.0.0.0", "9.255.255.255"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.1", "126.255.255.255"),
            ("127.255.255.254", "128.0.0.0"),
            ("169.254.0.0", "169.253.255.255"),
            ("169.254.255.255", "169.255.0.0"),
            ("168.63.129.16", "168.63.129.17"),
            ("172.16.0.0", "172.15.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.0.0.8", "192.0.1.0"),
            ("192.0.2.1", "192.0.3.0"),
            ("192.88.99.1", "192.88.98.255"),
            ("192.168.0.0", "192.167.255.255"),
            ("192.168.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.17.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("198.51.100.7", "198.51.101.0"),
            ("203.0.113.7", "203.0.114.0"),
            ("224.0.0.1", "223.255.255.255"),
            ("239.255.255.255", "223.255.255.255"),
            ("240.0.0.1", "223.0.0.1"),
            ("255.255.255.255", "8.8.8.8"),
            ("::", "2000::"),
            ("::1", "2606:4700::1111"),
            ("::ffff:8.8.8.8", "2400::1"),
            ("::ffff:0:8.8.8.8", "2400::1"),
            ("::8.8.8.8", "2400::1"),
            ("64:ff9b::8.8.8.8", "2400::1"),
            ("64:ff9b:1::1", "2400::1"),
            ("100::1", "2400::1"),
            ("2001::1", "2001:200::1"),
            ("2001:1ff:ffff::1", "2001:200::1"),
            ("2001:db8::1", "2001:db9::1"),
            ("2002:7f00:1::", "2003::1"),
            ("3fff:fff::1", "3ffe::1"),
            ("4000::1", "3ffe::1"),
            ("5f00::1", "2a00::1"),
            ("fc00::1", "2a00::1"),
            ("fdff::1", "2a00::1"),
            ("fe80::1", "2a00::1"),
            ("fec0::1", "2a00::1"),
            ("ff02::1", "2a00::1"),
            ("2a00::5efe:10.0.0.1", "2a00::5eff:10.0.0.1"),
            ("2a00::200:5efe:10.0.0.1", "2a00::201:5efe:10.0.0.1"),
        ] {
            assert!(closed(ip(inside)).is_some(), "{inside} is open");
            assert_eq!(closed(ip(outside)), None, "{outside} is closed");
        }
    }

    #[test]
    fn metadata_services_are_named_as_what_they_are() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert!(closed(ip(address)).is_some_and(|what| what.contains("cloud")), "{address}");
        }
    }

    #[test]
    fn networks_hold_their_prefix_and_nothing_else() {
        for (network, address, holds) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("8.8.8.8", "8.8.8.8", true),
            ("8.8.8.8", "8.8.8.9", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::8.8.8.8", false),
            ("::/0", "2400::1", true),
            ("2400::/12", "240f::1", true),
            ("2400::/12", "2410::1", false),
        ] {
            let network: Network = network.parse().expect("a network");
            assert_eq!(network.holds(ip(address)), holds, "{network:?} {address}");
        }
        for wrong in ["", "example.com", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "10.0.0.0/", "/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_standard_library_knows_as_special_is_closed(number: u32, wide: u128) {
            let v4 = Ipv4Addr::from(number);
            let special = v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()
                || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation();
            proptest::prop_assert!(!special || closed(v4.into()).is_some(), "{v4}");
            proptest::prop_assert!(closed(v4.to_ipv6_mapped().into()).is_some());
            proptest::prop_assert!(closed(v4.to_ipv6_compatible().into()).is_some());
            let v6 = Ipv6Addr::from(wide);
            let special = v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local();
            proptest::prop_assert!(!special || closed(v6.into()).is_some(), "{v6}");
        }
    }
}
