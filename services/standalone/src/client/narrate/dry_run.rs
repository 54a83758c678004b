//! `lectern narrate --dry-run`: what a narration would be, and nothing spent.

use std::collections::BTreeMap;

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1::block_fate::Fate;
use lectern_proto::v1::{Document, PreviewSection, PreviewSummary, SkipReason};
use serde_json::json;

use super::Job;
use super::plan::Planned;
use crate::client::hand_in;
use crate::client::look::{Look, look};
use crate::client::out::{self, Out};
use crate::client::words::{self, clock, count, seconds};

/// Says what the narration of a document would be.
///
/// # Errors
/// Why the document cannot be read, why an order of it would fail, or what the server answers.
pub async fn one(job: &Job<'_>, planned: &Planned) -> Result<(), Failure> {
    let item = planned.item.as_ref().map_err(Clone::clone)?;
    let order = |document: &Document| job.narration(&document.name);
    let look = Box::pin(look(&job.instance.client, item, order, true, &job.context.shutdown)).await?;
    let left_out = LeftOut::of(&look);
    job.out.json(&object(planned, &look, &left_out));
    text(job.out, planned, &look, &left_out);
    look.summary.failure.as_ref().map_or(Ok(()), |failure| Err(convert::failure(failure)))
}

/// What would not be heard.
#[derive(Debug, Default, PartialEq, Eq)]
struct LeftOut {
    /// Blocks of which nothing is heard.
    whole: usize,
    /// Blocks of which a part is not.
    part: usize,
    /// How many parts for each reason, by its number.
    reasons: BTreeMap<i32, usize>,
}

impl LeftOut {
    fn of(look: &Look) -> Self {
        let mut left_out = Self::default();
        for block in look.blocks.iter().filter(|block| !block.skipped.is_empty()) {
            match block.fate() {
                Fate::Spoken | Fate::Summarised => left_out.part += 1,
                Fate::Skipped | Fate::Unspecified => left_out.whole += 1,
            }
            for part in &block.skipped {
                *left_out.reasons.entry(part.reason).or_default() += 1;
            }
        }
        left_out
    }

    /// Counts and reasons, the most frequent first.
    fn by_count(&self) -> Vec<(usize, SkipReason)> {
        let reason = |number: &i32| SkipReason::try_from(*number).unwrap_or_default();
        let mut reasons: Vec<_> = self.reasons.iter().map(|(number, count)| (*count, reason(number))).collect();
        reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        reasons
    }
}

fn text(out: &Out, planned: &Planned, look: &Look, left_out: &LeftOut) {
    let Look { document, summary, stored, .. } = look;
    out.line(&planned.label);
    out.line(&format!("  {}, \"{}\"", hand_in::describe(document), summary.title));
    if summary.failure.is_some() {
        return;
    }
    let length = summary.estimated_duration.as_ref().map(seconds).unwrap_or_default();
    let words = count(summary.word_count, "word");
    let chapters = count(summary.section_count, "chapter");
    out.line(&format!("  {words} would be heard, about {}, in {chapters}", clock(length)));
    let rows: Vec<Vec<String>> = summary.sections.iter().map(|section| row(section, summary, length)).collect();
    out::table(&rows).iter().for_each(|row| out.line(&format!("    {row}")));
    if !left_out.reasons.is_empty() {
        let (whole, part) = (left_out.whole, left_out.part);
        let all = summary.coverage.unwrap_or_default().block_count;
        out.line(&format!("  left out: {whole} of {}, and parts of {part} more", count(all, "block")));
        for (count, reason) in left_out.by_count() {
            out.line(&format!("    {count:>5}  {}", words::skipped(reason)));
        }
    }
    summary.notes.iter().for_each(|note| out.line(&format!("  note: {note}")));
    if let Some(stored) = stored {
        let all = count(stored.utterance_count, "sentence");
        out.line(&format!("  there already: {} of {all}", stored.stored_utterance_count));
    }
}

/// Number, title, length and page of a chapter.
fn row(section: &PreviewSection, summary: &PreviewSummary, length: u64) -> Vec<String> {
    let number = format!("{:>3}", section.index.saturating_add(1));
    let page = section.page.map(|page| format!("page {page}")).unwrap_or_default();
    // Titles may be as long as they like.
    let title: String = section.title.chars().take(60).collect();
    vec![number, clock(share(section.word_count, summary.word_count, length)), title, page]
}

/// The share of a length that so many of all words have.
fn share(words: i64, all: i64, length: u64) -> u64 {
    let (words, all) = (u128::try_from(words).unwrap_or(0), u128::try_from(all).unwrap_or(0));
    let share = u128::from(length).saturating_mul(words).checked_div(all).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn object(planned: &Planned, look: &Look, left_out: &LeftOut) -> serde_json::Value {
    let Look { document, summary, stored, .. } = look;
    let reason = |(count, reason): (usize, SkipReason)| json!({"reason": words::skip_reason(reason), "count": count});
    let chapter = |section: &PreviewSection| {
        json!({
            "number": section.index.saturating_add(1),
            "title": section.title,
            "level": section.level,
            "words": section.word_count,
            "page": section.page,
        })
    };
    json!({
        "event": "dry-run",
        "source": planned.label,
        "title": summary.title,
        "language": summary.language_code,
        "pages": document.page_count,
        "words": summary.word_count,
        "audio": summary.estimated_duration.as_ref().map(seconds),
        "chapters": summary.sections.iter().map(chapter).collect::<Vec<_>>(),
        "blocks": summary.coverage.unwrap_or_default().block_count,
        "blocks_left_out": left_out.whole,
        "blocks_left_out_in_part": left_out.part,
        "left_out": left_out.by_count().into_iter().map(reason).collect::<Vec<_>>(),
        "sentences": stored.map(|stored| stored.utterance_count),
        "sentences_stored": stored.map(|stored| stored.stored_utterance_count),
        "notes": summary.notes,
    })
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::{PreviewBlock, SkippedPart};

    use super::*;

    #[test]
    fn what_is_left_out_is_counted_by_reason() {
        let block = |fate: Fate, reasons: &[SkipReason]| PreviewBlock {
            fate: fate.into(),
            skipped: reasons
                .iter()
                .map(|reason| SkippedPart { reason: (*reason).into(), ..SkippedPart::default() })
                .collect(),
            ..PreviewBlock::default()
        };
        let look = Look {
            document: Document::default(),
            summary: PreviewSummary::default(),
            blocks: vec![
                block(Fate::Spoken, &[]),
                block(Fate::Spoken, &[SkipReason::Citation, SkipReason::Citation]),
                block(Fate::Skipped, &[SkipReason::RunningHead]),
            ],
            stored: None,
        };
        let left_out = LeftOut::of(&look);
        assert_eq!((left_out.whole, left_out.part), (1, 1));
        assert_eq!(left_out.by_count(), [(2, SkipReason::Citation), (1, SkipReason::RunningHead)]);
    }

    #[test]
    fn a_chapter_is_as_long_as_its_share_of_the_words() {
        assert_eq!(share(100, 400, 240), 60);
        assert_eq!(share(1, 0, 240), 0);
        let section = PreviewSection {
            index: 1,
            title: "Tides".to_owned(),
            word_count: 100,
            page: Some(3),
            ..PreviewSection::default()
        };
        let summary = PreviewSummary { word_count: 400, ..PreviewSummary::default() };
        assert_eq!(row(&section, &summary, 240), ["  2", "1:00", "Tides", "page 3"]);
    }
}
