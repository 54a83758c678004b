//! A client that knows nothing but sockets, for what the fakes refuse.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Raw {
    /// 0 where the connection ended without an answer.
    pub status: u16,
    /// The status line and headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Raw {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The data of its events, by the rules of SSE: lines end with CR, LF or both.
    pub(super) fn data(&self) -> Vec<String> {
        let text = self.text().replace("\r\n", "\n");
        text.split('\n').filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

/// Asks by HTTP/1.0, so that a body of unknown length ends with the connection.
pub(super) fn ask(server: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Raw {
    let mut stream = TcpStream::connect(server).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let length = body.len();
    let head = format!("{line} HTTP/1.0\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("send");
    stream.write_all(body).expect("send");
    let mut answer = Vec::new();
    // A connection that breaks is an answer too.
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else { return Raw { status: 0, head: String::new(), body: answer } };
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Raw { status, head, body: answer[end + 4..].to_vec() }
}

/// Posts JSON.
pub(super) fn post(server: SocketAddr, path: &str, headers: &str, body: &Value) -> Raw {
    let headers = format!("content-type: application/json\r\n{headers}");
    ask(server, &format!("POST {path}"), &headers, body.to_string().as_bytes())
}
