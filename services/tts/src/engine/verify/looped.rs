//! Whether speech says the same again and again, as a generative voice may when it loses its way,
//! or holds one sound.
//!
//! The sound is looked at in a few bands of frequency, frame by frame. Where it equals itself a
//! moment later, for as long as nothing in the text lasts, it goes round in a circle. What the text
//! itself repeats is not looked at.

use std::f64::consts::PI;

use realfft::RealFftPlanner;

use crate::engine::{SegmentRequest, Speech};

/// Seconds from one frame to the next. A circle is seldom a whole number of them, so they are
/// short.
const HOP: f64 = 0.0125;
/// Seconds that a frame looks at.
const WINDOW: f64 = 0.04;
/// The bands that are looked at, in hertz, each as wide as the next in octaves.
const FROM_TO: (f64, f64) = (80.0, 6_500.0);
const BANDS: usize = 24;
/// What is further under the loudest band than this counts as silence, in decibels.
const FLOOR: f32 = -50.0;
/// Two stretches whose bands differ by less than this on the average, in decibels, are one sound
/// said twice. Measured: what goes round in a circle differs from itself by 1 dB at most, and three
/// voices by no less than 4.4 where they speak lists of words that are like each other, by 8 and
/// more in prose.
const EQUAL_WITHIN: f32 = 2.0;
/// The shortest and the longest circle, in seconds.
const CIRCLE: (f64, f64) = (0.2, 3.0);
/// The least seconds for which it has to go on, and what a letter of the longest word may take: a
/// long word is one sound to a voice that sings it.
const GOES_ON: f64 = 1.5;
const A_LETTER: f64 = 0.15;
/// Rounds that a circle has to be gone beside its first.
const ROUNDS: f64 = 2.0;
/// Words of a phrase that a text may repeat.
const PHRASE: usize = 8;

