//! The settings of one writer with words of its own.

use std::path::PathBuf;

use lectern_core::Failure;
use lectern_provider::Access;
use lectern_runtime::Secret;
use serde::{Deserialize, Serialize};

use crate::model::{ModelRow, Provider, Rows};

/// The highest temperature that any provider takes.
const HOTTEST: f32 = 2.0;

/// Whose wire a model is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriterKind {
    /// Google's Gemini: the Developer API by a key, or Agent Platform by the application default
    /// credentials and a project.
    Gemini,
    /// OpenAI, and every server that speaks its protocol.
    #[serde(rename = "openai")]
    OpenAi,
}

/// A writer with words of its own: a model, and how it is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriterConfig {
    /// Whose wire it is behind: `gemini` or `openai`.
    pub kind: WriterKind,
    /// Where it is, up to the version of its API (`http://127.0.0.1:11434/v1`); empty for the host
    /// that Gemini has for the other settings.
    pub url: String,
    /// The model, as its provider names it.
    pub model: String,
    /// The API key; empty for none.
    pub key: Secret,
    /// A file with the API key in its only line, in the place of `key`; empty for none.
    pub key_file: PathBuf,
    /// The project on Google Cloud that is billed, for Agent Platform; empty for the Developer API.
    pub project: String,
    /// The location on Agent Platform, such as `global`, `us` or `europe-west4`.
    pub location: String,
    /// The version of Gemini's API; empty for the one that its host is usually asked by.
    pub api_version: String,
    /// How freely it chooses its words, 0.0 to 2.0, for a model that takes it; none for the
    /// provider's own.
    pub temperature: Option<f32>,
    /// How much it thinks before it answers, as the provider names the level; none for the usual of
    /// the model.
    pub thinking: Option<String>,
    /// Calls of its model at once, by all replicas together, at least 1.
    pub concurrency: usize,
    /// Requests a minute, by all replicas together; 0 for no limit of ours.
    pub requests_per_minute: u32,
    /// Tokens a minute, of prompts and answers, by all replicas together; 0 for no limit of ours.
    pub tokens_per_minute: u32,
    /// Other writers with words of their own, by their names, which write in this order what the
    /// model of this one cannot; none unless they are named. Whoever orders this writer allows
    /// that.
    pub others: Vec<String>,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            kind: WriterKind::OpenAi,
            url: String::new(),
            model: String::new(),
            key: Secret::default(),
            key_file: PathBuf::new(),
            project: String::new(),
            location: "global".to_owned(),
            api_version: String::new(),
            temperature: None,
            thinking: None,
            concurrency: 4,
            requests_per_minute: 0,
            tokens_per_minute: 0,
            others: Vec::new(),
        }
    }
}

