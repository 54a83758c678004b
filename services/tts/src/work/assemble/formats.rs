//! Formats by their numbers in the public API.

use lectern_core::{Failure, OutputFormat};
use lectern_proto::v1 as api;

/// The formats of a command.
pub(super) fn formats(wire: &[i32]) -> Result<Vec<OutputFormat>, Failure> {
    wire.iter().map(|format| format_of(*format)).collect()
}

/// The format of a number in the public API.
///
/// # Errors
/// `OUTPUT_FORMAT_UNSUPPORTED`.
pub(crate) fn format_of(wire: i32) -> Result<OutputFormat, Failure> {
    match api::OutputFormat::try_from(wire) {
        Ok(api::OutputFormat::Opus) => Ok(OutputFormat::Opus),
        Ok(api::OutputFormat::Wav) => Ok(OutputFormat::Wav),
        Ok(api::OutputFormat::Flac) => Ok(OutputFormat::Flac),
        Ok(api::OutputFormat::Mp3) => Ok(OutputFormat::Mp3),
        Ok(api::OutputFormat::M4b) => Ok(OutputFormat::M4b),
        Ok(api::OutputFormat::Epub) => Ok(OutputFormat::Epub),
        Ok(api::OutputFormat::Srt) => Ok(OutputFormat::Srt),
        Ok(api::OutputFormat::Words) => Ok(OutputFormat::Words),
        // The parser of names words the refusal.
        Ok(api::OutputFormat::Unspecified) | Err(_) => wire.to_string().parse(),
    }
}

/// The number of a format in the public API.
pub(crate) const fn format_to_wire(format: OutputFormat) -> api::OutputFormat {
    match format {
        OutputFormat::Opus => api::OutputFormat::Opus,
        OutputFormat::Wav => api::OutputFormat::Wav,
        OutputFormat::Flac => api::OutputFormat::Flac,
        OutputFormat::Mp3 => api::OutputFormat::Mp3,
        OutputFormat::M4b => api::OutputFormat::M4b,
        OutputFormat::Epub => api::OutputFormat::Epub,
        OutputFormat::Srt => api::OutputFormat::Srt,
        OutputFormat::Words => api::OutputFormat::Words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_of_the_api_is_made() {
        for format in OutputFormat::ALL {
            assert_eq!(format_of(format_to_wire(format).into()).expect("known"), format);
        }
        let known = (1..=8).filter(|wire| format_of(*wire).is_ok()).count();
        assert_eq!(known, OutputFormat::ALL.len());
        assert!(format_of(0).is_err() && format_of(9).is_err());
    }
}
