//! Blocks to utterances: sentence by sentence, each with where it came from, what it shows and what
//! is said.

mod briefing;
mod notation;
mod prose;
mod table;

use std::collections::HashSet;

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{
    ContentKind, Order, Plan, PlannedSection, Role, SCHEMA, Section, SkipReason, Skipped, Source, Speaker, Style,
    Utterance,
};

use super::citation::{self, References};
use super::sentence::Passage;
use super::{Stop, announce, balance, find, fold};
use crate::speakable::{self, Emoji, Language};

/// Writes a planned section.
pub(super) fn section(
    content: &Content,
    plan: &Plan,
    planned: &PlannedSection,
    language: Language,
    stop: &Stop,
) -> Result<Section, Failure> {
    let members: HashSet<u32> = planned.blocks.iter().copied().collect();
    let rest = plan.skipped.iter().find(|skip| skip.range.is_some() && members.contains(&skip.block));
    let mut writer = Writer {
        content,
        language,
        stop,
        order: &plan.order,
        members,
        rest,
        written: HashSet::new(),
        utterances: Vec::new(),
        skipped: Vec::new(),
    };
    for &id in &planned.blocks {
        stop.check()?;
        let block = find(content, id)?;
        match plan.order.style {
            Style::Narration => writer.block(block)?,
            Style::Briefing => writer.chosen(block, planned),
        }
    }
    // What was written of the last block when it was stopped is not all of it.
    stop.check()?;
    let Writer { utterances, mut skipped, .. } = writer;
    // The plan has listed the rest of a block that the order's length cuts.
    let unlisted = balance::of_section(content, planned, &utterances, skipped.iter().chain(rest))?;
    skipped.extend(unlisted);
    Ok(Section {
        schema: SCHEMA,
        index: planned.index,
        title: planned.title.clone(),
        level: planned.level,
        utterances,
        skipped,
    })
}

/// What goes before the words of a block, and what the block is.
#[derive(Debug, Clone)]
struct Manner {
    role: Role,
    /// Spoken before the first words; it is nowhere written.
    lead: String,
}

impl Manner {
    fn plain(role: Role) -> Self {
        Self { role, lead: String::new() }
    }
}

/// A block's text, ready to be taken apart.
struct Text {
    passage: Passage,
    references: References,
}

struct Writer<'a> {
    content: &'a Content,
    language: Language,
    stop: &'a Stop,
    order: &'a Order,
    /// The blocks of the section.
    members: HashSet<u32>,
    /// The part of one of them that the order's length leaves out.
    rest: Option<&'a Skipped>,
    written: HashSet<u32>,
    utterances: Vec<Utterance>,
    skipped: Vec<Skipped>,
}

