//! What of a document a model is given: the blocks of a section, numbered, within what it reads at
//! once and within what a long document may cost.

use std::fmt::Write as _;

use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Plan, Skipped, Source};
use lectern_core::content::{Range, length};
use lectern_core::{Failure, Kind, Reason};

use crate::model::{DataPart, tokens};
use crate::speakable::{self, Language};

/// Tokens of material that all sections of a script may have together however short the document
/// is.
const SMALL_DOCUMENT: u64 = 30_000;
/// Of a longer document, the part in hundredths that all sections may have together. With the plan,
/// which reads a tenth, a script whose every section is right at once reads three tenths of a book;
/// what is asked again reads it again (docs/writers.md).
const SHARE_OF_LONG: u64 = 20;
/// Tokens of material that every section may have, as far as that is within the share of all.
const LEAST: u64 = 1500;
/// Tokens of material that a question about tables and the like may have for each of them, beside
/// the block itself: for what stands around it.
const AROUND_A_BLOCK: u64 = 300;
/// The most Unicode scalar values that are shown of a block beside one that is asked about.
const NEIGHBOUR: usize = 400;
/// Unicode scalar values of a first sentence that is shown whole where there is little room.
const SENTENCE: usize = 400;
/// Unicode scalar values of a token, as estimates have it.
const CHARS_A_TOKEN: usize = 4;

/// A block as far as it is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) id: u32,
    /// What it is, in a word; empty for running text.
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// Where the text stands in the block.
    pub(super) range: Range,
}

/// The blocks of a section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Material {
    pub(super) parts: Vec<Part>,
}

impl Material {
    /// These blocks, without what `skipped` says of a part of one.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` where there is no such block.
    pub(super) fn of(content: &Content, ids: &[u32], skipped: &[Skipped]) -> Result<Self, Failure> {
        let mut parts = Vec::with_capacity(ids.len());
        for &id in ids {
            let block = content.blocks.get(id as usize).ok_or_else(|| {
                let message = format!("the plan names block {id}, which the content has not; plan the script again");
                Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message)
            })?;
            parts.push(part(block, skipped));
        }
        Ok(Self { parts })
    }

    /// The block of this number.
    pub(super) fn find(&self, id: u32) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    /// The texts of these blocks, of those that are there.
    pub(super) fn texts(&self, ids: &[u32]) -> Vec<&str> {
        ids.iter().filter_map(|id| self.find(*id)).map(|part| part.text.as_str()).collect()
    }

    /// The places of these blocks, of those that are there.
    pub(super) fn sources(&self, ids: &[u32]) -> Vec<Source> {
        let parts = ids.iter().filter_map(|id| self.find(*id));
        parts.map(|part| Source { block: part.id, range: part.range }).collect()
    }

    /// What a question about these blocks shows: them, and how those around them begin. All such
    /// questions together show at most the blocks that they are about and [`AROUND_A_BLOCK`] tokens
    /// for each.
    pub(super) fn data_about(&self, ids: &[u32], reads: u32, language: Language) -> DataPart {
        let shown = |part: &Part| {
            let text =
                if ids.contains(&part.id) { part.text.clone() } else { beginning(&part.text, NEIGHBOUR, language) };
            Part { text, ..part.clone() }
        };
        let shown = Self { parts: self.parts.iter().map(shown).collect() };
        let own = self.only(ids);
        let own = own.parts.iter().map(|part| u64::from(tokens(part.text.chars().count())));
        let most = own.map(|own| own.saturating_add(AROUND_A_BLOCK)).fold(0, u64::saturating_add);
        shown.data(u32::try_from(most).unwrap_or(u32::MAX).min(reads), language)
    }

    /// Only these blocks.
    pub(super) fn only(&self, ids: &[u32]) -> Self {
        Self { parts: self.parts.iter().filter(|part| ids.contains(&part.id)).cloned().collect() }
    }

    /// The material for a prompt, in at most so many tokens as they are estimated. What is longer
    /// is shortened evenly: of every block its first sentences, and of very many blocks every
    /// so-manieth.
    pub(super) fn data(&self, most: u32, language: Language) -> DataPart {
        let room = (most as usize).saturating_mul(CHARS_A_TOKEN);
        let whole: usize = self.parts.iter().map(|part| line(part, &part.text).chars().count() + 1).sum();
        if whole <= room {
            let lines = self.parts.iter().map(|part| line(part, &part.text));
            return DataPart::new("section", &lines.collect::<Vec<_>>().join("\n"));
        }
        let lines: Vec<String> = self
            .parts
            .iter()
            .map(|part| {
                let share = (length(&part.text) as usize).saturating_mul(room) / whole.max(1);
                // A sentence says more than a piece of it, where it is none without an end.
                let sentence = speakable::sentences(&part.text, language).first().map_or(0, |range| range.end as usize);
                line(part, &beginning(&part.text, share.max(sentence.min(SENTENCE)), language))
            })
            .collect();
        let used: usize = lines.iter().map(|line| line.chars().count() + 1).sum();
        let every = used.div_ceil(room.max(1)).max(1);
        // Lines differ in their length, so that every so-manieth may still be too much.
        let (mut kept, mut left) = (Vec::new(), room);
        for line in lines.iter().step_by(every) {
            let fits = line.chars().count() <= left;
            if !fits && left < SENTENCE && !kept.is_empty() {
                continue;
            }
            let line = first_words(line, left);
            left = left.saturating_sub(line.chars().count() + 1);
            kept.push(line);
        }
        DataPart::new("section", &kept.join("\n"))
    }
}

