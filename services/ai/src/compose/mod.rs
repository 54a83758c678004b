//! Documents to scripts in the document's own words: what is said, in which sections, from which
//! blocks. One file a style, in `style`; what styles share beside it. The way from a planned
//! section to a written one is told in `section`.
//!
//! Pure functions: equal content and order give equal plans and sections, as long as [`pin`] is the
//! same. No word of any language is here: those are the language's own rules
//! ([`crate::speakable`]).

mod appendix;
mod balance;
mod block;
mod citation;
mod classify;
mod cuts;
pub mod edited;
mod kinds;
mod measure;
mod notation;
mod number;
mod outline;
mod passage;
pub mod preview;
mod refusal;
mod said;
mod section;
mod sections;
mod select;
mod stop;
mod style;
mod table;
#[cfg(test)]
mod tests;
pub mod words;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Order, Plan, PlannedSection, SCHEMA, Section, Skipped, Source, Utterance};
use lectern_core::{Digest, Failure, Kind, Reason, ScriptPin};

use self::measure::Measure;
use crate::speakable::{self, Language};
pub use stop::Stop;
pub use style::styles;

/// The version of what is here; it grows whenever an equal order of an equal document may give
/// another plan or other sections.
pub const VERSION: u32 = if cfg!(feature = "other-pins") { 1_000_008 } else { 8 };

/// What plans and sections are pinned to: this engine, and the rules that it speaks by.
#[must_use]
pub fn pin() -> ScriptPin {
    speakable::with_rules(ScriptPin::new("extractive", VERSION))
}

/// The outline of a script for `order`: sections, what is left out and why. `content_key` names
/// `content` in object storage.
///
/// # Errors
/// `LANGUAGE_UNSUPPORTED` where there are no rules for the document's language, `DOCUMENT_EMPTY`
/// where nothing is left to say, `INVALID_FIELD` where the order contradicts itself or selects what
/// the document does not have, `STYLE_UNSUPPORTED` for one that takes other words than the
/// document's own, `CANCELLED` where it is stopped.
pub fn plan(content: &Content, content_key: Digest, order: &Order, stop: &Stop) -> Result<Plan, Failure> {
    let plan = outline(content, content_key, order, stop)?;
    match refusal::of(content, &plan)? {
        Some(failure) => Err(failure),
        None => Ok(plan),
    }
}

/// The plan, which may have no section: a preview shows that too.
fn outline(content: &Content, content_key: Digest, order: &Order, stop: &Stop) -> Result<Plan, Failure> {
    let language = language(content, order)?;
    select::check_pages(content, order)?;
    let mut outline = style::of(order.style)?.outline(content, order, language, stop)?;
    select::chapters(&mut outline, order)?;
    select::beginning(&mut outline, &Measure { content, order, language, stop })?;
    stop.check()?;
    outline.skipped.extend(balance::of_outline(content, &outline.sections, &outline.skipped)?);
    Ok(Plan {
        schema: SCHEMA,
        content: content_key,
        order: order.clone(),
        engine: pin().into(),
        title: title(content, language),
        language: spoken_in(content, order).to_owned(),
        sections: outline.sections,
        skipped: outline.skipped,
        notes: outline.notes,
    })
}

/// The section `index` of `plan`, written out as utterances.
///
/// # Errors
/// `INVALID_FIELD` where the plan has no such section, `OBJECT_DAMAGED` where it names blocks that
/// `content` has not, `CANCELLED` where it is stopped.
pub fn write_section(content: &Content, plan: &Plan, index: u32, stop: &Stop) -> Result<Section, Failure> {
    let language = language(content, &plan.order)?;
    let planned = plan.sections.get(index as usize).ok_or_else(|| {
        Failure::invalid("index", format!("the plan has {} sections; ask for one below that", plan.sections.len()))
    })?;
    section::write(content, plan, planned, language, stop)
}

/// The document's own words at `sources`, white space folded: what [`Utterance::original`] equals
/// unless it is `added`.
///
/// [`Utterance::original`]: lectern_core::content::script::Utterance::original
#[must_use]
pub fn text_of(content: &Content, sources: &[Source]) -> String {
    let parts = sources
        .iter()
        .filter_map(|source| content.blocks.get(source.block as usize).map(|block| source.range.of(&block.text)));
    fold(&parts.collect::<String>())
}

/// What of a section's blocks is neither spoken, by words of the document's own, nor listed among
/// `skipped`, each part with a reason (I9). A writer with words of its own asks this last: it lists
/// as [`SkipReason::Summarised`] what its words cover, and what is left then is a defect of it.
///
/// [`SkipReason::Summarised`]: lectern_core::content::script::SkipReason::Summarised
///
/// # Errors
/// `OBJECT_DAMAGED` where the section names blocks that the content has not, `INTERNAL` where a
/// range lies outside of its block.
pub fn unaccounted(
    content: &Content,
    planned: &PlannedSection,
    utterances: &[Utterance],
    skipped: &[Skipped],
) -> Result<Vec<Skipped>, Failure> {
    balance::of_section(content, planned, utterances, skipped.iter())
}

/// The block of a plan by its id.
fn find(content: &Content, id: u32) -> Result<&Block, Failure> {
    content.blocks.get(id as usize).ok_or_else(|| {
        Failure::new(
            Kind::DataLoss,
            Reason::ObjectDamaged,
            format!("the plan names block {id}, which the content has not; plan the script again"),
        )
    })
}

/// White space folded: single spaces, none at the ends.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place in a text, as a range has it.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The range `start..end` of `chars`, cut at their end, without the white space at both ends.
fn trimmed(chars: &[char], mut start: usize, end: usize) -> Range {
    let mut end = end.min(chars.len());
    while start < end && chars[start].is_whitespace() {
        start += 1;
    }
    while end > start && chars[end - 1].is_whitespace() {
        end -= 1;
    }
    Range::new(offset(start.min(end)), offset(end))
}

/// The language that the caller says it is in, else the one that was found out.
fn spoken_in<'a>(content: &'a Content, order: &'a Order) -> &'a str {
    order.language.as_deref().unwrap_or(&content.language)
}

pub(crate) fn language(content: &Content, order: &Order) -> Result<Language, Failure> {
    let tag = spoken_in(content, order);
    Language::of(tag).ok_or_else(|| {
        let known = Language::ALL.map(Language::tag).join(", ");
        let message = format!(
            "the document is in `{tag}`; there are rules to speak {known}: if it is in one of these and was taken for \
             another, order it with `language_code` set"
        );
        Failure::new(Kind::FailedPrecondition, Reason::LanguageUnsupported, message)
    })
}

/// The document's title: as it says, else its first heading, else the language's word for none.
#[must_use]
pub fn title(content: &Content, language: Language) -> String {
    let heading = || content.blocks.iter().find(|block| block.kind.heading_level().is_some() && block.matter.is_body());
    let title = content.title.as_deref().map(fold).filter(|title| !title.is_empty());
    title.or_else(|| heading().map(|block| fold(&block.text))).unwrap_or_else(|| language.untitled().to_owned())
}
