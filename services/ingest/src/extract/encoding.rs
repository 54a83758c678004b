//! Bytes to text: byte order marks, declarations, UTF-8, and Windows-1252 where nothing else fits.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decoded text, and how it was decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub text: String,
    /// The encoding's name (`UTF-8`).
    pub encoding: &'static str,
    /// Whether it is a guess rather than what the source says of itself.
    pub guessed: bool,
    /// Whether some bytes fitted no character.
    pub lossy: bool,
}

/// Decodes `bytes`. A byte order mark is believed first, then valid UTF-8, then a declaration in the first kilobyte.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(mark..).unwrap_or_default(), false);
    }
    if let Some(encoding) = wide(bytes) {
        return with(encoding, bytes, true);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), guessed: false, lossy: false };
    }
    match declared(bytes) {
        Some(encoding) => with(encoding, bytes, false),
        // One broken sequence in megabytes of UTF-8 does not make it Latin-1.
        None if mostly_utf8(bytes) => with(UTF_8, bytes, true),
        None => with(WINDOWS_1252, bytes, true),
    }
}

fn with(encoding: &'static Encoding, bytes: &[u8], guessed: bool) -> Decoded {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), guessed, lossy }
}

/// UTF-16 without a mark: nearly every second byte of Western text is zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(2048) & !1)?;
    let pairs = sample.len() / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match () {
        () if second * 10 > pairs * 7 && first * 20 < pairs => Some(UTF_16LE),
        () if first * 10 > pairs * 7 && second * 20 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// `<meta charset=...>`, `charset=...` within a content type, or an XML declaration's `encoding="..."`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(1024))?).to_ascii_lowercase();
    if !head.contains('<') {
        return None;
    }
    let after = ["charset=", "encoding="].iter().find_map(|key| head.split_once(key)).map(|(_, rest)| rest)?;
    let label: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|char| char.is_ascii_alphanumeric() || "-_:.".contains(*char))
        .collect();
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| *encoding != UTF_8 && *encoding != UTF_16LE && *encoding != UTF_16BE)
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let utf16: Vec<u8> = "Tide tables, naïve".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("Tide".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let cases: [(&[u8], &str, &str, bool); 6] = [
            ("naïve".as_bytes(), "naïve", "UTF-8", false),
            (b"\xef\xbb\xbfplain", "plain", "UTF-8", false),
            (&utf16, "Tide tables, naïve", "UTF-16LE", true),
            (&marked, "Tide", "UTF-16BE", false),
            (b"na\xefve caf\xe9 \x93quoted\x94", "naïve café “quoted”", "windows-1252", true),
            (b"<meta charset=iso-8859-2><p>\xb1", "<meta charset=iso-8859-2><p>ą", "ISO-8859-2", false),
        ];
        for (bytes, text, encoding, guessed) in cases {
            let decoded = decode(bytes);
            assert_eq!((decoded.text.as_str(), decoded.encoding, decoded.guessed), (text, encoding, guessed));
        }
    }
}
