//! A recorded section: its segments one after the other, each after its pause, with the breaks that
//! are put into it.

use lectern_core::content::script::{Section, Utterance};
use lectern_core::content::timeline::{Break, SCHEMA, SegmentRef, Timing, Track, WordTime};
use lectern_core::{Digest, Failure};

use super::pauses;
use crate::audio::breaks::{Gap, gaps};
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
    /// Where their times are from.
    pub timing: Timing,
    /// The pinned voice that spoke it in the place of the one that was asked for.
    pub voice: Option<String>,
    /// Where it can be parted: the gap after each word but the last.
    pub gaps: Vec<Gap>,
}

impl Recorded {
    /// A segment stored under `key`.
    #[must_use]
    pub fn new(key: Digest, segment: &SegmentObject) -> Self {
        Self {
            key,
            samples: segment.samples.len() as u64,
            words: segment.words.clone(),
            timing: segment.timing,
            voice: segment.voice.clone(),
            gaps: gaps(segment),
        }
    }

    /// Whether it may be parted in this gap: exactly between two words, or in silence near it.
    const fn parts(&self, gap: &Gap) -> bool {
        match self.timing {
            Timing::Given => true,
            Timing::Aligned => gap.quiet,
            // It may lie inside a word.
            Timing::Estimated => false,
        }
    }

    /// The segment of `utterance` in a track, behind `pause` samples at `start`.
    fn placed(self, utterance: &Utterance, sample_rate: u32, pause: u64, start: u64) -> SegmentRef {
        let breaks = self.breaks(utterance, sample_rate);
        let mut words = self.words;
        for (word, put) in breaks.iter().rev() {
            let (before, behind) = words.split_at_mut(*word);
            for one in before {
                one.end = one.end.min(put.at.max(one.start));
            }
            for one in behind {
                one.start = one.start.max(put.at).saturating_add(put.samples);
                one.end = one.end.max(put.at).saturating_add(put.samples);
            }
        }
        let breaks: Vec<Break> = breaks.into_iter().map(|(_, put)| put).collect();
        let silence: u64 = breaks.iter().map(|put| put.samples).sum();
        SegmentRef {
            key: self.key,
            utterance: utterance.id,
            pause,
            start,
            samples: self.samples.saturating_add(silence),
            words,
            timing: self.timing,
            voice: self.voice,
            breaks,
        }
    }

    /// The silence that is put into it: what its pauses lack. Beside each stands the place of the
    /// word after it.
    fn breaks(&self, utterance: &Utterance, sample_rate: u32) -> Vec<(usize, Break)> {
        let mut breaks: Vec<(usize, Break)> = Vec::new();
        for pause in pauses::within(utterance) {
            let word = self.words.partition_point(|word| word.spoken.start < pause.before);
            let gap = word.checked_sub(1).and_then(|before| self.gaps.get(before));
            let Some(gap) = gap.filter(|gap| self.parts(gap)) else { continue };
            let wanted = u64::from(pause.millis) * u64::from(sample_rate) / 1000;
            let samples = wanted.saturating_sub(gap.silence);
            let is_behind = breaks.last().is_none_or(|(_, last)| gap.at > last.at);
            if samples > 0 && is_behind {
                breaks.push((word, Break { at: gap.at, samples }));
            }
        }
        breaks
    }
}

/// A track as it grows: each segment is placed as soon as it is recorded, and lies where the whole
/// track has it.
#[derive(Debug)]
pub struct Placing {
    pauses: std::vec::IntoIter<u64>,
    sample_rate: u32,
    at: u64,
}

impl Placing {
    /// The track of `section`, of which nothing is recorded yet.
    #[must_use]
    pub fn new(section: &Section, sample_rate: u32) -> Self {
        Self { pauses: pauses::of_section(section, sample_rate).into_iter(), sample_rate, at: 0 }
    }

    /// Places the segment of the section's next utterance.
    pub fn place(&mut self, utterance: &Utterance, recorded: Recorded) -> SegmentRef {
        let pause = self.pauses.next().unwrap_or_default();
        let placed = recorded.placed(utterance, self.sample_rate, pause, self.at + pause);
        self.at = placed.start + placed.samples;
        placed
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
    let mut placing = Placing::new(section, sample_rate);
    let both = section.utterances.iter().zip(recorded);
    let segments: Vec<SegmentRef> = both.map(|(utterance, recorded)| placing.place(utterance, recorded)).collect();
    let (index, level, title) = (section.index, section.level, section.title.clone());
    Ok(Track { schema: SCHEMA, index, title, level, sample_rate, samples: placing.at, segments })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::{Mapping, Role};

    use super::*;
    use crate::timeline::fixture::{of, recorded, section, utterance};

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

    /// `One. Fill the tank.`, of which the first word is a label.
    fn labelled() -> Section {
        let mut item = utterance(0, Role::ListItem, true, "Fill the tank.");
        for step in &mut item.map {
            step.spoken = Range::new(step.spoken.start + 5, step.spoken.end + 5);
        }
        item.map.insert(0, Mapping { spoken: Range::new(0, 4), original: Range::new(0, 0) });
        item.spoken = "One. Fill the tank.".to_owned();
        of(0, vec![item, utterance(1, Role::ListItem, true, "Then drain it.")])
    }

    #[test]
    fn a_label_is_parted_from_its_item_and_all_that_follows_is_later() {
        let section = labelled();
        let plain = recorded(&section);
        let stored = plain[0].samples;
        let gap = Gap { at: plain[0].words[1].start - 100, silence: 1_200, quiet: true };
        let with = |timing: Timing, quiet: bool| {
            let mut recorded = plain.clone();
            recorded[0].timing = timing;
            recorded[0].gaps = vec![Gap { quiet, ..gap }; recorded[0].words.len() - 1];
            track(&section, 24_000, recorded).unwrap()
        };
        let parted = with(Timing::Given, false);
        let [first, second] = &parted.segments[..] else { panic!("two segments") };
        // 350 ms are wanted and 50 are there.
        assert_eq!(first.breaks, [Break { at: gap.at, samples: 7_200 }]);
        assert_eq!((first.samples, first.stored()), (stored + 7_200, stored));
        assert_eq!(first.words[0].end, plain[0].words[0].end.min(gap.at));
        assert_eq!(first.words[1].start, plain[0].words[1].start + 7_200);
        assert_eq!(first.words[3].end, plain[0].words[3].end + 7_200);
        assert_eq!(second.start, first.start + first.samples + second.pause);
        assert!(second.breaks.is_empty());
        assert_eq!(with(Timing::Aligned, true).segments[0].breaks.len(), 1);
        for (timing, quiet) in [(Timing::Aligned, false), (Timing::Estimated, true)] {
            assert!(with(timing, quiet).segments[0].breaks.is_empty(), "{timing:?} may lie inside a word");
        }
    }
}
