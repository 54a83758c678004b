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

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use parking_lot::RwLock;

pub(super) use answer::listed;
pub(super) use errors::Refusal;
pub use personality::Personality;

use super::author::SharedAuthor;
use super::fake::{Fake, Service};
use super::faults::ModelFaults;
use super::ledger::{Ledger, ModelCall};
use super::wire::{Answer, Framing};

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

/// What all parts of the fake share.
#[derive(Debug)]
pub struct State {
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

impl Service for State {
    type Options = OpenAiOptions;
    type Call = ModelCall;
    type Refusal = Refusal;

    const WHAT: &str = "the fake of an OpenAI-like server";
    const THREAD: &str = "openai-fake";
    const PATH: &str = "/v1";

    fn new(options: OpenAiOptions) -> Self {
        let OpenAiOptions { personality, models, key, context, thoughts, author, framing, port: _ } = options;
        Self {
            personality,
            models,
            key,
            context,
            thoughts,
            author: RwLock::new(author),
            framing,
            faults: ModelFaults::default(),
            ledger: Ledger::default(),
        }
    }

    fn port(options: &OpenAiOptions) -> u16 {
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
        serve::dressed(self, refusal.answer(self.personality))
    }
}

/// A running fake of a server that speaks the protocol of OpenAI.
pub type OpenAi = Fake<State>;

impl OpenAi {
    /// The model that it serves at first.
    pub const MODEL: &str = "gpt-6.2-sol";
    /// The key that OpenAI's demands at first.
    pub const KEY: &str = "sk-key-for-tests";

    /// Lets another author write from here on.
    pub fn set_author(&self, author: SharedAuthor) {
        *self.state.author.write() = author;
    }
}
