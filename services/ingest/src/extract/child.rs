//! Extraction in a process of its own. A parser that meets a hostile file can eat memory, spin or
//! crash; in a child with hard limits it harms one document and nothing else, and it can be stopped
//! at any moment.
//!
//! The parent starts its own executable with a hidden subcommand, passes the [`Order`] as one
//! argument of JSON and the source on standard input, and reads one line of JSON from standard
//! output. The child lowers its own limits before it reads a byte.
//!
//! Everybody on the machine may read the arguments of a process, so nothing that a caller wrote is
//! among them: of the name of a file the order has the ending alone, out of our own table.
//!
//! | what became of the child | failure |
//! | --- | --- |
//! | it answered | its answer |
//! | out of memory, processor time, wall-clock time or stack, killed by the system, too much output | `DOCUMENT_TOO_COMPLEX` |
//! | a panic, a fault (`SIGSEGV` and the like), an unreadable answer | `DOCUMENT_DAMAGED` |
//! | it could not be started | `INTERNAL` |

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::content::document::Content;
use lectern_core::{Failure, Kind, Reason};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::Hint;
use super::archive::{damaged_because, too_complex};
use super::kills::{Killed, Kills};

/// The name of the hidden subcommand.
pub const SUBCOMMAND: &str = "extract-child";

/// The child's exit status after a panic.
const PANICKED: u8 = 101;
/// The child's exit status when it could not read its order or lower its limits.
const NOT_STARTED: u8 = 64;
/// The child's exit status when the source alone did not fit into its memory.
const NO_MEMORY: u8 = 65;
/// What programs of other makers say when memory does not suffice: C++ and the dynamic loader.
const NO_ROOM: [&str; 3] = ["std::bad_alloc", "failed to map segment", "annot allocate memory"];
/// How much of the child's standard error is kept, in bytes.
const STDERR_BYTES: u64 = 16 << 10;

/// What one extraction may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxLimits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in whole seconds.
    pub cpu_seconds: u64,
    /// Wall-clock time, from start to answer.
    pub wall: Duration,
    /// Length of the answer, in bytes.
    pub output_bytes: u64,
    /// Open files.
    pub open_files: u64,
}

impl Default for SandboxLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_seconds: 60,
            wall: Duration::from_secs(120),
            output_bytes: 256 << 20,
            open_files: 32,
        }
    }
}

/// Where the child finds the document.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of this machine.
    Path(PathBuf),
    /// The bytes themselves.
    Bytes(Vec<u8>),
}

/// Runs extractions in child processes.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The executable; it must hand [`SUBCOMMAND`] to [`child_main`].
    pub program: PathBuf,
    /// Arguments before the order, [`SUBCOMMAND`] last.
    pub args: Vec<OsString>,
    /// What each extraction may use.
    pub limits: SandboxLimits,
    /// Counts those that used more. Clones of a sandbox share it.
    pub kills: Arc<Kills>,
}

/// What the parent tells the child.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    hint: Hint,
    /// Another program, which takes the child's place once the limits are lowered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
    memory_bytes: u64,
    cpu_seconds: u64,
    open_files: u64,
}

/// Another program that reads a source on standard input and answers on standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    program: PathBuf,
    args: Vec<String>,
}

impl Run {
    /// Runs `program` with `args`.
    pub fn new<'a>(program: &std::path::Path, args: impl IntoIterator<Item = &'a str>) -> Self {
        Self { program: program.to_owned(), args: args.into_iter().map(str::to_owned).collect() }
    }
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Box<Content>),
    Failure(Failure),
}

