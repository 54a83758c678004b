//! The cashier of the settings, with the terms of each writer.

use std::sync::Arc;

use lectern_core::{Clock, Failure};
use lectern_provider::gemini::Host;
use lectern_provider::{Cashier, Rates, Terms};
use lectern_store::Store;

use crate::config::{Config, WriterConfig};
use crate::model::Rows;

/// Where prices of models are added.
const PRICES: &str = "models_file";

/// A cashier over a store whose collections [`Cashier::migrate`] has made, on these settings.
///
/// # Errors
/// `INVALID_FIELD` for a budget that is no amount.
pub fn cashier(config: &Config, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Result<Cashier, Failure> {
    let terms = config.writers.iter().map(|(name, writer)| (name.clone(), terms_of(writer))).collect();
    Ok(Cashier::new(terms, config.budget.limits()?, store, clock))
}

/// The terms of a writer's settings.
#[must_use]
pub fn terms_of(writer: &WriterConfig) -> Terms {
    let rates = Rates {
        requests: writer.requests_per_minute,
        tokens: writer.tokens_per_minute,
        at_once: u32::try_from(writer.concurrency).unwrap_or(u32::MAX).max(1),
    };
    let place = Host::of(&writer.project, &writer.location).place();
    Terms { rates, account: writer.access().account(), place }
}

/// Exports for how long each writer's model is served and has a price, and warns where that is not
/// long.
pub(crate) fn watch(cashier: &Cashier, config: &Config, rows: &Rows) {
    for (name, writer) in &config.writers {
        if let Some(row) = writer.row(rows) {
            cashier.watch_prices(name, vec![row.prices.clone()], PRICES);
            if let Some(last) = row.last_day {
                cashier.watch_model(name, last);
            }
        }
    }
}
