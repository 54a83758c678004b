//! A second opinion on the errors, by other means: which claims have a named entity that their
//! source has not, as spaCy's small English model finds entities. Nobody is held to it.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Question, answers, lines};
use crate::process;
use crate::pypi::Packages;

const SCRIPT: &str = include_str!("entities.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Grows with the requirements.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Entities {
    /// Entities of the claim that the source does not have.
    strange: Vec<String>,
}

/// Whether each claim has an entity that its source has not.
pub fn refused(questions: &[Question<'_>]) -> Result<Vec<bool>> {
    let packages = Packages {
        folder: &format!("second-opinion-{VERSION}"),
        requirements: REQUIREMENTS,
        product: "spacy",
        installing: "spaCy and its small English model (90 MB)",
        failed: "spaCy could not be installed from PyPI: check the network, and that this is CPython 3.11 or 3.13 on x86_64 \
                 Linux, for which its files are pinned",
    };
    let mut python = process::python()?;
    python.args(["-B", "-c", SCRIPT]).env("PYTHONPATH", packages.installed()?);
    let output = process::fed(&mut python, &lines(questions)?).context("python3")?;
    if !output.status.success() {
        bail!("spaCy ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let entities: Vec<Entities> = answers(&output.stdout, questions.len())?;
    Ok(entities.iter().map(|entities| !entities.strange.is_empty()).collect())
}
