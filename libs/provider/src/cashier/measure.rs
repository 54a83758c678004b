//! Metrics of calls of models.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::Clock;
use lectern_runtime::Metrics;
use lectern_runtime::names::gen_ai;
use lectern_runtime::telemetry::{Counter, Histogram};

use crate::day::Day;
use crate::error::Class;
use crate::money::MicroUsd;
use crate::prices::{PriceRow, days_left};
use crate::usage::Usage;

/// What the instruments are of.
const SCOPE: &str = "lectern.payments";

/// Ends of the buckets of durations in seconds, as the convention has them.
const SECONDS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Ends of the buckets of tokens, as the convention has them, as far as a model can go.
const TOKENS: [f64; 11] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0];

/// The instruments.
#[derive(Debug, Clone)]
pub(super) struct Measures {
    tokens: Histogram,
    duration: Histogram,
    cost: Counter,
    throttled: Counter,
    other_models: Counter,
}

/// Which model is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured<'a> {
    pub engine: &'a str,
    pub provider: &'a str,
    pub model: &'a str,
}

impl Measures {
    pub(super) fn new() -> Self {
        let metrics = Metrics::new(SCOPE);
        Self {
            tokens: metrics.histogram(
                gen_ai::TOKEN_USAGE,
                "{token}",
                "Tokens of calls of models, by kind: input, or output with all thoughts.",
                &TOKENS,
            ),
            duration: metrics.histogram(gen_ai::OPERATION_DURATION, "s", "How long calls of models took.", &SECONDS),
            cost: metrics.counter(
                "lectern.engine.cost",
                "{microusd}",
                "What calls of models count as, in millionths of a US dollar.",
            ),
            throttled: metrics.counter(
                "lectern.engine.throttled",
                "{call}",
                "Calls that an engine refused because it takes no more for now.",
            ),
            other_models: metrics.counter(
                "lectern.engine.other_models",
                "{call}",
                "Calls that another model answered than was asked.",
            ),
        }
    }

    /// A call ended. What it used, where it was answered; characters are no tokens.
    pub(super) fn ended(&self, of: Measured<'_>, took: Duration, usage: Option<Usage>, class: Option<Class>) {
        let labels = labels(of);
        self.duration.record_ended(took.as_secs_f64(), &labels, class.map(Class::as_str));
        let Some(usage) = usage.filter(|usage| usage.characters == 0) else { return };
        let output = usage.output.saturating_add(usage.thoughts);
        for (kind, tokens) in [(gen_ai::INPUT, usage.input), (gen_ai::OUTPUT, output)] {
            let [operation, provider, model] = labels;
            self.tokens.record(whole(tokens), &[operation, provider, model, (gen_ai::TOKEN_TYPE, kind)]);
        }
    }

    /// What a call counts as.
    pub(super) fn cost(&self, of: Measured<'_>, cost: MicroUsd) {
        self.cost.add(cost.get(), &[("engine", of.engine), ("model", of.model)]);
    }

    /// A provider said that it was too much.
    pub(super) fn throttled(&self, of: Measured<'_>) {
        self.throttled.add(1, &[("engine", of.engine)]);
    }

    /// Another model answered; the log has which one.
    pub(super) fn other_model(&self, of: Measured<'_>) {
        self.other_models.add(1, &[("engine", of.engine), ("model", of.model)]);
    }
}

/// Exports for how many days the model of an engine is served.
pub(super) fn observe_model(engine: &str, last: Day, clock: Arc<dyn Clock>) {
    let metrics = Metrics::new(SCOPE);
    metrics.observe(
        "lectern.engine.model.days_left",
        "{day}",
        "For how many days from now on an engine's model is served; below 0 where it was.",
        &[("engine", engine)],
        move || Some(signed(last.since(Day::of(clock.now())))),
    );
}

/// Exports for how many days there is a price of what an engine calls.
pub(super) fn observe_price(engine: &str, prices: Vec<Vec<PriceRow>>, clock: Arc<dyn Clock>) {
    let metrics = Metrics::new(SCOPE);
    metrics.observe(
        "lectern.engine.price.days_left",
        "{day}",
        "For how many days from now on there is a price of what an engine calls; below 0 where nothing can be bought.",
        &[("engine", engine)],
        move || {
            let today = Day::of(clock.now());
            prices.iter().filter_map(|rows| days_left(rows, today)).min().map(signed)
        },
    );
}

fn labels(of: Measured<'_>) -> [(&'static str, &str); 3] {
    [
        (gen_ai::OPERATION, gen_ai::GENERATE),
        (gen_ai::PROVIDER, gen_ai::provider(of.provider)),
        (gen_ai::MODEL, of.model),
    ]
}

#[allow(clippy::cast_precision_loss, reason = "a call has far fewer than 2^53 tokens")]
const fn whole(tokens: u64) -> f64 {
    tokens as f64
}

#[allow(clippy::cast_precision_loss, reason = "rows end within some years")]
const fn signed(days: i64) -> f64 {
    days as f64
}
