//! What a recording can be made into: the formats that an order names, by the names that they have
//! in keys, files and metrics.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Failure, Kind, Reason};

/// A format that a recording is made in: audio, a book that is heard and read, or texts in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// RIFF WAVE, 16 bits; RF64 (EBU Tech 3306) over 4 GB.
    Wav,
    /// Lossless FLAC.
    Flac,
    /// Opus in Ogg (RFC 7845) with chapters, some 32 kbit/s.
    Opus,
    /// MP3 with chapters and a cover, some 64 kbit/s, by an ffmpeg program.
    Mp3,
    /// AAC in MP4 with chapters and a cover, some 64 kbit/s, by an ffmpeg program.
    M4b,
    /// EPUB 3 with media overlays: the document, in which what is spoken is lit.
    Epub,
    /// Captions in SubRip.
    Srt,
    /// The words as they are written, each with its time, in JSON.
    Words,
}

impl OutputFormat {
    /// Every format.
    pub const ALL: [Self; 8] =
        [Self::Wav, Self::Flac, Self::Opus, Self::Mp3, Self::M4b, Self::Epub, Self::Srt, Self::Words];

    /// The name in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Opus => "opus",
            Self::Mp3 => "mp3",
            Self::M4b => "m4b",
            Self::Epub => "epub",
            Self::Srt => "srt",
            Self::Words => "words",
        }
    }

    /// The artefact's name (`audio.opus`).
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Wav => "audio.wav",
            Self::Flac => "audio.flac",
            Self::Opus => "audio.opus",
            Self::Mp3 => "audio.mp3",
            Self::M4b => "audio.m4b",
            Self::Epub => "book.epub",
            Self::Srt => "captions.srt",
            Self::Words => "words.json",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Opus => "audio/ogg; codecs=opus",
            Self::Mp3 => "audio/mpeg",
            Self::M4b => "audio/mp4",
            Self::Epub => "application/epub+zip",
            Self::Srt => "application/x-subrip",
            Self::Words => "application/json",
        }
    }

    /// Whether it is a file of audio and of nothing else.
    #[must_use]
    pub const fn is_audio(self) -> bool {
        match self {
            Self::Wav | Self::Flac | Self::Opus | Self::Mp3 | Self::M4b => true,
            Self::Epub | Self::Srt | Self::Words => false,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OutputFormat {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Failure::new(
                Kind::InvalidArgument,
                Reason::OutputFormatUnsupported,
                format!("the format {text:?} is not known; choose one of: {known}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_back_their_names() {
        for format in OutputFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
            assert_eq!(format.is_audio(), format.media_type().starts_with("audio/"));
            assert_eq!(format.is_audio(), format.file_name() == format!("audio.{format}"));
        }
        let unknown = "aac".parse::<OutputFormat>().unwrap_err();
        assert_eq!(unknown.reason, Reason::OutputFormatUnsupported);
        assert!(unknown.message.contains("wav, flac, opus, mp3, m4b, epub, srt, words"), "{unknown}");
    }
}
