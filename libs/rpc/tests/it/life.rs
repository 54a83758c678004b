//! How long connections live, and how a server ends: whom it waits for, and whom it does not.

use std::collections::BTreeSet;
use std::time::Duration;

use lectern_rpc::{ClientConfig, Outbound, TlsConfig, channel};
use lectern_runtime::Secret;
use lectern_testkit::certificates::{Authority, Subject, write};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::peers::{PREFACE, Peer, Said, virtual_time};
use crate::probe::SLOW;
use crate::{Fixture, probe};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A client with a connection of its own.
fn client_of(fixture: &Fixture, address: std::net::SocketAddr) -> probe::Client {
    let channel = channel(&ClientConfig::to(format!("http://{address}"))).unwrap();
    probe::Client::new(Outbound::with_key(Secret::new(fixture.key.expose())).over(channel))
}

/// What health says, over a connection of its own.
async fn health_at(address: std::net::SocketAddr, service: &str) -> Result<ServingStatus, Status> {
    let mut client = HealthClient::new(channel(&ClientConfig::to(format!("http://{address}"))).unwrap());
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(request).await.map(|answer| answer.into_inner().status())
}

/// A server's certificate, and the folder of its files.
fn certificate() -> (tempfile::TempDir, TlsConfig) {
    let signed = Authority::new("ours").sign(&Subject { names: &["127.0.0.1"], until: 3_000, ..Subject::default() });
    let folder = tempfile::tempdir().unwrap();
    let certificate = write(folder.path(), "tls.crt", &signed.certificate);
    let key = write(folder.path(), "tls.key", &signed.key);
    (folder, TlsConfig::new(certificate, key))
}

/// Stops the server, and says how long it takes to end.
async fn ends_within(fixture: Fixture) -> Duration {
    let asked = Instant::now();
    fixture.stop.cancel();
    fixture.serving.ended().await.unwrap();
    asked.elapsed()
}

#[tokio::test]
async fn peers_without_a_call_hold_up_no_end() {
    virtual_time();
    let half = PREFACE.split_at(11).0;
    for (what, bytes) in [("says nothing", &b""[..]), ("breaks off in the preface", half)] {
        let fixture = Fixture::start(|_| {});
        let peer = Peer::that_says(fixture.serving.addr, bytes).await;
        // Accepted after it.
        fixture.with_key().check("tenant t1", None).await.unwrap();
        let took = ends_within(fixture).await;
        assert!(took < seconds(2), "a peer that {what} held up the end for {took:?}");
        drop(peer);
    }
}

#[tokio::test]
async fn a_peer_that_acknowledges_nothing_is_told_and_then_closed() {
    virtual_time();
    let fixture = Fixture::start(|_| {});
    let mut peer = Peer::mute(fixture.serving.addr).await;
    fixture.with_key().check("tenant t1", None).await.unwrap();
    let listening = tokio::spawn(async move { [peer.hears().await, peer.hears().await] });
    let took = ends_within(fixture).await;
    assert_eq!(listening.await.unwrap(), [Said::GoAway, Said::Closed]);
    assert!(took >= Duration::from_millis(900) && took < seconds(2), "it had a moment to read it: {took:?}");
}

#[tokio::test]
async fn an_idle_client_that_hears_holds_up_the_end_for_no_moment() {
    virtual_time();
    let fixture = Fixture::start(|_| {});
    let mut peer = Peer::idle(fixture.serving.addr).await;
    fixture.with_key().check("tenant t1", None).await.unwrap();
    let listening = tokio::spawn(async move { while peer.hears().await != Said::Closed {} });
    let took = ends_within(fixture).await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    listening.await.unwrap();
}

#[tokio::test]
async fn a_peer_whose_call_has_just_ended_has_time_to_read() {
    virtual_time();
    let fixture = Fixture::start(|_| {});
    let mut peer = Peer::mute(fixture.serving.addr).await;
    peer.watch_health().await;
    assert_eq!(peer.hears().await, Said::Data);
    let took = ends_within(fixture).await;
    assert!((seconds(5)..seconds(7)).contains(&took), "its watch ended with the listener: {took:?}");
}

