use std::io::Cursor;
use std::sync::Arc;

use super::super::adts::Adts;
use super::super::adts::tests::frame;
use super::*;

const RATE: u32 = 24_000;

fn spec(titles: &[&str], length: u64) -> Spec {
    let mark =
        |(at, title): (u64, &&str)| Mark { title: (*title).to_owned(), start: at * length, end: (at + 1) * length };
    Spec {
        authors: vec!["Ann".to_owned(), "Bo".to_owned()],
        chapters: (0..).zip(titles).map(mark).collect(),
        cover: Some(Arc::from(&b"\x89PNG a picture"[..])),
        ..Spec::plain(RATE, "Über")
    }
}

/// A file of so many frames, each of another size.
fn file(spec: &Spec, frames: usize, samples: u64) -> Vec<u8> {
    let mut written = Cursor::new(Vec::new());
    let mut adts = Adts::new(Mp4::new(&mut written, spec).unwrap());
    for at in 0..frames {
        adts.write_all(&frame(&vec![at as u8; 50 + at % 90])).unwrap();
    }
    adts.flush().unwrap();
    adts.into_inner().finish(samples).unwrap();
    written.into_inner()
}

/// The boxes in a box's content.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let name = bytes[4..8].iter().map(|byte| char::from(*byte)).collect();
        let (size, header) =
            if size == 1 { (u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize, 16) } else { (size, 8) };
        found.push((name, &bytes[header..size]));
        bytes = &bytes[size..];
    }
    found
}

/// The content of the box at a path; `trak` has a number behind it.
fn at<'a>(file: &'a [u8], path: &str) -> &'a [u8] {
    path.split('/').fold(file, |content, step| {
        let (name, number) = step.split_once('#').map_or((step, 0), |(name, number)| (name, number.parse().unwrap()));
        boxes(content).into_iter().filter(|(found, _)| found == name).nth(number).unwrap_or_else(|| panic!("{path}")).1
    })
}

