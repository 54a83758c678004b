//! A script held against its document (invariant I9) where the script is made: whatever the rules
//! forget is listed with a reason, so that what was planned and written can always be recorded and
//! assembled.

use std::collections::{HashMap, HashSet};

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::accounting::{Account, account};
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{PlannedSection, SkipReason, Skipped, Utterance};

use super::find;

/// What a script says of each block.
pub(super) struct Ledger<'a> {
    spoken: HashMap<u32, Vec<Range>>,
    skipped: HashMap<u32, Vec<&'a Skipped>>,
}

impl<'a> Ledger<'a> {
    /// Announcements and words of a model are about a block and do not speak it.
    pub(super) fn new(
        utterances: impl Iterator<Item = &'a Utterance>,
        skipped: impl Iterator<Item = &'a Skipped>,
    ) -> Self {
        let mut ledger = Self { spoken: HashMap::new(), skipped: HashMap::new() };
        for source in utterances.filter(|utterance| !utterance.added).flat_map(|utterance| &utterance.sources) {
            ledger.spoken.entry(source.block).or_default().push(source.range);
        }
        for skip in skipped {
            ledger.skipped.entry(skip.block).or_default().push(skip);
        }
        ledger
    }

    pub(super) fn account(&self, block: &Block) -> Result<Account, Failure> {
        let spoken = self.spoken.get(&block.id).map_or(&[][..], Vec::as_slice);
        let skipped = self.skipped.get(&block.id).map_or(&[][..], Vec::as_slice);
        account(block, spoken, skipped)
    }
}

/// Blocks that an outline neither places in a section nor skips.
pub(super) fn of_outline(
    content: &Content,
    sections: &[PlannedSection],
    skipped: &[Skipped],
) -> Result<Vec<Skipped>, Failure> {
    let placed = sections.iter().flat_map(|section| section.blocks.iter().copied());
    let named: HashSet<u32> = placed.chain(skipped.iter().map(|skip| skip.block)).collect();
    let mut unlisted = Vec::new();
    for block in content.blocks.iter().filter(|block| !named.contains(&block.id)) {
        unlisted.extend(account(block, &[], &[])?.unlisted);
    }
    Ok(unlisted)
}

/// What of a section's blocks is neither spoken nor listed. Signs between what is spoken need no
/// mention.
pub(super) fn of_section<'a>(
    content: &Content,
    planned: &PlannedSection,
    utterances: &'a [Utterance],
    skipped: impl Iterator<Item = &'a Skipped>,
) -> Result<Vec<Skipped>, Failure> {
    let ledger = Ledger::new(utterances.iter(), skipped);
    let worth_listing = |part: &Skipped| part.range.is_none() || part.reason == SkipReason::Unaccounted;
    let mut unlisted = Vec::new();
    for &id in &planned.blocks {
        let account = ledger.account(find(content, id)?)?;
        unlisted.extend(account.unlisted.into_iter().filter(worth_listing));
    }
    Ok(unlisted)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::BlockKind;
    use lectern_core::content::script::{Role, Source, Speaker};
    use lectern_core::content::timeline::Fate;

    use super::*;
    use crate::compose::tests::{block, content};

    fn planned(blocks: &[u32]) -> PlannedSection {
        let (blocks, chosen) = (blocks.to_vec(), Vec::new());
        PlannedSection { index: 0, title: String::new(), level: 1, blocks, chosen, words: 0, brief: String::new() }
    }

    fn utterance(block: u32, range: Range, added: bool) -> Utterance {
        Utterance {
            id: 0,
            speaker: Speaker::default(),
            role: Role::Body,
            ends_block: true,
            sources: vec![Source { block, range }],
            added,
            original: String::new(),
            spoken: String::new(),
            map: Vec::new(),
            marks: Vec::new(),
            language: None,
        }
    }

    #[test]
    fn what_a_writer_forgets_is_listed_when_the_section_is_written() {
        let texts = ["Said whole.", "Said, but not all.", "{", "Announced only.", "Forgotten."];
        let content = content(texts.map(|text| block(BlockKind::Paragraph, text)).to_vec());
        let utterances = [
            utterance(0, Range::new(0, 11), false),
            utterance(1, Range::new(0, 4), false),
            utterance(3, Range::new(0, 15), true),
        ];
        let announced = [Skipped { block: 3, range: None, reason: SkipReason::CodeBody }];
        let unlisted = of_section(&content, &planned(&[0, 1, 2, 3, 4]), &utterances, announced.iter()).unwrap();
        let unaccounted = SkipReason::Unaccounted;
        assert_eq!(
            unlisted,
            [
                Skipped { block: 1, range: Some(Range::new(4, 18)), reason: unaccounted },
                Skipped { block: 2, range: None, reason: SkipReason::NothingToSay },
                Skipped { block: 4, range: None, reason: unaccounted },
            ]
        );
    }

    #[test]
    fn words_of_a_model_speak_no_block_and_cover_what_they_list() {
        let texts = ["It rose by 3 m in 1687.", "So it did.", "Nobody says this."];
        let content = content(texts.map(|text| block(BlockKind::Paragraph, text)).to_vec());
        let generated = [utterance(0, Range::new(0, 23), true)];
        let covered = [0, 1].map(|block| Skipped { block, range: None, reason: SkipReason::Summarised });
        let ledger = Ledger::new(generated.iter(), covered.iter());
        for (id, fate) in [(0, Fate::Summarised), (1, Fate::Summarised), (2, Fate::Skipped)] {
            let account = ledger.account(&content.blocks[id]).unwrap();
            assert_eq!((account.fate, account.words_spoken), (fate, 0), "block {id}");
        }
        let unlisted = of_section(&content, &planned(&[0, 1, 2]), &generated, covered.iter()).unwrap();
        assert_eq!(unlisted, [Skipped { block: 2, range: None, reason: SkipReason::Unaccounted }]);
    }

    #[test]
    fn a_block_that_the_outline_forgets_is_listed_when_it_is_planned() {
        let content = content(["One.", "Two.", "Three."].map(|text| block(BlockKind::Paragraph, text)).to_vec());
        let skipped = [Skipped { block: 2, range: None, reason: SkipReason::References }];
        let unlisted = of_outline(&content, &[planned(&[0])], &skipped).unwrap();
        assert_eq!(unlisted, [Skipped { block: 1, range: None, reason: SkipReason::Unaccounted }]);
    }
}
