//! Each format, by the fixtures written for this project.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails its test")]

use std::path::Path;

use lectern_core::content::document::Content;
use lectern_ingest::extract::{Hint, extract};

use crate::pack::packed;
use crate::view;

fn read(file_name: &str, bytes: &[u8]) -> Content {
    let hint = Hint { file_name: Some(file_name.to_owned()), media_type: None };
    let content = extract(bytes, &hint).unwrap_or_else(|failure| panic!("{file_name}: {failure}"));
    view::check(&content);
    content
}

/// Compares with the blocks that were written down, and read by a person, in a file beside the fixture.
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