/// For how many seconds the speech repeats itself; none where it does not.
pub(super) fn found(request: &SegmentRequest, speech: &Speech) -> Option<f64> {
    if repeats(&request.text) {
        return None;
    }
    let longest = request.text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    let speed = f64::from(request.speed.factor());
    #[allow(clippy::cast_precision_loss, reason = "letters of a word")]
    let goes_on = GOES_ON.max(longest as f64 * A_LETTER) / speed.min(1.0);
    let frames = frames(speech);
    let (shortest, longest) = (count(CIRCLE.0), count(CIRCLE.1));
    (shortest..=longest).find_map(|lag| {
        let least = count(goes_on).max(count(lag_seconds(lag) * ROUNDS));
        longest_equal(&frames, lag, least).map(lag_seconds)
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames of seconds")]
fn count(seconds: f64) -> usize {
    (seconds / HOP).round() as usize
}

#[allow(clippy::cast_precision_loss, reason = "frames of seconds")]
fn lag_seconds(frames: usize) -> f64 {
    frames as f64 * HOP
}

/// The frames for which the sound equals itself `lag` frames later, at least `least` in a row.
fn longest_equal(frames: &[[f32; BANDS]], lag: usize, least: usize) -> Option<usize> {
    let pairs = frames.len().checked_sub(lag).filter(|pairs| *pairs >= least && least > 0)?;
    let apart: Vec<f32> = (0..pairs).map(|at| apart(&frames[at], &frames[at + lag])).collect();
    #[allow(clippy::cast_precision_loss, reason = "frames of seconds")]
    let bound = EQUAL_WITHIN * least as f32;
    let mut sum: f32 = apart[..least].iter().sum();
    for end in least..=pairs {
        if sum < bound {
            return Some(least);
        }
        if end < pairs {
            sum += apart[end] - apart[end - least];
        }
    }
    None
}

/// By how many decibels two frames differ, over the bands in which either has a sound.
#[allow(clippy::cast_precision_loss, reason = "a few bands")]
fn apart(one: &[f32; BANDS], other: &[f32; BANDS]) -> f32 {
    let sounding = one.iter().zip(other).filter(|(one, other)| one.max(**other) > FLOOR);
    let (sum, count) =
        sounding.fold((0.0, 0_usize), |(sum, count), (one, other)| (sum + (one - other).abs(), count + 1));
    sum / count.max(1) as f32
}

/// The level of each band in each frame, in decibels under the loudest.
fn frames(speech: &Speech) -> Vec<[f32; BANDS]> {
    let rate = f64::from(speech.sample_rate.max(1));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples of milliseconds")]
    let (size, hop) = (((WINDOW * rate) as usize).next_power_of_two().max(16), ((HOP * rate) as usize).max(1));
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(size);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a window's weights")]
    let window: Vec<f32> =
        (0..size).map(|at| (0.5 - 0.5 * (2.0 * PI * at as f64 / size as f64).cos()) as f32).collect();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bins of a spectrum"
    )]
    let edges: [usize; BANDS + 1] = std::array::from_fn(|edge| {
        let hertz = FROM_TO.0 * (FROM_TO.1 / FROM_TO.0).powf(edge as f64 / BANDS as f64);
        ((hertz * size as f64 / rate) as usize).min(size / 2)
    });
    let (mut block, mut bins) = (fft.make_input_vec(), fft.make_output_vec());
    let mut frames = Vec::with_capacity(speech.samples.len() / hop + 1);
    for samples in speech.samples.windows(size).step_by(hop) {
        block.iter_mut().zip(samples.iter().zip(&window)).for_each(|(out, (sample, weight))| *out = sample * weight);
        // It fails for buffers of another length alone.
        if fft.process(&mut block, &mut bins).is_err() {
            return Vec::new();
        }
        frames.push(std::array::from_fn(|band| {
            let (from, to) = (edges[band], edges[band + 1]);
            let energy: f32 = bins[from..to.max(from + 1)].iter().map(|bin| bin.norm_sqr()).sum();
            10.0 * energy.max(f32::MIN_POSITIVE).log10()
        }));
    }
    let loudest = frames.iter().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
    for level in frames.iter_mut().flatten() {
        *level = (*level - loudest).max(FLOOR);
    }
    frames
}

/// Whether a text says a phrase three times in a row.
fn repeats(text: &str) -> bool {
    let plain = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let words: Vec<String> = text.split_whitespace().map(plain).filter(|word: &String| !word.is_empty()).collect();
    (1..=PHRASE).any(|length| words.windows(length * 3).any(|said| said[..length * 2] == said[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Compute as _, Speed};

    fn spoken(text: &str) -> (SegmentRequest, Speech) {
        let request = SegmentRequest::new(text, VOICE, Speed::NORMAL);
        let speech = ToneEngine::new().synthesize(&request).unwrap();
        (request, speech)
    }

    #[test]
    fn a_circle_and_a_sound_that_is_held_are_found() {
        let (request, good) = spoken("The water falls about three metres over a shelf of hard limestone, they say.");
        assert_eq!(found(&request, &good), None);
        let rate = good.sample_rate as usize;
        let mut circle = good.clone();
        let phrase = good.samples[rate / 2..rate + rate / 4].to_vec();
        circle.samples.truncate(rate + rate / 4);
        (0..5).for_each(|_| circle.samples.extend(&phrase));
        assert!(found(&request, &circle).is_some());
        let mut held = good;
        let hum = |at: usize| ((at as f64 * 0.05).sin() * 0.2) as f32;
        held.samples.extend((0..4 * rate).map(hum));
        assert!(found(&request, &held).is_some());
    }

    #[test]
    fn what_the_text_repeats_is_no_circle() {
        for text in
            ["Ha ha ha ha ha ha ha ha ha ha!", "one word after another one word after another one word after another"]
        {
            let (request, speech) = spoken(text);
            assert_eq!(found(&request, &speech), None, "{text}");
        }
        let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
        let (request, speech) = spoken(long);
        assert_eq!(found(&request, &speech), None);
        assert!(!repeats("He said that that was it.") && repeats("no, No no"));
    }
}
