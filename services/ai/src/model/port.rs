//! The port: what every wire takes and gives.

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_provider::{Billed, Place, ProviderError, Usage};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{DataPart, ModelRow};

/// A model behind a wire.
#[async_trait]
pub trait TextModel: Send + Sync + Debug {
    /// What is known of it.
    fn describe(&self) -> &ModelRow;

    /// Where it is served, which decides what it costs.
    fn place(&self) -> Place {
        Place::Global
    }

    /// Whether it could be asked now, found out without paying.
    ///
    /// # Errors
    /// What keeps it from answering.
    async fn ready(&self) -> Result<(), ProviderError>;

    /// One attempt; nothing is tried again here. Every end that the provider gives to an answer is
    /// a [`Completion`], also those that are no good.
    ///
    /// # Errors
    /// Where there is no answer: it was refused, it was cut on its way, or `cancel` was cancelled.
    async fn generate(&self, prompt: &Prompt, cancel: &CancellationToken) -> Result<Completion, ProviderError>;
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What it is, and what holds whatever it reads.
    pub system: String,
    /// What it is to do.
    pub user: String,
    /// The document's text, which is only ever in a place for data.
    pub data: Vec<DataPart>,
    /// The JSON Schema of the answer. A wire may send less of it; the answer is held to all of it.
    pub schema: serde_json::Value,
    /// The most tokens of the answer itself. What the model thinks is not in it: the wire adds the
    /// allowance of the model's row.
    pub max_output_tokens: u32,
    /// A seed, where the model takes one; best effort.
    pub seed: Option<i32>,
}

impl Prompt {
    /// How many Unicode scalar values it has, with its data.
    #[must_use]
    pub fn chars(&self) -> usize {
        let data = self.data.iter().map(|part| part.rendered().chars().count()).sum::<usize>();
        self.system.chars().count() + self.user.chars().count() + data
    }

    /// The data and then the instructions, as one text: what stays the same comes first, so that a
    /// provider's cache knows it again.
    #[must_use]
    pub fn joined(&self) -> String {
        let mut text = String::new();
        for part in &self.data {
            text.push_str(&part.rendered());
            text.push_str("\n\n");
        }
        text.push_str(&self.user);
        text
    }
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The text of the answer, without what the model thought.
    pub text: String,
    /// How it ended.
    pub finish: Finish,
    /// The provider's own word for how it ended, or for why it answered nothing; empty where that
    /// is no name, since it goes into logs and failures.
    pub finish_raw: String,
    /// What it used.
    pub usage: Usage,
    /// The model that answered, as the provider names it; empty where it does not, or not by a
    /// name.
    #[serde(default)]
    pub model_version: String,
    /// The usage as it came.
    #[serde(default)]
    pub raw_usage: serde_json::Value,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// Whole, and not empty.
    Stop,
    /// At the limit of tokens.
    Length,
    /// The question or the answer was refused for what it says.
    Refused,
    /// The answer was too close to a known text.
    Recitation,
    /// It tried to call a tool, and has none.
    ToolCall,
    /// It is longer than one answer can be, and goes on in another.
    Continuation,
    /// Whole by its own word, without any text.
    Empty,
    /// It said the same again and again, and was ended by us.
    Repeating,
    /// The server read less of the prompt than was sent.
    PromptCut,
    /// Any other end; the raw word says which.
    Other,
}

impl Completion {
    /// Whether another model answered than the one that was asked for. A version of it
    /// (`gemini-3.8-flash-002`) has its name and is no other one; an answer that does not say who
    /// wrote it is by the one that was asked.
    #[must_use]
    pub fn is_of_another(&self, asked: &str) -> bool {
        !self.model_version.is_empty() && !self.model_version.contains(asked)
    }

    /// What there is before anything came.
    pub(crate) fn of_nothing() -> Self {
        Self {
            text: String::new(),
            finish: Finish::Other,
            finish_raw: String::new(),
            usage: Usage::default(),
            model_version: String::new(),
            raw_usage: serde_json::Value::Null,
        }
    }
}

/// An attempt, unless nobody wants it any more before it ends.
pub(super) async fn until<T>(
    cancel: &CancellationToken,
    attempt: impl Future<Output = Result<T, ProviderError>> + Send,
) -> Result<T, ProviderError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(ProviderError::cancelled(Billed::Unknown)),
        done = attempt => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_a_model_is_no_other_one() {
        for (answered, asked, other) in [
            ("gemini-3.8-flash", "gemini-3.8-flash", false),
            ("gemini-3.8-flash-002", "gemini-3.8-flash", false),
            ("publishers/google/models/gemini-3.8-flash", "gemini-3.8-flash", false),
            ("", "gemini-3.8-flash", false),
            ("gemini-3.7-flash", "gemini-3.8-flash", true),
            ("gemini-3.8-flash", "gemini-flash-latest", true),
        ] {
            let completion = Completion { model_version: answered.to_owned(), ..Completion::of_nothing() };
            assert_eq!(completion.is_of_another(asked), other, "{answered} for {asked}");
        }
    }
}
