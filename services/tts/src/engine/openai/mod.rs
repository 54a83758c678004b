//! Servers that speak by OpenAI's `/v1/audio/speech`: OpenAI itself, Kokoro-FastAPI, LocalAI,
//! vLLM-Omni and others, each with habits of its own, which are a row of data.
//!
//! | file | what |
//! | --- | --- |
//! | `rows.rs` | servers, models behind them, and the voices of the settings |
//! | `body.rs` | what is sent |
//! | `answer.rs` | what comes back: a file, an object with the times of words, events |
//!
//! A server is never relied on to refuse what it cannot do: it is not asked for what its row does
//! not say.

mod answer;
mod body;
mod rows;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use lectern_core::Failure;
use lectern_provider::{
    Answer, Credential, Day, Endpoint, Event, Opened, PaidCall, ProviderError, Usage as Used, openai,
};
use serde_json::Value;
use tracing::warn;
use url::Url;

use self::answer::{Events, Read};
use self::body::Form;
use self::rows::{Bill, Known, PROVIDER};
use super::remote::ask::{Answered, ask};
use super::remote::audio::NoSpeech;
use super::remote::{Remote, limits, limits_of_look, rejected};
use super::request::check_words;
use super::{Lately, SegmentRequest, Speaking, Speech, SpeechEngine, Usage, Voice};
use crate::config::OpenAiConfig;

/// Bytes to a token, as they usually are.
const BYTES_A_TOKEN: u64 = 4;
/// Tokens that a request may have beside its texts.
const FRAME: u64 = 64;

/// The voices of a model behind such a server.
#[derive(Debug)]
pub struct OpenAiTts {
    name: String,
    known: Known,
    endpoint: Endpoint,
    /// What stands beside the version of the API.
    beside: Endpoint,
    remote: Remote,
    lately: Lately<()>,
}

impl OpenAiTts {
    /// The engine named `name` in the settings. Nothing is called yet.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key of the settings that is wrong.
    pub fn connect(name: &str, config: &OpenAiConfig, remote: &Remote) -> Result<Self, Failure> {
        let table = format!("engines.{name}");
        let base = config.access().base(&table, "")?;
        let known = rows::known(name, config, base.host_str().unwrap_or_default())?;
        if let Some(warning) = known.model.warning(Day::of(remote.clock.now())) {
            warn!(engine = name, "{warning}");
        }
        let credential = config.access().api_key(&table)?.map_or(Credential::None, Credential::Bearer);
        let beside = Endpoint { base: beside(&base), credential: credential.clone() };
        let endpoint = Endpoint { base, credential };
        let (name, remote) = (name.to_owned(), remote.clone());
        Ok(Self { name, known, endpoint, beside, remote, lately: Lately::default() })
    }

    fn error(&self, answer: &Answer) -> ProviderError {
        openai::error(answer.status, &answer.headers, &answer.body, self.remote.clock.now())
    }

    /// Asks for the list of models, which costs nothing. A server without one has answered too.
    async fn look(&self) -> Result<(), Failure> {
        let answer = self.remote.http.get(&self.endpoint, "models", HeaderMap::new(), &limits_of_look()).await;
        let answer = answer.map_err(|error| error.failure(&self.name))?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(self.error(&answer).failure(&self.name))
    }

    async fn send(&self, text: &str, body: &Value) -> Result<Answered<Heard>, ProviderError> {
        match body::form(&self.known) {
            Form::File => self.at_once(&self.endpoint, body::SPEECH, text, body).await,
            Form::Captioned => self.at_once(&self.beside, body::CAPTIONED, text, body).await,
            Form::Events => self.events(text, body).await,
        }
    }

    async fn at_once(
        &self,
        to: &Endpoint,
        path: &str,
        text: &str,
        body: &Value,
    ) -> Result<Answered<Heard>, ProviderError> {
        let answer = self.remote.http.post(to, path, HeaderMap::new(), body, &limits()).await?;
        if !answer.status.is_success() {
            return Err(self.error(&answer));
        }
        let heard = if path == body::CAPTIONED {
            answer::captioned(text, &answer.body)
        } else {
            answer::file(text, &answer.headers, &answer.body)
        };
        if heard.is_err() && is_error(&answer.body) {
            // The status of a success, and an error behind it.
            return Err(self.error(&answer));
        }
        let usage = Used { characters: body::characters(body), ..Used::default() };
        Ok(Answered { heard, usage, known: true, word: String::new(), model_version: String::new() })
    }

