//! What a call that ended cost, as far as that is known.

use lectern_provider::{Billed, MicroUsd, Price, ProviderError, Settlement, Usage};

use crate::model::{Completion, Finish};

/// By what is the call settled that ended so. What is not known is counted at its maximum: an
/// answer that we left in the middle, one that does not say what it used, and every call that broke
/// off after it was sent.
pub(super) fn settlement(price: &Price, ended: Result<&Completion, &ProviderError>) -> Settlement {
    match ended {
        Ok(answer) => {
            let known = price.is_free() || answer.usage != Usage::default() && says_all(answer.finish);
            Settlement {
                known,
                usage: answer.usage,
                cost: price.cost(answer.usage),
                class: None,
                word: answer.finish_raw.clone(),
                model_version: answer.model_version.clone(),
            }
        }
        Err(error) => {
            let known = match error.billed {
                Billed::No => true,
                Billed::Yes | Billed::Unknown => price.is_free(),
            };
            Settlement {
                known,
                usage: Usage::default(),
                cost: MicroUsd::ZERO,
                class: Some(error.class),
                word: error.provider_reason.clone(),
                model_version: String::new(),
            }
        }
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
