//! Blocks to utterances: sentence by sentence, each with where it came from, what it shows and what
//! is said.

use std::collections::HashSet;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{
    Footnotes, Mapping, Plan, PlannedSection, Role, SCHEMA, Section, SkipReason, Skipped, Source, Speaker, Style,
    Utterance,
};
use lectern_core::{Failure, Kind, Reason};

use super::sentence::Passage;
use super::{Stop, announce, balance, fold, number, table};
use crate::speakable::{self, Emoji, Language};

/// Writes a planned section.
pub(super) fn section(
    content: &Content,
    plan: &Plan,
    planned: &PlannedSection,
    language: Language,
    stop: &Stop,
) -> Result<Section, Failure> {
    let mut writer = Writer {
        content,
        language,
        stop,
        inline_notes: plan.order.footnotes == Footnotes::Inline,
        members: planned.blocks.iter().copied().collect(),
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
    skipped.extend(balance::of_section(content, planned, &utterances, &skipped)?);
    Ok(Section {
        schema: SCHEMA,
        index: planned.index,
        title: planned.title.clone(),
        level: planned.level,
        utterances,
        skipped,
    })
}

pub(super) fn find(content: &Content, id: u32) -> Result<&Block, Failure> {
    content.blocks.get(id as usize).ok_or_else(|| {
        Failure::new(
            Kind::DataLoss,
            Reason::ObjectDamaged,
            format!("the plan names block {id}, which the content has not; plan the script again"),
        )
    })
}

/// What goes before the words of a block, and what the block is.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) role: Role,
    /// Spoken before the first words; it is nowhere written.
    pub(super) lead: String,
}

impl Manner {
    fn plain(role: Role) -> Self {
        Self { role, lead: String::new() }
    }
}

