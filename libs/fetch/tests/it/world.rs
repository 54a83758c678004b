//! A small internet in memory: a resolver with a table of names, a connector that notes where a
//! connection would go and hands out pipes to servers of this process, and the authority that all
//! their certificates are from.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use lectern_fetch::{
    Client, Connector, FetchError, FetchLimits, Outside, Pinned, Policy, Request, Resolver, Response, Roots, Stream,
};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

/// A public address at which tests have their servers.
pub const SITE: &str = "93.184.216.34";
/// Another one.
pub const OTHER: &str = "151.101.1.69";

/// The authority of the tests, which nobody else trusts.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

pub static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signs itself").der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub fn roots(&self) -> Roots {
        Roots::only([self.certificate.clone()]).expect("a certificate")
    }

    /// A server's side of TLS, with a certificate for these names.
    pub fn acceptor(&self, names: &[&str]) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(names).expect("names");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a pair");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a server does after it has read the head of a request.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// The same again and again, as long as somebody reads.
    Repeat(Vec<u8>, Duration),
    Wait(Duration),
}

/// An answer of a head and a body.
pub fn answer(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::Send(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes())]
}

/// A redirect.
pub fn redirect(to: &str) -> Vec<Step> {
    answer("302 Found", &format!("location: {to}\r\n"), "")
}

/// A server at an address: its names, and its answers by path. `*` answers for every other path.
#[derive(Clone)]
pub struct Site {
    tls: Option<TlsAcceptor>,
    answers: BTreeMap<String, Vec<Step>>,
}

impl Site {
    /// A server with a certificate for these names.
    pub fn of(names: &[&str]) -> Self {
        Self { tls: Some(AUTHORITY.acceptor(names)), answers: BTreeMap::new() }
    }

    pub fn without_tls() -> Self {
        Self { tls: None, answers: BTreeMap::new() }
    }

    pub fn at(mut self, path: &str, steps: Vec<Step>) -> Self {
        self.answers.insert(path.to_owned(), steps);
        self
    }

    /// Serves one connection.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, world: Arc<World>) {
        let mut stream: Box<dyn Stream> = match self.tls {
            Some(tls) => match tls.accept(stream).await {
                Ok(stream) => Box::new(stream),
                Err(_) => return,
            },
            None => Box::new(stream),
        };
        let mut head = Vec::new();
        // The first byte of a handshake: a server without TLS answers that as a bad request.
        const HANDSHAKE: u8 = 0x16;
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(HANDSHAKE) => return drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await),
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).expect("ASCII");
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        world.heads.lock().push(head);
        let steps = self.answers.get(&path).or_else(|| self.answers.get("*")).cloned();
        for step in steps.unwrap_or_else(|| answer("404 Not Found", "", "")) {
            if run(&mut stream, step).await.is_err() {
                *world.hung_up.lock() += 1;
                return;
            }
        }
        // The end is said, as TLS asks, and the client's is waited for.
        drop(stream.shutdown().await);
        drop(stream.read_u8().await);
    }
}

async fn run(stream: &mut Box<dyn Stream>, step: Step) -> io::Result<()> {
    match step {
        Step::Send(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await
        }
        Step::Repeat(bytes, pause) => loop {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            tokio::time::sleep(pause).await;
        },
        // A client that hangs up ends the wait.
        Step::Wait(pause) => tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            read = stream.read_u8() => read.map(drop),
        },
    }
}

/// The names, servers and records.
#[derive(Default)]
pub struct World {
    /// Answers of the resolver, one after the other; the last stays.
    names: Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    sites: Mutex<BTreeMap<IpAddr, Site>>,
    pub asked: Mutex<Vec<String>>,
    pub called: Mutex<Vec<SocketAddr>>,
    pub heads: Mutex<Vec<String>>,
    pub hung_up: Mutex<usize>,
}

impl World {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn name(self: &Arc<Self>, name: &str, addresses: &[&str]) -> Arc<Self> {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        self.names.lock().entry(name.to_owned()).or_default().push_back(addresses);
        Arc::clone(self)
    }

    pub fn site(self: &Arc<Self>, address: &str, site: Site) -> Arc<Self> {
        self.sites.lock().insert(address.parse().expect("an address"), site);
        Arc::clone(self)
    }

    pub fn outside(self: &Arc<Self>) -> Outside {
        let way = Arc::new(Way(Arc::clone(self)));
        Outside { resolver: Arc::clone(&way) as Arc<dyn Resolver>, connector: way }
    }

    pub fn client(self: &Arc<Self>, policy: Policy) -> Client {
        Client::new(policy, self.outside(), AUTHORITY.roots()).expect("a client")
    }

    /// Reads a URL under the policy for everybody's URLs.
    pub async fn get(self: &Arc<Self>, url: &str) -> Result<Response, FetchError> {
        self.client(Policy::public()).send(Request::get(url, FetchLimits::default())).await
    }

    pub fn called(&self) -> Vec<String> {
        self.called.lock().iter().map(ToString::to_string).collect()
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().clone()
    }
}

/// The way out of a world leads back into it.
struct Way(Arc<World>);

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Way")
    }
}

#[async_trait]
impl Resolver for Way {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.asked.lock().push(name.to_owned());
        let mut names = self.0.names.lock();
        let answers = names.get_mut(name.trim_end_matches('.')).ok_or(io::ErrorKind::NotFound)?;
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Ok(answer.unwrap_or_default())
    }
}

#[async_trait]
impl Connector for Way {
    async fn connect(&self, to: Pinned) -> io::Result<Box<dyn Stream>> {
        self.0.called.lock().push(to.address());
        let site = self.0.sites.lock().get(&to.address().ip()).cloned();
        let site = site.ok_or(io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        tokio::spawn(site.serve(theirs, Arc::clone(&self.0)));
        Ok(Box::new(ours))
    }
}

/// A word for an error, for tables.
pub fn word(error: &FetchError) -> &'static str {
    use lectern_fetch::{AddressFault, Phase, UrlFault};
    let url = |fault: &UrlFault| match fault {
        UrlFault::Long { .. } => "long",
        UrlFault::Characters => "characters",
        UrlFault::Unreadable(_) => "unreadable",
        UrlFault::Scheme { .. } => "scheme",
        UrlFault::Slashes => "slashes",
        UrlFault::UserInfo => "user",
        UrlFault::Port { .. } => "port",
        UrlFault::Name => "name",
    };
    match error {
        FetchError::Url(fault) | FetchError::Redirect { fault, .. } => url(fault),
        FetchError::RedirectUnusable { .. } => "redirect unusable",
        FetchError::RedirectElsewhere { .. } => "redirect elsewhere",
        FetchError::Redirects { .. } => "redirects",
        FetchError::Address { why: AddressFault::Unresolved(_), .. } => "unresolved",
        FetchError::Address { why: AddressFault::Nothing, .. } => "nothing",
        FetchError::Address { why: AddressFault::Closed { .. }, .. } => "closed",
        FetchError::Connect { .. } => "connect",
        FetchError::Tls { .. } => "tls",
        FetchError::Slow { phase: Phase::Connect, .. } => "slow connect",
        FetchError::Slow { phase: Phase::FirstByte, .. } => "slow first byte",
        FetchError::Slow { phase: Phase::Idle, .. } => "idle",
        FetchError::Slow { phase: Phase::Whole, .. } => "slow whole",
        FetchError::Broken { .. } => "broken",
        FetchError::Compressed { .. } => "compressed",
        FetchError::Large { .. } => "large",
        FetchError::Request(_) => "request",
        FetchError::Setup(_) => "setup",
    }
}
