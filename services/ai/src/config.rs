//! The settings of ai: environment over file over defaults.

use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

/// Settings of ai, which has none of its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}
