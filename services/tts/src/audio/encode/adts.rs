//! A stream of AAC in ADTS (ISO/IEC 13818-7, 6.2), taken apart into frames.

use std::io::{self, Write};

use super::waiting::Waiting;

/// Bytes of a frame's header without a checksum, and with one.
const HEADERS: [usize; 2] = [7, 9];

/// What a frame's header says of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The audio object type less 1: 1 for AAC-LC.
    pub(super) profile: u8,
    /// The place of the sample rate in the standard's table.
    pub(super) rate_index: u8,
    /// Channels.
    pub(super) channels: u8,
}

/// Takes frames.
pub(super) trait Frames {
    /// The next frame, without its header.
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> io::Result<()>;

    /// Writes what waits.
    fn flush(&mut self) -> io::Result<()>;
}

/// Takes a stream of bytes and gives its frames to `F`.
#[derive(Debug)]
pub(super) struct Adts<F> {
    frames: F,
    waiting: Waiting,
}

impl<F: Frames> Adts<F> {
    pub(super) const fn new(frames: F) -> Self {
        Self { frames, waiting: Waiting::new() }
    }

    pub(super) fn into_inner(self) -> F {
        self.frames
    }
}

impl<F: Frames> Write for Adts<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { frames, waiting } = self;
        waiting
            .take(bytes, header, |(kind, header), frame| frames.frame(kind, frame.get(header..).unwrap_or_default()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the stream of AAC ends within a frame"));
        }
        self.frames.flush()
    }
}

/// What a frame's header says: of what kind it is, and how long its header and it are. None where
/// there is no whole header yet.
fn header(bytes: &[u8]) -> io::Result<Option<((Kind, usize), usize)>> {
    let Some(&[sync, second, third, fourth, fifth, sixth, seventh]) = bytes.first_chunk::<7>() else {
        return Ok(None);
    };
    let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, format!("no frame of AAC: {what}")));
    if sync != 0xFF || second & 0xF6 != 0xF0 {
        return wrong("it does not begin as one");
    }
    let kind =
        Kind { profile: third >> 6, rate_index: (third >> 2) & 0x0F, channels: ((third & 1) << 2) | (fourth >> 6) };
    let length = (usize::from(fourth & 3) << 11) | (usize::from(fifth) << 3) | usize::from(sixth >> 5);
    let header = HEADERS[usize::from(second & 1 == 0)];
    if length < header || seventh & 3 != 0 {
        return wrong("its length is none, or it is several");
    }
    Ok(Some(((kind, header), length)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A frame of AAC-LC at 24 kHz with this content.
    pub(crate) fn frame(content: &[u8]) -> Vec<u8> {
        let length = content.len() + 7;
        let mut frame = vec![
            0xFF,
            0xF1,
            0b0101_1000,
            0b0100_0000 | (length >> 11) as u8,
            (length >> 3) as u8,
            ((length << 5) as u8) | 0x1F,
            0xFC,
        ];
        frame.extend_from_slice(content);
        frame
    }

    #[derive(Debug, Default)]
    struct Kept(Vec<Vec<u8>>);

    impl Frames for Kept {
        fn frame(&mut self, kind: Kind, frame: &[u8]) -> io::Result<()> {
            assert_eq!(kind, Kind { profile: 1, rate_index: 6, channels: 1 });
            self.0.push(frame.to_vec());
            Ok(())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn frames_are_found_however_the_stream_is_cut() {
        let contents: Vec<Vec<u8>> = [0, 1, 200, 1_500].iter().map(|length| vec![*length as u8; *length]).collect();
        let stream: Vec<u8> = contents.iter().flat_map(|content| frame(content)).collect();
        for size in [1, 2, 7, 8, 100, stream.len()] {
            let mut adts = Adts::new(Kept::default());
            stream.chunks(size).for_each(|piece| adts.write_all(piece).unwrap());
            adts.flush().unwrap();
            assert_eq!(adts.into_inner().0, contents, "pieces of {size}");
        }
    }

    #[test]
    fn a_checksum_is_left_out_and_what_is_no_frame_is_an_error() {
        let mut checked = frame(&[1, 2, 3, 4, 5]);
        checked[1] = 0xF0;
        let mut adts = Adts::new(Kept::default());
        adts.write_all(&checked).unwrap();
        assert_eq!(adts.into_inner().0, [[3, 4, 5]]);
        for wrong in [&b"ID3\x04\0\0\0\0"[..], &[0xFF, 0xF1, 0x58, 0x40, 0, 0x1F, 0xFC][..]] {
            let error = Adts::new(Kept::default()).write_all(wrong).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        let mut cut = Adts::new(Kept::default());
        cut.write_all(&frame(&[1; 50])[..20]).unwrap();
        assert!(cut.flush().is_err());
    }
}
