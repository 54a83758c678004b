//! The images, run as a strict cluster runs them: root read-only, a user that is nobody, no
//! capability, no new privileges, no network but loopback, and bounds of memory and processes.
//! What works so is shown, and that nothing more can be done.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::engine::Engine;
use super::{IMAGES, Image, LECTERN, base};
use crate::{process, repo};

/// What is narrated.
const FIXTURE: &str = "tests/fixtures/pdf/demo.pdf";
const NAME: &str = "lectern-images";
const SERVER: &str = "http://127.0.0.1:7400";
const DATA: &str = "/var/lib/lectern";
/// How long `lectern up` may take to listen, and how often that is looked at.
const READY: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);
/// What `lectern smoke` says of files that are as they were announced.
const FILES: &str = "checksums are right";
/// A secret as long as one must be.
const SECRET: &str = "LECTERN_SECRET=0123456789abcdef0123456789abcdef";
/// `sysexits.h`: the configuration is wrong.
const CONFIG: i32 = 78;
/// Where nothing can be written, and where something can.
const READ_ONLY: [&str; 8] = ["/", "/etc", "/usr/bin", "/usr/share/lectern", "/home/nonroot", "/var", "/run", "/dev"];
const WRITABLE: [&str; 2] = ["/tmp", DATA];

/// Runs all of them.
pub fn all(engine: &Engine, version: &str) -> Result<()> {
    for image in &IMAGES {
        labelled(engine, image, version)?;
    }
    voice_is_one_layer(engine, version)?;
    services_know_their_settings(engine, version)?;
    let lectern = LECTERN.tag(version);
    nothing_else_can_be_written(engine, &lectern)?;
    let result = narrates(engine, &lectern);
    if result.is_err() {
        let log = engine.podman().args(["logs", NAME]).output().map(|output| process::said(&output));
        eprintln!("{}", log.unwrap_or_default());
    }
    result
}

/// `podman run` under every restriction, without a network.
fn run(engine: &Engine) -> Command {
    restricted(engine, "none")
}

/// `podman run` under every restriction, on this network.
pub fn restricted(engine: &Engine, network: &str) -> Command {
    let user = format!("{0}:{0}", base::USER);
    let mut podman = engine.podman();
    podman.args(["run", "--network", network, "--pull", "never", "--read-only", "--read-only-tmpfs=false"]);
    podman.args(["--user", &user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]);
    podman.args(["--memory", "2g", "--pids-limit", "256", "--tmpfs", "/tmp:size=256m,mode=1777"]);
    podman
}

/// What a program in a container answered: it must end with this status and say this.
fn ends(command: &mut Command, status: i32, says: &str) -> Result<Output> {
    let output = command.output().context("podman")?;
    let said = process::said(&output);
    if output.status.code() != Some(status) || !said.contains(says) {
        let ended = output.status;
        bail!("{command:?} ended with {ended} instead of {status}, or did not say {says:?}:\n{}", said.trim_end());
    }
    Ok(output)
}

/// The image says what it is, runs as nobody, and leaves probes to whoever runs it.
fn labelled(engine: &Engine, image: &Image, version: &str) -> Result<()> {
    let form = "{{.Config.User}} {{index .Labels \"org.opencontainers.image.version\"}} {{.Config.StopSignal}} \
                {{index .Labels \"org.opencontainers.image.title\"}} \
                {{index .Labels \"org.opencontainers.image.licenses\"}}";
    let expected = format!("{0}:{0} {version} SIGTERM {1} Apache-2.0", base::USER, image.program);
    let tag = image.tag(version);
    ends(engine.podman().args(["image", "inspect", "--format", form, &tag]), 0, &expected)?;
    ends(run(engine).args(["--rm", &tag, "--version"]), 0, version).map(drop)
}

/// tts and `lectern` begin with the same layers, of which the voice is one.
fn voice_is_one_layer(engine: &Engine, version: &str) -> Result<()> {
    let layers = |image: &Image| -> Result<Vec<String>> {
        let mut podman = engine.podman();
        podman.args([
            "image",
            "inspect",
            "--format",
            "{{range .RootFS.Layers}}{{println .}}{{end}}",
            &image.tag(version),
        ]);
        let output = process::output(&mut podman)?;
        Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect())
    };
    let (speaking, mute): (Vec<&Image>, Vec<&Image>) = IMAGES.iter().partition(|image| image.speaks);
    let speaking = speaking.into_iter().map(layers).collect::<Result<Vec<_>>>()?;
    let mute = mute.into_iter().map(layers).collect::<Result<Vec<_>>>()?;
    let [one, other] = speaking.as_slice() else { bail!("two images have the voice") };
    let shared = one.iter().filter(|layer| other.contains(layer));
    let voice: Vec<&String> = shared.filter(|layer| !mute.iter().any(|layers| layers.contains(layer))).collect();
    if voice.len() != 1 {
        bail!("the voice is not one layer that two images share: {voice:?} of {one:?} and {other:?}");
    }
    Ok(())
}

