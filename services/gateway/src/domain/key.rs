//! An API key: one tenant's way in, or an administrator's. Only the hash of its secret is kept.

use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// The layout of the records that this code writes. Releases that write the first know no roles and
/// no end: to them a reader's key would open as much as any.
pub const SCHEMA: u32 = 2;

/// The last use of a key is told to the hour, so that it is written at most once an hour.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Only looks at what its tenant has.
    Reader,
    /// Also changes it.
    Editor,
    /// Keys, tenants and the work of all.
    Administrator,
}

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The public part of the key.
    pub id: String,
    /// Whose data it opens; none for an administrator's, and for no other.
    pub tenant: Option<TenantId>,
    /// A name for people.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the whole secret.
    pub hash: Digest,
    /// What was asked for, where the call had a request id; the key's id follows from that.
    pub request: Option<Digest>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself, if ever.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The hour in which it was last used.
    pub last_used: Option<Timestamp>,
}

impl Key {
    /// Whether it opens anything at this moment.
    #[must_use]
    pub fn good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|at| now < at)
    }
}

/// The beginning of the hour that a moment is in.
#[must_use]
pub fn hour(at: Timestamp) -> Timestamp {
    let hour = u64::try_from(HOUR.as_millis()).unwrap_or(u64::MAX);
    Timestamp(at.millis() - at.millis() % hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_until_it_is_revoked_or_ends() {
        let mut key = Key {
            id: "0123456789abcdef".to_owned(),
            tenant: None,
            display_name: String::new(),
            role: Role::Administrator,
            hash: Digest::of(b"key"),
            request: None,
            created: Timestamp(0),
            expires: Some(Timestamp(10)),
            revoked: None,
            last_used: None,
        };
        assert!(key.good(Timestamp(9)) && !key.good(Timestamp(10)));
        key.expires = None;
        assert!(key.good(Timestamp(u64::MAX)));
        key.revoked = Some(Timestamp(5));
        assert!(!key.good(Timestamp(6)));
    }

    #[test]
    fn a_use_is_told_to_the_hour() {
        for (at, begin) in [(0, 0), (3_599_999, 0), (3_600_000, 3_600_000), (7_300_000, 7_200_000)] {
            assert_eq!(hour(Timestamp(at)), Timestamp(begin));
        }
    }
}
