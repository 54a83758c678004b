//! How other processes reach a running stack: a Unix socket in its folder, for its owner alone. A
//! line of JSON is asked, a line of JSON is answered.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::{self, Snapshot};

const SOCKET: &str = "control";
/// How long either side waits for the other's line.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest line, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a running stack is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// What runs.
    Status,
    /// That a part ends and starts again.
    Restart { part: String },
    /// That so many replicas of a service run.
    Scale { service: String, replicas: u32 },
    /// That everything ends.
    Stop,
}

/// What it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Status {
        snapshot: Snapshot,
    },
    /// It was begun.
    Begun,
    /// It is not done, and why.
    Refused {
        why: String,
    },
}

/// A request, and where its answer goes.
pub struct Asked {
    pub request: Request,
    pub answer: Sender<Answer>,
}

/// Listens until the process ends; what is asked goes to `asked`. Only with the folder's lock held.
pub fn listen(dir: &Path, asked: impl Fn(Asked) -> bool + Send + 'static) -> Result<()> {
    let path = dir.join(SOCKET);
    let shown = || path.display().to_string();
    // What a stack that was killed left.
    let _ = fs::remove_file(&path);
    let listener = within(dir, UnixListener::bind).with_context(shown)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(shown)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that says nothing, or nonsense, or goes away, is nobody's trouble but its own.
            let _ = serve(&stream, &asked);
        }
    });
    Ok(())
}

/// Takes the socket away.
pub fn close(dir: &Path) {
    let _ = fs::remove_file(dir.join(SOCKET));
}

fn serve(stream: &UnixStream, asked: &impl Fn(Asked) -> bool) -> io::Result<()> {
    let answer = match read(stream) {
        Ok(request) => {
            let (sender, receiver) = mpsc::channel();
            if !asked(Asked { request, answer: sender }) {
                return Ok(());
            }
            match receiver.recv() {
                Ok(answer) => answer,
                Err(mpsc::RecvError) => Answer::Refused { why: "the stack is ending".to_owned() },
            }
        }
        Err(error) => Answer::Refused { why: format!("this is no request: {error}") },
    };
    write(stream, &answer)
}

/// Asks the stack that works on the folder; fails with what to do when none does.
pub fn ask(dir: &Path, request: &Request) -> Result<Answer> {
    let Some(pid) = files::holder(dir) else {
        let mut message = format!("no stack works on {}: start one with `{}`", dir.display(), files::typed("up", dir));
        for other in files::others(dir) {
            message = format!("{message}; one works on {}: name it with `--data {0}`", other.display());
        }
        bail!("{message}");
    };
    let asked = || -> io::Result<Answer> {
        let stream = within(dir, UnixStream::connect)?;
        write(&stream, request)?;
        read(&stream)
    };
    match asked() {
        Ok(answer) => Ok(answer),
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::ConnectionRefused => {
            bail!("the stack of {} (process {pid}) is just starting or ending: try again in a moment", dir.display())
        }
        Err(error) => Err(error).with_context(|| format!("the stack of {} (process {pid})", dir.display())),
    }
}

/// What runs, by the word of the stack that works on the folder.
pub fn status(dir: &Path) -> Result<Snapshot> {
    match ask(dir, &Request::Status)? {
        Answer::Status { snapshot } => Ok(snapshot),
        Answer::Begun => bail!("the stack did not say what runs"),
        Answer::Refused { why } => bail!("{why}"),
    }
}

fn read<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

fn write<T: Serialize>(mut stream: &UnixStream, message: &T) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Gives a path to the socket that is short enough for the kernel, whatever the folder's is: a
/// socket's address has room for 107 bytes.
fn within<T>(dir: &Path, work: impl FnOnce(PathBuf) -> io::Result<T>) -> io::Result<T> {
    let folder = File::open(dir)?;
    work(PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(SOCKET))
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;

    use super::*;

    #[test]
    fn what_is_asked_is_answered_however_long_the_folders_path_is() {
        let temp = temp_dir().unwrap();
        let dir = temp.path().join("a".repeat(120));
        fs::create_dir(&dir).unwrap();
        let nobody = ask(&dir, &Request::Status).unwrap_err().to_string();
        assert!(nobody.contains("stack up"), "{nobody}");

        let _held = files::lock(&dir).unwrap();
        let starting = ask(&dir, &Request::Status).unwrap_err().to_string();
        assert!(starting.contains("starting"), "{starting}");
        listen(&dir, |asked| {
            let why = format!("{:?}", asked.request);
            asked.answer.send(Answer::Refused { why }).is_ok()
        })
        .unwrap();
        let mode = fs::metadata(dir.join(SOCKET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let request = Request::Scale { service: "tts".to_owned(), replicas: 2 };
        let Answer::Refused { why } = ask(&dir, &request).unwrap() else { panic!("as it was told") };
        assert_eq!(why, format!("{request:?}"));

        // A line that is no request is answered too, and the next is heard.
        let stream = within(&dir, UnixStream::connect).unwrap();
        write(&stream, &"what?").unwrap();
        let Answer::Refused { why } = read(&stream).unwrap() else { panic!("no request") };
        assert!(why.contains("no request"), "{why}");
        assert!(ask(&dir, &Request::Stop).is_ok());
        close(&dir);
        assert!(ask(&dir, &Request::Stop).is_err());
    }
}
