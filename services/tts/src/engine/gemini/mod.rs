//! Speech of Gemini by `generateContent`, on the Developer host (a key) and on Agent Platform (a
//! project's credentials). Unary alone: streams of the older models break off after a minute.
//!
//! | file | what |
//! | --- | --- |
//! | `rows.rs` | what is known of the models, and their voices |
//! | `body.rs` | what is sent, in two dialects that do not go together |
//! | `answer.rs` | what comes back |
//!
//! No model of Gemini says when it says a word. The speed of its speech is not asked for: there is
//! no field for it. Not here: voices that were designed or replicated.

mod answer;
mod body;
mod rows;

use async_trait::async_trait;
use http::HeaderMap;
use lectern_core::Failure;
use lectern_provider::gemini::Host;
use lectern_provider::{Class, Credential, Day, Endpoint, GOOGLE_KEY, PaidCall, ProviderError, Usage as Used, google};
use serde_json::{Value, json};
use tracing::warn;

use self::answer::{Answer, NoSpeech};
use self::rows::{Model, PROVIDER};
use super::remote::ask::{Answered, ask};
use super::remote::{Remote, limits, limits_of_look, rejected};
use super::request::check_words;
use super::{End, Lately, SegmentRequest, Speaking, Speech, SpeechEngine, Usage, Voice};
use crate::config::GeminiConfig;

/// Tokens that a request may have beside its texts: names of voices, and what nobody told us of.
const FRAME: u64 = 64;
/// Bytes to a token, as they usually are.
const BYTES_A_TOKEN: u64 = 4;

/// The voices of a model of Gemini.
#[derive(Debug)]
pub struct GeminiTts {
    name: String,
    model: Model,
    host: Host,
    version: String,
    endpoint: Endpoint,
    remote: Remote,
    voices: Vec<Voice>,
    lately: Lately<()>,
}

impl GeminiTts {
    /// The engine named `name` in the settings. Nothing is called yet. To be called within a
    /// runtime of tokio.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key of the settings that is wrong.
    pub fn connect(name: &str, config: &GeminiConfig, remote: &Remote) -> Result<Self, Failure> {
        let table = format!("engines.{name}");
        let (model, voices) = rows::known(name, config)?;
        if let Some(warning) = model.warning(Day::of(remote.clock.now())) {
            warn!(engine = name, "{warning}");
        }
        let (access, host) = (config.access(), Host::of(&config.project, &config.location));
        // Exactly one credential: two are refused.
        let credential = match access.api_key(&table)? {
            Some(secret) => Credential::Header { name: GOOGLE_KEY, secret },
            None => {
                let account = access.google(&table, "speech of Gemini", None, remote.metadata.clone())?;
                Credential::Google(account)
            }
        };
        let endpoint = Endpoint { base: access.base(&table, &host.address())?, credential };
        let version = Some(&config.api_version).filter(|version| !version.is_empty());
        let version = version.map_or_else(|| host.version().to_owned(), String::clone);
        let (name, remote) = (name.to_owned(), remote.clone());
        Ok(Self { name, model, host, version, endpoint, remote, voices, lately: Lately::default() })
    }

    /// Looks for the model where that is listed, else counts the tokens of a word: neither costs
    /// anything, and both take the same credential and model.
    async fn look(&self) -> Result<(), Failure> {
        let (id, version) = (&self.model.id, &self.version);
        let answer = match self.host {
            Host::Developer => {
                let path = format!("{version}/models/{id}");
                self.remote.http.get(&self.endpoint, &path, HeaderMap::new(), &limits_of_look()).await
            }
            Host::Enterprise { .. } => {
                let path = self.host.path(version, id, "countTokens");
                let body = json!({"contents": [{"role": "user", "parts": [{"text": "ready"}]}]});
                self.remote.http.post(&self.endpoint, &path, HeaderMap::new(), &body, &limits_of_look()).await
            }
        };
        let answer = answer.map_err(|error| error.failure(&self.name))?;
        if answer.status.is_success() {
            return Ok(());
        }
        let error = google::error(answer.status, &answer.headers, &answer.body, self.remote.clock.now());
        // Who refuses to count has taken the credential.
        let counts_nothing = self.host != Host::Developer && error.class == Class::Invalid;
        if counts_nothing { Ok(()) } else { Err(error.failure(&self.name)) }
    }

