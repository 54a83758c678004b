//! Checks on what an engine returned, before anybody hears it: a recording never holds silence or
//! noise in place of speech.

use std::fmt;

use super::{SegmentRequest, Speech};

/// Seconds of speech a letter or digit takes at normal speed, at least and at most. English prose
/// is near 0.065.
const SECONDS_A_LETTER: (f64, f64) = (0.02, 0.25);
/// Seconds that any segment may have beside its letters: breath before and after, a pause at a
/// comma.
const SECONDS_BESIDE: f64 = 1.2;
/// A level that counts as sound: -50 dBFS, some 25 dB under speech.
const AUDIBLE: f32 = 0.003;
/// Root mean square under which the whole segment is silent: -55 dBFS.
const SILENT_RMS: f64 = 0.0018;
/// The longest silence inside a segment in seconds, at normal speed.
const LONGEST_GAP: f64 = 1.2;
/// Samples at or over full scale, as a share, beyond which a segment is clipped.
const CLIPPED_SHARE: f64 = 0.0005;

/// Why speech was not accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rejection {
    /// A sample is not a number.
    NotFinite,
    /// Shorter than its text can be spoken: the engine stopped early.
    TooShort {
        /// Seconds there are.
        seconds: f64,
        /// Seconds there must be.
        least: f64,
    },
    /// Longer than its text can be: repeated or babbled.
    TooLong {
        /// Seconds there are.
        seconds: f64,
        /// Seconds there may be.
        most: f64,
    },
    /// Nothing can be heard.
    Silent,
    /// A silence in the middle.
    Gap {
        /// Its seconds.
        seconds: f64,
    },
    /// Too many samples at full scale.
    Clipped,
    /// Words without time, out of order, or past the end of the samples.
    WordsDisordered,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str("it has samples that are not numbers"),
            Self::TooShort { seconds, least } => write!(f, "it lasts {seconds:.2} s where its text needs {least:.2} s"),
            Self::TooLong { seconds, most } => {
                write!(f, "it lasts {seconds:.2} s where its text takes at most {most:.2} s")
            }
            Self::Silent => f.write_str("it is silent"),
            Self::Gap { seconds } => write!(f, "it has a silence of {seconds:.2} s inside"),
            Self::Clipped => f.write_str("it is clipped"),
            Self::WordsDisordered => f.write_str("the times of its words are out of order"),
        }
    }
}

/// Checks `speech` against what was asked for.
///
/// # Errors
///
/// The first check that fails.
#[allow(clippy::cast_precision_loss, reason = "sample counts of seconds")]
pub fn check(request: &SegmentRequest, speech: &Speech) -> Result<(), Rejection> {
    let samples = &speech.samples;
    if !samples.iter().all(|sample| sample.is_finite()) {
        return Err(Rejection::NotFinite);
    }
    let speed = f64::from(request.speed.factor());
    let rate = f64::from(speech.sample_rate.max(1));
    let seconds = samples.len() as f64 / rate;
    let letters = request.text.chars().filter(|c| c.is_alphanumeric()).count() as f64;
    let (least, most) = (letters * SECONDS_A_LETTER.0 / speed, (letters * SECONDS_A_LETTER.1 + SECONDS_BESIDE) / speed);
    if seconds < least {
        return Err(Rejection::TooShort { seconds, least });
    }
    if seconds > most {
        return Err(Rejection::TooLong { seconds, most });
    }
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let (Some(first), Some(last)) = (
        samples.iter().position(|sample| sample.abs() >= AUDIBLE),
        samples.iter().rposition(|sample| sample.abs() >= AUDIBLE),
    ) else {
        return Err(Rejection::Silent);
    };
    if (energy / samples.len() as f64).sqrt() < SILENT_RMS {
        return Err(Rejection::Silent);
    }
    let gap = longest_run(&samples[first..=last], |sample| sample.abs() < AUDIBLE) as f64 / rate;
    if gap > LONGEST_GAP / speed.min(1.0) {
        return Err(Rejection::Gap { seconds: gap });
    }
    let clipped = samples.iter().filter(|sample| sample.abs() >= 1.0).count() as f64;
    if clipped > samples.len() as f64 * CLIPPED_SHARE {
        return Err(Rejection::Clipped);
    }
    let ordered =
        speech.words.windows(2).all(|pair| pair[0].end <= pair[1].start && pair[0].spoken.end <= pair[1].spoken.start);
    let timed = speech.words.iter().all(|word| word.start < word.end && word.end <= samples.len() as u64);
    if ordered && timed && !speech.words.is_empty() { Ok(()) } else { Err(Rejection::WordsDisordered) }
}

fn longest_run(samples: &[f32], quiet: impl Fn(f32) -> bool) -> usize {
    let (mut longest, mut run) = (0, 0);
    for &sample in samples {
        run = if quiet(sample) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{SpeechEngine, Speed};

    #[test]
    fn each_defect_is_found() {
        let request = SegmentRequest::new("A plain sentence of several words, for the checks.", VOICE, Speed::NORMAL);
        let good = ToneEngine::new().synthesize(&request).unwrap();
        assert_eq!(check(&request, &good), Ok(()));
        let rate = good.sample_rate as usize;
        type Damage = (&'static str, Box<dyn Fn(&mut Speech)>, fn(&Rejection) -> bool);
        let cases: Vec<Damage> = vec![
            ("not a number", Box::new(|s| s.samples[9] = f32::NAN), |r| *r == Rejection::NotFinite),
            ("cut short", Box::new(|s| s.samples.truncate(9_000)), |r| matches!(r, Rejection::TooShort { .. })),
            ("babble", Box::new(move |s| s.samples.resize(20 * rate, 0.1)), |r| matches!(r, Rejection::TooLong { .. })),
            ("silence", Box::new(|s| s.samples.fill(0.0)), |r| *r == Rejection::Silent),
            ("faint", Box::new(|s| s.samples.iter_mut().for_each(|x| *x *= 0.01)), |r| *r == Rejection::Silent),
            ("gap", Box::new(move |s| s.samples[rate / 2..2 * rate].fill(0.0)), |r| matches!(r, Rejection::Gap { .. })),
            ("clipped", Box::new(|s| s.samples[5000..5200].fill(1.0)), |r| *r == Rejection::Clipped),
            ("no words", Box::new(|s| s.words.clear()), |r| *r == Rejection::WordsDisordered),
            ("words swapped", Box::new(|s| s.words.swap(0, 1)), |r| *r == Rejection::WordsDisordered),
        ];
        for (name, damage, expected) in cases {
            let mut speech = good.clone();
            damage(&mut speech);
            let found = check(&request, &speech).unwrap_err();
            assert!(expected(&found), "{name}: {found}");
        }
    }
}
