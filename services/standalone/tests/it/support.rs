//! A home for the program: temporary, with nothing in it, and no variable of the one who tests.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Two chapters, of as many words as make a chapter one of its own.
pub const TIDES: &str = "\
# Tides

The sea rises twice a day. It falls as often. Sailors have kept tables of its heights for hundreds of years, and every
harbour still prints its own. A boat that lies on dry sand at noon may float before the evening comes. Children learn
to run from the first waves, and old people know the hour without a clock.

# Causes

The moon pulls the water. Where the coast is narrow the water piles up, and where it is wide hardly anybody sees it
move. Wind and pressure add their part, so that a storm may bring a flood which no table has foretold. Twice a month
all of them work together, and the difference is greatest then. The sun helps it a little.
";
/// Another document.
pub const WINDS: &str = "# Winds\n\nAir moves from the cold sea to the warm land. At night it turns around.\n";

/// What is waited for comes within this time, or never.
const LONGEST: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(50);

/// A home, with the folder that commands are run in.
pub struct Home {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status; 128 and the signal's number where one ended it.
    pub status: i32,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error; at a terminal, both are in `out`.
    pub err: String,
}

/// A command that runs.
pub struct Running {
    child: Child,
    out: Option<Reader>,
    err: Option<Reader>,
}

/// Reads to the end, on a thread of its own, and tells what it has read so far by a file.
struct Reader {
    thread: JoinHandle<()>,
    text: std::sync::Arc<parking_lot::Mutex<Vec<u8>>>,
}

impl Home {
    /// A home in which tones are spoken.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["work", "tmp", "data", "cache"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let at = |folder: &str| dir.path().join(folder).display().to_string();
        let env = [
            ("HOME", at("")),
            ("TMPDIR", at("tmp")),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_CACHE_HOME", at("cache")),
            ("LECTERN_ENGINE", "tone".to_owned()),
            ("PATH", path()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { dir, env }
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Speaks as a script says, whose rules are JSON; see `services/tts/src/engine/scripted.rs`.
    #[must_use]
    pub fn scripted(self, rules: &str) -> Self {
        self.script(rules);
        let script = self.dir.path().join("script.json").display().to_string();
        self.with("LECTERN_ENGINE", "scripted").with("LECTERN_SCRIPT", script)
    }

    /// Changes the rules of the script.
    pub fn script(&self, rules: &str) {
        let ledger = self.dir.path().join("ledger.jsonl");
        let script = format!("{{\"ledger\": {:?}, \"rules\": {rules}}}", ledger.display().to_string());
        fs::write(self.dir.path().join("script.json"), script).unwrap();
    }

    /// A home with the document about tides, in which speaking its fifth sentence takes for ever.
    pub fn slow() -> Self {
        let home = Self::new().scripted(r#"[{"text": "pulls", "does": "sleep", "ms": 600000}]"#);
        home.write("tides.md", TIDES);
        home
    }

    /// What the scripted engine was asked to speak, line by line.
    pub fn ledger(&self) -> String {
        fs::read_to_string(self.dir.path().join("ledger.jsonl")).unwrap_or_default()
    }

    /// A path below the folder that commands are run in.
    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("work").join(path)
    }

    /// Writes a file there, with the folders above it.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Reads a file there.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The names in a folder there, sorted; none where there is no folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        names(&self.at(folder))
    }

    /// The data folder that commands use where nothing is said.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data/lectern")
    }

    /// What lies in the folder for temporary files.
    pub fn temporary(&self) -> Vec<String> {
        names(&self.dir.path().join("tmp"))
    }

    /// The sentences that were spoken and are kept in the data folder.
    pub fn segments(&self) -> usize {
        self.objects("segment")
    }

    /// The objects in the data folder that are kept in folders of this name.
    pub fn objects(&self, name: &str) -> usize {
        fn count(folder: &Path, name: &str, below: bool) -> usize {
            let Ok(entries) = fs::read_dir(folder) else { return 0 };
            let one = |path: PathBuf| {
                let inside = below || path.file_name() == Some(OsStr::new(name));
                if path.is_dir() { count(&path, name, inside) } else { usize::from(below) }
            };
            entries.map(|entry| one(entry.unwrap().path())).sum()
        }
        count(&self.data().join("objects"), name, false)
    }

