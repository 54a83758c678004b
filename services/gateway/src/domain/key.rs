//! An API key: one tenant's way in. Only the hash of its secret is kept.

use lectern_core::id::TenantId;
use lectern_core::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The public part of the key.
    pub id: String,
    /// Whose data it opens.
    pub tenant: TenantId,
    /// A name for people.
    pub display_name: String,
    /// SHA-256 of the whole secret.
    pub hash: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}
