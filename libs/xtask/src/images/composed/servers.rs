//! What stands for the images of others that the compose file names, since no registry is asked:
//! under the same name, the program that this machine has of it, with the libraries that its loader
//! finds, and an entrypoint that takes what the image's own takes. Their versions are other ones,
//! and the collector has settings of its own: of its file it takes where to listen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::images::engine::Engine;
use crate::observe::programs::Programs;
use crate::{files, mongosh, process, tools};

const MONGODB: &str = include_str!("mongodb.sh");
/// Where the packages of mongosh are in the image of MongoDB. Node looks for them under this name.
const MONGOSH: &str = "opt/mongosh/node_modules";
/// What the compose file and the entrypoint of MongoDB call beside it.
const BESIDE_MONGODB: [&str; 3] = ["bash", "chmod", "chown"];
/// The collector listens where its file says, and tells of everything that it receives.
const COLLECTOR: &str = "#!/bin/busybox sh
exec rotel-agent start --exporter blackhole --debug-log traces --debug-log metrics \\
    --otlp-grpc-endpoint \"$(/bin/busybox sed -n 's/^ *endpoint: *//p' \"$2\")\"
";
/// `nobody`, as Prometheus' image has it.
const PROMETHEUS: &str = "\
COPY --chown=65534:65534 data/ /prometheus/
USER 65534:65534
WORKDIR /prometheus
ENTRYPOINT [\"/usr/bin/prometheus\"]
";

/// Makes the image that this name asks for.
pub fn make(engine: &Engine, image: &str) -> Result<()> {
    let (name, _) = image.split_once(':').with_context(|| format!("{image} has no version"))?;
    let context = engine.empty_folder("server")?;
    let root = context.join("root");
    // A folder without a file is not copied.
    files::put(&context.join("data/.keep"), &[])?;
    let rest = match name {
        "mongo" => mongodb(&root)?,
        "nats" => program(&root, &tools::ensure("nats-server")?)?,
        "otel/opentelemetry-collector" => collector(&root)?,
        "prom/prometheus" => {
            program(&root, &Programs::ready()?.prometheus)?;
            PROMETHEUS.to_owned()
        }
        other => bail!("nothing stands for the image {other}: add it to images/composed/servers.rs"),
    };
    let dockerfile = context.join("Dockerfile");
    let all = format!("FROM scratch AS server\nCOPY root/ /\nENV PATH=/usr/bin:/bin HOME=/tmp\n{rest}");
    fs::write(&dockerfile, all).with_context(|| dockerfile.display().to_string())?;
    // As whoever asks Docker's registry for it calls it.
    let registry = if name.contains('/') { "docker.io" } else { "docker.io/library" };
    engine.build(&dockerfile, &context, "server", &format!("{registry}/{image}"), &[])?;
    process::remove_dir(&context)
}

/// mongod and mongosh, and what the compose file calls beside them.
fn mongodb(root: &Path) -> Result<String> {
    program(root, &tools::ensure("mongod")?)?;
    let mongosh = mongosh::ensure()?;
    program(root, &mongosh.node)?;
    let packages = Path::new("/").join(MONGOSH);
    let script = mongosh::script(Path::new("/usr/bin/node"), &packages);
    files::put_program(&root.join("usr/bin/mongosh"), script.as_bytes())?;
    let inside = root.join(MONGOSH);
    fs::create_dir_all(inside.parent().unwrap_or(root))?;
    process::output(Command::new("cp").arg("-r").arg(&mongosh.packages).arg(&inside))?;
    for name in BESIDE_MONGODB {
        program(root, &PathBuf::from("/bin").join(name))?;
    }
    std::os::unix::fs::symlink("../usr/bin/bash", folder(&root.join("bin"))?.join("bash"))?;
    std::os::unix::fs::symlink("bash", root.join("bin/sh"))?;
    files::put_program(&root.join("usr/bin/docker-entrypoint.sh"), MONGODB.as_bytes())?;
    folder(&root.join("data/db"))?;
    let temporary = folder(&root.join("tmp"))?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777))?;
    Ok("ENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD [\"mongod\"]\n".to_owned())
}

/// A collector of other hands, which writes down what it receives.
fn collector(root: &Path) -> Result<String> {
    program(root, &tools::ensure("rotel")?)?;
    let busybox = ["/usr/bin/busybox", "/bin/busybox"].map(PathBuf::from).into_iter().find(|path| path.is_file());
    put(root, &busybox.context("busybox is not where Debian puts it")?, "bin/busybox")?;
    files::put_program(&root.join("usr/bin/collector"), COLLECTOR.as_bytes())?;
    Ok("USER 10001:10001\nENTRYPOINT [\"/usr/bin/collector\"]\n".to_owned())
}

/// Puts a program of this machine into `/usr/bin` of a root; the entrypoint that runs it.
fn program(root: &Path, program: &Path) -> Result<String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    put(root, program, &format!("usr/bin/{name}"))?;
    Ok(format!("ENTRYPOINT [\"/usr/bin/{name}\"]\n"))
}

/// Copies a program of this machine into a root, and each library that its loader finds for it to
/// where it finds it.
fn put(root: &Path, program: &Path, at: &str) -> Result<()> {
    copy(program, &root.join(at))?;
    // It fails for what needs no libraries.
    let loaded = Command::new("ldd").arg(program).output().context("ldd")?;
    for library in libraries(&String::from_utf8_lossy(&loaded.stdout)) {
        let inside = root.join(library.trim_start_matches('/'));
        if !inside.exists() {
            copy(Path::new(library), &inside)?;
        }
    }
    Ok(())
}

/// The paths that `ldd` names: `libm.so.6 => /lib/libm.so.6 (0x0)`, or `/lib64/ld.so.2 (0x0)`.
fn libraries(said: &str) -> impl Iterator<Item = &str> {
    said.split_whitespace().filter(|word| word.starts_with('/'))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    folder(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(drop).with_context(|| from.display().to_string())
}

/// Makes a folder.
fn folder(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path).with_context(|| path.display().to_string())?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_the_paths_that_the_loader_names() {
        let said = "\tlinux-vdso.so.1 (0x1)\n\tlibm.so.6 => /lib/x/libm.so.6 (0x2)\n\t/lib64/ld.so.2 (0x3)\n";
        assert_eq!(libraries(said).collect::<Vec<_>>(), ["/lib/x/libm.so.6", "/lib64/ld.so.2"]);
        assert_eq!(libraries("\tstatically linked\n").count(), 0);
    }

    #[test]
    fn the_entrypoint_of_mongodb_is_read_by_a_shell() {
        let status = Command::new("bash").args(["-n", "-c", MONGODB]).status().unwrap();
        assert!(status.success());
    }
}
