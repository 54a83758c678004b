//! Each format, by the fixtures written for this project.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails its test")]

use std::path::Path;

use lectern_core::content::document::{BlockKind, Content};
use lectern_ingest::extract::{Hint, extract};

use crate::pack::packed;
use crate::view;

fn read(file_name: &str, bytes: &[u8]) -> Content {
    let hint = Hint { file_name: Some(file_name.to_owned()), media_type: None };
    let content = extract(bytes, &hint).unwrap_or_else(|failure| panic!("{file_name}: {failure}"));
    view::check(&content);
    content
}

/// Compares with the blocks that were written down, and read by a person, in a file beside the
/// fixture.
fn expect(name: &str, bytes: &[u8]) -> Content {
    let content = read(name, bytes);
    let found = view::blocks(&content);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.blocks"));
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    if found != wanted {
        let difference = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        panic!("{name} reads otherwise than {}: {difference:?}; all of it:\n{found}", path.display());
    }
    content
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

#[test]
fn each_format_keeps_its_structure() {
    let author = "The Lectern authors";
    for (name, bytes, title, authors, language) in [
        ("markdown/tides.md", fixture("markdown/tides.md"), "A Short Book of Tides", vec![author], "en"),
        ("html/page.html", fixture("html/page.html"), "How a lighthouse lens works", vec![author], "en"),
        ("text/letter.txt", fixture("text/letter.txt"), "THE KEEPER'S LETTER", vec![], "en"),
        ("epub/book.epub", packed("epub/book"), "The Lamp and the Sea", vec![author], "en-GB"),
        ("docx/report.docx", packed("docx/report"), "Harbour Report", vec![author, "A Second Hand"], "en-GB"),
        ("docx/pandoc-tides.docx", fixture("docx/pandoc-tides.docx"), "A Short Book of Tides", vec![author], "en"),
        ("epub/pandoc-tides.epub", fixture("epub/pandoc-tides.epub"), "A Short Book of Tides", vec![author], "en"),
    ] {
        let content = expect(name, &bytes);
        assert_eq!((content.title.as_deref(), content.language.as_str()), (Some(title), language), "{name}");
        assert_eq!(content.authors, authors, "{name}");
    }
}

#[test]
fn files_of_other_programs_are_read_block_by_block() {
    let author = "The Lectern authors";
    for (name, title, authors, language, pages) in [
        ("odt/harbour.odt", Some("The Harbour Book"), vec![author], "en-GB", None),
        ("odt/pandoc-tides.odt", Some("A Short Book of Tides"), vec![author], "en", None),
        ("pptx/talk.pptx", Some("Harbour Lights"), vec![author], "en", Some(6)),
        ("pptx/libreoffice-talk.pptx", Some("Harbour Lights"), vec![author], "en-US", Some(6)),
        ("pptx/pandoc-tides.pptx", Some("A Short Book of Tides"), vec![author], "en", Some(4)),
        ("xlsx/pilots.xlsx", Some("Pilots of the harbour"), vec![author], "en", None),
        ("xlsx/libreoffice-pilots.xlsx", Some("Pilots of the harbour"), vec![author], "en-US", None),
        ("csv/pilots.csv", None, vec![], "en", None),
    ] {
        let content = expect(name, &fixture(name));
        let found = (content.title.as_deref(), content.language.as_str(), content.pages);
        assert_eq!(found, (title, language, pages), "{name}");
        assert_eq!(content.authors, authors, "{name}");
    }
}

#[test]
fn a_flat_document_is_read_as_its_package_is() {
    let flat = read("harbour.fodt", &fixture("generate/harbour.fodt"));
    let packed = read("harbour.odt", &fixture("odt/harbour.odt"));
    let spoken = |content: &Content| {
        let all = content.blocks.iter().filter(|block| !matches!(block.kind, BlockKind::Furniture { .. }));
        all.map(|block| block.text.clone()).collect::<Vec<_>>()
    };
    // LibreOffice puts a frame that is anchored to a paragraph before the paragraph's words.
    let (mut flat, mut packed) = (spoken(&flat), spoken(&packed));
    flat.sort();
    packed.sort();
    assert_eq!(flat, packed);
}

#[test]
fn the_tables_of_a_workbook_are_those_that_another_program_exports() {
    let tables = |content: &Content| {
        let all = content.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Table { .. }));
        all.map(|block| block.text.clone()).collect::<Vec<_>>()
    };
    let book = tables(&read("pilots.xlsx", &fixture("xlsx/pilots.xlsx")));
    let exported = tables(&read("pilots.csv", &fixture("csv/pilots.csv")));
    assert_eq!(book[0], exported[0], "dates, times, shares and amounts as LibreOffice shows them");
}

#[test]
fn text_that_is_not_utf8_is_read_with_a_warning() {
    let content = read("a.txt", b"The caf\xe9 by the harbour is na\xefve about the sea.");
    assert_eq!(content.blocks[0].text, "The café by the harbour is naïve about the sea.");
    assert_eq!(content.warnings[0].code, "ENCODING_GUESSED");
}

#[test]
fn the_same_source_gives_the_same_content() {
    let book = packed("epub/book");
    assert_eq!(read("a.epub", &book), read("a.epub", &book));
}
