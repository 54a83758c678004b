//! Running other programs: with clear errors, and ended when the contributor presses Ctrl-C.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::files;

const POLL: Duration = Duration::from_millis(20);
/// What apt says where another has a lock that it needs.
const LOCKED: [&str; 2] = ["Could not get lock", "Unable to lock"];
/// How long another may have it, and how often it is looked at.
const LOCKED_FOR: Duration = Duration::from_secs(600);
const LOCKED_AGAIN: Duration = Duration::from_secs(2);
/// How long a program may take to end by itself after Ctrl-C.
const GRACE: Duration = Duration::from_secs(15);

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs to the end; fails unless its status is 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| shown(command))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs to the end with its output captured, and fails with that output unless its status is 0.
pub fn output(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| shown(command))?;
    if !output.status.success() {
        bail!("`{}` ended with {}:\n{}", shown(command), output.status, said(&output).trim_end());
    }
    Ok(output)
}

/// Runs to the end with `input` to read and its output captured, whatever its status is.
pub fn fed(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that has ended already says why in its output.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output()
}

/// Everything that a program said.
pub fn said(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}

/// Whether the program can be run and succeeds with these arguments.
pub fn succeeds(program: &str, args: &[&str]) -> bool {
    let status =
        Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Whether a program of that name is on the path.
pub fn on_path(program: &str) -> bool {
    let path = lectern_testkit::env::value("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Installs a Debian package when its program is missing.
pub fn ensure_debian(program: &str, package: &str) -> Result<()> {
    if on_path(program) {
        return Ok(());
    }
    install_debian(&[package], &format!("`{program}` is missing"))
}

/// Installs Debian packages, as root; otherwise fails with what is wrong and what to run.
pub fn install_debian(packages: &[&str], wrong: &str) -> Result<()> {
    let names = packages.join(" ");
    let advice = format!("{wrong}: run `apt-get install {names}` as root");
    if !rustix::process::geteuid().is_root() || !on_path("apt-get") {
        bail!("{advice}");
    }
    eprintln!("installing {names} (Debian)");
    let arguments = [&["install", "-y", "-q", "--no-install-recommends"][..], packages].concat();
    apt(&arguments, None).map(drop).context(advice)
}

/// Runs `apt-get`, and once more with new lists where it does not know a package, in `folder` where
/// one is named. While another installs, it waits.
fn apt(arguments: &[&str], folder: Option<&Path>) -> Result<Output> {
    let run = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        unlocked(&mut command)
    };
    run(arguments).or_else(|_| {
        // Only root can renew them; what is there may do still.
        let renewed = run(&["update", "-q"]);
        run(arguments).map_err(|failed| renewed.err().unwrap_or(failed))
    })
}

/// Downloads Debian packages into a folder.
pub fn download_debian(packages: &[&str], folder: &Path) -> Result<()> {
    // The sandbox user cannot write into the cache of another user.
    let arguments = [&["-o", "APT::Sandbox::User=root", "-q", "download"][..], packages].concat();
    apt(&arguments, Some(folder)).map(drop)
}

/// Unpacks the Debian packages of a folder into `tree`, and installs nothing.
pub fn unpack_debian(folder: &Path, tree: &Path) -> Result<()> {
    let packages = files::with_extension(folder, "deb")?;
    if packages.is_empty() {
        bail!("apt-get downloaded nothing");
    }
    for package in packages {
        output(Command::new("dpkg-deb").arg("-x").arg(&package).arg(tree))?;
    }
    Ok(())
}

/// Runs `apt-get` to its end, again and again while another has what it locks.
fn unlocked(command: &mut Command) -> Result<Output> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let failed = match output(command) {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        let locked = LOCKED.iter().any(|said| format!("{failed:#}").contains(said));
        if !locked || begun.elapsed() > LOCKED_FOR || interrupted()? {
            return Err(failed);
        }
        if !told {
            eprintln!("another installs packages; waiting for it");
            told = true;
        }
        thread::sleep(LOCKED_AGAIN);
    }
}

/// Set once Ctrl-C or SIGTERM arrived; from the first call on, they no longer end this process by
/// themselves.
pub fn interrupted() -> Result<bool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if FLAG.get().is_none() {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("signal handler")?;
        }
        let _ = FLAG.set(flag);
    }
    Ok(FLAG.get().is_some_and(|flag| flag.load(Ordering::SeqCst)))
}

/// Waits a moment; fails once Ctrl-C was pressed.
pub fn pause(moment: Duration) -> Result<()> {
    if interrupted()? {
        bail!("interrupted");
    }
    thread::sleep(moment);
    Ok(())
}

/// Asks a child by SIGTERM to end; nothing where it has ended.
pub fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Looks again and again, so long apart, until it is so; false where that takes longer than
/// `within`.
pub fn until(within: Duration, apart: Duration, so: impl Fn() -> Result<bool>) -> Result<bool> {
    let begun = Instant::now();
    while !so()? {
        if begun.elapsed() > within {
            return Ok(false);
        }
        pause(apart)?;
    }
    Ok(true)
}

/// Waits for the child's end; after Ctrl-C it gets the time to end by itself, is killed then, and
/// the call fails.
pub fn wait(child: &mut Child) -> Result<ExitStatus> {
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            if asked.is_some() || interrupted()? {
                bail!("interrupted");
            }
            return Ok(status);
        }
        match asked {
            None if interrupted()? => {
                terminate(child);
                asked = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE => {
                child.kill()?;
                child.wait()?;
                bail!("interrupted");
            }
            None | Some(_) => thread::sleep(POLL),
        }
    }
}

/// Starts a program, passes its output through, and waits as [`wait`] does.
pub fn run_interruptible(command: &mut Command) -> Result<ExitStatus> {
    interrupted()?;
    let mut child = command.spawn().with_context(|| shown(command))?;
    wait(&mut child)
}

/// What `cargo run` tells this tool of its own package, and build scripts look at too.
const OF_THIS_PACKAGE: [&str; 8] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// `cargo`, the one that runs this tool, as if it had been called by hand: otherwise what `ring`
/// and all above it were built from differs, and each call builds them anew after one of the other
/// kind.
pub fn cargo() -> Command {
    let mut command = Command::new(lectern_testkit::env::value("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    command.current_dir(crate::repo::root());
    for name in OF_THIS_PACKAGE {
        command.env_remove(name);
    }
    command
}

/// `python3`.
pub fn python() -> Result<Command> {
    if !on_path("python3") {
        bail!("`python3` is missing: run `apt-get install python3 python3-pip python3-venv` as root");
    }
    Ok(Command::new("python3"))
}

/// Removes a folder if it is there.
pub fn remove_dir(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| path.display().to_string())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
