//! The Helm chart as an operator uses it: the real Helm, a stand-in for the cluster's API, and what
//! is to hold of the objects that are there then.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "helpers of tests fail like tests")]

mod helm;
mod look;

pub use helm::{Helm, Outcome, RELEASE};
pub use look::{Id, References, annotation, id, kept, of_kind, replicas, text};

use std::path::{Path, PathBuf};

/// The namespace that releases are installed into.
pub const NAMESPACE: &str = "lectern";
/// The other namespace: the objects of one value set are in it.
pub const ELSEWHERE: &str = "audio";

/// The folder of the chart.
#[must_use]
pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/helm/lectern")
}

/// The file of a value set that the chart is tested with.
#[must_use]
pub fn value_set(name: &str) -> PathBuf {
    chart().join("ci").join(format!("{name}.yaml"))
}

/// The names of all value sets, in order.
#[must_use]
pub fn value_sets() -> Vec<String> {
    let folder = std::fs::read_dir(chart().join("ci")).expect("the folder of value sets");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let sets = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let mut names: Vec<String> = sets.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}
