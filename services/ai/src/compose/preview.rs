//! What an order would make of a document, block by block, before anything is made of it.

use std::collections::HashMap;

use lectern_core::content::accounting::Account;
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Order, Plan, PlannedSection, Section, Utterance, WORDS_PER_MINUTE};
use lectern_core::content::timeline::Coverage;
use lectern_core::content::words;
use lectern_core::{Digest, Failure};

use super::balance::Ledger;
use super::{Stop, outline, refusal};

/// An order's outcome, for all of the document.
#[derive(Debug)]
pub struct Preview<'a> {
    /// Counts over the blocks.
    pub coverage: Coverage,
    /// Why the order would fail; the blocks say what was found.
    pub refusal: Option<Failure>,
    /// The sections, in the order they would be heard.
    pub sections: Vec<PreviewedSection<'a>>,
    /// Every block, in the source's order.
    pub blocks: Vec<Previewed<'a>>,
}

impl Preview<'_> {
    /// Words that would be heard.
    #[must_use]
    pub fn words(&self) -> u64 {
        self.sections.iter().map(|section| section.words).sum()
    }

    /// Seconds of audio at [`WORDS_PER_MINUTE`] and a speed of 1.0, rounded up.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.words().saturating_mul(60).div_ceil(u64::from(WORDS_PER_MINUTE))
    }
}

/// What would be heard as one section.
#[derive(Debug)]
pub struct PreviewedSection<'a> {
    /// The section as it is planned.
    pub planned: &'a PlannedSection,
    /// Words that would be heard, announcements among them.
    pub words: u64,
    /// The page that its first block begins on, where the document has pages.
    pub page: Option<u32>,
}

/// What would become of one block.
#[derive(Debug)]
pub struct Previewed<'a> {
    /// The block.
    pub block: &'a Block,
    /// Spoken or not, and why what is not.
    pub account: Account,
    /// The section that it is heard in.
    pub section: u32,
    /// What would be said for it, announcements about it among that, in order.
    pub utterances: Vec<&'a Utterance>,
}

/// The plan for `order`, which has no section where nothing would be spoken. It names no content,
/// since it is not stored.
///
/// # Errors
/// Those of [`plan`](super::plan), but for `DOCUMENT_EMPTY`.
pub fn plan(content: &Content, order: &Order, stop: &Stop) -> Result<Plan, Failure> {
    outline(content, Digest::of(b""), order, stop)
}

/// What would become of every block of `content` by `plan` and its written `sections`.
///
/// # Errors
/// `INTERNAL` where the script names places that the content does not have, `STYLE_UNSUPPORTED`,
/// `CANCELLED`.
pub fn preview<'a>(
    content: &'a Content,
    plan: &'a Plan,
    sections: &'a [Section],
    stop: &Stop,
) -> Result<Preview<'a>, Failure> {
    let said =
        sections.iter().flat_map(|section| section.utterances.iter().map(|utterance| (section.index, utterance)));
    let mut by_block: HashMap<u32, (u32, Vec<&Utterance>)> = HashMap::new();
    for (section, utterance) in said.clone() {
        if let Some(source) = utterance.sources.first() {
            by_block.entry(source.block).or_insert((section, Vec::new())).1.push(utterance);
        }
    }
    let skipped = plan.skipped.iter().chain(sections.iter().flat_map(|section| &section.skipped));
    let ledger = Ledger::new(said.map(|(_, utterance)| utterance), skipped);
    let mut coverage = Coverage::default();
    let mut blocks = Vec::with_capacity(content.blocks.len());
    for block in &content.blocks {
        stop.check()?;
        let account = ledger.account(block)?;
        coverage.count(&account);
        let (section, utterances) = by_block.remove(&block.id).unwrap_or_default();
        blocks.push(Previewed { block, account, section, utterances });
    }
    let sections = plan.sections.iter().map(|planned| of_section(content, planned, sections)).collect();
    Ok(Preview { coverage, refusal: refusal::of(content, plan)?, sections, blocks })
}

fn of_section<'a>(content: &Content, planned: &'a PlannedSection, sections: &[Section]) -> PreviewedSection<'a> {
    let written = sections.get(planned.index as usize).map_or(&[][..], |section| section.utterances.as_slice());
    let words = written.iter().map(|utterance| u64::from(words(&utterance.spoken))).sum();
    let first = planned.blocks.first().and_then(|id| content.blocks.get(*id as usize));
    PreviewedSection { planned, words, page: first.and_then(|block| block.page) }
}
