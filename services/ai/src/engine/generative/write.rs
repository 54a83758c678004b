//! A section in a model's words: written to its length, checked, mended once, and only then taken.
//!
//! The order: it is written as a whole, and again with the number of words that gives the wanted
//! one of a model that writes more or less than it is asked for; what is wrong with its sentences
//! is written again, once, and what is still wrong is dropped and listed; then what is missing is
//! added, and what is too much after that is written shorter.

use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{
    Character, DropReason, Dropped, Plan, PlannedSection, SCHEMA, Section, SkipReason, Skipped,
};
use lectern_core::{Failure, Kind, Reason};
use tracing::warn;

use super::ask::{Question, Trouble};
use super::checks::{Checker, Said};
use super::desk::Desk;
use super::draft::{self, Draft, Line};
use super::material::{self, Material};
use super::{length, prompt};
use crate::compose;
use crate::grounding::Context;
use crate::model::DataPart;

/// How often a section is written as a whole.
const WRITES: u32 = 3;
/// How often sentences with a fault are written again.
const REPAIRS: u32 = 1;
/// How often what is missing is asked for.
const ADDITIONS: u32 = 3;
/// How often what is too much is written shorter. The last addition may bring too much, so that a
/// section may be added to and shortened.
const SHORTENINGS: u32 = 1;
/// Questions of a section at most. Each may be asked again where its answer cannot be used.
pub(super) const MOST_QUESTIONS: u32 = WRITES + REPAIRS + ADDITIONS + SHORTENINGS;
/// Characters of another section's brief in a prompt, by how many sections there are.
const BRIEF: usize = 300;
/// All briefs of the others together have at most so many characters.
const BRIEFS: usize = 12_000;

/// How a style writes.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// What it is: `a briefing`.
    pub(super) what: &'static str,
    /// Its prompt.
    pub(super) style: String,
    /// Who speaks; empty for one voice.
    pub(super) cast: Vec<Character>,
    /// The part of its words, in hundredths, that may say nothing about the subject.
    pub(super) own: u32,
    /// Whether it says in few words what the other sections say at length.
    pub(super) sums_up: bool,
}

/// A section that is being written.
struct Writer<'a> {
    desk: Desk<'a>,
    manner: &'a Manner,
    plan: &'a Plan,
    planned: &'a PlannedSection,
    material: &'a Material,
    checker: Checker<'a>,
}

/// Writes a section of `plan` out.
pub(super) async fn section(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
    manner: &Manner,
) -> Result<Section, Failure> {
    let content = desk.work.content;
    let material = Material::of(content, &planned.blocks, &plan.skipped)?;
    let authors = content.authors.iter().map(String::as_str).collect();
    let cast = manner.cast.iter().map(|character| character.name.as_str()).collect();
    let context = Context { title: &plan.title, authors, section: &planned.title, cast, language: desk.claims };
    let elsewhere = |other: &&PlannedSection| other.index != planned.index && !manner.sums_up;
    let others = plan.sections.iter().filter(elsewhere).map(|other| other.brief.as_str());
    let checker = Checker::new(&material, context, &planned.brief, others);
    let writer = Writer { desk, manner, plan, planned, material: &material, checker };
    let (draft, dropped) = writer.written().await?;
    if draft.lines.is_empty() {
        return Err(nothing_left(desk.writer, planned, &dropped));
    }
    let utterances = draft.utterances(&material, desk.language);
    let mut skipped: Vec<Skipped> = planned
        .blocks
        .iter()
        .filter_map(|id| content.blocks.get(*id as usize))
        .map(|block| Skipped { block: block.id, range: None, reason: covered(block) })
        .collect();
    // What the plan cuts off of a block is listed there.
    let listed: Vec<Skipped> = skipped.iter().chain(&plan.skipped).cloned().collect();
    skipped.extend(compose::unaccounted(content, planned, &utterances, &listed)?);
    Ok(Section {
        schema: SCHEMA,
        index: planned.index,
        title: planned.title.clone(),
        level: planned.level,
        utterances,
        skipped,
        dropped,
        engine: String::new(),
        edited: Vec::new(),
    })
}

