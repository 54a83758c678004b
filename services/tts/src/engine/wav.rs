//! Samples out of the bytes that engines answer with: headerless PCM, and WAV, also as it is
//! written by who does not know yet how long it will be. And the WAV that is given to who listens.

/// Bytes of a sample.
const SAMPLE: usize = 2;
/// The tag of integer PCM in a WAV, and that of a header which says it further on.
const PCM: u16 = 1;
const EXTENSIBLE: u16 = 0xFFFE;

/// Why bytes are no samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAudio {
    /// There is no header of a WAV at the beginning.
    #[error("it is no WAV")]
    NoWav,
    /// It ends before its samples begin.
    #[error("it is a WAV without samples")]
    CutShort,
    /// It has another encoding, or more than one channel.
    #[error("it is a WAV of another kind than 16 bits on one channel")]
    OtherKind,
    /// Half a sample is left.
    #[error("it has an odd number of bytes")]
    HalfASample,
}

/// Whether bytes begin as a WAV does, whatever a content type says of them.
#[must_use]
pub fn is_wav(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE")
}

/// The sample rate and the samples of a WAV of 16 bits on one channel. Where its header does not
/// know the length, which is then 0 or larger than what is there, the samples go on to the end.
///
/// # Errors
/// [`NotAudio`].
pub fn wav(bytes: &[u8]) -> Result<(u32, Vec<f32>), NotAudio> {
    if !is_wav(bytes) {
        return Err(NotAudio::NoWav);
    }
    let mut rest = bytes.get(12..).unwrap_or_default();
    let mut rate = None;
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, length @ ..] = *head;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        match &[a, b, c, d] {
            b"fmt " => rate = Some(format(body.get(..length.min(body.len())).unwrap_or_default())?),
            b"data" => {
                let rate = rate.ok_or(NotAudio::CutShort)?;
                let unknown = length == 0 || length > body.len();
                let data = if unknown { body } else { body.get(..length).unwrap_or(body) };
                return Ok((rate, pcm(data)?));
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = body.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    Err(NotAudio::CutShort)
}

/// The sample rate of a format of 16 bits on one channel.
fn format(chunk: &[u8]) -> Result<u32, NotAudio> {
    let from = |at: usize| chunk.get(at..).unwrap_or_default();
    let word = |at: usize| from(at).first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes));
    let rate = from(4).first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    let (Some(kind), Some(channels), Some(rate), Some(bits)) = (word(0), word(2), rate, word(14)) else {
        return Err(NotAudio::CutShort);
    };
    if (kind == PCM || kind == EXTENSIBLE) && channels == 1 && bits == 16 { Ok(rate) } else { Err(NotAudio::OtherKind) }
}

/// Headerless samples: signed 16 bits, little-endian.
///
/// # Errors
/// [`NotAudio::HalfASample`].
pub fn pcm(bytes: &[u8]) -> Result<Vec<f32>, NotAudio> {
    let (samples, rest) = bytes.as_chunks::<SAMPLE>();
    if !rest.is_empty() {
        return Err(NotAudio::HalfASample);
    }
    Ok(samples.iter().map(|sample| f32::from(i16::from_le_bytes(*sample)) / 32_768.0).collect())
}

/// A WAV of 16 bits on one channel, whole in memory: of the seconds of one segment.
#[must_use]
pub fn to_wav(sample_rate: u32, samples: &[f32]) -> Vec<u8> {
    // The format's chunk, and the head of the samples' chunk.
    const BEFORE_SAMPLES: u32 = 4 + 8 + 16 + 8;
    const BYTES: u16 = 2;
    let length = u32::try_from(samples.len().saturating_mul(SAMPLE)).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(samples.len().saturating_mul(SAMPLE).saturating_add(44));
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&length.saturating_add(BEFORE_SAMPLES).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&PCM.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&sample_rate.to_le_bytes());
    bytes.extend_from_slice(&sample_rate.saturating_mul(u32::from(BYTES)).to_le_bytes());
    bytes.extend_from_slice(&BYTES.to_le_bytes());
    bytes.extend_from_slice(&(BYTES * 8).to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&length.to_le_bytes());
    #[allow(clippy::cast_possible_truncation, reason = "clamped")]
    let to_i16 = |sample: &f32| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    bytes.extend(samples.iter().flat_map(|sample| to_i16(sample).to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(channels: u16, bits: u16, length: Option<u32>, samples: &[i16]) -> Vec<u8> {
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let length = length.unwrap_or(data.len() as u32);
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00\x01\x00".to_vec();
        bytes.extend(channels.to_le_bytes());
        bytes.extend(22_050_u32.to_le_bytes());
        bytes.extend(44_100_u32.to_le_bytes());
        bytes.extend(2_u16.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_wav_is_read_whether_its_header_knows_its_length_or_not() {
        let samples = [0, 16_384, -32_768];
        for length in [None, Some(0), Some(u32::MAX), Some(0x7FFF_F000)] {
            let read = wav(&written(1, 16, length, &samples)).unwrap();
            assert_eq!(read, (22_050, vec![0.0, 0.5, -1.0]), "{length:?}");
        }
        assert_eq!(wav(&written(1, 16, Some(4), &samples)).unwrap().1.len(), 2, "what follows is no sample");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = to_wav(16_000, &[0.0, 0.5, -1.0, 2.0]);
        assert_eq!((bytes.len(), bytes[4..8].to_vec()), (44 + 8, 44_u32.to_le_bytes().to_vec()));
        assert_eq!(wav(&bytes), Ok((16_000, vec![0.0, 0.5, -1.0, 32_767.0 / 32_768.0])));
        assert_eq!(wav(&to_wav(16_000, &[])), Ok((16_000, Vec::new())));
    }

    #[test]
    fn what_is_no_such_wav_is_refused() {
        let good = written(1, 16, None, &[1, 2, 3]);
        for (bytes, why) in [
            (b"ID3 and so on".to_vec(), NotAudio::NoWav),
            (good[..40].to_vec(), NotAudio::CutShort),
            (written(2, 16, None, &[1, 2]), NotAudio::OtherKind),
            (written(1, 8, None, &[1, 2]), NotAudio::OtherKind),
            (good[..good.len() - 1].to_vec(), NotAudio::HalfASample),
        ] {
            assert_eq!(wav(&bytes), Err(why));
        }
        assert!(is_wav(&good) && !is_wav(b"RIFF") && wav(&[]).is_err());
        assert_eq!(pcm(&[0, 0, 1]), Err(NotAudio::HalfASample));
    }
}
