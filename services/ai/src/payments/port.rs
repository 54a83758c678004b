//! The port: what stands around each call of a model.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Digest, Failure};
use lectern_provider::{Billed, Permit, Price, ProviderError, Reservation};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::StepPayments;
use super::claims::Claim;
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
    pub(super) fn most(&self) -> (u64, u64) {
        let Prompt { system, user, data, schema, max_output_tokens, .. } = self.prompt;
        let data: usize = data.iter().map(|part| part.rendered().len()).sum();
        let input = system.len() + user.len() + data + schema.to_string().len() + FRAME;
        let allowance = self.row.thinking.as_ref().map_or(0, |thinking| thinking.allowance);
        let output = u64::from(max_output_tokens.saturating_add(allowance).min(self.row.output));
        let hops = if self.row.unified { u64::try_from(HOPS).unwrap_or(u64::MAX) } else { 1 };
        let before = output.saturating_mul(hops.saturating_sub(1));
        let input = u64::try_from(input).unwrap_or(u64::MAX).saturating_add(before);
        (input.saturating_mul(hops), output.saturating_mul(hops))
    }

    /// What it will probably use, for limits of a minute: never for a bill.
    pub(super) fn probably(&self) -> u64 {
        u64::from(crate::model::tokens(self.prompt.chars())) + u64::from(self.prompt.max_output_tokens) / 2
    }
}

/// A call that is under way, and what is taken for it. Where it is dropped before its end is told,
/// as with the work that made the call, nobody knows what became of it: it is settled at its
/// maximum.
#[derive(Debug, Default)]
#[must_use = "a call whose end is not told counts as its maximum"]
pub struct Paid(pub(super) Option<Box<UnderWay>>);

#[cfg(test)]
impl Paid {
    /// Ends as that of a process does that dies: nobody settles it now.
    pub(super) fn abandon(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        let Some(under_way) = self.0.take() else { return };
        // Outside of a runtime, whoever looks for calls that were lost settles it.
        if let Ok(runtime) = Handle::try_current() {
            let ended = async move { under_way.end(Err(&ProviderError::cancelled(Billed::Unknown))).await };
            runtime.spawn(ended.in_current_span());
        }
    }
}

/// What is taken for a call.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// Whose it is.
    pub payments: StepPayments,
    /// Its attempt in the ledger.
    pub attempt: String,
    pub reservation: Reservation,
    pub permit: Permit,
    pub price: Price,
    pub writer: String,
    pub provider: String,
    pub model: String,
    /// Whose limits it is held to.
    pub limited_by: String,
    pub began: Instant,
}
