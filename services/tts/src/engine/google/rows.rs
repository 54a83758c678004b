//! What is known of the voices of Google Cloud Text-to-Speech, by family.

use std::path::Path;

use lectern_core::Failure;
use lectern_provider::{Day, PriceRow};
use serde::Deserialize;

use crate::config::GoogleConfig;
use crate::engine::remote::language::of_locale;
use crate::engine::remote::rows::{merged, read};
use crate::engine::{Capabilities, Markup, Phonemes, PriceUnit, Speed, Voice, VoicePrice, WordTimes, voice_id};

/// The built-in rows.
const BUILT_IN: &str = include_str!("../../../data/google.toml");
/// Whose prices they are, in bills and limits.
pub(super) const PROVIDER: &str = "google-tts";
/// Bytes of UTF-8 of all input of a request.
pub(super) const MOST_BYTES: usize = 5_000;
/// Grows when this code makes other requests of the same text.
const CODE_VERSION: u32 = if cfg!(feature = "other-pins") { 1_000_001 } else { 1 };

/// A family of voices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    pub id: String,
    /// What stands in the names of its voices.
    pub infix: String,
    /// The form of its input.
    pub input: Form,
    /// What it takes beside words.
    #[serde(default)]
    pub takes: Vec<Feature>,
    /// Samples a second.
    pub sample_rate: u32,
    /// The last day on which it is served.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// What it costs.
    #[serde(default)]
    pub prices: Vec<PriceRow>,
    /// The locales of the voices that are listed.
    #[serde(default)]
    pub locales: Vec<String>,
    /// Their names in each of them.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where the row is from: for whoever reads the rows.
    #[allow(dead_code, reason = "every row has to say it, and tests read it")]
    pub source: String,
}

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// As it stands: tags in it are read aloud.
    Text,
    /// As SSML.
    Ssml,
}

/// What a family takes beside words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Feature {
    /// `<mark>`, with the time at which it is reached.
    Mark,
    /// `<emphasis>`.
    Emphasis,
    /// `<prosody pitch>`.
    Pitch,
    /// A speaking rate.
    Rate,
    /// `<phoneme>`.
    Phoneme,
    /// Pronunciations of phrases, beside the text.
    CustomPronunciations,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    families: Vec<Family>,
}

impl Family {
    pub(super) fn takes(&self, feature: Feature) -> bool {
        self.takes.contains(&feature)
    }

    /// The locale of a voice of this family; none for a voice of another.
    fn locale<'a>(&self, voice: &'a str) -> Option<&'a str> {
        let (locale, name) = voice.split_once(&format!("-{}-", self.infix))?;
        (!locale.is_empty() && !name.is_empty()).then_some(locale)
    }

    /// The voice of the engine `engine` that Google calls `voice`, of this locale.
    fn voice(&self, engine: &str, voice: &str, locale: &str) -> Voice {
        let phonemes = self.takes(Feature::Phoneme) || self.takes(Feature::CustomPronunciations);
        let manner = self.takes(Feature::Emphasis) || self.takes(Feature::Pitch);
        let speeds =
            if self.takes(Feature::Rate) { (Speed::SLOWEST, Speed::FASTEST) } else { (Speed::NORMAL, Speed::NORMAL) };
        let short = voice.rsplit('-').next().unwrap_or(voice);
        Voice {
            id: voice_id(engine, voice),
            name: format!("{short} ({} {locale})", self.infix),
            languages: of_locale(locale),
            sample_rate: self.sample_rate,
            version: format!("{CODE_VERSION}.{}", self.id),
            gain_db: None,
            capabilities: Capabilities {
                markup: if self.input == Form::Ssml && manner { Markup::Ssml } else { Markup::Plain },
                phonemes: if phonemes { Phonemes::Ipa } else { Phonemes::None },
                word_times: if self.takes(Feature::Mark) { WordTimes::Marks } else { WordTimes::None },
                speakers: 1,
                max_bytes: Some(MOST_BYTES),
                speeds,
            },
            price: Some(VoicePrice {
                unit: PriceUnit::Characters,
                provider: PROVIDER.to_owned(),
                model: self.id.clone(),
                rows: self.prices.clone(),
            }),
        }
    }
}

