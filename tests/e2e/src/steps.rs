//! What the stages noted of their work: step records in a service's database, and log lines of what
//! was spoken.

use std::sync::Arc;

use lectern_core::SystemClock;
use lectern_core::id::StepId;
use lectern_store::ConnectOptions;
use lectern_work::steps::{StepRecord, Steps, StepsOptions};

/// Reads a service's step records straight from its database: what a test that freezes the service
/// needs.
#[derive(Debug)]
pub struct StepReader(Steps);

impl StepReader {
    pub(crate) async fn open(url: &str) -> Self {
        let store = lectern_store::connect(url, ConnectOptions::default()).await.expect("the service's database");
        Self(Steps::new(store, Arc::new(SystemClock), StepsOptions::new("e2e")))
    }

    /// The record of a step; none before it was first claimed.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn get(&self, step: &StepId) -> Option<StepRecord> {
        self.0.get(step).await.expect("a step record")
    }
}

/// The keys of the segments that the engine spoke, in order, from a log in JSON with
/// `lectern_tts=debug`.
///
/// # Panics
///
/// When a line that says so has no key.
#[must_use]
pub fn spoken(log: &str) -> Vec<String> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["message"] == "segment spoken")
        .map(|line| line["key"].as_str().expect("a key").to_owned())
        .collect()
}
