//! The settings of an engine of the kind `google`: Google Cloud Text-to-Speech.

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_provider::{Access, Rates, Terms};
use lectern_runtime::Secret;

use super::EngineConfig;
use super::remote::{check_rates, place, rates};
use crate::engine::google;

/// Google Cloud Text-to-Speech: a key, or the application default credentials of a project.
#[derive(Debug, Clone, Default)]
pub struct GoogleConfig {
    /// Where it is; empty for Google's own host of the location.
    pub url: String,
    /// The API key; empty for none.
    pub key: Secret,
    /// A file with the API key in its only line; empty for none.
    pub key_file: PathBuf,
    /// The project whose quota is used; empty for that of the account.
    pub project: String,
    /// `global`, `us`, `eu` or a region; empty for `global`.
    pub location: String,
    /// The voices, as Google names them; empty for all that are listed.
    pub voices: Vec<String>,
    /// The languages whose voices are listed; empty for all.
    pub languages: Vec<String>,
    /// A file of more rows of families, and of newer ones for those that are built in; empty for
    /// none.
    pub rows_file: PathBuf,
    /// On what terms it is called.
    pub rates: Rates,
}

impl GoogleConfig {
    /// Those of an engine's settings.
    #[must_use]
    pub fn of(engine: &EngineConfig) -> Self {
        Self {
            url: engine.url.clone().unwrap_or_default(),
            key: engine.key.clone().unwrap_or_default(),
            key_file: engine.key_file.clone().unwrap_or_default(),
            project: engine.project.clone().unwrap_or_default(),
            location: engine.location.clone().unwrap_or_default(),
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

    /// On what terms it is called. Its prices are the same everywhere.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms { rates: self.rates, account: self.access().account(), place: place("", "") }
    }

    /// Checks what types cannot; `table` is where the settings lie, `engines.NAME`.
    pub(super) fn check(&self, name: &str, table: &str) -> Result<(), Failure> {
        self.access().check(table)?;
        check_rates(&self.rates, table)?;
        google::check(name, self)
    }
}
