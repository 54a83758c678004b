//! The table of metrics in `docs/telemetry.md` is made from the catalogue. To write it anew:
//!
//! ```console
//! LECTERN_WRITE_DOCS=1 cargo xtask test -p lectern-runtime the_table_of_metrics
//! ```

use std::fmt::Write as _;

use super::catalogue::{CATALOGUE, MetricRow};

fn row(row: &MetricRow) -> String {
    let labels: Vec<_> = row.labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
    let MetricRow { name, unit, service, description, .. } = row;
    let (kind, prometheus) = (row.kind.as_str(), row.prometheus());
    format!("| `{name}` | `{prometheus}` | {kind} | `{unit}` | {labels} | {service} | {description} |\n")
}

fn table() -> String {
    let mut table = String::from(
        "\n| name | Prometheus | kind | unit | labels | service | what |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for metric in CATALOGUE {
        write!(table, "{}", row(metric)).unwrap();
    }
    table
}

#[test]
fn the_table_of_metrics_is_that_of_the_catalogue() {
    let test = "-p lectern-runtime the_table_of_metrics";
    lectern_testkit::pages::check_part("telemetry.md", "metrics", &table(), test);
}