impl WriterConfig {
    /// Checks what types cannot; `table` is where the settings lie, `writers.NAME`.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub(super) fn check(&self, table: &str) -> Result<(), Failure> {
        let wrong = |key: &str, message: &str| Err(Failure::invalid(format!("{table}.{key}"), message));
        if self.model.trim().is_empty() {
            return wrong("model", "a writer needs a model; name it as its provider does");
        }
        if self.temperature.is_some_and(|temperature| !(0.0..=HOTTEST).contains(&temperature)) {
            return wrong("temperature", "a temperature is from 0.0 to 2.0; leave it out for the provider's own");
        }
        if self.concurrency == 0 {
            return wrong("concurrency", "a writer makes at least one call at once; set 1 or more");
        }
        self.access().check(table)?;
        match self.kind {
            WriterKind::Gemini if self.access().is_keyless() && self.project.is_empty() => {
                wrong("key", "Gemini takes a key, a key_file, or a project with default credentials; set one of them")
            }
            WriterKind::OpenAi if self.url.is_empty() => {
                wrong("url", "name the server, up to the version of its API, such as http://127.0.0.1:11434/v1")
            }
            WriterKind::OpenAi if !self.project.is_empty() => {
                wrong("project", "a project is for Gemini on Google Cloud; leave it out")
            }
            WriterKind::OpenAi if !self.api_version.is_empty() => {
                wrong("api_version", "the version is a part of the URL here; leave it out")
            }
            WriterKind::Gemini | WriterKind::OpenAi => Ok(()),
        }
    }

    /// How its provider is reached.
    #[must_use]
    pub fn access(&self) -> Access<'_> {
        let Self { url, key, key_file, project, location, .. } = self;
        Access { url, key, key_file, project, location }
    }

    /// Whose wire it is behind, as rows of models have it.
    #[must_use]
    pub const fn provider(&self) -> Provider {
        match self.kind {
            WriterKind::Gemini => Provider::Gemini,
            WriterKind::OpenAi => Provider::OpenAi,
        }
    }

    /// The model's name without the resources that it may be written below: `models/x`,
    /// `publishers/google/models/x`.
    #[must_use]
    pub fn model_id(&self) -> &str {
        let model = self.model.trim();
        model.rsplit_once("models/").map_or(model, |(_, id)| id)
    }

    /// What is known of its model.
    #[must_use]
    pub fn row(&self, rows: &Rows) -> Option<ModelRow> {
        rows.model(self.provider(), self.model_id())
    }

    /// What is known of its model, and that it thinks at the level of the settings.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key below `table` for a model of which nothing is known, and a
    /// level that it does not have.
    pub fn known(&self, table: &str, rows: &Rows) -> Result<ModelRow, Failure> {
        let id = self.model_id();
        let row = self.row(rows).ok_or_else(|| {
            let known: Vec<&str> = rows.of(self.provider()).map(|row| row.id.as_str()).collect();
            let message = format!(
                "nothing is known of the limits of {id}; name one of: {}, or give it a row in models_file",
                known.join(", ")
            );
            Failure::invalid(format!("{table}.model"), message)
        })?;
        if let (Some(level), Some(thinking)) = (&self.thinking, &row.thinking)
            && !thinking.levels.iter().any(|known| known.eq_ignore_ascii_case(level))
        {
            let message = format!("{id} thinks at one of these levels: {}; name one", thinking.levels.join(", "));
            return Err(Failure::invalid(format!("{table}.thinking"), message));
        }
        Ok(row)
    }

    /// The API key, from the settings or from its file; none where there is none.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a file that cannot be read, or has no key; the key itself is in no
    /// message.
    pub fn api_key(&self, table: &str) -> Result<Option<Secret>, Failure> {
        self.access().api_key(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gemini() -> WriterConfig {
        WriterConfig {
            kind: WriterKind::Gemini,
            model: "gemini-3.8-flash".to_owned(),
            key: Secret::new("k"),
            ..WriterConfig::default()
        }
    }

    fn local() -> WriterConfig {
        WriterConfig { model: "m".to_owned(), url: "http://127.0.0.1:1/v1".to_owned(), ..WriterConfig::default() }
    }

    #[test]
    fn a_writer_that_could_be_reached_passes_and_others_name_what_is_wrong() {
        let by_project = WriterConfig { key: Secret::default(), project: "p".to_owned(), ..gemini() };
        let by_file = WriterConfig { key: Secret::default(), key_file: "key".into(), ..gemini() };
        let keyless = WriterConfig { url: "http://models.example.com/v1".to_owned(), ..local() };
        let keyed = WriterConfig { key: Secret::new("k"), ..local() };
        let far =
            WriterConfig { key: Secret::new("k"), url: "https://models.example.com/v1?v=1".to_owned(), ..local() };
        for fits in [gemini(), by_project, by_file, local(), keyless, keyed, far] {
            assert_eq!(fits.check("writers.w"), Ok(()), "{fits:?}");
        }
        for (writer, key) in [
            (WriterConfig { model: " ".to_owned(), ..gemini() }, "model"),
            (WriterConfig { url: "localhost:1".to_owned(), ..gemini() }, "url"),
            (WriterConfig { url: "http://[".to_owned(), ..local() }, "url"),
            (WriterConfig { url: "https://u:p@models.example.com/v1".to_owned(), ..local() }, "url"),
            (WriterConfig { url: "https://models.example.com/v1?api_key=k".to_owned(), ..local() }, "url"),
            (WriterConfig { url: "http://models.example.com".to_owned(), ..gemini() }, "url"),
            (WriterConfig { key_file: "key".into(), ..gemini() }, "key_file"),
            (WriterConfig { key: Secret::default(), ..gemini() }, "key"),
            (WriterConfig { temperature: Some(2.1), ..gemini() }, "temperature"),
            (WriterConfig { temperature: Some(f32::NAN), ..gemini() }, "temperature"),
            (WriterConfig { concurrency: 0, ..gemini() }, "concurrency"),
            (WriterConfig { url: String::new(), ..local() }, "url"),
            (WriterConfig { project: "p".to_owned(), ..local() }, "project"),
            (WriterConfig { api_version: "v1".to_owned(), ..local() }, "api_version"),
        ] {
            let refused = writer.check("writers.w").unwrap_err();
            assert_eq!(refused.field, Some(format!("writers.w.{key}")), "{refused}");
        }
    }

    #[test]
    fn a_key_is_read_from_its_file_and_told_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let path = folder.path().join("key");
            std::fs::write(&path, text).unwrap();
            WriterConfig { key: Secret::default(), key_file: path, ..gemini() }
        };
        let read = file("the-key\n").api_key("writers.w").unwrap().unwrap();
        assert_eq!(read.expose(), "the-key");
        for wrong in ["", "\n", "the-key\nanother-key"] {
            let refused = file(wrong).api_key("writers.w").unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("writers.w.key_file"));
            assert!(!refused.message.contains("the-key"), "{refused}");
        }
        let missing = WriterConfig { key_file: folder.path().join("none"), ..file("") };
        assert!(missing.api_key("writers.w").unwrap_err().message.contains("cannot be read"));
        assert!(local().api_key("writers.w").unwrap().is_none());
        assert_eq!(gemini().api_key("writers.w").unwrap().unwrap().expose(), "k");
    }
}