fn part(block: &Block, skipped: &[Skipped]) -> Part {
    let cut = skipped.iter().filter(|skip| skip.block == block.id).filter_map(|skip| skip.range);
    let end = cut.map(|range| range.start).min().unwrap_or_else(|| length(&block.text));
    let range = Range::new(0, end);
    let kind = if block.kind.is_running_text() { "" } else { block.kind.name() };
    Part { id: block.id, kind, text: range.of(&block.text).to_owned(), range }
}

fn line(part: &Part, text: &str) -> String {
    let mut line = format!("[{}] ", part.id);
    if !part.kind.is_empty() {
        // Writing to a text does not fail.
        let _ = write!(line, "({}) ", part.kind);
    }
    line.push_str(&text.trim().replace('\n', "\n    "));
    line
}

/// The first sentences of a text, of at most so many Unicode scalar values; of a first one that is
/// longer, as that of a table or a listing may be, its words.
pub(super) fn beginning(text: &str, most: usize, language: Language) -> String {
    if length(text) as usize <= most {
        return text.to_owned();
    }
    let sentences = speakable::sentences(text, language);
    let fitting = sentences.iter().take_while(|range| range.end as usize <= most).last();
    fitting.map_or_else(|| first_words(text, most), |range| Range::new(0, range.end).of(text).to_owned())
}

/// The first words of a text, of at most so many Unicode scalar values.
pub(super) fn first_words(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_none_or(char::is_whitespace) {
        return cut.trim_end().to_owned();
    }
    let whole = cut.rsplit_once(char::is_whitespace).map_or("", |(before, _)| before.trim_end());
    // Text without spaces is cut within.
    if whole.chars().count().saturating_mul(2) >= most { whole.to_owned() } else { cut }
}

/// Tokens of all that is heard of a document, estimated.
pub(super) fn tokens_of_blocks<'a>(blocks: impl Iterator<Item = &'a Block>) -> u64 {
    blocks.map(|block| u64::from(tokens(block.text.chars().count()))).sum()
}

/// The most tokens of material of a section of `plan` that has `words` of its words.
pub(super) fn share(content: &Content, plan: &Plan, words: u32, reads: u32) -> u32 {
    let total: u64 = plan.sections.iter().map(|section| u64::from(section.words)).sum();
    share_of(tokens_of_blocks(content.blocks.iter()), words, total, plan.sections.len() as u64, reads)
}

