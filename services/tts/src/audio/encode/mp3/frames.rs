//! Frames of MP3 (ISO/IEC 11172-3 and 13818-3, Layer III), counted as they pass, and the frame
//! before them that says how many they are: the `Info` tag of Xing, which players read for length
//! and places, with the extension of LAME, which says what of the first and last frame is not
//! heard.

use std::io::{self, Seek, SeekFrom, Write};

use super::super::waiting::Waiting;

/// Bits a second in thousands, by their number in a header: of MPEG-1, and of what came after.
const BITRATES: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples a second of MPEG-1; those of MPEG-2 are half of them, those of MPEG-2.5 a quarter.
const RATES: [u32; 3] = [44_100, 48_000, 32_000];
/// Samples that LAME puts before the first one.
const DELAY: u64 = 576;
/// What a tag may say at most of samples that are not heard.
const MOST_PADDING: u64 = 0xFFF;
/// That frames, bytes and places are said.
const SAYS: u32 = 0b111;
/// Places that are said.
const PLACES: u64 = 100;

/// What a frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    bytes: [u8; 4],
    is_first_version: bool,
    is_mono: bool,
    /// Bits a second, in thousands.
    bitrate: u32,
    rate: u32,
}

impl Header {
    /// That of the frame that begins here, and how long the frame is. None where there is no whole
    /// header yet.
    fn at(bytes: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let header = bytes.first_chunk::<4>().map(|bytes| Self::read(*bytes)).transpose()?;
        Ok(header.map(|header| (header, header.length())))
    }

    /// Reads one.
    fn read(bytes: [u8; 4]) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("no frame of MP3: {what}"));
        let [sync, version, rates, mode] = bytes;
        // Eleven bits, and Layer III.
        if sync != 0xFF || version & 0xE6 != 0xE2 {
            return Err(wrong("it does not begin as one"));
        }
        let shift = match (version >> 3) & 3 {
            3 => 0,
            2 => 1,
            0 => 2,
            _ => return Err(wrong("its version is reserved")),
        };
        let bitrates = BITRATES.get(usize::from(shift > 0)).ok_or_else(|| wrong("its version is not known"))?;
        let bitrate = bitrates.get(usize::from(rates >> 4)).copied().filter(|bitrate| *bitrate > 0);
        let rate = RATES.get(usize::from((rates >> 2) & 3)).map(|rate| rate >> shift);
        let (Some(bitrate), Some(rate)) = (bitrate, rate) else { return Err(wrong("its rates are none")) };
        Ok(Self { bytes, is_first_version: shift == 0, is_mono: mode >> 6 == 3, bitrate, rate })
    }

    /// Bytes of the frame.
    const fn length(&self) -> usize {
        self.unpadded() + ((self.bytes[2] >> 1) & 1) as usize
    }

    /// Bytes of such a frame without padding.
    const fn unpadded(&self) -> usize {
        let of_a_second = if self.is_first_version { 144 } else { 72 };
        (of_a_second * self.bitrate * 1000 / self.rate) as usize
    }

    const fn samples(&self) -> u64 {
        if self.is_first_version { 1152 } else { 576 }
    }

    /// Bytes between the header and what a tag says.
    const fn aside(&self) -> usize {
        match (self.is_first_version, self.is_mono) {
            (true, true) | (false, false) => 17,
            (true, false) => 32,
            (false, true) => 9,
        }
    }
}

/// Takes frames, and leaves room for one before them.
#[derive(Debug)]
pub(super) struct Counted<W> {
    output: W,
    // Where the room is.
    room: u64,
    first: Option<Header>,
    frames: u64,
    bytes: u64,
    waiting: Waiting,
}

impl<W: Write + Seek> Counted<W> {
    /// Frames that go to `output` from its byte `room` on.
    pub(super) const fn new(output: W, room: u64) -> Self {
        Self { output, room, first: None, frames: 0, bytes: 0, waiting: Waiting::new() }
    }

    /// Says how many frames there were, of which `samples` are to be heard.
    pub(super) fn finish(mut self, samples: u64) -> io::Result<()> {
        if let Some(first) = self.first {
            self.output.seek(SeekFrom::Start(self.room))?;
            self.output.write_all(&self.tag(&first, samples))?;
        }
        self.output.flush()
    }

