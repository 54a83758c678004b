//! What an engine is asked to speak.

use lectern_core::content::Range;
pub use lectern_core::content::script::{Manner, Mark};
use lectern_core::lexicon::Said;
use lectern_core::{Digest, Failure};
use serde::{Deserialize, Serialize};

/// How fast to speak, in hundredths: 50 to 200, 100 is the voice's own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Speed(u16);

impl Speed {
    /// The voice's own pace.
    pub const NORMAL: Self = Self(100);
    /// The slowest that can be asked for.
    pub const SLOWEST: Self = Self(50);
    /// The fastest that can be asked for.
    pub const FASTEST: Self = Self(200);

    /// A speed of `factor`, rounded to hundredths.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` outside 0.5 to 2.0.
    pub fn new(factor: f64) -> Result<Self, Failure> {
        if (0.5..=2.0).contains(&factor) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "50 to 200")]
            Ok(Self((factor * 100.0).round() as u16))
        } else {
            Err(Failure::invalid("speed", format!("a speed of {factor} cannot be spoken; choose 0.5 to 2.0")))
        }
    }

    /// As a factor, 1.0 for the voice's own pace.
    #[must_use]
    pub fn factor(self) -> f32 {
        f32::from(self.0) / 100.0
    }

    /// In hundredths.
    #[must_use]
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// Its canonical text (`speed=100`): the `delivery` part of segment and track keys.
    #[must_use]
    pub fn delivery(self) -> String {
        format!("speed={}", self.0)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<u16> for Speed {
    type Error = Failure;

    fn try_from(hundredths: u16) -> Result<Self, Failure> {
        Self::new(f64::from(hundredths) / 100.0)
    }
}

impl From<Speed> for u16 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

/// One segment to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRequest {
    /// The spoken text: words and punctuation, about a sentence. All ranges are in it.
    pub text: String,
    /// The id of the voice.
    pub voice: String,
    /// How fast.
    pub speed: Speed,
    /// The language of the text, a BCP 47 tag; empty for the voice's own, or where nobody knows.
    pub language: String,
    /// How to speak, in a few words of the order's, for a voice with
    /// [`Markup::Style`](super::Markup::Style); empty for nothing in particular. Other voices do
    /// not look at it.
    pub style: String,
    /// What a lexicon says of its words, in order, not overlapping. No engine looks at it:
    /// [`crate::speaking`] makes `pronunciations` of it for a voice that takes them, and another
    /// spelling in `text` for one that does not.
    pub said: Vec<Said>,
    /// Words that are said otherwise than they are spelt, in order, not overlapping, for a voice
    /// that takes phonemes; others do not look at it.
    pub pronunciations: Vec<Pronunciation>,
    /// What is emphasised or quoted, in order, for a voice with markup; others do not look at it.
    pub marks: Vec<Mark>,
    /// Who says what, for a request of two speakers; empty where `voice` says all of it. The first
    /// turn is that of `voice`. Callers of `Synthesize` ask for it ([`crate::api`]), and no
    /// recording does: each segment of that is one utterance's, which is stored and edited alone.
    pub turns: Vec<Turn>,
    /// 0 at first; grows when speech was rejected, and makes the engine draw other noise.
    pub attempt: u32,
}

/// How a word is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pronunciation {
    /// The word.
    pub spoken: Range,
    /// Its sounds, in the International Phonetic Alphabet.
    pub ipa: String,
}

/// A turn of one of two speakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What is said in it.
    pub spoken: Range,
    /// The id of the voice, one of the same engine.
    pub voice: String,
}

/// Refuses a text without anything to say.
///
/// # Errors
/// `INVALID_FIELD` at `text`.
pub(in crate::engine) fn check_words(text: &str) -> Result<(), Failure> {
    if text.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    Err(Failure::invalid("text", "there is nothing to say in it: give words that have letters"))
}

impl SegmentRequest {
    /// A request for `text` by `voice`, first attempt, in the voice's own language and manner.
    pub fn new(text: impl Into<String>, voice: impl Into<String>, speed: Speed) -> Self {
        Self {
            text: text.into(),
            voice: voice.into(),
            speed,
            language: String::new(),
            style: String::new(),
            said: Vec::new(),
            pronunciations: Vec::new(),
            marks: Vec::new(),
            turns: Vec::new(),
            attempt: 0,
        }
    }

    /// Characters of its text.
    #[must_use]
    pub fn characters(&self) -> u64 {
        self.text.chars().count() as u64
    }

