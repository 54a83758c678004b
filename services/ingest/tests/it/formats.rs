//! Each format, by the fixtures written for this project.

use lectern_core::content::document::Content;
use lectern_ingest::extract::{Hint, extract};

use crate::view;

fn read(file_name: &str, bytes: &[u8]) -> Content {
    let hint = Hint { file_name: Some(file_name.to_owned()), media_type: None };
    let content = extract(bytes, &hint).unwrap_or_else(|failure| panic!("{file_name}: {failure}"));
    view::check(&content);
    content
}

#[track_caller]
fn expect(content: &Content, wanted: &str) {
    let found = view::blocks(content);
    let wanted = wanted.trim_start_matches('\n');
    assert!(found == wanted, "found:\n{found}\nwanted:\n{wanted}");
}

#[test]
fn markdown_keeps_its_structure() {
    let content = read("tides.md", include_bytes!("../fixtures/markdown/tides.md"));
    assert_eq!(content.title.as_deref(), Some("A Short Book of Tides"));
    assert_eq!((content.authors, content.language), (vec!["The Lectern authors".to_owned()], "en".to_owned()));
}
