//! Relative links in Markdown files lead to files that exist.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::written;
use crate::repo;

/// Checks every Markdown file that git knows or would add.
pub fn check() -> Result<bool> {
    let mut passed = true;
    for (file, text) in written(&["*.md"])? {
        let path = repo::path(&file);
        for (line, target) in links(&text) {
            if !exists(&path, &target) {
                eprintln!("{file}:{line}: no such file: {target}");
                passed = false;
            }
        }
    }
    Ok(passed)
}

/// Line and target of every inline link and image, those in code left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second part between backticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let mut rest = prose.as_str();
        while let Some(start) = rest.find("](") {
            rest = &rest[start + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next().unwrap_or_default();
            found.push((index + 1, target.trim_matches(['<', '>']).to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

fn exists(file: &Path, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return true;
    }
    let base: PathBuf =
        if path.starts_with('/') { repo::root().to_owned() } else { file.parent().unwrap_or(file).to_owned() };
    base.join(path.trim_start_matches('/')).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code_only() {
        let text = "See [a](docs/a.md) and ![b](b.png \"title\").\n```\n[c](c.md)\n```\n`[d](d.md)` [e](#here)\n";
        let found: Vec<_> = links(text).into_iter().map(|(_, target)| target).collect();
        assert_eq!(found, ["docs/a.md", "b.png", "#here"]);
    }
}
