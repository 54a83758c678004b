//! Prometheus and promtool, from Debian's package: unpacked among the tools, not installed. The
//! version is the one that Debian has for this machine when it is first asked for, and is printed.
//! The collector is a pinned tool like others.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use lectern_testkit::env::tools_dir;

use crate::tools::{self, install_once};
use crate::{files, process, repo};

/// The rules, from the root of the repository.
pub const RULES: &str = "deploy/helm/lectern/files/rules.yaml";
const TESTS: &str = "deploy/observability/tests";
const PACKAGE: &str = "prometheus";
const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

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
        let folder = tools_dir().join("prometheus-debian");
        let [prometheus, promtool] = PROGRAMS.map(|program| folder.join("bin").join(program));
        install_once(&folder, &promtool, |scratch| {
            if !process::on_path("apt-get") || !process::on_path("dpkg-deb") {
                bail!("Prometheus comes from a Debian package: run this on Debian or in a Debian container");
            }
            eprintln!("fetching {PACKAGE} (Debian, 19 MB)");
            let (package, bin) = (scratch.join("package"), scratch.join("bin"));
            fs::create_dir(&package)?;
            fs::create_dir(&bin)?;
            process::download_debian(&[PACKAGE], &package)
                .context("Debian's package of Prometheus cannot be downloaded")?;
            let tree = package.join("tree");
            process::unpack_debian(&package, &tree)?;
            for program in PROGRAMS {
                let unpacked = tree.join("usr/bin").join(program);
                fs::rename(&unpacked, bin.join(program)).with_context(|| unpacked.display().to_string())?;
            }
            process::remove_dir(&package)
        })?;
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
