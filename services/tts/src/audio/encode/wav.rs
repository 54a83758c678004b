//! RIFF WAVE, and RF64 where the sizes outgrow 32 bits.

use std::io::{Seek, SeekFrom, Write};

use lectern_core::Failure;
use lectern_stage::work::no_room;

use super::{Encoder, Spec};

/// Bytes before the samples: RIFF (12), room for ds64 (8 + 28), fmt (8 + 16), data (8).
const HEADER: u64 = 80;

pub(super) struct Wav<W> {
    output: W,
    sample_rate: u32,
    samples: u64,
}

impl<W: Write + Seek> Wav<W> {
    pub(super) fn new(mut output: W, spec: &Spec) -> Result<Self, Failure> {
        output.write_all(&header(spec.sample_rate, 0)).map_err(|error| no_room(&error))?;
        Ok(Self { output, sample_rate: spec.sample_rate, samples: 0 })
    }
}

/// The header for so many samples. Under 4 GB the room for 64-bit sizes is a JUNK chunk, as EBU
/// Tech 3306 has it.
fn header(sample_rate: u32, samples: u64) -> Vec<u8> {
    let data = samples * 2;
    let riff = data + HEADER - 8;
    let narrow = u32::try_from(riff).ok();
    let mut bytes = Vec::with_capacity(80);
    bytes.extend_from_slice(if narrow.is_some() { b"RIFF" } else { b"RF64" });
    bytes.extend_from_slice(&narrow.unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(b"WAVE");
    bytes.extend_from_slice(if narrow.is_some() { b"JUNK" } else { b"ds64" });
    bytes.extend_from_slice(&28_u32.to_le_bytes());
    let sizes = if narrow.is_some() { [0; 3] } else { [riff, data, samples] };
    bytes.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(b"fmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    let (pcm, channels, frame, bits) = (1_u16, 1_u16, 2_u16, 16_u16);
    bytes.extend_from_slice(&pcm.to_le_bytes());
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&sample_rate.to_le_bytes());
    bytes.extend_from_slice(&(sample_rate * 2).to_le_bytes());
    bytes.extend_from_slice(&frame.to_le_bytes());
    bytes.extend_from_slice(&bits.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&narrow.map_or(u32::MAX, |_| u32::try_from(data).unwrap_or(u32::MAX)).to_le_bytes());
    bytes
}

impl<W: Write + Seek + Send> Encoder for Wav<W> {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.samples += samples.len() as u64;
        self.output.write_all(&bytes).map_err(|error| no_room(&error))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        let header = header(self.sample_rate, self.samples);
        self.output
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.output.write_all(&header))
            .and_then(|()| self.output.flush())
            .map_err(|error| no_room(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_over_four_gigabytes_go_to_64_bits() {
        let small = header(24_000, 1_000);
        assert_eq!((small.len(), &small[..4], &small[12..16]), (80, &b"RIFF"[..], &b"JUNK"[..]));
        let large = header(24_000, 3_000_000_000);
        assert_eq!((&large[..4], &large[12..16], large[76..80].to_vec()), (&b"RF64"[..], &b"ds64"[..], vec![0xFF; 4]));
        assert_eq!(u64::from_le_bytes(large[28..36].try_into().unwrap()), 6_000_000_000);
    }
}
