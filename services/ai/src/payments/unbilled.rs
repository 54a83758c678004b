//! Calls outside of any step: a look at what would be written, of which nothing is stored.

use async_trait::async_trait;
use lectern_core::{Digest, Failure};
use lectern_provider::ProviderError;

use super::{Call, Claim, Paid, Payments};
use crate::model::Completion;
use crate::work::unpaid;

/// Nothing may cost anything, and nothing is written down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unbilled;

#[async_trait]
impl Payments for Unbilled {
    async fn claim(&self, _: &Digest) -> Result<Option<Claim>, Failure> {
        Ok(Some(Claim::default()))
    }

    async fn begin(&self, call: &Call<'_>) -> Result<Paid, Failure> {
        if call.row.prices.is_empty() { Ok(Paid::default()) } else { Err(unpaid()) }
    }

    async fn end(&self, _: Paid, _: Result<&Completion, &ProviderError>) {}
}