/// Every family: those of the file that the settings name, and the built-in ones. Of two that stand
/// in a voice's name it is of the one with the longer infix.
pub(super) fn families(file: &Path, setting: &str) -> Result<Vec<Family>, Failure> {
    let (own, built_in) = read::<Rows>(BUILT_IN, file, setting)?;
    let own = own.map(|rows| rows.families).unwrap_or_default();
    let mut families = merged(own, built_in.families, |family| family.id.as_str());
    families.sort_by_key(|family| std::cmp::Reverse(family.infix.len()));
    Ok(families)
}

/// The voices of the settings, each with its family: those that are named, or all that are listed,
/// in the languages of the settings where some are named.
pub(super) fn voices(name: &str, config: &GoogleConfig, families: &[Family]) -> Result<Vec<(Voice, Family)>, Failure> {
    let mut voices = Vec::new();
    if config.voices.is_empty() {
        for family in families {
            let wanted = |locale: &&String| is_wanted(&config.languages, locale);
            for locale in family.locales.iter().filter(wanted) {
                for short in &family.names {
                    let voice = format!("{locale}-{}-{short}", family.infix);
                    voices.push((family.voice(name, &voice, locale), family.clone()));
                }
            }
        }
    }
    for voice in &config.voices {
        let found = families.iter().find_map(|family| family.locale(voice).map(|locale| (family, locale)));
        let (family, locale) = found.ok_or_else(|| unknown(name, voice, families))?;
        voices.push((family.voice(name, voice, locale), family.clone()));
    }
    if let Some((voice, family)) = voices.iter().find(|(_, family)| family.prices.is_empty()) {
        let message = format!(
            "calls of {} cost money, and there is no price of {}; give the family a row with prices",
            voice.id, family.id
        );
        return Err(Failure::invalid(format!("engines.{name}.rows_file"), message));
    }
    if voices.is_empty() {
        let message = "there is no voice in any of these languages; name others, or voices";
        return Err(Failure::invalid(format!("engines.{name}.languages"), message));
    }
    Ok(voices)
}

/// Whether voices of a locale are wanted: all are where no language is named, and those of `en-GB`
/// where `en` is.
fn is_wanted(languages: &[String], locale: &str) -> bool {
    let is = |language: &String| {
        of_locale(locale).iter().any(|tag| {
            let primary = tag.split('-').next().unwrap_or_default();
            tag.eq_ignore_ascii_case(language) || primary.eq_ignore_ascii_case(language)
        })
    };
    languages.is_empty() || languages.iter().any(is)
}

