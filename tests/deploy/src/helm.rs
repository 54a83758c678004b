//! The real Helm, with everything that it keeps in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use lectern_testkit::kubernetes::Kubernetes;
use lectern_testkit::{TempDir, pins, temp_dir};
use serde_json::Value;

use crate::{NAMESPACE, chart, value_set};

/// The release of most tests.
pub const RELEASE: &str = "lectern";
/// How long Helm waits for anything: the stand-in is there at once, so it is for a busy machine.
const WAITS: &str = "90s";

/// Helm, and the cluster that it works on.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    home: TempDir,
    release: String,
}

/// What became of one command.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// What it wrote to both outputs.
    pub output: String,
}

impl Outcome {
    /// It succeeded.
    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        assert!(self.succeeded, "{}", self.output);
        self
    }

    /// It failed, and says this.
    #[track_caller]
    pub fn fails_with(&self, words: &str) -> &Self {
        assert!(!self.succeeded, "it was to fail: {}", self.output);
        assert!(self.output.contains(words), "it says nothing of {words:?}: {}", self.output);
        self
    }
}

impl Helm {
    /// One that works on this cluster, with [`RELEASE`].
    ///
    /// # Panics
    ///
    /// When Helm is not installed, saying what to run.
    #[must_use]
    pub fn on(cluster: &Kubernetes) -> Self {
        Self::with_release(cluster, RELEASE)
    }

    /// The same with a release of this name.
    ///
    /// # Panics
    ///
    /// When Helm is not installed, saying what to run.
    #[must_use]
    pub fn with_release(cluster: &Kubernetes, release: &str) -> Self {
        let program = pins::find("helm").expect("the pin of helm in tools.toml").program();
        assert!(program.is_file(), "{} is not there: run `cargo xtask tools helm`", program.display());
        let home = temp_dir().expect("a folder");
        std::fs::write(home.path().join("kubeconfig"), cluster.kubeconfig()).expect("a kubeconfig");
        Self { program, home, release: release.to_owned() }
    }

    /// Runs a command of Helm in the release's namespace.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        let inside = |name: &str| self.home.path().join(name);
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--namespace", NAMESPACE]);
        command.env("KUBECONFIG", inside("kubeconfig"));
        for (variable, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            command.env(variable, inside(folder));
        }
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let written = [output.stdout, output.stderr].concat();
        Outcome { succeeded: output.status.success(), output: String::from_utf8_lossy(&written).into_owned() }
    }

    /// Installs the chart with a value set, and waits.
    pub fn install(&self, set: &str, more: &[&str]) -> Outcome {
        self.change("install", set, more)
    }

    /// Upgrades the release with a value set, and waits.
    pub fn upgrade(&self, set: &str, more: &[&str]) -> Outcome {
        self.change("upgrade", set, more)
    }

    fn change(&self, verb: &str, set: &str, more: &[&str]) -> Outcome {
        let (chart, values) = (words(&chart()), words(&value_set(set)));
        let fixed = [verb, &self.release, &chart, "--values", &values, "--wait", "--timeout", WAITS];
        self.run(fixed.iter().chain(more))
    }

    /// Goes back to a revision, and waits.
    pub fn rollback(&self, revision: u32) -> Outcome {
        self.run(["rollback", &self.release, &revision.to_string(), "--wait", "--timeout", WAITS])
    }

    /// Runs the chart's own tests.
    pub fn test(&self) -> Outcome {
        self.run(["test", &self.release, "--timeout", WAITS])
    }

    /// Uninstalls the release, and waits.
    pub fn uninstall(&self) -> Outcome {
        self.run(["uninstall", &self.release, "--wait", "--timeout", WAITS])
    }

    /// The status of every revision, the first one first.
    ///
    /// # Panics
    ///
    /// When there is no history.
    #[must_use]
    pub fn history(&self) -> Vec<String> {
        let told = self.run(["history", &self.release, "--output", "json"]);
        let revisions: Value = serde_json::from_str(&told.succeeds().output).expect("JSON");
        let status = |revision: &Value| revision["status"].as_str().expect("a status").to_owned();
        revisions.as_array().expect("revisions").iter().map(status).collect()
    }
}

fn words(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