    async fn events(&self, text: &str, body: &Value) -> Result<Answered<Heard>, ProviderError> {
        let opened = self.remote.http.stream(&self.endpoint, body::SPEECH, HeaderMap::new(), body, &limits()).await?;
        let mut stream = match opened {
            Opened::Stream(stream) => stream,
            Opened::Refused(answer) => return Err(self.error(&answer)),
        };
        let now = self.remote.clock.now();
        let refusal = |status, headers: &HeaderMap, text: &str| openai::error(status, headers, text.as_bytes(), now);
        let mut events = Events::default();
        while let Some(event) = stream.events.next().await? {
            match event {
                Event::Data(data) => {
                    let event: Value = serde_json::from_str(&data).map_err(|_| ProviderError::cut_short())?;
                    if event.get("error").is_some_and(|error| !error.is_null()) {
                        return Err(refusal(stream.status, &stream.headers, &data));
                    }
                    if !events.take(&event) {
                        return Err(ProviderError::cut_short());
                    }
                }
                Event::BareError(data) => return Err(refusal(stream.status, &stream.headers, &data)),
                Event::Done => {}
            }
        }
        if !events.ended() {
            return Err(ProviderError::cut_short());
        }
        let (usage, heard) = (events.usage(), events.speech(text));
        let (word, model_version) = (String::new(), String::new());
        Ok(Answered { heard, usage: usage.unwrap_or_default(), known: usage.is_some(), word, model_version })
    }
}

/// Whether the settings name a server, a model and voices that are known.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn check(name: &str, config: &OpenAiConfig) -> Result<(), Failure> {
    let base = config.access().base(&format!("engines.{name}"), "")?;
    rows::known(name, config, base.host_str().unwrap_or_default()).map(drop)
}

/// Whether its model has ended or ends soon, in a sentence.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub(crate) fn ends(name: &str, config: &OpenAiConfig, today: Day) -> Result<Vec<String>, Failure> {
    let base = config.access().base(&format!("engines.{name}"), "")?;
    let known = rows::known(name, config, base.host_str().unwrap_or_default())?;
    Ok(known.model.warning(today).into_iter().collect())
}

/// What came of an answer.
type Heard = Result<Read, NoSpeech>;

#[async_trait]
impl SpeechEngine for OpenAiTts {
    fn voices(&self) -> Vec<Voice> {
        self.known.voices.clone()
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.lately.or_look(self.look()).await
    }

    fn paid(&self) -> bool {
        !self.known.model.prices.is_empty()
    }

    fn remote(&self) -> bool {
        true
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let voice = self.voice(&request.voice)?;
        voice.check_speed(request.speed)?;
        check_words(&request.text)?;
        if voice.capabilities.max_bytes.is_some_and(|most| request.text.len() > most) {
            return Err(Failure::invalid("text", "the text is longer than this server takes; ask for less of it"));
        }
        let (model, body) = (&self.known.model, body::body(request, &voice, &self.known));
        let bytes = body::bytes(&body);
        let most = match model.bill {
            Bill::Characters => Used { characters: body::characters(&body), ..Used::default() },
            Bill::Events => Used { input: bytes.saturating_add(FRAME), output: model.output, ..Used::default() },
        };
        let call = PaidCall {
            engine: &self.name,
            provider: PROVIDER,
            model: &model.id,
            prices: &model.prices,
            most,
            probably: bytes / BYTES_A_TOKEN,
            cancel: speaking.cancel,
        };
        let heard = ask(&call, speaking, self.send(&request.text, &body)).await;
        let heard = heard.map_err(|unheard| unheard.failure(&self.name))?;
        let Read { sample_rate, samples, words } = heard.map_err(|why| rejected(&self.name, why))?;
        Ok(Speech::whole(sample_rate, samples, words, Usage::one(request.characters())))
    }
}

/// The URL without the version of the API at its end, beside which some servers have more.
fn beside(base: &Url) -> Url {
    let mut beside = base.clone();
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    let last = base.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    if last.is_some_and(is_version)
        && let Ok(mut segments) = beside.path_segments_mut()
    {
        segments.pop_if_empty().pop();
    }
    beside
}

/// Whether a body is an error in JSON.
fn is_error(body: &[u8]) -> bool {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    ["error", "detail"].iter().any(|name| json.get(name).is_some_and(|value| !value.is_null()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_the_version_is_found() {
        for (base, beside) in [
            ("http://127.0.0.1:8880/v1", "http://127.0.0.1:8880/"),
            ("http://127.0.0.1:8880/v1/", "http://127.0.0.1:8880/"),
            ("http://host/speech/v2", "http://host/speech"),
            ("http://host/speech", "http://host/speech"),
            ("http://host/", "http://host/"),
        ] {
            assert_eq!(super::beside(&base.parse().unwrap()).as_str(), beside, "{base}");
        }
    }

    #[test]
    fn an_error_in_json_is_told_from_audio() {
        for (body, error) in [
            (&br#"{"error": {"message": "no"}}"#[..], true),
            (br#"{"detail": "no"}"#, true),
            (br#"{"error": null}"#, false),
            (b"RIFF", false),
        ] {
            assert_eq!(is_error(body), error);
        }
    }
}
