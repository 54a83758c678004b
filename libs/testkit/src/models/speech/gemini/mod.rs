//! A strict fake of Gemini's models that speak, in both of their dialects, on the Developer host
//! and the Enterprise hosts, by path, on one port of loopback.
//!
//! A name that is not known is refused at any depth, and so is what a model that speaks does not
//! take; what nobody looked up is refused with 501. 3.8 reads a text word for word, but for its
//! tags (`<sigh>`), and is told of a style beside it; the older ones are told in the text, in a
//! first line that ends with a colon, and answer a text that reads like a question with words.

mod answer;
mod request;
mod rows;
mod serve;
#[cfg(test)]
mod tests;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;

use super::faults::SpeechFaults;
use super::ledger::{SpeechCall, SpeechLedger};
use super::sound::Loudness;
use crate::models::fake::{Fake, Service};
use crate::models::gemini::{Believed, Gemini, Refusal};
use crate::models::google::Bearers;
use crate::models::wire::Answer;

/// How the fake is started.
#[derive(Debug, Clone)]
pub struct GeminiSpeechOptions {
    /// The keys that it takes, on the Developer host and in express mode.
    pub keys: Vec<String>,
    /// The bearers that it takes.
    pub bearers: Bearers,
    /// The project of the Enterprise host.
    pub project: String,
    /// Whether it also serves models that were shut (3.1).
    pub serves_shut: bool,
    /// Seconds after which a stream of an older model breaks off; none for 60.
    pub streamed: Option<f64>,
}

impl Default for GeminiSpeechOptions {
    fn default() -> Self {
        Self {
            keys: vec![Gemini::KEY.to_owned()],
            bearers: Bearers::fixed(&[Gemini::BEARER]),
            project: Gemini::PROJECT.to_owned(),
            serves_shut: false,
            streamed: None,
        }
    }
}

/// What all parts of the fake share.
#[derive(Debug)]
pub struct State {
    keys: Vec<String>,
    bearers: Bearers,
    project: String,
    serves_shut: bool,
    streamed: Option<f64>,
    faults: SpeechFaults,
    ledger: SpeechLedger,
    loudness: Loudness,
}

impl State {
    fn believed(&self) -> Believed<'_> {
        Believed { keys: &self.keys, bearers: &self.bearers, project: &self.project }
    }
}

impl Service for State {
    type Options = GeminiSpeechOptions;
    type Call = SpeechCall;
    type Refusal = Refusal;

    const WHAT: &str = "the fake of Gemini's speech";
    const THREAD: &str = "gemini-speech";

    fn new(options: GeminiSpeechOptions) -> Self {
        let GeminiSpeechOptions { keys, bearers, project, serves_shut, streamed } = options;
        Self {
            keys,
            bearers,
            project,
            serves_shut,
            streamed,
            faults: SpeechFaults::default(),
            ledger: SpeechLedger::default(),
            loudness: Loudness::default(),
        }
    }

    fn faults(&self) -> &SpeechFaults {
        &self.faults
    }

    fn ledger(&self) -> &SpeechLedger {
        &self.ledger
    }

    async fn handle(&self, head: &Parts, body: &Bytes, call: &mut SpeechCall) -> Result<Response<Body>, Refusal> {
        serve::handle(self, head, body, call).await
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        refusal.answer()
    }
}

/// A running fake of Gemini's models that speak.
pub type GeminiSpeech = Fake<State>;

impl GeminiSpeech {
    /// From here on a voice has this peak, of full scale.
    pub fn set_loudness(&self, voice: &str, peak: f64) {
        self.state.loudness.set(voice, peak);
    }
}
