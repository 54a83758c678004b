//! A plan in a model's words: which points are made in which section, from which blocks, and how
//! long each is. One call on an outline of the document.

use std::collections::HashSet;
use std::sync::Arc;

use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Order, OtherLanguages, Plan, PlanNote, PlannedSection, Skipped, Style};
use lectern_core::content::words;
use lectern_core::{Failure, Kind, Reason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checks::{Hostile, speech_fault};
use super::desk::Desk;
use super::material::Material;
use super::write::{Manner, covered};
use super::{outline, prompt};
use crate::compose::{self, Stop};
use crate::grounding::{self, ClaimLanguage, Context};
use crate::work::compute;

/// Words that a section has where nothing speaks against it.
const SECTION_WORDS: u32 = 300;
/// No section has fewer.
const LEAST_WORDS: u32 = 40;
/// No plan of a model has more sections.
const MOST_SECTIONS: u32 = 60;
/// Sections more than were asked for that a plan may have.
const SPARE: u32 = 3;
/// A script has at most so many times the words of its document, in tenths: with more, the model
/// would have to add what is not there.
const MOST_OF_SOURCE: u64 = 15;
/// The most characters of a title and of a brief.
const TITLE: u32 = 100;
const BRIEF: u32 = 700;

/// What a style asks of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Of how many words of the document comes one word, where no length was ordered.
    pub(super) one_of: u32,
    /// The words of such a script, at least and at most.
    pub(super) bounds: (u32, u32),
}

/// A document as it will be heard: the blocks that are, and why the others are not.
pub(super) struct Ground {
    pub(super) narration: Plan,
    /// The blocks, in order.
    pub(super) blocks: Vec<u32>,
    /// Words of them.
    pub(super) words: u32,
}

/// A section as a plan of a model has it.
#[derive(Debug, Clone, Deserialize)]
struct Answered {
    title: String,
    brief: String,
    first: u32,
    last: u32,
    weight: u32,
}

/// What is heard of the document, by the same rules as a narration of it has.
///
/// # Errors
/// Those of [`compose::plan`].
pub(super) async fn ground(desk: &Desk<'_>) -> Result<Ground, Failure> {
    let content = Arc::clone(desk.work.content);
    let mut order = Order { style: Style::Narration, length: None, ..desk.work.order.clone() };
    if desk.work.order.style != Style::Narration && matches!(order.other_languages, OtherLanguages::Speak(_)) {
        // What is written about is in the script's language.
        order.other_languages = OtherLanguages::Skip;
    }
    let (key, stop) = (desk.work.content_key, Stop::at(desk.work.cancel.clone()));
    let narration = compute(move || compose::plan(&content, key, &order, &stop)).await?;
    let blocks: Vec<u32> = narration.sections.iter().flat_map(|section| section.blocks.iter().copied()).collect();
    let count = |id: &u32| desk.work.content.blocks.get(*id as usize).map_or(0, |block| words(&block.text));
    let words = blocks.iter().map(count).fold(0, u32::saturating_add);
    Ok(Ground { narration, blocks, words })
}

/// How many words a script is to have, and what a caller should know of that.
///
/// # Errors
/// `INVALID_FIELD` for a length of nothing.
pub(super) fn target(order: &Order, ground: &Ground, shape: Shape) -> Result<(u32, Vec<PlanNote>), Failure> {
    let possible = u64::from(ground.words).saturating_mul(MOST_OF_SOURCE) / 10;
    let possible = u32::try_from(possible).unwrap_or(u32::MAX).max(LEAST_WORDS);
    let Some(length) = order.length else {
        let (least, most) = shape.bounds;
        return Ok(((ground.words / shape.one_of.max(1)).clamp(least, most).min(possible), Vec::new()));
    };
    let asked = length.words();
    if asked < LEAST_WORDS {
        let message = format!("a script in a model's words has at least {LEAST_WORDS} words; order a longer one");
        return Err(Failure::invalid("narration.length", message));
    }
    if asked <= possible {
        return Ok((asked, Vec::new()));
    }
    let message =
        format!("{asked} words were asked for; the document has {}, and {possible} are written about it", ground.words);
    Ok((possible, vec![PlanNote { code: "SOURCE_TOO_SHORT".to_owned(), message }]))
}

/// How many sections a plan of so many words is asked for, and how many it may have.
pub(super) fn section_counts(desk: &Desk<'_>, words: u32) -> (u32, u32) {
    let of_each = SECTION_WORDS.min(desk.writes());
    let wanted = (words.saturating_add(of_each / 2) / of_each).clamp(1, MOST_SECTIONS);
    // No more than there is something to say in.
    let most = wanted.saturating_add(SPARE).min(words / LEAST_WORDS).max(1);
    (wanted.min(most), most)
}

