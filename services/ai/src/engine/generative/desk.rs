//! What a step of writing works with: the model, the document, the order, and where answers are
//! kept.

use lectern_core::content::script::Direction;
use lectern_core::{Failure, Kind, Random, Reason, ScriptPin};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::ask::Question;
use super::prompt;
use crate::engine::Writing;
use crate::grounding::ClaimLanguage;
use crate::model::{DataPart, Prompt, TextModel, tokens};
use crate::speakable::Language;

/// Tokens of the JSON of a spoken word, with the fields around its sentence: two for the word and
/// its share of the fields, and as many again for a model that writes twice what it is asked for.
const TOKENS_A_WORD: u32 = 6;
/// Tokens of an answer beside its words.
const TOKENS_AROUND: u32 = 600;
/// Of what a model reads at once, the part that instructions and answer need in any case.
const TOKENS_OF_INSTRUCTIONS: u32 = 3000;

/// One step's work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) model: &'a dyn TextModel,
    pub(super) pin: &'a ScriptPin,
    /// The writer's name in the settings, for failures.
    pub(super) writer: &'a str,
    pub(super) random: &'a dyn Random,
    /// Calls at once.
    pub(super) calls: &'a Semaphore,
    pub(super) work: &'a Writing<'a>,
    pub(super) language: Language,
    /// The same, as one in which sentences are checked.
    pub(super) claims: ClaimLanguage,
}

impl Desk<'_> {
    /// A question about data.
    pub(super) fn question(
        &self,
        purpose: impl Into<String>,
        user: String,
        data: Vec<DataPart>,
        schema: Value,
        words: u32,
    ) -> Question {
        let max_output_tokens = answer_tokens(words).min(self.model.describe().output);
        let prompt = Prompt { system: prompt::SYSTEM.to_owned(), user, data, schema, max_output_tokens, seed: None };
        Question { purpose: purpose.into(), prompt }
    }

    /// The most tokens of material that one question can have.
    pub(super) fn reads(&self) -> u32 {
        let row = self.model.describe();
        let answer = if row.unified { row.output.min(row.context / 2) } else { 0 };
        let fixed = TOKENS_OF_INSTRUCTIONS.min(row.context / 4);
        row.context.saturating_sub(answer).saturating_sub(fixed).saturating_mul(3) / 4
    }

    /// The most words that one answer can have.
    pub(super) fn writes(&self) -> u32 {
        let row = self.model.describe();
        let allowance = row.thinking.as_ref().map_or(0, |thinking| thinking.allowance);
        let room = row.output.saturating_sub(allowance).saturating_sub(TOKENS_AROUND.min(row.output / 4));
        (room / TOKENS_A_WORD).max(100)
    }

    /// Stops where nobody wants the work any more.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.work.cancel.is_cancelled() {
            let message = "writing was stopped; nobody waits for it";
            return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, message));
        }
        Ok(())
    }

    /// What the caller asks beside length and style, as the prompts have it.
    pub(super) fn direction(&self) -> String {
        let Direction { audience, tone, focus, instructions, intro: _, outro: _, language: _ } =
            &self.work.order.direction;
        let mut text = String::new();
        for (what, value) in [
            ("It is for", audience),
            ("The tone", tone),
            ("What matters most", focus),
            ("Also, as far as the rules allow", instructions),
        ] {
            if !value.trim().is_empty() {
                text.push_str(&format!("\n{what}: {}", value.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
        text
    }
}

/// The most tokens of an answer of so many words.
fn answer_tokens(words: u32) -> u32 {
    words.saturating_mul(TOKENS_A_WORD).saturating_add(TOKENS_AROUND)
}

/// Tokens of a text, estimated.
pub(super) fn tokens_of(text: &str) -> u32 {
    tokens(text.chars().count())
}
