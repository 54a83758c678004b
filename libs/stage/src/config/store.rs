//! The settings of a service's database.

use std::time::Duration;

use lectern_core::Failure;
use lectern_runtime::Secret;
use lectern_store::{ConnectOptions, Credentials, StoreUrl, TlsFiles};
use serde::{Deserialize, Serialize};

use super::{Common, file};

/// A service's database.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `mongodb://host/database`, `mongodb+srv://name/database`, `sqlite:PATH` or `memory:`. The
    /// service's name is added to the database's.
    pub url: String,
    /// The user who signs in, where the URL names none; it is found in the database `authSource`
    /// of the URL, else in the service's own.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// A file with the password in place of `password`, read at the start; empty for none.
    pub password_file: String,
    /// TLS to the database.
    pub tls: StoreTls,
    /// Most connections of the pool, 1 to 1,000.
    pub pool: u32,
    /// Connections that the pool keeps open.
    pub pool_min: u32,
    /// Processes of all services and replicas that share the deployment: at the start their pools
    /// are compared with what it takes. 0 where it is not known.
    pub processes: u32,
    /// How long a connection may take to be made.
    #[serde(with = "lectern_runtime::config::duration")]
    pub connect_within: Duration,
    /// How long to look for a server that may be written to, as during an election.
    #[serde(with = "lectern_runtime::config::duration")]
    pub select_within: Duration,
    /// How long one operation may take.
    #[serde(with = "lectern_runtime::config::duration")]
    pub operation_within: Duration,
}

/// Files for TLS to the database, all PEM, read at the start; empty for none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreTls {
    /// The authorities that may have signed the server's certificate, in place of the public ones.
    pub ca: String,
    /// The client's certificate with its chain, and its key, in one file.
    pub certificate: String,
}

impl Default for Store {
    fn default() -> Self {
        let ConnectOptions {
            max_pool_size,
            min_pool_size,
            processes,
            connect_within,
            select_within,
            operation_within,
            ..
        } = ConnectOptions::default();
        Self {
            url: "mongodb://127.0.0.1:27017/lectern".to_owned(),
            username: String::new(),
            password: Secret::default(),
            password_file: String::new(),
            tls: StoreTls::default(),
            pool: max_pool_size,
            pool_min: min_pool_size,
            processes,
            connect_within,
            select_within,
            operation_within,
        }
    }
}

impl Store {
    /// Checks what types cannot.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.options().check(&StoreUrl::parse(&self.url)?)?;
        let refused = |key: &'static str, message: &str| Err(Failure::invalid(key, message));
        if self.username.is_empty() && !(self.password.is_empty() && self.password_file.is_empty()) {
            return refused("store.username", "store.password needs store.username");
        }
        if !self.password.is_empty() && !self.password_file.is_empty() {
            return refused("store.password_file", "give store.password or store.password_file, not both");
        }
        Ok(())
    }

    fn options(&self) -> ConnectOptions {
        let tls = TlsFiles { ca: file(&self.tls.ca), certificate: file(&self.tls.certificate) };
        let credentials = Credentials {
            username: self.username.clone(),
            password: self.password.expose().to_owned(),
            password_file: file(&self.password_file),
        };
        ConnectOptions {
            max_pool_size: self.pool,
            min_pool_size: self.pool_min,
            processes: self.processes,
            connect_within: self.connect_within,
            select_within: self.select_within,
            operation_within: self.operation_within,
            credentials: (!self.username.is_empty()).then_some(credentials),
            tls: Some(tls).filter(|tls| *tls != TlsFiles::default()),
            ..ConnectOptions::default()
        }
    }
}

impl Common {
    /// How the store is connected to.
    #[must_use]
    pub fn store_options(&self) -> ConnectOptions {
        self.store.options()
    }

    /// The URL of this service's own database: databases of one server are told apart by a suffix.
    #[must_use]
    pub fn store_url(&self, service: &str) -> String {
        let url = &self.store.url;
        // What cannot be read is refused where it is opened, in the same words as by `check`.
        StoreUrl::parse(url).map_or_else(|_| url.clone(), |url| url.of_service(service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_a_database_of_its_own_on_one_server() {
        let url = |url: &str| {
            let store = Store { url: url.to_owned(), ..Store::default() };
            Common { store, ..Common::default() }.store_url("ai")
        };
        assert_eq!(url("mongodb://h:1/lectern"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/x?replicaSet=a"), "mongodb://h:1/x_ai?replicaSet=a");
        assert_eq!(url("mongodb://h:1"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/?a=b"), "mongodb://h:1/lectern_ai?a=b");
        assert_eq!(url("mongodb+srv://name.example/x"), "mongodb+srv://name.example/x_ai");
        assert_eq!(url("sqlite:ai.db"), "sqlite:ai.db");
    }

    #[test]
    fn a_database_that_cannot_be_opened_as_it_is_set_is_refused_before_anything_starts() {
        let with = |change: fn(&mut Store)| {
            let mut common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
            change(&mut common.store);
            common.check().err().and_then(|failure| failure.field)
        };
        type Case = (fn(&mut Store), Option<&'static str>);
        let cases: [Case; 8] = [
            (|_| {}, None),
            (|store| store.url = "mongodb+srv://name.example/x".to_owned(), None),
            (|store| store.url = "postgres://h/d".to_owned(), Some("store.url")),
            (|store| store.pool = 0, Some("store.pool")),
            (|store| store.pool_min = 11, Some("store.pool_min")),
            (|store| store.operation_within = Duration::ZERO, Some("store")),
            (|store| store.password = Secret::new("p"), Some("store.username")),
            (
                |store| (store.url, store.username) = ("mongodb://u:p@h/d".to_owned(), "u".to_owned()),
                Some("store.username"),
            ),
        ];
        for (change, refused) in cases {
            assert_eq!(with(change).as_deref(), refused);
        }
    }

    #[test]
    fn what_is_set_of_the_database_reaches_the_store() {
        let store = Store {
            username: "ai".to_owned(),
            password_file: "/run/secrets/password".to_owned(),
            tls: StoreTls { ca: "ca.pem".to_owned(), certificate: String::new() },
            pool: 7,
            operation_within: Duration::from_secs(3),
            ..Store::default()
        };
        let options = Common { store, ..Common::default() }.store_options();
        assert_eq!((options.max_pool_size, options.operation_within), (7, Duration::from_secs(3)));
        assert_eq!(options.tls.and_then(|tls| tls.ca), Some("ca.pem".into()));
        assert_eq!(options.credentials.and_then(|c| c.password_file), Some("/run/secrets/password".into()));
        let plain = Common::default().store_options();
        assert_eq!((plain.credentials, plain.tls), (None, None));
    }
}
