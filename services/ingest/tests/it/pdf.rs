//! PDFs that the repository ships: the demo comes out perfect, two columns in order, bad files are
//! refused by reason, and no damage makes the reader panic.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use lectern_core::content::document::{BlockKind, Content, Furniture, Matter, SpanKind};
use lectern_core::failure::Reason;
use lectern_ingest::extract::pdf::extract;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pdf").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(name: &str) -> Content {
    extract(&fixture(name)).unwrap()
}

/// One line a block: kind, pages, its first and last words, spans.
fn summary(content: &Content) -> String {
    let mut out = String::new();
    for block in &content.blocks {
        let kind = match &block.kind {
            BlockKind::Heading { level } => format!("heading {level}"),
            BlockKind::Paragraph => "paragraph".to_owned(),
            BlockKind::ListItem { ordinal, depth } => format!("item {} {depth}", ordinal.as_deref().unwrap_or("-")),
            BlockKind::Table { rows, header_rows } => format!("table {}x{} {header_rows}", rows.len(), rows[0].len()),
            BlockKind::Code { .. } => "code".to_owned(),
            BlockKind::Quote => "quote".to_owned(),
            BlockKind::Caption => "caption".to_owned(),
            BlockKind::Footnote { label } => format!("note {label}"),
            BlockKind::Formula { .. } => "formula".to_owned(),
            BlockKind::Figure => "figure".to_owned(),
            BlockKind::Furniture { furniture } => match furniture {
                Furniture::RunningHead => "head".to_owned(),
                Furniture::RunningFoot => "foot".to_owned(),
                Furniture::PageNumber => "number".to_owned(),
                Furniture::ContentsEntry => "entry".to_owned(),
                Furniture::Navigation => "navigation".to_owned(),
                Furniture::Watermark => "watermark".to_owned(),
                Furniture::Hidden => "hidden".to_owned(),
                Furniture::Deleted => "deleted".to_owned(),
                Furniture::Comment => "comment".to_owned(),
                Furniture::Placeholder => "placeholder".to_owned(),
            },
        };
        let pages = match (block.page, block.page_end) {
            (Some(from), Some(to)) => format!("{from}-{to}"),
            (Some(page), None) => page.to_string(),
            (None, _) => "?".to_owned(),
        };
        let words: Vec<&str> = block.text.split_whitespace().collect();
        let text = if words.len() > 10 {
            format!("{} ... {}", words[..6].join(" "), words[words.len() - 3..].join(" "))
        } else {
            words.join(" ")
        };
        let matter = match block.matter {
            Matter::Body => "",
            Matter::Front => " (front)",
            Matter::Back => " (back)",
            Matter::References => " (references)",
        };
        writeln!(out, "{:>2} p{pages} {kind}{matter}: {text}", block.id).unwrap();
        for span in &block.spans {
            let named = match &span.kind {
                SpanKind::Emphasis => "emphasis".to_owned(),
                SpanKind::Code => "code".to_owned(),
                SpanKind::Link { target } => format!("link {target}"),
                SpanKind::NoteReference { note } => format!("note {note:?}"),
                SpanKind::Citation => "citation".to_owned(),
                SpanKind::Formula { .. } => "formula".to_owned(),
                SpanKind::Superscript => "superscript".to_owned(),
                SpanKind::Subscript => "subscript".to_owned(),
                SpanKind::Quote => "quote".to_owned(),
            };
            writeln!(out, "     {named}: {}", span.range.of(&block.text)).unwrap();
        }
    }
    out
}

#[test]
fn the_demo_comes_out_block_for_block() {
    let content = read("demo.pdf");
    let wanted = String::from_utf8(fixture("demo.blocks.txt")).unwrap();
    let found = summary(&content);
    for (line, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "line {}", line + 1);
    }
    assert_eq!(found.lines().count(), wanted.lines().count());
    assert_eq!(content.title.as_deref(), Some("The Measure of the Tide"));
    assert_eq!(content.authors, ["The Lectern Project"]);
    assert_eq!(content.language, "en-GB");
    assert!(content.warnings.is_empty(), "{:?}", content.warnings);
}

