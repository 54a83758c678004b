//! The formats of audio files, by the names that they have in keys, files and metrics.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Failure, Kind, Reason};

/// A format of audio files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// RIFF WAVE, 16 bits; RF64 (EBU Tech 3306) over 4 GB.
    Wav,
    /// Lossless FLAC.
    Flac,
    /// Opus in Ogg (RFC 7845), some 32 kbit/s.
    Opus,
    /// MP3, some 64 kbit/s, by an ffmpeg program.
    Mp3,
}

impl AudioFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Wav, Self::Flac, Self::Opus, Self::Mp3];

    /// The name in requests, and the file's extension.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Opus => "opus",
            Self::Mp3 => "mp3",
        }
    }

    /// The artefact's name (`audio.opus`).
    #[must_use]
    pub fn file_name(self) -> String {
        format!("audio.{}", self.as_str())
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Opus => "audio/ogg; codecs=opus",
            Self::Mp3 => "audio/mpeg",
        }
    }
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AudioFormat {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            Failure::new(
                Kind::InvalidArgument,
                Reason::AudioFormatUnsupported,
                format!("the audio format {text:?} is not known; choose one of: wav, flac, opus, mp3"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_back_their_names() {
        for format in AudioFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        assert_eq!("aac".parse::<AudioFormat>().unwrap_err().reason, Reason::AudioFormatUnsupported);
    }
}
