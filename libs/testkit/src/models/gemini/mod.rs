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

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

pub(super) use answer::pieces;
pub(super) use check::{Surface, json_of, message};
pub(super) use credentials::{Believed, bearer_of, check as check_credential, given};
pub(super) use errors::Refusal;
pub(super) use names::{COUNT, ENTERPRISE_COUNT, Kind, Message, On, REQUEST};
pub(super) use target::{Address, Host};

use super::author::SharedAuthor;
use super::cache::PromptCache;
use super::fake::{Fake, Service};
use super::faults::ModelFaults;
use super::google::Bearers;
use super::ledger::{Ledger, ModelCall};
use super::wire::{Answer, Framing};

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

/// What all parts of the fake share.
#[derive(Debug)]
pub struct State {
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

impl State {
    fn believed(&self) -> Believed<'_> {
        Believed { keys: &self.keys, bearers: &self.bearers, project: &self.project }
    }
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

impl Service for State {
    type Options = GeminiOptions;
    type Call = ModelCall;
    type Refusal = Refusal;

    const WHAT: &str = "the Gemini fake";
    const THREAD: &str = "gemini-fake";

    fn new(options: GeminiOptions) -> Self {
        let GeminiOptions { keys, bearers, project, author, framing, port: _ } = options;
        Self {
            keys,
            bearers,
            project,
            author: RwLock::new(author),
            framing,
            faults: ModelFaults::default(),
            ledger: Ledger::default(),
            cache: PromptCache::default(),
            unfinished: Mutex::new(BTreeMap::new()),
        }
    }

    fn port(options: &GeminiOptions) -> u16 {
        options.port.unwrap_or(0)
    }

    fn faults(&self) -> &ModelFaults {
        &self.faults
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    async fn handle(&self, head: &Parts, body: &Bytes, call: &mut ModelCall) -> Result<Response<Body>, Refusal> {
        serve::handle(self, head, body, call).await
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        refusal.answer()
    }
}

/// A running fake of Gemini.
pub type Gemini = Fake<State>;

impl Gemini {
    /// A key that it takes at first.
    pub const KEY: &str = "AQ.key-for-tests";
    /// A bearer that it takes at first.
    pub const BEARER: &str = "bearer-for-tests";
    /// The project that it has at first.
    pub const PROJECT: &str = "lectern-test";

    /// Lets another author write from here on.
    pub fn set_author(&self, author: SharedAuthor) {
        *self.state.author.write() = author;
    }
}
