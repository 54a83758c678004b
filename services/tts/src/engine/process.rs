//! Programs that speak or listen: a process a segment, under limits, which ends with the call.
//!
//! Everybody on a machine may read the arguments of a process, so nothing that a document says is
//! among them: text and sound go to standard input, or into a file of this user alone, and come
//! from standard output. What the program says on standard error may quote the text, and is not
//! read. It inherits no variables, so no secret either, and no shell reads its arguments. Its
//! limits are lowered before it gets a byte of its input.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// What one call of a program may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramLimits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in whole seconds.
    pub cpu_seconds: u64,
    /// From start to end.
    pub wall: Duration,
    /// Length of what it writes, in bytes.
    pub output_bytes: u64,
    /// Length of a file that it makes, in bytes.
    pub file_bytes: u64,
    /// Open files.
    pub open_files: u64,
}

impl Default for ProgramLimits {
    /// A minute, of which half on a processor, for at most ten minutes of sound.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_seconds: 30,
            wall: Duration::from_secs(60),
            output_bytes: 32 << 20,
            // No program writes any here, but the client of PulseAudio, which espeak-ng begins with
            // whatever it is asked, shares memory by one of 64 MiB, and dies where it may not.
            file_bytes: 128 << 20,
            open_files: 64,
        }
    }
}

/// What helps where a program that speaks fails over a sentence.
const ADVICE: &str = "reword it, or choose another voice";

/// A program that an operator installed.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    /// What it belongs to and how it is had, for whoever reads that it is missing.
    package: &'static str,
    /// What helps where it goes past a limit.
    advice: &'static str,
    limits: ProgramLimits,
}

