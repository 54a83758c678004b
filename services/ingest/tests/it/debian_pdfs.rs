//! PDFs of other hands and programs, from pinned Debian packages; they are not committed.
//! `cargo xtask test` fetches them, see tests/fixtures/pdf/debian.toml.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::PathBuf;

use lectern_core::Digest;
use lectern_core::content::document::{BlockKind, Content};
use lectern_ingest::extract::pdf::extract;
use lectern_testkit::env;
use lectern_testkit::pdfs::{self, Pdf};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(flatten)]
    pdf: Pdf,
    headings: Vec<String>,
    order: Vec<[String; 2]>,
}

fn corpus() -> Vec<(Document, Vec<u8>)> {
    let folder = PathBuf::from(env::required(env::PDF_CORPUS));
    let read = |document: Document| {
        let file = document.pdf.file(&folder);
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(Digest::of(&bytes).to_string(), document.pdf.sha256, "{}", file.display());
        (document, bytes)
    };
    pdfs::listed(pdfs::TESTS).unwrap().into_iter().map(read).collect()
}

fn folded(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn headings(content: &Content) -> Vec<String> {
    content
        .blocks
        .iter()
        .filter(|block| matches!(block.kind, BlockKind::Heading { .. }))
        .map(|block| folded(&block.text))
        .collect()
}

/// How many of `wanted` come in `found`, in this order (longest common subsequence).
fn in_order(wanted: &[String], found: &[String]) -> usize {
    let mut row = vec![0usize; found.len() + 1];
    for want in wanted {
        let mut diagonal = 0;
        for (at, have) in found.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if want == have { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[found.len()]
}

#[test]
fn headings_are_found_in_order() {
    for (document, bytes) in corpus() {
        let found = headings(&extract(&bytes).unwrap());
        let wanted: Vec<String> = document.headings.iter().map(|heading| folded(heading)).collect();
        let hits = in_order(&wanted, &found);
        let recall = hits as f64 / wanted.len() as f64;
        let precision = hits as f64 / found.len().max(1) as f64;
        println!("{} {}: recall {recall:.2}, precision {precision:.2}", document.pdf.package, document.pdf.path);
        assert!(recall >= 0.9, "{}: {hits} of {} headings in order; found {found:#?}", document.pdf.path, wanted.len());
        assert!(
            precision >= 0.75,
            "{}: {hits} of {} found are headings; found {found:#?}",
            document.pdf.path,
            found.len()
        );
    }
}

#[test]
fn what_is_read_first_comes_first() {
    for (document, bytes) in corpus() {
        let content = extract(&bytes).unwrap();
        let text: String = content.blocks.iter().map(|block| folded(&block.text)).collect();
        for [first, second] in &document.order {
            let at = |phrase: &str| {
                text.find(&folded(phrase)).unwrap_or_else(|| panic!("{}: {phrase:?} is missing", document.pdf.path))
            };
            assert!(at(first) < at(second), "{}: {first:?} comes behind {second:?}", document.pdf.path);
        }
    }
}