    /// The seed for whatever is random about the speech: it follows the request, so equal requests
    /// sound equal.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let (speed, attempt) = (self.speed.0.to_be_bytes(), self.attempt.to_be_bytes());
        Digest::keyed(b"speech seed", &[self.text.as_bytes(), self.voice.as_bytes(), &speed, &attempt]).seed()
    }

    /// The same request for the part `range` of its text: what of its ranges lies in that part,
    /// from the part's beginning.
    #[must_use]
    pub fn part(&self, range: Range) -> Self {
        let within = |spoken: Range| {
            let (start, end) = (spoken.start.max(range.start), spoken.end.min(range.end));
            (start < end).then(|| Range::new(start - range.start, end - range.start))
        };
        let whole = |spoken: Range| within(spoken).filter(|part| part.len() == spoken.len());
        let pronunciations = self
            .pronunciations
            .iter()
            .filter_map(|said| whole(said.spoken).map(|spoken| Pronunciation { spoken, ipa: said.ipa.clone() }));
        let said = self.said.iter().filter_map(|said| whole(said.spoken).map(|spoken| Said { spoken, ..said.clone() }));
        let marks =
            self.marks.iter().filter_map(|mark| within(mark.spoken).map(|spoken| Mark { spoken, manner: mark.manner }));
        let turns: Vec<Turn> = self
            .turns
            .iter()
            .filter_map(|turn| within(turn.spoken).map(|spoken| Turn { spoken, voice: turn.voice.clone() }))
            .collect();
        let voice = turns.first().map_or(&self.voice, |turn| &turn.voice).clone();
        // A part of one turn is a request of one speaker.
        let turns = if turns.iter().all(|turn| turn.voice == voice) { Vec::new() } else { turns };
        Self {
            text: range.of(&self.text).to_owned(),
            voice,
            speed: self.speed,
            language: self.language.clone(),
            style: self.style.clone(),
            said: said.collect(),
            pronunciations: pronunciations.collect(),
            marks: marks.collect(),
            turns,
            attempt: self.attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_bounded_and_canonical() {
        for (factor, expected) in
            [(0.5, Some("speed=50")), (1.0, Some("speed=100")), (1.254, Some("speed=125")), (2.0, Some("speed=200"))]
        {
            assert_eq!(Speed::new(factor).ok().map(Speed::delivery).as_deref(), expected);
        }
        for factor in [0.49, 2.01, f64::NAN, -1.0, f64::INFINITY] {
            assert!(Speed::new(factor).is_err(), "{factor}");
        }
        assert!(serde_json::from_str::<Speed>("300").is_err());
        assert_eq!((Speed::new(0.5), Speed::new(2.0)), (Ok(Speed::SLOWEST), Ok(Speed::FASTEST)));
    }

    #[test]
    fn seeds_follow_the_request() {
        let request = SegmentRequest::new("Hello.", "engines/tone/voices/sine", Speed::NORMAL);
        assert_eq!(request.seed(), request.clone().seed());
        assert_ne!(request.seed(), SegmentRequest { attempt: 1, ..request.clone() }.seed());
        assert_ne!(request.seed(), SegmentRequest { text: "Hullo.".into(), ..request }.seed());
    }

    #[test]
    fn a_part_keeps_what_lies_in_it() {
        let (a, b) = ("engines/e/voices/a", "engines/e/voices/b");
        let mut request = SegmentRequest::new("lead pipes, he said", a, Speed::NORMAL);
        let said = |start, end| Pronunciation { spoken: Range::new(start, end), ipa: "lɛd".to_owned() };
        request.pronunciations = vec![said(0, 4), said(5, 10)];
        request.marks = vec![Mark { spoken: Range::new(5, 14), manner: Manner::Emphasis }];
        let turn = |start, end, voice: &str| Turn { spoken: Range::new(start, end), voice: voice.to_owned() };
        request.turns = vec![turn(0, 11, a), turn(11, 19, b)];

        let first = request.part(Range::new(0, 8));
        assert_eq!((first.text.as_str(), first.pronunciations.as_slice()), ("lead pip", &[said(0, 4)][..]));
        assert_eq!(first.marks[0].spoken, Range::new(5, 8));
        assert_eq!((first.voice.as_str(), first.turns.len()), (a, 0));
        let last = request.part(Range::new(11, 19));
        assert_eq!((last.text.as_str(), last.voice.as_str(), last.turns.len()), (" he said", b, 0));
        assert_eq!(last.marks[0].spoken, Range::new(0, 3));
        assert_eq!(request.part(Range::all(&request.text)), request);
    }
}
