//! Wrong values, each refused with a message that names the key.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::helm::Helm;
use crate::process;

/// Wrong files that there must be at least.
const LEAST: usize = 20;

/// The wrong files that are taken, or refused with other words, as lines. The first lines of a file
/// say over which value set it is laid, and what its refusal must name: `# base: SET` and
/// `# refused: TEXT`; and where it is refused there alone, of which version of Kubernetes the
/// cluster is, `# kubernetes: VERSION`.
pub fn taken(helm: &Helm, sets: &BTreeMap<String, PathBuf>, wrong: &[PathBuf]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in wrong {
        let shown = file.display();
        let text = fs::read_to_string(file).with_context(|| shown.to_string())?;
        let said = |what: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix("# ")?.strip_prefix(what)?.strip_prefix(": "))
        };
        let base = said("base").with_context(|| format!("{shown}: write `# base: SET`"))?;
        let key = said("refused").with_context(|| format!("{shown}: write `# refused: TEXT`"))?;
        let base = sets.get(base).with_context(|| format!("{shown}: no value set is named {base}"))?;
        let version = said("kubernetes").map(|version| ["--kube-version", version]);
        let more = version.as_ref().map(<[&str; 2]>::as_slice).unwrap_or_default();
        let output = helm.template_with(Some(base), Some(&text), more)?;
        let message = process::said(&output);
        if output.status.success() {
            problems.push(format!("{shown} is taken"));
        } else if !message.contains(key) {
            problems.push(format!("{shown} is refused without a word of {key}: {}", message.trim_end()));
        }
    }
    if wrong.len() < LEAST {
        problems.push(format!("there are {} wrong files: {LEAST} are needed", wrong.len()));
    }
    Ok(problems)
}
