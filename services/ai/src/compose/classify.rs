//! What becomes of a block as a whole: spoken, or left out for a reason.

use lectern_core::content::document::{Block, BlockKind, Content, Matter};
use lectern_core::content::script::{Footnotes, Order, SkipReason, Skipped};
use lectern_core::content::words;

use super::table;
use crate::speakable::{Language, can_say};

/// The level of a heading.
pub(super) const fn heading(block: &Block) -> Option<u8> {
    match block.kind {
        BlockKind::Heading { level } => Some(level),
        BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => None,
    }
}

/// Whether a block is a note.
pub(super) const fn footnote(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Footnote { .. })
}

/// Why a block is not spoken at all; none where it is.
pub(super) fn left_out(block: &Block, order: &Order, language: Language) -> Option<SkipReason> {
    let by_kind = match &block.kind {
        BlockKind::Furniture { furniture } => Some((*furniture).into()),
        BlockKind::Footnote { .. } if order.footnotes == Footnotes::Skip => Some(SkipReason::FootnoteSkipped),
        BlockKind::Figure if !block.text.chars().any(char::is_alphanumeric) => Some(SkipReason::FigureWithoutText),
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure => None,
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
    if matches!(block.kind, BlockKind::Code { .. } | BlockKind::Formula { .. }) {
        return None;
    }
    let tag = block.language.as_deref()?;
    (Language::of(tag) != Some(language)).then_some(SkipReason::LanguageUnsupported)
}

/// A block without anything that the voice can say. Code, formulas and tables are announced whatever they hold.
fn silent(block: &Block, language: Language) -> Option<SkipReason> {
    let announced = matches!(block.kind, BlockKind::Code { .. } | BlockKind::Formula { .. } | BlockKind::Table { .. });
    if (announced && !block.text.trim().is_empty()) || block.text.chars().any(|c| can_say(c, language)) {
        return None;
    }
    let letters = block.text.chars().any(char::is_alphanumeric);
    Some(if letters { SkipReason::LanguageUnsupported } else { SkipReason::NothingToSay })
}

/// Parts the blocks: those that are spoken, and those that are not.
pub(super) fn part<'a>(content: &'a Content, order: &Order, language: Language) -> (Vec<&'a Block>, Vec<Skipped>) {
    let (mut spoken, mut skipped) = (Vec::new(), Vec::new());
    for block in &content.blocks {
        match left_out(block, order, language) {
            Some(reason) => skipped.push(Skipped { block: block.id, range: None, reason }),
            None => spoken.push(block),
        }
    }
    (spoken, skipped)
}

/// Roughly how many words are heard for a block.
pub(super) fn spoken_words(block: &Block) -> u32 {
    match &block.kind {
        BlockKind::Code { .. } => 8,
        BlockKind::Table { .. } if !table::read_out(block) => 10,
        BlockKind::Table { .. } => words(&block.text).saturating_mul(2),
        BlockKind::Formula { .. } => words(&block.text).saturating_mul(2).max(4),
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => words(&block.text),
    }
}
