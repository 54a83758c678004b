//! The settings of what is kept.

use std::time::Duration;

use lectern_core::Failure;
use serde::{Deserialize, Serialize};

/// The least retention: messages, calls and clocks are never as late.
const LEAST_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How long records of what is over are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// From the end of what a record is about to its deletion; at least one day.
    #[serde(with = "lectern_runtime::config::duration")]
    pub after: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { after: Duration::from_secs(30 * 24 * 60 * 60) }
    }
}

impl Retention {
    /// Checks what types cannot.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.after < LEAST_RETENTION {
            return Err(Failure::invalid("retention.after", "retention.after must be at least one day, 24h"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lectern_runtime::Secret;

    use super::*;
    use crate::config::Common;

    #[test]
    fn what_is_over_is_kept_for_thirty_days_and_never_for_less_than_one() {
        let common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
        assert_eq!((common.check(), common.retention.after), (Ok(()), 30 * LEAST_RETENTION));
        for (after, refused) in [(LEAST_RETENTION, None), (LEAST_RETENTION / 2, Some("retention.after"))] {
            let checked = Common { retention: Retention { after }, ..common.clone() }.check();
            assert_eq!(checked.err().and_then(|failure| failure.field).as_deref(), refused);
        }
    }
}
