//! MP3 through an ffmpeg process: permissively licensed encoders do not exist, and a program that
//! is run is not linked.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

use lectern_core::Failure;
use lectern_stage::work::no_room;

use super::{Encoder, Spec};

pub(super) fn available() -> bool {
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
