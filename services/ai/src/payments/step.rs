//! The payments of one step, behind the port of calls of models.

use async_trait::async_trait;
use lectern_core::{Digest, Failure};
use lectern_provider::{CallEnd, Claim, Paid, PaidCall, ProviderError, StepPayments, Usage};

use super::{Call, Payments};
use crate::model::{Completion, Finish};

#[async_trait]
impl Payments for StepPayments {
    async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure> {
        Self::claim(self, key).await
    }

    async fn begin(&self, call: &Call<'_>) -> Result<Paid, Failure> {
        let paid = PaidCall {
            engine: call.writer,
            provider: call.row.provider.name(),
            model: &call.row.id,
            prices: &call.row.prices,
            most: call.most(),
            probably: call.probably(),
            cancel: call.cancel,
        };
        self.pay(&paid).await
    }

    async fn end(&self, paid: Paid, ended: Result<&Completion, &ProviderError>) {
        let ended = match ended {
            Ok(answer) => CallEnd::Answered {
                usage: answer.usage,
                known: answer.usage != Usage::default() && says_all(answer.finish),
                word: &answer.finish_raw,
                model_version: &answer.model_version,
            },
            Err(error) => CallEnd::Failed(error),
        };
        paid.end(ended).await;
    }
}

/// Whether an answer that ended so was read to its end, where it says what it used.
const fn says_all(finish: Finish) -> bool {
    match finish {
        Finish::Stop
        | Finish::Length
        | Finish::Refused
        | Finish::Recitation
        | Finish::ToolCall
        | Finish::Continuation
        | Finish::Empty
        | Finish::PromptCut
        | Finish::Other => true,
        // Left in the middle: the provider may have gone on.
        Finish::Repeating => false,
    }
}
