//! The port: what stands around each call of a model.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Digest, Failure};
use lectern_provider::{Claim, Paid, ProviderError, Usage};
use tokio_util::sync::CancellationToken;

use crate::model::{Completion, HOPS, ModelRow, Prompt};

/// Bytes of a request beside what is in its prompt.
const FRAME: usize = 1024;

/// Who finds that somebody else makes the call that he wants made looks for its answer again after
/// this time.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What is paid for the calls of a step.
#[async_trait]
pub trait Payments: Send + Sync + Debug {
    /// Claims the call whose answer will be kept under `key`, for as long as what is returned is
    /// held. None where somebody else has claimed it: its answer will be there soon, or the claim
    /// is free again.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure>;

    /// To be called right before a call, for each try of it: waits for its share of what the
    /// provider allows, takes its maximum from the budgets, and notes that it is made.
    ///
    /// # Errors
    /// `BUDGET_EXHAUSTED`, `INVALID_FIELD` where there is no price, `CANCELLED`,
    /// `STORE_UNAVAILABLE`. Upon each of them the call must not be made.
    async fn begin(&self, call: &Call<'_>) -> Result<Paid, Failure>;

    /// To be called right after the call. Where this is missed, the call is settled at its maximum:
    /// at once where the work was dropped, later where the process died.
    async fn end(&self, paid: Paid, ended: Result<&Completion, &ProviderError>);
}

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The writer, by its name in the settings.
    pub writer: &'a str,
    /// What is known of the model.
    pub row: &'a ModelRow,
    /// What it is asked.
    pub prompt: &'a Prompt,
    /// Fires when nobody wants it any more.
    pub cancel: &'a CancellationToken,
}

impl Call<'_> {
    /// The most that it can use: tokens of its prompt, and of its answer with all thoughts.
    ///
    /// A token is at least a byte of text, whatever the tokenizer, so a prompt has at most as many
    /// tokens as bytes. An answer of a unified window may be made of several, each of which reads
    /// what came before.
    pub(super) fn most(&self) -> Usage {
        let Prompt { system, user, data, schema, max_output_tokens, .. } = self.prompt;
        let data: usize = data.iter().map(|part| part.rendered().len()).sum();
        let input = system.len() + user.len() + data + schema.to_string().len() + FRAME;
        let allowance = self.row.thinking.as_ref().map_or(0, |thinking| thinking.allowance);
        let output = u64::from(max_output_tokens.saturating_add(allowance).min(self.row.output));
        let hops = if self.row.unified { u64::try_from(HOPS).unwrap_or(u64::MAX) } else { 1 };
        let before = output.saturating_mul(hops.saturating_sub(1));
        let input = u64::try_from(input).unwrap_or(u64::MAX).saturating_add(before);
        let (input, output) = (input.saturating_mul(hops), output.saturating_mul(hops));
        Usage { input, output, ..Usage::default() }
    }

    /// What it will probably use, for limits of a minute: never for a bill.
    pub(super) fn probably(&self) -> u64 {
        u64::from(crate::model::tokens(self.prompt.chars())) + u64::from(self.prompt.max_output_tokens) / 2
    }
}
