//! What of a document a plan is made from: headings, how blocks begin, and how long they are. It is
//! an extract, so that a plan of a book costs a tenth of it at most.

use lectern_core::content::document::{Block, Content};
use lectern_core::content::words;

use super::material::{beginning, tokens_of_blocks};
use crate::model::{DataPart, tokens};
use crate::speakable::Language;

/// Tokens that an outline may have however short the document is.
const LEAST: u64 = 4000;
/// Of a longer document, the part in hundredths that its outline may have.
const SHARE: u64 = 10;
/// No outline has more tokens.
const MOST: u64 = 40_000;

/// How much is shown: of the blocks between two headings every so-manieth, and how many characters
/// of each. The first that fits is taken; the last one shows headings alone.
const DETAILS: [(usize, usize); 7] = [(1, 200), (1, 90), (2, 90), (4, 90), (8, 60), (16, 60), (usize::MAX, 60)];

/// The outline of these blocks, in at most about `reads` tokens.
pub(super) fn of(content: &Content, ids: &[u32], reads: u32, language: Language) -> DataPart {
    let blocks: Vec<&Block> = ids.iter().filter_map(|id| content.blocks.get(*id as usize)).collect();
    let share = tokens_of_blocks(content.blocks.iter()).saturating_mul(SHARE) / 100;
    let most = share.clamp(LEAST, MOST).min(u64::from(reads));
    let fits = |text: &String| u64::from(tokens(text.chars().count())) <= most;
    let texts = DETAILS.into_iter().map(|(every, chars)| text(&blocks, every, chars, language));
    let mut last = String::new();
    for text in texts {
        if fits(&text) {
            return DataPart::new("outline", &text);
        }
        last = text;
    }
    // Of very many headings, every so-manieth.
    let lines: Vec<&str> = last.lines().collect();
    let every = u64::from(tokens(last.chars().count())).div_ceil(most.max(1)).max(1);
    let every = usize::try_from(every).unwrap_or(usize::MAX);
    let kept: Vec<&str> = lines.iter().step_by(every).copied().collect();
    DataPart::new("outline", &kept.join("\n"))
}

fn text(blocks: &[&Block], every: usize, chars: usize, language: Language) -> String {
    let mut lines = Vec::new();
    let mut since_heading = 0_usize;
    for (at, block) in blocks.iter().enumerate() {
        let line = |kind: &str| {
            let begins = beginning(&block.text, chars, language);
            let begins: String = begins.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(chars).collect();
            format!("[{}] {kind}{begins}", block.id)
        };
        if let Some(level) = block.kind.heading_level() {
            since_heading = 0;
            lines.push(line(&format!("heading {level}: ")));
            continue;
        }
        // The last block shows how far the numbers go.
        if since_heading.is_multiple_of(every) && every != usize::MAX || at + 1 == blocks.len() {
            let kind = if block.kind.is_running_text() { "" } else { block.kind.name() };
            let space = if kind.is_empty() { "" } else { ", " };
            lines.push(line(&format!("{kind}{space}{} words: ", words(&block.text))));
        }
        since_heading += 1;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::BlockKind;

    use super::super::tests::fixture::{block, content};
    use super::*;

    fn book(chapters: usize, paragraphs: usize) -> Content {
        let text = "The pump lifts water from the lower tank. ".repeat(12);
        let mut blocks = Vec::new();
        for chapter in 0..chapters {
            blocks.push(block(BlockKind::Heading { level: 1 }, &format!("Chapter {chapter}")));
            blocks.extend((0..paragraphs).map(|_| block(BlockKind::Paragraph, &text)));
        }
        content(blocks)
    }

    fn outline(content: &Content, reads: u32) -> String {
        let ids: Vec<u32> = content.blocks.iter().map(|block| block.id).collect();
        of(content, &ids, reads, Language::English).text().to_owned()
    }

    #[test]
    fn a_short_document_is_shown_block_by_block() {
        let text = outline(&book(2, 2), 100_000);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines.first(), Some(&"[0] heading 1: Chapter 0"));
        assert!(lines.get(1).is_some_and(|line| line.starts_with("[1] 96 words: The pump lifts")), "{text}");
    }

    #[test]
    fn the_outline_of_a_book_is_a_tenth_of_it_and_shows_every_chapter() {
        let content = book(40, 60);
        let whole = tokens_of_blocks(content.blocks.iter());
        let text = outline(&content, 1_000_000);
        assert!(u64::from(tokens(text.chars().count())) <= whole / 10, "{whole}");
        for chapter in 0..40 {
            assert!(text.contains(&format!("heading 1: Chapter {chapter}")), "{chapter}");
        }
        let small = outline(&content, 500);
        assert!(tokens(small.chars().count()) <= 520 && small.starts_with("[0] "));
        assert!(outline(&content, 2000).contains("[2439] "), "the last block shows how far the numbers go");
    }
}