impl Writer<'_> {
    fn block(&mut self, block: &Block) -> Result<(), Failure> {
        if !self.written.insert(block.id) {
            return Ok(());
        }
        match &block.kind {
            BlockKind::Code { .. } if self.reads(ContentKind::Code) => self.code(block),
            BlockKind::Code { .. } => self.omit(block, &announce::code(block), SkipReason::CodeBody),
            BlockKind::Table { .. } if super::table::read_out(block, self.order) => self.table(block),
            BlockKind::Table { .. } => self.omit_table(block),
            BlockKind::Formula { latex: true } => self.formula(block),
            BlockKind::Formula { latex: false } => {
                let (before, listed) = (self.utterances.len(), self.skipped.len());
                self.prose(block)?;
                if self.utterances.len() == before {
                    // It is left out as a whole, not letter by letter.
                    self.skipped.truncate(listed);
                    self.omit(block, announce::FORMULA, SkipReason::Formula);
                }
            }
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => self.prose(block)?,
        }
        Ok(())
    }

    /// Whether the order wants a kind read that usually is not, or not whole.
    fn reads(&self, kind: ContentKind) -> bool {
        self.order.read.contains(&kind)
    }

    /// Where what is heard of a block ends at the latest.
    fn end(&self, block: &Block) -> u32 {
        let rest = self.rest.filter(|rest| rest.block == block.id).and_then(|rest| rest.range);
        rest.map_or_else(|| lectern_core::content::length(&block.text), |rest| rest.start)
    }

    /// The text of a block, whose phrases end when the writing is stopped.
    fn text(&self, block: &Block) -> Text {
        let (passage, references) = citation::passage(block, self.order, self.language);
        Text { passage: passage.until(self.stop), references }
    }

    /// The text of a block that is marked for its rules.
    fn marked(&self, block: &Block) -> Text {
        let passage = Passage::new(block, self.language).until(self.stop);
        Text { passage, references: References::default() }
    }

    /// One sentence; whether it said anything.
    fn sentence(&mut self, block: &Block, text: &Text, sentence: Range, manner: &Manner) -> bool {
        let passage = &text.passage;
        for cut in passage.cuts_in(sentence) {
            self.skipped.push(Skipped { block: block.id, range: Some(cut.range), reason: cut.reason });
        }
        let before = self.utterances.len();
        let parts = passage.kept(sentence);
        for phrase in passage.phrases(&parts) {
            match phrase {
                Ok(phrase) => {
                    let lead = if self.utterances.len() == before { manner.lead.as_str() } else { "" };
                    let mut utterance = phrase.utterance(block.id, manner.role, lead);
                    text.references.lead(passage, &mut utterance);
                    self.push(utterance);
                }
                Err(silent) => self.skipped.extend(silent.into_iter().map(|range| Skipped {
                    block: block.id,
                    range: Some(range),
                    reason: SkipReason::NothingToSay,
                })),
            }
        }
        let announced = !self.order.skip.contains(&ContentKind::Formulas);
        let mut cuts = passage.cuts_in(sentence).filter(|_| announced);
        if let Some(formula) = cuts.find(|cut| cut.reason == SkipReason::Formula) {
            self.announce(Source { block: block.id, range: formula.range }, announce::FORMULA, false);
        }
        self.utterances.len() > before
    }

    /// The last utterance from `first` on ends its block.
    fn end_block(&mut self, first: usize) {
        if let Some(last) = self.utterances.get_mut(first..).and_then(<[Utterance]>::last_mut) {
            last.ends_block = true;
        }
    }

    /// Announces a block and lists its body as not spoken.
    fn omit(&mut self, block: &Block, words: &str, reason: SkipReason) {
        self.announce(Source { block: block.id, range: Range::all(&block.text) }, words, true);
        self.skipped.push(Skipped { block: block.id, range: None, reason });
    }

    /// Words of ours about what stands at `about`.
    fn announce(&mut self, about: Source, words: &str, ends_block: bool) {
        let spoken = speakable::speak(words, &[], self.language, Emoji::Named);
        self.push(Utterance {
            id: 0,
            speaker: Speaker::default(),
            role: Role::Announcement,
            ends_block,
            sources: vec![about],
            added: true,
            original: fold(words),
            spoken: spoken.text,
            map: spoken.map,
        });
    }

    fn push(&mut self, mut utterance: Utterance) {
        utterance.id = u32::try_from(self.utterances.len()).unwrap_or(u32::MAX);
        self.utterances.push(utterance);
    }
}

fn manner(block: &Block, language: Language) -> Manner {
    match &block.kind {
        BlockKind::Heading { level } => Manner::plain(Role::Heading { level: (*level).clamp(1, 6) }),
        BlockKind::ListItem { ordinal, .. } => {
            let label = ordinal.as_deref().map(|label| speakable::ordinal_label(label, language)).unwrap_or_default();
            let lead = if label.is_empty() { label } else { format!("{}. ", capitalised(&label)) };
            Manner { role: Role::ListItem, lead }
        }
        BlockKind::Quote => Manner::plain(Role::Quote),
        BlockKind::Caption => Manner::plain(Role::Caption),
        BlockKind::Footnote { .. } => Manner { role: Role::Footnote, lead: "Footnote: ".to_owned() },
        BlockKind::Figure => Manner { role: Role::Caption, lead: "Image: ".to_owned() },
        BlockKind::Paragraph
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Furniture { .. } => Manner::plain(Role::Body),
    }
}

/// What of a range lies in none of `holes`, which are in order and apart from each other.
fn outside(range: Range, holes: &[Range]) -> Vec<Range> {
    let mut at = range.start;
    let mut left = Vec::new();
    for hole in holes {
        left.push(Range::new(at, hole.start.min(range.end)));
        at = at.max(hole.end);
    }
    left.push(Range::new(at, range.end));
    left.retain(|part| !part.is_empty());
    left
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