#[test]
fn the_demo_headings_are_those_of_its_outline_in_order() {
    let wanted = String::from_utf8(fixture("demo.md")).unwrap();
    let wanted: Vec<&str> = wanted.lines().filter(|line| line.starts_with('#')).collect();
    let content = read("demo.pdf");
    let found: Vec<String> = content
        .blocks
        .iter()
        .filter_map(|block| {
            if let BlockKind::Heading { level } = block.kind {
                Some(format!("{} {}", "#".repeat(usize::from(level)), block.text))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn words_that_a_line_divided_are_whole_again() {
    let content = read("demo.pdf");
    let text: String = content.blocks.iter().map(|block| format!("{}\n", block.text)).collect();
    for word in [
        "answer",
        "future",
        "pulleys",
        "forecast",
        "beside",
        "sunshine",
        "running",
        "Solar",
        "University",
        "self-registering",
    ] {
        assert!(text.split(|char: char| !char.is_alphanumeric() && char != '-').any(|found| found == word), "{word}");
    }
    assert!(!text.contains('\u{ad}'));
}

#[test]
fn the_demo_table_has_its_cells() {
    let content = read("demo.pdf");
    let tables: Vec<_> = content
        .blocks
        .iter()
        .filter_map(|block| {
            if let BlockKind::Table { rows, header_rows } = &block.kind { Some((rows, *header_rows)) } else { None }
        })
        .collect();
    let [(rows, 1)] = tables[..] else { panic!("one table with one header row: {tables:?}") };
    assert_eq!(rows[0], ["Symbol", "Cause", "Period (hours)", "Strength"]);
    assert_eq!(rows[5], ["O1", "Tilt of the Moon’s path", "25.82", "41.5"]);
}

#[test]
fn two_columns_are_read_one_after_the_other() {
    let content = read("columns.pdf");
    let text: String = content.blocks.iter().map(|block| format!("{}\n", block.text)).collect();
    let mut at = 0;
    for phrase in [
        "Why Paper Remembers",
        "Abstract. A sheet of paper",
        "curls and swells.",
        "1 Introduction",
        "2 Making a sheet",
        "2.1 The vat",
        "2.2 The machine",
        "swells across the grain several times",
        "3 The crease",
        "This is the memory of paper",
        "4 How to find the grain",
        "Bend the sheet gently both ways. It resists less when the bend runs along the grain.",
        "5 Conclusion",
        "References",
        "[2] Koryo Miura",
    ] {
        at += text[at..].find(phrase).unwrap_or_else(|| panic!("{phrase:?} is missing or too early"));
    }
    let table = content
        .blocks
        .iter()
        .find_map(|block| if let BlockKind::Table { rows, .. } = &block.kind { Some(rows) } else { None });
    assert_eq!(table.unwrap()[3], ["Swelling", "slight", "strong"]);
    let note = content.blocks.iter().find(|block| matches!(block.kind, BlockKind::Footnote { .. })).unwrap();
    let referred = content
        .blocks
        .iter()
        .flat_map(|block| &block.spans)
        .any(|span| span.kind == SpanKind::NoteReference { note: Some(note.id) });
    assert!(referred);
}

#[test]
fn every_block_has_its_place_as_id_and_spans_within_its_text() {
    for name in ["demo.pdf", "columns.pdf"] {
        for (at, block) in read(name).blocks.iter().enumerate() {
            assert_eq!(block.id as usize, at);
            let length = lectern_core::content::length(&block.text);
            assert!(
                block.spans.iter().all(|span| span.range.start < span.range.end && span.range.end <= length),
                "{block:?}"
            );
            assert!(block.spans.is_sorted_by_key(|span| span.range.start));
        }
    }
}

#[test]
fn bad_files_are_refused_by_reason() {
    let demo = fixture("demo.pdf");
    let cases: [(&str, Vec<u8>, Reason); 7] = [
        ("empty", Vec::new(), Reason::DocumentEmpty),
        ("not a PDF", b"PK\x03\x04 and so on".to_vec(), Reason::FormatUnsupported),
        ("half a PDF", demo[..demo.len() / 2].to_vec(), Reason::DocumentDamaged),
        ("a header alone", b"%PDF-1.7\n".to_vec(), Reason::DocumentDamaged),
        ("no pages", b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\ntrailer\n<</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF\n".to_vec(), Reason::DocumentDamaged),
        ("a password", fixture("encrypted.pdf"), Reason::DocumentEncrypted),
        ("a scan", fixture("scanned.pdf"), Reason::NoTextLayer),
    ];
    for (name, bytes, reason) in cases {
        let failure = extract(&bytes).expect_err(name);
        assert_eq!(failure.reason, reason, "{name}: {failure}");
        assert!(!failure.kind.retryable() && failure.message.contains("upload"), "{name}: {failure}");
    }
}

#[test]
fn an_empty_password_opens_the_file() {
    let content = read("unlocked.pdf");
    assert!(content.blocks.iter().any(|block| block.text.contains("A clock made of water")));
}

/// A small generator of equally distributed numbers (Steele, Lea and Flood 2014), so that a failure
/// can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % limit
    }
}

#[test]
fn damage_never_panics() {
    let mut dice = Dice(7);
    for name in ["columns.pdf", "scanned.pdf", "encrypted.pdf"] {
        let whole = fixture(name);
        for _ in 0..25 {
            let mut cut = whole[..dice.below(whole.len())].to_vec();
            let _: Result<Content, _> = extract(&cut);
            // With the end put back, damage lies within.
            cut.extend_from_slice(&whole[whole.len() - 200.min(whole.len())..]);
            let _: Result<Content, _> = extract(&cut);
            let mut flipped = whole.clone();
            for _ in 0..1 + dice.below(20) {
                let at = dice.below(flipped.len());
                flipped[at] ^= 1 << dice.below(8);
            }
            let _: Result<Content, _> = extract(&flipped);
        }
    }
}

/// A page with this content stream.
fn page(content: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
        3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>\nendobj\n\
        5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n\
        6 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 12>>\nstream\n/X Do /X Do \nendstream\nendobj\n"
        .to_vec();
    out.extend_from_slice(format!("4 0 obj\n<</Length {}>>\nstream\n", content.len()).as_bytes());
    out.extend_from_slice(content);
    out.extend_from_slice(b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 7>>\nstartxref\n0\n%%EOF\n");
    out
}

#[test]
fn hostile_content_ends_and_what_can_be_read_is_read() {
    let deep: Vec<u8> = [b"q ".repeat(5_000), b"[".repeat(5_000)].concat();
    for (name, content) in [
        ("forms that contain themselves", b"BT /F 12 Tf 20 300 Td (Readable all the same) Tj ET /X Do".to_vec()),
        ("states without end", [b"BT /F 12 Tf 20 300 Td (Readable all the same) Tj ET ".to_vec(), deep].concat()),
        (
            "numbers out of reach",
            b"BT /F 12 Tf 20 300 Td (Readable all the same) Tj 1e39 0 0 -1e39 9e99 0 Tm (x) Tj ET".to_vec(),
        ),
    ] {
        let content = extract(&page(&content)).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(content.blocks.iter().any(|block| block.text.contains("Readable all the same")), "{name}");
    }
}

#[test]
fn repeated_reading_gives_the_same() {
    let mut seen: HashMap<String, Content> = HashMap::new();
    for _ in 0..2 {
        for name in ["demo.pdf", "columns.pdf"] {
            let content = read(name);
            let first = seen.entry(name.to_owned()).or_insert_with(|| content.clone());
            assert_eq!(*first, content);
        }
    }
}