impl Sandbox {
    /// A sandbox that runs `program extract-child`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, limits: SandboxLimits) -> Self {
        Self { program: program.into(), args: vec![SUBCOMMAND.into()], limits, kills: Arc::default() }
    }

    /// Extracts `source` in a child process. Dropping the future kills the child.
    ///
    /// # Errors
    /// Those of [`super::extract`], and those of the module's table.
    pub async fn extract(&self, source: Source, hint: Hint) -> Result<Content, Failure> {
        let answer = self.answer(&source, hint, None).await?;
        // A long answer takes a while to read; the runtime's threads are for others.
        tokio::task::spawn_blocking(move || match serde_json::from_slice::<Answer>(&answer) {
            Ok(Answer::Ok(content)) => Ok(*content),
            Ok(Answer::Failure(failure)) => Err(failure),
            Err(error) => Err(damaged_because(&format!("the extractor's answer cannot be read ({error})"))),
        })
        .await
        .map_err(|error| Failure::internal(format!("the extractor's answer was not read: {error}")))?
    }

    /// Runs another program on `source` under the same limits, and returns what it wrote. Dropping
    /// the future kills it.
    ///
    /// # Errors
    /// Those of the module's table; a program that fails is `DOCUMENT_DAMAGED`.
    pub async fn run(&self, run: Run, source: &Source) -> Result<Vec<u8>, Failure> {
        self.answer(source, Hint::default(), Some(run)).await
    }

    async fn answer(&self, source: &Source, hint: Hint, run: Option<Run>) -> Result<Vec<u8>, Failure> {
        let mut child = self.spawn(source, hint, run).await?;
        let run = async {
            let (answer, noise, _) = tokio::join!(
                read(child.stdout.take(), self.limits.output_bytes),
                read(child.stderr.take(), STDERR_BYTES),
                feed(child.stdin.take(), source),
            );
            (answer, noise)
        };
        let Ok((answer, noise)) = tokio::time::timeout(self.limits.wall, run).await else {
            let _ = child.start_kill();
            self.kills.note(Killed::Time);
            return Err(too_much(&format!("more than {} seconds", self.limits.wall.as_secs())));
        };
        let answer =
            answer.map_err(|error| Failure::internal(format!("cannot read from the extractor process: {error}")))?;
        if answer.len() as u64 > self.limits.output_bytes {
            let _ = child.start_kill();
            self.kills.note(Killed::Output);
            return Err(too_much(&format!("more than {} bytes of text", self.limits.output_bytes)));
        }
        let status = child
            .wait()
            .await
            .map_err(|error| Failure::internal(format!("cannot wait for the extractor process: {error}")))?;
        let noise = String::from_utf8_lossy(&noise.unwrap_or_default()).into_owned();
        if !status.success() {
            let (failure, killed) = ended(status, &noise);
            if let Some(reason) = killed {
                self.kills.note(reason);
            }
            return Err(failure);
        }
        Ok(answer)
    }

    async fn spawn(&self, source: &Source, hint: Hint, run: Option<Run>) -> Result<Child, Failure> {
        let order = Order {
            hint: hint.reduced(),
            run,
            memory_bytes: self.limits.memory_bytes,
            cpu_seconds: self.limits.cpu_seconds,
            open_files: self.limits.open_files,
        };
        let order = serde_json::to_string(&order).map_err(|error| Failure::internal(format!("order: {error}")))?;
        let stdin = match source {
            Source::Bytes(_) => Stdio::piped(),
            Source::Path(path) => {
                let file = tokio::fs::File::open(path).await.map_err(|error| {
                    Failure::new(
                        Kind::Internal,
                        Reason::ObjectDamaged,
                        format!("cannot open the stored source for extraction: {error}"),
                    )
                })?;
                Stdio::from(file.into_std().await)
            }
        };
        Command::new(&self.program)
            .args(&self.args)
            .arg(order)
            // A parser needs no secrets.
            .env_clear()
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Failure::internal(format!("cannot start the extractor {}: {error}", self.program.display()))
            })
    }
}

