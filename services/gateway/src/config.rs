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
    /// The installation's admin key: who sends it may make, list and revoke API keys. Empty for
    /// none.
    pub admin_key: Secret,
    /// How the stages are shared.
    pub dispatch: Dispatch,
    /// How much may wait.
    pub backlog: Backlog,
}

/// How the stages are shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dispatch {
    /// Most steps of one tenant that are granted at once, of each stage service.
    pub per_tenant: usize,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self { per_tenant: 64 }
    }
}

/// How many unfinished narrations are taken; new ones are refused beyond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backlog {
    /// Of all tenants together.
    pub most: u64,
    /// Of one tenant.
    pub per_tenant: u64,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { most: 1_000_000, per_tenant: 100_000 }
    }
}
