//! A recorded section: its segments one after the other, each after its pause.

use lectern_core::content::script::Section;
use lectern_core::content::timeline::{SCHEMA, SegmentRef, Track, WordTime};
use lectern_core::{Digest, Failure};

use super::pauses;
use crate::audio::segment::SegmentObject;

/// What a track needs to know of a recorded segment; its samples lie in storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The key of the segment's object.
    pub key: Digest,
    /// Its length in samples.
    pub samples: u64,
    /// Its words in time.
    pub words: Vec<WordTime>,
}

impl Recorded {
    /// A segment stored under `key`.
    #[must_use]
    pub fn new(key: Digest, segment: &SegmentObject) -> Self {
        Self { key, samples: segment.samples.len() as u64, words: segment.words.clone() }
    }
}

/// The track of `section`, whose utterances were recorded as `recorded`, in the same order.
///
/// # Errors
///
/// `INTERNAL` if there are more or fewer segments than utterances.
pub fn track(section: &Section, sample_rate: u32, recorded: Vec<Recorded>) -> Result<Track, Failure> {
    let (utterances, segments) = (section.utterances.len(), recorded.len());
    if utterances != segments {
        return Err(Failure::internal(format!(
            "section {} has {utterances} utterances and {segments} recorded segments",
            section.index
        )));
    }
    let mut at = 0;
    let pauses = pauses::of_section(section, sample_rate);
    let segments = section.utterances.iter().zip(pauses).zip(recorded).map(|((utterance, pause), recorded)| {
        let start = at + pause;
        at = start + recorded.samples;
        let Recorded { key, samples, words } = recorded;
        SegmentRef { key, utterance: utterance.id, pause, start, samples, words }
    });
    let segments: Vec<SegmentRef> = segments.collect();
    let (index, level, title) = (section.index, section.level, section.title.clone());
    Ok(Track { schema: SCHEMA, index, title, level, sample_rate, samples: at, segments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::fixture::{recorded, section};

    #[test]
    fn segments_follow_their_pauses_without_gap_or_overlap() {
        let section = section(0, &["A heading", "One sentence.", "Another one."]);
        let track = track(&section, 24_000, recorded(&section)).unwrap();
        let mut at = 0;
        for segment in &track.segments {
            assert_eq!(segment.start, at + segment.pause);
            at = segment.start + segment.samples;
        }
        assert_eq!(track.samples, at);
        assert_eq!(track.segments.iter().map(|segment| segment.pause).collect::<Vec<_>>(), [4_800, 16_800, 7_200]);
        assert!(super::track(&section, 24_000, Vec::new()).is_err());
    }
}
