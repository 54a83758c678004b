//! A call that costs money, before it is made and when it has ended.

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::StepPayments;
use crate::budget::Reservation;
use crate::error::{Billed, ProviderError};
use crate::prices::{Price, PriceRow};
use crate::shares::Permit;
use crate::usage::Usage;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct PaidCall<'a> {
    /// The engine, by its name in the settings.
    pub engine: &'a str,
    /// Whose prices and limits hold.
    pub provider: &'a str,
    /// The model, as prices and limits have it.
    pub model: &'a str,
    /// Prices by their days; empty for a call that costs nothing.
    pub prices: &'a [PriceRow],
    /// The most that it can use.
    pub most: Usage,
    /// Tokens that it will probably use, for limits of a minute: never for a bill.
    pub probably: u64,
    /// Fires when nobody wants it any more.
    pub cancel: &'a CancellationToken,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub enum CallEnd<'a> {
    /// It was answered, whatever the answer is worth.
    Answered {
        /// What it used, as far as that is known.
        usage: Usage,
        /// Whether that is all of it. What is not known counts as the maximum.
        known: bool,
        /// The provider's own word for how the answer ended.
        word: &'a str,
        /// The model that answered, as the provider names it; empty where it does not.
        model_version: &'a str,
    },
    /// It brought nothing.
    Failed(&'a ProviderError),
}

/// A call that is under way, and what is taken for it. Where it is dropped before its end is told,
/// as with the work that made the call, nobody knows what became of it: it is settled at its
/// maximum, at once.
///
/// The default is a call that costs nothing and is written down nowhere.
#[derive(Debug, Default)]
#[must_use = "a call whose end is not told counts as its maximum"]
pub struct Paid(pub(super) Option<Box<UnderWay>>);

impl Paid {
    /// To be called right after the call.
    pub async fn end(mut self, ended: CallEnd<'_>) {
        if let Some(under_way) = self.0.take() {
            under_way.end(ended).await;
        }
    }

    /// Ends as that of a process does that dies: nobody settles it now.
    #[cfg(test)]
    pub(super) fn abandon(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        let Some(under_way) = self.0.take() else { return };
        // Outside of a runtime, whoever looks for calls that were lost settles it.
        if let Ok(runtime) = Handle::try_current() {
            let ended = async move {
                let given_up = ProviderError::cancelled(Billed::Unknown);
                under_way.end(CallEnd::Failed(&given_up)).await;
            };
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
    pub engine: String,
    pub provider: String,
    pub model: String,
    /// Whose limits it is held to.
    pub limited_by: String,
    pub began: Instant,
}
