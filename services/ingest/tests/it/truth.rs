//! Documents of known truth: made by generators that are not ours from blocks that were written
//! down once (`tests/fixtures/truth/make.py`), and compared with what comes out block by block.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};

use lectern_core::content::document::{BlockKind, Content, SpanKind};
use lectern_ingest::extract::{Hint, extract};

/// What is not read right yet: the file, and the beginnings of the lines that are missing or stand
/// there instead. A gap that is closed is taken out of this list; docs/backlog.md says what is
/// behind them.
const GAPS: &[(&str, &[&str])] = &[
    // The only page number of a document of one page cannot be told by what other pages have in its
    // place.
    ("columns.weasyprint.pdf", &["p: 1"]),
    ("headings.reportlab.pdf", &["p: 1"]),
    ("headings.weasyprint.pdf", &["p: 1"]),
    // The bullets of an inner list are no bullets of the outer.
    ("lists.reportlab.pdf", &["p: 1", "li1 -: linen", "li0 -: • linen"]),
    ("lists.weasyprint.pdf", &["p: 1"]),
    // Word's own styles of inner lists are lists of their own at level 0; their depth is in their
    // name.
    ("lists.word.docx", &["li1 -: ", "li0 -: linen", "li0 -: washed"]),
    // A size of headings that comes once.
    ("mixed.weasyprint.pdf", &["p: 1", "h2: Winding", "h3: Winding"]),
    ("tables.reportlab.pdf", &["p: 1"]),
    // A table without rules.
    ("tables.weasyprint.pdf", &["p: 1", "table: Month", "h2: Month", "p: January", "p: June", "p: October"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/truth")
}

/// The blocks in the truth's words: kind and text; notes at the end, their marks as `[note]`;
/// furniture is no truth of a document.
fn blocks(content: &Content) -> Vec<String> {
    let (mut body, mut notes) = (Vec::new(), Vec::new());
    for block in &content.blocks {
        let text = with_notes(
            &block.text,
            block.spans.iter().filter(|span| matches!(span.kind, SpanKind::NoteReference { .. })),
        );
        let text = text.replace('\n', " / ");
        match &block.kind {
            BlockKind::Heading { level } => body.push(format!("h{level}: {text}")),
            BlockKind::Paragraph => body.push(format!("p: {text}")),
            BlockKind::ListItem { ordinal, depth } => {
                body.push(format!("li{depth} {}: {text}", ordinal.as_deref().unwrap_or("-")));
            }
            BlockKind::Table { .. } => body.push(format!("table: {text}")),
            BlockKind::Code { .. } => body.push(format!("code: {text}")),
            BlockKind::Quote => body.push(format!("quote: {text}")),
            BlockKind::Caption => body.push(format!("caption: {text}")),
            BlockKind::Footnote { .. } => notes.push(format!("note: {text}")),
            BlockKind::Formula { .. } => body.push(format!("formula: {text}")),
            BlockKind::Figure => body.push(format!("figure: {text}")),
            BlockKind::Furniture { .. } => {}
        }
    }
    body.extend(notes);
    body
}

fn with_notes<'a>(text: &str, marks: impl Iterator<Item = &'a lectern_core::content::document::Span>) -> String {
    let mut chars: Vec<String> = text.chars().map(String::from).collect();
    for mark in marks {
        for place in mark.range.start..mark.range.end {
            chars[place as usize].clear();
        }
        chars[mark.range.start as usize] = "[note]".to_owned();
    }
    chars.concat()
}

#[test]
fn documents_of_known_truth_come_out_block_by_block() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut read = 0;
    let mut wrong = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let (document, form) = name.split_once('.').unwrap();
        if ["truth", "py"].contains(&form) {
            continue;
        }
        let truth = std::fs::read_to_string(folder().join(format!("{document}.truth"))).unwrap();
        let wanted: Vec<String> = truth.lines().map(str::to_owned).collect();
        let hint = Hint { file_name: Some(name.clone()), media_type: None };
        read += 1;
        match extract(&std::fs::read(&file).unwrap(), &hint) {
            Ok(content) => wrong.push_str(&differences(&name, &wanted, &blocks(&content))),
            Err(failure) => wrong.push_str(&format!("{name}: {failure}\n")),
        }
    }
    assert!(read > 30, "only {read} documents were found");
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The lines that only one of them has, in order, with their place.
fn differences(name: &str, wanted: &[String], found: &[String]) -> String {
    let gaps = GAPS.iter().find(|(file, _)| *file == name).map_or(&[][..], |(_, gaps)| gaps);
    let known = |line: &String| gaps.iter().any(|gap| line.starts_with(gap));
    let mut out = String::new();
    for (place, line) in wanted.iter().enumerate().filter(|(_, line)| !found.contains(line) && !known(line)) {
        out.push_str(&format!("  {place:2} missing {line}\n"));
    }
    for (place, line) in found.iter().enumerate().filter(|(_, line)| !wanted.contains(line) && !known(line)) {
        out.push_str(&format!("  {place:2} instead {line}\n"));
    }
    let of_both = |lines: &[String], others: &[String]| -> Vec<String> {
        lines.iter().filter(|line| others.contains(line)).cloned().collect()
    };
    if of_both(wanted, found) != of_both(found, wanted) {
        out.push_str("     what both have comes in another order, or more often\n");
    }
    if out.is_empty() { out } else { format!("{name}:\n{out}") }
}
