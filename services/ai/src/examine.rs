//! Looks for `doctor` at the writers of the settings: whether each has what it needs, for how long
//! its model is known, and whether its provider answers. Nothing that is asked here costs anything.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lectern_core::{Clock, Failure, Finding, Reason, Verdict};
use lectern_provider::days_left;

use crate::app;
use crate::config::{Config, WriterConfig};
use crate::engine::generative::{Deps, Generative};
use crate::model::{Day, ModelRow};

const KEY: &str = "writer key";
const MODEL: &str = "writer model";
const PROVIDER: &str = "writer provider";

/// How long a provider may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A price that ends sooner than this is of concern, in days, as the end of a model is.
const SOON: i64 = 30;

/// What is found of the writers of the settings: nothing where there are none beside the one that
/// everybody has.
pub async fn writers(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    if config.writers.is_empty() {
        return Vec::new();
    }
    match app::deps(config, clock) {
        Ok(deps) => all(config, &deps).await,
        Err(failure) => vec![wrong_setting(MODEL, failure)],
    }
}

async fn all(config: &Config, deps: &Deps) -> Vec<Finding> {
    join_all(config.writers.iter().map(|(name, writer)| one(name, writer, deps))).await.concat()
}

async fn one(name: &str, writer: &WriterConfig, deps: &Deps) -> Vec<Finding> {
    let table = format!("writers.{name}");
    let key = key(&table, writer);
    let row = match writer.known(&table, &deps.rows) {
        Ok(row) => row,
        Err(failure) => return vec![key, wrong_setting(MODEL, failure)],
    };
    let keyless = key.verdict == Verdict::Broken;
    let mut findings = vec![key, model(&table, &row, Day::of(deps.clock.now()))];
    if !keyless {
        findings.push(provider(name, writer, deps).await);
    }
    findings
}

fn wrong_setting(check: &'static str, failure: Failure) -> Finding {
    let advice = format!("mend {} (docs/infrastructure.md)", failure.field.as_deref().unwrap_or("a setting"));
    Finding::broken(check, failure.message, advice)
}

/// Whether the key is there and can be read. It is not told.
fn key(table: &str, writer: &WriterConfig) -> Finding {
    match writer.api_key(table) {
        Ok(Some(_)) => Finding::ok(KEY, format!("{table} has an API key")),
        Ok(None) if !writer.project.is_empty() => {
            Finding::ok(KEY, format!("{table} calls by the application default credentials of Google Cloud"))
        }
        Ok(None) => Finding::ok(KEY, format!("{table} calls without a key")),
        Err(failure) => wrong_setting(KEY, failure),
    }
}

/// Whether the model is served, and has a price, today and for a while.
fn model(table: &str, row: &ModelRow, today: Day) -> Finding {
    let over = row.last_day.is_some_and(|last| last < today);
    if let Some(found) = row.warning(today) {
        let advice = format!("name another in {table}.model, or give this one a newer row in models_file");
        return if over { Finding::broken(MODEL, found, advice) } else { Finding::warning(MODEL, found, advice) };
    }
    let advice = "give it the price that holds then in models_file (docs/payments.md)";
    match days_left(&row.prices, today) {
        Some(left) if left < 0 => {
            let found = format!("there is no price of {} today, so nothing is bought", row.id);
            Finding::broken(MODEL, found, advice)
        }
        Some(left) if left <= SOON => {
            Finding::warning(MODEL, format!("the price of {} ends in {left} days", row.id), advice)
        }
        Some(_) | None => Finding::ok(MODEL, format!("{table}: {} is known, and does not end soon", row.id)),
    }
}

/// Whether the provider answers, and takes who we are.
async fn provider(name: &str, writer: &WriterConfig, deps: &Deps) -> Finding {
    let engine = match Generative::connect(name, writer, deps) {
        Ok(engine) => engine,
        Err(failure) => return wrong_setting(PROVIDER, failure),
    };
    match tokio::time::timeout(ANSWER_WITHIN, engine.ready()).await {
        Ok(Ok(())) => Finding::ok(PROVIDER, format!("{name} answers")),
        Ok(Err(failure)) => unready(name, failure),
        Err(_) => {
            let found = format!("{name}: nobody answers within {} s", ANSWER_WITHIN.as_secs());
            Finding::broken(PROVIDER, found, reach(name))
        }
    }
}

fn reach(name: &str) -> String {
    format!(
        "see that writers.{name}.url is right, and that it can be reached from here (networkPolicy.writers of the \
         chart)"
    )
}

fn unready(name: &str, failure: Failure) -> Finding {
    let reason = failure.reason;
    let found = failure.message;
    if reason == Reason::EngineLimited {
        let advice = "order less at once, or ask the provider for more; its steps wait meanwhile";
        return Finding::warning(PROVIDER, found, advice);
    }
    let advice = if reason == Reason::EngineCredentials {
        "give it a key that the provider takes, or let its account use the model (docs/runbook.md, A writer's key)"
            .to_owned()
    } else if reason == Reason::EngineBudget {
        "fill up the account at the provider, or raise its limit of spending".to_owned()
    } else if reason == Reason::EngineRefused {
        format!("name a model that is served there in writers.{name}.model")
    } else {
        reach(name)
    };
    Finding::broken(PROVIDER, found, advice)
}
