//! `script.json`: what is said, and when, for people and programs that read along.

use lectern_core::Failure;
use lectern_core::content::script::{Plan, Section, Source};
use lectern_core::content::timeline::Track;
use serde::Serialize;

use super::{milliseconds, place};

/// A script in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transcript<'a> {
    /// The recording's title.
    pub title: &'a str,
    /// A BCP 47 tag.
    pub language: &'a str,
    /// The engine that wrote it.
    pub engine: &'a str,
    /// The sections, in order.
    pub sections: Vec<SectionInTime<'a>>,
}

/// A section in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionInTime<'a> {
    /// Its title.
    pub title: &'a str,
    /// The level of its heading.
    pub level: u8,
    /// What is said.
    pub utterances: Vec<UtteranceInTime<'a>>,
}

/// An utterance in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UtteranceInTime<'a> {
    /// The source's own words.
    pub original: &'a str,
    /// What the voice was given.
    pub spoken: &'a str,
    /// Whether the words are not the source's own.
    pub added: bool,
    /// Where they came from.
    pub sources: &'a [Source],
    /// When the first word begins, in milliseconds of the recording.
    pub start_ms: u64,
    /// When the last word ends.
    pub end_ms: u64,
}

/// The script of a recording, in time.
///
/// # Errors
/// `INTERNAL` when the tracks are not those of the sections.
pub fn transcript<'a>(plan: &'a Plan, sections: &'a [Section], tracks: &'a [Track]) -> Result<Transcript<'a>, Failure> {
    let sections = place(sections, tracks)?.into_iter().map(|placed| SectionInTime {
        title: &placed.section.title,
        level: placed.section.level,
        utterances: placed
            .utterances()
            .map(|(utterance, segment)| {
                let start = placed.offset + segment.start;
                UtteranceInTime {
                    original: &utterance.original,
                    spoken: &utterance.spoken,
                    added: utterance.added,
                    sources: &utterance.sources,
                    start_ms: milliseconds(start, placed.track.sample_rate),
                    end_ms: milliseconds(start + segment.samples, placed.track.sample_rate),
                }
            })
            .collect(),
    });
    Ok(Transcript { title: &plan.title, language: &plan.language, engine: &plan.engine, sections: sections.collect() })
}
