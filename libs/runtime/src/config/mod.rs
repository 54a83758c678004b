//! Configuration: environment over file over defaults, checked as a whole before anything is bound
//! or opened.
//!
//! A configuration is one serde struct with a [`Default`], or two whose keys lie in one table, such
//! as what all services share and what one has besides ([`Loader::load_both`]); none is flattened
//! into another, since serde forgets then where a value came from. `LECTERN_STORE__URL` sets the
//! key `store.url`; a list is written with commas. The file is TOML. Every key of file and
//! environment must be one of the structs': a misspelt one is an error that names the nearest. So
//! that all keys are known, fields must not be skipped when they are serialised.

mod compare;
mod secret;
mod tree;
mod units;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lectern_core::{Failure, Kind, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use compare::{Setting, settings};
pub use secret::{REDACTED, Secret};
pub use units::{ByteSize, duration, optional_duration};

use tree::Node;

/// How variables end that tools of others read API keys from.
const API_KEY: &str = "_API_KEY";

/// Where configuration comes from.
#[derive(Debug, Clone)]
pub struct Loader {
    prefix: String,
    file: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    api_keys: BTreeMap<String, Secret>,
    others: Vec<String>,
}

impl Loader {
    /// Reads variables that begin with `{prefix}_` from the process's environment.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn new(prefix: &str) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        Self::with_environment(prefix, environment)
    }

    /// Reads variables from `environment` instead of the process's.
    pub fn with_environment(prefix: &str, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let start = format!("{prefix}_");
        let (mut own, mut api_keys) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in environment {
            if name.starts_with(&start) {
                own.insert(name, value);
            } else if name.ends_with(API_KEY) {
                api_keys.insert(name, Secret::new(value.trim()));
            }
        }
        let others = vec!["CONFIG".to_owned()];
        Self { prefix: prefix.to_owned(), file: None, environment: own, api_keys, others }
    }

    /// Reads this file; without one, the file that `{PREFIX}_CONFIG` names, if it is set.
    #[must_use]
    pub fn file(mut self, file: Option<PathBuf>) -> Self {
        self.file = file.or(self.file);
        self
    }

    /// Leaves variables alone that are not this configuration's: names without the prefix, or
    /// beginnings that end with `*`.
    #[must_use]
    pub fn ignore(mut self, names: &[&str]) -> Self {
        self.others.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// A secret of the environment that is no key of the configuration, `{PREFIX}_{name}`; empty
    /// when it is not set. [`Self::ignore`] has [`Self::load`] leave it alone.
    #[must_use]
    pub fn secret(&self, name: &str) -> Secret {
        let variable = format!("{}_{name}", self.prefix);
        Secret::new(self.environment.get(&variable).map(String::as_str).unwrap_or_default().trim())
    }

    /// The API key that a tool of somebody else is given by the environment: that of the first of
    /// these variables that is set and not empty, all of which end in `_API_KEY`; empty where none
    /// is.
    #[must_use]
    pub fn api_key(&self, variables: &[&str]) -> Secret {
        let mut set = variables.iter().filter_map(|name| self.api_keys.get(*name));
        set.find(|key| !key.is_empty()).cloned().unwrap_or_default()
    }

    /// Puts the sources together.
    ///
    /// # Errors
    /// `INVALID_FIELD`, naming the variable or the key and what is expected.
    pub fn load<T: DeserializeOwned + Serialize + Default>(&self) -> Result<T, Failure> {
        let defaults = defaults::<T>()?;
        read_as(self.tree(&defaults)?)
    }

    /// The same for two structs that have their keys in one table. No key may be of both.
    ///
    /// # Errors
    /// As [`Self::load`]; INTERNAL for a key of both.
    pub fn load_both<A, B>(&self) -> Result<(A, B), Failure>
    where
        A: DeserializeOwned + Serialize + Default,
        B: DeserializeOwned + Serialize + Default,
    {
        let (one, other) = (defaults::<A>()?, defaults::<B>()?);
        let tree = self.tree(&joined(one.clone(), other)?)?;
        let (one, other) = tree.parted(|key| one.get(key).is_some());
        Ok((read_as(one)?, read_as(other)?))
    }

    /// The defaults with the file and then the environment laid over them, of known keys alone.
    fn tree(&self, defaults: &Value) -> Result<Node, Failure> {
        let mut tree = Node::from_default(defaults.clone());
        let named = self.environment.get(&format!("{}_CONFIG", self.prefix)).map(PathBuf::from);
        if let Some(path) = self.file.clone().or(named) {
            let file = Node::from_file(read(&path)?);
            self.check_keys(defaults, &file, &path.display().to_string())?;
            tree.overlay(file);
        }
        for (name, value) in &self.environment {
            let Some(rest) = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix('_')) else { continue };
            if self.others.iter().any(|other| matches_name(other, rest)) {
                continue;
            }
            let keys: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
            let variable = Node::from_variable(&keys, name, value);
            self.check_keys(defaults, &variable, name)?;
            tree.overlay(variable);
        }
        Ok(tree)
    }

