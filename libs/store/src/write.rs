//! One of many writes, and how many may go in one call.

use std::collections::HashSet;
use std::io;

use serde_json::Value;

use crate::error::StoreError;
use crate::record::{Revision, check_body};

/// The most writes of one call of [`Store::write_many`](crate::Store::write_many).
pub const MAX_WRITES: usize = 1_000;
/// The most bytes of all bodies of one such call, as JSON. A database's own form may take eight
/// times as much, and MongoDB takes 16 MB in one command.
pub const MAX_WRITE_BYTES: usize = 1 << 20;

/// One write of [`Store::write_many`](crate::Store::write_many).
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new record, as by [`Store::insert`](crate::Store::insert).
    Insert {
        /// Its key.
        id: String,
        /// Its content.
        body: Value,
    },
    /// A record written over another, as by [`Store::replace`](crate::Store::replace).
    Replace {
        /// Its key.
        id: String,
        /// The revision that it must be at.
        expected: Revision,
        /// Its new content.
        body: Value,
    },
}

impl Write {
    /// The key of the record.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Insert { id, .. } | Self::Replace { id, .. } => id,
        }
    }

    /// What is to be written.
    #[must_use]
    pub const fn body(&self) -> &Value {
        match self {
            Self::Insert { body, .. } | Self::Replace { body, .. } => body,
        }
    }
}

/// Checks that so many writes may go in one call.
pub(crate) fn check_bounds(writes: &[Write]) -> Result<(), StoreError> {
    let refused = |why: String| Err(StoreError::invalid(format!("{} writes in one call", writes.len()), why));
    if writes.len() > MAX_WRITES {
        return refused(format!("there may be {MAX_WRITES}"));
    }
    let bytes: usize = writes.iter().map(|write| length(write.body())).sum();
    if bytes > MAX_WRITE_BYTES {
        return refused(format!("they have {bytes} bytes, and may have {MAX_WRITE_BYTES}"));
    }
    let mut ids = HashSet::with_capacity(writes.len());
    match writes.iter().find(|write| !ids.insert(write.id())) {
        Some(twice) => refused(format!("{} is written twice", twice.id())),
        None => Ok(()),
    }
}

/// Checks the bounds, and each write by itself; gives the bodies as JSON.
pub(crate) fn check_all(collection: &str, writes: &[Write]) -> Result<Vec<Result<String, StoreError>>, StoreError> {
    check_bounds(writes)?;
    Ok(writes.iter().map(|write| check_body(collection, write.id(), write.body())).collect())
}

/// How many bytes a value has as JSON.
pub(crate) fn length(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Neither the counter nor a value can fail; what could not be counted would be too long.
    serde_json::to_writer(&mut counter, value).map_or(MAX_WRITE_BYTES + 1, |()| counter.0)
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inserts(ids: impl IntoIterator<Item = usize>, body: &Value) -> Vec<Write> {
        ids.into_iter().map(|id| Write::Insert { id: format!("{id}"), body: body.clone() }).collect()
    }

    #[test]
    fn the_length_is_that_of_the_text() {
        for value in [json!({}), json!({"a": [1, 2.5, null, "\u{e9}\"\\"], "b": {"c": true}}), json!("x".repeat(9_000))]
        {
            assert_eq!(length(&value), value.to_string().len());
        }
    }

    #[test]
    fn a_call_has_bounds_in_writes_and_bytes_and_writes_no_id_twice() {
        let refused = |writes: &[Write], says: &str| {
            let error = check_bounds(writes).unwrap_err();
            assert!(matches!(&error, StoreError::Invalid { why, .. } if why.contains(says)), "{error}");
        };
        assert_eq!(check_bounds(&inserts(0..MAX_WRITES, &json!({}))), Ok(()));
        refused(&inserts(0..=MAX_WRITES, &json!({})), "1000");
        let frame = json!({"text": ""}).to_string().len();
        let half = |more: usize| json!({"text": "x".repeat(MAX_WRITE_BYTES / 2 - frame + more)});
        assert_eq!(check_bounds(&inserts(0..2, &half(0))), Ok(()));
        refused(&inserts(0..2, &half(1)), "1048578 bytes");
        let again = Write::Replace { id: "3".to_owned(), expected: Revision::FIRST, body: json!({}) };
        let writes: Vec<Write> = inserts(0..9, &json!({})).into_iter().chain([again]).collect();
        refused(&writes, "3 is written twice");
    }
}