    /// The command.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lectern"));
        command.args(arguments).env_clear().envs(self.env.clone()).current_dir(self.at("")).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Runs a command that must succeed.
    pub fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {ran:?}");
        ran
    }

    /// Runs a command with this at its standard input.
    pub fn fed(&self, arguments: &[&str], input: &str) -> Ran {
        let mut running = start(self.command(arguments).stdin(Stdio::piped()));
        running.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        running.wait()
    }

    /// Runs a command whose standard output nobody reads.
    pub fn unread(&self, arguments: &[&str]) -> Ran {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let err = Reader::new(child.stderr.take().unwrap());
        let status = code(child.wait().unwrap());
        Ran { status, out: String::new(), err: err.end() }
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Running {
        start(&mut self.command(arguments))
    }

    /// Starts a server on a free port, and returns it with its URL.
    pub fn up(&self, flags: &[&str]) -> (Running, String) {
        let mut server = self.start(&[&["up", "--listen", "127.0.0.1:0"], flags].concat());
        server.until_says("Ctrl-C stops\n");
        let out = server.out();
        let address = out.lines().next().unwrap().strip_prefix("listening on ").unwrap();
        (server, format!("http://{address}"))
    }

    /// Runs a command at a terminal of its own, and returns all that it showed there.
    pub fn terminal(&self, arguments: &[&str]) -> Ran {
        self.answered(arguments, "")
    }

    /// Runs a command at a terminal of its own where this is typed, and returns all that was shown
    /// there.
    pub fn answered(&self, arguments: &[&str], typed: &str) -> Ran {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&main).unwrap();
        unlockpt(&main).unwrap();
        let name = ptsname(&main, Vec::new()).unwrap();
        let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut main = File::from(main);
        main.write_all(typed.as_bytes()).unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let mut command = self.command(arguments);
        let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        // The last who has it open but the child: its end is the end of what is read.
        drop((command, terminal));
        let reader = Reader::new(main);
        let status = code(child.wait().unwrap());
        Ran { status, out: reader.end(), err: String::new() }
    }
}

impl Ran {
    /// The lines of standard output as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let value = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.out.lines().map(value).collect()
    }

    /// Asserts how it ended, and that standard error says each of these.
    pub fn fails(&self, status: i32, says: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for part in says {
            assert!(self.err.contains(part), "{part:?} is not in {self:?}");
        }
    }

    /// Asserts that standard output says each of these.
    pub fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "{part:?} is not in {self:?}");
        }
    }
}

fn start(command: &mut Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = Reader::new(child.stdout.take().unwrap());
    let err = Reader::new(child.stderr.take().unwrap());
    Running { child, out: Some(out), err: Some(err) }
}

impl Running {
    /// Waits for its end.
    pub fn wait(mut self) -> Ran {
        drop(self.child.stdin.take());
        let status = code(self.child.wait().unwrap());
        let end = |reader: Option<Reader>| reader.map(Reader::end).unwrap_or_default();
        Ran { status, out: end(self.out.take()), err: end(self.err.take()) }
    }

    /// Sends it a signal; nothing where it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.child.try_wait().unwrap().is_none() {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    /// Waits until it has said this, on standard output or standard error.
    pub fn until_says(&mut self, part: &str) {
        self.until(part, |running| running.out().contains(part) || running.err().contains(part));
    }

    /// Waits until it would be told of an interrupt, and not ended by it.
    pub fn until_it_catches_interrupts(&mut self) {
        until_caught(self.child.id());
    }

    /// Waits for what comes while it runs.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        for _ in 0..LONGEST {
            if holds(self) {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it said last may only just have been read.
                std::thread::sleep(PAUSE);
                assert!(holds(self), "it ended ({status}) before: {what}: {}{}", self.out(), self.err());
                return;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("it never came: {what}: {}{}", self.out(), self.err());
    }

    /// What it has written to standard output so far.
    pub fn out(&self) -> String {
        self.out.as_ref().map(Reader::so_far).unwrap_or_default()
    }

    /// What it has written to standard error so far.
    pub fn err(&self) -> String {
        self.err.as_ref().map(Reader::so_far).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was waited for has ended, and is not there any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Reader {
    fn new(mut from: impl std::io::Read + Send + 'static) -> Self {
        let text = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
        let into = std::sync::Arc::clone(&text);
        let thread = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                match from.read(&mut piece) {
                    // A terminal that nobody has open any more is an error to read.
                    Ok(0) => return,
                    Err(error) if error.kind() != ErrorKind::Interrupted => return,
                    Ok(length) => into.lock().extend_from_slice(&piece[..length]),
                    Err(_) => {}
                }
            }
        });
        Self { thread, text }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock()).into_owned()
    }

    fn end(self) -> String {
        self.thread.join().unwrap();
        String::from_utf8_lossy(&self.text.lock()).into_owned()
    }
}

/// Waits until a process would be told of an interrupt, and not ended by it.
pub fn until_caught(process: u32) {
    let bit = 1_u64 << (Signal::INT.as_raw() - 1);
    for _ in 0..LONGEST {
        let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        if mask.is_some_and(|mask| mask & bit != 0) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("the process {process} never caught interrupts");
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Where other programs are.
#[allow(clippy::disallowed_methods, reason = "the program finds ffmpeg where whoever tests has it")]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}