    async fn send(&self, body: &Value) -> Result<Answered<Heard>, ProviderError> {
        let path = self.host.path(&self.version, &self.model.id, "generateContent");
        let answer = self.remote.http.post(&self.endpoint, &path, HeaderMap::new(), body, &limits()).await?;
        let now = self.remote.clock.now();
        if !answer.status.is_success() {
            return Err(google::error(answer.status, &answer.headers, &answer.body, now));
        }
        let whole: Value = serde_json::from_slice(&answer.body).map_err(|_| ProviderError::cut_short())?;
        if whole.get("error").is_some() {
            return Err(google::error(answer.status, &answer.headers, &answer.body, now));
        }
        let Answer { heard, word, usage, model_version } = answer::read(&whole);
        let known = usage != Used::default();
        let counted = (known && usage.output > 0).then(|| seconds(usage.output, self.model.per_second));
        let heard = heard.map(|(sample_rate, samples, end)| Spoken { sample_rate, samples, end, counted });
        Ok(Answered { heard, usage, known, word, model_version })
    }
}

/// Whether the settings name a model and voices that are known.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn check(name: &str, config: &GeminiConfig) -> Result<(), Failure> {
    rows::known(name, config).map(drop)
}

/// Whether its model has ended, ends soon or is not served yet, in a sentence.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn ends(name: &str, config: &GeminiConfig, today: Day) -> Result<Vec<String>, Failure> {
    let (model, _) = rows::known(name, config)?;
    Ok(model.warning(today).into_iter().collect())
}

/// What came of an answer.
type Heard = Result<Spoken, NoSpeech>;

#[derive(Debug)]
struct Spoken {
    sample_rate: u32,
    samples: Vec<f32>,
    end: End,
    /// Seconds of audio that were counted.
    counted: Option<f64>,
}

#[allow(clippy::cast_precision_loss, reason = "an answer has at most some thousand tokens")]
fn seconds(tokens: u64, per_second: u32) -> f64 {
    tokens as f64 / f64::from(per_second.max(1))
}

#[async_trait]
impl SpeechEngine for GeminiTts {
    fn voices(&self) -> Vec<Voice> {
        self.voices.clone()
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.lately.or_look(self.look()).await
    }

    fn paid(&self) -> bool {
        true
    }

    fn remote(&self) -> bool {
        true
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let voice = self.voice(&request.voice)?;
        for turn in &request.turns {
            self.voice(&turn.voice)?;
        }
        voice.check_speed(request.speed)?;
        check_words(&request.text)?;
        let body = body::body(request, &voice, &self.model, &self.host)?;
        // A token has at least a byte, whatever the tokenizer. How long it speaks is not ours to
        // bound.
        let bytes = body::bytes(&body);
        let input = bytes.saturating_add(FRAME).min(self.model.input);
        let most = Used { input, output: self.model.output, ..Used::default() };
        let call = PaidCall {
            engine: &self.name,
            provider: PROVIDER,
            model: &self.model.id,
            prices: &self.model.prices,
            most,
            // Fifteen letters take a second, which is 25 tokens of audio.
            probably: (bytes / BYTES_A_TOKEN).saturating_add(bytes.saturating_mul(2)),
            cancel: speaking.cancel,
        };
        let heard = ask(&call, speaking, self.send(&body)).await.map_err(|unheard| unheard.failure(&self.name))?;
        let Spoken { sample_rate, samples, end, counted } = heard.map_err(|why| rejected(&self.name, why))?;
        let usage = Usage::one(request.characters());
        Ok(Speech { sample_rate, samples, words: Vec::new(), end, billed_seconds: counted, usage })
    }
}
