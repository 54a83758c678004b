//! What is said of a part of a document, and what of it is not: the value that goes up from
//! sentences to blocks and from blocks to the section.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::{Role, SkipReason, Skipped, Source, Speaker, Utterance};

use super::fold;
use crate::speakable::{self, Emoji, Language};

/// Utterances, and what none of them says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// In order; the section numbers them.
    pub(super) utterances: Vec<Utterance>,
    /// Each part with its reason.
    pub(super) skipped: Vec<Skipped>,
    /// Notes that are to be heard within, by the number of utterances that go before each.
    pub(super) notes: Vec<(usize, u32)>,
}

impl Said {
    /// These utterances.
    pub(super) fn of(utterances: Vec<Utterance>) -> Self {
        Self { utterances, ..Self::default() }
    }

    /// Words of ours about what stands at `about`.
    pub(super) fn announcement(about: Source, words: &str, language: Language) -> Self {
        let spoken = speakable::speak(words, &[], language, Emoji::Named);
        Self::of(vec![Utterance {
            id: 0,
            speaker: Speaker::default(),
            role: Role::Announcement,
            ends_block: false,
            sources: vec![about],
            added: true,
            original: fold(words),
            spoken: spoken.text,
            map: spoken.map,
            marks: Vec::new(),
            language: None,
        }])
    }

    /// A block that is announced, by words of ours, and not read out.
    pub(super) fn omitted(block: &Block, words: &str, reason: SkipReason, language: Language) -> Self {
        let about = Source { block: block.id, range: Range::all(&block.text) };
        let mut said = Self::announcement(about, words, language).ending();
        said.skip(block, None, reason);
        said
    }

    /// Lists a part of a block, or all of it, as not said.
    pub(super) fn skip(&mut self, block: &Block, range: Option<Range>, reason: SkipReason) {
        self.skipped.push(Skipped { block: block.id, range, reason });
    }

    /// Says another part after this one.
    pub(super) fn append(&mut self, after: Self) {
        let before = self.utterances.len();
        self.utterances.extend(after.utterances);
        self.skipped.extend(after.skipped);
        self.notes.extend(after.notes.into_iter().map(|(at, note)| (at + before, note)));
    }

    /// The same, whose last utterance ends its block.
    pub(super) fn ending(mut self) -> Self {
        if let Some(last) = self.utterances.last_mut() {
            last.ends_block = true;
        }
        self
    }

    /// Whether nothing is said.
    pub(super) const fn is_silent(&self) -> bool {
        self.utterances.is_empty()
    }
}
