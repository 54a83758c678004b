//! The URL of a store: which adapter it names, and what is asked of its text. This is the one place
//! that reads it, so that no layer takes what the next one refuses.

use std::fmt;

use lectern_core::Failure;

/// The database that a URL names none of.
const DATABASE: &str = "lectern";

/// Which adapter a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// A MongoDB: `mongodb:`, or `mongodb+srv:`, whose servers are looked up in DNS.
    Mongo,
    /// A file.
    Sqlite,
    /// The process's memory.
    Memory,
}

/// The URL of a store, of which its scheme is known. It may hold passwords; [`fmt::Display`] and
/// [`fmt::Debug`] leave them out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    adapter: Adapter,
    text: String,
}

impl StoreUrl {
    /// Reads the URL of a store.
    ///
    /// # Errors
    /// `InvalidArgument` about `store.url` when no adapter has its scheme, or the rest is empty
    /// where it must not be. The message does not quote the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let adapter = match url.split_once(':') {
            Some(("mongodb" | "mongodb+srv", rest)) if rest.len() > "//".len() && rest.starts_with("//") => {
                Adapter::Mongo
            }
            Some(("sqlite", path)) if !path.is_empty() => Adapter::Sqlite,
            Some(("memory", "")) => Adapter::Memory,
            scheme => {
                let scheme = scheme.map_or("", |(scheme, _)| scheme);
                return Err(Failure::invalid(
                    "store.url",
                    format!(
                        "no store is known for {scheme:?}; give mongodb://host:port/database, \
                         mongodb+srv://name/database, sqlite:PATH or memory:"
                    ),
                ));
            }
        };
        Ok(Self { adapter, text: url.to_owned() })
    }

    /// Which adapter it names.
    #[must_use]
    pub const fn adapter(&self) -> Adapter {
        self.adapter
    }

    /// The URL as it was given.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What stands after the scheme: the path of a file.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// The URL of one service's database: databases of one deployment are told apart by a suffix.
    /// Files and memory are what they are.
    #[must_use]
    pub fn of_service(&self, service: &str) -> String {
        if self.adapter != Adapter::Mongo {
            return self.text.clone();
        }
        let (base, options) = self.text.split_once('?').map_or((self.text.as_str(), None), |(b, o)| (b, Some(o)));
        let hosts = base.split_once("://").map_or(base, |(_, hosts)| hosts);
        let named = hosts.split_once('/').is_some_and(|(_, database)| !database.is_empty());
        let base = base.trim_end_matches('/');
        let database = if named { format!("{base}_{service}") } else { format!("{base}/{DATABASE}_{service}") };
        options.map_or(database.clone(), |options| format!("{database}?{options}"))
    }

    /// Whether a user name is in it.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.user_info().is_some()
    }

    /// An option of the query, by its name in any case.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let (_, options) = self.text.split_once('?')?;
        let mut pairs = options.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What stands before the hosts: `user:password`.
    fn user_info(&self) -> Option<&str> {
        if self.adapter != Adapter::Mongo {
            return None;
        }
        let (_, rest) = self.text.split_once("://")?;
        let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
        rest.rsplit_once('@').map(|(user, _)| user)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.user_info() {
            None => self.text.clone(),
            Some(info) => {
                let user = info.split_once(':').map_or(info, |(user, _)| user);
                self.text.replacen(&format!("{info}@"), &format!("{user}:***@"), 1)
            }
        };
        let Some((base, options)) = text.split_once('?') else { return f.write_str(&text) };
        let shown = options.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}=***"),
            Some(_) | None => pair.to_owned(),
        });
        write!(f, "{base}?{}", shown.collect::<Vec<_>>().join("&"))
    }
}

/// Whether an option may hold a secret: passwords of keys and proxies, and the session token among
/// the properties of a mechanism.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password") || name.contains("properties")
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> StoreUrl {
        StoreUrl::parse(url).unwrap()
    }

    #[test]
    fn each_service_has_a_database_of_its_own_on_one_deployment() {
        let cases = [
            ("mongodb://h:1/lectern", "mongodb://h:1/lectern_ai"),
            ("mongodb://h:1/x?replicaSet=a", "mongodb://h:1/x_ai?replicaSet=a"),
            ("mongodb://h:1", "mongodb://h:1/lectern_ai"),
            ("mongodb://h:1/?a=b", "mongodb://h:1/lectern_ai?a=b"),
            ("mongodb://h:1?a=/b", "mongodb://h:1/lectern_ai?a=/b"),
            ("mongodb+srv://u:p@n.example/x?w=1", "mongodb+srv://u:p@n.example/x_ai?w=1"),
            ("sqlite:ai.db", "sqlite:ai.db"),
            ("memory:", "memory:"),
        ];
        for (url, expected) in cases {
            assert_eq!(parse(url).of_service("ai"), expected);
        }
    }

    #[test]
    fn a_scheme_that_one_layer_takes_is_taken_by_all() {
        let adapters = [
            ("mongodb://h/d", Adapter::Mongo),
            ("mongodb+srv://h/d", Adapter::Mongo),
            ("sqlite:a.db", Adapter::Sqlite),
            ("memory:", Adapter::Memory),
        ];
        for (url, adapter) in adapters {
            assert_eq!(parse(url).adapter(), adapter);
            assert_eq!(parse(&parse(url).of_service("ai")).adapter(), adapter);
        }
        for url in ["", "mongodb", "mongodb:", "mongodb://", "sqlite:", "memory:x", "postgres://u:secret@h/d"] {
            let refused = StoreUrl::parse(url).unwrap_err();
            assert!(!refused.message.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn a_url_is_printed_without_its_password() {
        let url = parse("mongodb://user:se%40cret@h:1,i:2/d?authSource=admin&readPreference=nearest");
        assert_eq!(url.to_string(), "mongodb://user:***@h:1,i:2/d?authSource=admin&readPreference=nearest");
        assert!(url.has_user() && !format!("{url:?}").contains("cret"));
        assert_eq!((url.option("authsource"), url.option("tls")), (Some("admin"), None));
        assert!(!parse("mongodb://h/d?x=a@b").has_user());
        let url = parse("mongodb://h/d?tlsCertificateKeyFilePassword=secret&w=1&authMechanismProperties=A:secret");
        assert_eq!(url.to_string(), "mongodb://h/d?tlsCertificateKeyFilePassword=***&w=1&authMechanismProperties=***");
    }
}