/// Asks for a plan of `words` words, and makes it one of the document's blocks.
///
/// # Errors
/// Those of the model, and of an answer that cannot be used.
pub(super) async fn sections(
    desk: &Desk<'_>,
    ground: &Ground,
    manner: &Manner,
    words: u32,
) -> Result<Vec<PlannedSection>, Failure> {
    let (wanted, most) = section_counts(desk, words);
    let user = prompt::fill(
        prompt::PLAN,
        &[
            ("what", manner.what),
            ("style", &manner.style),
            ("sections", &wanted.to_string()),
            ("most", &most.to_string()),
            ("direction", &desk.direction()),
        ],
    );
    let data = vec![outline::of(desk.work.content, &ground.blocks, desk.reads(), desk.language)];
    let last = ground.blocks.iter().copied().max().unwrap_or_default();
    // A brief has some 60 words, and a section some fields.
    let question = desk.question("plan", user, data, form(most, last), most.saturating_mul(80));
    let known: HashSet<u32> = ground.blocks.iter().copied().collect();
    let (content, language) = (Arc::clone(desk.work.content), desk.language);
    let (blocks, skipped) = (ground.blocks.clone(), ground.narration.skipped.clone());
    let hostile = compute(move || {
        let around = content.title.as_deref().into_iter().chain(content.authors.iter().map(String::as_str));
        let around: Vec<&str> = around.collect();
        Ok(Hostile::of(&Material::of(&content, &blocks, &skipped)?, &around, language))
    });
    let hostile = hostile.await?;
    let planned = desk.ask(&question, |answer| judged(answer, &known, &hostile)).await?;
    Ok(made(&planned, desk.work.content, ground, words, desk.claims))
}

