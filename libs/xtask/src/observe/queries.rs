//! The queries of all dashboards, as Grafana would ask them.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::api::JOB;
use crate::{files, repo};

const DASHBOARDS: &str = "deploy/helm/lectern/files/dashboards";
/// What stands for Grafana's variables. A rate needs two samples, and a run is short.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "5m"), ("$job", JOB)];

/// A query, and where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    /// For whoever mends it: `tts.json, panel "Memory"`.
    pub place: String,
    /// What Prometheus is asked.
    pub text: String,
    /// Whether an empty answer is wrong: a variable without values makes its dashboard empty.
    pub must_answer: bool,
}

/// Those of every panel and every variable.
pub fn of_dashboards() -> Result<Vec<Query>> {
    let mut all = Vec::new();
    for file in files::with_extension(&repo::path(DASHBOARDS), "json")? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&file).with_context(|| name.to_string())?;
        let before = all.len();
        all.extend(of_dashboard(&name, &serde_json::from_str(&text).with_context(|| name.to_string())?)?);
        if all.len() == before {
            bail!("{DASHBOARDS}/{name} asks nothing");
        }
    }
    Ok(all)
}

fn of_dashboard(name: &str, dashboard: &Value) -> Result<Vec<Query>> {
    let mut found = Vec::new();
    for variable in dashboard.pointer("/templating/list").and_then(Value::as_array).into_iter().flatten() {
        if variable.get("type").and_then(Value::as_str) == Some("query") {
            let place = format!("{name}, variable {}", variable.get("name").unwrap_or(&Value::Null));
            let asked = variable.pointer("/query/query").and_then(Value::as_str).unwrap_or_default();
            let Some((metric, label)) = values_of(asked) else {
                bail!("{place} asks {asked:?}; only label_values(METRIC, LABEL) is understood here");
            };
            let text = format!("count by ({label}) ({metric})");
            found.push(Query { place, text, must_answer: true });
        }
    }
    expressions(dashboard, name, &mut found)?;
    Ok(found)
}

/// What `label_values(METRIC, LABEL)` is about.
fn values_of(asked: &str) -> Option<(&str, &str)> {
    let (metric, label) = asked.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
    Some((metric.trim(), label.trim()))
}

/// Every `expr` in a value, with the panel that it is in.
fn expressions(value: &Value, place: &str, found: &mut Vec<Query>) -> Result<()> {
    match value {
        Value::Object(map) => {
            let panel = map.get("title").filter(|_| map.contains_key("gridPos"));
            let place = panel.map_or_else(|| place.to_owned(), |title| format!("{place}, panel {title}"));
            if let Some(text) = map.get("expr").and_then(Value::as_str) {
                let text = filled(text).with_context(|| place.clone())?;
                found.push(Query { place: place.clone(), text, must_answer: false });
            }
            map.values().try_for_each(|item| expressions(item, &place, found))
        }
        Value::Array(items) => items.iter().try_for_each(|item| expressions(item, place, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// The query with values in place of variables.
fn filled(query: &str) -> Result<String> {
    let text = VARIABLES.iter().fold(query.to_owned(), |text, (variable, value)| text.replace(variable, value));
    if text.contains('$') {
        bail!("{text:?} has a variable that nothing stands for: add it to VARIABLES in observe/queries.rs");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_are_found_in_panels_rows_and_variables() {
        let panel = |title: &str, expr: &str| json!({"title": title, "gridPos": {}, "targets": [{"expr": expr}]});
        let dashboard = json!({
            "title": "All",
            "templating": {"list": [
                {"name": "source", "type": "datasource", "query": "prometheus"},
                {"name": "job", "type": "query", "query": {"query": "label_values(up{a=\"b,c\"}, job)"}},
            ]},
            "panels": [
                panel("One", "rate(a{job=~\"$job\"}[$__rate_interval])"),
                {"title": "Row", "gridPos": {}, "panels": [panel("Two", "b")]},
            ],
        });
        let query = |place: &str, text: &str, must_answer| Query {
            place: place.to_owned(),
            text: text.to_owned(),
            must_answer,
        };
        let expected = [
            query("x.json, variable \"job\"", "count by (job) (up{a=\"b,c\"})", true),
            query("x.json, panel \"One\"", "rate(a{job=~\"lectern\"}[5m])", false),
            query("x.json, panel \"Row\", panel \"Two\"", "b", false),
        ];
        assert_eq!(of_dashboard("x.json", &dashboard).unwrap(), expected);
    }

    #[test]
    fn a_variable_that_is_not_known_is_refused() {
        let refused = |dashboard: &Value| format!("{:#}", of_dashboard("x.json", dashboard).unwrap_err());
        let said = refused(&json!({"panels": [{"title": "One", "gridPos": {}, "expr": "a{b=\"$other\"}"}]}));
        assert!(said.contains("$other") && said.contains("panel \"One\""), "{said}");
        let asked = json!({"query": "metrics(.*)"});
        let variable = json!({"name": "job", "type": "query", "query": asked});
        let said = refused(&json!({"templating": {"list": [variable]}}));
        assert!(said.contains("metrics(.*)"), "{said}");
    }

    #[test]
    fn every_dashboard_can_be_read() {
        let queries = of_dashboards().unwrap();
        for name in ["pipeline", "gateway", "ingest", "ai", "tts"] {
            assert!(queries.iter().any(|query| query.place.starts_with(&format!("{name}.json"))), "{name}");
        }
    }
}
