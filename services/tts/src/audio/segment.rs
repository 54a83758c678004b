//! A segment as an object in storage: samples, word times and what they cost, immutable and
//! self-checking.
//!
//! ```text
//! "LECSEG1\n"  SHA-256 of all that follows  length of the header (u32, little-endian)  header
//! (JSON)  samples
//! ```
//!
//! Samples are stored as signed 16-bit little-endian PCM; the header names the encoding, so that a
//! later one can be told apart.

use lectern_core::content::timeline::WordTime;
use lectern_core::{Digest, Failure, Kind, Reason};
use serde::{Deserialize, Serialize};

use crate::engine::Usage;

/// The newest layout of a stored [`SegmentObject`].
pub const SCHEMA: u32 = 1;

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
    /// What it cost to make.
    pub usage: Usage,
}

#[derive(Serialize, Deserialize)]
struct Header {
    schema: u32,
    encoding: String,
    sample_rate: u32,
    samples: u64,
    words: Vec<WordTime>,
    usage: Usage,
}

fn damaged(what: impl std::fmt::Display) -> Failure {
    Failure::new(
        Kind::DataLoss,
        Reason::ObjectDamaged,
        format!("a stored segment is damaged ({what}); delete the object and retry the narration to make it anew"),
    )
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
        Ok(Self { sample_rate: header.sample_rate, samples, words: header.words, usage: header.usage })
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
        ) {
            let segment = SegmentObject {
                sample_rate: 24_000,
                words: vec![WordTime { spoken: Range::new(0, 3), start: 4, end: 9 }],
                samples,
                usage: Usage { calls: 1, characters: 12 },
            };
            let mut bytes = segment.encode().unwrap();
            prop_assert_eq!(SegmentObject::decode(&bytes).unwrap(), segment);
            let at = at.index(bytes.len());
            prop_assert!(SegmentObject::decode(&bytes[..at]).is_err());
            bytes[at] ^= flip;
            prop_assert_eq!(SegmentObject::decode(&bytes).unwrap_err().reason, Reason::ObjectDamaged);
        }
    }
}