/// Why a block that a model speaks about is not spoken itself.
pub(super) const fn covered(block: &Block) -> SkipReason {
    if matches!(block.kind, BlockKind::Code { .. }) {
        SkipReason::CodeBody
    } else if matches!(block.kind, BlockKind::Table { .. }) {
        SkipReason::TableBody
    } else if matches!(block.kind, BlockKind::Formula { .. }) {
        SkipReason::Formula
    } else {
        SkipReason::Summarised
    }
}

/// A section of which no sentence can be spoken is none.
fn nothing_left(writer: &str, planned: &PlannedSection, dropped: &[Dropped]) -> Failure {
    // Its words are the document's, and stand in no failure.
    let why = dropped.first().map_or("it wrote none", |dropped| match dropped.reason {
        DropReason::Ungrounded => "the first one says what its blocks do not say",
        DropReason::Unsourced => "the first one names no block that is there",
        DropReason::Repeated => "the first one repeats another",
        DropReason::NotSpeech => "the first one is no speech",
        DropReason::Cut => "the first one does not end",
        DropReason::TooLong => "the first one is too long",
    });
    let message = format!(
        "{writer}: no sentence of section {} can be spoken: {why}; order it with another writer",
        planned.index.saturating_add(1)
    );
    Failure::new(Kind::FailedPrecondition, Reason::ScriptRejected, message)
}