#[tokio::test]
async fn an_unfinished_handshake_holds_up_no_end() {
    virtual_time();
    let (_folder, tls) = certificate();
    for (what, bytes) in [("silent", &b""[..]), ("in its first message", &b"\x16\x03\x01\x02\x00\x01\x00"[..])] {
        let fixture = Fixture::start(|config| config.tls = Some(tls.clone()));
        let peer = Peer::that_says(fixture.serving.addr, bytes).await;
        // Accepted after it, and refused.
        let mut other = Peer::that_says(fixture.serving.addr, b"GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(other.hears().await, Said::Closed);
        let took = ends_within(fixture).await;
        assert!(took < seconds(2), "a peer that was {what} held up the end for {took:?}");
        drop(peer);
    }
}

#[tokio::test]
async fn a_call_in_flight_is_answered_beside_a_silent_connection() {
    virtual_time();
    let fixture = Fixture::start(|_| {});
    let peer = Peer::that_says(fixture.serving.addr, b"").await;
    let mut client = fixture.with_key();
    let call = tokio::spawn(async move { client.check("slow", None).await });
    sleep(seconds(1)).await;
    let took = ends_within(fixture).await;
    call.await.unwrap().expect("the call that was in flight is answered");
    assert!((seconds(2)..SLOW + seconds(1)).contains(&took), "{took:?}");
    drop(peer);
}

#[tokio::test]
async fn a_lame_duck_says_that_it_does_not_serve_and_serves() {
    virtual_time();
    let fixture = Fixture::start(|config| config.lame_duck = Some(seconds(5)));
    let (address, closing) = (fixture.serving.addr, fixture.serving.closing());
    let mut known = fixture.with_key();
    known.check("tenant t1", None).await.unwrap();
    let asked = Instant::now();
    fixture.stop.cancel();
    while health_at(address, "lectern.test.Probe").await.unwrap() != ServingStatus::NotServing {
        tokio::task::yield_now().await;
    }
    assert!(asked.elapsed() < seconds(1), "health says so at once");
    for second in 1..5 {
        tokio::time::sleep_until(asked + seconds(second)).await;
        known.check("tenant t1", None).await.expect("a call on a connection that there is");
        client_of(&fixture, address).check("tenant t1", None).await.expect("a call on a new connection");
        assert_eq!(health_at(address, "").await.unwrap(), ServingStatus::NotServing);
    }
    assert!(!closing.is_cancelled());
    fixture.serving.ended().await.unwrap();
    let took = asked.elapsed();
    assert!((seconds(5)..seconds(7)).contains(&took), "{took:?}");
    assert!(closing.is_cancelled());
    assert!(TcpStream::connect(address).await.is_err(), "the listener has closed");
}

#[tokio::test]
async fn calls_that_never_end_are_ended_after_lame_duck_and_drain() {
    virtual_time();
    let fixture = Fixture::start(|config| config.lame_duck = Some(seconds(5)));
    let mut client = fixture.with_key();
    let call = tokio::spawn(async move { client.check("hang", None).await });
    sleep(seconds(1)).await;
    let took = ends_within(fixture).await;
    assert!((seconds(25)..=seconds(31)).contains(&took), "{took:?}");
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn connections_that_began_together_do_not_age_together() {
    virtual_time();
    let fixture = Fixture::start(|config| config.connection_age = seconds(10));
    let begun = Instant::now();
    let address = fixture.serving.addr;
    let peers = (0..8).map(|_| async move {
        let mut peer = Peer::idle(address).await;
        assert_eq!(peer.hears().await, Said::GoAway);
        let told = begun.elapsed().as_millis();
        while peer.hears().await != Said::Closed {}
        told
    });
    let ages: BTreeSet<u128> = futures::future::join_all(peers).await.into_iter().collect();
    assert!(ages.iter().all(|age| (9_000..11_500).contains(age)), "{ages:?}");
    assert!(ages.len() > 1, "{ages:?}");
}

#[tokio::test]
async fn an_aged_connection_whose_peer_does_not_hear_is_closed() {
    virtual_time();
    let fixture = Fixture::start(|config| config.connection_age = seconds(10));
    let mut peer = Peer::mute(fixture.serving.addr).await;
    assert_eq!(peer.hears().await, Said::GoAway);
    let told = Instant::now();
    assert_eq!(peer.hears().await, Said::Closed);
    assert!(told.elapsed() < seconds(2), "{:?}", told.elapsed());
}

#[tokio::test]
async fn who_watches_health_does_not_keep_an_old_connection() {
    virtual_time();
    let fixture = Fixture::start(|config| config.connection_age = seconds(10));
    let began = Instant::now();
    let mut peer = Peer::idle(fixture.serving.addr).await;
    peer.watch_health().await;
    assert_eq!(peer.hears().await, Said::Data);
    while peer.hears().await != Said::Closed {}
    assert!(began.elapsed() < seconds(12), "{:?}", began.elapsed());
}

#[tokio::test]
async fn calls_outlive_the_age_of_their_connection_but_not_its_grace() {
    virtual_time();
    let fixture = Fixture::start(|config| {
        config.connection_age = seconds(2);
        config.connection_age_grace = seconds(10);
    });
    let mut client = client_of(&fixture, fixture.serving.addr);
    client.check("slow", None).await.expect("it took longer than the connection may take calls");
    sleep(seconds(1)).await;
    client.check("tenant t1", None).await.expect("the next connection");
    let mut client = client_of(&fixture, fixture.serving.addr);
    let began = Instant::now();
    let mut stream = client.watch(None).await.unwrap();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.is_err(), "it breaks off");
    let took = began.elapsed();
    assert!((Duration::from_millis(11_800)..seconds(14)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_health_listener_has_health_alone_in_plain_text_and_closes_last() {
    virtual_time();
    let (_folder, tls) = certificate();
    let fixture = Fixture::start(|config| {
        config.tls = Some(tls);
        config.health_listen = Some(([127, 0, 0, 1], 0).into());
    });
    let address = fixture.serving.health_addr().unwrap();
    for service in ["", "lectern.test.Probe"] {
        while health_at(address, service).await.ok() != Some(ServingStatus::Serving) {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(health_at(address, "nobody").await.unwrap_err().code(), Code::NotFound);
    let other = client_of(&fixture, address).check("tenant t1", None).await.unwrap_err();
    assert_eq!(other.code(), Code::Unimplemented, "{other:?}");

    let silent = Peer::that_says(address, b"").await;
    fixture.stop.cancel();
    sleep(seconds(10)).await;
    assert!(TcpStream::connect(fixture.serving.addr).await.is_err(), "the port has closed");
    for service in ["", "lectern.test.Probe"] {
        assert_eq!(health_at(address, service).await.unwrap(), ServingStatus::NotServing);
    }
    let asked = Instant::now();
    fixture.serving.ended().await.unwrap();
    assert!(asked.elapsed() < seconds(3), "{:?}", asked.elapsed());
    assert!(TcpStream::connect(address).await.is_err(), "it has closed too");
    drop(silent);
}
