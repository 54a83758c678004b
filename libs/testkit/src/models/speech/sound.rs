//! What is spoken: a tone for each word, as long as a voice would speak it, so that whoever looks
//! at it finds speech.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use parking_lot::RwLock;

use super::faults::SpeechFault;

/// Seconds of silence at the beginning, of a letter, and after a word.
const LEAD: f64 = 0.02;
const LETTER: f64 = 0.07;
const AFTER: f64 = 0.04;
/// Seconds in which a tone comes and goes.
const EDGE: f64 = 0.005;
/// The peak of a voice that nobody has set, of full scale.
const LEVEL: f64 = 0.22;
/// Where the audio stops that stops early, in seconds.
const EARLY: f64 = 20.0;
/// For how long the same two words are said again, in seconds.
const LOOP: f64 = 7.0;
/// Another sample rate than anybody's.
const OTHER_RATE: u32 = 22_050;

/// How loud voices are, by their names. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Loudness(Arc<RwLock<BTreeMap<String, f64>>>);

impl Loudness {
    /// From here on a voice has this peak, of full scale.
    pub(super) fn set(&self, voice: &str, peak: f64) {
        self.0.write().insert(voice.to_owned(), peak);
    }

    fn of(&self, voice: &str) -> f64 {
        self.0.read().get(voice).copied().unwrap_or(LEVEL)
    }
}

/// Speech, and when each of its words is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sound {
    pub rate: u32,
    pub samples: Vec<i16>,
    pub words: Vec<Word>,
}

/// A word with its beginning and end in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub text: String,
    pub start: f64,
    pub end: f64,
}

/// How something is spoken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    pub loudness: &'a Loudness,
    pub rate: u32,
    pub speed: f64,
    pub fault: Option<SpeechFault>,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples of seconds")]
fn samples_of(seconds: f64, rate: u32) -> usize {
    (seconds * f64::from(rate)).round() as usize
}

#[allow(clippy::cast_precision_loss, reason = "samples of minutes")]
fn seconds_of(samples: usize, rate: u32) -> f64 {
    samples as f64 / f64::from(rate)
}

impl Sound {
    /// Turns of voices and texts, one after the other.
    pub(super) fn of(turns: &[(String, String)], manner: Manner<'_>) -> Self {
        let rate = if manner.fault == Some(SpeechFault::WrongRate) { OTHER_RATE } else { manner.rate };
        let mut sound = Self { rate, samples: Vec::new(), words: Vec::new() };
        sound.pause(LEAD / manner.speed);
        for (voice, text) in turns {
            let peak = manner.loudness.of(voice)
                * match manner.fault {
                    Some(SpeechFault::Silence) => 0.0,
                    Some(SpeechFault::Quieter) => 0.2,
                    Some(SpeechFault::Louder) => 3.0,
                    _ => 1.0,
                };
            for word in text.split_whitespace() {
                sound.word(voice, word, peak, manner.speed);
            }
        }
        match manner.fault {
            Some(SpeechFault::CutAt20s | SpeechFault::EndsWithOther | SpeechFault::MaxTokens) => sound.stop_early(),
            Some(SpeechFault::Loop) => sound.go_round(),
            _ => {}
        }
        sound
    }

    fn pause(&mut self, seconds: f64) {
        self.samples.resize(self.samples.len() + samples_of(seconds, self.rate), 0);
    }

    /// The pitch follows the word and the voice, so that unlike texts differ.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "samples of a word")]
    fn word(&mut self, voice: &str, text: &str, peak: f64, speed: f64) {
        let letters: String = text.chars().filter(|char| char.is_alphanumeric()).collect();
        if letters.is_empty() {
            return;
        }
        let (rate, start) = (f64::from(self.rate), self.samples.len());
        let count = samples_of(LETTER * letters.chars().count().max(2) as f64 / speed, self.rate);
        let sum = |text: &str| text.bytes().map(u32::from).sum::<u32>();
        let pitch = 180.0 + f64::from(sum(&letters) % 200) + f64::from(sum(voice) % 40);
        let edge = rate * EDGE;
        self.samples.extend((0..count).map(|at| {
            let fade = (at.min(count - at) as f64 / edge).min(1.0);
            ((TAU * pitch * at as f64 / rate).sin() * peak * fade * f64::from(i16::MAX)) as i16
        }));
        let (start, end) = (seconds_of(start, self.rate), seconds_of(self.samples.len(), self.rate));
        self.words.push(Word { text: text.to_owned(), start, end });
        self.pause(AFTER / speed);
    }

