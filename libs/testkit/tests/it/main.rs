//! The kit against the real servers: they start, crash, hang, come back with their data, and are
//! gone when dropped.

#![allow(clippy::expect_used, reason = "helpers of tests fail like tests")]

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use lectern_testkit::{Fault, NatsServer, Program, Proxy, TestServers, temp_dir};

/// What a NATS server says first.
fn greeting(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

#[test]
fn nats_keeps_its_streams_over_a_crash_and_loses_them_with_its_volume() {
    let mut server = NatsServer::start();
    let made =
        server.jetstream("STREAM.CREATE.S", r#"{"name":"S","subjects":["s.*"],"storage":"file"}"#).expect("an answer");
    assert!(made.contains("\"did_create\":true"), "{made}");

    server.kill9();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    let found = server.jetstream("STREAM.INFO.S", "").expect("an answer");
    assert!(found.contains("\"storage\":\"file\""), "{found}");

    server.restart_empty();
    let lost = server.jetstream("STREAM.INFO.S", "").expect("an answer");
    assert!(lost.contains("stream not found"), "{lost}");
}

#[test]
fn a_suspended_server_accepts_and_says_nothing_until_it_is_resumed() {
    let server = &mut NatsServer::start();
    server.suspend();
    let mut stream = TcpStream::connect(server.address()).expect("the kernel accepts");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("timeout");
    assert!(stream.read(&mut [0; 16]).is_err());
    server.resume();
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
    assert!(stream.read(&mut [0; 16]).expect("greeting") > 0);
}

#[test]
fn a_proxy_stands_between_client_and_server() {
    let server = NatsServer::start();
    let proxy = Proxy::start(server.address());
    assert!(greeting(proxy.address()).expect("passes").starts_with("INFO "));
    proxy.set(Fault::Cut);
    assert!(!greeting(proxy.address()).unwrap_or_default().starts_with("INFO "));
}

#[test]
fn a_dropped_server_is_gone() {
    let server = NatsServer::start();
    let (address, id) = (server.address(), server.id());
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    assert!(!Command::new("kill").args(["-0", &id.to_string()]).status().expect("kill").success());
}

#[test]
fn the_shared_servers_are_named_by_the_environment() {
    let (one, other) = (TestServers::from_env(), TestServers::from_env());
    assert!(one.nats_url().starts_with("nats://"));
    assert!(one.mongo_uri().starts_with("mongodb"));
    assert_ne!(one.database("a"), other.database("a"));
    assert!(one.mongo_uri_with_database("a").contains(&format!("/{}", one.database("a"))));
}

#[test]
fn a_program_keeps_its_address_over_a_restart_and_a_missing_one_says_how_to_build_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = temp_dir().expect("temp dir");
    let path = dir.path().join("service");
    // Takes port 4711 when it may choose, as a service with `:0` takes a free one.
    let script = "#!/bin/sh\necho \"listening on ${LECTERN_SERVER__LISTEN%:0}$(case $LECTERN_SERVER__LISTEN in *:0) echo :4711;; esac)\"\necho \"extra $EXTRA\"\nexec sleep 60\n";
    std::fs::write(&path, script).expect("write");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("mode");
    let mut service = Program::at(&path, dir.path()).env("EXTRA", "here").start();
    assert_eq!(service.url(), "http://127.0.0.1:4711");
    let first = service.id();
    service.kill9();
    service.restart();
    assert_ne!(service.id(), first);
    assert_eq!(service.url(), "http://127.0.0.1:4711");
    assert!(service.stop(Duration::from_secs(10)).is_some());
    assert!(service.exited().is_some());

    let error = Program::at(&dir.path().join("absent"), dir.path()).try_start().expect_err("it is not there");
    assert!(error.to_string().contains("cargo xtask test"), "{error}");
}
