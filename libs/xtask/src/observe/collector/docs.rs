//! What `docs/telemetry.md` says that spans and metrics have.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::repo;

/// The page, from the root of the repository.
pub const PAGE: &str = "docs/telemetry.md";
/// The heads of its tables of spans and of metrics.
const SPANS: &str = "| span | kind | attributes |";
const METRICS: &str = "| name | Prometheus | kind | unit | labels | service | what |";

/// What the page names.
#[derive(Debug)]
pub struct Named {
    /// The attributes of spans.
    pub attributes: BTreeSet<String>,
    pub metrics: Vec<Row>,
}

/// A metric. The table is made from the catalogue of the services, on which this tool does not
/// depend.
#[derive(Debug, Default)]
pub struct Row {
    pub name: String,
    /// As Prometheus knows it.
    pub prometheus: String,
    pub kind: String,
    pub unit: String,
    pub labels: BTreeSet<String>,
}

impl Named {
    /// Reads the page.
    pub fn read() -> Result<Self> {
        let path = repo::path(PAGE);
        Self::of(&fs::read_to_string(&path).with_context(|| path.display().to_string())?)
    }

    fn of(page: &str) -> Result<Self> {
        let attributes =
            rows(page, SPANS).iter().filter_map(|cells| cells.last()).flat_map(|cell| words(cell)).collect();
        let metrics = rows(page, METRICS).iter().map(|cells| Row::of(cells)).collect::<Result<Vec<_>>>()?;
        let named = Self { attributes, metrics };
        if named.attributes.is_empty() || named.metrics.is_empty() {
            bail!("{PAGE} has no table that begins with {SPANS:?}, or none that begins with {METRICS:?}");
        }
        Ok(named)
    }
}

impl Row {
    fn of(cells: &[&str]) -> Result<Self> {
        let [name, prometheus, kind, unit, labels, ..] = cells else { bail!("{PAGE}: {cells:?} is no metric") };
        let word = |cell: &str| words(cell).next().with_context(|| format!("{PAGE}: {cell:?} of {name} is no name"));
        Ok(Self {
            name: word(name)?,
            prometheus: word(prometheus)?,
            kind: (*kind).to_owned(),
            unit: word(unit)?,
            labels: words(labels).collect(),
        })
    }
}

/// The cells of the rows of the table that begins with `head`.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let lines = page.lines().skip_while(|line| *line != head).skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The words of a cell that are in backticks.
fn words(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_page_are_read() {
        let named = Named::read().unwrap();
        for name in ["rpc.method", "rpc.method_original", "error.type", "db.operation.batch.size", "deliveries"] {
            assert!(named.attributes.contains(name), "{name}");
        }
        assert!(!named.attributes.contains("_OTHER"), "the name of a span");
        let row = |name: &str| named.metrics.iter().find(|row| row.name == name).unwrap();
        let wait = row("lectern.dispatch.wait");
        assert_eq!((wait.kind.as_str(), wait.unit.as_str()), ("histogram", "s"));
        assert_eq!(wait.prometheus, "lectern_dispatch_wait_seconds");
        assert_eq!(wait.labels, BTreeSet::from(["lane", "service"].map(str::to_owned)));
        assert!(row("process.uptime").labels.is_empty());
    }

    #[test]
    fn a_page_without_its_tables_is_refused() {
        assert!(Named::of("# What there is to see\n").is_err());
        let page =
            format!("{SPANS}\n| --- |\n| a | b | `c` |\n\n{METRICS}\n| --- |\n| `a` | b | gauge | `s` | none |\n");
        assert!(format!("{:#}", Named::of(&page).unwrap_err()).contains("\"b\" of `a` is no name"));
    }
}
