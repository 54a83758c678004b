//! The settings of one engine. They are those of all kinds in one table, each of which may be left
//! out; a key that its kind does not take is refused.

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_provider::Terms;
use lectern_runtime::Secret;
use serde::{Deserialize, Serialize};

use super::{Config, GeminiConfig, GoogleConfig, OpenAiConfig};
use crate::engine::{espeak, kokoro, local, pico, scripted, tone};

/// What sort of engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// The local neural voice.
    Local,
    /// Kokoro, a larger network with many voices.
    Kokoro,
    /// Sine tones: for tests.
    Tone,
    /// Tones that are noted in a ledger and go wrong as a script says: for tests of whole
    /// processes.
    Scripted,
    /// espeak-ng, where an operator installed it.
    Espeak,
    /// SVOX Pico, where an operator installed it.
    Pico,
    /// Google Cloud Text-to-Speech.
    Google,
    /// A model of Google's Gemini that speaks.
    Gemini,
    /// A server that speaks by OpenAI's protocol.
    #[serde(rename = "openai")]
    OpenAi,
}

/// The keys of Google Cloud Text-to-Speech.
const OF_GOOGLE: [&str; 10] = [
    "url",
    "key",
    "key_file",
    "project",
    "location",
    "voices",
    "languages",
    "rows_file",
    "concurrency",
    "requests_per_minute",
];
/// The keys of a model of Gemini.
const OF_GEMINI: [&str; 13] = [
    "url",
    "model",
    "key",
    "key_file",
    "project",
    "location",
    "api_version",
    "voices",
    "languages",
    "rows_file",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
];
/// The keys of a server that speaks by OpenAI's protocol.
const OF_OPENAI: [&str; 13] = [
    "url",
    "server",
    "model",
    "key",
    "key_file",
    "voices",
    "languages",
    "sample_rate",
    "word_times",
    "rows_file",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
];

impl EngineKind {
    /// The kinds that need no table of their own: the setting `engine` alone names one.
    pub const SHORT: [Self; 4] = [Self::Local, Self::Kokoro, Self::Tone, Self::Scripted];

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => local::NAME,
            Self::Kokoro => kokoro::NAME,
            Self::Tone => tone::NAME,
            Self::Scripted => scripted::NAME,
            Self::Espeak => "espeak",
            Self::Pico => "pico",
            Self::Google => "google",
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
        }
    }

    /// The keys that it takes beside `kind`.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Local | Self::Kokoro => &["voice_dir"],
            Self::Tone => &[],
            Self::Scripted => &["script"],
            Self::Espeak | Self::Pico => &["program"],
            Self::Google => &OF_GOOGLE,
            Self::Gemini => &OF_GEMINI,
            Self::OpenAi => &OF_OPENAI,
        }
    }
}

/// One engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// What sort: `local`, `kokoro`, `espeak`, `pico`, `google`, `gemini` or `openai`; `tone` and
    /// `scripted` for tests.
    pub kind: EngineKind,
    /// The folder of the weights of a local voice; none for `voice_dir` of all. Of Kokoro; none for
    /// `kokoro` in `voice_dir` of all.
    #[serde(default)]
    pub voice_dir: Option<PathBuf>,
    /// What a scripted engine does; none for `script` of all.
    #[serde(default)]
    pub script: Option<PathBuf>,
    /// The program that speaks, by its path or by its name in a folder of the system; none for the
    /// usual one.
    #[serde(default)]
    pub program: Option<PathBuf>,
    /// Where a server is that speaks; none for the provider's own host.
    #[serde(default)]
    pub url: Option<String>,
    /// Whose habits a server of the kind `openai` has (`kokoro`, `localai`, `vllm-omni`); none for
    /// those of its host.
    #[serde(default)]
    pub server: Option<String>,
    /// The model, as its provider names it; none for the usual one.
    #[serde(default)]
    pub model: Option<String>,
    /// The API key.
    #[serde(default)]
    pub key: Option<Secret>,
    /// A file with the API key in its only line, in the place of `key`.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The project on Google Cloud that is billed.
    #[serde(default)]
    pub project: Option<String>,
    /// The location on Google Cloud, such as `global`, `eu` or `europe-west2`.
    #[serde(default)]
    pub location: Option<String>,
    /// The version of Gemini's API; none for the one that its host is usually asked by.
    #[serde(default)]
    pub api_version: Option<String>,
    /// The voices, as their provider names them; none for all that are known.
    #[serde(default)]
    pub voices: Option<Vec<String>>,
    /// Of `google` the languages whose voices are listed; of the others the languages that their
    /// voices are listed with.
    #[serde(default)]
    pub languages: Option<Vec<String>>,
    /// Samples a second that a server of the kind `openai` speaks with.
    #[serde(default)]
    pub sample_rate: Option<u32>,
    /// Whether a server of the kind `openai` is asked when it says each word.
    #[serde(default)]
    pub word_times: Option<bool>,
    /// A file of more rows of voices and prices, of the form of those that are built in
    /// (`services/tts/data`).
    #[serde(default)]
    pub rows_file: Option<PathBuf>,
    /// Calls at once, by all replicas together, at least 1; none for 4.
    #[serde(default)]
    pub concurrency: Option<u32>,
    /// Requests a minute, by all replicas together; none for no limit of ours.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, by all replicas together; none for no limit of ours.
    #[serde(default)]
    pub tokens_per_minute: Option<u32>,
}

