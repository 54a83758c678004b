//! A strict fake of Gemini's `generateContent`: the Developer host, the Enterprise hosts and their
//! express mode, by path, on one port of loopback.
//!
//! Whatever the real one refuses, it refuses, and what nobody looked up it refuses too, with 501: a
//! client that works here sends nothing that was guessed. What it writes is its author's
//! ([`Author`](super::Author)); what goes wrong is told by name
//! ([`ModelFault`](super::ModelFault)).

mod answer;
mod check;
mod credentials;
mod errors;
mod names;
mod request;
mod rows;
mod schema;
mod serve;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde_json::Value;

pub(super) use answer::pieces;
pub(super) use errors::page;

use super::author::SharedAuthor;
use super::cache::PromptCache;
use super::faults::ModelFaults;
use super::google::Bearers;
use super::ledger::Ledger;
use super::wire::Framing;
use crate::daemon::StartError;
use crate::hosted::{Hosted, Port};

/// What failures call it.
const WHAT: &str = "the Gemini fake";

/// How the fake is started.
#[derive(Debug, Clone)]
pub struct GeminiOptions {
    /// The keys that it takes, on the Developer host and in express mode.
    pub keys: Vec<String>,
    /// The bearers that it takes.
    pub bearers: Bearers,
    /// The project of the Enterprise host.
    pub project: String,
    /// Who writes.
    pub author: SharedAuthor,
    /// How events are framed; none for every way in turn.
    pub framing: Option<Framing>,
    /// The port on 127.0.0.1; none for a free one.
    pub port: Option<u16>,
}

impl Default for GeminiOptions {
    fn default() -> Self {
        Self {
            keys: vec![Gemini::KEY.to_owned()],
            bearers: Bearers::fixed(&[Gemini::BEARER]),
            project: Gemini::PROJECT.to_owned(),
            author: SharedAuthor::default(),
            framing: None,
            port: None,
        }
    }
}

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct Gemini {
    server: Hosted,
    state: Arc<State>,
}

/// What all of its parts share.
#[derive(Debug)]
struct State {
    keys: Vec<String>,
    bearers: Bearers,
    project: String,
    author: RwLock<SharedAuthor>,
    framing: Option<Framing>,
    faults: ModelFaults,
    ledger: Ledger,
    cache: PromptCache,
    unfinished: Mutex<BTreeMap<String, Unfinished>>,
}

/// An answer that ended with a token to go on.
#[derive(Debug)]
struct Unfinished {
    /// The model and the request that it answers.
    model: String,
    request: Value,
    /// What is left to write.
    rest: String,
}

impl Gemini {
    /// A key that it takes at first.
    pub const KEY: &str = "AQ.key-for-tests";
    /// A bearer that it takes at first.
    pub const BEARER: &str = "bearer-for-tests";
    /// The project that it has at first.
    pub const PROJECT: &str = "lectern-test";

    /// Starts one. It has a thread and a runtime of its own, so it outlives the caller's.
    ///
    /// # Panics
    ///
    /// When its port is taken.
    #[must_use]
    pub fn start(options: GeminiOptions) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for callers that go on without it.
    ///
    /// # Errors
    ///
    /// When its port is taken.
    pub fn open(options: GeminiOptions) -> Result<Self, StartError> {
        let GeminiOptions { keys, bearers, project, author, framing, port } = options;
        let port = Port::take(WHAT, port.unwrap_or(0))?;
        let state = Arc::new(State {
            keys,
            bearers,
            project,
            author: RwLock::new(author),
            framing,
            faults: ModelFaults::default(),
            ledger: Ledger::default(),
            cache: PromptCache::default(),
            unfinished: Mutex::new(BTreeMap::new()),
        });
        let server = Hosted::serve(WHAT, "gemini-fake", port, serve::app(Arc::clone(&state)))?;
        Ok(Self { server, state })
    }

    /// `http://127.0.0.1:PORT`, in place of the address of any of the real hosts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What goes wrong; at first nothing.
    #[must_use]
    pub fn faults(&self) -> &ModelFaults {
        &self.state.faults
    }

    /// What it was called for.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// Lets another author write from here on.
    pub fn set_author(&self, author: SharedAuthor) {
        *self.state.author.write() = author;
    }
}
