//! What of an order decides the script, between the wire and the content model: style, length,
//! footnotes, language, what of the document, and which kinds of content.

use std::collections::BTreeSet;

use lectern_core::content::script::{ContentKind, Footnotes, LengthTarget, NumberRange, Order, Selection, Style};
use lectern_core::{Failure, Kind, Reason};

use super::{direction, number, policies};
use crate::{ai, v1 as api, work};

/// The most ranges in a list of pages or chapters.
pub const RANGES: usize = 100;

/// The fields that say it, as the three messages have them that carry an order.
struct Said<'a> {
    style: i32,
    length: Option<&'a api::Length>,
    footnotes: i32,
    language_code: &'a str,
    selection: Option<&'a api::Selection>,
    skip: &'a [i32],
    read: &'a [i32],
    direction: Option<&'a api::Direction>,
    cast: &'a [api::Character],
    other_languages: i32,
    spoken_languages: &'a [String],
    emoji: i32,
}

/// What a message says that carries an order: its fields have the same names in each.
macro_rules! said {
    ($wire:expr) => {
        Said {
            style: $wire.style,
            length: $wire.length.as_ref(),
            footnotes: $wire.footnotes,
            language_code: &$wire.language_code,
            selection: $wire.selection.as_ref(),
            skip: &$wire.skip,
            read: &$wire.read,
            direction: $wire.direction.as_ref(),
            cast: &$wire.cast,
            other_languages: $wire.other_languages,
            spoken_languages: &$wire.spoken_languages,
            emoji: $wire.emoji,
        }
    };
}

/// The order of a narration, as far as it decides the script.
///
/// # Errors
/// INVALID_ARGUMENT with the field that is wrong, as a path (`narration.selection.pages`).
pub fn order(wire: &api::Narration) -> Result<Order, Failure> {
    read(&said!(wire))
}

/// The order of a command.
///
/// # Errors
/// Those of [`order`].
pub fn plan_order(wire: &work::v1::PlanScript) -> Result<Order, Failure> {
    read(&said!(wire))
}

/// The order of a preview, as the gateway asks for it.
///
/// # Errors
/// Those of [`order`].
pub fn preview_order(wire: &ai::v1::PreviewScriptRequest) -> Result<Order, Failure> {
    read(&said!(wire))
}

/// The order of an estimate, as the gateway asks for it.
///
/// # Errors
/// Those of [`order`].
pub fn estimate_order(wire: &ai::v1::EstimateScriptRequest) -> Result<Order, Failure> {
    read(&said!(wire))
}

/// The order of a text that is composed without being stored.
///
/// # Errors
/// Those of [`order`].
pub fn compose_order(wire: &ai::v1::ComposeScriptRequest) -> Result<Order, Failure> {
    let length = wire.length.as_ref();
    let style = wire.style;
    read(&Said {
        style,
        length,
        footnotes: 0,
        language_code: "",
        selection: None,
        skip: &[],
        read: &[],
        direction: None,
        cast: &[],
        other_languages: 0,
        spoken_languages: &[],
        emoji: 0,
    })
}

fn read(said: &Said<'_>) -> Result<Order, Failure> {
    let style = style(said.style)?;
    let length = said.length.and_then(|length| length.target.as_ref());
    let (skip, read) = (kinds("narration.skip", said.skip)?, kinds("narration.read", said.read)?);
    if let Some(both) = skip.intersection(&read).next() {
        let name = kind_to_wire(*both).as_str_name();
        let message = format!("{name} is in skip and in read; name it in one of them");
        return Err(Failure::invalid("narration.read", message));
    }
    Ok(Order {
        style,
        length: length.map(|target| target_of(style, target)).transpose()?,
        footnotes: footnotes(said.footnotes)?,
        language: language_tag("narration.language_code", said.language_code)?,
        selection: said.selection.map(selection).transpose()?.unwrap_or_default(),
        skip,
        read,
        direction: said.direction.map(direction::direction).transpose()?.unwrap_or_default(),
        cast: direction::cast(style, said.cast)?,
        other_languages: policies::other_languages(said.other_languages, said.spoken_languages)?,
        emoji: policies::emoji(said.emoji)?,
    })
}

