//! A preview on standard output: text for people, JSON for programs.

use std::fmt::Write as _;
use std::io::Write as _;

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::v1::block_fate::Fate;
use lectern_proto::v1::{PreviewBlock, SkipReason};

use super::Preview;
use super::report::{Report, fate, kind, spoken};
use crate::cli::Source;

/// Prints one line of JSON.
///
/// # Errors
/// When standard output cannot be written.
pub fn json(source: &Source, looked: &Result<Preview, Failure>) -> Result<(), Failure> {
    let report = serde_json::to_string(&Report::new(source, looked))
        .map_err(|e| Failure::internal(format!("the preview cannot be written as JSON: {e}")))?;
    put(&format!("{report}\n"))
}

/// Prints a document block by block.
///
/// # Errors
/// When standard output cannot be written.
pub fn text(source: &Source, looked: &Result<Preview, Failure>) -> Result<(), Failure> {
    let mut out = format!("{source}\n");
    match looked {
        Ok(preview) => {
            head(&mut out, preview);
            preview.blocks.iter().for_each(|block| one(&mut out, block));
        }
        Err(failure) => line(&mut out, 2, &format!("refused: {} [{}]", failure.message, failure.reason)),
    }
    put(&out)
}

fn head(out: &mut String, preview: &Preview) {
    let Preview { document, summary, .. } = preview;
    let pages = document.page_count.map(|pages| format!(", {pages} pages")).unwrap_or_default();
    line(out, 2, &format!("{}{pages}, {}, \"{}\"", document.mime_type, summary.language_code, summary.title));
    let c = summary.coverage.unwrap_or_default();
    let summarised = match c.summarised_block_count {
        0 => String::new(),
        count => format!(", {count} summarised"),
    };
    let (all, spoken, skipped) = (c.block_count, c.spoken_block_count, c.skipped_block_count);
    let blocks = format!("{all} blocks: {spoken} spoken{summarised}, {skipped} skipped");
    let sections = match summary.section_count {
        1 => "1 section".to_owned(),
        count => format!("{count} sections"),
    };
    line(out, 2, &format!("{blocks}; {} of {} words, in {sections}", c.spoken_word_count, c.word_count));
    summary.notes.iter().for_each(|note| line(out, 2, &format!("note: {note}")));
    if let Some(failure) = summary.failure.as_ref().map(convert::failure) {
        line(out, 2, &format!("an order would fail: {} [{}]", failure.message, failure.reason));
    }
}

fn one(out: &mut String, block: &PreviewBlock) {
    let page = block.page.map(|page| format!("  page {page}")).unwrap_or_default();
    let level = block.level.map(|level| format!(" {level}")).unwrap_or_default();
    let whole = block.fate() != Fate::Spoken;
    let reason = block.skipped.first().filter(|_| whole).map(|part| format!(": {}", reason(part.reason())));
    let fate = format!("{}{}", fate(block.fate()), reason.unwrap_or_default());
    out.push('\n');
    line(out, 0, &format!("{:>5}{page}  {}{level}  {fate}", block.block, kind(block)));
    if !block.utterances.is_empty() {
        line(out, 7, &spoken(block));
    }
    for part in &block.skipped {
        if whole {
            line(out, 7, &format!("\"{}\"", part.excerpt));
        } else {
            line(out, 7, &format!("left out: \"{}\", {}", part.excerpt, self::reason(part.reason())));
        }
    }
}

/// A line of a document's words. Control characters in it could do anything to a terminal, so they
/// are shown as spaces.
fn line(out: &mut String, indent: usize, text: &str) {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{}", "", shown.trim_end());
}

const fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Unspecified => "for a reason that this version does not know",
        SkipReason::RunningHead => "a running head or foot",
        SkipReason::PageNumber => "a page number",
        SkipReason::Navigation => "a menu and the like",
        SkipReason::TableOfContents => "a table of contents",
        SkipReason::FrontMatter => "front matter",
        SkipReason::BackMatter => "back matter",
        SkipReason::References => "a list of references",
        SkipReason::Citation => "a citation",
        SkipReason::NoteMark => "the mark of a note",
        SkipReason::FootnoteSkipped => "a footnote, which --footnotes skips",
        SkipReason::CodeBody => "the lines of code, which is announced",
        SkipReason::TableBody => "the cells of a table, which is announced",
        SkipReason::Formula => "a formula without words",
        SkipReason::FigureWithoutText => "a picture without alternative text",
        SkipReason::LanguageUnsupported => "a language that the voice does not speak",
        SkipReason::Summarised => "a briefing says other passages",
        SkipReason::NothingToSay => "no letters or digits",
        SkipReason::Watermark => "a watermark or stamp",
        SkipReason::Hidden => "hidden text",
        SkipReason::Deleted => "deleted text",
        SkipReason::Comment => "a comment",
        SkipReason::Placeholder => "the prompt of a form that is not filled in",
        SkipReason::Unaccounted => "a defect of Lectern, please report it",
    }
}

/// Writes to standard output. Who reads only the beginning, as `head` does, has seen enough.
fn put(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            Kind::FailedPrecondition,
            Reason::Internal,
            format!("the preview cannot be printed: {error}"),
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}
