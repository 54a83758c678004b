//! What is known of servers that speak by OpenAI's protocol, and of the models behind them.

use std::path::Path;

use lectern_core::Failure;
use lectern_provider::{Day, PriceRow};
use serde::Deserialize;

use crate::config::OpenAiConfig;
use crate::engine::remote::WARNED_DAYS;
use crate::engine::remote::language::of_locale;
use crate::engine::remote::rows::{merged, read};
use crate::engine::{Capabilities, Markup, Phonemes, PriceUnit, Speed, Voice, VoicePrice, WordTimes, voice_id};

/// The built-in rows.
const BUILT_IN: &str = include_str!("../../../data/openai.toml");
/// Whose prices they are, in bills and limits.
pub(super) const PROVIDER: &str = "openai";
/// The row of every server that has none of its own.
const ANY: &str = "compatible";
/// Samples a second, unless the settings have another number.
const USUAL_RATE: u32 = 24_000;
/// The language of a voice of which nobody says one.
const USUAL_LANGUAGE: &str = "en-US";
/// Grows when this code makes other requests of the same text.
const CODE_VERSION: u32 = if cfg!(feature = "other-pins") { 1_000_001 } else { 1 };

/// How a server differs from others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "a table of what a server has and what it has not")]
pub(super) struct Server {
    pub name: String,
    /// Hosts that are known to be such a server.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether its calls cost money, so that a model behind it needs a price.
    #[serde(default)]
    pub paid: bool,
    /// The model that is asked for where the settings name none; empty where they have to.
    #[serde(default)]
    pub model: String,
    /// What is sent as `stream`: false to a server that streams unless it is told not to, and
    /// nothing to the others.
    #[serde(default)]
    pub stream: Option<bool>,
    /// Whether it takes `instructions`, whatever the model.
    #[serde(default)]
    pub instructions: bool,
    /// Whether it has `/dev/captioned_speech`, which says when each word is said.
    #[serde(default)]
    pub captions: bool,
    /// Whether it takes `word_timestamps` and answers in a header field, where its operator gave it
    /// something to align by.
    #[serde(default)]
    pub word_header: bool,
    /// The most bytes of a text; none where it cuts texts itself.
    #[serde(default)]
    pub most_bytes: Option<usize>,
    /// The voices of all of its models.
    #[serde(default)]
    pub voices: Vec<Named>,
    /// Where the row is from: for whoever reads the rows.
    #[allow(dead_code, reason = "every row has to say it, and tests read it")]
    pub source: String,
}

/// Voices that speak the same languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub languages: Vec<String>,
    pub names: Vec<String>,
}

/// A model behind a server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub id: String,
    pub server: String,
    /// The last day on which it is served.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// Whether it takes `instructions`.
    #[serde(default)]
    pub instructions: bool,
    /// Whether it takes a `speed`.
    #[serde(default = "yes")]
    pub speed: bool,
    /// How what it used becomes known.
    #[serde(default)]
    pub bill: Bill,
    /// Tokens of a second of audio, of a model that is paid by those.
    #[serde(default)]
    pub per_second: Option<u32>,
    /// Tokens of the longest answer, of a model that is paid by those.
    #[serde(default)]
    pub output: u64,
    /// What it costs; empty for a model that costs nothing.
    #[serde(default)]
    pub prices: Vec<PriceRow>,
    /// Its voices.
    #[serde(default)]
    pub voices: Vec<Named>,
    /// Where the row is from: for whoever reads the rows.
    #[serde(default)]
    #[allow(dead_code, reason = "built-in rows have to say it, and tests read it")]
    pub source: String,
}

const fn yes() -> bool {
    true
}

/// How what a call used becomes known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bill {
    /// By the characters that were sent.
    #[default]
    Characters,
    /// By the last of the events that the audio comes in, which has tokens.
    Events,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    servers: Vec<Server>,
    #[serde(default)]
    models: Vec<Model>,
}

/// What is known of a server and its model, and the voices of the settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub server: Server,
    pub model: Model,
    /// Whether the times of words are asked for.
    pub word_times: bool,
    pub voices: Vec<Voice>,
}

impl Model {
    /// A model of which nothing is known: it costs nothing.
    fn plain(id: &str, server: &str) -> Self {
        Self {
            id: id.to_owned(),
            server: server.to_owned(),
            last_day: None,
            instructions: false,
            speed: true,
            bill: Bill::Characters,
            per_second: None,
            output: 0,
            prices: Vec::new(),
            voices: Vec::new(),
            source: String::new(),
        }
    }

    /// What an operator should be told of it on `today`.
    pub(super) fn warning(&self, today: Day) -> Option<String> {
        let last = self.last_day.filter(|last| last.since(today) <= WARNED_DAYS)?;
        Some(format!("the last day of {} is {last}; choose another model", self.id))
    }
}

