//! One question to a model, until there is an answer that can be used or the table of outcomes says
//! that there will be none. It alone calls a model.
//!
//! Every answer is kept before it is judged, under a key of all that decided it: a step that is
//! done again asks nothing that was answered, and the first answer that was kept is the answer.

use std::time::Duration;

use bytes::Bytes;
use lectern_core::backoff::Backoff;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_provider::{Billed, Claimed, ProviderError, claim_or_find};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{Instrument as _, info, warn};

use super::desk::Desk;
use super::material::first_words;
use super::outcome::{Change, Last, MOST_TRIES, Outcome};
use super::{prompt, schema};
use crate::model::{Completion, DataPart, Finish, Prompt, Usage, ended, identifier, span_of};
use crate::payments::{Call, LOOK_AGAIN};

/// The layout of a kept answer.
const ANSWER: u32 = 1;

/// How long it waits for a provider that is overloaded.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_secs(30) };

/// A wait that the provider asks for and that is longer is not sat out within a step: the step
/// fails, and whoever runs it tries it again then.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How seldom it looks for an answer that somebody else asks for.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// A question, before anything became of it.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// What it is for, and which one of its sort: `plan`, `section 3 write 2`.
    pub(super) purpose: String,
    pub(super) prompt: Prompt,
}

/// Why there is no answer that can be used.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Every answer was bad: what was answered before may still be used.
    Answers(Failure),
    /// The call, the store or the step failed.
    Step(Failure),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Answers(failure) | Trouble::Step(failure) => failure,
        }
    }
}

/// What a call cost, for whoever makes the bill.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Calls that were answered.
    pub calls: u32,
    /// Calls that brought no answer and may have to be paid for.
    pub lost: u32,
    /// Tokens, by kind.
    pub usage: Usage,
    /// The model that answered, as the provider names it.
    pub model_version: String,
}

/// An answer as it is kept: raw, with what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// Layout of this object.
    pub schema: u32,
    /// What it is for.
    pub purpose: String,
    /// Which try of its question it answers, from 1.
    pub number: u32,
    /// The answer.
    pub completion: Completion,
    /// What it cost.
    pub spent: Spent,
}

