//! The settings of tts: environment over file over defaults.

mod engine;
mod gemini;
mod google;
mod openai;
mod remote;
mod transcription;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lectern_core::Failure;
pub use lectern_provider::BudgetConfig;
use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

pub use self::engine::{EngineConfig, EngineKind};
pub use self::gemini::GeminiConfig;
pub use self::google::GoogleConfig;
pub use self::openai::OpenAiConfig;
pub use self::transcription::TranscriptionConfig;
use crate::engine::local;

/// The most characters of an engine's name.
const LONGEST_NAME: usize = 40;

/// Settings of tts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
    /// The folder of the local voice's weights, for every local engine that names none; `lectern
    /// voice fetch` prepares one.
    pub voice_dir: PathBuf,
    /// Whose voices come first, so that the first of them speaks for orders that name none: a name
    /// of `engines`, or else `local` or `kokoro`, or `tone` and `scripted` for tests without
    /// weights, which need no table there. The voice of `scripted` is that of `tone`.
    pub engine: String,
    /// What the scripted engine does.
    pub script: PathBuf,
    /// Speech engines, by the names that voices have them by (`engines/{name}/voices/...`), beside
    /// the one that `engine` names.
    pub engines: BTreeMap<String, EngineConfig>,
    /// What may be spent on voices that cost money, where a tenant has no budget of his own.
    pub budget: BudgetConfig,
    /// Who listens to what was spoken, before it is kept.
    pub transcription: TranscriptionConfig,
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
            voice_dir: PathBuf::from("voice"),
            engine: local::NAME.to_owned(),
            script: PathBuf::new(),
            engines: BTreeMap::new(),
            budget: BudgetConfig::default(),
            transcription: TranscriptionConfig::default(),
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
        self.transcription.check()?;
        for (name, engine) in &self.engines {
            let key = table(name);
            // A variable's name has no small letters, so names have no capital ones.
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
                let message = format!(
                    "an engine's name has 1 to {LONGEST_NAME} small letters, digits, hyphens and underscores; give it \
                     such a one"
                );
                return Err(Failure::invalid(key, message));
            }
            engine.check(&key)?;
        }
        self.list().map(drop)
    }

    /// Every engine with its name, in the order in which their voices are listed: the one that
    /// `engine` names first, then those of `engines` by their names.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `engine` where there is none of that name.
    pub fn list(&self) -> Result<Vec<(String, EngineConfig)>, Failure> {
        let (name, first) = match self.engines.get(&self.engine) {
            Some(engine) => (self.engine.clone(), engine.clone()),
            None => EngineConfig::short(self).ok_or_else(|| {
                let known = self.engines.keys().map(String::as_str).chain(EngineKind::SHORT.map(EngineKind::name));
                let known = known.collect::<Vec<_>>().join(", ");
                let message = format!("there is no engine {}; name one of: {known}", self.engine);
                Failure::invalid("engine", message)
            })?,
        };
        let others = self.engines.iter().filter(|(other, _)| **other != name);
        let others: Vec<(String, EngineConfig)> = others.map(|(name, engine)| (name.clone(), engine.clone())).collect();
        Ok(std::iter::once((name, first)).chain(others).collect())
    }

    /// The folders of the weights of every local engine.
    ///
    /// # Errors
    /// Those of [`Self::list`].
    pub fn voice_dirs(&self) -> Result<Vec<PathBuf>, Failure> {
        let local = self.list()?.into_iter().filter(|(_, engine)| engine.kind == EngineKind::Local);
        Ok(local.map(|(_, engine)| engine.voice_dir(self)).collect())
    }
}

/// Where the settings of an engine lie.
#[must_use]
pub fn table(name: &str) -> String {
    format!("engines.{name}")
}

