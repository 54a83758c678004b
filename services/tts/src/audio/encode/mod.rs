//! Files of audio: one streaming encoder a format, behind one trait. Samples go in as they are
//! joined; nothing is held but a frame, and of an audiobook the sizes of its frames.
//!
//! MP3 and AAC are made by a program ([`ffmpeg`]); what stands around their frames, chapters and
//! cover, is written here ([`id3`], [`mp4`]), so that it is the same whatever version is installed.

mod adts;
mod beside;
mod comments;
mod ffmpeg;
mod flac;
mod id3;
mod m4b;
mod mp3;
mod mp4;
mod opus;
mod parts;
#[cfg(test)]
mod read_back;
mod waiting;
mod wav;

use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;

use lectern_core::{Failure, Kind, OutputFormat, Reason};

pub use parts::file_name as part_name;

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

/// Whether this machine can make a format: ask when an order comes in, not when its audio is ready.
/// The first time for what needs a program, and each minute while that is missing, it runs it, so
/// it blocks for some milliseconds.
///
/// # Errors
///
/// `OUTPUT_FORMAT_UNSUPPORTED`, naming the package to install.
pub fn available(format: OutputFormat) -> Result<(), Failure> {
    let (name, codec) = match format {
        OutputFormat::Wav
        | OutputFormat::Flac
        | OutputFormat::Opus
        | OutputFormat::Epub
        | OutputFormat::Srt
        | OutputFormat::Words => return Ok(()),
        OutputFormat::Mp3 => ("MP3", ffmpeg::Codec::Mp3),
        OutputFormat::M4b => ("M4B", ffmpeg::Codec::Aac),
    };
    if ffmpeg::available(codec) {
        return Ok(());
    }
    let message = format!(
        "{name} needs the program ffmpeg with {} on the server: install the package `ffmpeg`, or choose opus, flac or wav",
        codec.encoder()
    );
    Err(Failure::new(Kind::FailedPrecondition, Reason::OutputFormatUnsupported, message))
}

/// What an encoder is told about the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Samples a second; Opus takes 8, 12, 16, 24 and 48 thousand.
    pub sample_rate: u32,
    /// The title, for formats that carry one.
    pub title: String,
    /// The document's authors.
    pub authors: Vec<String>,
    /// The chapters, for formats that carry them: in order, without gaps, from the first sample to
    /// the last.
    pub chapters: Vec<Mark>,
    /// A picture in PNG, for formats that carry one.
    pub cover: Option<Arc<[u8]>>,
}

impl Spec {
    /// A recording without chapters and cover.
    #[must_use]
    pub fn plain(sample_rate: u32, title: &str) -> Self {
        Self { sample_rate, title: title.to_owned(), authors: Vec::new(), chapters: Vec::new(), cover: None }
    }

    /// Milliseconds of a sample position, rounded down.
    pub(super) const fn milliseconds(&self, samples: u64) -> u64 {
        crate::timeline::milliseconds(samples, self.sample_rate)
    }
}

/// A chapter of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its title.
    pub title: String,
    /// Its first sample.
    pub start: u64,
    /// One past its last.
    pub end: u64,
}

/// An encoder that writes to `output`, which is at its start. Keep a second handle to read the file
/// back.
///
/// # Errors
///
/// `UNAVAILABLE` if the output cannot be written, `INTERNAL` if the encoder cannot start or the
/// format is none of audio.
pub fn encoder<W>(format: OutputFormat, output: W, spec: &Spec) -> Result<Box<dyn Encoder>, Failure>
where
    W: Write + Seek + Send + 'static,
{
    Ok(match format {
        OutputFormat::Wav => Box::new(wav::Wav::new(output, spec)?),
        OutputFormat::Flac => Box::new(flac::Flac::new(output, spec)?),
        OutputFormat::Opus => Box::new(opus::Opus::new(output, spec)?),
        OutputFormat::Mp3 => Box::new(mp3::Mp3::new(output, spec)?),
        OutputFormat::M4b => Box::new(m4b::M4b::new(output, spec)?),
        OutputFormat::Epub | OutputFormat::Srt | OutputFormat::Words => {
            return Err(Failure::internal(format!("{format} is no format of audio")));
        }
    })
}

/// An encoder that writes a file of Opus for each chapter into `folder`, under its [`part_name`].
///
/// # Errors
///
/// As [`Encoder::write`].
pub fn parts(folder: &Path, spec: &Spec) -> Result<Box<dyn Encoder>, Failure> {
    Ok(Box::new(parts::Parts::new(folder, spec)?))
}

/// The same encoder on a thread of its own.
///
/// # Errors
///
/// `INTERNAL` where there can be no thread.
pub fn beside(encoder: Box<dyn Encoder>) -> Result<Box<dyn Encoder>, Failure> {
    Ok(Box::new(beside::Beside::new(encoder)?))
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
        let spec = Spec::plain(24_000, "T");
        for format in OutputFormat::ALL.into_iter().filter(|format| format.is_audio() && available(*format).is_ok()) {
            let written = encoder(format, Full(8 * 1024), &spec).and_then(|mut encoder| {
                (0..100).try_for_each(|_| encoder.write(&noise))?;
                encoder.finish()
            });
            let failure = written.unwrap_err();
            assert_eq!(failure.kind, Kind::Unavailable, "{format}: {failure}");
            assert!(failure.message.contains("make room"), "{format}: {failure}");
        }
    }

    #[test]
    fn what_is_no_audio_has_no_encoder_and_needs_no_program() {
        for format in OutputFormat::ALL.into_iter().filter(|format| !format.is_audio()) {
            assert!(encoder(format, Full(0), &Spec::plain(24_000, "T")).is_err(), "{format}");
            assert_eq!(available(format), Ok(()), "{format}");
        }
    }
}
