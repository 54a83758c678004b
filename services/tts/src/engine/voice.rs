//! A voice, and what it can do: what is listed, and what every caller of an engine goes by.

use lectern_core::{Failure, VoicePin};
use lectern_provider::PriceRow;
use serde::{Deserialize, Serialize};

use super::request::Speed;

/// Samples a second that a recording may have: what Opus takes (RFC 6716, section 2), and every
/// other encoder as well.
const RECORDING_RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// A voice that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    /// The resource name, `engines/{engine}/voices/{voice}`: the engine by the name that the
    /// settings give it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The languages that it speaks, BCP 47 tags; the first is the one that it speaks unless it is
    /// asked for another.
    pub languages: Vec<String>,
    /// Samples a second of what it speaks, one channel.
    pub sample_rate: u32,
    /// Changes whenever the same text would sound otherwise: the version of the code and whatever
    /// tells one release of the voice from the next, such as the first digits of its weights'
    /// digest, or the model's name. Visible ASCII without `@`.
    pub version: String,
    /// The fixed gain in decibels that brings this voice to -16 LUFS (see
    /// [`crate::audio::master`]); none for a voice that nobody calibrated, whose level is measured
    /// as it speaks ([`crate::levels`]).
    pub gain_db: Option<f32>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs; none for a voice that costs nothing.
    pub price: Option<VoicePrice>,
}

impl Voice {
    /// The id and the version (`engines/local/voices/heart@1.5f70741d`): what a narration pins and
    /// what segments are keyed by.
    #[must_use]
    pub fn pinned(&self) -> String {
        VoicePin::new(&self.id, &self.version).into()
    }

    /// Samples a second of what is recorded by it: as it speaks, or where no encoder of Opus takes
    /// that, the next rate above.
    #[must_use]
    pub fn recording_rate(&self) -> u32 {
        let [.., highest] = RECORDING_RATES;
        RECORDING_RATES.into_iter().find(|rate| *rate >= self.sample_rate).unwrap_or(highest)
    }

    /// The engine's name: `local` of `engines/local/voices/heart`.
    #[must_use]
    pub fn engine(&self) -> &str {
        engine_of(&self.id)
    }

    /// Its name within its engine: `heart` of `engines/local/voices/heart`.
    #[must_use]
    pub fn short(&self) -> &str {
        short_of(&self.id)
    }

    /// Whether it speaks a language, by the primary subtag of BCP 47: `en-US` speaks `en`. A
    /// document whose language was not found out (`und`) is spoken by any voice.
    #[must_use]
    pub fn speaks(&self, language: &str) -> bool {
        let wanted = primary(language);
        wanted.is_empty() || wanted == "und" || self.languages.iter().any(|spoken| primary(spoken) == wanted)
    }

    /// Refuses a tempo that it cannot speak at.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `speed`, saying which there are.
    pub fn check_speed(&self, speed: Speed) -> Result<(), Failure> {
        let (slowest, fastest) = self.capabilities.speeds;
        if (slowest..=fastest).contains(&speed) {
            return Ok(());
        }
        let (slowest, fastest) = (slowest.factor(), fastest.factor());
        let message = if slowest.total_cmp(&fastest).is_eq() {
            format!("{} speaks at a speed of {slowest} alone; leave the speed out, or choose another voice", self.id)
        } else {
            format!("{} speaks at speeds of {slowest} to {fastest}; choose one of those, or another voice", self.id)
        };
        Err(Failure::invalid("speed", message))
    }
}

/// The engine of a voice's resource name; `none` where that is no such name.
#[must_use]
pub fn engine_of(voice: &str) -> &str {
    voice.split('/').nth(1).unwrap_or("none")
}

/// The last part of a voice's resource name; `none` where that is no such name.
#[must_use]
pub fn short_of(voice: &str) -> &str {
    voice.split('/').nth(3).unwrap_or("none")
}

/// The resource name of a voice of an engine.
#[must_use]
pub fn voice_id(engine: &str, voice: &str) -> String {
    format!("engines/{engine}/voices/{voice}")
}

