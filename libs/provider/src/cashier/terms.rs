//! On what terms an engine is called.

use crate::prices::Place;
use crate::shares::Rates;

/// On what terms an engine is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What is allowed of its model in a minute, and at once.
    pub rates: Rates,
    /// The account at a server that the limits are those of, in signs that say nothing of its key
    /// ([`Access::account`](crate::Access::account)). Engines of one account share its limits.
    pub account: String,
    /// Where it is served.
    pub place: Place,
}

impl Terms {
    /// Whose limits are shared, for the records of shares.
    pub(super) fn limited_by(&self, provider: &str) -> String {
        format!("{provider}@{}", self.account)
    }
}
