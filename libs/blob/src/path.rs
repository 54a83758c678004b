//! Names of objects. They follow from ids and digests, never from a caller's text, and are checked
//! all the same: a name that leaves its tenant's folder would be a read across tenants (invariant
//! I6).

use std::fmt;
use std::str::FromStr;

use lectern_core::Failure;
use lectern_core::id::{ScopeId, TenantId};

/// Longest path, in bytes.
pub const MAX_PATH: usize = 512;
/// Longest part of a path, in bytes: what file systems allow for a name.
pub const MAX_PART: usize = 255;

/// Why a text does not name an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not name an object: expected at most 512 bytes of A-Z, a-z, 0-9, '.', '_' and '-' in parts divided by \
     '/', none empty, '.' or '..' or over 255 bytes"
)]
pub struct NotAPath(String);

impl NotAPath {
    fn of(text: &str) -> Self {
        Self(text.chars().take(MAX_PATH).collect())
    }
}

impl From<NotAPath> for Failure {
    fn from(error: NotAPath) -> Self {
        Self::internal(error.to_string())
    }
}

fn valid(text: &str) -> bool {
    let part = |part: &str| {
        (1..=MAX_PART).contains(&part.len())
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    text.len() <= MAX_PATH && text.split('/').all(part)
}

/// The name of an object: a relative path such as `{tenant}/{scope}/content/{key}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath(String);

impl ObjectPath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`NotAPath`] when a part is empty, `.` or `..`, too long, or has other characters than
    /// letters, digits, `.`, `_` and `-`.
    pub fn new(path: impl Into<String>) -> Result<Self, NotAPath> {
        let path = path.into();
        if valid(&path) { Ok(Self(path)) } else { Err(NotAPath::of(&path)) }
    }

    /// The object `name` in `folder` (`content`, `segment`, ...) of a scope.
    ///
    /// # Errors
    /// [`NotAPath`] for a folder or name that has no place in a path.
    pub fn in_scope(
        tenant: &TenantId,
        scope: &ScopeId,
        folder: &str,
        name: impl fmt::Display,
    ) -> Result<Self, NotAPath> {
        Self::new(format!("{tenant}/{scope}/{folder}/{name}"))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders and the name at their end.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

impl FromStr for ObjectPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        Self::new(text)
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A folder of objects: empty for all of them, or a path that ends with `/`, so that `a/b` never
/// covers `a/bc`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix(String);

impl Prefix {
    /// Every object.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Everything under the folder `path`, which is written without the last `/`.
    ///
    /// # Errors
    /// [`NotAPath`] as for [`ObjectPath::new`].
    pub fn new(path: &str) -> Result<Self, NotAPath> {
        if valid(path) { Ok(Self(format!("{path}/"))) } else { Err(NotAPath::of(path)) }
    }

    /// All of a tenant's objects.
    #[must_use]
    pub fn tenant(tenant: &TenantId) -> Self {
        Self(format!("{tenant}/"))
    }

    /// All objects of a scope: what is erased as one.
    #[must_use]
    pub fn scope(tenant: &TenantId, scope: &ScopeId) -> Self {
        Self(format!("{tenant}/{scope}/"))
    }

    /// The prefix as text, empty or with a `/` at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path` lies under it.
    #[must_use]
    pub fn covers(&self, path: &ObjectPath) -> bool {
        path.0.starts_with(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        for good in ["a", "t/s/content/0af1", "T-1/s_2/audio/a.opus", "a/..b", &"x/".repeat(255), &"y".repeat(255)] {
            let good = good.trim_end_matches('/');
            assert_eq!(ObjectPath::new(good).map(|p| p.to_string()), Ok(good.to_owned()));
        }
        for bad in
            ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "a\\b", "ä", "a\0", &"y".repeat(256)]
        {
            assert!(ObjectPath::new(bad).is_err(), "{bad:?}");
        }
        assert!(ObjectPath::new("x/".repeat(300) + "x").is_err());
    }

    #[test]
    fn a_prefix_covers_a_folder_and_not_its_namesakes() {
        let prefix = Prefix::new("a/b").unwrap();
        assert!(prefix.covers(&"a/b/c".parse().unwrap()));
        assert!(!prefix.covers(&"a/bc/d".parse().unwrap()));
        assert!(Prefix::all().covers(&"a".parse().unwrap()));
    }
}