/// The server, the model and the voices of the settings; `host` is that of the URL.
///
/// # Errors
/// `INVALID_FIELD` naming the setting that is wrong.
pub(super) fn known(name: &str, config: &OpenAiConfig, host: &str) -> Result<Known, Failure> {
    let table = format!("engines.{name}");
    let wrong = |key: &str, message: String| Failure::invalid(format!("{table}.{key}"), message);
    let (servers, models) = rows(&config.rows_file, &format!("{table}.rows_file"))?;
    let server = server(&servers, &config.server, host).ok_or_else(|| {
        let known: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        wrong("server", format!("there is no row of the server {}; name one of: {}", config.server, known.join(", ")))
    })?;
    let id = Some(config.model.trim()).filter(|id| !id.is_empty()).unwrap_or(&server.model);
    if id.is_empty() {
        return Err(wrong("model", "name the model as the server does".to_owned()));
    }
    let of = |model: &&Model| model.server == server.name && model.id == id;
    let model = models.iter().find(of).cloned().unwrap_or_else(|| Model::plain(id, &server.name));
    if server.paid && model.prices.is_empty() {
        let message = format!("calls of {} cost money, and there is no price of {id}; give it a row", server.name);
        return Err(wrong("model", format!("{message} with prices in rows_file")));
    }
    let word_times = config.word_times.unwrap_or(server.captions) && (server.captions || server.word_header);
    let listed = if model.voices.is_empty() { &server.voices } else { &model.voices };
    let languages_of = |voice: &String| {
        let named = listed.iter().find(|named| named.names.contains(voice));
        named.map_or_else(|| vec![USUAL_LANGUAGE.to_owned()], |named| named.languages.clone())
    };
    let all: Vec<String> = listed.iter().flat_map(|named| named.names.iter().cloned()).collect();
    let named = if config.voices.is_empty() { &all } else { &config.voices };
    let voices: Vec<(String, Vec<String>)> = named.iter().map(|voice| (voice.clone(), languages_of(voice))).collect();
    if voices.is_empty() {
        return Err(wrong("voices", "nothing is known of the voices of this server; name some".to_owned()));
    }
    let known = Known { server: server.clone(), model, word_times, voices: Vec::new() };
    let voices = voices.into_iter().map(|(voice, languages)| {
        let languages = if config.languages.is_empty() { languages } else { config.languages.clone() };
        known.voice(name, &voice, &languages, config.sample_rate.unwrap_or(USUAL_RATE))
    });
    let voices = voices.collect();
    Ok(Known { voices, ..known })
}

impl Known {
    /// The voice of the engine `engine` that the server calls `voice`.
    fn voice(&self, engine: &str, voice: &str, languages: &[String], sample_rate: u32) -> Voice {
        let Self { server, model, word_times, .. } = self;
        let instructed = server.instructions || model.instructions;
        let speeds = if model.speed { (Speed::SLOWEST, Speed::FASTEST) } else { (Speed::NORMAL, Speed::NORMAL) };
        let unit = model.per_second.map_or(PriceUnit::Characters, |per_second| PriceUnit::Tokens { per_second });
        let price = (!model.prices.is_empty()).then(|| VoicePrice {
            unit,
            provider: PROVIDER.to_owned(),
            model: model.id.clone(),
            rows: model.prices.clone(),
        });
        Voice {
            id: voice_id(engine, voice),
            name: voice.to_owned(),
            languages: languages.iter().flat_map(|tag| of_locale(tag)).collect(),
            sample_rate,
            version: format!("{CODE_VERSION}.{}.{}", server.name, plain(&model.id)),
            gain_db: None,
            capabilities: Capabilities {
                markup: if instructed { Markup::Style } else { Markup::Plain },
                phonemes: Phonemes::None,
                // What it says of them does not always fit the text.
                word_times: if *word_times { WordTimes::Marks } else { WordTimes::None },
                speakers: 1,
                max_bytes: server.most_bytes,
                speeds,
            },
            price,
        }
    }
}

/// A name as a pin can have it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() && c != '@' { c } else { '_' }).collect()
}

/// The row of that name, else that of the host, else the one of all others. None where there is no
/// row of that name.
fn server<'a>(servers: &'a [Server], name: &str, host: &str) -> Option<&'a Server> {
    let of = |name: &str| servers.iter().find(|server| server.name == name);
    if !name.is_empty() {
        return of(name);
    }
    let of_host = |server: &&Server| server.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    servers.iter().find(of_host).or_else(|| of(ANY))
}

