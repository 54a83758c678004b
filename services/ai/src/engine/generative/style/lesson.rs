//! A lesson: the goals, the explanation in as many sections as a model plans, a recap, and
//! questions with their answers.
//!
//! The model plans the explanation; the three sections around it follow from that. Without a length
//! a lesson has a fifth of the document's words, at least 300 and at most 1500.

use lectern_core::Failure;
use lectern_core::content::script::{Plan, PlannedSection, Section};

use crate::engine::generative::desk::Desk;
use crate::engine::generative::plan::{self, Shape};
use crate::engine::generative::prompt;
use crate::engine::generative::write::{self, Manner};

pub(in crate::engine::generative) const SHAPE: Shape = Shape { one_of: 5, bounds: (300, 1500) };

/// The part of its words, in hundredths, that may be bridges and questions.
const OWN: u32 = 25;
/// The same of the section of questions.
const OWN_OF_QUESTIONS: u32 = 60;

/// No lesson is shorter: three of its sections have words of their own.
const LEAST_WORDS: u32 = 200;

/// The sections around the explanation.
pub(in crate::engine::generative) const AROUND: u64 = 3;

/// The blocks of each explanation that goals, recap and questions are written from.
const BLOCKS_OF_EACH: usize = 3;

/// A section around the explanation.
struct Around {
    /// Its part of the words, in hundredths.
    share: u32,
    /// The least of its words.
    least: u32,
    brief: &'static str,
}

impl Around {
    /// Its words in a lesson of so many.
    const fn of(&self, words: u32) -> u32 {
        let share = words.saturating_mul(self.share) / 100;
        if share > self.least { share } else { self.least }
    }
}

const GOALS: Around = Around {
    share: 10,
    least: 40,
    brief: "What the listener will know or be able to do after the lesson, a sentence for each of these",
};
const RECAP: Around = Around {
    share: 12,
    least: 50,
    brief: "The main points of the lesson once more, in other words, a sentence or two for each of these",
};
const QUESTIONS: Around = Around {
    share: 10,
    least: 50,
    brief: "Two to five questions by which the listener can tell what stayed, each followed by its answer, about these",
};

fn explaining() -> Manner {
    Manner { what: "a lesson", style: prompt::LESSON.trim().to_owned(), cast: Vec::new(), own: OWN, sums_up: false }
}

/// Plans it.
pub(in crate::engine::generative) async fn plan(desk: Desk<'_>) -> Result<Plan, Failure> {
    let ground = plan::ground(&desk).await?;
    let (words, notes) = plan::target(desk.work.order, &ground, SHAPE)?;
    check(words)?;
    let explained = plan::sections(&desk, &ground, &explaining(), explained(words)).await?;
    let [goals, recap, questions] = desk.language.around_a_lesson();
    let mut sections = vec![section(&GOALS, goals, GOALS.of(words), &explained)];
    sections.extend(explained.iter().cloned());
    sections.push(section(&RECAP, recap, RECAP.of(words), &explained));
    sections.push(section(&QUESTIONS, questions, QUESTIONS.of(words), &explained));
    for (section, index) in sections.iter_mut().zip(0..) {
        section.index = index;
    }
    plan::whole(&desk, ground, sections, notes)
}

/// Of the words of a lesson, those of its explanation.
pub(in crate::engine::generative) const fn explained(words: u32) -> u32 {
    words.saturating_sub(GOALS.of(words) + RECAP.of(words) + QUESTIONS.of(words))
}

/// Refuses a lesson of too few words.
///
/// # Errors
/// `INVALID_FIELD`.
pub(in crate::engine::generative) fn check(words: u32) -> Result<(), Failure> {
    if words < LEAST_WORDS {
        let message = format!(
            "a lesson has at least {LEAST_WORDS} words, and this one could have {words}; order a longer one, or a \
             briefing"
        );
        return Err(Failure::invalid("narration.length", message));
    }
    Ok(())
}

/// A section around the explanation: about the first blocks of each of its sections.
fn section(around: &Around, title: &str, words: u32, explained: &[PlannedSection]) -> PlannedSection {
    let mut blocks: Vec<u32> =
        explained.iter().flat_map(|section| section.blocks.iter().take(BLOCKS_OF_EACH).copied()).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let titles: Vec<&str> = explained.iter().map(|section| section.title.as_str()).collect();
    PlannedSection {
        index: 0,
        title: title.to_owned(),
        level: 1,
        blocks,
        chosen: Vec::new(),
        words,
        brief: format!("{}: {}.", around.brief, titles.join("; ")),
    }
}

/// How a section is written, by its place: the first has the goals, the last two recap and
/// questions.
fn manner(plan: &Plan, index: u32) -> Manner {
    let behind = plan.sections.len().saturating_sub(index as usize);
    if index == 0 || behind == 2 {
        return Manner { sums_up: true, ..explaining() };
    }
    if behind == 1 {
        return Manner { sums_up: true, own: OWN_OF_QUESTIONS, ..explaining() };
    }
    explaining()
}

/// Writes a section of it.
pub(in crate::engine::generative) async fn write(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
) -> Result<Section, Failure> {
    write::section(desk, plan, planned, &manner(plan, planned.index)).await
}
