//! A run: an embedded instance that narrates two documents, a Prometheus that scrapes it, all that
//! rules and dashboards ask, and a collector that everything is exported to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lectern_testkit::{Process, Program, env, temp_dir};
use serde_json::Value;

use super::api::{JOB, POLL, Prometheus};
use super::collector::{self, Collected, Collector};
use super::names::Names;
use super::otherwise::{self, Otherwise};
use super::programs::Programs;
use super::queries::{self, Query};
use crate::process;

/// What is narrated first.
const FIRST: &str = "# Tides\n\nThe sea rises twice a day.\n\nIt falls again.\n\n# Moon\n\nThe moon pulls.\n";
/// What is narrated then: chapters that say one sentence again and again, to the fifty words that a
/// section has at least.
const CHAPTERS: usize = 8;
const SENTENCE: &str = "The sea rises twice a day. ";
const SENTENCES: usize = 9;
/// How many steps run at once, so that several of those chapters end at once.
const PERMITS: &str = "8";
/// What runs: the instance, and a program for each document.
const PROCESSES: usize = 3;
/// The setting that says where traces and metrics go, and the one that says who sends them.
const EXPORT_TO: &str = "LECTERN_TELEMETRY__OTLP_ENDPOINT";
const ENVIRONMENT: &str = "LECTERN_TELEMETRY__ENVIRONMENT";
/// What tells that they have ended.
const SUCCEEDED: &str = "sum(lectern_narration_duration_seconds_count{outcome=\"succeeded\"})";
/// How long Prometheus may take to know what there is to know.
const KNOWN: Duration = Duration::from_secs(60);
/// How long the instance may take to end.
const END: Duration = Duration::from_secs(60);

/// What was asked, and what came of it.
pub struct Asked {
    /// What is wrong, a line each.
    pub problems: Vec<String>,
    /// The rules.
    pub rules: usize,
    /// The queries of dashboards.
    pub queries: usize,
    /// The metrics that both ask for.
    pub metrics: usize,
}

/// Starts all three, narrates, asks, and ends them; with what the collector received.
pub fn asked(programs: &Programs, lectern: &Path) -> Result<(Asked, Collected)> {
    let temp = temp_dir()?;
    let mut collector = Collector::start(&programs.collector, &temp.path().join("collector"))?;
    let mut instance = Program::at(lectern, temp.path())
        .arg("up")
        .arg("--data")
        .arg(temp.path().join("data"))
        .env("LECTERN_ENGINE", "tone")
        .env("LECTERN_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0")
        .env("LECTERN_TELEMETRY__LOG_FORMAT", "json")
        .env("LECTERN_TELEMETRY__LOG_FILTER", "info")
        .env("LECTERN_TELEMETRY__METRICS_EVERY", "1s")
        .env("LECTERN_PERMITS", PERMITS)
        .env(EXPORT_TO, collector.endpoint())
        .env(ENVIRONMENT, collector::ENVIRONMENT)
        .try_start()?;
    let mut prometheus =
        Prometheus::start(&programs.prometheus, &temp.path().join("prometheus"), scraped_at(&instance.log())?)?;
    let documents = documents();
    for (number, document) in (1_u32..).zip(&documents) {
        let file = temp.path().join(format!("{number}.md"));
        narrate(lectern, &instance, &collector, &file, document)?;
        let counted = || Ok(prometheus.number(SUCCEEDED)?.is_some_and(|count| count >= f64::from(number)));
        if !process::until(KNOWN, POLL, counted)? {
            bail!("Prometheus has not seen {number} narrations succeed:\n{}", prometheus.said());
        }
    }
    let asked = ask(&prometheus)?;
    prometheus.stop()?;
    match instance.stop(END) {
        Some(status) if status.success() => {}
        ended => bail!("`lectern up` did not end well ({ended:?}):\n{}", instance.log()),
    }
    // What was left is exported when a process ends.
    let collected = collector::look_at(&collector.stop()?, PROCESSES, documents.len())?;
    Ok((asked, collected))
}

/// What is narrated, one after the other: a rate needs a second one. What the second says is spoken
/// once and found again, so its sections end within moments, and their events are folded several at
/// once.
fn documents() -> [String; 2] {
    let chapter = |number: usize| format!("\n## Chapter {number}\n\n{}\n", SENTENCE.repeat(SENTENCES));
    let chapters: Vec<String> = (1..=CHAPTERS).map(chapter).collect();
    [FIRST.to_owned(), format!("# Currents\n{}", chapters.concat())]
}

