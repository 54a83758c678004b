//! When what is heard: pauses between and inside utterances ([`pauses`]), a section's [`track`],
//! and from all sections and tracks the captions ([`captions`], [`srt`]), the chapters
//! ([`chapters`]), the words ([`words`]), the manifest ([`manifest`]) and the [`book`], of which
//! the outputs that are read are made ([`crate::outputs`]). Pure functions: no I/O, no clock.

pub mod book;
pub mod captions;
pub mod chapters;
mod clock;
pub mod manifest;
pub mod pauses;
pub mod speakers;
pub mod srt;
pub mod track;
pub mod transcript;
pub mod words;
pub mod written;

use std::collections::BTreeMap;

use lectern_core::Failure;
use lectern_core::content::script::{Plan, Section, Skipped, Utterance};
use lectern_core::content::timeline::{SegmentRef, Track};

/// A section in its place in the whole recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub section: &'a Section,
    pub track: &'a Track,
    /// The track's first sample in the recording.
    pub offset: u64,
}

impl<'a> Placed<'a> {
    /// Every utterance with its segment.
    pub fn utterances(self) -> impl Iterator<Item = (&'a Utterance, &'a SegmentRef)> {
        self.section.utterances.iter().zip(&self.track.segments)
    }
}

/// Puts every track behind the one before it, and makes sure that each speaks its section.
pub(crate) fn place<'a>(sections: &'a [Section], tracks: &'a [Track]) -> Result<Vec<Placed<'a>>, Failure> {
    let unfit = |what: String| Failure::internal(format!("the recorded tracks do not fit the script: {what}"));
    if sections.len() != tracks.len() {
        return Err(unfit(format!("{} sections, {} tracks", sections.len(), tracks.len())));
    }
    let mut offset = 0;
    let mut placed = Vec::with_capacity(sections.len());
    for (section, track) in sections.iter().zip(tracks) {
        let spoken = section.utterances.iter().map(|utterance| utterance.id);
        if section.index != track.index || !spoken.eq(track.segments.iter().map(|segment| segment.utterance)) {
            return Err(unfit(format!("section {} and track {} hold unlike utterances", section.index, track.index)));
        }
        if tracks.first().is_some_and(|first| first.sample_rate != track.sample_rate) {
            return Err(unfit(format!("section {} has another sample rate", section.index)));
        }
        placed.push(Placed { section, track, offset });
        offset += track.samples;
    }
    Ok(placed)
}

/// Milliseconds of a sample position, rounded down.
pub(crate) const fn milliseconds(samples: u64, sample_rate: u32) -> u64 {
    if sample_rate == 0 { 0 } else { samples * 1000 / sample_rate as u64 }
}

/// A moment as `HH:MM:SS.mmm`.
pub(crate) fn timestamp(milliseconds: u64) -> String {
    let (seconds, minutes) = (milliseconds / 1000 % 60, milliseconds / 60_000 % 60);
    format!("{:02}:{minutes:02}:{seconds:02}.{:03}", milliseconds / 3_600_000, milliseconds % 1000)
}

/// What a script leaves out of each block, by the block's id.
pub(crate) fn skipped<'a>(plan: &'a Plan, sections: &'a [Section]) -> BTreeMap<u32, Vec<&'a Skipped>> {
    let mut skipped: BTreeMap<u32, Vec<&Skipped>> = BTreeMap::new();
    for skip in plan.skipped.iter().chain(sections.iter().flat_map(|section| &section.skipped)) {
        skipped.entry(skip.block).or_default().push(skip);
    }
    skipped
}

#[cfg(test)]
pub(crate) mod fixture;
