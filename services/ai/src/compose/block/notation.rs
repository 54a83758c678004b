//! Code and formulas: in words where they are wanted so and have words, else announced.

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{ContentKind, Role, SkipReason, Source};

use super::outside;
use super::sentence::{Manner, Text, sentence};
use crate::compose::notation::{self, Marked};
use crate::compose::passage::Passage;
use crate::compose::said::Said;
use crate::compose::section::Scene;
use crate::speakable::Language;

/// A longer name of a code's language is none: what follows the fence of a listing may be anything.
const LONGEST_NAME: usize = 40;

/// Words of ours that stand for code.
pub(in crate::compose) fn code_words(block: &Block, language: Language) -> String {
    let lines = block.text.lines().filter(|line| !line.trim().is_empty()).count().max(1);
    if let BlockKind::Code { language: Some(named) } = &block.kind
        && !named.trim().is_empty()
        && named.chars().nth(LONGEST_NAME).is_none()
    {
        language.announce_code(lines, Some(named.trim()))
    } else {
        language.announce_code(lines, None)
    }
}

/// Code, announced and then read line by line.
pub(super) fn code(scene: &Scene<'_>, block: &Block) -> Said {
    let about = Source { block: block.id, range: Range::all(&block.text) };
    let mut said = Said::announcement(about, &code_words(block, scene.language), scene.language).ending();
    let read = lines(scene, &notation::code(block), scene.end(block));
    if read.is_silent() {
        // It is left out as a whole, not sign by sign.
        said.skip(block, None, SkipReason::CodeBody);
    } else {
        said.append(read);
    }
    said
}

/// A displayed formula in words, or that it is left out.
pub(super) fn formula(scene: &Scene<'_>, block: &Block) -> Said {
    let phrases = Passage::formula(block, scene.language).formula_phrases();
    let said = if phrases.is_empty() && scene.reads(ContentKind::Formulas) {
        rows(scene, block)
    } else {
        let utterances = phrases.into_iter().map(|phrase| phrase.utterance(block.id, Role::Body, ""));
        Said::of(utterances.collect()).ending()
    };
    if said.is_silent() { omitted_formula(scene, block) } else { said }
}

/// That a formula is left out.
pub(super) fn omitted_formula(scene: &Scene<'_>, block: &Block) -> Said {
    Said::omitted(block, scene.language.announce_formula(), SkipReason::Formula, scene.language)
}

/// A formula row by row; rows without words are announced, and what only arranges them is listed.
fn rows(scene: &Scene<'_>, block: &Block) -> Said {
    let Some(rows) = notation::formula(block, scene.language) else { return Said::default() };
    let chars: Vec<char> = block.text.chars().collect();
    let all = Range::all(&block.text);
    let mut said = lines(scene, &rows, all.end);
    for part in outside(all, &rows.lines) {
        if notation::says(&chars, part) {
            said.skip(block, Some(part), SkipReason::NothingToSay);
        }
    }
    said
}

/// The lines that begin before `end`.
fn lines(scene: &Scene<'_>, marked: &Marked, end: u32) -> Said {
    let text = Text::marked(scene, &marked.block);
    let mut said = Said::default();
    for line in marked.lines.iter().take_while(|line| line.start < end) {
        if scene.stop.stopped() {
            break;
        }
        let line = Range::new(line.start, line.end.min(end));
        said.append(sentence(scene, &marked.block, &text, line, &Manner::plain(Role::Body)));
    }
    said.ending()
}
