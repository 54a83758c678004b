//! The licences of what a program is made from, with their texts: `THIRD-PARTY-LICENSES`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// How the names of files begin that have a licence's text or a notice that goes with it.
const NAMES: [&str; 6] = ["license", "licence", "copying", "notice", "copyright", "unlicense"];
/// Endings of files that begin so and have no text of a licence.
const NOT_TEXTS: [&str; 4] = ["rs", "html", "json", "toml"];
/// The largest text that is taken, in bytes.
const LARGEST: u64 = 512 << 10;

/// What `cargo metadata` says.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

/// One package, ours or another's.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    #[serde(default)]
    pub license_file: Option<PathBuf>,
    #[serde(default)]
    pub authors: Vec<String>,
    pub repository: Option<String>,
    pub manifest_path: PathBuf,
    /// Where it was fetched from; none for our own.
    pub source: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    /// None for what is linked, `build` and `dev` for the rest.
    kind: Option<String>,
}

impl Metadata {
    /// Our own package of this name.
    pub fn own(&self, name: &str) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == name && package.source.is_none());
        found.with_context(|| format!("cargo knows no package {name} of ours"))
    }

    /// What others made of which the package is made, by name and version: what is linked, and the
    /// macros by which its code is written.
    pub fn third_parties(&self, name: &str) -> Result<Vec<&Package>> {
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut reached = BTreeSet::new();
        let mut open = vec![self.own(name)?.id.as_str()];
        while let Some(id) = open.pop() {
            if !reached.insert(id) {
                continue;
            }
            let linked = |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
            let node = nodes.get(id).with_context(|| format!("cargo resolved no {id}"))?;
            open.extend(node.deps.iter().filter(linked).map(|dependency| dependency.pkg.as_str()));
        }
        let theirs = |package: &&Package| package.source.is_some() && reached.contains(package.id.as_str());
        let mut found: Vec<&Package> = self.packages.iter().filter(theirs).collect();
        found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(found)
    }
}

impl Package {
    fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn expression(&self) -> String {
        match (&self.license, &self.license_file) {
            (Some(expression), _) => expression.clone(),
            (None, Some(file)) => format!("see {}", file.display()),
            (None, None) => "none that is declared".to_owned(),
        }
    }

    /// The repository without what differs between its packages.
    fn project(&self) -> Option<&str> {
        let url = self.repository.as_deref()?;
        let url = url.split("/tree/").next().unwrap_or(url);
        Some(url.trim_end_matches('/').trim_end_matches(".git"))
    }

    /// Whether the Apache licence is enough.
    fn offers_apache(&self) -> bool {
        let expression = self.license.as_deref().unwrap_or_default();
        !expression.contains(" AND ") && expression.split([' ', '/', '(', ')']).any(|word| word == "Apache-2.0")
    }
}

/// The texts that lie with a package's source, those of its bundled sources one folder deeper
/// included.
fn texts_of(package: &Package) -> Result<Vec<String>> {
    let folder = package.manifest_path.parent().with_context(|| package.shown())?;
    let mut files = BTreeSet::new();
    files.extend(package.license_file.as_ref().map(|file| folder.join(file)));
    for (path, name) in entries(folder)? {
        if path.is_dir() {
            let bundled = entries(&path)?.into_iter();
            files.extend(bundled.filter(|(_, name)| name.starts_with("license")).map(|(path, _)| path));
        } else if NAMES.iter().any(|begin| name.starts_with(begin)) {
            files.insert(path);
        }
    }
    let mut texts = Vec::new();
    for file in files.iter().filter(|file| is_text(file)) {
        let bytes = fs::read(file).with_context(|| file.display().to_string())?;
        let text = tidy(&String::from_utf8_lossy(&bytes));
        // Some only point to another file of the repository.
        if text.lines().count() > 1 {
            texts.push(text);
        }
    }
    Ok(texts)
}

/// What is in a folder, with names in small letters, sorted.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        found.push((entry.path(), entry.file_name().to_string_lossy().to_lowercase()));
    }
    found.sort();
    Ok(found)
}

fn is_text(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let small = fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST);
    small && !NOT_TEXTS.contains(&ending.as_str())
}

fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The whole file. `apache` is the text of the Apache licence, for packages that come under it and
/// without a text of their own.
pub fn third_party_licenses(program: &Package, packages: &[&Package], apache: &str) -> Result<String> {
    let mut own = BTreeMap::new();
    for package in packages {
        own.insert(package.id.as_str(), texts_of(package)?);
    }
    let mut numbers = Numbers::default();
    let mut list = String::new();
    let mut lacking = Vec::new();
    for package in packages {
        let texts = match own.get(package.id.as_str()) {
            Some(texts) if !texts.is_empty() => texts.clone(),
            Some(_) | None => match stand_in(package, packages, &own, apache) {
                Some(texts) => texts,
                None => {
                    lacking.push(format!("{} ({})", package.shown(), package.expression()));
                    continue;
                }
            },
        };
        let shown: Vec<String> = texts.iter().map(|text| numbers.of(text, &package.shown()).to_string()).collect();
        let _ = writeln!(list, "{}: {}; text {}", package.shown(), package.expression(), shown.join(", "));
    }
    if !lacking.is_empty() {
        bail!(
            "no text of a licence lies with {}: say in libs/xtask/src/dist/licenses.rs which one stands for it",
            lacking.join(", ")
        );
    }
    let std = numbers.of(&tidy(apache), "the Rust standard library");
    let _ = writeln!(list, "the Rust standard library: MIT OR Apache-2.0; text {std}");
    let _ = writeln!(list, "SQLite, within libsqlite3-sys: public domain (https://sqlite.org/copyright.html)");
    Ok(format!(
        "Licences of what {} is made from\n\n\
         The package, its licence as its authors declare it (SPDX), and the texts that lie with its source, numbered below.\n\n\
         {list}\n{}",
        program.shown(),
        numbers.printed()
    ))
}

/// What stands for the texts of a package that ships none.
fn stand_in(
    package: &Package,
    packages: &[&Package],
    own: &BTreeMap<&str, Vec<String>>,
    apache: &str,
) -> Option<Vec<String>> {
    let alike = |other: &&&Package| other.license == package.license && other.project() == package.project();
    let with_texts = |other: &&Package| own.get(other.id.as_str()).filter(|texts| !texts.is_empty()).cloned();
    if package.project().is_some()
        && let Some(texts) = packages.iter().filter(alike).find_map(with_texts)
    {
        return Some(texts);
    }
    if package.offers_apache() {
        return Some(vec![tidy(apache)]);
    }
    match package.license.as_deref() {
        Some("MIT") if !package.authors.is_empty() => Some(vec![tidy(&mit(&package.authors.join(", ")))]),
        // Its text names nobody.
        Some("MPL-2.0") => {
            let mozilla = |text: &&String| text.starts_with("Mozilla Public License");
            packages
                .iter()
                .filter_map(with_texts)
                .find_map(|texts| texts.iter().find(mozilla).cloned())
                .map(|text| vec![text])
        }
        Some(_) | None => None,
    }
}

/// Texts, each once, in the order in which they were first named.
#[derive(Default)]
struct Numbers {
    /// A text without its white space, and its place.
    places: BTreeMap<String, usize>,
    texts: Vec<(String, Vec<String>)>,
}

impl Numbers {
    /// The number of a text, from 1; `of` is noted as having it.
    fn of(&mut self, text: &str, of: &str) -> usize {
        let bare: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let next = self.texts.len();
        let place = *self.places.entry(bare).or_insert(next);
        if place == next {
            self.texts.push((text.to_owned(), Vec::new()));
        }
        if let Some((_, whose)) = self.texts.get_mut(place)
            && whose.last().is_none_or(|last| last != of)
        {
            whose.push(of.to_owned());
        }
        place + 1
    }

    fn printed(&self) -> String {
        let mut printed = String::new();
        for (at, (text, whose)) in self.texts.iter().enumerate() {
            let line = "-".repeat(80);
            let _ = writeln!(printed, "{line}\nText {}, of {}\n{line}\n\n{text}\n", at + 1, whose.join(", "));
        }
        printed
    }
}

