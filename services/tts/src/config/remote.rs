//! What the settings of all engines have in common that somebody else's server speaks for.

use lectern_core::Failure;
use lectern_provider::gemini::Host;
use lectern_provider::{Place, Rates};

use super::EngineConfig;

/// What is allowed of an engine in a minute, and at once.
pub(super) fn rates(engine: &EngineConfig) -> Rates {
    let usual = Rates::default();
    Rates {
        requests: engine.requests_per_minute.unwrap_or(usual.requests),
        tokens: engine.tokens_per_minute.unwrap_or(usual.tokens),
        at_once: engine.concurrency.unwrap_or(usual.at_once),
    }
}

/// Refuses an engine that may make no call.
pub(super) fn check_rates(rates: &Rates, table: &str) -> Result<(), Failure> {
    if rates.at_once == 0 {
        let message = "an engine makes at least one call at once; set 1 or more";
        return Err(Failure::invalid(format!("{table}.concurrency"), message));
    }
    Ok(())
}

/// Where a model of Gemini is served, which decides what it costs.
pub(super) fn place(project: &str, location: &str) -> Place {
    Host::of(project, location).place()
}
