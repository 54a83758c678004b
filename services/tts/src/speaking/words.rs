//! Times of words for a voice that gives none: found in the sound where somebody can, else
//! estimated from the letters.

use std::fmt::Debug;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::timeline::WordTime;
use tracing::warn;

use crate::audio::factor;
use crate::engine::verify::in_order;
use crate::engine::{SegmentRequest, Speaking, Speech, Timing};

/// Finds the times of words in speech.
#[async_trait]
pub trait Aligner: Send + Sync + Debug {
    /// The words of what was asked for, in time, in order and not overlapping; none where they
    /// cannot be found, such as in a language that it does not know.
    ///
    /// # Errors
    /// What keeps it from looking. The times are estimated then.
    async fn align(
        &self,
        request: &SegmentRequest,
        speech: &Speech,
        speaking: &Speaking<'_>,
    ) -> Result<Option<Vec<WordTime>>, Failure>;
}

/// How far under the loudest moment a moment is silent, in decibels.
const SILENT_BELOW: f64 = 35.0;
/// Seconds over which a moment's level is taken.
const MOMENT: f64 = 0.01;
/// Moments of silence that are a pause: the stop of a consonant is shorter.
const PAUSE: usize = 10;

/// `speech` with times for its words, and where they are from.
pub(super) async fn timed(
    request: &SegmentRequest,
    speech: Speech,
    aligner: Option<&dyn Aligner>,
    speaking: &Speaking<'_>,
) -> (Speech, Timing) {
    if !speech.words.is_empty() {
        return (speech, Timing::Given);
    }
    if let Some(aligner) = aligner {
        match aligner.align(request, &speech, speaking).await {
            Ok(Some(words)) if fits(&words, &speech) => return (Speech { words, ..speech }, Timing::Aligned),
            Ok(_) => {}
            // What was spoken is good, and may have been paid for.
            Err(failure) => warn!(voice = request.voice, %failure, "words are not aligned; their times are estimated"),
        }
    }
    let words = estimated(&request.text, &speech);
    (Speech { words, ..speech }, Timing::Estimated)
}

/// Whether there are words, in order and within the speech.
fn fits(words: &[WordTime], speech: &Speech) -> bool {
    !words.is_empty() && in_order(words, speech.samples.len())
}

/// The words of a text in time, as if each letter took as long as any other, nothing were said in
/// silence, and every pause stood between two words.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of a few seconds"
)]
fn estimated(text: &str, speech: &Speech) -> Vec<WordTime> {
    let words = words(text);
    let moment = ((MOMENT * f64::from(speech.sample_rate)) as usize).max(1);
    let sounding = sounding(&speech.samples, moment);
    let letters: u32 = words.iter().map(|word| word.len()).sum();
    if letters == 0 || sounding.is_empty() {
        return Vec::new();
    }
    // Where each word begins among the moments that sound, and the last one ends.
    let mut borders = vec![0];
    let mut before = 0;
    for word in &words {
        before += word.len();
        borders.push((f64::from(before) / f64::from(letters) * sounding.len() as f64).round() as usize);
    }
    at_pauses(&mut borders, &sounding);
    let mut timed: Vec<WordTime> = Vec::new();
    for (spoken, border) in words.into_iter().zip(borders.windows(2)) {
        let (Some(first), Some(last)) = (sounding.get(border[0]), sounding.get(border[1].saturating_sub(1))) else {
            continue;
        };
        let (start, end) = ((first * moment) as u64, ((last + 1) * moment).min(speech.samples.len()) as u64);
        // A word that has no moment of its own is left out, as one that nobody heard.
        if start < end && timed.last().is_none_or(|last| last.end <= start) {
            timed.push(WordTime { spoken, start, end });
        }
    }
    timed
}

/// Moves the border of two words that is nearest to a pause into it.
fn at_pauses(borders: &mut [usize], sounding: &[usize]) {
    for (before, pair) in sounding.windows(2).enumerate() {
        if pair[1] - pair[0] < PAUSE {
            continue;
        }
        let after = before + 1;
        let inner = 1..borders.len().saturating_sub(1);
        let Some(nearest) = inner.min_by_key(|border| borders[*border].abs_diff(after)) else { return };
        if borders[nearest - 1] < after && after < borders[nearest + 1] {
            borders[nearest] = after;
        }
    }
}

/// The moments, of so many samples each, in which something sounds.
#[allow(clippy::cast_precision_loss, reason = "a moment has fewer samples than that")]
pub(super) fn sounding(samples: &[f32], moment: usize) -> Vec<usize> {
    let level = |chunk: &[f32]| {
        (chunk.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / chunk.len() as f64).sqrt()
    };
    let levels: Vec<f64> = samples.chunks(moment).map(level).collect();
    let silent = levels.iter().copied().fold(0.0, f64::max) * factor(-SILENT_BELOW);
    levels.iter().enumerate().filter(|(_, level)| **level > silent).map(|(at, _)| at).collect()
}

/// The words of a text, without the signs around them; a sign of a syllable or a word of its own is
/// one.
fn words(text: &str) -> Vec<Range> {
    let mut words: Vec<Range> = Vec::new();
    let mut word: Option<Range> = None;
    for (at, c) in (0_u32..).zip(text.chars()) {
        let alone = is_word(c);
        if alone || c.is_whitespace() {
            words.extend(word.take());
        }
        if alone {
            words.push(Range::new(at, at + 1));
        } else if c.is_alphanumeric() {
            // Signs inside a word belong to it, those behind it do not.
            word = Some(Range::new(word.map_or(at, |word| word.start), at + 1));
        }
    }
    words.extend(word);
    words
}

/// Whether a letter is a word of its own to captions: kana and Han, which are written without
/// spaces.
const fn is_word(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Compute as _, Speed};

    #[test]
    fn words_are_without_the_signs_around_them() {
        let said = |text: &str| words(text).iter().map(|word| word.of(text).to_owned()).collect::<Vec<_>>();
        assert_eq!(said("“Don't”, he said – at 3.50!"), ["Don't", "he", "said", "at", "3.50"]);
        assert_eq!(said("東京 ab"), ["東", "京", "ab"]);
        assert!(said(" … ").is_empty());
    }

    #[test]
    fn estimates_are_near_where_letters_take_their_time() {
        let text = "A plain sentence, of several words, for everybody.";
        let request = SegmentRequest::new(text, VOICE, Speed::NORMAL);
        let mut speech = ToneEngine::new().synthesize(&request).unwrap();
        let rate = u64::from(speech.sample_rate);
        // A pause at the second comma, in which nothing is said.
        let (at, pause) = (speech.words[5].end as usize, rate as usize / 2);
        speech.samples.splice(at..at, vec![0.0; pause]);
        speech
            .words
            .iter_mut()
            .skip(6)
            .for_each(|word| (word.start, word.end) = (word.start + rate / 2, word.end + rate / 2));
        let found = estimated(text, &speech);
        assert!(fits(&found, &speech) && found.len() == speech.words.len());
        for (found, given) in found.iter().zip(&speech.words) {
            assert!(found.start.abs_diff(given.start) < rate / 6, "{found:?} {given:?}");
        }
        assert!(estimated("?!", &speech).is_empty() && !fits(&[], &speech));
    }
}
