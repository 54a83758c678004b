//! What becomes of a block as a whole: spoken, or left out for a reason.

use lectern_core::Failure;
use lectern_core::content::document::{Block, BlockKind, Content, Matter};
use lectern_core::content::script::{Footnotes, Order, SkipReason, Skipped};
use lectern_core::content::words;

use super::sentence::Passage;
use super::{Stop, table};
use crate::speakable::{Language, can_say};

/// Words of the announcement of code ("Code in Rust, 12 lines.").
const CODE_WORDS: u32 = 8;
/// Words of the announcement of a table that is not read out.
const TABLE_WORDS: u32 = 10;
/// A formula is heard in at least this many words: `x = 1` is "x equals one", and a stop.
const FORMULA_WORDS: u32 = 4;

/// Why a block is not spoken at all; none where it is.
pub(super) fn left_out(block: &Block, order: &Order, language: Language) -> Option<SkipReason> {
    let by_kind = if let BlockKind::Furniture { furniture } = block.kind {
        Some(furniture.into())
    } else if block.kind.is_footnote() && order.footnotes == Footnotes::Skip {
        Some(SkipReason::FootnoteSkipped)
    } else if matches!(block.kind, BlockKind::Figure) && !has_letters(block) {
        Some(SkipReason::FigureWithoutText)
    } else {
        None
    };
    let by_place = match block.matter {
        Matter::Body => None,
        Matter::Front => Some(SkipReason::FrontMatter),
        Matter::Back => Some(SkipReason::BackMatter),
        Matter::References => Some(SkipReason::References),
    };
    by_kind.or(by_place).or_else(|| foreign(block, language)).or_else(|| silent(block, language))
}

/// Code and formulas are in no language, whatever was detected.
fn foreign(block: &Block, language: Language) -> Option<SkipReason> {
    if block.kind.is_notation() {
        return None;
    }
    let tag = block.language.as_deref()?;
    (Language::of(tag) != Some(language)).then_some(SkipReason::LanguageUnsupported)
}

/// A block without anything that the voice can say. Code is announced whatever it holds; formulas
/// and tables where they hold a letter or digit: a brace or a sum sign by itself is a piece of a
/// formula, and nothing that a listener misses.
fn silent(block: &Block, language: Language) -> Option<SkipReason> {
    let code = matches!(block.kind, BlockKind::Code { .. });
    let announced = code || matches!(block.kind, BlockKind::Formula { .. } | BlockKind::Table { .. });
    if announced && (has_letters(block) || code && !block.text.trim().is_empty()) {
        return None;
    }
    if !announced && block.text.chars().any(|c| can_say(c, language)) {
        return Passage::new(block, language).all_cut();
    }
    Some(if has_letters(block) { SkipReason::LanguageUnsupported } else { SkipReason::NothingToSay })
}

fn has_letters(block: &Block) -> bool {
    block.text.chars().any(char::is_alphanumeric)
}

/// Parts the blocks: those that are spoken, and those that are not.
///
/// # Errors
/// `CANCELLED`.
pub(super) fn part<'a>(
    content: &'a Content,
    order: &Order,
    language: Language,
    stop: &Stop,
) -> Result<(Vec<&'a Block>, Vec<Skipped>), Failure> {
    let (mut spoken, mut skipped) = (Vec::new(), Vec::new());
    for block in &content.blocks {
        stop.check()?;
        match left_out(block, order, language) {
            Some(reason) => skipped.push(Skipped { block: block.id, range: None, reason }),
            None => spoken.push(block),
        }
    }
    Ok((spoken, skipped))
}

/// Roughly how many words are heard for a block.
pub(super) fn spoken_words(block: &Block) -> u32 {
    let written = words(&block.text);
    if matches!(block.kind, BlockKind::Code { .. }) {
        CODE_WORDS
    } else if matches!(block.kind, BlockKind::Table { .. }) {
        if table::read_out(block) { written.saturating_mul(2) } else { TABLE_WORDS }
    } else if matches!(block.kind, BlockKind::Formula { .. }) {
        written.saturating_mul(2).max(FORMULA_WORDS)
    } else {
        written
    }
}
