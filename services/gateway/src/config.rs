//! The gateway's settings: environment over file over defaults.

use std::net::SocketAddr;
use std::time::Duration;

use lectern_core::Failure;
use lectern_rpc::LimitsConfig;
use lectern_runtime::Secret;
use lectern_runtime::config::duration;
use lectern_stage::Common;
use lectern_stage::config::Settings;
use serde::{Deserialize, Serialize};

use crate::domain::TenantLimits;

/// Audit records are kept for this long at least: whoever looks into what happened needs a day.
const SHORTEST_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes that an admin key needs, so that it cannot be guessed.
const SHORTEST_ADMIN_KEY: usize = 20;

/// Settings of the gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all services share.
    #[serde(skip)]
    pub common: Common,
    /// The installation's admin key: who sends it may make, list and revoke API keys. At least 20
    /// bytes (`openssl rand -hex 32` makes one); empty for none.
    pub admin_key: Secret,
    /// The other admin key while that is changed, which is taken too; empty for none.
    pub admin_key_previous: Secret,
    /// How the stages are shared.
    pub dispatch: Dispatch,
    /// How much may wait.
    pub backlog: Backlog,
    /// What is recorded of administrators.
    pub audit: Audit,
    /// How others learn how many workers there should be.
    pub scaler: Scaler,
}

impl Config {
    /// What a tenant may use that has no limits of its own, where calls are served under `limits`.
    #[must_use]
    pub fn tenant_limits(&self, limits: &LimitsConfig) -> TenantLimits {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        TenantLimits {
            requests_per_second: Some(limits.requests_per_second),
            burst: Some(limits.burst),
            concurrent_calls: Some(count(limits.calls_per_tenant)),
            unfinished_narrations: Some(self.backlog.per_tenant),
            concurrent_steps: Some(count(self.dispatch.per_tenant)),
            stored_source_bytes: None,
            lanes: Vec::new(),
            // The stage that pays has its own setting for it.
            month_micro_usd: None,
        }
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self) -> Result<(), Failure> {
        self.common.check()?;
        for (field, key) in [("admin_key", &self.admin_key), ("admin_key_previous", &self.admin_key_previous)] {
            if !key.is_empty() && key.expose().len() < SHORTEST_ADMIN_KEY {
                let message = format!(
                    "{field} must have at least {SHORTEST_ADMIN_KEY} bytes, or be empty for none; `openssl rand -hex 32` makes one"
                );
                return Err(Failure::invalid(field, message));
            }
        }
        if self.audit.kept < SHORTEST_KEPT {
            return Err(Failure::invalid("audit.kept", "write a day (`1d`) or more"));
        }
        Ok(())
    }
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
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

/// What is recorded of administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// How long a record is kept; a day or more.
    #[serde(with = "duration")]
    pub kept: Duration,
}

impl Default for Audit {
    fn default() -> Self {
        Self { kept: Duration::from_secs(400 * 24 * 60 * 60) }
    }
}

/// How others learn how many workers there should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaler {
    /// Address and port on which KEDA's contract of an external scaler is served, in plain text and
    /// to everybody who reaches it; port 0 takes a free one. Nowhere when unset.
    pub listen: Option<SocketAddr>,
}

#[cfg(test)]
mod tests {
    use lectern_runtime::config::Loader;

    use super::*;

    #[test]
    fn the_limits_of_everybody_are_the_settings() {
        let config = Config { backlog: Backlog { most: 9, per_tenant: 7 }, ..Config::default() };
        let limits = config.tenant_limits(&LimitsConfig { calls_per_tenant: 3, ..LimitsConfig::default() });
        let expected = TenantLimits {
            requests_per_second: Some(50.0),
            burst: Some(200),
            concurrent_calls: Some(3),
            unfinished_narrations: Some(7),
            concurrent_steps: Some(64),
            ..TenantLimits::default()
        };
        assert_eq!(limits, expected);
    }

    #[test]
    fn its_own_settings_lie_beside_those_of_all_and_another_key_is_refused_by_name() {
        let load = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Config::load(&Loader::with_environment("LECTERN", variables))
        };
        let config = load(&[
            ("LECTERN_ADMIN_KEY", "kkkkkkkkkkkkkkkkkkkk"),
            ("LECTERN_DISPATCH__PER_TENANT", "7"),
            ("LECTERN_BACKLOG__MOST", "9"),
            ("LECTERN_AUDIT__KEPT", "3d"),
            ("LECTERN_SCALER__LISTEN", "0.0.0.0:7420"),
            ("LECTERN_TTS__URL", "http://tts:7403"),
        ]);
        let config = config.expect("settings");
        assert_eq!((config.admin_key.expose().len(), config.dispatch.per_tenant, config.backlog.most), (20, 7, 9));
        assert_eq!((config.audit.kept, config.common.tts.url.as_str()), (3 * SHORTEST_KEPT, "http://tts:7403"));
        assert_eq!(config.scaler.listen, Some(SocketAddr::from(([0, 0, 0, 0], 7420))));
        assert_eq!(load(&[]).expect("settings").scaler.listen, None, "it is served where somebody says so");
        for (variable, key) in [
            ("LECTERN_ADMINKEY", "adminkey"),
            ("LECTERN_DISPATCH__TENANT", "dispatch.tenant"),
            ("LECTERN_AUDIT__KEEP", "audit.keep"),
        ] {
            let refused = load(&[(variable, "1")]).expect_err(variable);
            assert_eq!(refused.field.as_deref(), Some(key));
            assert!(refused.message.contains(variable), "{refused}");
        }
    }

    #[test]
    fn audit_records_are_kept_for_a_day_or_more() {
        let config = |kept: Duration| {
            let common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
            Config { common, audit: Audit { kept }, ..Config::default() }
        };
        assert_eq!(config(Audit::default().kept).check(), Ok(()));
        assert_eq!(config(SHORTEST_KEPT).check(), Ok(()));
        let short = config(SHORTEST_KEPT - Duration::from_secs(1)).check().expect_err("short");
        assert_eq!(short.field.as_deref(), Some("audit.kept"));
    }

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
            let other = Config { admin_key_previous: Secret::new(short), ..config("") };
            assert_eq!(other.check().expect_err(short).field.as_deref(), Some("admin_key_previous"));
        }
    }
}