/// Each service checks its settings in its image: without a secret it refuses, with one it does
/// not.
fn services_know_their_settings(engine: &Engine, version: &str) -> Result<()> {
    for image in IMAGES.iter().filter(|image| image.target != "lectern") {
        let tag = image.tag(version);
        ends(run(engine).args(["--rm", &tag, "check-config"]), CONFIG, "LECTERN_SECRET")?;
        ends(run(engine).args(["--rm", "--env", SECRET, &tag, "check-config"]), 0, "can be used")?;
    }
    Ok(())
}

/// A shell from outside finds no shell, no capability, and nothing that it can write but where it
/// is meant to.
fn nothing_else_can_be_written(engine: &Engine, tag: &str) -> Result<()> {
    let data = data(engine, "strict")?;
    let script = format!(
        "for folder in {}; do if echo x 2>/dev/null > $folder/probe; then echo wrote $folder; exit 1; fi; done
         for folder in {}; do echo x > $folder/probe && /busybox rm $folder/probe || exit 2; done
         for shell in /bin/sh /usr/bin/sh /bin/bash; do if [ -e $shell ]; then echo found $shell; exit 3; fi; done
         [ $(/busybox id -u) = {} ] || exit 4
         /busybox grep -q '^CapBnd:.0000000000000000$' /proc/self/status || exit 5
         /busybox grep -q '^NoNewPrivs:.1$' /proc/self/status || exit 6
         echo strict",
        READ_ONLY.join(" "),
        WRITABLE.join(" "),
        base::USER
    );
    let busybox = ["/usr/bin/busybox", "/bin/busybox"].into_iter().find(|path| Path::new(path).is_file());
    let busybox = busybox.context("busybox is not where Debian puts it")?;
    let mut podman = run(engine);
    podman.args(["--rm", "--volume", &format!("{busybox}:/busybox:ro"), "--volume", &format!("{data}:{DATA}")]);
    ends(podman.args(["--entrypoint", "/busybox", tag, "sh", "-c", &script]), 0, "strict")?;
    // The program itself says so, too.
    ends(run(engine).args(["--rm", tag, "up", "--data", "/srv/elsewhere"]), CONFIG, "Read-only file system")?;
    process::remove_dir(Path::new(&data))
}

/// `lectern up`, a document narrated in it from the first page to the last, the test of a
/// deployment, and an orderly end.
fn narrates(engine: &Engine, tag: &str) -> Result<()> {
    let data = data(engine, "data")?;
    let document = repo::path(FIXTURE);
    let mut podman = run(engine);
    podman.args(["--detach", "--name", NAME, "--volume", &format!("{data}:{DATA}")]);
    podman.arg("--volume").arg(format!("{}:/demo.pdf:ro", document.display()));
    process::output(podman.args([tag, "up"]))?;
    let listens = || Ok(process::said(&engine.podman().args(["logs", NAME]).output()?).contains("Ctrl-C stops"));
    if !process::until(READY, POLL, listens)? {
        bail!("`lectern up` does not listen in its image");
    }
    let inside = |arguments: &[&str], says: &str| -> Result<Output> {
        ends(engine.podman().args(["exec", NAME, "/usr/bin/lectern"]).args(arguments), 0, says)
    };
    let narrated = inside(&["narrate", "/demo.pdf", "--server", SERVER, "--out", "/tmp/out"], "of audio")?;
    if let Some(line) = process::said(&narrated).lines().find(|line| line.contains("of audio")) {
        println!("narrated in its image: {}", line.trim());
    }
    inside(&["smoke", "--server", SERVER], FILES)?;
    process::output(engine.podman().args(["stop", "--time", "60", NAME]))?;
    ends(engine.podman().args(["inspect", "--format", "status {{.State.ExitCode}}", NAME]), 0, "status 0")?;
    process::output(engine.podman().args(["rm", NAME]))?;
    process::remove_dir(Path::new(&data))
}

/// What `lectern smoke` says of the files that it has fetched: how many, and of how many bytes.
pub fn files(said: &str) -> Result<String> {
    let line = said.lines().find(|line| line.contains(FILES));
    let line = line.with_context(|| format!("`lectern smoke` says nothing of files:\n{said}"))?;
    Ok(line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
}

/// A folder that the user of the images may write, as a volume is.
fn data(engine: &Engine, name: &str) -> Result<String> {
    let folder = engine.empty_folder(name)?;
    std::os::unix::fs::chown(&folder, Some(base::USER), Some(base::USER))
        .with_context(|| folder.display().to_string())?;
    Ok(folder.display().to_string())
}
