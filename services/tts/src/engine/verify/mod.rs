//! Checks on what an engine returned, before anybody hears it: a recording never holds silence or
//! noise in place of speech.
//!
//! What is checked, the cheapest first: that the engine says it is whole, that every sample is a
//! number and the rate is the voice's, that it is as long as its text takes (`length.rs`) and as
//! long as the provider counted, that it is heard, without a hole, not clipped, not cut off in the
//! middle of a sound, without words out of order, and that nothing in it is said again and again
//! (`looped.rs`).
//!
//! What somebody heard who listened to it is compared with its text in `word_error.rs`; whether
//! anybody listens is for [`crate::speaking`] to know.

mod length;
mod looped;
mod rejection;
pub mod word_error;

use lectern_core::content::timeline::WordTime;

pub use self::rejection::Rejection;
use super::{End, SegmentRequest, Speech, Voice, WordTimes};

/// A level that counts as sound: -50 dBFS, some 25 dB under speech.
const AUDIBLE: f32 = 0.003;
/// Root mean square under which the whole segment is silent: -55 dBFS.
const SILENT_RMS: f64 = 0.0018;
/// The longest silence inside a segment in seconds, at normal speed.
const LONGEST_GAP: f64 = 1.2;
/// A sample that is at full scale, as 16 bits have it too.
const FULL_SCALE: f32 = 0.9999;
/// Samples at full scale, as a share, beyond which a segment is clipped.
const CLIPPED_SHARE: f64 = 0.0005;
/// Seconds at the end in which a voice has fallen silent. A cut falls into the middle of a sound.
const LAST: f64 = 0.015;
/// Of the speech's own level, what there may be in them: -12 dB.
const LAST_SHARE: f64 = 0.25;
/// Seconds by which a speech may be longer or shorter than what its provider counted.
const COUNTED_WITHIN: f64 = 0.2;

/// Checks `speech` of `voice` against what was asked for.
///
/// # Errors
///
/// The first check that fails.
pub fn check(request: &SegmentRequest, voice: &Voice, speech: &Speech) -> Result<(), Rejection> {
    if let End::Broken(word) = &speech.end {
        return Err(Rejection::NotFinished { word: word.clone() });
    }
    let samples = &speech.samples;
    if !samples.iter().all(|sample| sample.is_finite()) {
        return Err(Rejection::NotFinite);
    }
    if speech.sample_rate != voice.sample_rate {
        return Err(Rejection::WrongRate { found: speech.sample_rate, expected: voice.sample_rate });
    }
    let seconds = speech.seconds();
    let (least, most) = length::bounds(request);
    if seconds < least {
        return Err(Rejection::TooShort { seconds, least });
    }
    if seconds > most {
        return Err(Rejection::TooLong { seconds, most });
    }
    if let Some(counted) = speech.billed_seconds
        && (seconds - counted).abs() > COUNTED_WITHIN
    {
        return Err(Rejection::NotAsCounted { seconds, counted });
    }
    heard(request, speech)?;
    ordered(voice, speech)?;
    if voice.capabilities.word_times == WordTimes::Given {
        // It says each word where it says that it does, and no other.
        return Ok(());
    }
    match looped::found(request, speech) {
        Some(seconds) => Err(Rejection::Looped { seconds }),
        None => Ok(()),
    }
}