impl Writer<'_> {
    async fn written(&self) -> Result<(Draft, Vec<Dropped>), Failure> {
        let (target, own) = (self.planned.words, self.manner.own);
        let mut draft = self.whole().await?;
        for repair in 1..=REPAIRS {
            self.mend(&mut draft, repair).await?;
        }
        let mut dropped = draft.drop_faulty(self.material);
        // What was dropped is made up for: it is a share of what is wanted until all is there.
        dropped.extend(draft.drop_own(own, target, self.material));
        self.lengthen(&mut draft, &mut dropped).await?;
        for shortening in 1..=SHORTENINGS {
            self.shorten(&mut draft, &mut dropped, shortening).await?;
        }
        dropped.extend(draft.drop_beyond(target, self.material));
        dropped.extend(draft.drop_own(own, 0, self.material));
        let words = draft.words();
        if words < target && !length::is_allowed(words, target) {
            let section = self.planned.index;
            warn!(section, words, wanted = target, "a section stays shorter than it was planned");
        }
        Ok((draft, dropped))
    }

    /// The nearest of up to [`WRITES`] versions.
    async fn whole(&self) -> Result<Draft, Failure> {
        let target = self.planned.words;
        let mut asked = target;
        let mut note = String::new();
        let mut best: Option<Draft> = None;
        for write in 1..=WRITES {
            self.desk.check()?;
            let question = self.question(write, asked, &note);
            let draft = match self.desk.ask(&question, |answer| self.judged(answer)).await {
                Ok(draft) => draft,
                // What was answered before is better than nothing.
                Err(Trouble::Answers(_)) if best.is_some() => break,
                Err(trouble) => return Err(trouble.into()),
            };
            let came = draft.words();
            let near = length::is_near(came, target);
            asked = length::ask_for(target, asked, came);
            note = format!("A version before had {came} words in all; this one is to have {asked}.\n");
            if best.as_ref().is_none_or(|best| draft.is_nearer(best, target)) {
                best = Some(draft);
            }
            if near {
                break;
            }
        }
        best.ok_or_else(|| nothing_left(self.desk.writer, self.planned, &[]))
    }

    /// An answer as a draft, unless it has a fault of its own as a whole.
    fn judged(&self, answer: &serde_json::Value) -> Result<Draft, String> {
        let said: Vec<Said> = draft::read(answer, self.desk.language)?.into_iter().map(|(_, said)| said).collect();
        if said.is_empty() {
            return Err("it has no sentence".to_owned());
        }
        let voices: std::collections::BTreeSet<u8> = said.iter().map(|said| said.speaker).collect();
        if self.manner.cast.len() > 1 && said.len() >= 4 && voices.len() < 2 {
            return Err("only one of the speakers speaks; let them talk with each other".to_owned());
        }
        let draft = Draft::of(said, &self.checker, self.desk.language);
        let own = draft.own_share();
        if own > self.manner.own {
            let most = self.manner.own;
            return Err(format!("{own} of 100 words are in sentences that name no block; at most {most} may be"));
        }
        Ok(draft)
    }

    /// Has the sentences with a fault written again, all in one call.
    async fn mend(&self, draft: &mut Draft, repair: u32) -> Result<(), Failure> {
        let faulty: Vec<usize> = (0..draft.lines.len())
            .filter(|at| {
                let fault = draft.lines.get(*at).and_then(|line| line.fault.as_ref());
                fault.is_some_and(|fault| fault.reason != DropReason::Repeated)
            })
            .collect();
        if faulty.is_empty() {
            return Ok(());
        }
        let mut shown = String::new();
        let mut blocks: Vec<u32> = Vec::new();
        for at in &faulty {
            let Some(Line { said, fault: Some(fault), .. }) = draft.lines.get(*at) else { continue };
            let named = said.blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            shown.push_str(&format!("{at}: [{named}] {}\n    fault: {}\n", said.text, fault.detail));
            blocks.extend(&said.blocks);
        }
        let named = self.material.only(&blocks);
        // Those that named nothing that is there need all of it.
        let about = if named.parts.is_empty() { self.material } else { &named };
        let data = vec![self.data(about), DataPart::new("faults", &shown)];
        let user = prompt::fill(prompt::REPAIR, &[("style", &self.manner.style)]);
        let words: u32 = faulty.iter().filter_map(|at| draft.lines.get(*at)).map(|line| line.words).sum();
        let form = draft::form(words, 1, self.last_block(), true);
        let question = self.desk.question(self.purpose("repair", repair), user, data, form, words);
        let mended = match self.desk.ask(&question, |answer| draft::read(answer, self.desk.language)).await {
            Ok(mended) => mended,
            // They are dropped then, each with its fault.
            Err(Trouble::Answers(_)) => return Ok(()),
            Err(trouble) => return Err(trouble.into()),
        };
        draft.replace(mended.into_iter().filter(|(number, _)| faulty.contains(number)));
        let said = draft.lines.drain(..).map(|line| line.said).collect();
        *draft = Draft::of(said, &self.checker, self.desk.language);
        Ok(())
    }

    /// Asks for what is missing.
    async fn lengthen(&self, draft: &mut Draft, dropped: &mut Vec<Dropped>) -> Result<(), Failure> {
        let target = self.planned.words;
        let mut asked_share = 100;
        for addition in 1..=ADDITIONS {
            let have = draft.words();
            if have >= target || length::is_near(have, target) {
                return Ok(());
            }
            self.desk.check()?;
            let missing = target.saturating_sub(have);
            let asked = length::ask_for(missing, asked_share, 100);
            let user = self.filled(prompt::MORE, asked, "");
            let data = vec![self.data(self.material), DataPart::new("draft", &draft.shown())];
            let form = draft::form(asked, self.manner.cast.len(), self.last_block(), false);
            let question = self.desk.question(self.purpose("addition", addition), user, data, form, asked);
            let more = match self.desk.ask(&question, |answer| draft::read(answer, self.desk.language)).await {
                Ok(more) => more,
                Err(Trouble::Answers(_)) => return Ok(()),
                Err(trouble) => return Err(trouble.into()),
            };
            let mut said: Vec<Said> = draft.lines.drain(..).map(|line| line.said).collect();
            // Words that close the whole stay its last.
            let closing = if self.closes() { said.pop() } else { None };
            said.extend(more.into_iter().map(|(_, said)| said));
            said.extend(closing);
            *draft = Draft::of(said, &self.checker, self.desk.language);
            dropped.extend(draft.drop_faulty(self.material));
            dropped.extend(draft.drop_own(self.manner.own, target, self.material));
            let came = draft.words().saturating_sub(have);
            asked_share = length::ask_for(100, asked_share, came.saturating_mul(100) / missing.max(1));
        }
        Ok(())
    }

    /// Has as many paragraphs as are needed written shorter, from the end on.
    async fn shorten(&self, draft: &mut Draft, dropped: &mut Vec<Dropped>, number: u32) -> Result<(), Failure> {
        let target = self.planned.words;
        let have = draft.words();
        if have <= target || length::is_near(have, target) {
            return Ok(());
        }
        let excess = have.saturating_sub(target);
        let (mut from, mut words) = (draft.lines.len(), 0_u32);
        // Twice the excess, so that half of it is left.
        while let Some(line) = from.checked_sub(1).and_then(|at| draft.lines.get(at)) {
            from -= 1;
            words = words.saturating_add(line.words);
            let begins = from == 0 || draft.lines.get(from - 1).is_some_and(|before| before.said.ends_paragraph);
            if words >= excess.saturating_mul(2) && begins {
                break;
            }
        }
        let part = Draft { lines: draft.lines.split_off(from) };
        let wanted = words.saturating_sub(excess).max(1);
        let user = self.filled(prompt::SHORTER, wanted, "");
        let data = vec![self.data(&self.material.only(&part.blocks())), DataPart::new("draft", &part.shown())];
        let form = draft::form(wanted, self.manner.cast.len(), self.last_block(), false);
        let question = self.desk.question(self.purpose("shorter", number), user, data, form, wanted);
        let shorter = match self.desk.ask(&question, |answer| draft::read(answer, self.desk.language)).await {
            Ok(shorter) => shorter,
            Err(Trouble::Answers(_)) => Vec::new(),
            Err(trouble) => return Err(trouble.into()),
        };
        if shorter.is_empty() {
            draft.lines.extend(part.lines);
            return Ok(());
        }
        let before: Vec<Said> = draft.lines.iter().map(|line| line.said.clone()).collect();
        let said = before.into_iter().chain(shorter.into_iter().map(|(_, said)| said)).collect();
        let mut again = Draft::of(said, &self.checker, self.desk.language);
        let faulty = again.drop_faulty(self.material);
        let whole = Draft { lines: draft.lines.drain(..).chain(part.lines).collect() };
        if again.is_nearer(&whole, target) {
            dropped.extend(faulty);
            *draft = again;
        } else {
            *draft = whole;
        }
        Ok(())
    }

    /// The words that close the whole script stand in this section.
    fn closes(&self) -> bool {
        self.desk.work.order.direction.outro && self.is_last()
    }

    fn is_last(&self) -> bool {
        self.plan.sections.last().is_some_and(|last| last.index == self.planned.index)
    }

    fn last_block(&self) -> u32 {
        self.material.parts.iter().map(|part| part.id).max().unwrap_or_default()
    }

    fn purpose(&self, what: &str, number: u32) -> String {
        format!("section {} {what} {number}", self.planned.index.saturating_add(1))
    }

    fn data(&self, material: &Material) -> DataPart {
        let share = material::share(self.desk.work.content, self.plan, self.planned.words, self.desk.reads());
        material.data(share, self.desk.language)
    }

    fn question(&self, write: u32, words: u32, note: &str) -> Question {
        let form = draft::form(words, self.manner.cast.len(), self.last_block(), false);
        let data = vec![self.data(self.material), self.briefs()];
        let user = self.filled(prompt::SECTION, words, note);
        self.desk.question(self.purpose("write", write), user, data, form, words)
    }

    /// What this section says and what the others say. It follows from the document, and is data.
    fn briefs(&self) -> DataPart {
        let mut text = format!("title of the document: {}\n", self.plan.title);
        text.push_str(&format!("this section: {}: {}\n", self.planned.title, self.planned.brief));
        let most = BRIEF.min(BRIEFS / self.plan.sections.len().max(1));
        for other in self.plan.sections.iter().filter(|other| other.index != self.planned.index) {
            let brief: String = other.brief.chars().take(most).collect();
            text.push_str(&format!("section {}: {}: {brief}\n", other.index.saturating_add(1), other.title));
        }
        DataPart::new("plan", &text)
    }

    fn filled(&self, template: &str, words: u32, note: &str) -> String {
        let order = self.desk.work.order;
        let is_first = self.planned.index == 0;
        let opening = if is_first && order.direction.intro { prompt::OPENING } else { "" };
        let closing = if self.closes() { prompt::CLOSING } else { "" };
        let speaker = if self.manner.cast.len() > 1 { prompt::SPEAKER } else { "" };
        let (index, count) = (self.planned.index.saturating_add(1).to_string(), self.plan.sections.len().to_string());
        prompt::fill(
            template,
            &[
                ("index", &index),
                ("count", &count),
                ("what", self.manner.what),
                ("style", &self.manner.style),
                ("words", &words.to_string()),
                ("note", note),
                ("opening", opening),
                ("closing", closing),
                ("elsewhere", if self.manner.sums_up { prompt::SUMS_UP } else { prompt::ELSEWHERE }),
                ("speaker", speaker),
                ("direction", &self.desk.direction()),
            ],
        )
    }
}
