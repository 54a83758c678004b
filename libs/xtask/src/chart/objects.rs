//! Rendered objects: read and held to their schemas by a program in Python, where the schemas of
//! Kubernetes are to be had, and looked into here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pypi::Packages;
use crate::{files, process, repo};

const SCRIPT: &str = include_str!("objects.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Grows with the requirements.
const VERSION: u32 = 1;

/// The versions of Kubernetes whose schemas must know every object: the oldest that the chart
/// declares, and the newest that there is.
pub const VERSIONS: [&str; 2] = ["1.33", "1.37"];

#[derive(Serialize)]
struct Asked<'a> {
    texts: &'a BTreeMap<String, String>,
    versions: [&'a str; 2],
    crds: Vec<PathBuf>,
    facts: Vec<PathBuf>,
}

/// What was read.
#[derive(Deserialize)]
pub struct Read {
    /// The objects of each text.
    pub objects: BTreeMap<String, Vec<Value>>,
    /// Where an object is not as its schema says.
    pub problems: Vec<String>,
    /// The files that were read beside, by path.
    pub facts: BTreeMap<PathBuf, Value>,
}

/// Reads rendered texts by name, and YAML files beside.
pub fn read(texts: &BTreeMap<String, String>, facts: Vec<PathBuf>) -> Result<Read> {
    let crds = files::with_extension(&repo::path("third_party/crds"), "yaml")?;
    let asked = serde_json::to_vec(&Asked { texts, versions: VERSIONS, crds, facts })?;
    let mut command = process::python()?;
    command.args(["-c", SCRIPT]).env("PYTHONPATH", packages()?);
    let output = process::fed(&mut command, &asked).context("python3")?;
    if !output.status.success() {
        bail!("the objects could not be read: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    serde_json::from_slice(&output.stdout).context("objects.py")
}

/// The folder of the Python packages, installed if they were not.
fn packages() -> Result<PathBuf> {
    let packages = Packages {
        folder: &format!("kubernetes-schemas-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "kubernetes_validate",
        installing: "the schemas of Kubernetes",
        failed: "the schemas of Kubernetes could not be fetched from PyPI",
    };
    packages.installed()
}

/// One rendered object of a value set.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The value set.
    pub set: &'a str,
    /// The object.
    pub value: &'a Value,
}

impl<'a> Object<'a> {
    /// Its kind.
    pub fn kind(self) -> &'a str {
        text(self.value, "/kind")
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        text(self.value, "/metadata/name")
    }

    /// The part of Lectern that it belongs to: a service, `hooks`, `smoke`.
    pub fn component(self) -> &'a str {
        text(self.value, "/metadata/labels/app.kubernetes.io~1component")
    }

    /// An annotation; empty for none.
    pub fn annotation(self, name: &str) -> &'a str {
        text(self.value, &format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1")))
    }

    /// Whether it is a hook, which Helm makes apart from the release.
    pub fn is_hook(self) -> bool {
        !self.annotation("helm.sh/hook").is_empty()
    }

    /// What it makes pods of, if it does.
    pub fn pod(self) -> Option<Pod<'a>> {
        let template = match self.kind() {
            "Deployment" | "StatefulSet" | "Job" => self.value.pointer("/spec/template")?,
            "Pod" => self.value,
            _ => return None,
        };
        Some(Pod { owner: self, template })
    }
}

/// Pods of a rendered object.
#[derive(Debug, Clone, Copy)]
pub struct Pod<'a> {
    /// What makes them.
    pub owner: Object<'a>,
    /// Their metadata and spec.
    pub template: &'a Value,
}

impl<'a> Pod<'a> {
    /// Their spec.
    pub fn spec(self) -> &'a Value {
        at(self.template, "/spec")
    }

    /// Their labels.
    pub fn labels(self) -> &'a Value {
        at(self.template, "/metadata/labels")
    }

    /// All containers, those that run before the others included.
    pub fn containers(self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec();
        list(spec, "/initContainers").iter().chain(list(spec, "/containers"))
    }

    /// Whether the program in it is ours.
    pub fn is_ours(self) -> bool {
        !["mongodb", "nats"].contains(&self.owner.component())
    }
}

static NOTHING: Value = Value::Null;

/// What stands at a JSON pointer; null where nothing does.
pub fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NOTHING)
}

/// The text at a pointer; empty for none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The list at a pointer; empty for none.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The whole number at a pointer; -1 for none.
pub fn number(value: &Value, pointer: &str) -> i64 {
    at(value, pointer).as_i64().unwrap_or(-1)
}

/// Every text in a value, with the key that it stands at.
pub fn texts<'a>(value: &'a Value, key: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Value::Object(map) => map.iter().for_each(|(key, item)| texts(item, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
