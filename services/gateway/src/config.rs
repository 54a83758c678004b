//! The gateway's settings: environment over file over defaults.

use lectern_runtime::Secret;
use lectern_stage::Common;
use serde::{Deserialize, Serialize};

/// Settings of the gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What all services share.
    #[serde(flatten)]
    pub common: Common,
    /// The installation's admin key: who sends it may make, list and revoke API keys. Empty for none.
    pub admin_key: Secret,
}
