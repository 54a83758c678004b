//! A segment as an object in storage: samples, word times, who spoke it and what it cost, immutable
//! and self-checking.
//!
//! ```text
//! "LECSEG1\n"  SHA-256 of all that follows  length of the header (u32, little-endian)  header
//! (JSON)  samples
//! ```
//!
//! Samples are stored as signed 16-bit little-endian PCM; the header names the encoding, so that a
//! later one can be told apart.

use lectern_core::content::timeline::{Timing, WordTime};
use lectern_core::{Digest, Failure, Kind, Reason};
use serde::{Deserialize, Serialize};

use crate::engine::Usage;

/// The newest layout of a stored [`SegmentObject`].
pub const SCHEMA: u32 = 1;

/// Bytes of an object before its header.
pub const LEAD: u64 = 8 + 32 + 4;

const MAGIC: &[u8; 8] = b"LECSEG1\n";
const ENCODING: &str = "s16le";

/// One spoken segment, ready to be joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentObject {
    /// Samples a second, one channel.
    pub sample_rate: u32,
    /// The samples.
    pub samples: Vec<i16>,
    /// The words in time, from the first sample.
    pub words: Vec<WordTime>,
    /// Where their times are from.
    pub timing: Timing,
    /// The pinned voice that spoke it in the place of the one that was asked for; none where that
    /// one did.
    pub voice: Option<String>,
    /// What it cost to make.
    pub usage: Usage,
}

impl SegmentObject {
    /// A segment by the voice that was asked for, which gave the times of its words.
    #[must_use]
    pub const fn new(sample_rate: u32, samples: Vec<i16>, words: Vec<WordTime>, usage: Usage) -> Self {
        Self { sample_rate, samples, words, timing: Timing::Given, voice: None, usage }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    schema: u32,
    encoding: String,
    sample_rate: u32,
    samples: u64,
    words: Vec<WordTime>,
    #[serde(default, skip_serializing_if = "Timing::is_given")]
    timing: Timing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    usage: Usage,
}

fn damaged(what: impl std::fmt::Display) -> Failure {
    Failure::new(
        Kind::DataLoss,
        Reason::ObjectDamaged,
        format!("a stored segment is damaged ({what}); delete the object and retry the narration to make it anew"),
    )
}

/// Samples of an object of `size` bytes that begins with the [`LEAD`] bytes `lead`, by its lengths
/// alone: nothing of it is checked. None for what is no segment.
#[must_use]
pub fn stored_samples(lead: &[u8], size: u64) -> Option<u64> {
    let length = lead.strip_prefix(MAGIC)?.get(32..)?.first_chunk::<4>()?;
    let header = u64::from(u32::from_le_bytes(*length));
    Some(size.checked_sub(LEAD)?.checked_sub(header)? / 2)
}

impl SegmentObject {
    /// The object's bytes.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the header is over 4 GB.
    pub fn encode(&self) -> Result<Vec<u8>, Failure> {
        let header = Header {
            schema: SCHEMA,
            encoding: ENCODING.to_owned(),
            sample_rate: self.sample_rate,
            samples: self.samples.len() as u64,
            words: self.words.clone(),
            timing: self.timing,
            voice: self.voice.clone(),
            usage: self.usage,
        };
        let too_large =
            |error: &dyn std::fmt::Display| Failure::internal(format!("a segment cannot be written: {error}"));
        let header = serde_json::to_vec(&header).map_err(|error| too_large(&error))?;
        let length = u32::try_from(header.len()).map_err(|error| too_large(&error))?;
        let mut body = length.to_le_bytes().to_vec();
        body.extend_from_slice(&header);
        body.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&Digest::of(&body).0);
        bytes.append(&mut body);
        Ok(bytes)
    }

    /// Reads an object's bytes.
    ///
    /// # Errors
    ///
    /// `OBJECT_DAMAGED` for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Failure> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("not a segment"))?;
        let (digest, body) = rest.split_at_checked(32).ok_or_else(|| damaged("cut short"))?;
        if Digest::of(body).0 != digest {
            return Err(damaged("its checksum differs"));
        }
        let (length, rest) = body.split_first_chunk::<4>().ok_or_else(|| damaged("cut short"))?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(damaged)?;
        let (header, pcm) = rest.split_at_checked(length).ok_or_else(|| damaged("cut short"))?;
        let header: Header = serde_json::from_slice(header).map_err(damaged)?;
        if header.schema != SCHEMA || header.encoding != ENCODING {
            return Err(damaged(format!("layout {} with {} is not known", header.schema, header.encoding)));
        }
        let samples: Vec<i16> = pcm.as_chunks::<2>().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
        if samples.len() as u64 != header.samples || pcm.len() % 2 != 0 {
            return Err(damaged("not as many samples as it says"));
        }
        let Header { sample_rate, words, timing, voice, usage, .. } = header;
        Ok(Self { sample_rate, samples, words, timing, voice, usage })
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn segments_read_back_and_every_damaged_byte_is_found(
            samples in proptest::collection::vec(any::<i16>(), 0..500),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
            plain in any::<bool>(),
        ) {
            let words = vec![WordTime { spoken: Range::new(0, 3), start: 4, end: 9 }];
            let segment = SegmentObject::new(24_000, samples, words, Usage { calls: 1, characters: 12 });
            let voice = Some("engines/tone/voices/sine@1".to_owned());
            let segment = if plain { segment } else { SegmentObject { timing: Timing::Estimated, voice, ..segment } };
            let mut bytes = segment.encode().unwrap();
            let (size, samples) = (bytes.len() as u64, segment.samples.len() as u64);
            prop_assert_eq!(stored_samples(&bytes[..LEAD as usize], size), Some(samples));
            prop_assert_eq!(stored_samples(&bytes[1..], size), None);
            prop_assert_eq!(SegmentObject::decode(&bytes).unwrap(), segment);
            let at = at.index(bytes.len());
            prop_assert!(SegmentObject::decode(&bytes[..at]).is_err());
            bytes[at] ^= flip;
            prop_assert_eq!(SegmentObject::decode(&bytes).unwrap_err().reason, Reason::ObjectDamaged);
        }
    }
}
