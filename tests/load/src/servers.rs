//! The servers of one round: started for it alone, so that no round works among what another one
//! left, and asked afterwards what was asked of them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use lectern_store::TlsFiles;
use lectern_testkit::certificates::{Authority, Subject, write};
use lectern_testkit::{MongoServer, MongoSession, MongoTls, NatsServer};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::counts::Counts;

/// Who signs in to the database, as in production: somebody who may read and write, and no more.
const USER: &str = "lectern";
/// The user who counts.
const ROOT: &str = "root";
/// The password of both.
pub const PASSWORD: &str = "a-load-test-signs-in-with-this";
/// What nats-server logs before the address of its monitoring port.
const MONITOR: &str = "Starting http monitor on ";
/// How long the monitoring port may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A nats-server and a MongoDB (a replica set of one: every write waits for a majority and its
/// journal, as in production).
#[derive(Debug)]
pub struct Servers {
    nats: NatsServer,
    monitor: SocketAddr,
    mongo: MongoServer,
    session: Mutex<MongoSession>,
    /// Connections that the database had before anybody came.
    connections_before: u64,
    /// The authority of both servers, where they are called by TLS.
    ca: Option<PathBuf>,
    _certificates: tempfile::TempDir,
}

impl Servers {
    /// Starts them, and waits until they serve; `tls` has every client come by TLS.
    pub async fn start(tls: bool) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::start_blocking(tls)).await?
    }

    fn start_blocking(tls: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (mongo, ca, queue_tls) = if tls {
            let authority = Authority::new("load");
            let signed = authority.sign(&Subject::default());
            let file = |name: &str, pem: &str| write(folder.path(), name, pem);
            let (certificate, key) = (file("tls.crt", &signed.certificate), file("tls.key", &signed.key));
            let ca = file("ca.pem", authority.pem());
            let tls = MongoTls { ca: ca.clone(), certificate: file("tls.pem", &signed.joined()) };
            let (certificate, key) = (certificate.display(), key.display());
            let queue_tls = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}");
            (MongoServer::start_with_tls(tls, ROOT, PASSWORD), Some(ca), queue_tls)
        } else {
            (MongoServer::start_with_user(ROOT, PASSWORD), None, String::new())
        };
        let nats = NatsServer::with_config(&format!("http: \"127.0.0.1:-1\"\n{queue_tls}\n"));
        let monitor = monitor(&nats.log()).context("nats-server does not say where its monitoring port is")?;
        let mut session = MongoSession::sign_in(mongo.address(), ROOT, PASSWORD).map_err(|e| anyhow!(e))?;
        let fields = json!({ "pwd": PASSWORD, "roles": [{ "role": "readWriteAnyDatabase", "db": "admin" }] });
        ask(&mut session, "admin", ("createUser", &json!(USER)), &fields)?;
        let connections_before = Counts::default().with_database(&status(&mut session)?).connections;
        let session = Mutex::new(session);
        Ok(Self { nats, monitor, mongo, session, connections_before, ca, _certificates: folder })
    }

    /// A database of its own name. Whoever connects signs in.
    pub fn database(&self, name: &str) -> String {
        format!("mongodb://{USER}:{PASSWORD}@{}/{name}?authSource=admin&directConnection=true", self.mongo.address())
    }

    /// How to connect to the database.
    pub fn store_options(&self) -> lectern_store::ConnectOptions {
        let tls = self.ca.clone().map(|ca| TlsFiles { ca: Some(ca), certificate: None });
        lectern_store::ConnectOptions { tls, ..lectern_store::ConnectOptions::default() }
    }

    /// Where the queue is.
    pub fn queue(&self) -> String {
        let scheme = if self.ca.is_some() { "tls" } else { "nats" };
        format!("{scheme}://{}", self.nats.address())
    }

    /// How to connect to it.
    pub fn queue_options(&self) -> lectern_queue::ConnectOptions {
        let tls = lectern_queue::Tls { ca: self.ca.clone(), ..lectern_queue::Tls::default() };
        lectern_queue::ConnectOptions { tls, ..lectern_queue::ConnectOptions::default() }
    }

    /// What was asked since they were started, as they count it themselves.
    pub fn counts(&self) -> Result<Counts> {
        let (status, top) = tokio::task::block_in_place(|| self.with_session(|of| Ok((status(of)?, top(of)?))))?;
        let monitor = tokio::task::block_in_place(|| varz(self.monitor))?;
        let counts = Counts::of_process().with_database(&status).without_lookups_of_sessions(&top);
        let mut counts = counts.with_queue(&monitor);
        counts.connections = counts.connections.saturating_sub(self.connections_before);
        Ok(counts)
    }

    /// Operations since they were started on each collection, `database.collection`, as the server
    /// counts them (its command `top`): each record of an insert by one command alone is one there.
    pub fn by_collection(&self) -> Result<BTreeMap<String, u64>> {
        let totals = tokio::task::block_in_place(|| self.with_session(top))?;
        let totals = totals.as_object().cloned().unwrap_or_default();
        let ours = |name: &str| !["admin.", "config.", "local."].iter().any(|system| name.starts_with(system));
        let kinds = ["queries", "getmore", "insert", "update", "remove", "commands"];
        let count = |of: &Value| -> u64 { kinds.iter().filter_map(|kind| of.get(kind)?.get("count")?.as_u64()).sum() };
        // Beside the collections stands a note, which is no object.
        let found = totals.into_iter().filter(|(name, of)| ours(name) && of.is_object());
        Ok(found.map(|(name, of)| (name, count(&of))).collect())
    }

    /// Records of a collection that a filter finds. Such questions are not counted.
    pub fn count(&self, database: &str, collection: &str, filter: &Value) -> Result<u64> {
        let fields = json!({ "query": filter });
        let ask_count = |session: &mut MongoSession| ask(session, database, ("count", &json!(collection)), &fields);
        let answered = tokio::task::block_in_place(|| self.with_session(ask_count))?;
        answered.get("n").and_then(Value::as_u64).context("a count")
    }

    fn with_session<T>(&self, ask: impl FnOnce(&mut MongoSession) -> Result<T>) -> Result<T> {
        ask(&mut self.session.lock())
    }
}

fn status(session: &mut MongoSession) -> Result<Value> {
    ask(session, "admin", ("serverStatus", &json!(1)), &Value::Null)
}

/// What was done with each collection.
fn top(session: &mut MongoSession) -> Result<Value> {
    let answered = ask(session, "admin", ("top", &json!(1)), &Value::Null)?;
    answered.get("totals").cloned().context("what was done with each collection")
}

fn ask(session: &mut MongoSession, database: &str, command: (&str, &Value), fields: &Value) -> Result<Value> {
    let fields = fields.as_object().cloned().unwrap_or_default();
    session.run(database, command, &fields).map_err(|error| anyhow!(error))
}

/// The address of the monitoring port.
fn monitor(log: &str) -> Option<SocketAddr> {
    log[log.find(MONITOR)? + MONITOR.len()..].split_whitespace().next()?.parse().ok()
}

/// What the queue says of itself at its monitoring port.
fn varz(monitor: SocketAddr) -> Result<Value> {
    let mut stream = TcpStream::connect_timeout(&monitor, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    // Of this version, an answer comes in one piece and ends with its connection.
    stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("the monitoring port's answer has no body")?;
    Ok(serde_json::from_str(body)?)
}
