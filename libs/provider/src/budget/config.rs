//! What may be spent on engines that cost money, where nobody else says it.

use lectern_core::Failure;
use serde::{Deserialize, Serialize};

use super::Limits;
use crate::money::MicroUsd;

/// Budgets in US dollars. What a tenant has of his own goes before.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// What a tenant may spend in a calendar month (UTC), up to six digits behind the point; none
    /// for no limit.
    pub tenant_month_usd: Option<f64>,
    /// What may be spent on a narration, in all its runs; none for no limit.
    pub narration_usd: Option<f64>,
}

impl BudgetConfig {
    /// The same as amounts.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key of what is no amount.
    pub fn limits(&self) -> Result<Limits, Failure> {
        Ok(Limits {
            month: amount(self.tenant_month_usd, "budget.tenant_month_usd")?,
            narration: amount(self.narration_usd, "budget.narration_usd")?,
        })
    }
}

fn amount(usd: Option<f64>, key: &str) -> Result<Option<MicroUsd>, Failure> {
    let read = |usd: f64| format!("{usd:.6}").parse::<MicroUsd>().map_err(|e| Failure::invalid(key, e.to_string()));
    usd.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_amounts_of_dollars_or_none() {
        let config = BudgetConfig { tenant_month_usd: Some(12.5), narration_usd: None };
        assert_eq!(config.limits(), Ok(Limits { month: Some(MicroUsd::new(12_500_000)), narration: None }));
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e15] {
            let config = BudgetConfig { narration_usd: Some(wrong), ..BudgetConfig::default() };
            assert_eq!(config.limits().unwrap_err().field.as_deref(), Some("budget.narration_usd"), "{wrong}");
        }
    }
}
