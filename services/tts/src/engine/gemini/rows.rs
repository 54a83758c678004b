//! What is known of the models of Gemini that speak.

use std::path::Path;

use lectern_core::Failure;
use lectern_provider::{Day, PriceRow};
use serde::Deserialize;

use crate::config::GeminiConfig;
use crate::engine::remote::WARNED_DAYS;
use crate::engine::remote::language::of_locale;
use crate::engine::remote::rows::{merged, read};
use crate::engine::{Capabilities, Markup, Phonemes, PriceUnit, Speed, Voice, VoicePrice, WordTimes, voice_id};

/// The built-in rows.
const BUILT_IN: &str = include_str!("../../../data/gemini.toml");
/// Whose prices they are, in bills and limits.
pub(super) const PROVIDER: &str = "gemini";
/// Grows when this code makes other requests of the same text.
const CODE_VERSION: u32 = if cfg!(feature = "other-pins") { 1_000_001 } else { 1 };

/// How a model is told of a style and of two speakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dialect {
    /// Beside the text, which is read word for word: 3.8.
    Metadata,
    /// In the text itself: 2.5 and 3.1.
    Text,
}

/// A model that speaks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub id: String,
    pub dialect: Dialect,
    /// The first day on which it is served.
    #[serde(default)]
    pub first_day: Option<Day>,
    /// The last day on which it is served.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// Tokens that it reads at most.
    pub input: u64,
    /// Tokens of the longest answer.
    pub output: u64,
    /// Tokens of a second of audio.
    pub per_second: u32,
    /// Bytes of a text that are spoken at once.
    pub max_bytes: usize,
    /// Samples a second.
    pub sample_rate: u32,
    /// What it costs.
    #[serde(default)]
    pub prices: Vec<PriceRow>,
    /// The languages that it speaks, the first where nobody knows the text's.
    pub languages: Vec<String>,
    /// Where the row is from: for whoever reads the rows.
    #[allow(dead_code, reason = "every row has to say it, and tests read it")]
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    voices: Vec<String>,
    #[serde(default)]
    models: Vec<Model>,
}

impl Model {
    /// What an operator should be told of it on `today`: that it ends, has ended, or is not served
    /// yet.
    pub(super) fn warning(&self, today: Day) -> Option<String> {
        let Self { id, first_day, last_day, .. } = self;
        if let Some(last) = last_day.filter(|last| last.since(today) <= WARNED_DAYS) {
            return Some(format!("the last day of {id} is {last}; choose another model"));
        }
        let first = first_day.filter(|first| *first > today)?;
        Some(format!("{id} is served from {first} on"))
    }

    /// The voice of the engine `engine` that Gemini calls `voice`.
    fn voice(&self, engine: &str, voice: &str, languages: &[String]) -> Voice {
        let languages = if languages.is_empty() { &self.languages } else { languages };
        Voice {
            id: voice_id(engine, voice),
            name: voice.to_owned(),
            languages: languages.iter().flat_map(|tag| of_locale(tag)).collect(),
            sample_rate: self.sample_rate,
            version: format!("{CODE_VERSION}.{}", self.id),
            gain_db: None,
            capabilities: Capabilities {
                markup: Markup::Style,
                phonemes: Phonemes::None,
                word_times: WordTimes::None,
                speakers: 2,
                max_bytes: Some(self.max_bytes),
                speeds: (Speed::NORMAL, Speed::NORMAL),
            },
            price: Some(VoicePrice {
                unit: PriceUnit::Tokens { per_second: self.per_second },
                provider: PROVIDER.to_owned(),
                model: self.id.clone(),
                rows: self.prices.clone(),
            }),
        }
    }
}

/// The model of the settings, and its voices: those that are named, or all that it has.
///
/// # Errors
/// `INVALID_FIELD` naming the setting that is wrong.
pub(super) fn known(name: &str, config: &GeminiConfig) -> Result<(Model, Vec<Voice>), Failure> {
    let table = format!("engines.{name}");
    let (models, voices) = rows(&config.rows_file, &format!("{table}.rows_file"))?;
    let id = config.model_id();
    let model = models.iter().find(|model| model.id == id).cloned().ok_or_else(|| {
        let known: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        let message =
            format!("nothing is known of {id}; name one of: {}, or give it a row in rows_file", known.join(", "));
        Failure::invalid(format!("{table}.model"), message)
    })?;
    if model.prices.is_empty() {
        let message = format!("calls of {id} cost money, and there is no price of it; give it a row with prices");
        return Err(Failure::invalid(format!("{table}.rows_file"), message));
    }
    let named = if config.voices.is_empty() { &voices } else { &config.voices };
    if let Some(unknown) = named.iter().find(|named| !voices.contains(named)) {
        let message = format!("there is no voice {unknown}; name some of: {}", voices.join(", "));
        return Err(Failure::invalid(format!("{table}.voices"), message));
    }
    let voices = named.iter().map(|voice| model.voice(name, voice, &config.languages)).collect();
    Ok((model, voices))
}

