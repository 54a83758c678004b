//! What becomes of a PDF's lines: headings that the outline names, notes and their marks, drop
//! caps, what stands under a title. The files are written here, byte by byte.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write as _;

use lectern_core::content::document::{BlockKind, Content, Matter, SpanKind};
use lectern_ingest::extract::pdf::extract;

/// A file of one page with this content, and these further objects from 10 on; `catalog` is put
/// into the catalog. F is Helvetica, B is bold, C is Courier.
fn file(content: &str, catalog: &str, objects: &[&str]) -> Vec<u8> {
    let font = |name: &str| format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>");
    let mut bodies = vec![
        (1, format!("<</Type/Catalog/Pages 2 0 R{catalog}>>")),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 600]/Contents 4 0 R/Resources<</Font<</F 5 0 R/B 6 0 R/C 7 0 R>>>>>>".to_owned()),
        (4, format!("<</Length {}>>\nstream\n{content}\nendstream", content.chars().count())),
        (5, font("Helvetica")),
        (6, font("Helvetica-Bold")),
        (7, font("Courier")),
    ];
    bodies.extend((10..).zip(objects.iter().map(|object| (*object).to_owned())));
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = "xref\n0 1\n0000000000 65535 f \n".to_owned();
    for (number, body) in bodies {
        write!(table, "{number} 1\n{:010} 00000 n \n", out.chars().count()).unwrap();
        write!(out, "{number} 0 obj\n{body}\nendobj\n").unwrap();
    }
    let start = out.chars().count();
    write!(out, "{table}trailer\n<</Root 1 0 R/Size 40>>\nstartxref\n{start}\n%%EOF\n").unwrap();
    // One character is one byte, as WinAnsiEncoding has it.
    out.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect()
}

/// Lines of a page: face, size, left edge, baseline from the top, text.
fn lines(lines: &[(&str, u32, u32, u32, &str)]) -> String {
    let mut out = "BT\n".to_owned();
    for (face, size, x, y, text) in lines {
        writeln!(out, "/{face} {size} Tf 1 0 0 1 {x} {} Tm ({text}) Tj", 600 - y).unwrap();
    }
    out + "ET"
}

const TEXT: [&str; 4] = [
    "The text of this page is set in lines that reach its edge, so that it is",
    "plain what a paragraph is, and they go on until the thought that they",
    "have begun is at its end, which is soon, and does not hold anybody up",
    "for long.",
];

fn text(top: u32) -> Vec<(&'static str, u32, u32, u32, &'static str)> {
    (0..).zip(TEXT).map(|(at, text)| ("F", 10, 40, top + 12 * at, text)).collect()
}

fn headings(content: &Content) -> Vec<&str> {
    let heading = |kind: &BlockKind| matches!(kind, BlockKind::Heading { .. });
    content.blocks.iter().filter(|block| heading(&block.kind)).map(|block| block.text.as_str()).collect()
}

#[test]
fn the_outline_names_headings_however_its_destinations_are_written() {
    let mut page = vec![("C", 10, 40, 60, "2 flowables")];
    page.extend(text(80));
    let page = lines(&page);
    let entry = |destination: &str| format!("<</Title(Flowables)/Parent 10 0 R{destination}>>");
    for (name, destination, catalog) in [
        ("an array", "/Dest[3 0 R/XYZ 0 540 0]", ""),
        ("an action", "/A<</S/GoTo/D[3 0 R/Fit]>>", ""),
        ("a name of old", "/Dest/there", "/Dests<</there<</D[3 0 R/Fit]>>>>"),
        ("a string in the tree of names", "/Dest(there)", "/Names<</Dests 12 0 R>>"),
    ] {
        let catalog = format!("/Outlines 10 0 R{catalog}");
        let objects = [
            "<</Type/Outlines/First 11 0 R/Last 11 0 R>>",
            &entry(destination),
            "<</Kids[13 0 R]>>",
            "<</Limits[(there)(there)]/Names[(there)[3 0 R/Fit]]>>",
        ];
        let content = extract(&file(&page, &catalog, &objects)).unwrap();
        assert_eq!(headings(&content), ["2 flowables"], "{name}");
    }
    let content = extract(&file(&page, "", &[])).unwrap();
    assert!(headings(&content).is_empty(), "a line of code is no heading where no outline says so");
}

#[test]
fn raised_figures_of_unicode_lead_to_their_notes() {
    let mut page = text(60);
    page.extend([
        ("F", 10, 40, 120, "Then it begins again, and there is a chair missing.\u{b9} It had been"),
        ("F", 10, 40, 132, "there for years, in a room of ten m\u{b2}."),
        ("F", 8, 40, 560, "\u{b9} It had been lent to a bishop."),
    ]);
    let content = extract(&file(&lines(&page), "", &[])).unwrap();
    let note = content.blocks.iter().find(|block| matches!(block.kind, BlockKind::Footnote { .. })).unwrap();
    assert_eq!(note.kind, BlockKind::Footnote { label: "1".to_owned() });
    assert_eq!(note.text, "It had been lent to a bishop.");
    let spans: Vec<(&str, &SpanKind)> = content
        .blocks
        .iter()
        .flat_map(|block| block.spans.iter().map(|span| (span.range.of(&block.text), &span.kind)))
        .collect();
    assert_eq!(spans, [("\u{b9}", &SpanKind::NoteReference { note: Some(note.id) })]);
}

#[test]
fn a_drop_cap_begins_its_paragraph() {
    let page = lines(&[
        ("B", 16, 40, 40, "The Harbour at Night"),
        ("F", 34, 40, 92, "R"),
        ("F", 10, 66, 75, "ealised in a single winter, the new harbour wall was the work of"),
        ("F", 10, 66, 88, "two hundred men and one engineer, who slept on the site and ate"),
        ("F", 10, 40, 101, "with the masons, and nobody thanked him for it at that time, nor later,"),
        ("F", 10, 40, 114, "as is usual."),
    ]);
    let content = extract(&file(&page, "", &[])).unwrap();
    let texts: Vec<&str> = content.blocks.iter().map(|block| block.text.as_str()).collect();
    let paragraph = "Realised in a single winter, the new harbour wall was the work of two hundred men and one engineer, who \
                     slept on the site and ate with the masons, and nobody thanked him for it at that time, nor later, as is usual.";
    assert_eq!(texts, ["The Harbour at Night", paragraph]);
}

#[test]
fn what_stands_under_a_title_is_spoken_unless_it_names_its_authors() {
    let mut page = vec![
        ("B", 18, 40, 40, "Harvest Supper"),
        ("F", 10, 40, 70, "Ann Smith and Paul van der Mark"),
        ("F", 10, 40, 100, "Bring a plate and a chair"),
        ("F", 10, 40, 130, "Children are welcome, dogs are not"),
    ];
    page.extend(text(160));
    let content = extract(&file(&lines(&page), "", &[])).unwrap();
    let front = |block: &&lectern_core::content::document::Block| block.matter == Matter::Front;
    let texts: Vec<&str> = content.blocks.iter().filter(front).map(|block| block.text.as_str()).collect();
    assert_eq!(texts, ["Ann Smith and Paul van der Mark"]);
    assert_eq!(content.title.as_deref(), Some("Harvest Supper"));
}
