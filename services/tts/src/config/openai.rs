//! The settings of an engine of the kind `openai`: a server that speaks by OpenAI's protocol.

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_provider::{Access, Rates, Terms};
use lectern_runtime::Secret;

use super::EngineConfig;
use super::remote::{check_rates, place, rates};
use crate::engine::openai;

/// What a name of a voice has, beside letters and digits, as a part of its resource's name.
const IN_NAMES: [char; 3] = ['-', '_', '.'];

/// A server that speaks by OpenAI's `/v1/audio/speech`.
#[derive(Debug, Clone, Default)]
pub struct OpenAiConfig {
    /// Where it is, up to the version of its API (`http://127.0.0.1:8880/v1`).
    pub url: String,
    /// Whose habits it has: a row of servers; empty for that of its host.
    pub server: String,
    /// The model, as the server names it; empty for the usual one of the server.
    pub model: String,
    /// The API key; empty for none.
    pub key: Secret,
    /// A file with the API key in its only line; empty for none.
    pub key_file: PathBuf,
    /// The voices, as the server names them; empty for those of its row.
    pub voices: Vec<String>,
    /// The languages that all of them speak; empty for those of the row.
    pub languages: Vec<String>,
    /// Samples a second that it speaks with; none for 24,000.
    pub sample_rate: Option<u32>,
    /// Whether it is asked when it says each word, where it can say so; none for where it always
    /// can.
    pub word_times: Option<bool>,
    /// A file of more rows of servers and models, and of newer ones for those that are built in;
    /// empty for none.
    pub rows_file: PathBuf,
    /// On what terms it is called.
    pub rates: Rates,
}

impl OpenAiConfig {
    /// Those of an engine's settings.
    #[must_use]
    pub fn of(engine: &EngineConfig) -> Self {
        Self {
            url: engine.url.clone().unwrap_or_default(),
            server: engine.server.clone().unwrap_or_default(),
            model: engine.model.clone().unwrap_or_default(),
            key: engine.key.clone().unwrap_or_default(),
            key_file: engine.key_file.clone().unwrap_or_default(),
            voices: engine.voices.clone().unwrap_or_default(),
            languages: engine.languages.clone().unwrap_or_default(),
            sample_rate: engine.sample_rate,
            word_times: engine.word_times,
            rows_file: engine.rows_file.clone().unwrap_or_default(),
            rates: rates(engine),
        }
    }

    /// How it is reached.
    #[must_use]
    pub fn access(&self) -> Access<'_> {
        let Self { url, key, key_file, .. } = self;
        Access { url, key, key_file, project: "", location: "" }
    }

    /// On what terms it is called.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms { rates: self.rates, account: self.access().account(), place: place("", "") }
    }

    /// Checks what types cannot; `table` is where the settings lie, `engines.NAME`.
    pub(super) fn check(&self, name: &str, table: &str) -> Result<(), Failure> {
        if self.url.is_empty() {
            let message = "name the server, up to the version of its API, such as http://127.0.0.1:8880/v1";
            return Err(Failure::invalid(format!("{table}.url"), message));
        }
        self.access().check(table)?;
        if self.sample_rate.is_some_and(|rate| !(8_000..=192_000).contains(&rate)) {
            let message = "a voice has 8000 to 192000 samples a second; leave it out for 24000";
            return Err(Failure::invalid(format!("{table}.sample_rate"), message));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || IN_NAMES.contains(&c);
        if let Some(voice) = self.voices.iter().find(|voice| voice.is_empty() || !voice.chars().all(plain)) {
            let message = format!("{voice:?} is no name of a voice: letters, digits, hyphens, underscores and points");
            return Err(Failure::invalid(format!("{table}.voices"), message));
        }
        check_rates(&self.rates, table)?;
        openai::check(name, self)
    }
}
