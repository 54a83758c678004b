//! A sentence, a line or a row of a formula as utterances: the step from a passage to what is said.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::{ContentKind, Role, SkipReason, Source};

use crate::compose::citation::{self, References};
use crate::compose::passage::Passage;
use crate::compose::said::Said;
use crate::compose::section::Scene;

/// What goes before the words of a block, and what the block is.
#[derive(Debug, Clone)]
pub(in crate::compose) struct Manner {
    pub(in crate::compose) role: Role,
    /// Spoken before the first words; it is nowhere written.
    pub(in crate::compose) lead: String,
}

impl Manner {
    pub(in crate::compose) const fn plain(role: Role) -> Self {
        Self { role, lead: String::new() }
    }
}

/// A block's text, ready to be taken apart.
pub(in crate::compose) struct Text {
    pub(in crate::compose) passage: Passage,
    pub(in crate::compose) references: References,
}

impl Text {
    /// The text of a block, whose phrases end when the writing is stopped.
    pub(in crate::compose) fn of(scene: &Scene<'_>, block: &Block) -> Self {
        let (passage, references) = citation::passage(block, scene.order, scene.language);
        Self { passage: passage.until(scene.stop), references }
    }

    /// The text of a block that is marked for its rules.
    pub(in crate::compose) fn marked(scene: &Scene<'_>, block: &Block) -> Self {
        let passage = Passage::new(block, scene.language).with_emoji(scene.order.emoji).until(scene.stop);
        Self { passage, references: References::default() }
    }
}

/// What is said of one sentence.
pub(in crate::compose) fn sentence(
    scene: &Scene<'_>,
    block: &Block,
    text: &Text,
    sentence: Range,
    manner: &Manner,
) -> Said {
    let passage = &text.passage;
    let mut said = Said::default();
    for cut in passage.cuts_in(sentence) {
        said.skip(block, Some(cut.range), cut.reason);
    }
    for phrase in passage.phrases(&passage.kept(sentence)) {
        match phrase {
            Ok(phrase) => {
                let lead = if said.is_silent() { manner.lead.as_str() } else { "" };
                let mut utterance = phrase.utterance(block.id, manner.role, lead);
                text.references.lead(passage, &mut utterance, scene.language);
                utterance.marks = passage.marks_of(&utterance);
                said.utterances.push(utterance);
            }
            Err(silent) => {
                for range in silent {
                    said.skip(block, Some(range), SkipReason::NothingToSay);
                }
            }
        }
    }
    let announced = !scene.order.skip.contains(&ContentKind::Formulas);
    let mut cuts = passage.cuts_in(sentence).filter(|_| announced);
    if let Some(formula) = cuts.find(|cut| cut.reason == SkipReason::Formula) {
        let about = Source { block: block.id, range: formula.range };
        said.append(Said::announcement(about, scene.language.announce_formula(), scene.language));
    }
    said
}
