//! Buildah and podman with a storage of their own under cargo's target folder, each call with an
//! end. Nothing of the machine's own containers is seen or touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{files, process, repo, tools};

/// Programs that are needed, with the Debian packages that hold them. crun, which podman would
/// take, refuses the control groups of many machines that build. iptables publishes ports.
const DEBIAN: [(&str, &str); 7] = [
    ("podman", "podman"),
    ("buildah", "buildah"),
    ("runc", "runc"),
    ("conmon", "conmon"),
    ("catatonit", "catatonit"),
    ("busybox", "busybox-static"),
    ("iptables", "iptables"),
];
/// What podman takes for networks of its own, unpacked among the tools: the one that it has with
/// Debian 12 has no names of containers.
const NETWORK: [&str; 2] = ["netavark", "aardvark-dns"];
/// Where their programs are.
const HELPERS: &str = "usr/lib/podman";
/// How long a call may take, in seconds; a build that compiles takes longer.
const CALL: u32 = 600;
const COMPILING: u32 = 2 * 60 * 60;

/// Builds and runs images.
pub struct Engine {
    folder: PathBuf,
    keep: bool,
}

impl Engine {
    /// Installs what is missing, and begins with an empty storage.
    pub fn open(keep: bool) -> Result<Self> {
        let missing: Vec<&str> =
            DEBIAN.iter().filter(|(program, _)| !found(program)).map(|(_, package)| *package).collect();
        if !missing.is_empty() {
            process::install_debian(&missing, "images are built by programs that are missing")?;
        }
        let engine = Self { folder: repo::target().join("images"), keep };
        let unpacked = tools::unpacked_debian("podman-network-debian", &NETWORK, &format!("{HELPERS}/aardvark-dns"))?;
        let settings = containers_conf(&unpacked.join(HELPERS), &engine.networks());
        files::put(&engine.configuration(), settings.as_bytes())?;
        // What an interrupted run left.
        engine.clear()?;
        fs::create_dir_all(engine.networks()).with_context(|| engine.networks().display().to_string())?;
        Ok(engine)
    }

    /// Ends what still runs, and deletes the images unless they are to be kept.
    pub fn close(&self) -> Result<()> {
        self.end_all()?;
        if self.keep {
            eprintln!("the images are in {}", self.folder.display());
            return Ok(());
        }
        self.clear()
    }

    /// Ends and removes all pods and containers of this storage.
    pub fn end_all(&self) -> Result<()> {
        // Pods first: the container that holds one goes with it alone.
        for what in [&["pod", "rm"][..], &["rm"]] {
            process::output(self.podman().args(what).args(["--all", "--force", "--time", "0"]))?;
        }
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        if self.folder.join("storage").exists() {
            // A container that runs holds its folders.
            self.end_all()?;
        }
        process::remove_dir(&self.folder.join("work"))?;
        process::remove_dir(&self.folder.join("storage"))?;
        process::remove_dir(&self.networks())?;
        process::remove_dir(&self.folder.join("run"))
    }

    /// A folder for a build or a container, with nothing in it.
    pub fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join("work").join(name);
        process::remove_dir(&folder)?;
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }

    /// Builds a target, without what an earlier build may have left and without asking a registry;
    /// the digest of the image's configuration.
    pub fn build(
        &self,
        dockerfile: &Path,
        context: &Path,
        target: &str,
        tag: &str,
        arguments: &[String],
    ) -> Result<String> {
        let compiles = arguments.iter().any(|argument| argument == "BINARIES=compiled");
        let id = self.folder.join("digest");
        // A toolchain is large.
        let slow = compiles || target == "toolchain";
        let mut buildah = self.call("buildah", if slow { COMPILING } else { CALL });
        buildah.args(["bud", "--isolation", "chroot", "--format", "oci", "--timestamp", "0", "--pull-never"]);
        // The dependencies are compiled once for all images.
        buildah.arg(if compiles { "--layers" } else { "--no-cache" });
        buildah.arg("--target").arg(target).arg("--tag").arg(tag).arg("--iidfile").arg(&id);
        for argument in arguments {
            buildah.arg("--build-arg").arg(argument);
        }
        process::output(buildah.arg("--file").arg(dockerfile).arg(context))?;
        Ok(fs::read_to_string(&id)?.trim().to_owned())
    }

    /// `podman` on this storage.
    pub fn podman(&self) -> Command {
        self.call("podman", CALL)
    }

    /// A program that is `podman` on this storage, for what calls one by its path; it needs the
    /// variables of [`Self::podman`].
    pub fn podman_program(&self) -> Result<PathBuf> {
        let podman = self.podman();
        let words = std::iter::once(podman.get_program()).chain(podman.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let program = self.folder.join("podman");
        files::put_program(&program, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")).as_bytes())?;
        Ok(program)
    }

    fn call(&self, program: &str, seconds: u32) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=10", &seconds.to_string(), program]);
        command.arg("--root").arg(self.folder.join("storage")).arg("--runroot").arg(self.folder.join("run"));
        // It needs nothing of the system below: neither overlays nor reflinks.
        command.args(["--storage-driver", "vfs"]).env("CONTAINERS_CONF", self.configuration());
        command
    }

    /// Where the settings of podman and buildah are, `CONTAINERS_CONF`.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("containers.conf")
    }

    fn networks(&self) -> PathBuf {
        self.folder.join("networks")
    }
}

/// The settings: the limits are those that a process without CAP_SYS_RESOURCE may set, and networks
/// are kept beside the storage.
fn containers_conf(network: &Path, networks: &Path) -> String {
    format!(
        "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=20000:20000\"]\n\n\
         [network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = \"{}\"\n\n\
         [engine]\ncgroup_manager = \"cgroupfs\"\nruntime = \"runc\"\nevents_logger = \"file\"\n\
         helper_binaries_dir = [\"{}\", \"/usr/lib/podman\", \"/usr/libexec/podman\"]\n",
        networks.display(),
        network.display()
    )
}

/// Whether a program is there; what root runs lies in folders of its own too.
fn found(program: &str) -> bool {
    process::on_path(program) || ["/usr/sbin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(program).is_file())
}
