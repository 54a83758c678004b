//! What a call that ended cost, as far as that is known.

use super::CallEnd;
use crate::error::Billed;
use crate::ledger::Settlement;
use crate::money::MicroUsd;
use crate::prices::Price;
use crate::usage::Usage;

/// By what is the call settled that ended so. What is not known is counted at its maximum: an
/// answer that does not say what it used, and every call that broke off after it was sent.
pub(super) fn settlement(price: &Price, ended: CallEnd<'_>) -> Settlement {
    match ended {
        CallEnd::Answered { usage, known, word, model_version } => Settlement {
            known: known || price.is_free(),
            usage,
            cost: price.cost(usage),
            class: None,
            word: word.to_owned(),
            model_version: model_version.to_owned(),
        },
        CallEnd::Failed(error) => {
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
