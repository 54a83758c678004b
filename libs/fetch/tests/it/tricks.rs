//! The tricks of server-side request forgery, as a table: each leads somewhere that must not be
//! called, and each is refused before anything is. The inner servers of this world would answer, so
//! a guard that lets one through fails the test.

use std::net::IpAddr;

use lectern_fetch::{FetchLimits, Policy, Request, address};

use crate::world::{SITE, Site, World, answer, redirect, word};

/// URLs, and the word for why each is refused.
const URLS: &[(&str, &str)] = &[
    // Schemes.
    ("http://docs.example.com/", "scheme"),
    ("HTTP://127.0.0.1/", "scheme"),
    ("ftp://docs.example.com/a.pdf", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("file://docs.example.com/etc/passwd", "scheme"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    ("data:text/plain,secret", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("ws://docs.example.com/", "scheme"),
    ("jar:https://docs.example.com/a.zip!/b", "scheme"),
    ("docs.example.com/a.pdf", "unreadable"),
    ("//docs.example.com/a.pdf", "unreadable"),
    ("", "unreadable"),
    // Loopback, in every way to write it.
    ("https://127.0.0.1/", "closed"),
    ("https://127.0.0.1./", "closed"),
    ("https://127.1/", "closed"),
    ("https://127.0.1/", "closed"),
    ("https://127.255.255.254/", "closed"),
    ("https://2130706433/", "closed"),
    ("https://0x7f000001/", "closed"),
    ("https://0x7f.0.0.1/", "closed"),
    ("https://0x7f.1/", "closed"),
    ("https://0177.0.0.1/", "closed"),
    ("https://00000177.0.0.1/", "closed"),
    ("https://017700000001/", "closed"),
    ("https://0x7F.0.0x0.01/", "closed"),
    ("https://\u{ff11}\u{ff12}\u{ff17}.0.0.\u{ff11}/", "closed"),
    ("https://①②⑦.⓪.⓪.①/", "closed"),
    ("https://127。0。0。1/", "closed"),
    ("https://\u{1d7cf}\u{1d7d0}\u{1d7d5}\u{ff0e}0\u{ff61}0.1/", "closed"),
    ("https://%31%32%37.0.0.1/", "closed"),
    ("https://127.0.0.1#@docs.example.com/", "closed"),
    ("https://127.0.0.1?@docs.example.com/", "closed"),
    ("https://127.0.0.1/@docs.example.com/", "closed"),
    ("https://4294967297/", "unreadable"),
    ("https://127.0.0.257/", "unreadable"),
    ("https://127.0.0.1.1/", "unreadable"),
    ("https://[::1]/", "closed"),
    ("https://[0:0:0:0:0:0:0:1]/", "closed"),
    ("https://[0000::0001]/", "closed"),
    ("https://[::1%25lo]/", "unreadable"),
    ("https://[::1%lo]/", "unreadable"),
    ("https://[fe80::1%25eth0]/", "unreadable"),
    ("https://::1/", "unreadable"),
    ("https://localhost/", "name"),
    ("https://LocalHost/", "name"),
    ("https://localhost./", "name"),
    ("https://admin.localhost/", "name"),
    ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "name"),
    ("https://local\u{ad}host/", "name"),
    ("https://%6cocalhost/", "name"),
    // Nowhere, everywhere.
    ("https://0/", "closed"),
    ("https://0.0.0.0/", "closed"),
    ("https://0x0/", "closed"),
    ("https://[::]/", "closed"),
    ("https://255.255.255.255/", "closed"),
    ("https://224.0.0.1/", "closed"),
    ("https://240.0.0.1/", "closed"),
    ("https://[ff02::1]/", "closed"),
    // IPv4 in IPv6.
    ("https://[::ffff:127.0.0.1]/", "closed"),
    ("https://[::ffff:7f00:1]/", "closed"),
    ("https://[0:0:0:0:0:ffff:127.0.0.1]/", "closed"),
    ("https://[::ffff:93.184.216.34]/", "closed"),
    ("https://[::127.0.0.1]/", "closed"),
    ("https://[::ffff:0:127.0.0.1]/", "closed"),
    ("https://[64:ff9b::7f00:1]/", "closed"),
    ("https://[64:ff9b::169.254.169.254]/", "closed"),
    ("https://[64:ff9b:1::a00:1]/", "closed"),
    ("https://[2002:7f00:1::1]/", "closed"),
    ("https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "closed"),
    ("https://[2a00:1450:4001:80b:0:5efe:7f00:1]/", "closed"),
    // Private, shared, reserved.
    ("https://10.0.0.1/", "closed"),
    ("https://10.1/", "closed"),
    ("https://167772161/", "closed"),
    ("https://172.16.0.1/", "closed"),
    ("https://172.31.255.255/", "closed"),
    ("https://192.168.1.1/", "closed"),
    ("https://0xc0a80101/", "closed"),
    ("https://100.64.0.1/", "closed"),
    ("https://192.0.0.1/", "closed"),
    ("https://192.0.2.1/", "closed"),
    ("https://198.18.0.1/", "closed"),
    ("https://198.51.100.1/", "closed"),
    ("https://203.0.113.1/", "closed"),
    ("https://[fc00::1]/", "closed"),
    ("https://[fd12:3456:789a::1]/", "closed"),
    ("https://[fe80::1]/", "closed"),
    ("https://[fec0::1]/", "closed"),
    ("https://[2001:db8::1]/", "closed"),
    ("https://[100::1]/", "closed"),
    // Metadata of clouds.
    ("https://169.254.169.254/latest/meta-data/", "closed"),
    ("https://2852039166/", "closed"),
    ("https://0xa9fea9fe/", "closed"),
    ("https://0251.0376.0251.0376/", "closed"),
    ("https://169.254.170.2/", "closed"),
    ("https://100.100.100.200/", "closed"),
    ("https://168.63.129.16/", "closed"),
    ("https://[fd00:ec2::254]/", "closed"),
    ("https://metadata.google.internal/", "name"),
    ("https://metadata/", "name"),
    // Names for inside.
    ("https://kubernetes/", "name"),
    ("https://kubernetes.default.svc.cluster.local/", "name"),
    ("https://gateway.corp/", "name"),
    ("https://router.lan/", "name"),
    ("https://printer.home.arpa/", "name"),
    ("https://docs.example.com../", "name"),
    ("https://.example.com/", "name"),
    // User names.
    ("https://docs.example.com@127.0.0.1/", "user"),
    ("https://docs.example.com:443@127.0.0.1/", "user"),
    ("https://user:secret@docs.example.com/", "user"),
    ("https://@127.0.0.1/", "user"),
    ("https://:@127.0.0.1/", "user"),
    ("https://docs.example.com%40127.0.0.1/", "unreadable"),
    // What parsers disagree about.
    ("https://docs.example.com\\@127.0.0.1/", "characters"),
    ("https:\\\\127.0.0.1\\", "characters"),
    ("https://127.0.0.1\\.docs.example.com/", "characters"),
    (" https://127.0.0.1/", "characters"),
    ("https://127.0.0.1 .docs.example.com/", "characters"),
    ("https://127.0\t.0.1/", "characters"),
    ("https://127.0.0.1\r\n/", "characters"),
    ("https://docs.example.com/ HTTP/1.1\r\nHost: inside\r\n", "characters"),
    ("https://docs.example.com\0.inside/", "characters"),
    ("https:127.0.0.1/", "slashes"),
    ("https:/127.0.0.1/", "slashes"),
    ("https:///127.0.0.1/", "slashes"),
    ("https:docs.example.com/", "slashes"),
    ("https://docs.example.com%00.inside/", "unreadable"),
    ("https://docs.example.com%2f@127.0.0.1/", "user"),
    ("https://docs.example.com^127.0.0.1/", "unreadable"),
    ("https://xn--/", "unreadable"),
    ("https:///", "unreadable"),
    // Ports.
    ("https://docs.example.com:22/", "port"),
    ("https://docs.example.com:80/", "port"),
    ("https://docs.example.com:6379/", "port"),
    ("https://docs.example.com:27017/", "port"),
    ("https://docs.example.com:0/", "port"),
    ("https://docs.example.com:65979/", "unreadable"),
    ("https://docs.example.com:-443/", "unreadable"),
    // What only the resolver tells.
    ("https://127.0.0.1.nip.io/", "closed"),
    ("https://a9fea9fe.nip.io/", "closed"),
    ("https://localtest.example.com/", "closed"),
    ("https://shared.example.com/", "closed"),
    ("https://mixed.example.com/", "closed"),
    ("https://mixed6.example.com/", "closed"),
    ("https://mapped.example.com/", "closed"),
    ("https://nat64.example.com/", "closed"),
    ("https://zero.example.com/", "closed"),
    ("https://MIXED.example.com./", "closed"),
    ("https://m\u{456}xed.example.com/", "unresolved"),
    ("https://nobody.example.com/", "unresolved"),
    ("https://empty.example.com/", "nothing"),
];

/// A world with the names of the tables, in which every inner address answers.
fn world() -> std::sync::Arc<World> {
    let site = Site::of(&["docs.example.com", "127.0.0.1", "10.0.0.1"]).at("*", answer("200 OK", "", "secret"));
    let world = World::new()
        .name("docs.example.com", &[SITE])
        .name("127.0.0.1.nip.io", &["127.0.0.1"])
        .name("a9fea9fe.nip.io", &["169.254.169.254"])
        .name("localtest.example.com", &["::1"])
        .name("shared.example.com", &["100.64.0.1"])
        .name("mixed.example.com", &[SITE, "10.0.0.1"])
        .name("mixed6.example.com", &["2606:2800:220:1::1", "fe80::1"])
        .name("mapped.example.com", &["::ffff:10.0.0.1"])
        .name("nat64.example.com", &["64:ff9b::a00:1"])
        .name("zero.example.com", &["0.0.0.0"])
        .name("empty.example.com", &[])
        .name("inside.example.com", &["10.0.0.1"]);
    for inner in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "0.0.0.0", "::"] {
        world.site(inner, site.clone());
    }
    world
}

#[tokio::test]
async fn every_trick_is_refused_before_anything_is_called() {
    assert!(URLS.len() >= 40, "the table is the point of this test");
    for (url, why) in URLS {
        let world = world();
        let error = world.get(url).await.err().unwrap_or_else(|| panic!("{url} was fetched"));
        assert_eq!(word(&error), *why, "{url}: {error}");
        assert_eq!(world.called(), Vec::<String>::new(), "{url} called somebody");
    }
}

#[tokio::test]
async fn every_trick_is_refused_behind_a_redirect_too() {
    for (url, why) in URLS {
        // A header cannot carry these, and what is no URL of its own is one relative to the
        // server's.
        if !url.is_ascii() || url.contains(['\r', '\n', '\0']) || *why == "unresolved" || !url.contains(':') {
            continue;
        }
        let site = Site::of(&["start.example.com"]).at("/", redirect(url));
        let world = world().name("start.example.com", &[SITE]).site(SITE, site);
        let error = world.get("https://start.example.com/").await.err().unwrap_or_else(|| panic!("{url} was fetched"));
        // A space at the edge of a header field is not part of it.
        let why = if url.starts_with(' ') { "closed" } else { why };
        assert_eq!(word(&error), why, "{url}: {error}");
        assert_eq!(world.called(), [format!("{SITE}:443")], "{url} called somebody");
    }
}

#[tokio::test]
async fn redirects_are_refused_where_they_lead_inside_in_ways_of_their_own() {
    for (location, why) in [
        ("//127.0.0.1/", "closed"),
        ("//inside.example.com/", "closed"),
        ("///127.0.0.1/", "unreadable"),
        ("/\\127.0.0.1/", "characters"),
        ("\\\\127.0.0.1/", "characters"),
        ("//user@127.0.0.1/", "user"),
        ("//start.example.com:22/", "port"),
        ("http:/inside", "scheme"),
        ("http://start.example.com/", "scheme"),
        ("https:/\t/127.0.0.1/", "characters"),
        ("//localhost/", "name"),
        ("//[::1]/", "closed"),
        ("https://inside.example.com/", "closed"),
    ] {
        let site = Site::of(&["start.example.com"]).at("/", redirect(location));
        let world = world().name("start.example.com", &[SITE]).site(SITE, site);
        let error = world.get("https://start.example.com/").await.err().unwrap_or_else(|| panic!("{location}"));
        assert_eq!(word(&error), why, "{location}: {error}");
        assert_eq!(world.called(), [format!("{SITE}:443")], "{location} called somebody");
    }
}

#[tokio::test]
async fn what_is_refused_does_not_tell_callers_what_is_inside() {
    let world = world();
    let inside = world.get("https://inside.example.com/").await.expect_err("inside");
    let nobody = world.get("https://nobody.example.com/").await.expect_err("nobody");
    let (inside, nobody): (lectern_core::Failure, lectern_core::Failure) = (inside.into(), nobody.into());
    assert_eq!(inside.message.replace("inside", ""), nobody.message.replace("nobody", ""));
    assert_eq!((inside.kind, inside.reason), (nobody.kind, nobody.reason));
    let error = world.get("https://inside.example.com/").await.expect_err("inside");
    assert_eq!(error.detail(), "10.0.0.1 is private (RFC 1918)", "the log has it");
}

#[tokio::test]
async fn an_operator_closes_public_networks_of_its_own() {
    let site = Site::of(&["docs.example.com"]).at("/", answer("200 OK", "", "ours"));
    let world = world().site(SITE, site);
    let own = Policy::Public { ports: vec![443], closed: vec!["93.184.216.0/24".parse().expect("a network")] };
    let request = || Request::get("https://docs.example.com/", FetchLimits::default());
    let refused = world.client(own).send(request()).await.expect_err("closed");
    assert_eq!(word(&refused), "closed");
    assert!(world.called().is_empty());
    world.client(Policy::public()).send(request()).await.expect("open to others");
}

proptest::proptest! {
    /// Strings of the alphabet that tricks are made of: whatever gets as far as a connection goes
    /// to the one public server.
    #[test]
    fn no_string_leads_to_a_closed_address(
        text in "(https?:/{0,3})?([a-z0-9.:@%\\[\\]#?/\\\\]|127|0x7f|::1|localhost|docs\\.example\\.com|inside|[①。1]){1,14}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = world();
        drop(runtime.block_on(world.get(&text)));
        for called in world.called.lock().iter() {
            let ip: IpAddr = called.ip();
            proptest::prop_assert!(address::closed(ip).is_none() && called.port() == 443, "{text} called {called}");
        }
    }
}