impl Desk<'_> {
    /// Asks until `judge` takes an answer; what it says is wrong with one is shown to the model.
    pub(super) async fn ask<T>(
        &self,
        question: &Question,
        judge: impl Fn(&Value) -> Result<T, String> + Send + Sync,
    ) -> Result<T, Trouble> {
        let mut prompt = question.prompt.clone();
        let mut seen: Vec<Outcome> = Vec::new();
        for number in 1..=MOST_TRIES {
            prompt.seed = i32::try_from(number).ok();
            let answer = self.answer(&question.purpose, &prompt, number).await?;
            let (outcome, detail) = match judged(&answer.completion, &prompt.schema, &judge) {
                Ok(taken) => return Ok(taken),
                Err(bad) => bad,
            };
            let row = outcome.row();
            let raw = &answer.completion.finish_raw;
            warn!(purpose = %question.purpose, number, outcome = row.name, raw, "an answer cannot be used");
            seen.push(outcome);
            let times = seen.iter().filter(|other| **other == outcome).count();
            if u32::try_from(times).unwrap_or(u32::MAX) > row.times || number == MOST_TRIES {
                return Err(Trouble::Answers(self.rejected(outcome, &question.purpose, &detail, raw)));
            }
            self.change(&mut prompt, &question.prompt, row.change, &detail);
        }
        Err(Trouble::Answers(self.rejected(Outcome::UnknownEnd, &question.purpose, "", "")))
    }

    /// The kept answer to a try, or a new one.
    async fn answer(&self, purpose: &str, prompt: &Prompt, number: u32) -> Result<KeptAnswer, Trouble> {
        let row = self.model.describe();
        let (schema, limit) = (prompt.schema.to_string(), prompt.max_output_tokens.to_be_bytes());
        let (joined, count) = (prompt.joined(), number.to_be_bytes());
        let (pin, id) = (self.pin.as_str().as_bytes(), row.id.as_bytes());
        let texts = [purpose.as_bytes(), prompt.system.as_bytes(), joined.as_bytes(), schema.as_bytes()];
        let [purposed, system, asked, form] = texts;
        let key = self.work.answers.key(&[b"answer", pin, id, purposed, system, asked, form, &limit, &count]);
        if let Some(kept) = self.work.answers.find(&key).await.map_err(Trouble::Step)? {
            return read(&kept).map_err(Trouble::Step);
        }
        // Of equal calls that are wanted at once, by whichever steps, one is made.
        let claim = match self.claimed(&key).await.map_err(Trouble::Step)? {
            Claimed::Ours(claim) => claim,
            Claimed::Found(kept) => return read(&kept).map_err(Trouble::Step),
        };
        let (completion, lost) = self.call(prompt).await.map_err(Trouble::Step)?;
        let Completion { usage, model_version, .. } = &completion;
        let spent = Spent { calls: 1, lost, usage: *usage, model_version: model_version.clone() };
        info!(
            purpose,
            number,
            input = usage.input,
            output = usage.output,
            thoughts = usage.thoughts,
            model_version,
            "a model answered"
        );
        if completion.is_of_another(&row.id) {
            warn!(asked = row.id, model_version, "another model answered than was asked");
        }
        let answer = KeptAnswer { schema: ANSWER, purpose: purpose.to_owned(), number, completion, spent };
        let bytes =
            serde_json::to_vec(&answer).map_err(|e| Trouble::Step(Failure::internal(format!("an answer: {e}"))))?;
        self.work.answers.keep(&key, Bytes::from(bytes)).await.map_err(Trouble::Step)?;
        drop(claim);
        // Somebody else may have been first.
        match self.work.answers.find(&key).await.map_err(Trouble::Step)? {
            Some(kept) => read(&kept).map_err(Trouble::Step),
            None => Ok(answer),
        }
    }

    /// Claims a call, or waits until somebody else who makes it has kept its answer, or has given
    /// it up.
    async fn claimed(&self, key: &Digest) -> Result<Claimed<Bytes>, Failure> {
        let (claim, find) = (|| self.work.payments.claim(key), || self.work.answers.find(key));
        claim_or_find((LOOK_AGAIN, LONGEST_LOOK), &self.work.cancel, claim, find).await
    }

    /// Calls the model, again where the provider had no time, and says how many calls were lost.
    async fn call(&self, prompt: &Prompt) -> Result<(Completion, u32), Failure> {
        let (mut failed, mut lost) = (0, 0);
        loop {
            // It is never closed.
            let permit = tokio::select! {
                () = self.work.cancel.cancelled() => return Err(stopped()),
                permit = self.calls.acquire() => permit.map_err(|e| Failure::internal(format!("calls: {e}")))?,
            };
            self.work.answers.before_payment().await?;
            let (writer, row, cancel) = (self.writer, self.model.describe(), &self.work.cancel);
            let paid = self.work.payments.begin(&Call { writer, row, prompt, cancel }).await?;
            if cancel.is_cancelled() {
                // Nothing was sent, so that nothing is to be paid.
                self.work.payments.end(paid, Err(&ProviderError::cancelled(Billed::No))).await;
                return Err(stopped());
            }
            let span = span_of(row);
            let answered = self.model.generate(prompt, cancel).instrument(span.clone()).await;
            ended(&span, answered.as_ref());
            drop(span);
            self.work.payments.end(paid, answered.as_ref()).await;
            drop(permit);
            let error = match answered {
                Ok(completion) => return Ok((completion, lost)),
                Err(error) => error,
            };
            if error.is_too_long() {
                // The model reads less than its row says: the answer to that is a shorter question.
                let finish_raw = identifier(&error.provider_reason).to_owned();
                return Ok((Completion { finish: Finish::PromptCut, finish_raw, ..Completion::of_nothing() }, lost));
            }
            lost += u32::from(error.billed != Billed::No);
            failed += 1;
            let row = Outcome::of_class(error.class).row();
            let wait = self.wait(&error, failed);
            if failed > row.times || row.last == Last::Fail || wait > LONGEST_WAIT {
                return Err(error.failure(self.writer));
            }
            warn!(outcome = row.name, reason = error.provider_reason, ?wait, "the provider is asked again");
            tokio::select! {
                () = self.work.cancel.cancelled() => return Err(stopped()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn wait(&self, error: &ProviderError, failed: u32) -> Duration {
        let own = BACKOFF.delay(failed, self.random);
        error.retry_after.map_or(own, |asked| asked.max(own))
    }

    /// Changes what is asked, as the table says.
    fn change(&self, prompt: &mut Prompt, first: &Prompt, change: Change, detail: &str) {
        match change {
            Change::Seed | Change::Wait => {}
            Change::Room => {
                let room = prompt.max_output_tokens.saturating_mul(2);
                prompt.max_output_tokens = room.min(self.model.describe().output);
            }
            Change::Less => {
                if let Some(part) = prompt.data.first_mut() {
                    *part = half(part);
                }
            }
            // What was wrong last is shown, and not all that ever was.
            Change::FaultShown => {
                prompt.user = first.user.clone() + &prompt::fill(prompt::AGAIN, &[("fault", detail)]);
            }
            Change::Wording => prompt.user = first.user.clone() + prompt::REWORDED,
        }
    }

    fn rejected(&self, outcome: Outcome, purpose: &str, detail: &str, raw: &str) -> Failure {
        let name = outcome.row().name;
        let raw: String = raw.chars().filter(|c| !c.is_control()).take(80).collect();
        let mut message = format!("{}: {purpose}: {name}", self.writer);
        if !raw.is_empty() {
            message.push_str(&format!(", the provider says {raw}"));
        }
        if !detail.is_empty() {
            message.push_str(&format!(", {detail}"));
        }
        message.push_str("; order it with another writer, or with another length or selection");
        // A refusal is the provider's word; all else is what the model makes of the question.
        let refused = matches!(outcome, Outcome::Refused | Outcome::Recitation);
        let reason = if refused { Reason::EngineRefused } else { Reason::ScriptRejected };
        Failure::new(Kind::FailedPrecondition, reason, message)
    }
}

/// Whether an answer is one: whole, not empty, JSON that fits our copy of the schema, and taken by
/// `judge`. Otherwise what became of it, and what is wrong in words for the model.
fn judged<T>(
    completion: &Completion,
    form: &Value,
    judge: &impl Fn(&Value) -> Result<T, String>,
) -> Result<T, (Outcome, String)> {
    if let Some(outcome) = Outcome::of_finish(completion.finish, &completion.text) {
        let detail = match outcome {
            Outcome::Repeating => "it repeated the same words without end",
            Outcome::Empty => "it was empty",
            Outcome::NoRoom
            | Outcome::CutAtLimit
            | Outcome::NotJson
            | Outcome::OffSchema
            | Outcome::Unfit
            | Outcome::Recitation
            | Outcome::ToolCall
            | Outcome::Refused
            | Outcome::TooLong
            | Outcome::PromptCut
            | Outcome::UnknownEnd
            | Outcome::Overloaded
            | Outcome::Unreached
            | Outcome::Interrupted
            | Outcome::QuotaOfMinute
            | Outcome::QuotaOfDay
            | Outcome::PurseEmpty
            | Outcome::NotTaken
            | Outcome::Stopped => "",
        };
        return Err((outcome, detail.to_owned()));
    }
    let value: Value = serde_json::from_str(completion.text.trim())
        .map_err(|e| (Outcome::NotJson, format!("line {}, column {} is no JSON", e.line(), e.column())))?;
    if let Some(fault) = schema::fault(form, &value) {
        return Err((Outcome::OffSchema, fault));
    }
    judge(&value).map_err(|fault| (Outcome::Unfit, fault))
}

/// The first half of a part, to the end of a line; of a first line that is longer, its words.
fn half(part: &DataPart) -> DataPart {
    let lines: Vec<&str> = part.text().lines().collect();
    let whole = part.text().len();
    let mut kept = 0;
    let fits = |line: &&&str| {
        kept += line.len() + 1;
        kept <= whole / 2 + 1
    };
    let count = lines.iter().take_while(fits).count();
    let whole_lines = lines.get(..count).unwrap_or_default();
    if whole_lines.is_empty() {
        return DataPart::new(part.name(), &first_words(part.text(), part.text().chars().count() / 2));
    }
    DataPart::new(part.name(), &whole_lines.join("\n"))
}

fn read(kept: &[u8]) -> Result<KeptAnswer, Failure> {
    serde_json::from_slice(kept).map_err(|e| {
        let message = format!("a kept answer cannot be read: {e}; erase the document and order it again");
        Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message)
    })
}

fn stopped() -> Failure {
    Failure::new(Kind::Cancelled, Reason::Cancelled, "writing was stopped; nobody waits for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_part_is_less_also_where_it_is_one_line() {
        let lines = DataPart::new("section", "[1] Water flows.\n[2] It stops.\n[3] It leaks.\n[4] It dries.");
        assert_eq!(half(&lines).text(), "[1] Water flows.");
        let mut lone = DataPart::new("section", &format!("[1] {}", "water ".repeat(1_000)));
        for _ in 0..8 {
            let less = half(&lone);
            assert!(less.text().len() < lone.text().len() && less.text().starts_with("[1]"), "{}", less.text());
            assert!(less.text().split(' ').skip(1).all(|word| word == "water"), "words stay whole");
            lone = less;
        }
    }
}
