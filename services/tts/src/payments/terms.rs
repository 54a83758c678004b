//! The cashier of the settings, with the terms of each engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use lectern_core::{Clock, Failure};
use lectern_provider::{Cashier, Terms};
use lectern_store::Store;

use crate::config::{Config, table};
use crate::engine::{SpeechEngine, Voice, VoicePrice};

/// A cashier over a store whose collections [`Cashier::migrate`] has made, on these settings. Calls
/// that were too many are counted where all calls of engines are ([`crate::engine::measured`]).
///
/// # Errors
/// `INVALID_FIELD` for a budget that is no amount, and what [`Config::list`] says.
pub fn cashier(config: &Config, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Result<Cashier, Failure> {
    let engines = config.list()?;
    let terms: BTreeMap<String, Terms> =
        engines.into_iter().filter_map(|(name, engine)| Some((name, engine.terms()?))).collect();
    Ok(Cashier::new(terms, config.budget.limits()?, store, clock).without_throttled())
}

/// Exports for how long the voices of each engine have a price, and warns where that is not long.
pub(crate) fn watch(cashier: &Cashier, engines: &[Arc<dyn SpeechEngine>]) {
    for engine in engines {
        let voices = engine.voices();
        let prices: BTreeMap<&str, &VoicePrice> =
            voices.iter().filter_map(|voice| voice.price.as_ref()).map(|price| (price.model.as_str(), price)).collect();
        if let Some(name) = voices.first().map(Voice::engine) {
            let rows = prices.into_values().map(|price| price.rows.clone()).collect();
            cashier.watch_prices(name, rows, &format!("{}.rows_file", table(name)));
        }
    }
}
