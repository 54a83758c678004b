//! MP3 through an ffmpeg process: permissively licensed encoders do not exist, and a program that
//! is run is not linked.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use lectern_core::Failure;
use lectern_stage::work::no_room;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Encoder, Spec};

/// A missing encoder is looked for again after this long, so that one that is installed later is
/// found without a restart.
const LOOKED_FOR_AGAIN: Duration = Duration::from_secs(60);

/// Whether an ffmpeg program with an MP3 encoder is installed. Runs it only when that is not known.
pub(super) fn available() -> bool {
    static ENCODER: Installed = Installed::new();
    ENCODER.or_look(Instant::now(), look)
}

/// Whether a program is installed, as far as is known: one that was found stays found.
struct Installed(Mutex<Known>);

/// What is known of a program.
#[derive(Clone, Copy)]
enum Known {
    /// Nobody has looked.
    Nothing,
    /// It was found.
    Found,
    /// It was not there then.
    Missing(Instant),
}

impl Installed {
    const fn new() -> Self {
        Self(Mutex::new(Known::Nothing))
    }

    /// Whether it is installed. Callers that come together wait for one `look`.
    fn or_look(&self, now: Instant, look: impl FnOnce() -> bool) -> bool {
        // Held while looking, so that the program is started once, however many ask.
        let mut known = self.0.lock();
        match *known {
            Known::Found => return true,
            Known::Missing(at) if now.saturating_duration_since(at) < LOOKED_FOR_AGAIN => return false,
            Known::Nothing | Known::Missing(_) => {}
        }
        let found = look();
        *known = if found { Known::Found } else { Known::Missing(now) };
        found
    }
}

fn look() -> bool {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-h", "encoder=libmp3lame"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains("Encoder libmp3lame")
    })
}

pub(super) struct Mp3 {
    child: Child,
    input: Option<ChildStdin>,
    // Copies what ffmpeg writes to the output, so that neither waits for the other for ever.
    copier: Option<JoinHandle<std::io::Result<()>>>,
}

impl Mp3 {
    pub(super) fn new<W: Write + Send + 'static>(mut output: W, spec: &Spec) -> Result<Self, Failure> {
        let mut child = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostats"])
            .args(["-f", "s16le", "-ac", "1", "-ar", &spec.sample_rate.to_string(), "-i", "pipe:0"])
            .args(["-metadata", &format!("title={}", spec.title.replace('\0', " ")), "-map_metadata", "-1"])
            .args(["-fflags", "+bitexact", "-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3", "pipe:1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                Failure::internal(format!("ffmpeg cannot be started ({error}); install the package `ffmpeg`"))
            })?;
        let input = child.stdin.take();
        let copier = child.stdout.take().map(|mut from_ffmpeg| {
            std::thread::spawn(move || {
                let mut block = [0; 16 * 1024];
                loop {
                    let read = from_ffmpeg.read(&mut block)?;
                    if read == 0 {
                        return output.flush();
                    }
                    output.write_all(&block[..read])?;
                }
            })
        });
        Ok(Self { child, input, copier })
    }
}

impl Encoder for Mp3 {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let input = self.input.as_mut().ok_or_else(|| Failure::internal("ffmpeg takes no input"))?;
        let Err(error) = input.write_all(&bytes) else { return Ok(()) };
        // It also stops when what it writes cannot be copied. Killed, lest the copier waits for it.
        let _ = self.child.kill();
        match self.copier.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => Err(no_room(&error)),
            Some(Ok(Ok(())) | Err(_)) | None => Err(Failure::internal(format!("ffmpeg stopped early: {error}"))),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        // Closing its input tells ffmpeg that this was all.
        drop(self.input.take());
        let copied = self.copier.take().map(JoinHandle::join);
        let status =
            self.child.wait().map_err(|error| Failure::internal(format!("ffmpeg cannot be waited for: {error}")))?;
        match copied {
            Some(Ok(Ok(()))) if status.success() => Ok(()),
            Some(Ok(Err(error))) => Err(no_room(&error)),
            Some(Ok(Ok(())) | Err(_)) | None => Err(Failure::internal(format!("ffmpeg ended with {status}"))),
        }
    }
}

impl Drop for Mp3 {
    /// A recording that is given up takes its process with it. After [`Encoder::finish`] there is
    /// none.
    fn drop(&mut self) {
        if self.input.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_for_once_and_a_missing_one_again_after_a_while() {
        let installed = Installed::new();
        let start = Instant::now();
        assert!(!installed.or_look(start, || false));
        let soon = start + LOOKED_FOR_AGAIN / 2;
        assert!(!installed.or_look(soon, || panic!("it was looked for a moment ago")));
        let later = start + LOOKED_FOR_AGAIN;
        assert!(installed.or_look(later, || true), "it was installed meanwhile");
        assert!(installed.or_look(later + LOOKED_FOR_AGAIN, || panic!("what was found is not looked for")));
    }

    #[test]
    fn callers_that_come_together_start_one_program() {
        let (installed, started) = (Installed::new(), std::sync::atomic::AtomicU32::new(0));
        let look = || {
            started.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            false
        };
        let now = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert!(!installed.or_look(now, look)));
            }
        });
        assert_eq!(started.into_inner(), 1);
    }
}
