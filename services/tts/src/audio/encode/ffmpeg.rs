//! What is encoded by an ffmpeg process: permissively licensed encoders of MP3 and AAC do not
//! exist, and a program that is run is not linked. It takes samples at one end and gives frames at
//! the other; nothing else is asked of it.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use lectern_core::Failure;
use lectern_stage::work::no_room;
use parking_lot::Mutex;
use tokio::time::Instant;

/// A missing encoder is looked for again after this long, so that one that is installed later is
/// found without a restart.
const LOOKED_FOR_AGAIN: Duration = Duration::from_secs(60);
/// Bits a second, on average: transparent for one voice.
const BITRATE: &str = "64k";

/// What ffmpeg encodes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// Frames of MP3, without anything around them.
    Mp3,
    /// Frames of AAC-LC in ADTS (ISO/IEC 13818-7).
    Aac,
}

impl Codec {
    /// The name of its encoder in ffmpeg.
    pub(super) const fn encoder(self) -> &'static str {
        match self {
            Self::Mp3 => "libmp3lame",
            Self::Aac => "aac",
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Mp3 => &["-id3v2_version", "0", "-write_xing", "0", "-f", "mp3"],
            Self::Aac => &["-f", "adts"],
        }
    }
}

/// Whether an ffmpeg program with this encoder is installed. Runs it only when that is not known.
pub(super) fn available(codec: Codec) -> bool {
    static MP3: Installed = Installed::new();
    static AAC: Installed = Installed::new();
    let installed = match codec {
        Codec::Mp3 => &MP3,
        Codec::Aac => &AAC,
    };
    installed.or_look(Instant::now(), || look(codec))
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

fn look(codec: Codec) -> bool {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-h", &format!("encoder={}", codec.encoder())])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        output.status.success() && said.contains(&format!("Encoder {}", codec.encoder()))
    })
}

/// An ffmpeg process, whose frames go into `S`.
pub(super) struct Ffmpeg<S> {
    child: Child,
    input: Option<ChildStdin>,
    // Copies what ffmpeg writes, so that neither waits for the other for ever.
    copier: Option<JoinHandle<io::Result<S>>>,
}

impl<S: Write + Send + 'static> Ffmpeg<S> {
    /// Starts it for samples of one channel at this rate.
    pub(super) fn start(codec: Codec, sample_rate: u32, mut sink: S) -> Result<Self, Failure> {
        let mut child = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostats"])
            .args(["-f", "s16le", "-ac", "1", "-ar", &sample_rate.to_string(), "-i", "pipe:0"])
            .args(["-map_metadata", "-1", "-fflags", "+bitexact", "-c:a", codec.encoder(), "-b:a", BITRATE])
            .args(codec.arguments())
            .arg("pipe:1")
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
                        sink.flush()?;
                        return Ok(sink);
                    }
                    sink.write_all(block.get(..read).unwrap_or_default())?;
                }
            })
        });
        Ok(Self { child, input, copier })
    }

    /// Gives it the next samples.
    pub(super) fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let input = self.input.as_mut().ok_or_else(|| Failure::internal("ffmpeg takes no input"))?;
        let Err(error) = input.write_all(&bytes) else { return Ok(()) };
        // It also stops when what it writes cannot be copied. Killed, lest the copier waits for it.
        let _ = self.child.kill();
        match self.copier.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => Err(uncopied(&error)),
            Some(Ok(Ok(_)) | Err(_)) | None => Err(Failure::internal(format!("ffmpeg stopped early: {error}"))),
        }
    }

    /// Lets it end, and gives back what its frames went into.
    pub(super) fn finish(mut self) -> Result<S, Failure> {
        // Closing its input tells ffmpeg that this was all.
        drop(self.input.take());
        let copied = self.copier.take().map(JoinHandle::join);
        let status =
            self.child.wait().map_err(|error| Failure::internal(format!("ffmpeg cannot be waited for: {error}")))?;
        match copied {
            Some(Ok(Ok(sink))) if status.success() => Ok(sink),
            Some(Ok(Err(error))) => Err(uncopied(&error)),
            Some(Ok(Ok(_)) | Err(_)) | None => Err(Failure::internal(format!("ffmpeg ended with {status}"))),
        }
    }
}

/// Why frames could not be taken: they are none, or there is no room for them.
fn uncopied(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::InvalidData {
        return Failure::internal(format!("what ffmpeg writes cannot be read: {error}"));
    }
    no_room(error)
}

impl<S> Drop for Ffmpeg<S> {
    /// A recording that is given up takes its process with it. After [`Ffmpeg::finish`] there is
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
