//! The port to whoever pays for calls: what stands around each call that costs money. The calls,
//! and what is taken for them, are those of all paid providers ([`lectern_provider::PaidCall`]).

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_provider::{Claim, Paid, PaidCall, PriceRow, StepPayments};

/// What is paid for the calls of one step, or of one caller.
#[async_trait]
pub trait Payments: Send + Sync + Debug {
    /// To be called right before a call, for each try of it, as [`StepPayments::pay`] says. What it
    /// returns is told of the call's end; where it is dropped instead, the call is settled at its
    /// maximum, at once.
    ///
    /// # Errors
    /// `BUDGET_EXHAUSTED`, `INVALID_FIELD` where there is no price, `CANCELLED`,
    /// `FEATURE_UNAVAILABLE` where nothing may be paid for. Upon each of them the call must not be
    /// made.
    async fn begin(&self, call: &PaidCall<'_>) -> Result<Paid, Failure>;

    /// Claims what calls are to bring, for as long as what is returned is held, so that of equal
    /// ones that cost money one is made in the whole system. None where somebody else has claimed
    /// it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    async fn claim(&self, _: &Digest) -> Result<Option<Claim>, Failure> {
        Ok(Some(Claim::default()))
    }

    /// Whether a call is still to be made, asked once whatever it waited for is there, such as a
    /// core: somebody else may have made it meanwhile. [`Self::begin`] sees to that itself.
    ///
    /// # Errors
    /// `CANCELLED`; ABORTED where what it would bring is there.
    async fn still_wanted(&self) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Payments for StepPayments {
    async fn begin(&self, call: &PaidCall<'_>) -> Result<Paid, Failure> {
        self.pay(call).await
    }

    async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure> {
        Self::claim(self, key).await
    }
}

/// Calls of which nothing may cost anything, and nothing is written down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unpaid;

impl Unpaid {
    /// Refuses what costs money by these prices, on whatever day: a voice that is known to, before
    /// anything is spoken.
    ///
    /// # Errors
    /// `FEATURE_UNAVAILABLE`.
    pub fn check(prices: &[PriceRow]) -> Result<(), Failure> {
        // An operator who pays nothing for a model, by its provider's terms, says so in a row.
        if prices.iter().all(|row| row.input == 0 && row.cached == 0 && row.output == 0) {
            return Ok(());
        }
        let message =
            "this voice costs money, and what it says here would be stored nowhere; order a narration instead";
        Err(Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message))
    }
}

#[async_trait]
impl Payments for Unpaid {
    async fn begin(&self, call: &PaidCall<'_>) -> Result<Paid, Failure> {
        Self::check(call.prices)?;
        Ok(Paid::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_money_on_any_day_is_refused() {
        let row = |input, output, last_day: Option<&str>| PriceRow {
            first_day: None,
            last_day: last_day.map(|day| day.parse().unwrap()),
            above: 0,
            input,
            cached: 0,
            output,
            regional_percent: 100,
            source: "the provider".to_owned(),
        };
        let free = || row(0, 0, Some("2026-11-29"));
        for (prices, refused) in [
            (Vec::new(), false),
            (vec![free()], false),
            (vec![row(0, 9_000_000, None)], true),
            (vec![free(), row(500_000, 0, None)], true),
        ] {
            let checked = Unpaid::check(&prices).map_err(|failure| failure.reason);
            assert_eq!(checked, if refused { Err(Reason::FeatureUnavailable) } else { Ok(()) }, "{prices:?}");
        }
    }
}
