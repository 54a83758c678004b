//! Silence inside a segment: where between two words its sound can be parted, and the sound with
//! the silence put in.
//!
//! A voice says `One. Fill the tank.` in one breath. The timeline wants to be heard that the first
//! word is a label, so it puts silence between the two ([`crate::timeline::pauses`]), at the
//! quietest moment there. The stored segment stays as it was spoken.

use std::borrow::Cow;

use lectern_core::content::timeline::{SegmentRef, WordTime};
use lectern_core::{Failure, Kind, Reason};

use super::factor;
use super::segment::SegmentObject;

/// Milliseconds over which a moment's level is taken.
const MOMENT: u64 = 5;
/// Milliseconds around the border of two words in which the quietest moment is looked for: times of
/// words are as exact as that.
const AROUND: u64 = 30;
/// How far under a segment's loudest moment its silence lies, in decibels.
const SILENT_BELOW: f64 = 42.0;
/// How far under it a moment lies at which sound may be parted where times of words are found and
/// not given, in decibels: a stop inside a word is no quieter than that for as long.
const QUIET_BELOW: f64 = 24.0;
/// Milliseconds of fade on both sides of a break, so that it does not click.
const FADE: u64 = 3;

/// A place between two words where a segment can be parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The sample before which silence can be put.
    pub at: u64,
    /// Samples of silence that are there already.
    pub silence: u64,
    /// Whether it is quiet there, so that it can be parted whoever said where the words end.
    pub quiet: bool,
}

/// The gap after each word of a segment but the last.
#[must_use]
pub fn gaps(segment: &SegmentObject) -> Vec<Gap> {
    if segment.words.len() < 2 {
        return Vec::new();
    }
    let moment = usize::try_from(MOMENT * u64::from(segment.sample_rate) / 1000).unwrap_or(1).max(1);
    let levels = Levels::new(&segment.samples, moment);
    let around = AROUND * u64::from(segment.sample_rate) / 1000;
    let border = |pair: &[WordTime]| {
        let (one, next) = (pair.first().map_or(0, |word| word.end), pair.last().map_or(0, |word| word.start));
        levels.quietest(one.min(next).saturating_sub(around), one.max(next).saturating_add(around))
    };
    segment.words.windows(2).map(border).collect()
}

/// The level of each moment of a segment.
struct Levels {
    moment: usize,
    samples: usize,
    levels: Vec<f64>,
    loudest: f64,
}

impl Levels {
    #[allow(clippy::cast_precision_loss, reason = "a count of a few milliseconds")]
    fn new(samples: &[i16], moment: usize) -> Self {
        let level = |chunk: &[i16]| {
            let energy: f64 = chunk.iter().map(|sample| f64::from(*sample).powi(2)).sum();
            (energy / chunk.len().max(1) as f64).sqrt()
        };
        let levels: Vec<f64> = samples.chunks(moment).map(level).collect();
        let loudest = levels.iter().copied().fold(0.0, f64::max);
        Self { moment, samples: samples.len(), levels, loudest }
    }

    /// The quietest moment that begins in a range of samples.
    fn quietest(&self, from: u64, to: u64) -> Gap {
        let place = |sample: u64| usize::try_from(sample).unwrap_or(usize::MAX) / self.moment;
        let last = self.levels.len().saturating_sub(1);
        let (from, to) = (place(from).min(last), place(to).min(last));
        let level = |at: usize| self.levels.get(at).copied().unwrap_or_default();
        let at = (from..=to).min_by(|one, other| level(*one).total_cmp(&level(*other))).unwrap_or_default();
        let silent = self.loudest * factor(-SILENT_BELOW);
        let is_silent = |at: &usize| level(*at) <= silent;
        let (mut first, mut end) = (at, at);
        while end <= last && is_silent(&end) {
            end += 1;
        }
        while first > 0 && end > at && is_silent(&(first - 1)) {
            first -= 1;
        }
        let sample = (at * self.moment + self.moment / 2).min(self.samples);
        Gap {
            at: sample as u64,
            silence: ((end - first) * self.moment) as u64,
            quiet: level(at) <= self.loudest * factor(-QUIET_BELOW),
        }
    }
}

/// A segment as it sounds in its track, with its breaks.
///
/// # Errors
/// `OBJECT_DAMAGED` if it is not as long as the track says.
pub fn sound<'a>(place: &SegmentRef, segment: &'a SegmentObject) -> Result<Cow<'a, [i16]>, Failure> {
    let samples = segment.samples.as_slice();
    if samples.len() as u64 != place.stored() {
        let (key, there, said) = (place.key, samples.len(), place.stored());
        let message =
            format!("the segment {key} has {there} samples where its track says {said}; record the section again");
        return Err(Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message));
    }
    if place.breaks.is_empty() {
        return Ok(Cow::Borrowed(samples));
    }
    let fade = usize::try_from(FADE * u64::from(segment.sample_rate) / 1000).unwrap_or_default();
    let mut sound = Vec::with_capacity(usize::try_from(place.samples).unwrap_or_default());
    let (mut from, mut faded) = (0, false);
    for put in &place.breaks {
        let at = usize::try_from(put.at).unwrap_or(usize::MAX).min(samples.len()).max(from);
        let silence = usize::try_from(put.samples).unwrap_or_default();
        part(&mut sound, samples.get(from..at).unwrap_or_default(), fade, (faded, true));
        sound.resize(sound.len() + silence, 0);
        (from, faded) = (at, true);
    }
    part(&mut sound, samples.get(from..).unwrap_or_default(), fade, (faded, false));
    Ok(Cow::Owned(sound))
}