    fn check_keys(&self, defaults: &Value, node: &Node, source: &str) -> Result<(), Failure> {
        let Some(unknown) = tree::first_unknown(defaults, node) else { return Ok(()) };
        let hint = match tree::nearest(defaults, &unknown) {
            Some(near) => {
                let variable = format!("{}_{}", self.prefix, near.replace('.', "__").to_uppercase());
                format!("did you mean {near} (variable {variable})?")
            }
            None => "--print-config shows the keys there are".to_owned(),
        };
        let message = format!("{source} sets {unknown}, which is not a configuration key; {hint}");
        Err(Failure::invalid(unknown, message))
    }
}

fn defaults<T: Serialize + Default>() -> Result<Value, Failure> {
    serde_json::to_value(T::default())
        .map_err(|error| Failure::internal(format!("the default configuration cannot be written: {error}")))
}

fn read_as<T: DeserializeOwned>(tree: Node) -> Result<T, Failure> {
    tree.read().map_err(|wrong| Failure::invalid(wrong.place(), wrong.to_string()))
}

/// The keys of two tables in one.
fn joined(one: Value, other: Value) -> Result<Value, Failure> {
    let (Value::Object(mut all), Value::Object(other)) = (one, other) else {
        return Err(Failure::internal("a configuration is a table"));
    };
    for (key, value) in other {
        if all.contains_key(&key) {
            return Err(Failure::internal(format!("two parts of the configuration have the key {key}")));
        }
        all.insert(key, value);
    }
    Ok(Value::Object(all))
}

fn matches_name(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn read(path: &Path) -> Result<toml::Value, Failure> {
    let wrong = |what: String| {
        Failure::new(
            Kind::InvalidArgument,
            Reason::InvalidField,
            format!("the configuration file {} {what}", path.display()),
        )
        .at("config")
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    text.parse::<toml::Table>().map(toml::Value::Table).map_err(|error| wrong(not_toml(&text, &error)))
}

/// Where and why, without the line itself: it may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("is not TOML: line {}: {}", before.matches('\n').count() + 1, error.message())
}

/// Reads configuration from the environment (`{prefix}_...`), then `file` or what `{prefix}_CONFIG`
/// names, then `T`'s defaults.
///
/// # Errors
/// As [`Loader::load`].
pub fn load<T: DeserializeOwned + Serialize + Default>(prefix: &str, file: Option<PathBuf>) -> Result<T, Failure> {
    Loader::new(prefix).file(file).load()
}

/// Configuration as TOML that can be shown: secrets, and credentials in URLs, are replaced by
/// `***`; keys without a value are left out.
///
/// # Errors
/// `INTERNAL` when `T` cannot be written as TOML.
pub fn print<T: Serialize>(config: &T) -> Result<String, Failure> {
    serde_json::to_value(config).map_err(|error| unprintable(&error)).and_then(shown)
}

/// The same of two structs that have their keys in one table.
///
/// # Errors
/// As [`print`]; `INTERNAL` for a key of both.
pub fn print_both<A: Serialize, B: Serialize>(one: &A, other: &B) -> Result<String, Failure> {
    let one = serde_json::to_value(one).map_err(|error| unprintable(&error))?;
    let other = serde_json::to_value(other).map_err(|error| unprintable(&error))?;
    joined(one, other).and_then(shown)
}

fn shown(config: Value) -> Result<String, Failure> {
    toml::to_string_pretty(&secret::shown(config)).map_err(|error| unprintable(&error))
}

fn unprintable(error: &dyn std::fmt::Display) -> Failure {
    Failure::internal(format!("the configuration cannot be printed: {error}"))
}

#[cfg(test)]
mod tests;
