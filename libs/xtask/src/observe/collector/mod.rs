//! What a collector of other hands received of a run by OTLP, held to what docs say: traces with
//! their spans, links and attributes, and metrics. Whatever is wrong is named by its span or
//! metric. The tests of the services look at the same with a receiver of ours, which reads the
//! protocol with the crate that the services write it with (`tests/e2e/tests/it/trace.rs` and
//! `metrics.rs`).

mod attributes;
mod docs;
mod metrics;
mod processes;
mod program;
mod received;
mod traces;

use anyhow::Result;

use self::docs::Named;
pub use self::processes::ENVIRONMENT;
pub use self::program::Collector;
use self::received::Received;

/// What came of it.
pub struct Collected {
    /// What is wrong, a line each.
    pub problems: Vec<String>,
    /// The spans that were received.
    pub spans: usize,
    /// The metrics that docs name.
    pub metrics: usize,
}

/// Looks at what the collector printed of a run of so many processes that ordered so many
/// narrations.
pub fn look_at(printed: &str, processes: usize, narrations: usize) -> Result<Collected> {
    let (received, named) = (Received::read(printed), Named::read()?);
    let problems = processes::problems(&received, processes)
        .into_iter()
        .chain(traces::problems(&received, &named.attributes, narrations))
        .chain(metrics::problems(&received, &named.metrics));
    let problems = problems.map(|problem| format!("collector: {problem}")).collect();
    Ok(Collected { problems, spans: received.spans.len(), metrics: named.metrics.len() })
}
