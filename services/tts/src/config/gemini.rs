//! The settings of an engine of the kind `gemini`: speech of a model of Gemini.

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_provider::{Access, Rates, Terms};
use lectern_runtime::Secret;

use super::EngineConfig;
use super::remote::{check_rates, place, rates};
use crate::engine::gemini;

/// The model that speaks where the settings name none.
const USUAL_MODEL: &str = "gemini-3.8-flash-tts";
/// The location of a project where the settings name none.
const USUAL_LOCATION: &str = "global";

/// A model of Gemini that speaks: the Developer API by a key, or Agent Platform by the application
/// default credentials and a project.
#[derive(Debug, Clone)]
pub struct GeminiConfig {
    /// Where it is; empty for the host that Gemini has for the other settings.
    pub url: String,
    /// The model, as its provider names it.
    pub model: String,
    /// The API key; empty for none.
    pub key: Secret,
    /// A file with the API key in its only line; empty for none.
    pub key_file: PathBuf,
    /// The project on Google Cloud that is billed; empty for the Developer API.
    pub project: String,
    /// The location on Agent Platform.
    pub location: String,
    /// The version of Gemini's API; empty for the one that its host is usually asked by.
    pub api_version: String,
    /// The voices, as Gemini names them; empty for all.
    pub voices: Vec<String>,
    /// The languages that they are listed with; empty for those of the model's row.
    pub languages: Vec<String>,
    /// A file of more rows of models, and of newer ones for those that are built in; empty for
    /// none.
    pub rows_file: PathBuf,
    /// On what terms it is called.
    pub rates: Rates,
}

impl Default for GeminiConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            model: USUAL_MODEL.to_owned(),
            key: Secret::default(),
            key_file: PathBuf::new(),
            project: String::new(),
            location: USUAL_LOCATION.to_owned(),
            api_version: String::new(),
            voices: Vec::new(),
            languages: Vec::new(),
            rows_file: PathBuf::new(),
            rates: Rates::default(),
        }
    }
}

impl GeminiConfig {
    /// Those of an engine's settings.
    #[must_use]
    pub fn of(engine: &EngineConfig) -> Self {
        Self {
            url: engine.url.clone().unwrap_or_default(),
            model: engine.model.clone().unwrap_or_else(|| USUAL_MODEL.to_owned()),
            key: engine.key.clone().unwrap_or_default(),
            key_file: engine.key_file.clone().unwrap_or_default(),
            project: engine.project.clone().unwrap_or_default(),
            location: engine.location.clone().unwrap_or_else(|| USUAL_LOCATION.to_owned()),
            api_version: engine.api_version.clone().unwrap_or_default(),
            voices: engine.voices.clone().unwrap_or_default(),
            languages: engine.languages.clone().unwrap_or_default(),
            rows_file: engine.rows_file.clone().unwrap_or_default(),
            rates: rates(engine),
        }
    }

    /// How it is reached.
    #[must_use]
    pub fn access(&self) -> Access<'_> {
        let Self { url, key, key_file, project, location, .. } = self;
        Access { url, key, key_file, project, location }
    }

    /// On what terms it is called.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let place = place(&self.project, &self.location);
        Terms { rates: self.rates, account: self.access().account(), place }
    }

    /// The model's name without the resources that it may be written below: `models/x`,
    /// `publishers/google/models/x`.
    #[must_use]
    pub fn model_id(&self) -> &str {
        let model = self.model.trim();
        model.rsplit_once("models/").map_or(model, |(_, id)| id)
    }

    /// Checks what types cannot; `table` is where the settings lie, `engines.NAME`.
    pub(super) fn check(&self, name: &str, table: &str) -> Result<(), Failure> {
        self.access().check(table)?;
        if self.access().is_keyless() && self.project.is_empty() {
            let message = "Gemini takes a key, a key_file, or a project with default credentials; set one of them";
            return Err(Failure::invalid(format!("{table}.key"), message));
        }
        check_rates(&self.rates, table)?;
        gemini::check(name, self)
    }
}