    fn tag(&self, first: &Header, samples: u64) -> Vec<u8> {
        let length = first.unpadded();
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let all = number(self.bytes + length as u64).to_be_bytes();
        let silent = (self.frames * first.samples()).saturating_sub(DELAY + samples).min(MOST_PADDING);
        let [_, delay @ ..] = number((DELAY << 12) | silent).to_be_bytes();
        let places = (0..PLACES).map(|place| u8::try_from(place * 256 / PLACES).unwrap_or(u8::MAX));

        let mut tag = first.bytes.to_vec();
        if let Some(padding) = tag.get_mut(2) {
            *padding &= !0b10;
        }
        tag.resize(tag.len() + first.aside(), 0);
        tag.extend_from_slice(b"Info");
        tag.extend([SAYS, number(self.frames)].iter().flat_map(|number| number.to_be_bytes()));
        tag.extend(all);
        tag.extend(places);
        // The extension: by whom, nothing of level and volume, the bitrate, what is not heard.
        tag.extend_from_slice(b"Lavf\0\0\0\0\0");
        tag.extend([0; 11]);
        tag.push(u8::try_from(first.bitrate).unwrap_or(u8::MAX));
        tag.extend(delay);
        tag.extend([0; 4]);
        tag.extend(all);
        tag.extend([0; 2]);
        tag.extend(checksum(&tag).to_be_bytes());
        tag.resize(length.max(tag.len()), 0);
        tag
    }
}

impl<W: Write + Seek> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { output, first, frames, bytes: written, waiting, .. } = self;
        waiting.take(bytes, Header::at, |header, frame| {
            if first.is_none() {
                *first = Some(header);
                output.write_all(&vec![0; header.unpadded()])?;
            }
            output.write_all(frame)?;
            *frames += 1;
            *written += frame.len() as u64;
            Ok(())
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// CRC-16 with the polynomial 0x8005, bits turned.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        let sum = sum ^ u16::from(*byte);
        (0..8).fold(sum, |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xA001 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A frame of MPEG-2, 64 kbit/s, 24 kHz, one channel, filled with a byte.
    fn frame(fill: u8) -> Vec<u8> {
        let mut frame = vec![fill; 192];
        frame[..4].copy_from_slice(&[0xFF, 0xF3, 0x84, 0xC4]);
        frame
    }

    #[test]
    fn frames_are_counted_and_one_before_them_says_so() {
        let stream: Vec<u8> = (1..=212).flat_map(frame).collect();
        for size in [1, 100, stream.len()] {
            let mut written = Cursor::new(b"ID3".to_vec());
            written.set_position(3);
            let mut counted = Counted::new(&mut written, 3);
            stream.chunks(size).for_each(|piece| counted.write_all(piece).unwrap());
            counted.flush().unwrap();
            counted.finish(120_777).unwrap();
            let file = written.into_inner();
            assert_eq!(file.len(), 3 + 192 + stream.len());
            assert_eq!((&file[..3], &file[195..]), (&b"ID3"[..], &stream[..]), "pieces of {size}");
            let tag = &file[3..195];
            let number = |at: usize| u32::from_be_bytes(tag[at..at + 4].try_into().unwrap());
            assert_eq!((&tag[..4], &tag[13..17]), (&[0xFF, 0xF3, 0x84, 0xC4][..], &b"Info"[..]));
            assert_eq!((number(17), number(21), number(25)), (7, 212, 192 * 213));
            assert_eq!((tag[29], tag[79], tag[128]), (0, 128, 253));
            assert_eq!((&tag[129..133], tag[149]), (&b"Lavf"[..], 64));
            // 576 samples before the first, and behind the last what is left of 212 frames.
            let delay = u32::from_be_bytes([0, tag[150], tag[151], tag[152]]);
            assert_eq!((delay >> 12, delay & 0xFFF), (576, 212 * 576 - 576 - 120_777));
            assert_eq!(tag[163..165], checksum(&tag[..163]).to_be_bytes());
        }
    }

    #[test]
    fn a_header_says_how_long_its_frame_is() {
        let length =
            |bytes: [u8; 4]| Header::read(bytes).map(|header| (header.length(), header.samples(), header.rate));
        assert_eq!(length([0xFF, 0xF3, 0x84, 0xC4]).unwrap(), (192, 576, 24_000));
        // 22.05 kHz with padding, 48 kHz of MPEG-1, 8 kHz of MPEG-2.5.
        assert_eq!(length([0xFF, 0xF3, 0x82, 0xC4]).unwrap(), (209, 576, 22_050));
        assert_eq!(length([0xFF, 0xFB, 0x54, 0xC4]).unwrap(), (192, 1152, 48_000));
        assert_eq!(length([0xFF, 0xE3, 0x88, 0xC4]).unwrap(), (576, 576, 8_000));
        for wrong in [*b"ID3\x04", [0xFF, 0xF1, 0x58, 0x40], [0xFF, 0xEB, 0x84, 0xC4], [0xFF, 0xF3, 0xF4, 0xC4]] {
            assert_eq!(length(wrong).unwrap_err().kind(), io::ErrorKind::InvalidData, "{wrong:x?}");
        }
    }

    #[test]
    fn without_frames_nothing_is_said() {
        let mut written = Cursor::new(Vec::new());
        Counted::new(&mut written, 0).finish(0).unwrap();
        assert!(written.into_inner().is_empty());
    }
}
