//! What becomes of a block as a whole: spoken, or left out for a reason.

use std::collections::HashSet;

use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{
    ContentKind, EmojiPolicy, Footnotes, Order, OtherLanguages, SkipReason, Skipped, Style,
};
use lectern_core::content::words;
use lectern_core::speakers::primary;
use lectern_core::{Failure, Kind, Reason};

use super::{Stop, appendix, citation, kinds, table};
use crate::speakable::{Emoji, Language, can_say, is_scale, speak};

/// Words of the announcement of code ("Code in Rust, 12 lines.").
const CODE_WORDS: u32 = 8;
/// Words of the announcement of a table that is not read out.
const TABLE_WORDS: u32 = 10;
/// A formula is heard in at least this many words: `x = 1` is "x equals one", and a stop.
const FORMULA_WORDS: u32 = 4;

/// A block that is spoken, or announced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) block: &'a Block,
    /// Roughly how many words are heard for it.
    pub(super) words: u32,
}

/// Why a block is not spoken at all; none where it is.
fn left_out(block: &Block, in_appendix: bool, order: &Order, language: Language) -> Option<SkipReason> {
    let by_kind = if let BlockKind::Furniture { furniture } = block.kind {
        Some(furniture.into())
    } else if kinds::unwanted(block, in_appendix, order) {
        Some(SkipReason::NotWanted)
    } else if block.kind.is_footnote() && order.footnotes == Footnotes::Skip {
        Some(SkipReason::FootnoteSkipped)
    } else if matches!(block.kind, BlockKind::Figure) && (!has_letters(block) || is_scale(&block.text, language)) {
        Some(SkipReason::FigureWithoutText)
    } else {
        None
    };
    let unselected = || (!order.selection.has_page(block.page)).then_some(SkipReason::NotSelected);
    by_kind
        .or_else(|| kinds::out_of_place(block, order))
        .or_else(|| foreign(block, order, language))
        .or_else(|| silent(block, order, spoken_in(block, order, language)))
        .or_else(unselected)
}

/// The language of a block that is in another one than its document. Code and formulas are in no
/// language, whatever was detected.
fn other_language(block: &Block, language: Language) -> Option<&str> {
    let tag = block.language.as_deref().filter(|_| !block.kind.is_notation())?;
    (Language::of(tag) != Some(language)).then_some(tag)
}

/// The language, and the tag of it, that a block is spoken in though its document is in another
/// one: where the order wants that, and there are rules for it.
pub(super) fn abroad<'a>(block: &'a Block, order: &Order, language: Language) -> Option<(Language, &'a str)> {
    let tag = other_language(block, language)?;
    match &order.other_languages {
        OtherLanguages::Speak(spoken) if order.style == Style::Narration && spoken.contains(&primary(tag)) => {
            Language::of(tag).map(|language| (language, tag))
        }
        OtherLanguages::Speak(_) | OtherLanguages::Skip | OtherLanguages::Refuse => None,
    }
}

/// The language that a block is spoken in.
pub(super) fn spoken_in(block: &Block, order: &Order, language: Language) -> Language {
    abroad(block, order, language).map_or(language, |(language, _)| language)
}

fn foreign(block: &Block, order: &Order, language: Language) -> Option<SkipReason> {
    other_language(block, language)?;
    abroad(block, order, language).is_none().then_some(SkipReason::LanguageUnsupported)
}

/// Refuses a block in another language, where the order wants that.
fn check_language(block: &Block, order: &Order, language: Language) -> Result<(), Failure> {
    let Some(tag) = other_language(block, language).filter(|_| order.other_languages == OtherLanguages::Refuse) else {
        return Ok(());
    };
    let page = block.page.map(|page| format!(" on page {page}")).unwrap_or_default();
    let message = format!(
        "block {}{page} is in `{tag}`, and the order refuses other languages than the document's; skip them, have \
         them spoken, or set the language of the document",
        block.id
    );
    Err(Failure::new(Kind::FailedPrecondition, Reason::LanguageUnsupported, message).at("narration.other_languages"))
}

/// A block without anything that the voice can say. Code is announced whatever it holds; formulas
/// and tables where they hold a letter or digit: a brace or a sum sign by itself is a piece of a
/// formula, and nothing that a listener misses.
fn silent(block: &Block, order: &Order, language: Language) -> Option<SkipReason> {
    let code = matches!(block.kind, BlockKind::Code { .. });
    let announced = code || matches!(block.kind, BlockKind::Formula { .. } | BlockKind::Table { .. });
    if announced && (has_letters(block) || code && !block.text.trim().is_empty()) {
        return None;
    }
    if !announced && has_words(block, order, language) {
        return citation::passage(block, order, language).0.all_cut();
    }
    Some(if has_letters(block) { SkipReason::LanguageUnsupported } else { SkipReason::NothingToSay })
}

/// Whether a block has a letter or digit that can be said; or nothing but signs and pictures that
/// are.
fn has_words(block: &Block, order: &Order, language: Language) -> bool {
    if has_letters(block) {
        return block.text.chars().any(|c| c.is_alphanumeric() && can_say(c, language));
    }
    let emoji = match order.emoji {
        EmojiPolicy::Named => Emoji::Named,
        EmojiPolicy::Dropped => Emoji::Dropped,
    };
    !speak(&block.text, &[], language, emoji).text.is_empty()
}

fn has_letters(block: &Block) -> bool {
    block.text.chars().any(char::is_alphanumeric)
}

/// Parts the blocks: those that are spoken, and those that are not.
///
/// # Errors
/// `CANCELLED`; `LANGUAGE_UNSUPPORTED` for a block in another language, where the order refuses
/// those.
pub(super) fn part<'a>(
    content: &'a Content,
    order: &Order,
    language: Language,
    stop: &Stop,
) -> Result<(Vec<Heard<'a>>, Vec<Skipped>), Failure> {
    let unwanted = order.skip.contains(&ContentKind::Appendices);
    let appendices = if unwanted { appendix::blocks(content, language) } else { HashSet::new() };
    let (mut heard, mut skipped) = (Vec::new(), Vec::new());
    for block in &content.blocks {
        stop.check()?;
        let reason = left_out(block, appendices.contains(&block.id), order, language);
        if reason == Some(SkipReason::LanguageUnsupported) {
            check_language(block, order, language)?;
        }
        match reason {
            Some(reason) => skipped.push(Skipped { block: block.id, range: None, reason }),
            None => heard.push(Heard { block, words: spoken_words(block, order) }),
        }
    }
    Ok((heard, skipped))
}

/// Roughly how many words are heard for a block.
pub(super) fn spoken_words(block: &Block, order: &Order) -> u32 {
    let written = words(&block.text);
    let twice = written.saturating_mul(2);
    if matches!(block.kind, BlockKind::Code { .. }) {
        if order.read.contains(&ContentKind::Code) { twice.saturating_add(CODE_WORDS) } else { CODE_WORDS }
    } else if matches!(block.kind, BlockKind::Table { .. }) {
        if table::read_out(block, order) { twice } else { TABLE_WORDS }
    } else if matches!(block.kind, BlockKind::Formula { .. }) {
        twice.max(FORMULA_WORDS)
    } else {
        written
    }
}