/// Where the instance serves its metrics, by its log.
fn scraped_at(log: &str) -> Result<SocketAddr> {
    let line = log.lines().find(|line| line.contains("metrics can be fetched"));
    let line: Value = serde_json::from_str(line.context("`lectern up` does not say where its metrics are")?)?;
    let address = line.get("addr").and_then(Value::as_str).context("the line names no address")?;
    address.parse().with_context(|| address.to_owned())
}

/// Narrates a document at the instance. The trace begins in the program that orders this.
fn narrate(lectern: &Path, instance: &Process, collector: &Collector, file: &Path, document: &str) -> Result<()> {
    fs::write(file, document).with_context(|| file.display().to_string())?;
    let mut command = Command::new(lectern);
    command.arg("narrate").arg(file).args(["--server", &instance.url()]).arg("--out").arg(file.with_extension("out"));
    command.args(["--format", "wav"]).env(EXPORT_TO, collector.endpoint()).env(ENVIRONMENT, collector::ENVIRONMENT);
    // Programs refuse variables that they do not know; the instance asks for no key.
    command.env_remove(env::TOOLS_DIR).env_remove("LECTERN_KEY");
    process::output(&mut command).map(drop)
}

/// Asks everything.
fn ask(prometheus: &Prometheus) -> Result<Asked> {
    let of_dashboards = queries::of_dashboards()?;
    let of_rules = Rule::all(prometheus)?;
    let (queries, rules) = (of_dashboards.len(), of_rules.len());
    let mut all = of_dashboards;
    all.extend(of_rules.iter().map(Rule::query));
    let all: Vec<(Query, Names)> = all
        .into_iter()
        .map(|query| {
            let names = Names::of(&query.text);
            (query, names)
        })
        .collect();
    let metrics: BTreeSet<&String> = all.iter().flat_map(|(_, names)| &names.metrics).collect();
    // Where that does not come, it is said of each below.
    process::until(KNOWN, POLL, || {
        let known = prometheus.list("label/__name__/values")?;
        let expected = metrics.iter().filter(|metric| otherwise::metric(metric).is_none());
        let evaluated = Rule::all(prometheus)?.iter().all(|rule| rule.health != "unknown");
        Ok(evaluated && expected.into_iter().all(|metric| known.contains(metric)))
    })?;
    let known = Known { series: prometheus.list("label/__name__/values")?, labels: prometheus.list("labels")? };
    let mut problems = known.missing(&all);
    for (query, _) in &all {
        match prometheus.query(&query.text) {
            Err(error) => problems.push(format!("{}: {error:#}: {}", query.place, query.text)),
            Ok(samples) if samples.is_empty() && query.must_answer => {
                problems.push(format!("{}: nothing is there that it asks for: {}", query.place, query.text));
            }
            Ok(_) => {}
        }
    }
    problems.extend(Rule::all(prometheus)?.iter().filter_map(Rule::problem));
    problems.extend(unused(all.iter().map(|(_, names)| names)));
    Ok(Asked { problems, rules, queries, metrics: metrics.len() })
}

/// What Prometheus knows.
struct Known {
    series: Vec<String>,
    labels: Vec<String>,
}

impl Known {
    /// What is asked for that is neither known nor for other runs: a line each, with all places.
    fn missing(&self, all: &[(Query, Names)]) -> Vec<String> {
        let mut missing: BTreeMap<(&str, &String), BTreeSet<&str>> = BTreeMap::new();
        for (query, names) in all {
            let unknown: Vec<&String> = names.metrics.iter().filter(|metric| !self.series.contains(metric)).collect();
            let metrics = unknown.iter().filter(|metric| otherwise::metric(metric).is_none());
            let mut of_query: Vec<(&str, &String)> = metrics.map(|metric| ("metric", *metric)).collect();
            // The labels of what is not there are not there either.
            if unknown.is_empty() {
                let labels = names.labels.iter().filter(|label| !self.labels.contains(label));
                of_query.extend(labels.filter(|label| otherwise::label(label).is_none()).map(|label| ("label", label)));
            }
            for name in of_query {
                missing.entry(name).or_default().insert(&query.place);
            }
        }
        let line = |((kind, name), places): ((&str, &String), BTreeSet<&str>)| {
            let places: Vec<&str> = places.into_iter().collect();
            format!("{name} is no {kind} of a run, and not in observe/otherwise.rs: asked by {}", places.join("; "))
        };
        missing.into_iter().map(line).collect()
    }
}

/// Rows that no query asks for.
fn unused<'a>(all: impl Iterator<Item = &'a Names> + Clone) -> Vec<String> {
    let metric = |row: &Otherwise| {
        let mut metrics = all.clone().flat_map(|names| &names.metrics);
        metrics.any(|metric| otherwise::metric(metric).is_some_and(|found| found.name == row.name))
    };
    let label = |row: &Otherwise| all.clone().any(|names| names.labels.contains(row.name));
    let metrics = otherwise::METRICS.iter().filter(|row| !metric(row));
    let labels = otherwise::LABELS.iter().filter(|row| !label(row));
    metrics
        .chain(labels)
        .map(|row| format!("observe/otherwise.rs: no query asks for {} ({}): remove the row", row.name, row.why))
        .collect()
}

