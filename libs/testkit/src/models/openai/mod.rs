//! A strict fake of a server that speaks the protocol of OpenAI, with the habits of one of four:
//! OpenAI itself, vLLM, Ollama and the server of llama.cpp.
//!
//! OpenAI's refuses what the real one refuses. The others take what theirs take, also where that is
//! no kindness: a limit that is ignored, a prompt that is cut in silence. What it writes is its
//! author's ([`Author`](super::Author)).

mod answer;
mod errors;
mod personality;
mod request;
mod schema;
mod serve;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::RwLock;

pub use personality::Personality;

use super::author::SharedAuthor;
use super::faults::ModelFaults;
use super::ledger::Ledger;
use super::wire::Framing;
use crate::daemon::StartError;
use crate::hosted::{Hosted, Port};

/// What failures call it.
const WHAT: &str = "the fake of an OpenAI-like server";

/// How the fake is started.
#[derive(Debug, Clone)]
pub struct OpenAiOptions {
    /// Whose habits it has.
    pub personality: Personality,
    /// The models that it serves.
    pub models: Vec<String>,
    /// The key that it demands; none for none. Ollama never demands one.
    pub key: Option<String>,
    /// The tokens of a prompt and its answer together.
    pub context: u64,
    /// Tokens that it thinks before it writes.
    pub thoughts: u64,
    /// Who writes.
    pub author: SharedAuthor,
    /// How events are framed; none for every way in turn.
    pub framing: Option<Framing>,
    /// The port on 127.0.0.1; none for a free one.
    pub port: Option<u16>,
}

impl OpenAiOptions {
    /// A server with these habits and one model, [`OpenAi::MODEL`]; OpenAI's demands
    /// [`OpenAi::KEY`].
    #[must_use]
    pub fn of(personality: Personality) -> Self {
        Self {
            personality,
            models: vec![OpenAi::MODEL.to_owned()],
            key: (personality == Personality::OpenAi).then(|| OpenAi::KEY.to_owned()),
            context: 131_072,
            thoughts: 0,
            author: SharedAuthor::default(),
            framing: None,
            port: None,
        }
    }
}

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct OpenAi {
    server: Hosted,
    state: Arc<State>,
}

/// What all of its parts share.
#[derive(Debug)]
struct State {
    personality: Personality,
    models: Vec<String>,
    key: Option<String>,
    context: u64,
    thoughts: u64,
    author: RwLock<SharedAuthor>,
    framing: Option<Framing>,
    faults: ModelFaults,
    ledger: Ledger,
}

impl OpenAi {
    /// The model that it serves at first.
    pub const MODEL: &str = "gpt-6.2-sol";
    /// The key that OpenAI's demands at first.
    pub const KEY: &str = "sk-key-for-tests";

    /// Starts one. It has a thread and a runtime of its own, so it outlives the caller's.
    ///
    /// # Panics
    ///
    /// When its port is taken.
    #[must_use]
    pub fn start(options: OpenAiOptions) -> Self {
        Self::open(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for callers that go on without it.
    ///
    /// # Errors
    ///
    /// When its port is taken.
    pub fn open(options: OpenAiOptions) -> Result<Self, StartError> {
        let OpenAiOptions { personality, models, key, context, thoughts, author, framing, port } = options;
        let port = Port::take(WHAT, port.unwrap_or(0))?;
        let state = Arc::new(State {
            personality,
            models,
            key,
            context,
            thoughts,
            author: RwLock::new(author),
            framing,
            faults: ModelFaults::default(),
            ledger: Ledger::default(),
        });
        let server = Hosted::serve(WHAT, "openai-fake", port, serve::app(Arc::clone(&state)))?;
        Ok(Self { server, state })
    }

    /// `http://127.0.0.1:PORT/v1`, as such servers are configured.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address())
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