pub(super) struct Writer<'a> {
    pub(super) content: &'a Content,
    pub(super) language: Language,
    stop: &'a Stop,
    inline_notes: bool,
    members: HashSet<u32>,
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
            BlockKind::Code { .. } => self.omit(block, &announce::code(block), SkipReason::CodeBody),
            BlockKind::Table { .. } if table::read_out(block) => self.table(block),
            BlockKind::Table { .. } => self.omit_table(block),
            BlockKind::Formula { latex: true } => self.formula(block),
            BlockKind::Formula { latex: false } => {
                let (before, listed) = (self.utterances.len(), self.skipped.len());
                self.prose(block, &manner(block, self.language))?;
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
            | BlockKind::Furniture { .. } => self.prose(block, &manner(block, self.language))?,
        }
        Ok(())
    }

    /// The text of a block, whose phrases end when the writing is stopped.
    fn passage(&self, block: &Block) -> Passage {
        Passage::new(block, self.language).until(self.stop)
    }

    /// Prose, sentence by sentence; a note follows the sentence that refers to it, where the caller
    /// chose so.
    fn prose(&mut self, block: &Block, manner: &Manner) -> Result<(), Failure> {
        let passage = self.passage(block).numbered(number::length(self.content, block));
        let sentences = passage.sentences();
        let mut manner = manner.clone();
        let first = self.utterances.len();
        let mut notes = Vec::new();
        for sentence in sentences {
            self.stop.check()?;
            if self.sentence(block, &passage, sentence, &manner) {
                manner.lead.clear();
            }
            if self.inline_notes {
                let named = passage.cuts_in(sentence).filter_map(|cut| cut.note);
                notes.extend(named.map(|note| (self.utterances.len(), note)));
            }
        }
        if let Some(last) = self.utterances.get_mut(first..).and_then(<[Utterance]>::last_mut) {
            last.ends_block = true;
        }
        self.insert_notes(notes)
    }

    /// Puts notes where their sentences end.
    fn insert_notes(&mut self, notes: Vec<(usize, u32)>) -> Result<(), Failure> {
        let Some(first) = notes.iter().map(|(at, _)| *at).min() else { return Ok(()) };
        let rest = self.utterances.split_off(first);
        let mut rest = rest.into_iter();
        let mut at = first;
        let mut notes = notes.into_iter().peekable();
        loop {
            while let Some((_, note)) = notes.next_if(|(place, _)| *place <= at) {
                // A note that the plan does not place here was left out, or stands elsewhere.
                if !self.members.contains(&note) || self.written.contains(&note) {
                    continue;
                }
                let block = find(self.content, note)?;
                if block.kind.is_footnote() {
                    self.block(block)?;
                }
            }
            match rest.next() {
                Some(utterance) => self.push(utterance),
                None => break,
            }
            at += 1;
        }
        Ok(())
    }

    /// One sentence; whether it said anything.
    fn sentence(&mut self, block: &Block, passage: &Passage, sentence: Range, manner: &Manner) -> bool {
        for cut in passage.cuts_in(sentence) {
            self.skipped.push(Skipped { block: block.id, range: Some(cut.range), reason: cut.reason });
        }
        let before = self.utterances.len();
        let parts = passage.kept(sentence);
        for phrase in passage.phrases(&parts) {
            match phrase {
                Ok(phrase) => {
                    let lead = if self.utterances.len() == before { manner.lead.as_str() } else { "" };
                    let utterance = phrase.utterance(block.id, manner.role, lead);
                    self.push(utterance);
                }
                Err(silent) => self.skipped.extend(silent.into_iter().map(|range| Skipped {
                    block: block.id,
                    range: Some(range),
                    reason: SkipReason::NothingToSay,
                })),
            }
        }
        if let Some(formula) = passage.cuts_in(sentence).find(|cut| cut.reason == SkipReason::Formula) {
            self.announce(Source { block: block.id, range: formula.range }, announce::FORMULA, false);
        }
        self.utterances.len() > before
    }

    /// A table, row by row: "header: cell, header: cell." The header row itself is read once,
    /// before the others.
    fn table(&mut self, block: &Block) {
        let listed = self.skipped.len();
        let grid = table::grid(block);
        let passage = self.passage(block);
        for cut in passage.cuts_in(Range::all(&block.text)) {
            self.skipped.push(Skipped { block: block.id, range: Some(cut.range), reason: cut.reason });
        }
        let heads: Vec<String> = match grid.headers.checked_sub(1).and_then(|row| grid.rows.get(row)) {
            Some(row) if grid.rows.len() > grid.headers => row
                .iter()
                .map(|cell| passage.spoken(*cell).trim_end_matches(['.', ',', ';', ':', '?', '!']).to_owned())
                .collect(),
            _ => Vec::new(),
        };
        let first = self.utterances.len();
        for (index, row) in grid.rows.iter().enumerate() {
            let header = index < grid.headers;
            let leads: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, _)| match heads.get(column) {
                    Some(head) if !header && !head.is_empty() => format!("{head}: "),
                    _ => String::new(),
                })
                .collect();
            let before = self.utterances.len();
            for utterance in passage.row(block.id, row, &leads) {
                self.push(utterance);
            }
            let said = self.utterances.get_mut(before..).unwrap_or_default();
            if let Some(last) = said.last_mut() {
                last.ends_block = true;
            }
            let said: Vec<Range> = said.iter().flat_map(|said| &said.sources).map(|source| source.range).collect();
            let kept = row.iter().flat_map(|cell| passage.kept(*cell));
            let silent = kept
                .flat_map(|part| outside(part, &said))
                .filter(|part| part.of(&block.text).chars().any(char::is_alphanumeric));
            self.skipped.extend(silent.map(|part| Skipped {
                block: block.id,
                range: Some(part),
                reason: SkipReason::NothingToSay,
            }));
        }
        if self.utterances.len() == first {
            // It is left out as a whole, not cell by cell.
            self.skipped.truncate(listed);
            self.omit_table(block);
        }
    }

    fn omit_table(&mut self, block: &Block) {
        let grid = table::grid(block);
        let words = announce::table(grid.rows.len() - grid.headers, grid.columns());
        self.omit(block, &words, SkipReason::TableBody);
    }

    /// A displayed formula in words, or that it is left out.
    fn formula(&mut self, block: &Block) {
        let passage = Passage::formula(block, self.language);
        let phrases = passage.formula_phrases();
        if phrases.is_empty() {
            self.omit(block, announce::FORMULA, SkipReason::Formula);
            return;
        }
        let last = phrases.len() - 1;
        for (index, phrase) in phrases.into_iter().enumerate() {
            let mut utterance = phrase.utterance(block.id, Role::Body, "");
            utterance.ends_block = index == last;
            self.push(utterance);
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

    /// The chosen sentences of a block; the rest of it is covered by them.
    fn chosen(&mut self, block: &Block, planned: &PlannedSection) {
        let passage = self.passage(block).numbered(number::length(self.content, block));
        let mut manner = manner(block, self.language);
        let first = self.utterances.len();
        let mut at = 0;
        let chosen =
            planned.chosen.iter().filter(|source| source.block == block.id).map(|source: &Source| source.range);
        for sentence in chosen {
            if self.stop.stopped() {
                break;
            }
            self.left(block, Range::new(at, sentence.start));
            at = sentence.end;
            if self.sentence(block, &passage, sentence, &manner) {
                manner.lead.clear();
            }
        }
        self.left(block, Range::new(at, lectern_core::content::length(&block.text)));
        if let Some(last) = self.utterances.get_mut(first..).and_then(<[Utterance]>::last_mut) {
            last.ends_block = true;
        }
    }

    /// Lists a part that a briefing passes over.
    fn left(&mut self, block: &Block, range: Range) {
        if !range.is_empty() && range.of(&block.text).chars().any(char::is_alphanumeric) {
            self.skipped.push(Skipped { block: block.id, range: Some(range), reason: SkipReason::Summarised });
        }
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

/// Moves a map behind `lead`, which is written nowhere.
pub(super) fn led(lead: &str, text: &str, map: &[Mapping]) -> (String, Vec<Mapping>) {
    let words = lead.trim_end();
    if words.is_empty() {
        return (text.to_owned(), map.to_vec());
    }
    let shift = lectern_core::content::length(words) + 1;
    let at = map.first().map_or(0, |step| step.original.start);
    let mut all = vec![Mapping { spoken: Range::new(0, shift - 1), original: Range::new(at, at) }];
    all.extend(map.iter().map(|step| Mapping {
        spoken: Range::new(step.spoken.start + shift, step.spoken.end + shift),
        original: step.original,
    }));
    (format!("{words} {text}"), all)
}