/// Checks the sound itself.
#[allow(clippy::cast_precision_loss, reason = "sample counts of seconds")]
fn heard(request: &SegmentRequest, speech: &Speech) -> Result<(), Rejection> {
    let (samples, rate) = (&speech.samples, f64::from(speech.sample_rate.max(1)));
    let audible = |sample: &f32| sample.abs() >= AUDIBLE;
    let (Some(first), Some(last)) = (samples.iter().position(audible), samples.iter().rposition(audible)) else {
        return Err(Rejection::Silent);
    };
    let level = rms(samples);
    if level < SILENT_RMS {
        return Err(Rejection::Silent);
    }
    let gap = longest_run(&samples[first..=last], |sample| !audible(&sample)) as f64 / rate;
    if gap > LONGEST_GAP / f64::from(request.speed.factor()).min(1.0) {
        return Err(Rejection::Gap { seconds: gap });
    }
    let clipped = samples.iter().filter(|sample| sample.abs() >= FULL_SCALE).count() as f64;
    if clipped > samples.len() as f64 * CLIPPED_SHARE {
        return Err(Rejection::Clipped);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of milliseconds")]
    let tail = (LAST * rate) as usize;
    let tail = samples.get(samples.len().saturating_sub(tail)..).unwrap_or_default();
    if rms(tail) > rms(&samples[first..=last]) * LAST_SHARE {
        return Err(Rejection::CutOff);
    }
    Ok(())
}

/// Checks the times of the words. A voice that gives them gives some; of others there may be none.
fn ordered(voice: &Voice, speech: &Speech) -> Result<(), Rejection> {
    let words = &speech.words;
    let none_fits = match voice.capabilities.word_times {
        WordTimes::Given => false,
        WordTimes::Marks | WordTimes::None => true,
    };
    if words.is_empty() {
        return if none_fits { Ok(()) } else { Err(Rejection::WordsDisordered) };
    }
    if in_order(words, speech.samples.len()) { Ok(()) } else { Err(Rejection::WordsDisordered) }
}

/// Whether words stand in order in the text and in time, each takes some, and none goes on past so
/// many samples.
pub(crate) fn in_order(words: &[WordTime], samples: usize) -> bool {
    let ordered =
        words.windows(2).all(|pair| pair[0].end <= pair[1].start && pair[0].spoken.end <= pair[1].spoken.start);
    ordered && words.iter().all(|word| word.start < word.end && word.end <= samples as u64)
}

#[allow(clippy::cast_precision_loss, reason = "sample counts of seconds")]
fn rms(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt()
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
    use crate::engine::{Capabilities, Compute as _, Speed};

    fn good() -> (SegmentRequest, Voice, Speech) {
        let request = SegmentRequest::new("A plain sentence of several words, for the checks.", VOICE, Speed::NORMAL);
        let engine = ToneEngine::new();
        let speech = engine.synthesize(&request).unwrap();
        (request, engine.voice(VOICE).unwrap(), speech)
    }

    #[test]
    fn each_defect_is_found() {
        let (request, voice, good) = good();
        assert_eq!(check(&request, &voice, &good), Ok(()));
        let rate = good.sample_rate as usize;
        type Damage = (&'static str, Box<dyn Fn(&mut Speech)>, fn(&Rejection) -> bool);
        let cases: Vec<Damage> = vec![
            ("not finished", Box::new(|s| s.end = End::Broken("OTHER".to_owned())), |r| {
                matches!(r, Rejection::NotFinished { .. })
            }),
            ("not a number", Box::new(|s| s.samples[9] = f32::NAN), |r| *r == Rejection::NotFinite),
            ("another rate", Box::new(|s| s.sample_rate = 22_050), |r| matches!(r, Rejection::WrongRate { .. })),
            ("cut short", Box::new(|s| s.samples.truncate(9_000)), |r| matches!(r, Rejection::TooShort { .. })),
            ("babble", Box::new(move |s| s.samples.resize(20 * rate, 0.1)), |r| matches!(r, Rejection::TooLong { .. })),
            ("not as billed", Box::new(|s| s.billed_seconds = Some(1.0)), |r| {
                matches!(r, Rejection::NotAsCounted { .. })
            }),
            ("silence", Box::new(|s| s.samples.fill(0.0)), |r| *r == Rejection::Silent),
            ("faint", Box::new(|s| s.samples.iter_mut().for_each(|x| *x *= 0.01)), |r| *r == Rejection::Silent),
            ("gap", Box::new(move |s| s.samples[rate / 2..2 * rate].fill(0.0)), |r| matches!(r, Rejection::Gap { .. })),
            ("clipped", Box::new(|s| s.samples[5000..5200].fill(1.0)), |r| *r == Rejection::Clipped),
            ("clipped at 16 bits", Box::new(|s| s.samples[5000..5200].fill(32_767.0 / 32_768.0)), |r| {
                *r == Rejection::Clipped
            }),
            (
                "cut off in a sound",
                Box::new(|s| {
                    let end = s.samples.len() - 1_500;
                    s.samples.truncate(end);
                }),
                |r| *r == Rejection::CutOff,
            ),
            ("no words", Box::new(|s| s.words.clear()), |r| *r == Rejection::WordsDisordered),
            ("words swapped", Box::new(|s| s.words.swap(0, 1)), |r| *r == Rejection::WordsDisordered),
        ];
        for (name, damage, expected) in cases {
            let mut speech = good.clone();
            damage(&mut speech);
            let found = check(&request, &voice, &speech).unwrap_err();
            assert!(expected(&found), "{name}: {found}");
        }
    }

    #[test]
    fn a_voice_without_times_of_words_passes_without_them() {
        let (request, voice, mut speech) = good();
        speech.words.clear();
        for word_times in [WordTimes::None, WordTimes::Marks] {
            let capabilities = Capabilities { word_times, ..Capabilities::default() };
            assert_eq!(check(&request, &Voice { capabilities, ..voice.clone() }, &speech), Ok(()));
        }
    }

    #[test]
    fn what_a_provider_counted_may_differ_a_little() {
        let (request, voice, mut speech) = good();
        speech.billed_seconds = Some(speech.seconds() + 0.15);
        assert_eq!(check(&request, &voice, &speech), Ok(()));
    }
}
