//! Where objects lie: `gs://bucket/prefix`.

use google_cloud_storage::model::Object;
use lectern_core::{Failure, Timestamp};

use crate::{BlobError, ObjectInfo, ObjectPath, Prefix};

/// The longest prefix in bytes: with [`crate::path::MAX_PATH`] it stays under the 1,024 bytes that
/// a name may have.
const MAX_PREFIX: usize = 256;

/// A bucket and the folder in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    /// Empty, or ends with `/`.
    prefix: String,
}

impl Place {
    /// Reads what follows `gs:`.
    pub(super) fn parse(rest: &str) -> Result<Self, Failure> {
        let invalid = |why: &str| {
            let message = format!("\"gs:{rest}\" {why}; write gs://BUCKET or gs://BUCKET/FOLDER");
            Failure::invalid("blob.url", message)
        };
        let rest = rest.strip_prefix("//").ok_or_else(|| invalid("names no bucket"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = (3..=222).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
            && bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            && bucket.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !named {
            return Err(invalid("names no bucket: 3 to 222 of a-z, 0-9, '-', '_' and '.'"));
        }
        let prefix = prefix.trim_end_matches('/');
        if prefix.is_empty() {
            return Ok(Self { bucket: bucket.to_owned(), prefix: String::new() });
        }
        if prefix.len() > MAX_PREFIX || ObjectPath::new(prefix).is_err() {
            return Err(invalid("has a folder with other characters than letters, digits, '.', '_', '-' and '/'"));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: format!("{prefix}/") })
    }

    /// The bucket's name.
    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The bucket as the API names it.
    pub(super) fn resource(&self) -> String {
        format!("projects/_/buckets/{}", self.bucket)
    }

    /// The name of an object in the bucket.
    pub(super) fn name(&self, path: &ObjectPath) -> String {
        format!("{}{path}", self.prefix)
    }

    /// What the names of the objects under `prefix` begin with.
    pub(super) fn under(&self, prefix: &Prefix) -> String {
        format!("{}{prefix}", self.prefix)
    }

    /// The first name that an object after this one can have: `-` is the least character of a path.
    pub(super) fn after(&self, path: &ObjectPath) -> String {
        format!("{}-", self.name(path))
    }

    /// The path of an object of the bucket; none for what is not one of ours.
    pub(super) fn path(&self, name: &str) -> Option<ObjectPath> {
        ObjectPath::new(name.strip_prefix(&self.prefix)?).ok()
    }
}

/// What is known of an object.
pub(super) fn info(path: ObjectPath, object: &Object) -> Result<ObjectInfo, BlobError> {
    let damaged = |why: &str| BlobError::Damaged { path: path.clone(), why: why.to_owned() };
    let crc32c = object.checksums.as_ref().and_then(|sums| sums.crc32c);
    let crc32c = crc32c.ok_or_else(|| damaged("storage knows no CRC32C of it"))?;
    let size = u64::try_from(object.size).map_err(|_| damaged("storage knows no size of it"))?;
    let modified = object.create_time.map_or(0, |time| {
        u64::try_from(time.seconds()).unwrap_or(0).saturating_mul(1_000)
            + u64::try_from(time.nanos()).unwrap_or(0) / 1_000_000
    });
    Ok(ObjectInfo { path, size, crc32c, modified: Timestamp(modified) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ObjectPath {
        ObjectPath::new(text).unwrap()
    }

    #[test]
    fn a_url_names_a_bucket_and_perhaps_a_folder() {
        let place = Place::parse("//my-bucket").unwrap();
        assert_eq!((place.bucket(), place.name(&path("a/b"))), ("my-bucket", "a/b".to_owned()));
        let place = Place::parse("//my-bucket/some/where/").unwrap();
        assert_eq!(place.name(&path("a/b")), "some/where/a/b");
        assert_eq!(place.under(&Prefix::all()), "some/where/");
        assert_eq!(place.path("some/where/a"), Some(path("a")));
        for other in ["a", "some/where/", "some/where/..", "some/whereabouts/a"] {
            assert_eq!(place.path(other), None, "{other}");
        }
        for wrong in ["", "//", "///x", "//My", "//b", "//-bucket", "//bucket/a//b", "//bucket/..", "//bucket/a b", "b"]
        {
            let failure = Place::parse(wrong).unwrap_err();
            assert_eq!(failure.field.as_deref(), Some("blob.url"), "{wrong}");
        }
    }

    #[test]
    fn the_name_after_an_object_comes_before_all_that_follow() {
        let place = Place::parse("//my-bucket/x").unwrap();
        let after = place.after(&path("a/b"));
        for later in ["a/b-", "a/b.", "a/b/c", "a/b0", "a/c", "a0"] {
            assert!(place.name(&path(later)) >= after, "{later}");
        }
        for earlier in ["a", "a/b", "a/a"] {
            assert!(place.name(&path(earlier)) < after, "{earlier}");
        }
    }
}
