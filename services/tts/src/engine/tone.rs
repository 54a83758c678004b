//! A tone generator: for each word a sine as long as a voice would speak it. For tests of
//! everything around a voice.
//!
//! It counts its calls, can take its time, and can fail as a script says, so that a test sees what
//! is synthesised again and when.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::timeline::WordTime;
use parking_lot::Mutex;

use super::{Capabilities, Compute, SegmentRequest, Speech, Usage, Voice, WordTimes, voice_id};

/// The name of the engine where the settings give it none.
pub const NAME: &str = "tone";
/// The id of its first voice under that name.
pub const VOICE: &str = "engines/tone/voices/sine";
/// The id of its second voice under that name, which is higher, for dialogues.
pub const HIGH_VOICE: &str = "engines/tone/voices/high";

/// How much higher the second voice is.
const HIGHER: f64 = 1.5;

/// The version of its voices.
const VERSION: &str = if cfg!(feature = "other-pins") { "1000002" } else { "2" };

const SAMPLE_RATE: u32 = 24_000;

/// The generator.
#[derive(Debug)]
pub struct ToneEngine {
    voices: Vec<Voice>,
    calls: AtomicU64,
    delay: Duration,
    script: Mutex<VecDeque<ToneOutcome>>,
}

/// What a scripted call does.
#[derive(Debug, Clone)]
pub enum ToneOutcome {
    /// Tones.
    Speech,
    /// Fails with this.
    Fail(Failure),
    /// As long as speech, and silent: what verification must reject.
    Silence,
}

impl ToneEngine {
    /// A generator that answers at once, under its usual name.
    #[must_use]
    pub fn new() -> Self {
        Self::named(NAME)
    }

    /// The same under this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let voice = |short: &str, shown: &str| Voice {
            id: voice_id(name, short),
            name: shown.to_owned(),
            languages: vec!["en-US".to_owned()],
            sample_rate: SAMPLE_RATE,
            version: VERSION.to_owned(),
            gain_db: Some(0.0),
            capabilities: Capabilities::default(),
            price: None,
        };
        Self { voices: vec![voice("sine", "Sine"), voice("high", "High")], ..Self::speaking_as(voice("sine", "Sine")) }
    }

    /// The same as one other voice: tones at its rate, and with times of their words where it gives
    /// any.
    #[must_use]
    pub fn speaking_as(voice: Voice) -> Self {
        Self {
            voices: vec![voice],
            calls: AtomicU64::new(0),
            delay: Duration::ZERO,
            script: Mutex::new(VecDeque::new()),
        }
    }

    /// Sleeps this long in every call, as a slow engine would.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The outcomes of the next calls, in order; tones after them.
    pub fn script(&self, outcomes: impl IntoIterator<Item = ToneOutcome>) {
        self.script.lock().extend(outcomes);
    }

    /// How often it was asked to speak.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Default for ToneEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Compute for ToneEngine {
    fn voices(&self) -> Vec<Voice> {
        self.voices.clone()
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        let voice = self.voice(&request.voice)?;
        self.calls.fetch_add(1, Ordering::SeqCst);
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        let outcome = self.script.lock().pop_front().unwrap_or(ToneOutcome::Speech);
        let level = match outcome {
            ToneOutcome::Fail(failure) => return Err(failure),
            ToneOutcome::Silence => 0.0,
            ToneOutcome::Speech => 0.22,
        };
        let pitch = if voice.short() == "high" { HIGHER } else { 1.0 };
        let mut speech = tones(request, voice.sample_rate, level, pitch);
        if speech.words.is_empty() {
            return Err(Failure::invalid("text", "there is nothing to say in it: give words that have letters"));
        }
        if voice.capabilities.word_times != WordTimes::Given {
            speech.words.clear();
        }
        Ok(speech)
    }
}

/// 70 ms a character and 40 ms between words: some 165 words a minute. The pitch follows the word,
/// so unlike texts differ.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "lengths of seconds"
)]
fn tones(request: &SegmentRequest, sample_rate: u32, level: f64, higher: f64) -> Speech {
    let rate = f64::from(sample_rate);
    let seconds = |seconds: f64| (seconds / f64::from(request.speed.factor()) * rate) as usize;
    let mut samples: Vec<f32> = vec![0.0; seconds(0.02)];
    let mut words = Vec::new();
    let mut at = 0_u32;
    for piece in request.text.split_inclusive(char::is_whitespace) {
        let length = lectern_core::content::length(piece);
        let core: String = piece.chars().filter(|c| c.is_alphanumeric()).collect();
        if !core.is_empty() {
            let word = piece.trim();
            let lead = lectern_core::content::length(piece) - lectern_core::content::length(piece.trim_start());
            let start = samples.len();
            let count = seconds(0.07 * lectern_core::content::length(&core).max(2) as f64);
            let pitch = higher * (200.0 + f64::from(core.bytes().map(u32::from).sum::<u32>() % 200));
            let edge = rate * 0.005;
            samples.extend((0..count).map(|i| {
                let fade = (i.min(count - i) as f64 / edge).min(1.0);
                ((TAU * pitch * i as f64 / rate).sin() * level * fade) as f32
            }));
            let spoken = Range::new(at + lead, at + lead + lectern_core::content::length(word));
            words.push(WordTime { spoken, start: start as u64, end: samples.len() as u64 });
            samples.resize(samples.len() + seconds(0.04), 0.0);
        }
        at += length;
    }
    Speech::whole(sample_rate, samples, words, Usage::one(u64::from(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Speed;

    #[test]
    fn tones_are_counted_scripted_and_equal_for_equal_text() {
        let engine = ToneEngine::new();
        let request = SegmentRequest::new("Two words, then more.", VOICE, Speed::NORMAL);
        engine.script([ToneOutcome::Fail(Failure::internal("scripted"))]);
        assert_eq!(engine.synthesize(&request), Err(Failure::internal("scripted")));
        let speech = engine.synthesize(&request).unwrap();
        assert_eq!(engine.synthesize(&request).as_ref(), Ok(&speech));
        assert_eq!(engine.calls(), 3);
        let words: Vec<&str> = speech.words.iter().map(|word| word.spoken.of(&request.text)).collect();
        assert_eq!(words, ["Two", "words,", "then", "more."]);
        let high = engine.synthesize(&SegmentRequest { voice: HIGH_VOICE.to_owned(), ..request.clone() }).unwrap();
        assert!(high.words == speech.words && high.samples != speech.samples, "as long, and another voice");
        let fast = engine.synthesize(&SegmentRequest { speed: Speed::new(2.0).unwrap(), ..request }).unwrap();
        assert!(fast.samples.len() < speech.samples.len() * 6 / 10);
    }
}
