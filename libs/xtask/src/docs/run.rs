//! Runs the commands of the pages as a reader would: each page in one shell, in a folder with a few
//! documents, against an instance or a stack of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lectern_testkit::{env, temp_dir};

use super::fences::{Block, blocks};
use crate::process::{self, output, said};
use crate::{files, mongosh, pypi, repo, stack, tools};

/// Where both serve, as the pages say.
const ADDRESS: &str = "127.0.0.1:7400";
/// How often it is looked for, every [`POLL`], before it is taken for missing.
const LOOKS: u32 = 1_200;
const POLL: Duration = Duration::from_millis(100);
const PRELUDE: &str = include_str!("prelude.sh");
const NAMES: &str = include_str!("names.sh");
/// What the guide for Python installs; grows with the requirements.
const PYTHON: (&str, &str) = ("python-guide-1", include_str!("python-requirements.txt"));
/// Folders of the repository that the commands of a clone name.
const OF_A_CLONE: [&str; 3] = ["docs", "proto", "third_party"];
/// What stands for the name of something in an example.
const PLACEHOLDERS: [&str; 5] = ["documents/ID", "narrations/ID", "keys/ID", "\"TOKEN\"", "\"ETAG\""];
/// Documents that the commands speak of: the name there, and the fixture.
const DOCUMENTS: [(&str, &str); 3] = [
    ("paper.pdf", "tests/fixtures/pdf/demo.pdf"),
    ("a.pdf", "tests/fixtures/pdf/demo.pdf"),
    ("report.docx", "services/ingest/tests/fixtures/truth/lists.word.docx"),
];
/// And texts that are written.
const TEXTS: [(&str, &str); 7] = [
    ("papers/one.md", "# Ebb\n\nThe water goes out.\n"),
    ("papers/two.md", "# Flood\n\nThe water comes in.\n"),
    ("gateway.toml", "secret = \"of-an-installation-that-only-the-pages-have\"\n"),
    ("notes.md", "# Tides\n\nThe sea rises twice a day. It falls again.\n"),
    ("chapter1.md", "# One\n\nThe moon pulls.\n"),
    ("chapter2.md", "# Two\n\nThe sun helps.\n"),
    ("notes/spring.txt", "A spring tide is a high one.\n"),
];

