//! One call of a provider: its maximum is taken before it is made, and it is settled when it has
//! ended. Dropped in between, it is settled at its maximum at once ([`lectern_provider::Paid`]).

use lectern_core::Failure;
use lectern_provider::{Billed, CallEnd, PaidCall, ProviderError, Usage};

use crate::engine::Speaking;

/// An answer, and what it says for the bill.
#[derive(Debug)]
pub(in crate::engine) struct Answered<T> {
    /// What is made of it.
    pub heard: T,
    /// What it used, as far as that is known.
    pub usage: Usage,
    /// Whether that is all of it.
    pub known: bool,
    /// The provider's own word for how it ended; empty where it has none.
    pub word: String,
    /// The model that answered, as it says itself; empty where it does not.
    pub model_version: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::engine) enum Unheard {
    /// Nothing was asked.
    NotAsked(Failure),
    /// It was asked, and refused or not answered.
    Refused(ProviderError),
}

impl Unheard {
    /// The failure of a step, where a refusal is what the provider's class says it is.
    pub(in crate::engine) fn failure(self, engine: &str) -> Failure {
        match self {
            Self::NotAsked(failure) => failure,
            Self::Refused(error) => error.failure(engine),
        }
    }
}

/// A price that is missing is one of the engine's own rows.
fn here(engine: &str, failure: Failure) -> Failure {
    if failure.field.as_deref() == Some("models_file") {
        return failure.at(format!("engines.{engine}.rows_file"));
    }
    failure
}

/// Makes one call: `send` is not polled before it is paid for.
pub(in crate::engine) async fn ask<T: Send>(
    call: &PaidCall<'_>,
    speaking: &Speaking<'_>,
    send: impl Future<Output = Result<Answered<T>, ProviderError>> + Send,
) -> Result<T, Unheard> {
    speaking.check().map_err(Unheard::NotAsked)?;
    let paid = speaking.payments.begin(call).await.map_err(|failure| Unheard::NotAsked(here(call.engine, failure)))?;
    if let Err(cancelled) = speaking.check() {
        // Nothing was sent, so that nothing is to be paid.
        paid.end(CallEnd::Failed(&ProviderError::cancelled(Billed::No))).await;
        return Err(Unheard::NotAsked(cancelled));
    }
    match send.await {
        Ok(Answered { heard, usage, known, word, model_version }) => {
            paid.end(CallEnd::Answered { usage, known, word: &word, model_version: &model_version }).await;
            Ok(heard)
        }
        Err(error) => {
            paid.end(CallEnd::Failed(&error)).await;
            Err(Unheard::Refused(error))
        }
    }
}
