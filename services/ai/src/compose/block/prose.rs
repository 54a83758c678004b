//! Prose, sentence by sentence, with the notes that it refers to.

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{Footnotes, Role};

use super::sentence::{Manner, Text, sentence};
use crate::compose::number;
use crate::compose::said::Said;
use crate::compose::section::Scene;
use crate::speakable::{self, Language};

/// What is said of prose; a note is to follow the sentence that refers to it, where the caller
/// chose so.
///
/// # Errors
/// `CANCELLED`.
pub(super) fn of(scene: &Scene<'_>, block: &Block) -> Result<Said, Failure> {
    let mut text = Text::of(scene, block);
    text.passage = text.passage.numbered(number::length(scene.content, block));
    let (mut manner, end) = (manner(block, scene.language), scene.end(block));
    let mut said = Said::default();
    for range in text.passage.sentences() {
        scene.stop.check()?;
        let range = Range::new(range.start, range.end.min(end));
        if range.is_empty() {
            break;
        }
        let of_sentence = sentence(scene, block, &text, range, &manner);
        if !of_sentence.is_silent() {
            manner.lead.clear();
        }
        said.append(of_sentence);
        if scene.order.footnotes == Footnotes::Inline {
            let named = text.passage.cuts_in(range).filter_map(|cut| cut.note);
            let at = said.utterances.len();
            said.notes.extend(named.map(|note| (at, note)));
        }
    }
    Ok(said.ending())
}

/// How the words of a block are led, and what they are.
pub(in crate::compose) fn manner(block: &Block, language: Language) -> Manner {
    match &block.kind {
        BlockKind::Heading { level } => Manner::plain(Role::Heading { level: (*level).clamp(1, 6) }),
        BlockKind::ListItem { ordinal, .. } => {
            let label = ordinal.as_deref().map(|label| speakable::ordinal_label(label, language)).unwrap_or_default();
            let lead = if label.is_empty() { label } else { format!("{}. ", capitalised(&label)) };
            Manner { role: Role::ListItem, lead }
        }
        BlockKind::Quote => Manner::plain(Role::Quote),
        BlockKind::Caption => Manner::plain(Role::Caption),
        BlockKind::Footnote { .. } => Manner { role: Role::Footnote, lead: language.note().to_owned() },
        BlockKind::Figure => Manner { role: Role::Caption, lead: language.picture().to_owned() },
        BlockKind::Paragraph
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Furniture { .. } => Manner::plain(Role::Body),
    }
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
