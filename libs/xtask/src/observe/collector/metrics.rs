//! Every metric that docs name was received, as docs describe it, and no other.

use std::collections::BTreeSet;

use super::attributes;
use super::docs::{PAGE, Row};
use super::received::{Metric, Received};
use crate::observe::otherwise::{self, Otherwise};

/// What is wrong with the metrics: a line each.
pub fn problems(received: &Received, rows: &[Row]) -> BTreeSet<String> {
    let mut problems = BTreeSet::new();
    for metric in &received.metrics {
        match rows.iter().find(|row| row.name == metric.name) {
            None => {
                problems.insert(format!("the metric {} is in no row of {PAGE}", metric.name));
            }
            Some(row) => problems.extend(differences(metric, row)),
        }
    }
    for row in rows {
        let there = received.metrics.iter().any(|metric| metric.name == row.name);
        match otherwise::metric(&row.prometheus) {
            None if !there => {
                problems
                    .insert(format!("the metric {} was not received, and is not in observe/otherwise.rs", row.name));
            }
            Some(Otherwise { name, why }) if there => {
                problems.insert(format!("observe/otherwise.rs: a run exports {name} ({why}): remove the row"));
            }
            None | Some(_) => {}
        }
    }
    problems
}

/// In what a metric is not as its row says.
fn differences(metric: &Metric, row: &Row) -> Vec<String> {
    let of = format!("the metric {}", metric.name);
    let mut differences = Vec::new();
    let compared = [("kind", metric.kind(), row.kind.as_str()), ("unit", metric.unit.as_str(), row.unit.as_str())];
    for (what, is, docs) in compared {
        if is != docs {
            differences.push(format!("{of} has the {what} {is}, and in {PAGE} {docs}"));
        }
    }
    if metric.points.is_empty() {
        differences.push(format!("{of} has no measurement"));
    }
    differences.extend(metric.points.iter().flat_map(|labels| attributes::problems(&of, labels, &row.labels)));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::collector::received::EXCERPT;

    fn row(name: &str, kind: &str, unit: &str, labels: &[&str]) -> Row {
        Row {
            name: name.to_owned(),
            prometheus: name.replace('.', "_"),
            kind: kind.to_owned(),
            unit: unit.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        }
    }

    /// What is said of the excerpt beside these rows, the first of which may be another.
    fn said(first: Row, further: Vec<Row>) -> Vec<String> {
        let mut rows = vec![
            first,
            row("lectern.engine.calls", "counter", "{call}", &["engine", "outcome"]),
            row("lectern.dispatch.wait", "histogram", "s", &["service", "lane"]),
        ];
        rows.extend(further);
        problems(&Received::read(EXCERPT), &rows).into_iter().collect()
    }

    fn held() -> Row {
        row("lectern.held", "gauge", "{unit}", &["what"])
    }

    #[test]
    fn a_metric_of_another_kind_or_unit_or_with_another_label_is_named() {
        assert_eq!(said(held(), Vec::new()), Vec::<String>::new());
        let wrong = said(row("lectern.held", "counter", "s", &[]), Vec::new());
        let expected = [
            "the metric lectern.held has the kind gauge, and in docs/telemetry.md counter",
            "the metric lectern.held has the unit {unit}, and in docs/telemetry.md s",
            "the metric lectern.held has what, which docs/telemetry.md does not name",
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_metric_that_docs_or_the_run_do_not_have_is_named() {
        let further =
            vec![row("process.uptime", "gauge", "s", &[]), row("lectern.dead_letters.total", "counter", "s", &[])];
        let missing = "the metric process.uptime was not received, and is not in observe/otherwise.rs";
        assert_eq!(said(held(), further), [missing], "dead letters are only there in other runs");
        let unknown = said(row("other", "gauge", "s", &[]), Vec::new());
        let expected = [
            "the metric lectern.held is in no row of docs/telemetry.md",
            "the metric other was not received, and is not in observe/otherwise.rs",
        ];
        assert_eq!(unknown, expected);
    }

    #[test]
    fn a_row_of_what_the_run_does_export_is_to_be_removed() {
        let there = Row { prometheus: "lectern_dead_letters_total".to_owned(), ..held() };
        let stale = said(there, Vec::new());
        assert!(stale.len() == 1 && stale[0].contains("a run exports lectern_dead_letters_total"), "{stale:?}");
    }

    #[test]
    fn a_metric_without_a_measurement_is_named() {
        let cut = EXCERPT.replace("NumberDataPoints #0\nData point attributes:\n     -> what", "Events:\n     -> what");
        let said = problems(&Received::read(&cut), &[held()]);
        assert!(said.contains("the metric lectern.held has no measurement"), "{said:?}");
    }
}
