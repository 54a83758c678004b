//! Peers that speak HTTP/2 by hand (RFC 9113), as far as they do, and time that passes for them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// From now on time passes when everybody waits, a millisecond at once: sockets are real, and have
/// a moment to carry what was written in between.
pub fn virtual_time() {
    tokio::time::pause();
    tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            std::thread::sleep(Duration::from_micros(20));
        }
    });
}

/// What the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A piece of a response.
    Data,
    /// It takes no more calls.
    GoAway,
    /// The connection is closed.
    Closed,
}

pub struct Peer {
    stream: TcpStream,
    /// Answers settings and pings.
    answers: bool,
}

impl Peer {
    /// A peer that has sent these bytes and answers nothing.
    pub async fn that_says(address: SocketAddr, bytes: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        Self { stream, answers: false }
    }

    /// A peer that has begun to speak HTTP/2 and answers nothing.
    pub async fn mute(address: SocketAddr) -> Self {
        let mut peer = Self::that_says(address, PREFACE).await;
        peer.send(SETTINGS, 0, 0, &[]).await;
        peer
    }

    /// A peer that does what HTTP/2 demands, and calls nothing.
    pub async fn idle(address: SocketAddr) -> Self {
        Self { answers: true, ..Self::mute(address).await }
    }

    /// Begins to watch health.
    pub async fn watch_health(&mut self) {
        // Fields of HPACK's static table (RFC 7541, appendix A): POST, http, and names of others.
        let mut fields = vec![0x83, 0x86];
        let mut field = |name: &[u8], value: &str| {
            fields.extend_from_slice(name);
            fields.push(u8::try_from(value.len()).unwrap());
            fields.extend_from_slice(value.as_bytes());
        };
        field(&[0x04], "/grpc.health.v1.Health/Watch");
        field(&[0x01], "localhost");
        field(&[0x0f, 0x10], "application/grpc");
        field(b"\x00\x02te", "trailers");
        self.send(HEADERS, END_HEADERS, 1, &fields).await;
        self.send(DATA, END_STREAM, 1, &[0; 5]).await;
    }

    /// What the server says next, beside what belongs to HTTP/2 alone.
    pub async fn hears(&mut self) -> Said {
        loop {
            let mut head = [0; 9];
            if self.stream.read_exact(&mut head).await.is_err() {
                return Said::Closed;
            }
            let [a, b, c, kind, flags, ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            if self.stream.read_exact(&mut payload).await.is_err() {
                return Said::Closed;
            }
            match kind {
                DATA => return Said::Data,
                GOAWAY => return Said::GoAway,
                SETTINGS if self.answers && flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[]).await,
                PING if self.answers && flags & ACK == 0 => self.send(PING, ACK, 0, &payload).await,
                _ => {}
            }
        }
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![a, b, c, kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        // The server may have closed meanwhile.
        let _ = self.stream.write_all(&frame).await;
    }
}
