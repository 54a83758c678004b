//! Samples out of an answer. What it is follows from its bytes, and where those do not tell, from
//! what the server says of it: never from what was asked for, since models change from headerless
//! PCM to whole WAV files with their next release.

use crate::engine::wav::{NotAudio, is_wav, pcm, wav};

/// Samples a second of PCM of which nobody says it: what all of these servers speak at.
const USUAL_RATE: u32 = 24_000;
/// How files begin that are no samples: MP3 with and without tags, Ogg, FLAC, AAC.
const FILES: [&[u8]; 6] = [b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC", b"\xff\xf1"];
/// How an object of JSON begins.
const JSON: &[u8] = b"{\"";

/// Why an answer is no speech.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum NoSpeech {
    /// It has no audio.
    #[error("answered without audio")]
    Empty,
    /// What it has is none.
    #[error("answered with what is no audio: {0}")]
    NotAudio(String),
}

/// The same as [`samples`], of an answer that has to have some.
pub(in crate::engine) fn speech(bytes: &[u8], mime: &str) -> Result<(u32, Vec<f32>), NoSpeech> {
    if bytes.is_empty() {
        return Err(NoSpeech::Empty);
    }
    let (rate, samples) = samples(bytes, mime).map_err(|error| NoSpeech::NotAudio(error.to_string()))?;
    if samples.is_empty() { Err(NoSpeech::Empty) } else { Ok((rate, samples)) }
}

/// The sample rate and the samples of `bytes`, which the server calls `mime`.
pub(in crate::engine) fn samples(bytes: &[u8], mime: &str) -> Result<(u32, Vec<f32>), NotAudio> {
    if is_wav(bytes) {
        return wav(bytes);
    }
    let lower = mime.to_ascii_lowercase();
    let is_text = lower.starts_with("application/json") || lower.starts_with("text/") || bytes.starts_with(JSON);
    let says_pcm = lower.starts_with("audio/l16") || lower.starts_with("audio/pcm");
    // A sample may be what a file begins with.
    let is_file = !says_pcm && FILES.iter().any(|head| bytes.starts_with(head));
    if is_text || is_file {
        return Err(NotAudio::OtherKind);
    }
    Ok((rate(mime).unwrap_or(USUAL_RATE), pcm(bytes)?))
}

/// The rate in a media type: `audio/L16;codec=pcm;rate=24000`.
fn rate(mime: &str) -> Option<u32> {
    let parameters = mime.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let mut rates = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rate"));
    rates.next().and_then(|(_, rate)| rate.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_and_the_media_type_only_where_they_do_not() {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(16_000_u32.to_le_bytes());
        file.extend(32_000_u32.to_le_bytes());
        file.extend(b"\x02\0\x10\0data\x04\0\0\0\0\0\0\x40");
        for mime in ["audio/wav", "audio/L16;rate=24000", ""] {
            assert_eq!(samples(&file, mime), Ok((16_000, vec![0.0, 0.5])), "{mime}");
        }
        for (mime, rate) in [
            ("audio/L16;codec=pcm;rate=24000", 24_000),
            ("audio/l16; rate=22050; channels=1", 22_050),
            ("audio/pcm", 24_000),
            ("", 24_000),
        ] {
            assert_eq!(samples(&[0, 0, 0, 0x40], mime), Ok((rate, vec![0.0, 0.5])), "{mime}");
        }
    }

    #[test]
    fn what_is_no_samples_is_not_taken_for_some() {
        for (bytes, mime) in [
            (&b"{\"detail\": 1}"[..], "audio/pcm"),
            (&b"detail"[..], "application/json"),
            (&b"data: x\n\n"[..], "text/event-stream"),
            (&b"ID3\x04"[..], "audio/mpeg"),
            (&b"\xff\xfb\x90\x00"[..], "application/octet-stream"),
            (&b"OggS"[..], ""),
        ] {
            assert_eq!(samples(bytes, mime), Err(NotAudio::OtherKind), "{mime}");
        }
        assert_eq!(samples(&[0, 0, 0], "audio/pcm"), Err(NotAudio::HalfASample));
        assert_eq!(
            samples(b"\xff\xfb", "audio/L16;rate=24000").unwrap().1.len(),
            1,
            "a sample like the head of a file"
        );
    }
}
