//! The settings of tts: environment over file over defaults.

use std::path::PathBuf;

use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

/// Settings of tts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
    /// The folder of the local voice's weights; `lectern voice fetch` prepares one.
    pub voice_dir: PathBuf,
    /// The speech engine: `local`, or `tone` and `scripted` for tests without weights.
    pub engine: Engine,
    /// What the scripted engine does.
    pub script: PathBuf,
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}

/// A speech engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The local neural voice.
    Local,
    /// Sine tones: for tests.
    Tone,
    /// Tones that are noted in a ledger and go wrong as a script says: for tests of whole
    /// processes.
    Scripted,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            common: Common::default(),
            voice_dir: PathBuf::from("voice"),
            engine: Engine::Local,
            script: PathBuf::new(),
        }
    }
}
