//! Configuration: environment over file over defaults, checked as a whole before anything is bound
//! or opened.
//!
//! A service's configuration is one serde struct with a [`Default`]. `LECTERN_STORE__URL` sets the
//! key `store.url`; a list is written with commas. The file is TOML. Every key of file and
//! environment must be one of the struct's: a misspelt one is an error that names the nearest. So
//! that all keys are known, fields must not be skipped when they are serialised.

mod secret;
mod tree;
mod units;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lectern_core::{Failure, Kind, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use secret::{REDACTED, Secret};
pub use units::{ByteSize, duration};

use tree::{Node, Wrong};

/// Where configuration comes from.
#[derive(Debug, Clone)]
pub struct Loader {
    prefix: String,
    file: Option<PathBuf>,
    environment: BTreeMap<String, String>,
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
        let environment = environment.into_iter().filter(|(name, _)| name.starts_with(&start)).collect();
        Self { prefix: prefix.to_owned(), file: None, environment, others: vec!["CONFIG".to_owned()] }
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

    /// Puts the sources together.
    ///
    /// # Errors
    /// `INVALID_FIELD`, naming the variable or the key and what is expected.
    pub fn load<T: DeserializeOwned + Serialize + Default>(&self) -> Result<T, Failure> {
        let defaults = serde_json::to_value(T::default())
            .map_err(|error| Failure::internal(format!("the default configuration cannot be written: {error}")))?;
        let mut tree = Node::from_default(defaults.clone());
        let named = self.environment.get(&format!("{}_CONFIG", self.prefix)).map(PathBuf::from);
        if let Some(path) = self.file.clone().or(named) {
            let file = Node::from_file(read(&path)?);
            self.check_keys(&defaults, &file, &path.display().to_string())?;
            tree.overlay(file);
        }
        let mut variables = Vec::new();
        for (name, value) in &self.environment {
            let Some(rest) = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix('_')) else { continue };
            if self.others.iter().any(|other| matches_name(other, rest)) {
                continue;
            }
            let keys: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
            let variable = Node::from_variable(&keys, name, value, &defaults);
            self.check_keys(&defaults, &variable, name)?;
            variables.push(Variable { name, keys, node: variable });
        }
        read_with(&tree, &variables).map_err(|error| Failure::invalid(error.place(), error.to_string()))
    }

    fn check_keys(&self, defaults: &serde_json::Value, node: &Node, source: &str) -> Result<(), Failure> {
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

/// A variable of the environment that sets a key.
struct Variable<'a> {
    name: &'a str,
    keys: Vec<String>,
    node: Node,
}

/// Reads the tree with the variables laid over it.
fn read_with<T: DeserializeOwned>(tree: &Node, variables: &[Variable<'_>]) -> Result<T, Wrong> {
    let without = |left_out: Option<&str>| {
        let mut tree = tree.clone();
        for variable in variables.iter().filter(|variable| left_out != Some(variable.name)) {
            tree.overlay(variable.node.clone());
        }
        tree
    };
    let wrong = match without(None).read() {
        Ok(config) => return Ok(config),
        Err(wrong) => wrong,
    };
    // Where a default is unset and the struct is flattened, nothing says that a text is meant as a
    // number.
    if let Ok(config) = without(None).guessed().read() {
        return Ok(config);
    }
    // The variable without which all is well is the wrong one.
    let culprit = || variables.iter().find(|variable| without(Some(variable.name)).read::<T>().is_ok());
    match if wrong.nowhere() { culprit() } else { None } {
        Some(variable) => Err(wrong.of(&variable.keys, variable.name)),
        None => Err(wrong),
    }
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
    let defect = |error: String| Failure::internal(format!("the configuration cannot be printed: {error}"));
    let value = serde_json::to_value(config).map_err(|error| defect(error.to_string()))?;
    toml::to_string_pretty(&secret::shown(value)).map_err(|error| defect(error.to_string()))
}

#[cfg(test)]
mod tests;