/// Runs the blocks of all pages that can be run, or those of one page.
pub fn run(only: Option<&str>) -> Result<ExitCode> {
    process::ensure_debian("jq", "jq")?;
    if !process::succeeds("python3", &["-c", "import ensurepip"]) {
        process::install_debian(&["python3-venv"], "the guide for Python makes a venv")?;
    }
    let temp = temp_dir().context("a temporary folder")?;
    let mut failed = Vec::new();
    for (tag, tags) in [("up", &["up", "stays"][..]), ("stack", &["stack"])] {
        let pages = pages(tags, only)?;
        if pages.is_empty() {
            continue;
        }
        let place = Place::new(temp.path(), tag)?;
        let _served = place.serve(tag)?;
        for (page, blocks) in pages {
            if !place.run(&page, &blocks)? {
                failed.push(page);
            }
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("the commands of these pages failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// The pages that have blocks with one of these words, and the blocks.
fn pages(tags: &[&str], only: Option<&str>) -> Result<Vec<(String, Vec<Block>)>> {
    let mut found = Vec::new();
    for (page, text) in crate::check::written(&["*.md"])? {
        let mut blocks = blocks(&text);
        blocks.retain(|block| block.is_console() && block.tag().is_some_and(|tag| tags.contains(&tag)));
        if !blocks.is_empty() && only.is_none_or(|only| only == page) {
            found.push((page, blocks));
        }
    }
    Ok(found)
}

/// The command by which the pages have the embedded instance started: all say the same.
fn serving() -> Result<String> {
    let mut commands = BTreeSet::new();
    for (_, blocks) in pages(&["serves"], None)? {
        // Without the comment of the page.
        let alone = |block: &Block| block.commands().split('#').next().unwrap_or_default().trim().to_owned();
        commands.extend(blocks.iter().map(alone));
    }
    match commands.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok(one.clone()),
        several => bail!("blocks with `serves` start the instance by {several:?}, and not by one command"),
    }
}

/// A process that serves until this is dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        process::terminate(&self.0);
        let _ = self.0.wait();
    }
}

/// Where the commands are run.
struct Place {
    /// The folder of the shell, with the documents; its home is beside it.
    work: PathBuf,
    home: PathBuf,
    /// The data of the stack.
    stack: PathBuf,
    /// Folders of the programs, before those of the path.
    path: String,
    /// What pip installs from.
    wheels: PathBuf,
}

impl Place {
    fn new(temp: &Path, tag: &str) -> Result<Self> {
        let (work, home) = (temp.join(tag).join("work"), temp.join(tag).join("home"));
        fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
        for (name, from) in DOCUMENTS {
            files::put(&work.join(name), &fs::read(repo::path(from)).with_context(|| from.to_owned())?)?;
        }
        for (name, text) in TEXTS {
            files::put(&work.join(name), text.as_bytes())?;
        }
        for name in OF_A_CLONE {
            symlink(repo::path(name), work.join(name)).with_context(|| name.to_owned())?;
        }
        let mut folders = vec![repo::bin_dir()];
        for program in [tools::ensure("grpcurl")?, tools::ensure("buf")?, mongosh::ensure()?.program] {
            folders.extend(program.parent().map(Path::to_owned));
        }
        let before = folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(":");
        let path = format!("{before}:{}", env::value("PATH").unwrap_or_default());
        let wheels = pypi::downloaded(PYTHON.0, PYTHON.1)?;
        Ok(Self { work, home, stack: temp.join(tag).join("data"), path, wheels })
    }

    /// A command of this place, with nothing of the caller's home.
    fn command(&self, program: &Path) -> Result<Command> {
        let mut command = Command::new(program);
        command.current_dir(&self.work).env("HOME", &self.home).env("PATH", &self.path).stdin(Stdio::null());
        command.env("G", ADDRESS).env("XTASK", std::env::current_exe()?).env("STACK", &self.stack);
        // pip takes the pinned files, and asks nobody.
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", &self.wheels);
        // The tool's own variable is refused by the programs: the scripts give it to the tool
        // alone.
        command.env("TOOLS", env::tools_dir());
        for name in ["XDG_DATA_HOME", "XDG_CACHE_HOME", "LECTERN_KEY", env::TOOLS_DIR] {
            command.env_remove(name);
        }
        Ok(command)
    }

    /// Starts what the commands call, and waits until it serves: an instance takes connections, a
    /// stack has all its addresses and a key, which is later than its gateway's first connection.
    fn serve(&self, tag: &str) -> Result<Served> {
        if TcpStream::connect(ADDRESS).is_ok() {
            bail!("something serves at {ADDRESS} already, where the pages say that an instance does: stop it");
        }
        let log = self.home.join("served.log");
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = match tag {
            "up" => {
                let mut up = self.shell(&format!("exec {}", serving()?))?;
                up.env("LECTERN_ENGINE", "tone");
                up
            }
            _ => {
                // The tools of the caller: in a home of its own it would install them anew.
                let mut stack = Command::new(std::env::current_exe()?);
                stack.args(["stack", "up", "--no-build", "--data"]).arg(&self.stack).env("LECTERN_ENGINE", "tone");
                stack
            }
        };
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mut served = Served(command.spawn().context("what the pages call")?);
        for _ in 0..LOOKS {
            let serves = match tag {
                "up" => TcpStream::connect(ADDRESS).is_ok(),
                _ => stack::is_ready(&self.stack),
            };
            if serves {
                return Ok(served);
            }
            if process::interrupted()? || served.0.try_wait()?.is_some() {
                break;
            }
            thread::sleep(POLL);
        }
        bail!("it does not serve:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// The names for the placeholders of one block.
    fn names(&self) -> Result<Vec<(String, String)>> {
        let made = output(self.shell(&format!("{}\n{NAMES}", self.variables()))?.stderr(Stdio::piped()))?;
        let lines = String::from_utf8(made.stdout)?;
        Ok(lines
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(of, name)| (of.to_owned(), name.to_owned()))
            .collect())
    }

    /// The variables of a stack, where there is one.
    fn variables(&self) -> String {
        const OF_A_STACK: &str = "eval \"$(LECTERN_TOOLS_DIR=\"$TOOLS\" \"$XTASK\" stack env --data \"$STACK\")\"";
        if self.stack.exists() { OF_A_STACK.to_owned() } else { String::new() }
    }

    fn shell(&self, script: &str) -> Result<Command> {
        let mut bash = self.command(Path::new("bash"))?;
        bash.args(["-c", script]);
        Ok(bash)
    }

    /// Runs the blocks of a page, one after the other in one shell; whether all succeeded.
    fn run(&self, page: &str, blocks: &[Block]) -> Result<bool> {
        let mut script = format!("{PRELUDE}\n{}\n", self.variables());
        for block in blocks {
            let _ = writeln!(script, "echo '::: {page}:{}'", block.line);
            let commands = block.commands();
            let named = PLACEHOLDERS.iter().any(|placeholder| commands.contains(placeholder));
            let commands = if named { filled(&commands, &self.names()?) } else { commands };
            match block.tag() {
                Some("stays") => {
                    let _ = writeln!(script, "stays {}", quoted(&commands));
                }
                Some(_) | None => script.push_str(&commands),
            }
        }
        let ended = self.shell(&format!("exec 2>&1\n{script}"))?.output().context("bash")?;
        let status = ended.status;
        eprintln!("{page}: {} blocks: {}", blocks.len(), if status.success() { "ok" } else { "FAILED" });
        if !status.success() {
            eprintln!("{}", said(&ended));
        }
        Ok(status.success())
    }
}

/// Text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The commands with names in place of what stands for them.
fn filled(commands: &str, names: &[(String, String)]) -> String {
    names.iter().fold(commands.to_owned(), |text, (of, name)| match of.as_str() {
        // In quotes alone: it is a word, too.
        "TOKEN" | "ETAG" => text.replace(&format!("\"{of}\""), &format!("\"{name}\"")),
        _ => text.replace(of.as_str(), name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_words_that_look_like_them_are_left() {
        let names = [("documents/ID".to_owned(), "documents/7".to_owned()), ("ETAG".to_owned(), "e".to_owned())];
        let commands = "get '{\"name\": \"documents/ID\", \"etag\": \"ETAG\"}' # an ETAG\n";
        assert_eq!(filled(commands, &names), "get '{\"name\": \"documents/7\", \"etag\": \"e\"}' # an ETAG\n");
    }

    #[test]
    fn the_pages_have_an_instance_started_by_one_command() {
        assert_eq!(serving().unwrap(), "lectern up");
    }

    #[test]
    fn a_quoted_text_is_one_word() {
        let said = Command::new("bash").args(["-c", &format!("printf %s {}", quoted("it's \"$x\""))]).output().unwrap();
        assert_eq!(said.stdout, b"it's \"$x\"");
    }

    #[test]
    fn what_stays_must_say_something_and_still_run() {
        let stays = |command: &str| {
            let script = format!("{PRELUDE}\nstays {}", quoted(command));
            Command::new("bash").args(["-c", &script]).output().unwrap().status.success()
        };
        assert!(stays("bash -c 'echo here; exec sleep 600'"));
        assert!(!stays("echo here"));
        assert!(!stays("false"));
    }

    #[test]
    fn the_scripts_are_read_by_a_shell() {
        for script in [PRELUDE, NAMES] {
            let status = Command::new("bash").args(["-n", "-c", script]).status().unwrap();
            assert!(status.success(), "{script}");
        }
    }
}