fn numbers_in(content: &[u8]) -> Vec<u32> {
    content.chunks_exact(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect()
}

#[test]
fn each_frame_is_found_where_the_table_says() {
    for frames in [1, 31, 32, 33, 100] {
        let spec = spec(&["One", "Two"], 10_000);
        let file = file(&spec, frames, 20_000);
        assert_eq!(boxes(&file).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["ftyp", "mdat", "moov"]);
        let table = "moov/trak/mdia/minf/stbl";
        let sizes = numbers_in(&at(&file, &format!("{table}/stsz"))[4..]);
        assert_eq!((sizes[0], sizes[1] as usize), (0, frames));
        let together = numbers_in(&at(&file, &format!("{table}/stsc"))[4..]);
        let chunks = at(&file, &format!("{table}/co64"));
        let places: Vec<usize> =
            chunks[8..].chunks_exact(8).map(|eight| u64::from_be_bytes(eight.try_into().unwrap()) as usize).collect();
        assert_eq!(places.len(), frames.div_ceil(32));
        // As a player walks: chunk by chunk, by the entry that holds for each.
        let mut number = 0;
        for (chunk, place) in (1..).zip(&places) {
            let mut entries = together[1..].chunks_exact(3);
            let of_chunk = entries.rfind(|entry| entry[0] <= chunk).unwrap()[1] as usize;
            let mut at = *place;
            for _ in 0..of_chunk.min(frames - number) {
                let size = sizes[2 + number] as usize;
                assert_eq!(&file[at..at + size], &vec![number as u8; 50 + number % 90][..], "frame {number}");
                (at, number) = (at + size, number + 1);
            }
        }
        assert_eq!(number, frames);
    }
}

#[test]
fn what_is_heard_begins_behind_the_priming_and_is_as_long_as_what_was_encoded() {
    let file = file(&spec(&["One"], 40_960), 41, 40_960);
    let edit = &at(&file, "moov/trak/edts/elst")[4..];
    assert_eq!(numbers_in(edit), [1, 0, 40_960, 0, 1_024, 0x1_0000]);
    let header = at(&file, "moov/mvhd");
    assert_eq!(numbers_in(&header[20..32]), [RATE, 0, 40_960]);
    let times = numbers_in(&at(&file, "moov/trak/mdia/minf/stbl/stts")[4..]);
    assert_eq!(times, [1, 41, 1_024]);
    let sound = at(&file, "moov/trak/mdia/minf/stbl/stsd");
    let esds = sound.windows(4).position(|four| four == b"esds").expect("a decoder's configuration");
    // AAC-LC, 24 kHz, one channel.
    assert!(sound[esds..].windows(7).any(|seven| seven == [5, 0x80, 0x80, 0x80, 2, 0x13, 0x08]), "{sound:x?}");
}

#[test]
fn chapters_are_a_track_of_titles_and_a_list() {
    let file = file(&spec(&["Eins", "Größe", "…"], 24_000), 71, 72_000);
    assert_eq!(numbers_in(at(&file, "moov/trak/tref/chap")), [2]);
    let table = "moov/trak#1/mdia/minf/stbl";
    assert_eq!(numbers_in(&at(&file, &format!("{table}/stts"))[4..]), [3, 1, 24_000, 1, 24_000, 1, 24_000]);
    let sizes = numbers_in(&at(&file, &format!("{table}/stsz"))[4..]);
    let place = at(&file, &format!("{table}/co64"));
    let mut from = u64::from_be_bytes(place[8..16].try_into().unwrap()) as usize;
    let mut titles = Vec::new();
    for size in &sizes[2..] {
        let text = &file[from..from + *size as usize];
        let length = u16::from_be_bytes([text[0], text[1]]) as usize;
        titles.push(String::from_utf8(text[2..2 + length].to_vec()).unwrap());
        assert_eq!(&text[2 + length..], b"\0\0\0\x0Cencd\0\0\x01\0");
        from += *size as usize;
    }
    assert_eq!(titles, ["Eins", "Größe", "…"]);
    let list = &at(&file, "moov/udta/chpl")[8..];
    assert_eq!(list[0], 3);
    assert_eq!(u64::from_be_bytes(list[1..9].try_into().unwrap()), 0);
    let second = &list[1 + 9 + 4..];
    assert_eq!(u64::from_be_bytes(second[..8].try_into().unwrap()), 10_000_000);
    assert_eq!((second[8] as usize, &second[9..16]), ("Größe".len(), "Größe".as_bytes()));
}

#[test]
fn what_people_read_is_there_and_more_chapters_than_a_list_has_are_a_track_alone() {
    let titles = vec!["T"; 256];
    let file = file(&spec(&titles, 100), 30, 25_600);
    let user: Vec<String> = boxes(at(&file, "moov/udta")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(user, ["meta"]);
    assert_eq!(numbers_in(&at(&file, "moov/trak#1/mdia/minf/stbl/stsz")[4..])[1], 256);
    let meta = at(&file, "moov/udta/meta");
    let items = boxes(&meta[4..]).into_iter().find(|(name, _)| name == "ilst").expect("items").1;
    let found: Vec<(String, &[u8])> = boxes(items).into_iter().map(|(name, item)| (name, &item[16..])).collect();
    let of = |name: &str| found.iter().find(|(found, _)| found == name).map(|(_, content)| *content);
    assert_eq!(of("\u{A9}nam"), Some("Über".as_bytes()));
    assert_eq!(of("\u{A9}ART"), Some(&b"Ann, Bo"[..]));
    assert_eq!(of("covr"), Some(&b"\x89PNG a picture"[..]));
    assert_eq!(of("stik"), Some(&[2_u8][..]));
}

#[test]
fn titles_are_cut_between_characters() {
    assert_eq!((cut("Größe", 4), cut("Größe", 3), cut("ab", 9), cut("", 0)), ("Grö", "Gr", "ab", ""));
    assert_eq!(title(&"ü".repeat(40_000)).len(), 2 + 65_534 + 12);
}
