//! A strict fake of a server that speaks by OpenAI's `/v1/audio/speech`, with the habits of one of
//! four: OpenAI itself, Kokoro-FastAPI, LocalAI and vLLM-Omni.
//!
//! OpenAI's refuses what the real one refuses. The others take what theirs take: a field that none
//! of them knows is ignored, and told of by [`OpenAiSpeech::ignored`], so that a test can demand
//! that there is none. Of formats it has WAV and PCM; another one is refused with 501.

mod answer;
mod errors;
mod personality;
mod request;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use parking_lot::RwLock;

pub use personality::SpeechPersonality;

use super::faults::SpeechFaults;
use super::ledger::{SpeechCall, SpeechLedger};
use super::sound::Loudness;
use crate::models::fake::{Fake, Service};
use crate::models::openai::{OpenAi, Refusal};
use crate::models::wire::Answer;

/// How the fake is started.
#[derive(Debug, Clone)]
pub struct OpenAiSpeechOptions {
    /// Whose habits it has.
    pub personality: SpeechPersonality,
    /// The models that it serves.
    pub models: Vec<String>,
    /// The voices that it has.
    pub voices: Vec<String>,
    /// The key that it demands; none for none.
    pub key: Option<String>,
    /// Samples a second.
    pub rate: u32,
    /// Whether vLLM-Omni's has something to align words by.
    pub aligner: bool,
}

impl OpenAiSpeechOptions {
    /// A server with these habits, their models and voices; OpenAI's demands [`OpenAi::KEY`].
    #[must_use]
    pub fn of(personality: SpeechPersonality) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            personality,
            models: owned(personality.models()),
            voices: owned(personality.voices()),
            key: (personality == SpeechPersonality::OpenAi).then(|| OpenAi::KEY.to_owned()),
            rate: 24_000,
            aligner: false,
        }
    }
}

/// What all parts of the fake share.
#[derive(Debug)]
pub struct State {
    personality: SpeechPersonality,
    models: Vec<String>,
    voices: RwLock<BTreeSet<String>>,
    key: Option<String>,
    rate: u32,
    aligner: bool,
    ignored: RwLock<BTreeSet<String>>,
    faults: SpeechFaults,
    ledger: SpeechLedger,
    loudness: Loudness,
}

impl Service for State {
    type Options = OpenAiSpeechOptions;
    type Call = SpeechCall;
    type Refusal = Refusal;

    const WHAT: &str = "the fake of an OpenAI-like speech server";
    const THREAD: &str = "openai-speech";
    const PATH: &str = "/v1";

    fn new(options: OpenAiSpeechOptions) -> Self {
        let OpenAiSpeechOptions { personality, models, voices, key, rate, aligner } = options;
        Self {
            personality,
            models,
            voices: RwLock::new(voices.into_iter().collect()),
            key,
            rate,
            aligner,
            ignored: RwLock::default(),
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
        errors::answer(refusal, self.personality)
    }
}

/// A running fake of a server that speaks by OpenAI's `/v1/audio/speech`.
pub type OpenAiSpeech = Fake<State>;

impl OpenAiSpeech {
    /// Names of fields that it was sent and does not know.
    #[must_use]
    pub fn ignored(&self) -> Vec<String> {
        self.state.ignored.read().iter().cloned().collect()
    }

    /// From here on this voice is not served any more.
    pub fn withdraw(&self, voice: &str) {
        self.state.voices.write().remove(voice);
    }

    /// From here on a voice has this peak, of full scale.
    pub fn set_loudness(&self, voice: &str, peak: f64) {
        self.state.loudness.set(voice, peak);
    }
}
