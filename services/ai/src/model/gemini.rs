//! Gemini's `generateContent`, on the Developer host (a key) and on the Enterprise hosts (a
//! project's credentials). One turn, no tools, nothing stored at the provider.
//!
//! An answer is read as a stream, so that one that repeats itself without end can be left; or as a
//! whole, where the settings say so. A stream that ends without a finish reason was cut on its way.

mod body;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use lectern_core::Clock;
use lectern_provider::gemini::GOES_ON;
pub use lectern_provider::gemini::Host;
use lectern_provider::{Billed, Endpoint, Event, Http, Limits, Opened, Place, ProviderError, Streamed, google};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::read::Reading;
use super::{Completion, Finish, ModelRow, Prompt, TextModel};

/// How many answers one answer may be made of: one of a model with a unified window ends at some
/// limit and is asked to go on.
pub const HOPS: usize = 3;

/// How it is called.
#[derive(Debug, Clone)]
pub struct GeminiSettings {
    /// Which of the hosts.
    pub host: Host,
    /// Where it is, and the credential, of which there is exactly one.
    pub endpoint: Endpoint,
    /// The version of the API: `v1`, `v1beta` or `v1alpha` on the Developer host, `v1beta1` or `v1`
    /// on the others.
    pub version: String,
    /// A temperature, where the model's row allows one.
    pub temperature: Option<f32>,
    /// A level of thinking other than that of the model's row.
    pub thinking: Option<String>,
    /// The limits of one attempt.
    pub limits: Limits,
}

/// A Gemini model.
#[derive(Debug)]
pub struct Gemini {
    row: ModelRow,
    http: Http,
    clock: Arc<dyn Clock>,
    settings: GeminiSettings,
}

impl Gemini {
    /// The model of this row.
    #[must_use]
    pub fn new(row: ModelRow, http: Http, clock: Arc<dyn Clock>, settings: GeminiSettings) -> Self {
        Self { row, http, clock, settings }
    }

    /// The whole answer, of one hop or several.
    async fn whole(&self, prompt: &Prompt) -> Result<Completion, ProviderError> {
        let mut body = body::request(prompt, &self.row, &self.settings);
        let mut answer = Completion::of_nothing();
        for hop in 1..=HOPS {
            let reading = self.hop(&body).await.map_err(|error| {
                // What came before a later one is paid for.
                if hop == 1 { error } else { ProviderError { billed: Billed::Yes, ..error } }
            })?;
            let token = reading.continuation().to_owned();
            let Some(part) = reading.completion() else {
                return Err(ProviderError::cut_short());
            };
            let text = std::mem::take(&mut answer.text) + &part.text;
            answer = Completion { text, usage: answer.usage.plus(part.usage), ..part };
            let goes_on = answer.finish == Finish::Continuation && !token.is_empty() && hop < HOPS;
            if !goes_on || self.settings.version != GOES_ON {
                break;
            }
            body::go_on(&mut body, &token);
        }
        // A hop may begin with nothing and the whole still have words, or the other way round.
        if answer.finish == Finish::Empty && !answer.text.trim().is_empty() {
            answer.finish = Finish::Stop;
        }
        Ok(answer)
    }

    async fn hop(&self, body: &Value) -> Result<Reading, ProviderError> {
        if self.row.streams { self.streamed(body).await } else { self.at_once(body).await }
    }

    async fn at_once(&self, body: &Value) -> Result<Reading, ProviderError> {
        let GeminiSettings { host, endpoint, version, limits, .. } = &self.settings;
        let path = host.path(version, &self.row.id, "generateContent");
        let answer = self.http.post(endpoint, &path, HeaderMap::new(), body, limits).await?;
        if !answer.status.is_success() {
            return Err(google::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
        }
        let mut reading = Reading::default();
        let chunk: Value = serde_json::from_slice(&answer.body).map_err(|_| ProviderError::cut_short())?;
        if chunk.get("error").is_some() {
            return Err(google::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
        }
        reading.take(&chunk);
        Ok(reading)
    }

    async fn streamed(&self, body: &Value) -> Result<Reading, ProviderError> {
        let GeminiSettings { host, endpoint, version, limits, .. } = &self.settings;
        let path = host.path(version, &self.row.id, "streamGenerateContent?alt=sse");
        let opened = self.http.stream(endpoint, &path, HeaderMap::new(), body, limits).await?;
        let mut stream = match opened {
            Opened::Stream(stream) => stream,
            Opened::Refused(answer) => {
                return Err(google::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
            }
        };
        let mut reading = Reading::default();
        while let Some(event) = stream.events.next().await? {
            match event {
                Event::Data(text) => {
                    let chunk: Value = serde_json::from_str(&text).map_err(|_| ProviderError::cut_short())?;
                    if chunk.get("error").is_some() {
                        return Err(self.refusal(&stream, &text));
                    }
                    reading.take(&chunk);
                }
                Event::BareError(text) => return Err(self.refusal(&stream, &text)),
                Event::Done => {}
            }
            if reading.repeats() {
                break;
            }
        }
        Ok(reading)
    }

    /// An error that came within a stream, whose status line said that all was well.
    fn refusal(&self, stream: &Streamed, text: &str) -> ProviderError {
        google::error(stream.status, &stream.headers, text.as_bytes(), self.clock.now())
    }
}

#[async_trait]
impl TextModel for Gemini {
    fn describe(&self) -> &ModelRow {
        &self.row
    }

    fn place(&self) -> Place {
        self.settings.host.place()
    }

    /// Counts the tokens of a word, which costs nothing and takes the same credential and model.
    async fn ready(&self) -> Result<(), ProviderError> {
        let GeminiSettings { host, endpoint, version, limits, .. } = &self.settings;
        let path = host.path(version, &self.row.id, "countTokens");
        let body = json!({"contents": [{"role": "user", "parts": [{"text": "ready"}]}]});
        let answer = self.http.post(endpoint, &path, HeaderMap::new(), &body, limits).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(google::error(answer.status, &answer.headers, &answer.body, self.clock.now()))
    }

    async fn generate(&self, prompt: &Prompt, cancel: &CancellationToken) -> Result<Completion, ProviderError> {
        super::port::until(cancel, Box::pin(self.whole(prompt))).await
    }
}
