//! The settings of ai: environment over file over defaults.

mod writer;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lectern_core::Failure;
pub use lectern_provider::BudgetConfig;
use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

pub use self::writer::{WriterConfig, WriterKind};
use crate::engine::DEFAULT_WRITER;
use crate::model::Rows;

/// The most characters of a writer's name.
const LONGEST_NAME: usize = 40;
/// The most other writers of a writer.
const MOST_OTHERS: usize = 4;

/// Settings of ai.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
    /// Who writes scripts of orders that name nobody: `extractive`, or a name of `writers`.
    pub default_writer: String,
    /// Writers with words of their own, beside `extractive`, by the names that orders choose them
    /// by.
    pub writers: BTreeMap<String, WriterConfig>,
    /// A file of more rows of models, and of newer ones for those that are built in; empty for
    /// none.
    pub models_file: PathBuf,
    /// What may be spent on writers that cost money, where a tenant has no budget of his own.
    pub budget: BudgetConfig,
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            common: Common::default(),
            default_writer: DEFAULT_WRITER.to_owned(),
            writers: BTreeMap::new(),
            models_file: PathBuf::new(),
            budget: BudgetConfig::default(),
        }
    }
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self) -> Result<(), Failure> {
        self.budget.limits()?;
        for (name, writer) in &self.writers {
            let key = format!("writers.{name}");
            if name == DEFAULT_WRITER {
                let message = "this is the name of the writer that is always there; give this one another";
                return Err(Failure::invalid(key, message));
            }
            // A variable's name has no small letters, so names have no capital ones.
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
                let message = format!(
                    "a writer's name has 1 to {LONGEST_NAME} small letters, digits, hyphens and underscores; give it \
                     such a one"
                );
                return Err(Failure::invalid(key, message));
            }
            writer.check(&key)?;
            self.check_others(name, writer)?;
        }
        if !self.writers.is_empty() {
            let rows = self.models()?;
            for (name, writer) in &self.writers {
                writer.known(&format!("writers.{name}"), &rows)?;
            }
        }
        if self.default_writer != DEFAULT_WRITER && !self.writers.contains_key(&self.default_writer) {
            let known = std::iter::once(DEFAULT_WRITER).chain(self.writers.keys().map(String::as_str));
            let known = known.collect::<Vec<_>>().join(", ");
            let message = format!("there is no writer {}; name one of: {known}", self.default_writer);
            return Err(Failure::invalid("default_writer", message));
        }
        Ok(())
    }

    /// Checks who writes what the writer `name` cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    fn check_others(&self, name: &str, writer: &WriterConfig) -> Result<(), Failure> {
        let wrong = |message: String| Err(Failure::invalid(format!("writers.{name}.others"), message));
        if writer.others.len() > MOST_OTHERS {
            return wrong(format!("at most {MOST_OTHERS} others write for a writer; name those"));
        }
        for (at, other) in writer.others.iter().enumerate() {
            if other == name || writer.others.iter().take(at).any(|before| before == other) {
                return wrong(format!("{other} is named twice; name each other writer once, and not this one"));
            }
            match self.writers.get(other) {
                None => return wrong(format!("there is no writer {other} with words of its own; name one of writers")),
                Some(named) if !named.others.is_empty() => {
                    return wrong(format!("{other} has others itself; name those here, or a writer without any"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// What is known of models: the built-in rows, and those of `models_file`.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a file that cannot be read.
    pub fn models(&self) -> Result<Rows, Failure> {
        let rows = Rows::built_in()?;
        if self.models_file.as_os_str().is_empty() {
            return Ok(rows);
        }
        let text = std::fs::read_to_string(&self.models_file).map_err(|error| {
            let message = format!("the file {} cannot be read: {error}", self.models_file.display());
            Failure::invalid("models_file", message)
        })?;
        rows.with(&text)
    }
}

#[cfg(test)]
mod tests {
    use lectern_runtime::config::Loader;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Failure> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&Loader::with_environment("LECTERN", variables))
    }

    #[test]
    fn a_writer_is_named_by_the_environment_and_its_key_is_not_shown() {
        let config = load(&[
            ("LECTERN_WRITERS__GEMINI__KIND", "gemini"),
            ("LECTERN_WRITERS__GEMINI__MODEL", "gemini-3.8-flash"),
            ("LECTERN_WRITERS__GEMINI__KEY", "a-key-that-nobody-sees"),
            ("LECTERN_WRITERS__GEMINI__CONCURRENCY", "2"),
            ("LECTERN_DEFAULT_WRITER", "gemini"),
        ])
        .unwrap();
        assert_eq!((config.check(), config.default_writer.as_str()), (Ok(()), "gemini"));
        let writer = &config.writers["gemini"];
        assert_eq!((writer.kind, writer.concurrency), (WriterKind::Gemini, 2));
        assert_eq!(writer.key.expose(), "a-key-that-nobody-sees");
        let printed = config.print().unwrap();
        assert!(printed.contains("[writers.gemini]") && printed.contains("key = \"***\""), "{printed}");
        assert!(!printed.contains("nobody-sees") && !format!("{config:?}").contains("nobody-sees"));
    }

    #[test]
    fn by_default_the_document_s_own_words_are_said() {
        let config = load(&[]).unwrap();
        assert_eq!((config.check(), config.default_writer.as_str()), (Ok(()), DEFAULT_WRITER));
        assert!(config.writers.is_empty());
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_by_their_key() {
        let model = ("LECTERN_WRITERS__W__MODEL", "m");
        let url = ("LECTERN_WRITERS__W__URL", "http://127.0.0.1:11434/v1");
        for (variables, field) in [
            (&[("LECTERN_DEFAULT_WRITER", "gemini")][..], "default_writer"),
            (&[("LECTERN_WRITERS__EXTRACTIVE__MODEL", "m")], "writers.extractive"),
            (&[("LECTERN_WRITERS__A WRITER__MODEL", "m")], "writers.a writer"),
            (&[url], "writers.w.model"),
            (&[model], "writers.w.url"),
            (&[model, url, ("LECTERN_MODELS_FILE", "/nowhere/models.toml")], "models_file"),
            (
                &[
                    ("LECTERN_WRITERS__W__KIND", "gemini"),
                    ("LECTERN_WRITERS__W__MODEL", "gemini-9"),
                    ("LECTERN_WRITERS__W__KEY", "k"),
                ],
                "writers.w.model",
            ),
        ] {
            let refused = load(variables).unwrap().check().unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{refused}");
        }
        let unknown = load(&[model, ("LECTERN_WRITERS__W__MODLE", "m")]).unwrap_err();
        assert!(unknown.message.contains("modle"), "{unknown}");
        assert!(load(&[model, ("LECTERN_WRITERS__W__KIND", "oracle")]).is_err());
    }

    #[test]
    fn others_of_a_writer_are_writers_with_words_of_their_own() {
        let local = || WriterConfig {
            model: "m".to_owned(),
            url: "http://127.0.0.1:11434/v1".to_owned(),
            ..WriterConfig::default()
        };
        let with = |others: &[&str]| {
            let others = others.iter().map(|name| (*name).to_owned()).collect();
            let chained = WriterConfig { others: vec!["c".to_owned()], ..local() };
            let named = |name: &str, writer: WriterConfig| (name.to_owned(), writer);
            let writers = [named("a", WriterConfig { others, ..local() }), named("b", chained), named("c", local())];
            Config { writers: writers.into_iter().collect(), ..Config::default() }.check()
        };
        assert_eq!(with(&["c"]), Ok(()));
        assert_eq!(with(&[]), Ok(()));
        for others in [&["a"][..], &["c", "c"], &["extractive"], &["nobody"], &["b"], &["c", "d", "e", "f", "g"]] {
            let refused = with(others).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("writers.a.others"), "{others:?}: {refused}");
        }
    }
}
