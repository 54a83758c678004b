//! Connections on which nothing is said.

use std::net::SocketAddr;

use lectern_e2e::{PATIENCE, Profile};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{VICTIM, caller, errand};

on_both_profiles!(attack_silent_sockets);

/// Connections that are opened.
const SOCKETS: usize = 300;
/// From where: another address of loopback than that of the victim.
const FROM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9)), 0);
/// What each says before it is silent: nothing, the start of a TLS record with a client's hello
/// (RFC 8446, 5.1), or half of HTTP/2's preface (RFC 9113, 3.4).
const SAID: [&[u8]; 3] = [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n"];

async fn attack_silent_sockets(profile: Profile) {
    let instance = profile.setup().start().await;
    let mut silent: Vec<TcpStream> = Vec::new();
    for said in SAID.into_iter().cycle().take(SOCKETS) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(FROM).expect("an address of loopback");
        let mut connection = socket.connect(instance.address("gateway")).await.expect("connected");
        // One over the attacker's share may be closed already.
        let _ = connection.write_all(said).await;
        silent.push(connection);
    }

    errand(&caller(&instance, VICTIM).await).await;

    // Whoever says nothing for long is disconnected.
    let ended = futures::future::join_all(silent.iter_mut().map(|connection| async move {
        let mut rest = Vec::new();
        // By a close or by a reset.
        let _ = connection.read_to_end(&mut rest).await;
    }));
    tokio::time::timeout(PATIENCE, ended).await.expect("every silent connection ends");
    errand(&caller(&instance, VICTIM).await).await;
}