/// The primary subtag of a BCP 47 tag, in small letters.
fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// What a voice can do beside speaking plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// In what form emphasis, quotations, pauses and a style reach it.
    pub markup: Markup,
    /// In what form the sounds of a word reach it.
    pub phonemes: Phonemes,
    /// Where the times of its words come from.
    pub word_times: WordTimes,
    /// How many speakers it can give one request, 1 or 2.
    pub speakers: u8,
    /// The most bytes of UTF-8 that a whole request may have, markup included; none for no limit.
    pub max_bytes: Option<usize>,
    /// The slowest and the fastest tempo that it speaks at.
    pub speeds: (Speed, Speed),
}

impl Default for Capabilities {
    /// Plain text, one speaker, at every tempo, of any length, with the times of its words.
    fn default() -> Self {
        Self {
            markup: Markup::Plain,
            phonemes: Phonemes::None,
            word_times: WordTimes::Given,
            speakers: 1,
            max_bytes: None,
            speeds: (Speed::SLOWEST, Speed::FASTEST),
        }
    }
}

/// In what form emphasis, quotations, pauses and a style reach a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Not at all: it reads what stands there.
    Plain,
    /// As SSML.
    Ssml,
    /// As a sentence that says how to speak, beside the text.
    Style,
}

/// In what form the sounds of a word reach a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phonemes {
    /// Not at all: what it says wrongly is respelt.
    None,
    /// In the International Phonetic Alphabet.
    Ipa,
    /// In its own alphabet, into which its adapter turns IPA.
    Own,
}

/// Where the times of a voice's words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordTimes {
    /// It gives them.
    Given,
    /// Its provider says them, by marks in its input or beside its audio: what does not fit the
    /// text is not taken.
    Marks,
    /// It gives none: they are found by alignment, or estimated.
    None,
}

/// What a voice costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicePrice {
    /// What is counted.
    pub unit: PriceUnit,
    /// Whose prices they are, and of what model, as a bill has them.
    pub provider: String,
    /// The model, or the family of voices.
    pub model: String,
    /// Prices by their days, in millionths of a US dollar for a million units.
    pub rows: Vec<PriceRow>,
}

/// What a provider counts of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// Characters of text ([`lectern_provider::Usage::characters`]), at the price of `input`.
    Characters,
    /// Tokens of text as `input`, tokens of audio as `output`.
    Tokens {
        /// Tokens of a second of audio.
        per_second: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::a_voice;

    #[test]
    fn a_voice_speaks_its_languages_and_what_nobody_knows() {
        let voice = Voice { languages: vec!["de-DE".to_owned(), "pt-BR".to_owned()], ..a_voice("engines/e/voices/v") };
        for (language, spoken) in
            [("de", true), ("de-AT", true), ("PT", true), ("und", true), ("", true), ("en", false), ("d", false)]
        {
            assert_eq!(voice.speaks(language), spoken, "{language:?}");
        }
        assert_eq!((voice.engine(), voice.short()), ("e", "v"));
        assert_eq!((engine_of("heart"), short_of("heart")), ("none", "none"));
        assert_eq!(voice_id("e", "v"), voice.id);
    }

    #[test]
    fn a_recording_has_a_rate_that_opus_takes() {
        for (speaks, recorded) in
            [(8_000, 8_000), (16_000, 16_000), (22_050, 24_000), (24_000, 24_000), (44_100, 48_000), (192_000, 48_000)]
        {
            let voice = Voice { sample_rate: speaks, ..a_voice("engines/e/voices/v") };
            assert_eq!(voice.recording_rate(), recorded, "{speaks}");
        }
    }

    #[test]
    fn a_tempo_that_a_voice_has_not_is_refused_by_those_that_it_has() {
        let with = |slowest: f64, fastest: f64| {
            let speeds = (Speed::new(slowest).unwrap(), Speed::new(fastest).unwrap());
            let capabilities = Capabilities { speeds, ..Capabilities::default() };
            Voice { capabilities, ..a_voice("engines/e/voices/v") }
        };
        assert_eq!(with(0.8, 1.5).check_speed(Speed::NORMAL), Ok(()));
        for (voice, said) in [(with(1.0, 1.0), "of 1 alone"), (with(0.8, 1.5), "of 0.8 to 1.5")] {
            let refused = voice.check_speed(Speed::new(2.0).unwrap()).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("speed"));
            assert!(refused.message.contains(said), "{refused}");
        }
    }
}
