//! The real Helm, pinned, as it renders and lints the chart.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result};

use crate::{process, repo, tools};

/// The chart, from the root of the repository.
pub const CHART: &str = "deploy/helm/lectern";

/// Helm on the chart, for one release.
pub struct Helm {
    program: PathBuf,
    release: String,
}

impl Helm {
    /// The pinned Helm, installed if it was not. The release is `lectern`.
    pub fn pinned() -> Result<Self> {
        Ok(Self { program: tools::ensure("helm")?, release: "lectern".to_owned() })
    }

    /// The same for a release of another name.
    pub fn named(&self, release: &str) -> Self {
        Self { program: self.program.clone(), release: release.to_owned() }
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // No plugin, repository or cluster of the contributor's.
        command.env("HELM_PLUGINS", "/nonexistent").env("KUBECONFIG", "/dev/null").current_dir(repo::root());
        command.args(verb);
        command
    }

    /// What `helm template` makes of the chart with these values and, over them, those of
    /// `overlay`, which is YAML. A refusal is no error of this function: its output says so.
    pub fn template(&self, values: Option<&Path>, overlay: Option<&str>) -> Result<Output> {
        self.template_with(values, overlay, &[])
    }

    /// The same with further arguments.
    pub fn template_with(&self, values: Option<&Path>, overlay: Option<&str>, more: &[&str]) -> Result<Output> {
        let mut command = self.command(&["template", self.release.as_str(), CHART, "--namespace", "lectern"]);
        command.args(more);
        name_values(&mut command, values, overlay.is_some());
        process::fed(&mut command, overlay.unwrap_or_default().as_bytes()).context("helm")
    }

    /// The rendered chart.
    pub fn render(&self, values: &Path) -> Result<String> {
        let output = self.template(Some(values), None)?;
        if !output.status.success() {
            anyhow::bail!("{} is not rendered: {}", values.display(), process::said(&output).trim_end());
        }
        String::from_utf8(output.stdout).context("helm writes UTF-8")
    }

    /// What a person is told after an install, `NOTES.txt` as it is rendered.
    pub fn notes(&self, values: &Path) -> Result<String> {
        let verb = ["install", self.release.as_str(), CHART, "--namespace", "lectern", "--dry-run=client"];
        let mut command = self.command(&verb);
        name_values(&mut command, Some(values), false);
        let output = String::from_utf8(process::output(&mut command)?.stdout).context("helm writes UTF-8")?;
        Ok(output.split_once("NOTES:\n").map(|(_, notes)| notes.to_owned()).unwrap_or_default())
    }

    /// `helm lint --strict`.
    pub fn lint(&self, values: &Path) -> Result<()> {
        let mut command = self.command(&["lint", "--strict", "--quiet", CHART, "--namespace", "lectern"]);
        name_values(&mut command, Some(values), false);
        process::output(&mut command).map(drop)
    }
}

/// Names the files of values; the overlay comes by standard input.
fn name_values(command: &mut Command, values: Option<&Path>, overlay: bool) {
    if let Some(values) = values {
        command.arg("--values").arg(values);
    }
    if overlay {
        command.args(["--values", "-"]);
    }
}
