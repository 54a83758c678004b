//! Samples at another rate, for a voice that speaks at another one than the recording it is heard
//! in.
//!
//! Band-limited interpolation by a windowed sinc (J. O. Smith, "Digital Audio Resampling Home
//! Page"): each new sample is a weighted sum of the old ones around its place, and where the new
//! rate is the lower one, what it could not hold is filtered away. The length is that of the old
//! samples, rounded up.

use std::f64::consts::PI;

use lectern_core::content::timeline::WordTime;

use crate::engine::Speech;

/// Zero crossings of the sinc on each side: what is filtered away is 70 dB under the speech.
const CROSSINGS: f64 = 24.0;
/// Of the band that the lower rate could hold, what is kept, so that the filter has room to fall.
const KEPT: f64 = 0.94;

/// `speech` at `rate` samples a second, its words at the same moments.
#[must_use]
pub fn resampled(speech: Speech, rate: u32) -> Speech {
    if speech.sample_rate == rate {
        return speech;
    }
    let samples = resample(&speech.samples, speech.sample_rate, rate);
    let length = samples.len() as u64;
    let at = |sample: u64| place(sample, speech.sample_rate, rate).min(length);
    let moved = |word: &WordTime| WordTime { spoken: word.spoken, start: at(word.start), end: at(word.end) };
    let words: Vec<WordTime> = speech.words.iter().map(moved).collect();
    Speech { sample_rate: rate, words, samples, ..speech }
}

/// The sample at `to` samples a second that is nearest to sample `at` at `from`.
fn place(at: u64, from: u32, to: u32) -> u64 {
    let (from, to) = (u64::from(from.max(1)), u64::from(to));
    (at.saturating_mul(to) + from / 2) / from
}

/// `samples` at the rate `from`, at the rate `to`.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "places among samples of seconds"
)]
pub fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let (numerator, denominator) = reduced(u64::from(from.max(1)), u64::from(to.max(1)));
    // Of the old rate, the band that both can hold.
    let band = (f64::from(to) / f64::from(from)).min(1.0) * KEPT;
    let reach = CROSSINGS / band;
    // One filter for each place that a new sample may have between two old ones.
    let filters: Vec<Vec<f32>> =
        (0..denominator).map(|phase| filter(phase as f64 / denominator as f64, band, reach)).collect();
    let half = reach.ceil() as i64;
    let count = (samples.len() as u64 * denominator).div_ceil(numerator);
    (0..count)
        .map(|new| {
            let position = new * numerator;
            let (whole, phase) = ((position / denominator) as i64, (position % denominator) as usize);
            let taps = filters.get(phase).map(Vec::as_slice).unwrap_or_default();
            let first = whole - half + 1;
            taps.iter()
                .zip(first..)
                .map(|(tap, at)| usize::try_from(at).ok().and_then(|at| samples.get(at)).map_or(0.0, |old| old * tap))
                .sum()
        })
        .collect()
}

/// The weights of the old samples around a place that lies `fraction` after one of them.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "taps of a filter"
)]
fn filter(fraction: f64, band: f64, reach: f64) -> Vec<f32> {
    let half = reach.ceil();
    let taps: Vec<f64> = (0..(2.0 * half) as usize)
        .map(|tap| {
            let x = tap as f64 - (half - 1.0) - fraction;
            let sinc = if x == 0.0 { 1.0 } else { (PI * x * band).sin() / (PI * x * band) };
            let window = if x.abs() < reach { blackman(x / reach) } else { 0.0 };
            sinc * window
        })
        .collect();
    // Unity gain at zero frequency.
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| (tap / sum) as f32).collect()
}

/// A window that falls from 1 in the middle to 0 at ±1.
fn blackman(x: f64) -> f64 {
    0.42 + 0.5 * (PI * x).cos() + 0.08 * (2.0 * PI * x).cos()
}

/// A ratio in its lowest terms.
const fn reduced(one: u64, other: u64) -> (u64, u64) {
    let (mut a, mut b) = (one, other);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (one / a, other / a)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;

    use super::*;
    use crate::engine::Usage;

    fn sine(hertz: f64, seconds: f64, rate: u32) -> Vec<f32> {
        let count = (seconds * f64::from(rate)) as usize;
        (0..count).map(|at| ((at as f64 * hertz * 2.0 * PI / f64::from(rate)).sin() * 0.5) as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_tone_that_it_is() {
        for (from, to) in [(16_000, 24_000), (22_050, 24_000), (24_000, 22_050), (48_000, 24_000), (24_000, 16_000)] {
            let (old, expected) = (sine(440.0, 0.5, from), sine(440.0, 0.5, to));
            let new = resample(&old, from, to);
            assert!(new.len().abs_diff(expected.len()) <= 1, "{from} {to}");
            // Away from the ends, where there is nothing on one side.
            let inside = 2_000..expected.len() - 2_000;
            let off = new[inside.clone()].iter().zip(&expected[inside]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 0.001, "{from} {to}: {off}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let new = resample(&sine(9_500.0, 0.5, 24_000), 24_000, 16_000);
        let loudest = new[1_000..new.len() - 1_000].iter().map(|sample| sample.abs()).fold(0.0, f32::max);
        assert!(loudest < 0.001, "{loudest}");
    }

    #[test]
    fn words_stay_at_their_moments() {
        let word = WordTime { spoken: Range::new(0, 3), start: 1_600, end: 8_000 };
        let speech = Speech::whole(16_000, sine(300.0, 0.5, 16_000), vec![word], Usage::default());
        let new = resampled(speech.clone(), 24_000);
        assert_eq!((new.sample_rate, new.samples.len()), (24_000, 12_000));
        assert_eq!((new.words[0].start, new.words[0].end), (2_400, 12_000));
        assert_eq!(resampled(speech.clone(), 16_000), speech);
    }
}