/// All models, and the names of voices.
fn rows(file: &Path, setting: &str) -> Result<(Vec<Model>, Vec<String>), Failure> {
    let (own, built_in) = read::<Rows>(BUILT_IN, file, setting)?;
    let own = own.unwrap_or(Rows { voices: Vec::new(), models: Vec::new() });
    let models = merged(own.models, built_in.models, |model| model.id.as_str());
    let voices = if own.voices.is_empty() { built_in.voices } else { own.voices };
    Ok((models, voices))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(model: &str) -> GeminiConfig {
        GeminiConfig { model: model.to_owned(), ..GeminiConfig::default() }
    }

    #[test]
    fn every_built_in_row_has_a_price_and_a_source() {
        let (models, voices) = rows(Path::new(""), "x").unwrap();
        assert_eq!(voices.len(), 30);
        for model in &models {
            let today: Day = "2026-11-29".parse().unwrap();
            assert_eq!(lectern_provider::days_left(&model.prices, today), None, "{}", model.id);
            assert!(model.prices.iter().all(|row| row.output > row.input && !row.source.is_empty()), "{}", model.id);
            assert!(!model.source.is_empty() && model.languages.first().is_some_and(|tag| tag == "en-US"));
            let a_minute = u64::from(model.per_second) * 60;
            assert!(model.output > 10 * a_minute, "{}", model.id);
            assert!(model.languages.iter().all(|tag| lectern_proto::convert::language_tag("row", tag).is_ok()));
        }
    }

    #[test]
    fn voices_are_those_that_are_named_in_the_languages_of_the_model() {
        let (model, voices) = known("g", &config("models/gemini-3.8-flash-tts")).unwrap();
        assert_eq!((model.dialect, voices.len()), (Dialect::Metadata, 30));
        assert_eq!(voices[0].id, "engines/g/voices/Kore");
        assert_eq!(voices[0].version, "1.gemini-3.8-flash-tts");
        assert!(voices[0].speaks("zh") && voices[0].speaks("de-AT") && !voices[0].speaks("tlh"));
        let (model, older) = known("g", &config("gemini-2.5-flash-tts")).unwrap();
        assert_eq!((model.dialect, older[0].capabilities.speakers), (Dialect::Text, 2));
        let named = GeminiConfig {
            voices: vec!["Puck".to_owned(), "Leda".to_owned()],
            languages: vec!["mi-NZ".to_owned()],
            ..config("gemini-3.8-flash-tts")
        };
        let names: Vec<String> = known("g", &named).unwrap().1.into_iter().map(|voice| voice.name).collect();
        assert_eq!(names, ["Puck", "Leda"]);
        assert!(known("g", &named).unwrap().1[0].speaks("mi"));
    }

    #[test]
    fn what_is_not_known_names_the_setting() {
        for (config, field) in [
            (config("gemini-9-tts"), "engines.g.model"),
            (GeminiConfig { voices: vec!["Heart".to_owned()], ..config("gemini-3.8-flash-tts") }, "engines.g.voices"),
            (GeminiConfig { rows_file: "/nowhere".into(), ..config("gemini-3.8-flash-tts") }, "engines.g.rows_file"),
        ] {
            assert_eq!(known("g", &config).unwrap_err().field.as_deref(), Some(field));
        }
    }

    #[test]
    fn a_model_that_ends_or_is_not_there_yet_is_warned_of() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (model, _) = known("g", &config("gemini-3.8-flash-tts")).unwrap();
        assert_eq!(model.warning(day("2026-11-29")), None);
        assert!(model.warning(day("2026-09-01")).is_some_and(|text| text.contains("from 2026-09-02")));
        let ends = Model { last_day: Some(day("2027-01-15")), ..model };
        assert_eq!(ends.warning(day("2026-12-15")), None);
        assert!(ends.warning(day("2026-12-16")).is_some_and(|text| text.contains("2027-01-15")));
    }
}
