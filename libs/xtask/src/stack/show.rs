//! What a person or a shell is told of a stack.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use lectern_testkit::pins;

use super::control;
use super::files::{self, Snapshot, typed};
use super::{replicas, say};
use crate::repo;

/// How long a part may take to take a connection.
const ANSWER: Duration = Duration::from_secs(2);

/// What runs, or what is left of what ran. Status 0 only when everything runs and takes
/// connections.
pub fn status(dir: &Path, json: bool) -> Result<ExitCode> {
    if files::holder(dir).is_none() {
        say(&nothing(dir));
        return Ok(ExitCode::FAILURE);
    }
    let snapshot = control::status(dir)?;
    let deaf = snapshot.parts.iter().filter(|part| part.runs() && !answers(&snapshot, &part.name));
    let deaf: Vec<&str> = deaf.map(|part| part.name.as_str()).collect();
    if json {
        say(&serde_json::to_string_pretty(&snapshot)?);
    } else {
        say(&shown(&snapshot));
        if !deaf.is_empty() {
            say(&format!("not answering: {}", deaf.join(", ")));
        }
    }
    let whole = snapshot.ready && deaf.is_empty() && snapshot.parts.iter().all(files::PartLine::runs);
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn answers(snapshot: &Snapshot, name: &str) -> bool {
    let address = snapshot.address(name).and_then(|address| address.parse::<SocketAddr>().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, ANSWER).is_ok())
}

/// What is said of a folder on which nothing works.
fn nothing(dir: &Path) -> String {
    let mut text = format!("nothing runs on {}; start it with `{}`", dir.display(), typed("up", dir));
    let left: Vec<String> = files::left(dir).into_iter().map(|part| part.name).collect();
    if !left.is_empty() {
        let (left, down) = (left.join(", "), typed("down", dir));
        text = format!("a stack was killed and left {left}: `{down}` ends them, and so does the next `stack up`");
    }
    for log in logs(dir) {
        let _ = write!(text, "\nlog of an earlier run: {}", log.display());
    }
    for other in files::others(dir) {
        let _ = write!(text, "\na stack runs on {}: `{}`", other.display(), typed("status", &other));
    }
    text
}

fn logs(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir.join("logs")) else { return Vec::new() };
    let mut logs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    logs.sort();
    logs
}

/// Everything that somebody needs who works with the stack.
pub fn shown(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for part in &snapshot.parts {
        let process = part.pid.map_or_else(String::new, |pid| format!("process {pid}"));
        let url = part.url.as_deref().unwrap_or("no address yet");
        let _ =
            writeln!(text, "{:<12} {url:<50} {:<10} {process:<16} log {}", part.name, part.state, part.log.display());
    }
    let dir = &snapshot.data;
    let _ = writeln!(text, "\ndata         {}", dir.display());
    let key = fs::read_to_string(&snapshot.key_file).unwrap_or_default();
    if !key.is_empty() {
        let _ = writeln!(text, "API key      {key} (in {})", snapshot.key_file.display());
    }
    let _ = writeln!(text, "admin key    in {}", snapshot.admin_key_file.display());
    if let Some(narrate) = narrate(snapshot) {
        let _ = writeln!(text, "narrate      {narrate}");
    }
    let _ = writeln!(text, "shell        eval \"$({})\"   # addresses and keys as variables", typed("env", dir));
    let _ = write!(text, "stop         Ctrl-C where it was started, or `{}`", typed("down", dir));
    text
}

/// The command to narrate with.
fn narrate(snapshot: &Snapshot) -> Option<String> {
    let gateway = snapshot.part("gateway")?.url.as_deref()?;
    Some(format!(
        "{} narrate FILE --server {gateway} --key-file {}",
        repo::bin_dir().join("lectern").display(),
        snapshot.key_file.display()
    ))
}

