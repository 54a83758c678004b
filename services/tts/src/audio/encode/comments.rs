//! The comment header of Opus (RFC 7845, section 5.2): title, authors, and chapters as the Ogg
//! chapter extension has them (`CHAPTER001=00:00:00.000`, `CHAPTER001NAME=Title`).

use lectern_core::Failure;

use super::Spec;
use crate::timeline::timestamp;

/// Who wrote the stream.
const VENDOR: &str = "lectern";
/// Chapters are counted in three digits.
const MOST_CHAPTERS: usize = 999;

/// The header of a recording.
///
/// # Errors
/// `INTERNAL` for a text of 4 GB.
pub(super) fn header(spec: &Spec) -> Result<Vec<u8>, Failure> {
    let mut comments = vec![format!("TITLE={}", spec.title)];
    comments.extend(spec.authors.iter().map(|author| format!("ARTIST={author}")));
    for (number, mark) in (1..).zip(spec.chapters.iter().take(MOST_CHAPTERS)) {
        comments.push(format!("CHAPTER{number:03}={}", timestamp(spec.milliseconds(mark.start))));
        comments.push(format!("CHAPTER{number:03}NAME={}", mark.title));
    }
    let mut header = b"OpusTags".to_vec();
    text(&mut header, VENDOR)?;
    header.extend(count(comments.len())?);
    comments.iter().try_for_each(|comment| text(&mut header, comment))?;
    Ok(header)
}

fn text(header: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    header.extend(count(text.len())?);
    header.extend_from_slice(text.as_bytes());
    Ok(())
}

fn count(count: usize) -> Result<[u8; 4], Failure> {
    let count = u32::try_from(count).map_err(|error| Failure::internal(format!("Opus takes no such text: {error}")))?;
    Ok(count.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::Mark;
    use super::*;

    /// The comments of a header.
    fn comments(header: &[u8]) -> Vec<String> {
        let mut rest = header.strip_prefix(b"OpusTags").unwrap();
        let number = |rest: &mut &[u8]| {
            let (four, after) = rest.split_first_chunk::<4>().unwrap();
            *rest = after;
            u32::from_le_bytes(*four) as usize
        };
        let vendor = number(&mut rest);
        assert_eq!(&rest[..vendor], VENDOR.as_bytes());
        rest = &rest[vendor..];
        let count = number(&mut rest);
        let mut comments = Vec::new();
        for _ in 0..count {
            let length = number(&mut rest);
            comments.push(String::from_utf8(rest[..length].to_vec()).unwrap());
            rest = &rest[length..];
        }
        assert!(rest.is_empty());
        comments
    }

    #[test]
    fn chapters_are_named_and_timed() {
        let mark = |title: &str, start, end| Mark { title: title.to_owned(), start, end };
        let spec = Spec {
            authors: vec!["Ann".to_owned()],
            chapters: vec![mark("Eins", 0, 48_012), mark("Größe = mehr", 48_012, 24_000 * 36_000)],
            ..Spec::plain(24_000, "Über")
        };
        let expected = [
            "TITLE=Über",
            "ARTIST=Ann",
            "CHAPTER001=00:00:00.000",
            "CHAPTER001NAME=Eins",
            "CHAPTER002=00:00:02.000",
            "CHAPTER002NAME=Größe = mehr",
        ];
        assert_eq!(comments(&header(&spec).unwrap()), expected);
        assert_eq!(comments(&header(&Spec::plain(24_000, "")).unwrap()), ["TITLE="]);
    }

    #[test]
    fn ten_hours_have_two_digits() {
        assert_eq!(timestamp(36_061_001), "10:01:01.001");
    }
}
