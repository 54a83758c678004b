//! What stands before the frames of an MP3: an ID3v2.4 tag with title, authors, cover, and chapters
//! (ID3v2 Chapter Frame Addendum 1.0).

use super::Spec;

/// Texts are UTF-8.
const UTF_8: u8 = 3;
/// A picture's place: the front cover.
const FRONT: u8 = 3;
/// A table of contents counts its entries in one byte.
const MOST_ENTRIES: usize = 255;
/// A table of contents that is the first one, and one in order.
const TOP: u8 = 0b10;
const ORDERED: u8 = 0b01;
/// That a chapter is known by its time and not by its place in the file.
const NO_OFFSET: [u8; 8] = [0xFF; 8];

/// The tag of a recording.
pub(super) fn tag(spec: &Spec) -> Vec<u8> {
    let mut frames = Vec::new();
    text(&mut frames, *b"TIT2", &spec.title);
    text(&mut frames, *b"TALB", &spec.title);
    text(&mut frames, *b"TPE1", &spec.authors.join(", "));
    text(&mut frames, *b"TSSE", "lectern");
    contents(&mut frames, spec.chapters.len());
    for (number, mark) in spec.chapters.iter().enumerate() {
        let mut chapter = element(&chapter_id(number));
        for sample in [mark.start, mark.end] {
            let time = u32::try_from(spec.milliseconds(sample)).unwrap_or(u32::MAX);
            chapter.extend(time.to_be_bytes());
        }
        chapter.extend(NO_OFFSET);
        text(&mut chapter, *b"TIT2", &mark.title);
        frame(&mut frames, *b"CHAP", &chapter);
    }
    if let Some(cover) = &spec.cover {
        let picture = [&[UTF_8][..], b"image/png\0", &[FRONT, 0], cover].concat();
        frame(&mut frames, *b"APIC", &picture);
    }
    let mut tag = b"ID3\x04\0\0".to_vec();
    tag.extend(synchsafe(frames.len()));
    tag.append(&mut frames);
    tag
}

/// The table of contents; of more chapters than one has entries, a table of tables.
fn contents(frames: &mut Vec<u8>, chapters: usize) {
    if chapters == 0 {
        return;
    }
    let ids: Vec<String> = (0..chapters).map(chapter_id).collect();
    if chapters <= MOST_ENTRIES {
        frame(frames, *b"CTOC", &table("toc", TOP | ORDERED, &ids));
        return;
    }
    let parts: Vec<String> = (0..chapters.div_ceil(MOST_ENTRIES)).map(|part| format!("toc{part}")).collect();
    frame(frames, *b"CTOC", &table("toc", TOP | ORDERED, &parts));
    for (part, ids) in parts.iter().zip(ids.chunks(MOST_ENTRIES)) {
        frame(frames, *b"CTOC", &table(part, ORDERED, ids));
    }
}

fn chapter_id(number: usize) -> String {
    format!("ch{number}")
}

fn table(id: &str, flags: u8, entries: &[String]) -> Vec<u8> {
    let mut table = element(id);
    table.extend([flags, u8::try_from(entries.len()).unwrap_or(u8::MAX)]);
    entries.iter().for_each(|entry| table.extend(element(entry)));
    table
}

fn element(id: &str) -> Vec<u8> {
    [id.as_bytes(), &[0]].concat()
}

fn text(frames: &mut Vec<u8>, id: [u8; 4], text: &str) {
    if text.is_empty() {
        return;
    }
    // A zero ends a text.
    let text = text.replace('\0', " ");
    frame(frames, id, &[&[UTF_8][..], text.as_bytes(), &[0]].concat());
}

fn frame(frames: &mut Vec<u8>, id: [u8; 4], content: &[u8]) {
    frames.extend(id);
    frames.extend(synchsafe(content.len()));
    frames.extend([0, 0]);
    frames.extend_from_slice(content);
}

