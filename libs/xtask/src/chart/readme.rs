//! The chart's README, made from values.yaml and the runbook.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::values::{self, Entry};

const HEAD: &str = "\
# Helm chart of Lectern

<!-- Made by `cargo xtask chart --write`; do not edit. -->

Lectern turns documents into narrated audio. How it is installed, upgraded and seen to:
[docs/deployment.md](../../../docs/deployment.md#kubernetes); its settings:
[docs/infrastructure.md](../../../docs/infrastructure.md).

```console cluster
helm install lectern deploy/helm/lectern --namespace lectern --create-namespace --set image.registry=localhost
```

That is everything in one pod, for a trial, by an image that was loaded into the nodes. The folder
[ci](ci) has value sets for the four services: for a trial, for production, with TLS, scaled, and
from a registry of one's own.

## What database and queue must let each service do

Each service has a user of its own at MongoDB with the role `readWrite` on its own database
(`lectern_gateway`, `lectern_ingest`, `lectern_ai`, `lectern_tts`), and nothing else. At NATS each
has a user that may use these subjects:

";

const VALUES: &str = "
## Values

The keys of the chart stand here, and the schema refuses others. `settings`, and those of a service,
take further settings than these, such as `store.processes`, `queue.placement`,
`queue.inbox_prefix`, `server.tls.reload` and `client.tls.name`: all of them are in
[docs/infrastructure.md](../../../docs/infrastructure.md). Every key of `pods` may stand under a
service too.
";

const TABLE: &str = "| key | default | what |\n| --- | --- | --- |\n";
/// Columns that a line of prose may have.
const COLUMNS: usize = 100;

/// The README that values.yaml and the runbook make.
pub fn make(values: &str, runbook: &str) -> Result<String> {
    let entries = values::entries(values)?;
    let mut readme = HEAD.to_owned();
    readme.push_str(subjects(runbook).context("docs/runbook.md has no list of subjects under \"Users of NATS\"")?);
    readme.push_str(VALUES);
    for entry in &entries {
        if let [top] = entry.path.as_slice() {
            let is_map = entry.value.is_none();
            if is_map {
                write!(readme, "\n### `{top}`\n\n{}\n\n{TABLE}", wrapped(&sentence(entry)))?;
            } else if is_first_of_all(&entries, entry) {
                write!(readme, "\n### All objects\n\n{TABLE}")?;
            }
        }
        if let Some(value) = &entry.value {
            writeln!(readme, "| `{}` | `{}` | {} |", entry.key(), value.replace('|', "\\|"), cell(entry, &entries))?;
        }
    }
    Ok(readme)
}

/// The list in the section on users of NATS, with its fences.
fn subjects(runbook: &str) -> Option<&str> {
    let (_, section) = runbook.split_once("\n## Users of NATS\n")?;
    let start = section.find("```text\n")?;
    let rest = section.get(start..)?;
    let end = rest.find("\n```\n")? + "\n```\n".len();
    rest.get(..end)
}

fn sentence(entry: &Entry) -> String {
    let words = if entry.words.is_empty() { entry.key() } else { entry.words.clone() };
    if words.ends_with('.') { words } else { format!("{words}.") }
}

/// A paragraph in lines of at most [`COLUMNS`].
fn wrapped(text: &str) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

/// What is said of a value, with what is said of the map that it is in, where that is no section.
fn cell(entry: &Entry, entries: &[Entry]) -> String {
    let parent = entry.path.get(..entry.path.len() - 1).unwrap_or_default();
    let above = entries.iter().find(|other| other.path == parent && parent.len() > 1);
    let words = [above.map(|above| above.words.as_str()).unwrap_or_default(), &entry.words];
    let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
    words.join(": ").replace('|', "\\|")
}

fn is_first_of_all(entries: &[Entry], entry: &Entry) -> bool {
    let first = entries.iter().find(|other| other.path.len() == 1 && other.value.is_some());
    first.is_some_and(|first| first == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_has_every_value_and_the_subjects() {
        let runbook = "x\n\n## Users of NATS\n\nEach:\n\n```text\n# gateway, publish\nwork.>\n```\n\nMore.\n";
        let values = "# Which one\nprofile: a\n\n# The images\nimage:\n  # The tag\n  tag: \"\"\n  # Nested\n  pull:\n    # When\n    policy: x\n";
        let readme = make(values, runbook).unwrap();
        for line in [
            "| `profile` | `a` | Which one |",
            "### `image`",
            "The images.",
            "| `image.tag` | `\"\"` | The tag |",
            "| `image.pull.policy` | `x` | Nested: When |",
            "work.>",
        ] {
            assert!(readme.lines().any(|found| found == line), "{line} in\n{readme}");
        }
        assert_eq!(
            wrapped(&"word ".repeat(40)).lines().map(|line| line.len() <= COLUMNS).collect::<Vec<_>>(),
            [true, true]
        );
        assert!(!readme.contains("More."));
        assert!(make(values, "nothing").is_err());
    }
}