/// The stack as variables of a shell, for the commands of the runbook: `eval "$(cargo xtask stack
/// env)"`. Before everything ran for the first time there are neither all addresses nor a key: an
/// error, since a shell would go on with empty ones.
pub fn env(dir: &Path) -> Result<ExitCode> {
    let snapshot = control::status(dir)?;
    if !snapshot.ready {
        bail!("{}", unready(&snapshot));
    }
    let read = |file: &Path| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    let services = snapshot.parts.iter().filter(|part| replicas::is_service(&part.name));
    let services: Vec<&str> = services.filter_map(|part| snapshot.address(&part.name)).collect();
    let mut variables = vec![
        ("G", snapshot.address("gateway").unwrap_or_default().to_owned()),
        ("KEY", read(&snapshot.key_file)),
        ("ADMIN", read(&snapshot.admin_key_file)),
        ("SERVICES", services.join(" ")),
        ("NATS_URL", snapshot.part("nats-server").and_then(|part| part.url.clone()).unwrap_or_default()),
    ];
    if let Some(mongod) = snapshot.address("mongod") {
        variables.push(("MONGO", format!("mongodb://{mongod}")));
    }
    for (name, value) in variables {
        say(&format!("export {name}={}", quoted(&value)));
    }
    let mut folders = vec![repo::bin_dir()];
    folders.extend(pins::find("grpcurl").map(|pin| pin.dir().join("bin")));
    let folders: Vec<String> = folders.iter().map(|folder| quoted(&folder.display().to_string())).collect();
    say(&format!("export PATH={}:\"$PATH\"", folders.join(":")));
    Ok(ExitCode::SUCCESS)
}

/// What is said of a stack that has never been whole.
fn unready(snapshot: &Snapshot) -> String {
    let missing: Vec<&str> = snapshot.parts.iter().filter(|part| !part.runs()).map(|part| part.name.as_str()).collect();
    let of = if missing.is_empty() { String::new() } else { format!(" (not running yet: {})", missing.join(", ")) };
    format!(
        "the stack of {} is still starting{of}: ask again when `stack up` has printed its addresses",
        snapshot.data.display()
    )
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::files::PartLine;

    fn snapshot() -> Snapshot {
        let part = |name: &str, url: Option<&str>| PartLine {
            name: name.to_owned(),
            state: if url.is_some() { "running" } else { "starting" }.to_owned(),
            pid: url.map(|_| 4711),
            birth: None,
            url: url.map(str::to_owned),
            starts: 1,
            log: PathBuf::from("/d/logs").join(name),
        };
        Snapshot {
            pid: 1,
            ready: true,
            data: PathBuf::from("/d"),
            key_file: PathBuf::from("/d/api-key"),
            admin_key_file: PathBuf::from("/d/admin-key"),
            parts: vec![part("gateway", Some("http://127.0.0.1:7400")), part("tts", None)],
        }
    }

    #[test]
    fn a_stack_that_starts_says_what_it_waits_for() {
        let text = unready(&snapshot());
        assert_eq!(
            text,
            "the stack of /d is still starting (not running yet: tts): ask again when `stack up` has printed its \
             addresses"
        );
    }

    #[test]
    fn a_person_is_told_addresses_logs_and_what_to_type() {
        let text = shown(&snapshot());
        for said in [
            "http://127.0.0.1:7400",
            "process 4711",
            "/d/logs/tts",
            "no address yet",
            "narrate FILE --server http://127.0.0.1:7400 --key-file /d/api-key",
            "cargo xtask stack down --data /d",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn of_a_folder_on_which_nothing_works_its_logs_are_told() {
        let dir = lectern_testkit::temp_dir().unwrap();
        fs::create_dir_all(dir.path().join("logs")).unwrap();
        fs::write(dir.path().join("logs/tts.log"), "").unwrap();
        let text = nothing(dir.path());
        assert!(text.contains("logs/tts.log") && text.contains("stack up --data"), "{text}");
    }
}
