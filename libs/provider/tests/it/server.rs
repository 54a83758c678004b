//! A server that plays what a test wrote down: over a socket of loopback, or over pipes that a
//! client is led into whatever it calls.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use lectern_fetch::{Connector, Outside, Pinned, Resolver, Roots, Stream};
use lectern_provider::{Credential, Endpoint, Event, Http, Opened, ProviderError, Streamed};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use url::Url;

/// What a server does after it has read a request.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// So many times, with a pause before each.
    Repeat(usize, Duration, Vec<u8>),
    /// Nothing, until the client hangs up.
    Hang,
}

/// What a server was asked, and that a client hung up.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    Request { head: String, body: String },
    HungUp,
}

type Play = dyn Fn(usize) -> Vec<Step> + Send + Sync;

/// A server; its answers by how many requests came before.
#[derive(Clone)]
pub struct Server {
    play: Arc<Play>,
    tell: UnboundedSender<Seen>,
}

/// An answer of a head and a body.
pub fn answer(status: &str, fields: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![send(&format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{fields}\r\n{body}"))]
}

/// The head of a stream, whose body ends with the connection.
pub fn stream_head() -> Step {
    send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: r1\r\n\r\n")
}

pub fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

impl Server {
    pub fn new(play: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> (Self, UnboundedReceiver<Seen>) {
        let (tell, seen) = unbounded_channel();
        (Self { play: Arc::new(play), tell }, seen)
    }

    /// Serves on a free port of loopback; its URL.
    pub async fn listen(self) -> Url {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let mut count = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.clone().serve(stream, count));
                count += 1;
            }
        });
        Url::parse(&url).unwrap()
    }

    async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin, count: usize) {
        let Some((head, body)) = request(&mut stream).await else { return };
        drop(self.tell.send(Seen::Request { head, body }));
        for step in (self.play)(count) {
            if run(&mut stream, step).await.is_err() {
                drop(self.tell.send(Seen::HungUp));
                return;
            }
        }
        drop(stream.shutdown().await);
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

async fn run(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), step: Step) -> io::Result<()> {
    match step {
        Step::Send(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
        }
        Step::Repeat(times, pause, bytes) => {
            for _ in 0..times {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    read = stream.read_u8() => read.map(drop)?,
                }
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
        }
        Step::Hang => {
            stream.read_u8().await?;
        }
    }
    Ok(())
}

/// Every name is of loopback and every connection is a pipe to the server.
#[derive(Clone)]
struct Pipes(Server);

impl std::fmt::Debug for Pipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipes")
    }
}

#[async_trait]
impl Resolver for Pipes {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

#[async_trait]
impl Connector for Pipes {
    async fn connect(&self, _: Pinned) -> io::Result<Box<dyn Stream>> {
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        tokio::spawn(self.0.clone().serve(theirs, 0));
        Ok(Box::new(ours))
    }
}

/// A client over the system's sockets.
pub fn client() -> Http {
    Http::new(Outside::system(), Roots::public()).unwrap()
}

/// A client over pipes to the server, for virtual time.
pub fn piped(server: &Server) -> Http {
    let pipes = Arc::new(Pipes(server.clone()));
    Http::new(Outside { resolver: Arc::clone(&pipes) as Arc<dyn Resolver>, connector: pipes }, Roots::public()).unwrap()
}

/// An endpoint where nobody asks who we are.
pub fn open(base: Url) -> Endpoint {
    Endpoint { base, credential: Credential::None }
}

/// Something to ask, which no log may have.
pub fn prompt() -> Value {
    json!({"contents": [{"parts": [{"text": "the canary sings at dawn"}]}]})
}

pub fn streamed(opened: Opened) -> Streamed {
    match opened {
        Opened::Stream(streamed) => streamed,
        Opened::Refused(answer) => panic!("refused: {answer:?}"),
    }
}

/// All that comes, and how it ended.
pub async fn all(streamed: &mut Streamed) -> (Vec<Event>, Option<ProviderError>) {
    let mut events = Vec::new();
    loop {
        match streamed.events.next().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(error) => return (events, Some(error)),
        }
    }
}

pub fn no_headers() -> HeaderMap {
    HeaderMap::new()
}