fn style(wire: i32) -> Result<Style, Failure> {
    match api::Style::try_from(wire) {
        Ok(api::Style::Narration) => Ok(Style::Narration),
        Ok(api::Style::Briefing) => Ok(Style::Briefing),
        Ok(api::Style::Lesson) => Ok(Style::Lesson),
        Ok(api::Style::Dialogue) => Ok(Style::Dialogue),
        Ok(api::Style::Unspecified) | Err(_) => Err(Failure::new(
            Kind::InvalidArgument,
            Reason::StyleUnsupported,
            "narration.style is not one that this version knows; use STYLE_NARRATION, STYLE_BRIEFING, STYLE_LESSON or \
             STYLE_DIALOGUE",
        )
        .at("narration.style")),
    }
}

fn target_of(style: Style, target: &api::length::Target) -> Result<LengthTarget, Failure> {
    if style == Style::Narration {
        return Err(Failure::invalid(
            "narration.length",
            "a narration speaks everything and takes no length; leave it out, or order STYLE_BRIEFING",
        ));
    }
    match target {
        api::length::Target::Duration(duration) => match u32::try_from(duration.seconds) {
            Ok(seconds @ 60..=36_000) if duration.nanos == 0 => Ok(LengthTarget::Seconds(seconds)),
            Ok(_) | Err(_) => Err(Failure::invalid(
                "narration.length.duration",
                "the duration must be whole seconds, from 60 s (a minute) to 36,000 s (10 hours)",
            )),
        },
        api::length::Target::WordCount(words) => match u32::try_from(*words) {
            Ok(words @ 50..=100_000) => Ok(LengthTarget::Words(words)),
            Ok(_) | Err(_) => {
                Err(Failure::invalid("narration.length.word_count", "word_count must be from 50 to 100,000"))
            }
        },
    }
}

fn footnotes(wire: i32) -> Result<Footnotes, Failure> {
    match api::Footnotes::try_from(wire) {
        Ok(api::Footnotes::Unspecified | api::Footnotes::Skip) => Ok(Footnotes::Skip),
        Ok(api::Footnotes::Inline) => Ok(Footnotes::Inline),
        Ok(api::Footnotes::End) => Ok(Footnotes::End),
        Err(_) => {
            let message = "use FOOTNOTES_SKIP, FOOTNOTES_INLINE or FOOTNOTES_END";
            Err(Failure::invalid("narration.footnotes", message))
        }
    }
}

fn selection(wire: &api::Selection) -> Result<Selection, Failure> {
    Ok(Selection {
        pages: ranges("narration.selection.pages", &wire.pages)?,
        chapters: ranges("narration.selection.chapters", &wire.chapters)?,
        first: wire.first.as_ref().map(first).transpose()?,
    })
}

/// The ranges of a list, sorted and merged.
fn ranges(field: &str, wire: &[api::NumberRange]) -> Result<Vec<NumberRange>, Failure> {
    if wire.len() > RANGES {
        let message = format!("{field} has {} ranges; name at most {RANGES}", wire.len());
        return Err(Failure::invalid(field, message));
    }
    let range = |range: &api::NumberRange| match (u32::try_from(range.first), u32::try_from(range.last)) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(NumberRange { first, last }),
        (Ok(_) | Err(_), _) => {
            let named = format!("{} to {}", range.first, range.last);
            let message = format!("{field} has {named}; count from 1, and end a range at its first number or after it");
            Err(Failure::invalid(field, message))
        }
    };
    Ok(NumberRange::merged(wire.iter().map(range).collect::<Result<_, _>>()?))
}

/// Seconds of audio from the beginning.
fn first(wire: &prost_types::Duration) -> Result<u32, Failure> {
    match u32::try_from(wire.seconds) {
        Ok(seconds @ 10..=36_000) if wire.nanos == 0 => Ok(seconds),
        Ok(_) | Err(_) => Err(Failure::invalid(
            "narration.selection.first",
            "first must be whole seconds, from 10 s to 36,000 s (10 hours); leave it out for all that is selected",
        )),
    }
}

fn kinds(field: &str, wire: &[i32]) -> Result<BTreeSet<ContentKind>, Failure> {
    let kind = |kind: &i32| {
        content_kind(*kind).ok_or_else(|| {
            let known = ContentKind::ALL.map(|kind| kind_to_wire(kind).as_str_name()).join(", ");
            Failure::invalid(field, format!("{field} has {kind}, which is no kind of content; use {known}"))
        })
    };
    wire.iter().map(kind).collect()
}

