//! The gateway's settings: environment over file over defaults.

use lectern_core::Failure;
use lectern_runtime::Secret;
use lectern_stage::Common;
use serde::{Deserialize, Serialize};

/// Bytes that an admin key needs, so that it cannot be guessed.
const SHORTEST_ADMIN_KEY: usize = 20;

/// Settings of the gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What all services share.
    #[serde(flatten)]
    pub common: Common,
    /// The installation's admin key: who sends it may make, list and revoke API keys. At least 20
    /// bytes (`openssl rand -hex 32` makes one); empty for none.
    pub admin_key: Secret,
    /// How the stages are shared.
    pub dispatch: Dispatch,
    /// How much may wait.
    pub backlog: Backlog,
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self) -> Result<(), Failure> {
        self.common.check()?;
        if !self.admin_key.is_empty() && self.admin_key.expose().len() < SHORTEST_ADMIN_KEY {
            let message = format!(
                "admin_key must have at least {SHORTEST_ADMIN_KEY} bytes, or be empty for none; `openssl rand -hex 32` makes one"
            );
            return Err(Failure::invalid("admin_key", message));
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_key_that_could_be_guessed_is_refused() {
        let config = |admin_key: &str| {
            let common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
            Config { common, admin_key: Secret::new(admin_key), ..Config::default() }
        };
        assert_eq!(config("").check(), Ok(()), "none is made for nobody");
        assert_eq!(config(&"k".repeat(SHORTEST_ADMIN_KEY)).check(), Ok(()));
        for short in ["k", "admin", &"k".repeat(SHORTEST_ADMIN_KEY - 1)] {
            assert_eq!(config(short).check().expect_err(short).field.as_deref(), Some("admin_key"));
        }
    }
}