/// Adds a part, faded at the ends that are cut.
#[allow(clippy::cast_possible_truncation, reason = "a sample times at most 1")]
#[allow(clippy::cast_precision_loss, reason = "a count of milliseconds")]
fn part(sound: &mut Vec<i16>, samples: &[i16], fade: usize, (start, end): (bool, bool)) {
    let fade = fade.min(samples.len() / 2);
    let ramp = |step: usize| if step < fade { (step as f64 + 0.5) / fade as f64 } else { 1.0 };
    let last = samples.len().saturating_sub(1);
    sound.extend(samples.iter().enumerate().map(|(at, sample)| {
        let rise = if start { ramp(at) } else { 1.0 };
        let fall = if end { ramp(last - at) } else { 1.0 };
        (f64::from(*sample) * rise * fall).round() as i16
    }));
}

#[cfg(test)]
mod tests {
    use lectern_core::Digest;
    use lectern_core::content::Range;
    use lectern_core::content::timeline::{Break, Timing};

    use super::*;
    use crate::engine::Usage;

    fn segment(samples: Vec<i16>, words: &[(u64, u64)]) -> SegmentObject {
        let word = |(at, (start, end)): (u32, &(u64, u64))| WordTime {
            spoken: Range::new(at * 4, at * 4 + 3),
            start: *start,
            end: *end,
        };
        let words = (0..).zip(words).map(word).collect();
        SegmentObject::new(24_000, samples, words, Usage::default())
    }

    fn place(segment: &SegmentObject, breaks: Vec<Break>) -> SegmentRef {
        let silence: u64 = breaks.iter().map(|put| put.samples).sum();
        SegmentRef {
            key: Digest::of(b"segment"),
            utterance: 0,
            pause: 0,
            start: 0,
            samples: segment.samples.len() as u64 + silence,
            words: segment.words.clone(),
            timing: Timing::Given,
            voice: None,
            breaks,
        }
    }

    #[test]
    fn a_segment_is_parted_at_its_quietest_moment() {
        // Loud, 100 ms of silence from 4,800 on, loud; the border of the words is 20 ms off it.
        let mut samples = vec![8_000; 12_000];
        samples[4_800..7_200].fill(0);
        let one = segment(samples, &[(0, 4_320), (4_320, 12_000)]);
        let [gap] = gaps(&one)[..] else { panic!("one gap") };
        assert!((4_800..=7_200).contains(&gap.at) && gap.quiet, "{gap:?}");
        assert_eq!(gap.silence, 2_400);
        // Without a quiet moment it is parted at the border, and does not call itself quiet.
        let loud = segment(vec![8_000; 12_000], &[(0, 6_000), (6_000, 12_000)]);
        let [gap] = gaps(&loud)[..] else { panic!("one gap") };
        assert!(gap.at.abs_diff(6_000) <= 24 * AROUND + 24 * MOMENT && !gap.quiet, "{gap:?}");
        assert_eq!(gap.silence, 0);
        assert_eq!(gaps(&segment(vec![1; 100], &[(0, 100)])), []);
    }

    #[test]
    fn the_sound_is_longer_by_its_breaks_and_fades_at_them() {
        let one = segment(vec![10_000; 1_000], &[(0, 400), (400, 1_000)]);
        let whole = sound(&place(&one, Vec::new()), &one).unwrap();
        assert_eq!(whole, one.samples);
        let breaks = vec![Break { at: 400, samples: 50 }, Break { at: 700, samples: 5 }];
        let heard = sound(&place(&one, breaks), &one).unwrap();
        assert_eq!(heard.len(), 1_055);
        assert!(heard[400..450].iter().all(|sample| *sample == 0) && heard[750..755].iter().all(|sample| *sample == 0));
        assert!(heard[399] < 200 && heard[450] < 200 && heard[0] == 10_000 && heard[1_054] == 10_000);
        assert!(heard[450..520].is_sorted() && heard[330..400].is_sorted_by(|one, next| one >= next));
    }

    #[test]
    fn a_segment_of_another_length_is_refused() {
        let one = segment(vec![1; 10], &[]);
        let mut wrong = place(&one, vec![Break { at: 5, samples: 3 }]);
        assert!(sound(&wrong, &one).is_ok());
        wrong.samples += 1;
        assert_eq!(sound(&wrong, &one).unwrap_err().reason, Reason::ObjectDamaged);
    }
}