/// At most `limit` + 1 bytes; the rest is left unread.
async fn read(stream: Option<impl AsyncRead + Unpin>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(limit.saturating_add(1)).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Writes the source. A child that ended early broke the pipe; its status says why.
async fn feed(stream: Option<impl tokio::io::AsyncWrite + Unpin>, source: &Source) {
    if let (Some(mut stream), Source::Bytes(bytes)) = (stream, source) {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
    }
}

fn too_much(what: &str) -> Failure {
    too_complex(format!("reading the document takes {what}; split it, or save it again in a simpler form"))
}

/// What an unsuccessful end means, and which limit or signal it was that ended the child; none
/// where it ended by itself. Signal numbers are those of Linux on every architecture that Rust
/// supports there but MIPS. `SIGKILL` comes from a system without memory, or after `SIGXCPU`.
fn ended(status: ExitStatus, noise: &str) -> (Failure, Option<Killed>) {
    const ABORT: i32 = 6;
    const KILL: i32 = 9;
    const CPU_TIME: i32 = 24;
    const FILE_SIZE: i32 = 25;
    let memory = || (too_much("more memory than is allowed"), Some(Killed::Memory));
    match (status.code(), status.signal()) {
        (Some(code), _) if code == i32::from(NOT_STARTED) => {
            (Failure::internal(format!("the extractor process did not start: {}", noise.trim())), None)
        }
        (Some(code), _) if code == i32::from(NO_MEMORY) => memory(),
        (Some(_), _) | (_, Some(ABORT)) if NO_ROOM.iter().any(|said| noise.contains(said)) => memory(),
        (_, Some(ABORT)) if noise.contains("overflowed its stack") => {
            (too_much("more nesting than is allowed"), Some(Killed::Signal))
        }
        (_, Some(ABORT)) if noise.contains("memory allocation") => memory(),
        (_, Some(signal @ (KILL | CPU_TIME))) => {
            let reason = if signal == KILL { Killed::Memory } else { Killed::Cpu };
            (too_much("more processor time or memory than is allowed"), Some(reason))
        }
        (_, Some(FILE_SIZE)) => (too_much("more output than is allowed"), Some(Killed::Output)),
        (Some(code), _) if code == i32::from(PANICKED) && noise.contains("capacity overflow") => memory(),
        (code, signal) => {
            let how =
                signal.map_or_else(|| format!("status {}", code.unwrap_or(-1)), |signal| format!("signal {signal}"));
            let failure = damaged_because(&format!("the extractor could not cope with it ({how})"));
            (failure, signal.map(|_| Killed::Signal))
        }
    }
}

/// The child's side: lowers the limits, reads the source from standard input and answers on
/// standard output. `order` is the argument after [`SUBCOMMAND`].
#[must_use]
pub fn child_main(order: Option<OsString>) -> ExitCode {
    let order = order.and_then(|order| order.into_string().ok());
    let order = order.and_then(|order| serde_json::from_str::<Order>(&order).ok());
    let Some(order) = order else {
        eprintln!("{SUBCOMMAND} is started by the service itself");
        return ExitCode::from(NOT_STARTED);
    };
    if let Err(error) = lower_limits(&order) {
        eprintln!("cannot lower the limits: {error}");
        return ExitCode::from(NOT_STARTED);
    }
    if let Some(run) = order.run {
        // The program takes this process's place, with its limits and its streams: what ends the
        // one ends the other. One thread, since the limit of processor time counts them all.
        let error = std::process::Command::new(&run.program).args(&run.args).env("OMP_THREAD_LIMIT", "1").exec();
        eprintln!("cannot run {}: {error}", run.program.display());
        return ExitCode::from(NOT_STARTED);
    }
    // The default hook has told standard error why.
    match std::panic::catch_unwind(|| answer(&order)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::OutOfMemory => ExitCode::from(NO_MEMORY),
        Ok(Err(error)) => {
            eprintln!("cannot read the source or write the answer: {error}");
            ExitCode::from(NOT_STARTED)
        }
        Err(_) => ExitCode::from(PANICKED),
    }
}

fn lower_limits(order: &Order) -> rustix::io::Result<()> {
    let set = |resource, soft: u64, hard: u64| setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) });
    set(Resource::Core, 0, 0)?;
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Nofile, order.open_files, order.open_files)?;
    set(Resource::Cpu, order.cpu_seconds, order.cpu_seconds.saturating_add(1))?;
    set(Resource::As, order.memory_bytes, order.memory_bytes)
}

fn answer(order: &Order) -> std::io::Result<()> {
    let mut source = Vec::new();
    std::io::stdin().lock().read_to_end(&mut source)?;
    let answer = match super::extract(&source, &order.hint) {
        Ok(content) => Answer::Ok(Box::new(content)),
        Err(failure) => Answer::Failure(failure),
    };
    drop(source);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer(&mut out, &answer)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_child_has_its_reason() {
        let signal = |number: i32| ExitStatus::from_raw(number);
        let code = |number: i32| ExitStatus::from_raw(number << 8);
        let (complex, damaged) = (Reason::DocumentTooComplex, Reason::DocumentDamaged);
        let bad_alloc = "terminate called after throwing an instance of 'std::bad_alloc'";
        for (status, noise, wanted, killed) in [
            (signal(9), "", complex, Some(Killed::Memory)),
            (signal(24), "", complex, Some(Killed::Cpu)),
            (signal(25), "", complex, Some(Killed::Output)),
            (signal(6), "memory allocation of 12 bytes failed", complex, Some(Killed::Memory)),
            (signal(6), "thread 'main' has overflowed its stack", complex, Some(Killed::Signal)),
            (signal(6), "", damaged, Some(Killed::Signal)),
            (signal(11), "", damaged, Some(Killed::Signal)),
            (code(101), "panicked at", damaged, None),
            (code(101), "panicked at 'capacity overflow'", complex, Some(Killed::Memory)),
            (code(64), "", Reason::Internal, None),
            (code(65), "", complex, Some(Killed::Memory)),
            (code(1), "", damaged, None),
            (signal(6), bad_alloc, complex, Some(Killed::Memory)),
            (code(127), "libx.so: failed to map segment from shared object", complex, Some(Killed::Memory)),
        ] {
            let (failure, found) = ended(status, noise);
            assert_eq!((failure.reason, found), (wanted, killed), "{status} {noise}");
        }
    }
}
