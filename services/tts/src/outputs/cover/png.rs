//! A picture in PNG (W3C PNG, third edition): one row after the other, packed.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::canvas::Colour;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// Eight bits of red, green and blue; packed, filtered and laid out as usual.
const KIND: [u8; 5] = [8, 2, 0, 0, 0];

/// A square picture of these pixels.
///
/// # Errors
/// What the packer says.
pub(super) fn png(side: u32, pixels: &[Colour]) -> io::Result<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks(side as usize) {
        // Each row says how it is filtered: not at all.
        packed.write_all(&[0])?;
        packed.write_all(row.as_flattened())?;
    }
    let mut png = SIGNATURE.to_vec();
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &KIND].concat();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &packed.finish()?);
    chunk(&mut png, b"IEND", &[]);
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    png.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    let mut sum = Crc::new();
    for part in [name.as_slice(), content] {
        sum.update(part);
        png.extend_from_slice(part);
    }
    png.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn pixels_are_read_back() {
        let pixels: Vec<Colour> = (0..9).map(|at| [at, at * 2, at * 3]).collect();
        let png = png(3, &pixels).unwrap();
        assert_eq!((&png[..8], &png[12..16]), (&SIGNATURE[..], &b"IHDR"[..]));
        // The checksum of an empty IEND is known to everybody.
        assert_eq!(png[png.len() - 12..], *b"\0\0\0\0IEND\xAE\x42\x60\x82");
        let place = png.windows(4).position(|four| four == b"IDAT").unwrap();
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&png[place + 4..]).read_to_end(&mut rows).unwrap();
        let expected: Vec<u8> = pixels.chunks(3).flat_map(|row| [&[0_u8][..], row.as_flattened()].concat()).collect();
        assert_eq!(rows, expected);
    }
}
