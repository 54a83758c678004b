//! `chat/completions` as OpenAI has it, and as vLLM, llama.cpp, Ollama and others have it with
//! their own differences, each of which is a field of the server's row.
//!
//! A server is never relied on to refuse what it cannot do: an answer is judged by ourselves, and
//! the tokens that it counted are held against the prompt's length, since some cut a prompt in
//! silence.

mod body;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use lectern_core::Clock;
use lectern_provider::{Endpoint, Event, Http, Limits, Opened, ProviderError, Streamed, openai};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use self::read::Reading;
use super::{Completion, Finish, ModelRow, Prompt, ServerRow, TextModel, estimate};

const PATH: &str = "chat/completions";

/// How it is called.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// How the server differs from others.
    pub server: ServerRow,
    /// Where it is (`http://127.0.0.1:11434/v1`), and the credential.
    pub endpoint: Endpoint,
    /// A temperature, where the model's row allows one.
    pub temperature: Option<f32>,
    /// A level of thinking, where the server takes one.
    pub thinking: Option<String>,
    /// The limits of one attempt.
    pub limits: Limits,
}

/// A model behind a server that speaks the protocol of OpenAI.
#[derive(Debug)]
pub struct OpenAi {
    row: ModelRow,
    http: Http,
    clock: Arc<dyn Clock>,
    settings: OpenAiSettings,
}

impl OpenAi {
    /// The model of this row.
    #[must_use]
    pub fn new(row: ModelRow, http: Http, clock: Arc<dyn Clock>, settings: OpenAiSettings) -> Self {
        Self { row, http, clock, settings }
    }

    async fn whole(&self, prompt: &Prompt) -> Result<Completion, ProviderError> {
        let body = body::request(prompt, &self.row, &self.settings);
        let reading = if self.row.streams { self.streamed(&body).await? } else { self.at_once(&body).await? };
        let Some(mut answer) = reading.completion(&self.settings.server) else {
            return Err(ProviderError::cut_short());
        };
        let good = matches!(answer.finish, Finish::Stop | Finish::Length | Finish::Empty);
        if good && estimate::cut(prompt.chars(), answer.usage.input) {
            answer.finish = Finish::PromptCut;
            answer.finish_raw = format!("{} tokens of the prompt were read", answer.usage.input);
        }
        Ok(answer)
    }

    async fn at_once(&self, body: &Value) -> Result<Reading, ProviderError> {
        let OpenAiSettings { endpoint, limits, .. } = &self.settings;
        let answer = self.http.post(endpoint, PATH, HeaderMap::new(), body, limits).await?;
        if !answer.status.is_success() {
            return Err(openai::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
        }
        let mut reading = Reading::default();
        let whole: Value = serde_json::from_slice(&answer.body).map_err(|_| ProviderError::cut_short())?;
        if whole.get("error").is_some_and(|error| !error.is_null()) {
            return Err(openai::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
        }
        reading.take(&whole);
        Ok(reading)
    }

    async fn streamed(&self, body: &Value) -> Result<Reading, ProviderError> {
        let OpenAiSettings { endpoint, limits, .. } = &self.settings;
        let mut stream = match self.http.stream(endpoint, PATH, HeaderMap::new(), body, limits).await? {
            Opened::Stream(stream) => stream,
            Opened::Refused(answer) => {
                return Err(openai::error(answer.status, &answer.headers, &answer.body, self.clock.now()));
            }
        };
        let mut reading = Reading::default();
        while let Some(event) = stream.events.next().await? {
            match event {
                Event::Data(text) => {
                    let chunk: Value = serde_json::from_str(&text).map_err(|_| ProviderError::cut_short())?;
                    if chunk.get("error").is_some_and(|error| !error.is_null()) {
                        return Err(self.refusal(&stream, &text));
                    }
                    reading.take(&chunk);
                }
                Event::BareError(text) => return Err(self.refusal(&stream, &text)),
                Event::Done => reading.end(),
            }
            if reading.repeats() {
                break;
            }
        }
        Ok(reading)
    }

    /// An error that came within a stream, whose status line said that all was well.
    fn refusal(&self, stream: &Streamed, text: &str) -> ProviderError {
        openai::error(stream.status, &stream.headers, text.as_bytes(), self.clock.now())
    }
}

#[async_trait]
impl TextModel for OpenAi {
    fn describe(&self) -> &ModelRow {
        &self.row
    }

    /// Asks for the list of models, which costs nothing. A server without one has answered too.
    async fn ready(&self) -> Result<(), ProviderError> {
        let OpenAiSettings { endpoint, limits, .. } = &self.settings;
        let answer = self.http.get(endpoint, "models", HeaderMap::new(), limits).await?;
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(openai::error(answer.status, &answer.headers, &answer.body, self.clock.now()))
    }

    async fn generate(&self, prompt: &Prompt, cancel: &CancellationToken) -> Result<Completion, ProviderError> {
        super::port::until(cancel, Box::pin(self.whole(prompt))).await
    }
}