/// The same of a section with `words` of `total` words, one of so many sections about a document of
/// so many tokens. The shares of all sections sum to at most what they may have together.
pub(super) fn share_of(document: u64, words: u32, total: u64, sections: u64, reads: u32) -> u32 {
    let all = SMALL_DOCUMENT.max(document.saturating_mul(SHARE_OF_LONG) / 100);
    let least = LEAST.min(all / sections.max(1));
    let spare = all.saturating_sub(least.saturating_mul(sections));
    let share = least.saturating_add(spare.saturating_mul(u64::from(words)) / total.max(1));
    u32::try_from(share).unwrap_or(u32::MAX).min(reads)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::BlockKind;
    use lectern_core::content::script::SkipReason;

    use super::super::tests::fixture::{block, content};
    use super::*;

    const EN: Language = Language::English;

    #[test]
    fn blocks_are_numbered_and_what_is_cut_off_is_not_shown() {
        let content = content(vec![
            block(BlockKind::Heading { level: 1 }, "Pumps"),
            block(BlockKind::Paragraph, "Water flows. It stops."),
            block(BlockKind::Code { language: None }, "a = 1\nb = 2"),
        ]);
        let cut = [Skipped { block: 1, range: Some(Range::new(12, 22)), reason: SkipReason::NotSelected }];
        let material = Material::of(&content, &[0, 1, 2], &cut).unwrap();
        assert_eq!(
            material.data(1000, EN).text(),
            "[0] (heading) Pumps\n[1] Water flows.\n[2] (code) a = 1\n    b = 2"
        );
        assert_eq!(material.sources(&[1, 9]), [Source { block: 1, range: Range::new(0, 12) }]);
        assert_eq!(Material::of(&content, &[3], &[]).unwrap_err().reason, Reason::ObjectDamaged);
    }

    #[test]
    fn what_is_too_long_is_shortened_evenly_to_whole_sentences() {
        let text = "The first pump lifts water. The second pump stands still. The third one leaks.";
        let content = content((0..40).map(|_| block(BlockKind::Paragraph, text)).collect());
        let ids: Vec<u32> = (0..40).collect();
        let material = Material::of(&content, &ids, &[]).unwrap();
        for most in [100, 300, 600] {
            let data = material.data(most, EN);
            assert!(data.text().chars().count() <= most as usize * CHARS_A_TOKEN + 40, "{most}");
            assert!(data.text().lines().all(|line| line.ends_with('.')), "{}", data.text());
        }
        assert!(material.data(600, EN).text().contains("[39]"), "also the last block has its part");
    }

    #[test]
    fn the_shares_of_all_sections_are_within_what_they_may_have_together() {
        for (document, all) in [(1_000, 30_000), (150_000, 30_000), (1_000_000, 200_000)] {
            for sections in [1_u64, 3, 20, 63] {
                // Some have many words, and most have few.
                let words: Vec<u32> = (0..sections).map(|at| if at % 5 == 0 { 900 } else { 40 }).collect();
                let total: u64 = words.iter().map(|words| u64::from(*words)).sum();
                let shares = words.iter().map(|words| share_of(document, *words, total, sections, u32::MAX));
                let shares: Vec<u64> = shares.map(u64::from).collect();
                let sum: u64 = shares.iter().sum();
                assert!(sum <= all && sum + sections >= all, "{document} {sections}: {sum} of {all}");
                assert!(shares.iter().all(|share| *share >= LEAST.min(all / sections)));
            }
        }
        assert_eq!(share_of(1_000_000, 1, 1, 1, 5_000), 5_000, "and no more than it can read");
    }

    #[test]
    fn a_question_about_tables_shows_them_and_how_their_neighbours_begin() {
        let long = "The first pump lifts water. ".repeat(200);
        let table = "Year | Pumps\n1990 | 12";
        let content = content(vec![
            block(BlockKind::Paragraph, &long),
            block(BlockKind::Figure, table),
            block(BlockKind::Paragraph, &long),
        ]);
        let data = Material::of(&content, &[0, 1, 2], &[]).unwrap().data_about(&[1], 1_000_000, EN);
        assert!(data.text().contains("1990 | 12") && data.text().contains("[0] The first pump"), "{}", data.text());
        let most = u64::from(tokens(table.len())) + AROUND_A_BLOCK;
        assert!(u64::from(tokens(data.text().chars().count())) <= most, "{}", data.text());
    }

    #[test]
    fn a_table_without_a_stop_is_cut_at_a_word_and_no_material_is_above_its_bound() {
        let table = "station 12 litres | ".repeat(500);
        let short = "The first pump lifts water.";
        let blocks = |texts: &[&str]| content(texts.iter().map(|text| block(BlockKind::Paragraph, text)).collect());
        for (texts, most) in [
            (vec![table.as_str()], 50),
            (vec![table.as_str()], 3),
            (vec![table.as_str(), short], 20),
            (vec![short, table.as_str(), short, table.as_str()], 200),
            (vec![short; 300], 100),
        ] {
            let ids: Vec<u32> = (0..).take(texts.len()).collect();
            let data = Material::of(&blocks(&texts), &ids, &[]).unwrap().data(most, EN);
            let count = data.text().chars().count();
            assert!(count > 0 && count <= most as usize * CHARS_A_TOKEN, "{most}: {count} of {}", data.text());
        }
        assert_eq!(beginning(&table, 20, EN), "station 12 litres |");
        assert_eq!(beginning("Water flows. It stops.", 15, EN), "Water flows.");
        assert_eq!(
            (first_words("lift water", 4), first_words("lift water", 6)),
            ("lift".to_owned(), "lift".to_owned())
        );
        assert_eq!(first_words("water".repeat(9).as_str(), 7), "waterwa");
    }
}