/// A rule, as Prometheus has it.
struct Rule {
    name: String,
    text: String,
    /// `ok`, `err`, or `unknown` until it was evaluated.
    health: String,
    error: String,
    /// Of an alert: `inactive`, `pending` or `firing`.
    state: Option<String>,
}

impl Rule {
    /// All of them.
    fn all(prometheus: &Prometheus) -> Result<Vec<Self>> {
        let data = prometheus.get("rules", &[])?;
        let groups = data.pointer("/groups").and_then(Value::as_array).context("the rules have no groups")?;
        let rules = groups.iter().filter_map(|group| group.pointer("/rules").and_then(Value::as_array)).flatten();
        let rules: Vec<Self> = rules.map(Self::read).collect();
        if rules.is_empty() {
            bail!("Prometheus has no rules:\n{}", prometheus.said());
        }
        Ok(rules)
    }

    fn read(rule: &Value) -> Self {
        let text = |name: &str| rule.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: text("name").unwrap_or_default(),
            text: text("query").unwrap_or_default(),
            health: text("health").unwrap_or_default(),
            error: text("lastError").unwrap_or_default(),
            state: text("state"),
        }
    }

    fn query(&self) -> Query {
        Query { place: format!("rules.yaml, {}", self.name), text: self.text.clone(), must_answer: false }
    }

    /// What is wrong with it: it was not evaluated, or it alerts although all is well.
    fn problem(&self) -> Option<String> {
        if self.health != "ok" {
            return Some(format!("rules.yaml, {}: {}: {}", self.name, self.health, self.error));
        }
        let state = self.state.as_deref().filter(|state| *state != "inactive")?;
        Some(format!("rules.yaml, {}: it is {state}, and nothing is wrong with the run of the job {JOB}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(text: &str) -> (Query, Names) {
        let query = Query { place: "here".to_owned(), text: text.to_owned(), must_answer: false };
        (query, Names::of(text))
    }

    #[test]
    fn what_nobody_exports_is_named_with_its_place_and_what_only_others_export_is_not() {
        let known = Known { series: vec!["up".to_owned()], labels: vec!["job".to_owned()] };
        let missing = |text: &str| known.missing(&[query(text)]);
        assert!(missing("sum by (job) (up)").is_empty());
        assert!(missing("up{error_type!=\"\"}").is_empty());
        assert!(missing("lectern_dead_letters_total{reason=\"X\"}").is_empty());
        let said = missing("rate(uq[5m])");
        assert!(said.len() == 1 && said[0].starts_with("uq is no metric"), "{said:?}");
        let said = missing("up{jbo=\"lectern\"}");
        assert!(said.len() == 1 && said[0].starts_with("jbo is no label"), "{said:?}");
        let said = known.missing(&[query("uq"), query("-uq"), query("uq + up")]);
        assert_eq!(said, ["uq is no metric of a run, and not in observe/otherwise.rs: asked by here"]);
    }

    #[test]
    fn a_row_that_no_query_asks_for_is_to_be_removed() {
        let (_, names) = query("lectern_dead_letters_total{error_type=\"\"}");
        let said = unused([&names].into_iter());
        assert_eq!(said.len() + 2, otherwise::METRICS.len() + otherwise::LABELS.len());
        assert!(!said.iter().any(|line| line.contains("lectern_dead_letters_total")), "{said:?}");
    }

    #[test]
    fn a_rule_that_was_not_evaluated_or_that_alerts_is_wrong() {
        let problem = |rule: &Value| Rule::read(rule).problem().unwrap_or_default();
        assert_eq!(problem(&json!({"name": "a", "query": "up", "health": "ok"})), "");
        assert_eq!(problem(&json!({"name": "a", "query": "up", "health": "ok", "state": "inactive"})), "");
        assert!(problem(&json!({"name": "a", "health": "ok", "state": "pending"})).contains("it is pending"));
        assert!(problem(&json!({"name": "a", "health": "err", "lastError": "many-to-many"})).contains("many-to-many"));
    }

    #[test]
    fn the_address_of_the_metrics_is_read_from_the_log() {
        let log = "{\"message\":\"x\"}\n{\"message\":\"metrics can be fetched\",\"addr\":\"127.0.0.1:9464\"}\n";
        assert_eq!(scraped_at(log).unwrap(), SocketAddr::from(([127, 0, 0, 1], 9464)));
        assert!(scraped_at("{}\n").is_err());
    }
}