fn content_kind(wire: i32) -> Option<ContentKind> {
    match api::ContentKind::try_from(wire) {
        Ok(api::ContentKind::Citations) => Some(ContentKind::Citations),
        Ok(api::ContentKind::Code) => Some(ContentKind::Code),
        Ok(api::ContentKind::Tables) => Some(ContentKind::Tables),
        Ok(api::ContentKind::Captions) => Some(ContentKind::Captions),
        Ok(api::ContentKind::Figures) => Some(ContentKind::Figures),
        Ok(api::ContentKind::Formulas) => Some(ContentKind::Formulas),
        Ok(api::ContentKind::FrontMatter) => Some(ContentKind::FrontMatter),
        Ok(api::ContentKind::BackMatter) => Some(ContentKind::BackMatter),
        Ok(api::ContentKind::Appendices) => Some(ContentKind::Appendices),
        Ok(api::ContentKind::References) => Some(ContentKind::References),
        Ok(api::ContentKind::Unspecified) | Err(_) => None,
    }
}

/// The language that a caller names; none where he names none.
///
/// # Errors
/// INVALID_ARGUMENT for what is no well-formed tag: subtags of up to eight letters and digits, the
/// first of two or three letters (BCP 47, section 2.1), at most 35 characters (section 4.4.1).
pub fn language_tag(field: &str, tag: &str) -> Result<Option<String>, Failure> {
    if tag.is_empty() {
        return Ok(None);
    }
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    let well_formed = tag.len() <= 35
        && (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && tag.split('-').all(subtag);
    if well_formed {
        return Ok(Some(tag.to_owned()));
    }
    Err(Failure::invalid(field, format!("{field} is no language; write a BCP 47 tag such as `en` or `en-GB`")))
}

/// The style in the public API.
#[must_use]
pub const fn style_to_wire(style: Style) -> api::Style {
    match style {
        Style::Narration => api::Style::Narration,
        Style::Briefing => api::Style::Briefing,
        Style::Lesson => api::Style::Lesson,
        Style::Dialogue => api::Style::Dialogue,
    }
}

/// The length in the public API.
#[must_use]
pub fn length_to_wire(length: LengthTarget) -> api::Length {
    let target = match length {
        LengthTarget::Seconds(seconds) => api::length::Target::Duration(whole_seconds(seconds)),
        LengthTarget::Words(words) => api::length::Target::WordCount(number(words)),
    };
    api::Length { target: Some(target) }
}

/// The choice for footnotes in the public API.
#[must_use]
pub const fn footnotes_to_wire(footnotes: Footnotes) -> api::Footnotes {
    match footnotes {
        Footnotes::Skip => api::Footnotes::Skip,
        Footnotes::Inline => api::Footnotes::Inline,
        Footnotes::End => api::Footnotes::End,
    }
}

/// The selection in the public API; none where it is all of the document.
#[must_use]
pub fn selection_to_wire(selection: &Selection) -> Option<api::Selection> {
    let ranges = |ranges: &[NumberRange]| {
        ranges.iter().map(|range| api::NumberRange { first: number(range.first), last: number(range.last) }).collect()
    };
    (!selection.is_all()).then(|| api::Selection {
        pages: ranges(&selection.pages),
        chapters: ranges(&selection.chapters),
        first: selection.first.map(whole_seconds),
    })
}

/// Kinds of content in the public API, in order.
#[must_use]
pub fn kinds_to_wire(kinds: &BTreeSet<ContentKind>) -> Vec<i32> {
    kinds.iter().map(|kind| kind_to_wire(*kind).into()).collect()
}

/// A kind of content in the public API.
#[must_use]
pub const fn kind_to_wire(kind: ContentKind) -> api::ContentKind {
    match kind {
        ContentKind::Citations => api::ContentKind::Citations,
        ContentKind::Code => api::ContentKind::Code,
        ContentKind::Tables => api::ContentKind::Tables,
        ContentKind::Captions => api::ContentKind::Captions,
        ContentKind::Figures => api::ContentKind::Figures,
        ContentKind::Formulas => api::ContentKind::Formulas,
        ContentKind::FrontMatter => api::ContentKind::FrontMatter,
        ContentKind::BackMatter => api::ContentKind::BackMatter,
        ContentKind::Appendices => api::ContentKind::Appendices,
        ContentKind::References => api::ContentKind::References,
    }
}

fn whole_seconds(seconds: u32) -> prost_types::Duration {
    prost_types::Duration { seconds: seconds.into(), nanos: 0 }
}

#[cfg(test)]
mod tests;
