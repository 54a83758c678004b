//! The command line client: what it does, it does over the public API, against a server or an
//! instance of its own.

pub mod audit;
mod instance;
pub mod keys;
pub mod narrate;
mod order;
pub mod preview;
mod progress;
pub mod quota;
pub mod tenants;

use lectern_client::{Client, ClientConfig, Upload};
use lectern_core::Failure;
use lectern_proto::v1::Document;
use lectern_runtime::Secret;

use crate::cli::{Server, Source};

/// Connects to a server, under a key where there is one.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one.
pub fn connect(url: &str, key: Option<&Secret>) -> Result<Client, Failure> {
    Client::connect(&ClientConfig::to(url), key.cloned())
}

/// Connects to the server that a command of an administrator names.
fn at(server: &Server) -> Result<Client, Failure> {
    connect(&server.server, server.key.as_ref())
}

/// The resource name of what was named on the command line, `{collection}/{id}` or the id alone.
fn named(collection: &str, id: &str) -> String {
    let whole = id.strip_prefix(collection).is_some_and(|rest| rest.starts_with('/'));
    if whole { id.to_owned() } else { format!("{collection}/{id}") }
}

/// The value of an enum in a word: `KEY_CREATED` of `ACTION_KEY_CREATED` is `key created`.
fn word(value: &str, prefix: &str) -> String {
    value.strip_prefix(prefix).unwrap_or(value).to_lowercase().replace('_', " ")
}

/// Hands a document in: a file of this machine, or a URL that the server fetches.
///
/// # Errors
/// Why the file cannot be read, or what the server answers.
async fn hand_in(client: &Client, source: &Source) -> Result<Document, Failure> {
    match source {
        Source::File(file) => client.upload(&Upload::file(file)).await,
        Source::Url(url) => client.import(url).await,
    }
}
