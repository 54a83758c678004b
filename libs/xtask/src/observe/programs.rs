//! Prometheus and promtool, from Debian's package: unpacked among the tools, not installed. The
//! version is the one that Debian has for this machine when it is first asked for, and is printed.
//! The collector is a pinned tool like others.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{files, process, repo, tools};

/// The rules, from the root of the repository.
pub const RULES: &str = "deploy/helm/lectern/files/rules.yaml";
const TESTS: &str = "deploy/observability/tests";
const PACKAGE: &str = "prometheus";
/// From the root of the package.
const PROGRAMS: [&str; 2] = ["usr/bin/prometheus", "usr/bin/promtool"];

/// The programs.
pub struct Programs {
    /// Prometheus' server.
    pub prometheus: PathBuf,
    promtool: PathBuf,
    /// The collector of traces and metrics.
    pub collector: PathBuf,
    /// Prometheus' name and version, as it says them.
    pub version: String,
}

impl Programs {
    /// Fetches them unless an earlier run has.
    pub fn ready() -> Result<Self> {
        let [prometheus, promtool] = PROGRAMS;
        let folder = tools::unpacked_debian("prometheus-debian", &[PACKAGE], promtool)?;
        let (prometheus, promtool) = (folder.join(prometheus), folder.join(promtool));
        let said = process::said(&process::output(Command::new(&prometheus).arg("--version"))?);
        // `prometheus, version 2.42.0+ds (branch: debian/sid, revision: ...)`
        let version = said.split(" (").next().unwrap_or_default().trim().to_owned();
        Ok(Self { prometheus, promtool, collector: tools::ensure("rotel")?, version })
    }

    fn promtool(&self) -> Command {
        let mut command = Command::new(&self.promtool);
        command.current_dir(repo::root());
        command
    }

    /// Has the rules read.
    pub fn check_rules(&self) -> Result<()> {
        process::output(self.promtool().args(["check", "rules", RULES])).map(drop)
    }

    /// Runs the tests of the rules; the number of files with tests.
    pub fn test_rules(&self) -> Result<usize> {
        let files = files::with_extension(&repo::path(TESTS), "yaml")?;
        if files.is_empty() {
            bail!("{TESTS} has no file with tests of the rules");
        }
        process::output(self.promtool().args(["test", "rules"]).args(&files))?;
        Ok(files.len())
    }
}