/// A length in four bytes of which each has seven bits.
fn synchsafe(length: usize) -> [u8; 4] {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let seven = |shift: u32| ((length >> shift) & 0x7F).to_le_bytes()[0];
    [seven(21), seven(14), seven(7), seven(0)]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Mark;
    use super::*;

    /// The frames of a tag or of a frame's content.
    fn frames(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let length = bytes[4..8].iter().fold(0, |all, byte| {
                assert!(*byte < 0x80, "seven bits");
                (all << 7) | usize::from(*byte)
            });
            assert_eq!(&bytes[8..10], &[0, 0]);
            found.push((String::from_utf8(bytes[..4].to_vec()).unwrap(), bytes[10..10 + length].to_vec()));
            bytes = &bytes[10 + length..];
        }
        found
    }

    /// The frames of a recording's tag.
    fn tagged(spec: &Spec) -> Vec<(String, Vec<u8>)> {
        let tag = tag(spec);
        assert_eq!(&tag[..6], b"ID3\x04\0\0");
        let length = tag[6..10].iter().fold(0, |all, byte| (all << 7) | usize::from(*byte));
        assert_eq!(length, tag.len() - 10);
        frames(&tag[10..])
    }

    /// A text up to its zero, and what follows.
    fn until_zero(bytes: &[u8]) -> (String, &[u8]) {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap();
        (String::from_utf8(bytes[..end].to_vec()).unwrap(), &bytes[end + 1..])
    }

    fn spec(chapters: u64) -> Spec {
        let mark = |at| Mark { title: format!("Teil {at}"), start: at * 36_000, end: (at + 1) * 36_000 };
        Spec { chapters: (0..chapters).map(mark).collect(), ..Spec::plain(24_000, "Größe\0") }
    }

    #[test]
    fn a_tag_says_the_title_the_chapters_and_their_order() {
        let all = tagged(&Spec { authors: vec!["Ann".into(), "Bo".into()], ..spec(3) });
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["TIT2", "TALB", "TPE1", "TSSE", "CTOC", "CHAP", "CHAP", "CHAP"]);
        assert_eq!(all[0].1, [&[3][..], "Größe \0".as_bytes()].concat());
        assert_eq!(all[2].1, b"\x03Ann, Bo\0");
        let (id, rest) = until_zero(&all[4].1);
        assert_eq!((id.as_str(), &rest[..2]), ("toc", &[3, 3][..]));
        assert_eq!(&rest[2..], b"ch0\0ch1\0ch2\0");
        let (id, rest) = until_zero(&all[6].1);
        assert_eq!(id, "ch1");
        let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
        assert_eq!((number(0), number(4), number(8), number(12)), (1_500, 3_000, u32::MAX, u32::MAX));
        assert_eq!(frames(&rest[16..]), [("TIT2".to_owned(), b"\x03Teil 1\0".to_vec())]);
    }

    #[test]
    fn many_chapters_have_a_table_of_tables() {
        let all = tagged(&spec(300));
        let tables: Vec<_> =
            all.iter().filter(|(name, _)| name == "CTOC").map(|(_, table)| until_zero(table)).collect();
        let [(top, first), (one, left), (two, right)] = &tables[..] else { panic!("{} tables", tables.len()) };
        assert_eq!((top.as_str(), one.as_str(), two.as_str()), ("toc", "toc0", "toc1"));
        assert_eq!(*first, b"\x03\x02toc0\0toc1\0");
        assert_eq!((&left[..2], &right[..2]), (&[1, 255][..], &[1, 45][..]));
        assert!(right.ends_with(b"ch299\0"));
        assert_eq!(all.iter().filter(|(name, _)| name == "CHAP").count(), 300);
    }

    #[test]
    fn a_cover_is_a_picture_and_nothing_is_said_of_what_is_not_there() {
        let cover: Arc<[u8]> = Arc::from(&b"\x89PNG"[..]);
        let all = tagged(&Spec { cover: Some(cover), ..Spec::plain(24_000, "") });
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["TSSE", "APIC"]);
        assert_eq!(all[1].1, b"\x03image/png\0\x03\0\x89PNG");
        assert_eq!(synchsafe(0x0FFF_FFFF), [0x7F; 4]);
    }
}
