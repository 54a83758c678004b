//! What is made from something else and committed: the chart's README, its copies of rules and
//! dashboards, the table of properties in the docs, and the last release's fixed fields.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::helm::CHART;
use super::{immutable, properties, readme};
use crate::repo;

const OBSERVABILITY: &str = "deploy/observability";
const DOCS: &str = "docs/deployment.md";
const BEGIN: &str = "<!-- properties: made by `cargo xtask chart --write` -->\n";
/// The fixed fields of the last release's objects, a file for each value set.
const RENDERED: &str = "deploy/helm/lectern/ci/rendered";
const END: &str = "<!-- properties: end -->\n";

/// A text file of the repository.
pub fn text(path: &str) -> Result<String> {
    fs::read_to_string(repo::path(path)).with_context(|| path.to_owned())
}

/// Files as they should be, by path; none for one that should not be there.
pub fn wanted() -> Result<BTreeMap<String, Option<String>>> {
    let mut wanted = BTreeMap::new();
    let readme = readme::make(&text(&format!("{CHART}/values.yaml"))?, &text("docs/runbook.md")?)?;
    wanted.insert(format!("{CHART}/README.md"), Some(readme));
    wanted.insert(format!("{CHART}/files/rules.yaml"), Some(text(&format!("{OBSERVABILITY}/rules.yaml"))?));
    for name in names(&format!("{CHART}/files/dashboards"), "json")? {
        wanted.insert(format!("{CHART}/files/dashboards/{name}"), None);
    }
    for name in names(&format!("{OBSERVABILITY}/dashboards"), "json")? {
        let dashboard = text(&format!("{OBSERVABILITY}/dashboards/{name}"))?;
        wanted.insert(format!("{CHART}/files/dashboards/{name}"), Some(dashboard));
    }
    let docs = text(DOCS)?;
    let (before, rest) = docs.split_once(BEGIN).with_context(|| format!("{DOCS} has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{DOCS} has no line {END}"))?;
    wanted.insert(DOCS.to_owned(), Some(format!("{before}{BEGIN}\n{}\n{END}{after}", properties::table())));
    Ok(wanted)
}

/// The names of the files with an extension in a folder, which need not be there; sorted.
pub fn names(folder: &str, extension: &str) -> Result<Vec<String>> {
    let folder = repo::path(folder);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Where files differ from what they should be, as lines; `write` mends them instead.
pub fn differing(wanted: &BTreeMap<String, Option<String>>, write: bool) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (path, content) in wanted {
        let file = repo::path(path);
        let now = fs::read_to_string(&file).ok();
        if now == *content {
            continue;
        }
        if !write {
            problems.push(format!("{path} is not as it is made: run `cargo xtask chart --write`"));
            continue;
        }
        match content {
            Some(content) => put(&file, content)?,
            None => fs::remove_file(&file).with_context(|| path.clone())?,
        }
        println!("wrote {path}");
    }
    Ok(problems)
}

fn put(file: &Path, content: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(file, content).with_context(|| file.display().to_string())
}

/// The fixed fields of the last release's objects, by value set. A value set that is newer than the
/// release has none. `release` makes this chart the last release.
pub fn last_release(sets: &BTreeMap<String, Vec<Value>>, release: bool) -> Result<BTreeMap<String, Vec<Value>>> {
    if release {
        for (set, objects) in sets {
            let fixed = serde_json::to_string_pretty(&immutable::fixed(objects))? + "\n";
            put(&repo::path(&format!("{RENDERED}/{set}.json")), &fixed)?;
        }
    }
    let mut last = BTreeMap::new();
    for name in names(RENDERED, "json")? {
        let path = format!("{RENDERED}/{name}");
        let objects = serde_json::from_str(&text(&path)?).with_context(|| path.clone())?;
        last.insert(name.trim_end_matches(".json").to_owned(), objects);
    }
    if last.is_empty() {
        bail!("{RENDERED} has nothing of the last release: take it from the release's tag");
    }
    Ok(last)
}