impl EngineConfig {
    /// An engine of this kind, with nothing set.
    #[must_use]
    pub const fn of(kind: EngineKind) -> Self {
        Self {
            kind,
            voice_dir: None,
            script: None,
            program: None,
            url: None,
            server: None,
            model: None,
            key: None,
            key_file: None,
            project: None,
            location: None,
            api_version: None,
            voices: None,
            languages: None,
            sample_rate: None,
            word_times: None,
            rows_file: None,
            concurrency: None,
            requests_per_minute: None,
            tokens_per_minute: None,
        }
    }

    /// The engine that `engine` of the settings names without a table, and what its voices have it
    /// by; none where it names no kind that needs none.
    pub(super) fn short(config: &Config) -> Option<(String, Self)> {
        let kind = EngineKind::SHORT.into_iter().find(|kind| kind.name() == config.engine)?;
        // One that goes wrong as told stands in the place of the one that does not.
        let scripted = kind == EngineKind::Scripted;
        let name = if scripted { tone::NAME } else { kind.name() };
        let script = scripted.then(|| config.script.clone());
        Some((name.to_owned(), Self { script, ..Self::of(kind) }))
    }

    /// Checks what types cannot; `table` is where the settings lie, `engines.NAME`.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub(super) fn check(&self, table: &str) -> Result<(), Failure> {
        let kind = self.kind.name();
        if let Some(key) = self.set()?.into_iter().find(|key| !self.kind.keys().contains(&key.as_str())) {
            let message = match self.kind.keys() {
                [] => format!("an engine of the kind {kind} has no settings; leave {key} out"),
                keys => format!("an engine of the kind {kind} has no {key}, only: {}; leave it out", keys.join(", ")),
            };
            return Err(Failure::invalid(format!("{table}.{key}"), message));
        }
        if self.kind == EngineKind::Scripted && self.script.is_none() {
            return Err(Failure::invalid(
                format!("{table}.script"),
                "a scripted engine follows a script; name its file",
            ));
        }
        let name = table.rsplit('.').next().unwrap_or(table);
        match self.kind {
            EngineKind::Google => GoogleConfig::of(self).check(name, table),
            EngineKind::Gemini => GeminiConfig::of(self).check(name, table),
            EngineKind::OpenAi => OpenAiConfig::of(self).check(name, table),
            EngineKind::Local
            | EngineKind::Kokoro
            | EngineKind::Tone
            | EngineKind::Scripted
            | EngineKind::Espeak
            | EngineKind::Pico => Ok(()),
        }
    }

    /// On what terms it is called; none for an engine that nobody pays.
    #[must_use]
    pub fn terms(&self) -> Option<Terms> {
        match self.kind {
            EngineKind::Google => Some(GoogleConfig::of(self).terms()),
            EngineKind::Gemini => Some(GeminiConfig::of(self).terms()),
            EngineKind::OpenAi => Some(OpenAiConfig::of(self).terms()),
            EngineKind::Local
            | EngineKind::Kokoro
            | EngineKind::Tone
            | EngineKind::Scripted
            | EngineKind::Espeak
            | EngineKind::Pico => None,
        }
    }

    /// The keys that are set, beside `kind`.
    fn set(&self) -> Result<Vec<String>, Failure> {
        let table = serde_json::to_value(self)
            .map_err(|error| Failure::internal(format!("the settings of an engine cannot be written: {error}")))?;
        let keys = table.as_object().into_iter().flatten().filter(|(key, value)| *key != "kind" && !value.is_null());
        Ok(keys.map(|(key, _)| key.clone()).collect())
    }

    /// The folder of the weights of a local voice, or of Kokoro.
    #[must_use]
    pub fn voice_dir(&self, config: &Config) -> PathBuf {
        let usual = || match self.kind {
            EngineKind::Kokoro => config.voice_dir.join(kokoro::NAME),
            EngineKind::Local
            | EngineKind::Tone
            | EngineKind::Scripted
            | EngineKind::Espeak
            | EngineKind::Pico
            | EngineKind::Google
            | EngineKind::Gemini
            | EngineKind::OpenAi => config.voice_dir.clone(),
        };
        self.voice_dir.clone().unwrap_or_else(usual)
    }

    /// The program that speaks; empty for a kind without one.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        let usual = match self.kind {
            EngineKind::Espeak => espeak::PROGRAM,
            EngineKind::Pico => pico::PROGRAM,
            EngineKind::Local
            | EngineKind::Kokoro
            | EngineKind::Tone
            | EngineKind::Scripted
            | EngineKind::Google
            | EngineKind::Gemini
            | EngineKind::OpenAi => "",
        };
        self.program.clone().unwrap_or_else(|| usual.into())
    }
}