impl Program {
    /// The program at `path`, or of that name in a folder of the system; `package` is what it comes
    /// with.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, package: &'static str) -> Self {
        Self { path: path.into(), package, advice: ADVICE, limits: ProgramLimits::default() }
    }

    /// The same under these limits.
    #[must_use]
    pub fn under(self, limits: ProgramLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same with other advice where it goes past a limit.
    #[must_use]
    pub fn advising(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }

    /// Where it is, or its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it with `arguments` on `input`, and returns what it wrote. Dropping the future ends it.
    ///
    /// # Errors
    /// `VOICE_NOT_INSTALLED` where it cannot be started, `SPEECH_REJECTED` past a limit or where a
    /// signal ended it, `ENGINE_UNAVAILABLE` where it says that it failed.
    pub async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut child = self.spawn(arguments)?;
        self.limit(&child)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let feed = async {
            let Some(mut stdin) = stdin else { return };
            // One that ended early broke the pipe; its status says why.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        };
        let read = async {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(self.limits.output_bytes.saturating_add(1)).read_to_end(&mut bytes).await?;
            }
            Ok::<_, std::io::Error>(bytes)
        };
        let run = async {
            let (bytes, ()) = tokio::join!(read, feed);
            let bytes = bytes?;
            // One that has more to write than it may would wait for a reader for ever.
            if bytes.len() as u64 > self.limits.output_bytes {
                return Ok((bytes, None));
            }
            Ok::<_, std::io::Error>((bytes, Some(child.wait().await?)))
        };
        let Ok(ended) = tokio::time::timeout(self.limits.wall, run).await else {
            return Err(self.rejected(&format!("took more than {} s", self.limits.wall.as_secs())));
        };
        match ended {
            Ok((bytes, Some(status))) if status.success() => Ok(bytes),
            Ok((_, Some(status))) => Err(self.failed(status)),
            Ok((_, None)) => Err(self.rejected(&format!("wrote more than {} bytes", self.limits.output_bytes))),
            Err(error) => Err(Failure::internal(format!("{} cannot be read from: {error}", self.name()))),
        }
    }

    /// Looks whether it is there: what it writes with `arguments`, such as its version.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub async fn look(&self, arguments: &[&str]) -> Result<String, Failure> {
        let said = self.run(arguments, &[]).await?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    fn spawn(&self, arguments: &[&str]) -> Result<Child, Failure> {
        let child = Command::new(&self.path)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        child.map_err(|error| {
            let message = format!("{} cannot be started ({error}); install {}", self.name(), self.package);
            Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message)
        })
    }

    /// Lowers the limits of a child that waits for its input.
    fn limit(&self, child: &Child) -> Result<(), Failure> {
        let ended = || Failure::internal(format!("{} ended before it began", self.name()));
        let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(ended)?;
        let pid = Pid::from_raw(id).ok_or_else(ended)?;
        let ProgramLimits { memory_bytes, cpu_seconds, file_bytes, open_files, .. } = self.limits;
        for (resource, soft, hard) in [
            (Resource::Core, 0, 0),
            (Resource::Fsize, file_bytes, file_bytes),
            (Resource::Nofile, open_files, open_files),
            (Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1)),
            (Resource::As, memory_bytes, memory_bytes),
        ] {
            let limit = Rlimit { current: Some(soft), maximum: Some(hard) };
            match prlimit(Some(pid), resource, limit) {
                Ok(_) => {}
                // It has ended already; its status says why.
                Err(rustix::io::Errno::SRCH) => return Ok(()),
                Err(error) => {
                    return Err(Failure::internal(format!("the limits of {} cannot be lowered: {error}", self.name())));
                }
            }
        }
        Ok(())
    }

    fn failed(&self, status: ExitStatus) -> Failure {
        match status.code() {
            // Until three attempts are made: what fails so may be the text's fault.
            Some(code) => {
                let message = format!("{} ended with status {code}; install {}", self.name(), self.package);
                Failure::new(Kind::Internal, Reason::EngineUnavailable, message)
            }
            None => self.rejected("was ended by the system"),
        }
    }

    fn rejected(&self, what: &str) -> Failure {
        let message = format!("{} {what} over a sentence; {}", self.name(), self.advice);
        Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, message)
    }

    fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(limits: ProgramLimits) -> Program {
        Program::new("/bin/sh", "a shell").under(limits)
    }

    #[tokio::test]
    async fn a_program_reads_the_text_and_writes_the_sound() {
        let program = shell(ProgramLimits::default());
        assert_eq!(program.run(&["-c", "cat; echo $HOME$LECTERN_SECRET"], b"said").await.unwrap(), b"said\n");
        // One that does not read is no failure.
        let long = "said ".repeat(100_000);
        assert_eq!(program.run(&["-c", "echo done"], long.as_bytes()).await.unwrap(), b"done\n");
    }

    #[tokio::test]
    async fn every_bad_end_has_its_reason() {
        let small = ProgramLimits { output_bytes: 10, wall: Duration::from_millis(300), ..ProgramLimits::default() };
        for (script, reason) in [
            ("exit 3", Reason::EngineUnavailable),
            ("kill -9 $$", Reason::SpeechRejected),
            ("sleep 10", Reason::SpeechRejected),
            ("echo more than ten bytes; sleep 10", Reason::SpeechRejected),
        ] {
            let failure = shell(small.clone()).run(&["-c", script], b"a secret text").await.unwrap_err();
            assert_eq!(failure.reason, reason, "{script}");
            assert!(!failure.message.contains("secret"), "{failure}");
        }
        let missing = Program::new("/nowhere/espeak-ng", "the package espeak-ng");
        let failure = missing.run(&[], b"said").await.unwrap_err();
        assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        assert!(failure.message.contains("the package espeak-ng"), "{failure}");
    }

    #[tokio::test]
    async fn its_limits_are_lowered_before_it_has_the_text() {
        let limits = ProgramLimits { open_files: 17, cpu_seconds: 5, ..ProgramLimits::default() };
        let said = shell(limits).run(&["-c", "cat; ulimit -n; ulimit -t; ulimit -c"], &[]).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&said), "17\n5\n0\n");
    }
}
