//! Tenants: the ids that they are given, what each may use, and whether it may be used at all.

use lectern_core::id::TenantId;
use lectern_core::{Failure, Timestamp};
use serde::{Deserialize, Serialize};

use super::Lane;

/// Tenants that cannot be made, since they mean something: `admin`, for whom administrators call;
/// `local`, who everybody is on an embedded instance; `lectern`, for whom services ask each other;
/// `keys`, under whose secret the page tokens of administrators are sealed.
const RESERVED: [&str; 4] = ["admin", "keys", "lectern", "local"];

/// Reads the id of a tenant that is to be made.
///
/// # Errors
/// `INVALID_FIELD` for `field` where it is no id, does not begin and end with a letter or digit, or
/// means something else in this installation.
pub fn new(field: &str, id: &str) -> Result<TenantId, Failure> {
    let tenant: TenantId = id.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))?;
    let sign = |c: char| !c.is_ascii_alphanumeric();
    if id.starts_with(sign) || id.ends_with(sign) {
        let message = format!("{field} is {id:?}; a tenant's id begins and ends with a letter or digit");
        return Err(Failure::invalid(field, message));
    }
    if RESERVED.iter().any(|reserved| id.eq_ignore_ascii_case(reserved)) {
        let message = format!("{field} is {id:?}, which has a meaning of its own; choose another id");
        return Err(Failure::invalid(field, message));
    }
    Ok(tenant)
}

/// What a tenant may use; what is none is as the installation gives it to everybody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantLimits {
    /// Calls a second on average, in each replica.
    pub requests_per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<u32>,
    /// Calls in flight in a replica, streams included.
    pub concurrent_calls: Option<u32>,
    /// Narrations that are accepted and not finished.
    pub unfinished_narrations: Option<u64>,
    /// Steps of one service that are granted at once.
    pub concurrent_steps: Option<u32>,
    /// Bytes of the sources of its documents that are not erased.
    pub stored_source_bytes: Option<u64>,
    /// Lanes that it may order in, in their order and each once; all where none is named.
    pub lanes: Vec<Lane>,
    /// Millionths of a US dollar that it may spend in a calendar month (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month_micro_usd: Option<u64>,
}

impl TenantLimits {
    /// These limits, and the others where there are none of these.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            requests_per_second: self.requests_per_second.or(others.requests_per_second),
            burst: self.burst.or(others.burst),
            concurrent_calls: self.concurrent_calls.or(others.concurrent_calls),
            unfinished_narrations: self.unfinished_narrations.or(others.unfinished_narrations),
            concurrent_steps: self.concurrent_steps.or(others.concurrent_steps),
            stored_source_bytes: self.stored_source_bytes.or(others.stored_source_bytes),
            lanes: if self.lanes.is_empty() { others.lanes } else { self.lanes },
            month_micro_usd: self.month_micro_usd.or(others.month_micro_usd),
        }
    }

    /// Whether it may order in this lane.
    #[must_use]
    pub fn has_lane(&self, lane: Lane) -> bool {
        self.lanes.is_empty() || self.lanes.contains(&lane)
    }
}

/// Whether a tenant may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// It may.
    Active,
    /// An administrator has suspended it.
    Suspended,
}

impl TenantState {
    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// A tenant, as an administrator made it. One without a record, such as that of the installation's
/// administrators, is active and has no limits of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Its id, and the record's.
    pub id: TenantId,
    /// A name for people.
    pub display_name: String,
    /// What it may use.
    pub limits: TenantLimits,
    /// Whether it may be used.
    pub state: TenantState,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Grows with every change; the etag.
    pub version: u64,
}

impl TenantRecord {
    /// A tenant that was made at this moment, with the limits of everybody.
    #[must_use]
    pub fn new(id: TenantId, now: Timestamp) -> Self {
        let (display_name, limits) = (String::new(), TenantLimits::default());
        Self { id, display_name, limits, state: TenantState::Active, created: now, updated: now, version: 1 }
    }

    /// This tenant after a change of its own data; `None` where it changes nothing.
    #[must_use]
    pub fn changed(&self, now: Timestamp, change: impl FnOnce(&mut Self)) -> Option<Self> {
        let mut changed = self.clone();
        change(&mut changed);
        if changed == *self {
            return None;
        }
        changed.updated = now;
        changed.version += 1;
        Some(changed)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    #[test]
    fn tenants_are_readable_and_mean_nothing_else() {
        for id in ["acme", "t1", "7", "a-b_c", "Admins", "local-paper"] {
            assert_eq!(new("tenant", id).map(|tenant| tenant.to_string()), Ok(id.to_owned()));
        }
        for id in ["", "-", "_", "-acme", "acme-", "_x", "a b", "admin", "Admin", "LOCAL", "lectern", "keys"] {
            let failure = new("tenant", id).expect_err(id);
            assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("tenant")), "{id}");
        }
    }

    #[test]
    fn what_is_not_set_is_as_everybody_has_it() {
        let everybody = TenantLimits {
            requests_per_second: Some(50.0),
            burst: Some(200),
            lanes: Lane::ALL.to_vec(),
            ..TenantLimits::default()
        };
        let own = TenantLimits { burst: Some(3), concurrent_steps: Some(1), ..TenantLimits::default() };
        let both = own.clone().or(everybody.clone());
        assert_eq!((both.requests_per_second, both.burst, both.concurrent_steps), (Some(50.0), Some(3), Some(1)));
        assert_eq!((both.stored_source_bytes, both.lanes), (None, Lane::ALL.to_vec()));
        let own = TenantLimits { lanes: vec![Lane::Bulk], ..own };
        assert!(own.has_lane(Lane::Bulk) && !own.has_lane(Lane::Standard) && everybody.has_lane(Lane::Standard));
        assert_eq!(own.or(everybody).lanes, [Lane::Bulk]);
    }

    #[test]
    fn a_version_grows_with_every_change_and_with_nothing_else() {
        let tenant = TenantRecord::new("acme".parse().expect("an id"), Timestamp(1));
        assert_eq!(tenant.changed(Timestamp(2), |tenant| tenant.display_name = String::new()), None);
        let suspended = tenant.changed(Timestamp(2), |tenant| tenant.state = TenantState::Suspended);
        let suspended = suspended.expect("a change");
        assert_eq!((suspended.version, suspended.created, suspended.updated), (2, Timestamp(1), Timestamp(2)));
        let json = serde_json::to_value(&suspended).expect("json");
        assert_eq!(json["state"], TenantState::Suspended.as_str());
    }
}
