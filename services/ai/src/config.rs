//! The settings of ai: environment over file over defaults.

use lectern_stage::Common;
use serde::{Deserialize, Serialize};

/// Settings of ai.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What all services share.
    #[serde(flatten)]
    pub common: Common,
}