fn unknown(name: &str, voice: &str, families: &[Family]) -> Failure {
    let known: Vec<&str> = families.iter().map(|family| family.infix.as_str()).collect();
    let message = format!(
        "{voice} is of no family that is known; name voices as Google does, en-US-Chirp3-HD-Kore, of one of: {}; or \
         give its family a row in rows_file",
        known.join(", ")
    );
    Failure::invalid(format!("engines.{name}.voices"), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(languages: &[&str], named: &[&str]) -> Result<Vec<Voice>, Failure> {
        let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let config = GoogleConfig { languages: text(languages), voices: text(named), ..GoogleConfig::default() };
        let families = families(&config.rows_file, "engines.google.rows_file")?;
        Ok(voices("google", &config, &families)?.into_iter().map(|(voice, _)| voice).collect())
    }

    #[test]
    fn every_built_in_row_has_a_price_and_a_source() {
        let families = families(Path::new(""), "x").unwrap();
        let ids: std::collections::BTreeSet<&str> = families.iter().map(|family| family.id.as_str()).collect();
        assert_eq!(ids.len(), families.len());
        for family in &families {
            let today: Day = "2026-11-29".parse().unwrap();
            assert!(lectern_provider::days_left(&family.prices, today).is_none_or(|left| left >= 0), "{}", family.id);
            assert!(family.prices.iter().all(|row| row.input > 0 && row.output == 0 && !row.source.is_empty()));
            assert!(!family.source.is_empty(), "{}", family.id);
            let ssml = family.input == Form::Ssml;
            assert!(ssml || !family.takes(Feature::Mark) && !family.takes(Feature::Phoneme), "{}", family.id);
        }
    }

    #[test]
    fn all_that_are_listed_are_voices_and_the_first_one_speaks_english() {
        let all = of(&[], &[]).unwrap();
        assert_eq!(all.len(), 51 * 30);
        assert_eq!(all[0].id, "engines/google/voices/en-US-Chirp3-HD-Kore");
        assert_eq!(all[0].name, "Kore (Chirp3-HD en-US)");
        let ids: std::collections::BTreeSet<&str> = all.iter().map(|voice| voice.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        for voice in &all {
            assert!(!voice.pinned().contains('%'), "{}", voice.pinned());
            assert!(voice.languages.iter().all(|tag| lectern_proto::convert::language_tag("row", tag).is_ok()));
        }
    }

    #[test]
    fn languages_choose_among_those_that_are_listed() {
        assert_eq!(of(&["de"], &[]).unwrap().len(), 30);
        assert_eq!(of(&["en", "fr-CA"], &[]).unwrap().len(), 5 * 30);
        assert_eq!(of(&["zh"], &[]).unwrap()[0].languages, ["cmn-CN", "zh-CN"]);
        assert_eq!(of(&["tlh"], &[]).unwrap_err().field.as_deref(), Some("engines.google.languages"));
    }

    #[test]
    fn a_voice_that_is_named_is_of_the_family_that_its_name_says() {
        let named = of(&[], &["de-DE-Neural2-B", "en-US-Chirp-HD-F", "en-US-Studio-O", "en-US-Standard-C"]).unwrap();
        let models: Vec<&str> =
            named.iter().filter_map(|voice| voice.price.as_ref()).map(|price| price.model.as_str()).collect();
        assert_eq!(models, ["neural2", "chirp-hd", "studio", "standard"]);
        let [neural, chirp, studio, standard] = named.as_slice() else { panic!("{named:?}") };
        assert_eq!(neural.languages, ["de-DE"]);
        assert_eq!(
            (neural.capabilities.word_times, studio.capabilities.word_times),
            (WordTimes::Marks, WordTimes::None)
        );
        assert_eq!(chirp.capabilities.speeds, (Speed::NORMAL, Speed::NORMAL));
        assert_eq!((standard.capabilities.markup, chirp.capabilities.markup), (Markup::Ssml, Markup::Plain));
        assert_eq!((standard.capabilities.phonemes, chirp.capabilities.phonemes), (Phonemes::Ipa, Phonemes::None));
        for wrong in ["Kore", "en-US-Kore", "-Studio-O", "en-US-Studio-"] {
            assert_eq!(of(&[], &[wrong]).unwrap_err().field.as_deref(), Some("engines.google.voices"), "{wrong}");
        }
    }

    #[test]
    fn a_family_without_a_price_is_not_called() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.toml");
        let row = "[[families]]\nid = 'new'\ninfix = 'Chirp9'\ninput = 'text'\nsample_rate = 48000\nsource = 'x'\n";
        let with = |text: String| {
            std::fs::write(&file, text).unwrap();
            let named = vec!["en-US-Chirp9-Kore".to_owned()];
            let config = GoogleConfig { voices: named, rows_file: file.clone(), ..GoogleConfig::default() };
            let families = families(&config.rows_file, "engines.g.rows_file")?;
            voices("g", &config, &families).map(|voices| voices[0].0.sample_rate)
        };
        assert_eq!(with(row.to_owned()).unwrap_err().field.as_deref(), Some("engines.g.rows_file"));
        let price = "[[families.prices]]\ninput = 1\ncached = 0\noutput = 0\nsource = 'x'\n";
        assert_eq!(with(format!("{row}{price}")), Ok(48_000));
        assert!(with(format!("{row}{price}locale = 3")).is_err());
    }
}