    /// Ends in the middle of a sound: after 20 seconds, or after three fifths of the words.
    fn stop_early(&mut self) {
        let kept = self.words.len() * 3 / 5;
        let middle = self.words.get(kept).map_or(0.0, |word| f64::midpoint(word.start, word.end));
        let end = if self.seconds() > EARLY { EARLY } else { middle };
        self.samples.truncate(samples_of(end, self.rate));
        self.words.retain(|word| word.end <= end);
    }

    /// Says its last two words again and again.
    fn go_round(&mut self) {
        let from = self.words.len().saturating_sub(2);
        let start = self.words.get(from).map_or(0, |word| samples_of(word.start, self.rate));
        let said = self.samples.get(start..).unwrap_or_default().to_vec();
        let rounds = samples_of(LOOP, self.rate).div_ceil(said.len().max(1));
        for _ in 0..rounds {
            self.samples.extend_from_slice(&said);
        }
    }

    /// How long it is.
    pub(super) fn seconds(&self) -> f64 {
        seconds_of(self.samples.len(), self.rate)
    }

    /// Cuts it off after so many seconds, if it is longer.
    pub(super) fn cut(&mut self, seconds: f64) -> bool {
        let most = samples_of(seconds, self.rate);
        let cut = self.samples.len() > most;
        self.samples.truncate(most);
        cut
    }

    /// Headerless samples, 16 bits, little-endian.
    pub(super) fn pcm(&self, fault: Option<SpeechFault>) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        if fault == Some(SpeechFault::OddBytes) {
            bytes.pop();
        }
        bytes
    }

    /// A WAV. One that is written while it is spoken does not know its length.
    pub(super) fn wav(&self, knows_its_length: bool, fault: Option<SpeechFault>) -> Vec<u8> {
        let data = self.pcm(fault);
        let length = |beside: usize| {
            let known = u32::try_from(data.len() + beside).unwrap_or(u32::MAX);
            let told = if knows_its_length { known } else { u32::MAX };
            told.to_le_bytes()
        };
        let mut bytes = b"RIFF".to_vec();
        bytes.extend(length(36));
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(self.rate.to_le_bytes());
        bytes.extend((self.rate * 2).to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(length(0));
        bytes.extend(data);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(text: &str, fault: Option<SpeechFault>) -> Sound {
        let loudness = Loudness::default();
        let turns = [("Kore".to_owned(), text.to_owned())];
        Sound::of(&turns, Manner { loudness: &loudness, rate: 24_000, speed: 1.0, fault })
    }

    #[test]
    fn each_word_is_a_tone_in_its_time() {
        let sound = spoken("Two words — then", None);
        let words: Vec<&str> = sound.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, ["Two", "words", "then"]);
        assert!((sound.words[0].start - 0.02).abs() < 1e-4 && (sound.words[0].end - 0.23).abs() < 1e-4);
        assert!((sound.seconds() - (0.02 + 12.0 * 0.07 + 3.0 * 0.04)).abs() < 1e-3);
        assert_eq!(sound.samples.last(), Some(&0));
        let peak = |sound: &Sound| sound.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        assert!((7_000..7_300).contains(&peak(&sound)), "{}", peak(&sound));
        assert_eq!(peak(&spoken("Two words", Some(SpeechFault::Silence))), 0);
        assert!(peak(&spoken("Two words", Some(SpeechFault::Louder))) > 3 * 7_000);
        assert_eq!(spoken("Two words", Some(SpeechFault::WrongRate)).rate, 22_050);
    }

    #[test]
    fn what_is_cut_ends_in_a_sound_and_what_goes_round_is_longer() {
        let text = "some words of a sentence that goes on for a while";
        let whole = spoken(text, None);
        let cut = spoken(text, Some(SpeechFault::CutAt20s));
        assert!(cut.seconds() < whole.seconds() * 0.8 && cut.words.len() < whole.words.len());
        assert!(cut.samples.iter().rev().take(100).any(|sample| sample.unsigned_abs() > 3_000));
        let long = spoken(&text.repeat(9), Some(SpeechFault::CutAt20s));
        assert!((long.seconds() - 20.0).abs() < 1e-3);
        assert!(spoken(text, Some(SpeechFault::Loop)).seconds() > whole.seconds() + LOOP - 0.1);
    }

    #[test]
    fn a_wav_says_its_rate_and_its_length_or_not() {
        let sound = spoken("Two", None);
        let wav = sound.wav(true, None);
        assert_eq!(&wav[24..28], 24_000_u32.to_le_bytes());
        assert_eq!(&wav[40..44], u32::try_from(wav.len() - 44).unwrap_or(0).to_le_bytes());
        assert_eq!(&sound.wav(false, None)[40..44], [0xff; 4]);
        assert_eq!(sound.pcm(Some(SpeechFault::OddBytes)).len() + 1, sound.pcm(None).len());
    }
}
