//! A strict fake of Google Cloud Text-to-Speech by REST: `text:synthesize` and `voices` of v1 and
//! v1beta1, on one port of loopback.
//!
//! A name that is not known is refused at any depth, and so is what a voice's family does not take.
//! What nobody looked up is refused with 501. A sentence that is too long has more than 600
//! characters here: where the real one draws the line is not known.

mod families;
mod names;
mod request;
mod serve;
mod ssml;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use parking_lot::RwLock;

use super::faults::SpeechFaults;
use super::ledger::{SpeechCall, SpeechLedger};
use super::sound::Loudness;
use crate::models::fake::{Fake, Service};
use crate::models::gemini::{Gemini, Refusal};
use crate::models::google::Bearers;
use crate::models::wire::Answer;

/// How the fake is started.
#[derive(Debug, Clone)]
pub struct GoogleSpeechOptions {
    /// The keys that it takes.
    pub keys: Vec<String>,
    /// The bearers that it takes.
    pub bearers: Bearers,
    /// The project whose quota may be used.
    pub project: String,
}

impl Default for GoogleSpeechOptions {
    fn default() -> Self {
        Self {
            keys: vec![Gemini::KEY.to_owned()],
            bearers: Bearers::fixed(&[Gemini::BEARER]),
            project: Gemini::PROJECT.to_owned(),
        }
    }
}

/// What all parts of the fake share.
#[derive(Debug)]
pub struct State {
    keys: Vec<String>,
    bearers: Bearers,
    project: String,
    withdrawn: RwLock<BTreeSet<String>>,
    faults: SpeechFaults,
    ledger: SpeechLedger,
    loudness: Loudness,
}

impl State {
    fn is_withdrawn(&self, voice: &str) -> bool {
        self.withdrawn.read().contains(voice)
    }
}

impl Service for State {
    type Options = GoogleSpeechOptions;
    type Call = SpeechCall;
    type Refusal = Refusal;

    const WHAT: &str = "the fake of Google's speech";
    const THREAD: &str = "google-speech";

    fn new(options: GoogleSpeechOptions) -> Self {
        let GoogleSpeechOptions { keys, bearers, project } = options;
        Self {
            keys,
            bearers,
            project,
            withdrawn: RwLock::default(),
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

/// A running fake of Google Cloud Text-to-Speech.
pub type GoogleSpeech = Fake<State>;

impl GoogleSpeech {
    /// From here on this voice is not served any more.
    pub fn withdraw(&self, voice: &str) {
        self.state.withdrawn.write().insert(voice.to_owned());
    }

    /// From here on a voice has this peak, of full scale.
    pub fn set_loudness(&self, voice: &str, peak: f64) {
        self.state.loudness.set(voice, peak);
    }
}