/// The MIT licence (SPDX), for packages that declare it and ship no text.
fn mit(holders: &str) -> String {
    format!(
        "MIT License\n\n\
         Copyright (c) {holders}\n\n\
         Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated\n\
         documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation\n\
         the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and\n\
         to permit persons to whom the Software is furnished to do so, subject to the following conditions:\n\n\
         The above copyright notice and this permission notice shall be included in all copies or substantial portions of\n\
         the Software.\n\n\
         THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO\n\
         THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE\n\
         AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF\n\
         CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS\n\
         IN THE SOFTWARE.\n"
    )
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;
    use serde_json::json;

    use super::*;

    const APACHE: &str = "Apache License\nVersion 2.0\n";

    /// A package's name, its licence, and the files that lie there with their texts.
    type Described<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

    /// Packages in folders of their own.
    fn metadata(root: &Path, packages: &[Described<'_>]) -> Metadata {
        let mut described = vec![json!({
            "id": "lectern", "name": "lectern", "version": "0.1.0", "license": "Apache-2.0", "repository": null,
            "manifest_path": root.join("lectern/Cargo.toml"), "source": null,
        })];
        let mut deps = Vec::new();
        for (name, license, files) in packages {
            let folder = root.join(name);
            for (file, text) in *files {
                let file = folder.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            fs::create_dir_all(&folder).unwrap();
            described.push(json!({
                "id": name, "name": name, "version": "1.0.0", "license": license, "authors": ["A. Author"],
                "repository": format!("https://example.com/{}", name.trim_end_matches("-sys")),
                "manifest_path": folder.join("Cargo.toml"), "source": "registry",
            }));
            let kind = if name.starts_with("dev") { json!("dev") } else { json!(null) };
            deps.push(json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] }));
        }
        let mut nodes: Vec<_> = packages.iter().map(|(name, _, _)| json!({ "id": name, "deps": [] })).collect();
        nodes.push(json!({ "id": "lectern", "deps": deps }));
        serde_json::from_value(json!({ "packages": described, "resolve": { "nodes": nodes } })).unwrap()
    }

    fn licenses(packages: &[Described<'_>]) -> Result<String> {
        let temp = temp_dir().unwrap();
        let metadata = metadata(temp.path(), packages);
        third_party_licenses(metadata.own("lectern")?, &metadata.third_parties("lectern")?, APACHE)
    }

    #[test]
    fn each_package_is_named_with_its_texts_and_equal_texts_are_printed_once() {
        let text = licenses(&[
            ("b", "MIT", &[("LICENSE", "MIT License\n\nCopyright B\n")]),
            ("a", "MIT OR Apache-2.0", &[("LICENSE-MIT", "MIT  License\r\nCopyright B"), ("LICENSE-APACHE", APACHE)]),
            (
                "c",
                "BSD-3-Clause",
                &[("c/LICENSE", "BSD\nof the C code"), ("COPYING", "BSD\nof c"), ("license.rs", "x\ny")],
            ),
            ("dev", "GPL-3.0", &[]),
        ])
        .unwrap();
        assert!(text.contains("a 1.0.0: MIT OR Apache-2.0; text 1, 2\nb 1.0.0: MIT; text 2\n"), "{text}");
        assert!(text.contains("c 1.0.0: BSD-3-Clause; text 3, 4\n"), "{text}");
        assert!(text.contains("Text 2, of a 1.0.0, b 1.0.0"), "{text}");
        assert_eq!(text.matches("Copyright B").count(), 1, "{text}");
        assert!(!text.contains("dev 1.0.0"), "what is not linked is not listed: {text}");
    }

    #[test]
    fn a_package_without_a_text_has_that_of_its_licence_or_of_its_siblings() {
        let text = licenses(&[
            ("a", "BSD-2-Clause", &[("LICENSE", "BSD\nby A")]),
            ("a-sys", "BSD-2-Clause", &[]),
            ("b", "Apache-2.0/MIT", &[]),
            ("c", "MIT", &[]),
            ("m", "MPL-2.0", &[("LICENSE", "Mozilla Public License Version 2.0\n1. Definitions")]),
            ("n", "MPL-2.0", &[]),
        ])
        .unwrap();
        for line in [
            "a 1.0.0: BSD-2-Clause; text 1",
            "a-sys 1.0.0: BSD-2-Clause; text 1",
            "b 1.0.0: Apache-2.0/MIT; text 2",
            "c 1.0.0: MIT; text 3",
            "m 1.0.0: MPL-2.0; text 4",
            "n 1.0.0: MPL-2.0; text 4",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
        }
        assert!(text.contains("Copyright (c) A. Author"), "{text}");
    }

    #[test]
    fn a_package_that_nothing_stands_for_fails_the_whole() {
        let lacking =
            licenses(&[("a", "ISC", &[]), ("b", "(MIT OR Apache-2.0) AND ISC", &[])]).unwrap_err().to_string();
        assert!(lacking.contains("a 1.0.0 (ISC)") && lacking.contains("b 1.0.0"), "{lacking}");
    }
}
