//! What is made from something else and committed: the chart's README, the table of properties in
//! the docs, and the last release's fixed fields.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::helm::CHART;
use super::{immutable, properties, readme};
use crate::{files, repo};

const DOCS: &str = "docs/deployment.md";
const BEGIN: &str = "<!-- properties: made by `cargo xtask chart --write` -->\n";
/// The fixed fields of the last release's objects, a file for each value set.
const RENDERED: &str = "deploy/helm/lectern/ci/rendered";
const END: &str = "<!-- properties: end -->\n";

/// A text file of the repository.
pub fn text(path: &str) -> Result<String> {
    fs::read_to_string(repo::path(path)).with_context(|| path.to_owned())
}

/// Files as they should be, by path.
pub fn wanted() -> Result<[(String, String); 2]> {
    let readme = readme::make(&text(&format!("{CHART}/values.yaml"))?, &text("docs/runbook.md")?)?;
    let docs = text(DOCS)?;
    let (before, rest) = docs.split_once(BEGIN).with_context(|| format!("{DOCS} has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{DOCS} has no line {END}"))?;
    let docs = format!("{before}{BEGIN}\n{}\n{END}{after}", properties::table());
    Ok([(format!("{CHART}/README.md"), readme), (DOCS.to_owned(), docs)])
}

/// Where files differ from what they should be, as lines; `write` mends them instead.
pub fn differing(wanted: &[(String, String)], write: bool) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (path, content) in wanted {
        let file = repo::path(path);
        if fs::read_to_string(&file).is_ok_and(|now| now == *content) {
            continue;
        }
        if write {
            files::put(&file, content.as_bytes())?;
            println!("wrote {path}");
        } else {
            problems.push(format!("{path} is not as it is made: run `cargo xtask chart --write`"));
        }
    }
    Ok(problems)
}

/// The fixed fields of the last release's objects, by value set. A value set that is newer than the
/// release has none. `release` makes this chart the last release.
pub fn last_release(sets: &BTreeMap<String, Vec<Value>>, release: bool) -> Result<BTreeMap<String, Vec<Value>>> {
    if release {
        for (set, objects) in sets {
            let fixed = serde_json::to_string_pretty(&immutable::fixed(objects))? + "\n";
            files::put(&repo::path(&format!("{RENDERED}/{set}.json")), fixed.as_bytes())?;
        }
    }
    let mut last = BTreeMap::new();
    let folder = repo::path(RENDERED);
    let files = if folder.is_dir() { files::with_extension(&folder, "json")? } else { Vec::new() };
    for file in files {
        let set = file.file_stem().unwrap_or_default().to_string_lossy();
        let path = format!("{RENDERED}/{set}.json");
        let objects = serde_json::from_str(&text(&path)?).with_context(|| path.clone())?;
        last.insert(set.into_owned(), objects);
    }
    if last.is_empty() {
        bail!("{RENDERED} has nothing of the last release: take it from the release's tag");
    }
    Ok(last)
}