/// All servers and models. Two servers may each have a model of one name.
fn rows(file: &Path, setting: &str) -> Result<(Vec<Server>, Vec<Model>), Failure> {
    let (own, built_in) = read::<Rows>(BUILT_IN, file, setting)?;
    let own = own.unwrap_or(Rows { servers: Vec::new(), models: Vec::new() });
    let servers = merged(own.servers, built_in.servers, |server| server.name.as_str());
    let theirs = |model: &Model| own.models.iter().any(|own| own.id == model.id && own.server == model.server);
    let rest: Vec<Model> = built_in.models.into_iter().filter(|model| !theirs(model)).collect();
    Ok((servers, own.models.into_iter().chain(rest).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(server: &str, model: &str) -> OpenAiConfig {
        OpenAiConfig { server: server.to_owned(), model: model.to_owned(), ..OpenAiConfig::default() }
    }

    fn of(config: &OpenAiConfig) -> Result<Known, Option<String>> {
        known("o", config, "127.0.0.1").map_err(|failure| failure.field)
    }

    #[test]
    fn every_built_in_row_is_consistent() {
        let (servers, models) = rows(Path::new(""), "x").unwrap();
        assert!(servers.iter().any(|server| server.name == ANY));
        for model in &models {
            let server = server(&servers, &model.server, "").unwrap();
            assert!(!server.paid || !model.prices.is_empty(), "{}", model.id);
            assert!(!model.source.is_empty() && !server.source.is_empty(), "{}", model.id);
            assert_eq!(model.bill == Bill::Events, model.per_second.is_some() && model.output > 0, "{}", model.id);
        }
        let tags = |named: &Named| named.languages.clone();
        let all = servers.iter().flat_map(|server| &server.voices).chain(models.iter().flat_map(|model| &model.voices));
        assert!(all.flat_map(tags).all(|tag| lectern_proto::convert::language_tag("row", &tag).is_ok()));
        assert_eq!(server(&servers, "", "API.openai.com").unwrap().name, "openai");
        assert_eq!(server(&servers, "", "127.0.0.1").unwrap().name, ANY);
    }

    #[test]
    fn a_server_with_voices_of_its_own_has_them() {
        let kokoro = of(&config("kokoro", "")).unwrap();
        assert_eq!((kokoro.model.id.as_str(), kokoro.voices.len(), kokoro.word_times), ("kokoro", 54, true));
        assert_eq!(kokoro.voices[0].id, "engines/o/voices/af_heart");
        assert_eq!(kokoro.voices[0].capabilities.word_times, WordTimes::Marks);
        assert_eq!((kokoro.voices[0].price.clone(), kokoro.voices[0].version.as_str()), (None, "1.kokoro.kokoro"));
        let spanish = kokoro.voices.iter().find(|voice| voice.short() == "ef_dora").unwrap();
        assert!(spanish.speaks("es") && !spanish.speaks("en"));
        let without = OpenAiConfig { word_times: Some(false), ..config("kokoro", "") };
        assert!(!of(&without).unwrap().word_times);
    }

    #[test]
    fn any_other_server_has_the_voices_of_the_settings() {
        let mut other = config("", "Org/Speaks v2@x");
        assert_eq!(of(&other), Err(Some("engines.o.voices".to_owned())));
        other.voices = vec!["anna".to_owned()];
        other.languages = vec!["de-DE".to_owned()];
        other.sample_rate = Some(44_100);
        let known = of(&other).unwrap();
        let voice = &known.voices[0];
        assert_eq!((voice.sample_rate, voice.version.as_str()), (44_100, "1.compatible.Org/Speaks_v2_x"));
        assert!(voice.speaks("de") && !voice.speaks("en") && voice.price.is_none());
        assert_eq!(of(&config("", "")), Err(Some("engines.o.model".to_owned())));
        assert_eq!(of(&config("none", "m")), Err(Some("engines.o.server".to_owned())));
        other.server = "vllm-omni".to_owned();
        other.word_times = Some(true);
        let omni = of(&other).unwrap();
        assert_eq!((omni.word_times, omni.voices[0].capabilities.markup), (true, Markup::Style));
    }

    #[test]
    fn openai_itself_is_paid_and_warned_of() {
        let mini = of(&config("openai", "gpt-4o-mini-tts")).unwrap();
        let voice = &mini.voices[0];
        assert_eq!(voice.price.as_ref().unwrap().unit, PriceUnit::Tokens { per_second: 21 });
        assert_eq!((voice.capabilities.markup, voice.capabilities.speeds.1), (Markup::Style, Speed::NORMAL));
        assert!(mini.model.warning("2026-12-08".parse().unwrap()).is_some_and(|text| text.contains("2027-01-06")));
        assert_eq!(mini.model.warning("2026-12-06".parse().unwrap()), None);
        let older = of(&config("openai", "tts-1")).unwrap();
        assert_eq!(older.voices[0].price.as_ref().unwrap().unit, PriceUnit::Characters);
        assert_eq!(older.voices[0].capabilities.max_bytes, Some(4_096));
        assert_eq!(of(&config("openai", "tts-9")), Err(Some("engines.o.model".to_owned())));
    }
}