#[cfg(test)]
mod tests {
    use lectern_runtime::config::Loader;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Failure> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&Loader::with_environment("LECTERN", variables))
    }

    fn names(config: &Config) -> Vec<(String, EngineKind)> {
        config.list().unwrap().into_iter().map(|(name, engine)| (name, engine.kind)).collect()
    }

    #[test]
    fn one_engine_is_named_shortly() {
        let config = load(&[("LECTERN_VOICE_DIR", "/srv/voice")]).unwrap();
        assert_eq!((config.check(), names(&config)), (Ok(()), vec![("local".to_owned(), EngineKind::Local)]));
        assert_eq!(config.voice_dirs(), Ok(vec![PathBuf::from("/srv/voice")]));
        let tone = load(&[("LECTERN_ENGINE", "tone")]).unwrap();
        assert_eq!(names(&tone), [("tone".to_owned(), EngineKind::Tone)]);
        assert_eq!(tone.voice_dirs(), Ok(Vec::new()));
        let kokoro = load(&[("LECTERN_ENGINE", "kokoro"), ("LECTERN_VOICE_DIR", "/srv/voice")]).unwrap();
        let listed = kokoro.list().unwrap();
        assert_eq!((listed[0].0.as_str(), listed[0].1.kind), ("kokoro", EngineKind::Kokoro));
        assert_eq!(listed[0].1.voice_dir(&kokoro), PathBuf::from("/srv/voice/kokoro"));
        assert_eq!(kokoro.voice_dirs(), Ok(Vec::new()), "those of the local voice");
        let printed = config.print().unwrap();
        assert!(printed.contains("engine = \"local\"") && !printed.contains("[engines."), "{printed}");
    }

    #[test]
    fn others_follow_by_their_names_and_the_default_may_be_one_of_them() {
        let more = [
            ("LECTERN_ENGINES__ESPEAK__KIND", "espeak"),
            ("LECTERN_ENGINES__ESPEAK__PROGRAM", "/opt/espeak-ng"),
            ("LECTERN_ENGINES__BACKUP__KIND", "local"),
            ("LECTERN_ENGINES__BACKUP__VOICE_DIR", "/srv/other"),
        ];
        let config = load(&more).unwrap();
        assert_eq!(config.check(), Ok(()));
        let named = |config: &Config| names(config).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(named(&config), ["local", "backup", "espeak"]);
        assert_eq!(config.voice_dirs().unwrap(), [PathBuf::from("voice"), PathBuf::from("/srv/other")]);
        assert_eq!(config.engines["espeak"].program.as_deref(), Some(std::path::Path::new("/opt/espeak-ng")));
        let first = load(&[&more[..], &[("LECTERN_ENGINE", "espeak")]].concat()).unwrap();
        assert_eq!(named(&first), ["espeak", "backup"]);
        assert!(config.print().unwrap().contains("[engines.espeak]"));
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_by_their_key() {
        let espeak = ("LECTERN_ENGINES__E__KIND", "espeak");
        for (variables, field) in [
            (&[("LECTERN_ENGINE", "lokal")][..], "engine"),
            (&[("LECTERN_ENGINES__AN ENGINE__KIND", "tone")], "engines.an engine"),
            (&[espeak, ("LECTERN_ENGINES__E__VOICE_DIR", "/srv")], "engines.e.voice_dir"),
            (&[("LECTERN_ENGINES__E__KIND", "tone"), ("LECTERN_ENGINES__E__PROGRAM", "p")], "engines.e.program"),
            (&[("LECTERN_ENGINES__E__KIND", "scripted")], "engines.e.script"),
        ] {
            let refused = load(variables).unwrap().check().unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{refused}");
        }
        let unknown = load(&[espeak, ("LECTERN_ENGINES__E__PROGRAMM", "p")]).unwrap_err();
        assert!(unknown.message.contains("programm"), "{unknown}");
        for wrong in [&[("LECTERN_ENGINES__E__KIND", "parrot")][..], &[("LECTERN_ENGINES__E__PROGRAM", "p")]] {
            assert!(load(wrong).is_err(), "{wrong:?}");
        }
    }
}
