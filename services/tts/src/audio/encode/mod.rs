//! Files of audio: one streaming encoder a format, behind one trait. Samples go in as they are
//! joined; nothing is held but a frame.

mod flac;
mod mp3;
mod opus;
mod wav;

use std::io::{Seek, Write};

use lectern_core::{AudioFormat, Failure, Kind, Reason};

/// Takes samples of one channel and writes a file.
pub trait Encoder: Send {
    /// Takes the next samples.
    ///
    /// # Errors
    ///
    /// `UNAVAILABLE` if the file cannot be written, `INTERNAL` if the encoder fails.
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure>;

    /// Writes what is left and completes the file's headers. The file is not usable before.
    ///
    /// # Errors
    ///
    /// As [`Self::write`].
    fn finish(self: Box<Self>) -> Result<(), Failure>;
}

/// Whether this machine can write a format: ask when an order comes in, not when its audio is
/// ready. The first time for MP3, and each minute while that is missing, it runs a program, so it
/// blocks for some milliseconds.
///
/// # Errors
///
/// `AUDIO_FORMAT_UNSUPPORTED`, naming the package to install.
pub fn available(format: AudioFormat) -> Result<(), Failure> {
    match format {
        AudioFormat::Wav | AudioFormat::Flac | AudioFormat::Opus => Ok(()),
        AudioFormat::Mp3 if mp3_available() => Ok(()),
        AudioFormat::Mp3 => Err(Failure::new(
            Kind::FailedPrecondition,
            Reason::AudioFormatUnsupported,
            "MP3 needs the program ffmpeg with libmp3lame on the server: install the package `ffmpeg`, or choose opus, flac or wav",
        )),
    }
}

/// Whether an ffmpeg program with an MP3 encoder is installed. Runs it where that is not known.
#[must_use]
pub fn mp3_available() -> bool {
    mp3::available()
}

/// What an encoder is told about the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Samples a second; Opus takes 8, 12, 16, 24 and 48 thousand.
    pub sample_rate: u32,
    /// The title, for formats that carry one.
    pub title: String,
}

/// An encoder that writes to `output`, which is at its start. Keep a second handle to read the file
/// back.
///
/// # Errors
///
/// `UNAVAILABLE` if the output cannot be written, `INTERNAL` if the encoder cannot start.
pub fn encoder<W>(format: AudioFormat, output: W, spec: &Spec) -> Result<Box<dyn Encoder>, Failure>
where
    W: Write + Seek + Send + 'static,
{
    Ok(match format {
        AudioFormat::Wav => Box::new(wav::Wav::new(output, spec)?),
        AudioFormat::Flac => Box::new(flac::Flac::new(output, spec)?),
        AudioFormat::Opus => Box::new(opus::Opus::new(output, spec)?),
        AudioFormat::Mp3 => Box::new(mp3::Mp3::new(output, spec)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn a_full_disk_is_no_defect_and_is_tried_again() {
        let noise: Vec<i16> = (0..24_000_i32).map(|n| (n.wrapping_mul(7_919) % 20_000) as i16).collect();
        let spec = Spec { sample_rate: 24_000, title: "T".to_owned() };
        for format in AudioFormat::ALL {
            let written = encoder(format, Full(8 * 1024), &spec).and_then(|mut encoder| {
                (0..100).try_for_each(|_| encoder.write(&noise))?;
                encoder.finish()
            });
            let failure = written.unwrap_err();
            assert_eq!(failure.kind, Kind::Unavailable, "{format}: {failure}");
            assert!(failure.message.contains("make room"), "{format}: {failure}");
        }
    }
}
