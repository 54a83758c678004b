//! The servers that all tests of a run share, and names of one's own on them.

use crate::daemon::fresh_name;
use crate::env;

/// The NATS server and the MongoDB that `cargo xtask test` started, with a fresh name for what this
/// test puts there.
#[derive(Debug, Clone)]
pub struct TestServers {
    nats: String,
    mongo: String,
    name: String,
}

impl TestServers {
    /// Reads `LECTERN_TEST_NATS` and `MONGODB_URI` and draws a fresh name.
    ///
    /// # Panics
    ///
    /// When one of them is not set, saying what to run.
    #[must_use]
    pub fn from_env() -> Self {
        Self { nats: env::required(env::NATS), mongo: env::required(env::MONGODB), name: fresh_name() }
    }

    /// URL of the NATS server.
    #[must_use]
    pub fn nats_url(&self) -> &str {
        &self.nats
    }

    /// URI of the MongoDB, without a database.
    #[must_use]
    pub fn mongo_uri(&self) -> &str {
        &self.mongo
    }

    /// URI of the MongoDB with the database `{name}_{suffix}`, which is empty.
    #[must_use]
    pub fn mongo_uri_with_database(&self, suffix: &str) -> String {
        with_database(&self.mongo, &self.database(suffix))
    }

    /// A database's name that no other test uses: `{name}_{suffix}`.
    #[must_use]
    pub fn database(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.name)
    }

    /// A prefix for streams, subjects and files that no other test uses: lower-case letters and
    /// digits, at most 30.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.name
    }
}

/// The URI with its database, if it names one, replaced.
fn with_database(uri: &str, database: &str) -> String {
    let (base, query) = uri.split_once('?').map_or((uri, None), |(base, query)| (base, Some(query)));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let hosts = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
    match query {
        Some(query) => format!("{}/{database}?{query}", &base[..hosts]),
        None => format!("{}/{database}", &base[..hosts]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_put_between_hosts_and_options() {
        let cases = [
            ("mongodb://h:1", "mongodb://h:1/db"),
            ("mongodb://h:1/", "mongodb://h:1/db"),
            ("mongodb://h:1/?directConnection=true", "mongodb://h:1/db?directConnection=true"),
            ("mongodb://u:p@a,b/old?x=1&y=2", "mongodb://u:p@a,b/db?x=1&y=2"),
        ];
        for (uri, expected) in cases {
            assert_eq!(with_database(uri, "db"), expected);
        }
    }

    #[test]
    fn names_differ_and_fit_everywhere() {
        let (a, b) = (fresh_name(), fresh_name());
        assert_ne!(a, b);
        assert!(a.len() <= 30 && a.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{a}");
    }
}