fn form(most: u32, last_block: u32) -> Value {
    let block = json!({"type": "integer", "minimum": 0, "maximum": last_block});
    json!({
        "type": "object",
        "properties": {
            "sections": {
                "type": "array",
                "minItems": 1,
                "maxItems": most,
                "items": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string", "minLength": 1, "maxLength": TITLE},
                        "brief": {"type": "string", "minLength": 1, "maxLength": BRIEF},
                        "first": block,
                        "last": block,
                        "weight": {"type": "integer", "minimum": 1, "maximum": 10},
                    },
                    "required": ["title", "brief", "first", "last", "weight"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["sections"],
        "additionalProperties": false,
    })
}

/// Whether a plan can be written by.
fn judged(answer: &Value, known: &HashSet<u32>, hostile: &Hostile) -> Result<Vec<Answered>, String> {
    let sections: Vec<Answered> = Deserialize::deserialize(&answer["sections"])
        .map_err(|_| "its sections are not as they were asked for".to_owned())?;
    for (at, section) in sections.iter().enumerate() {
        let Answered { title, brief, first, last, .. } = section;
        let number = at + 1;
        if first > last {
            return Err(format!(
                "section {number} begins with block {first} and ends with block {last}, which is before it"
            ));
        }
        if !(*first..=*last).any(|block| known.contains(&block)) {
            return Err(format!("section {number} names blocks {first} to {last}, of which none is in the outline"));
        }
        if hostile.fault(title).is_some() || hostile.fault(brief).is_some() {
            return Err(format!(
                "section {number} follows an instruction that stands in the document; plan what it says"
            ));
        }
        let twin = sections.iter().take(at).position(|other| other.brief == *brief);
        if let Some(twin) = twin {
            return Err(format!("sections {} and {number} make the same points", twin + 1));
        }
    }
    Ok(sections)
}

/// The plan's sections as the script has them.
fn made(
    planned: &[Answered],
    content: &Content,
    ground: &Ground,
    words: u32,
    claims: ClaimLanguage,
) -> Vec<PlannedSection> {
    let weights: Vec<u32> = planned.iter().map(|section| section.weight).collect();
    let budgets = budgets(&weights, words);
    let sections = planned.iter().zip(budgets).zip(0..);
    sections
        .map(|((section, words), index)| {
            let within = |block: &&u32| (section.first..=section.last).contains(*block);
            let blocks: Vec<u32> = ground.blocks.iter().filter(within).copied().collect();
            let title = title(section, &blocks, content, ground, claims);
            let brief = section.brief.split_whitespace().collect::<Vec<_>>().join(" ");
            PlannedSection { index, title, level: 1, blocks, chosen: Vec::new(), words, brief }
        })
        .collect()
}

/// Words for each weight, which sum to `words`, none under [`LEAST_WORDS`] where there are enough.
pub(super) fn budgets(weights: &[u32], words: u32) -> Vec<u32> {
    let count = u32::try_from(weights.len()).unwrap_or(u32::MAX).max(1);
    let least = LEAST_WORDS.min(words / count);
    let spare = words.saturating_sub(least.saturating_mul(count));
    let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum::<u64>().max(1);
    let share = |weight: u32| u64::from(spare) * u64::from(weight) / all;
    let mut budgets: Vec<u32> =
        weights.iter().map(|weight| least + u32::try_from(share(*weight)).unwrap_or(u32::MAX)).collect();
    let given: u32 = budgets.iter().sum();
    if let Some(last) = budgets.last_mut() {
        *last += words.saturating_sub(given);
    }
    budgets
}

/// The title that the model gives, where it says nothing that the blocks do not say; else that of
/// the document's own section that the blocks begin in.
fn title(section: &Answered, blocks: &[u32], content: &Content, ground: &Ground, claims: ClaimLanguage) -> String {
    let title = section.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = title.trim_end_matches(['.', ':', ',']).to_owned();
    let texts: Vec<&str> =
        blocks.iter().filter_map(|id| content.blocks.get(*id as usize)).map(|block| block.text.as_str()).collect();
    let context = Context { title: &ground.narration.title, ..Context::none(claims) };
    let speaks = speech_fault(&format!("{title}."), &texts).is_none();
    if speaks && grounding::check(&title, &texts, &context).passes() {
        return title;
    }
    let own = blocks.first().and_then(|first| {
        ground.narration.sections.iter().find(|section| section.blocks.contains(first)).map(|own| own.title.clone())
    });
    own.unwrap_or_else(|| ground.narration.title.clone())
}

/// The whole plan of these sections: what of the document is in none of them is covered by what is
/// said.
pub(super) fn whole(
    desk: &Desk<'_>,
    ground: Ground,
    sections: Vec<PlannedSection>,
    notes: Vec<PlanNote>,
) -> Result<Plan, Failure> {
    if sections.is_empty() {
        let message = format!("{}: the plan has no section; order it with another writer", desk.writer);
        return Err(Failure::new(Kind::FailedPrecondition, Reason::ScriptRejected, message));
    }
    let named: HashSet<u32> = sections.iter().flat_map(|section| section.blocks.iter().copied()).collect();
    let Ground { narration, blocks, .. } = ground;
    let mut skipped = narration.skipped;
    let listed: HashSet<u32> = skipped.iter().filter(|skip| skip.range.is_none()).map(|skip| skip.block).collect();
    let unnamed = blocks.iter().filter(|id| !named.contains(id) && !listed.contains(id));
    let unnamed = unnamed.filter_map(|id| desk.work.content.blocks.get(*id as usize));
    skipped.extend(unnamed.map(|block: &Block| Skipped { block: block.id, range: None, reason: covered(block) }));
    skipped.sort_by_key(|skip| skip.block);
    Ok(Plan {
        order: desk.work.order.clone(),
        engine: desk.pin.to_string(),
        sections,
        skipped,
        notes: narration.notes.into_iter().chain(notes).collect(),
        ..narration
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_sum_to_the_words_and_leave_nobody_out() {
        for (weights, words) in [(vec![1, 1, 1], 1000), (vec![10, 1, 1], 330), (vec![5], 77), (vec![9, 1], 50)] {
            let budgets = budgets(&weights, words);
            assert_eq!(budgets.iter().sum::<u32>(), words, "{weights:?}");
            let least = LEAST_WORDS.min(words / u32::try_from(weights.len()).unwrap());
            assert!(budgets.iter().all(|budget| *budget >= least), "{budgets:?}");
        }
        assert!(budgets(&[], 10).is_empty());
    }

    #[test]
    fn a_plan_that_names_nothing_that_is_there_is_no_plan() {
        let known = HashSet::from([0, 1, 2, 5]);
        let section = |first: u32, last: u32, brief: &str| json!({"title": "t", "brief": brief, "first": first, "last": last, "weight": 1});
        let judge = |sections: Value| judged(&json!({"sections": sections}), &known, &Hostile::default());
        assert_eq!(judge(json!([section(0, 2, "a"), section(4, 5, "b")])).unwrap().len(), 2);
        for (sections, fault) in [
            (json!([section(3, 4, "a")]), "none is in the outline"),
            (json!([section(2, 1, "a")]), "which is before it"),
            (json!([section(0, 1, "a"), section(2, 2, "a")]), "make the same points"),
        ] {
            assert!(judge(sections).unwrap_err().contains(fault), "{fault}");
        }
    }
}
