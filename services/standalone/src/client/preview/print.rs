//! A preview on standard output, as text for people.

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::PreviewBlock;
use lectern_proto::v1::block_fate::Fate;

use super::report::{fate, kind, spoken};
use crate::client::look::Look;
use crate::client::out::Out;
use crate::client::words::{self, count};

/// Prints a document block by block.
pub fn text(out: &Out, label: &str, looked: &Result<Look, Failure>) {
    out.line(label);
    match looked {
        Ok(look) => {
            head(out, look);
            look.blocks.iter().for_each(|block| one(out, block));
        }
        Err(failure) => line(out, 2, &format!("refused: {}", words::sentence(failure))),
    }
}

fn head(out: &Out, look: &Look) {
    let Look { document, summary, .. } = look;
    let pages = document.page_count.map(|pages| format!(", {pages} pages")).unwrap_or_default();
    line(out, 2, &format!("{}{pages}, {}, \"{}\"", document.mime_type, summary.language_code, summary.title));
    let c = summary.coverage.unwrap_or_default();
    let summarised = match c.summarised_block_count {
        0 => String::new(),
        count => format!(", {count} summarised"),
    };
    let (all, spoken, skipped) = (c.block_count, c.spoken_block_count, c.skipped_block_count);
    let blocks = format!("{all} blocks: {spoken} spoken{summarised}, {skipped} skipped");
    let sections = count(summary.section_count, "section");
    line(out, 2, &format!("{blocks}; {} of {} words, in {sections}", c.spoken_word_count, c.word_count));
    summary.notes.iter().for_each(|note| line(out, 2, &format!("note: {note}")));
    if let Some(failure) = summary.failure.as_ref().map(convert::failure) {
        line(out, 2, &format!("an order would fail: {}", words::sentence(&failure)));
    }
}

fn one(out: &Out, block: &PreviewBlock) {
    let page = block.page.map(|page| format!("  page {page}")).unwrap_or_default();
    let level = block.level.map(|level| format!(" {level}")).unwrap_or_default();
    let whole = block.fate() != Fate::Spoken;
    let reason = block.skipped.first().filter(|_| whole).map(|part| format!(": {}", words::skipped(part.reason())));
    let fate = format!("{}{}", fate(block.fate()), reason.unwrap_or_default());
    line(out, 0, "");
    line(out, 0, &format!("{:>5}{page}  {}{level}  {fate}", block.block, kind(block)));
    if !block.utterances.is_empty() {
        line(out, 7, &spoken(block));
    }
    for part in &block.skipped {
        if whole {
            line(out, 7, &format!("\"{}\"", part.excerpt));
        } else {
            line(out, 7, &format!("left out: \"{}\", {}", part.excerpt, words::skipped(part.reason())));
        }
    }
}

fn line(out: &Out, indent: usize, text: &str) {
    out.line(&format!("{:indent$}{text}", ""));
}
