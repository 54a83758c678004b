//! The command line client: what it does, it does over the public API, against a server or an
//! instance of its own.

pub mod audit;
mod deliver;
mod folder;
mod follow;
mod hand_in;
mod instance;
pub mod keys;
mod library;
mod look;
pub mod manage;
pub mod narrate;
mod order;
pub mod out;
mod play;
pub mod preview;
mod progress;
pub mod quota;
mod show;
mod skipped;
mod sources;
pub mod tenants;
mod voice;
pub mod voices;
pub mod words;

use lectern_client::{Client, ClientConfig, Retry};
use lectern_core::Failure;
use lectern_runtime::{Context, Secret};

use crate::cli::{Server, Source};

/// Tries of a call in a row: a person is told within seconds that a server does not answer. Where
/// it is waited for, that is by [`follow`].
const TRIES: u32 = 4;

/// Connects to a server, under a key where there is one.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one.
pub fn connect(url: &str, key: Option<&Secret>) -> Result<Client, Failure> {
    let client = Client::connect(&ClientConfig::to(url), key.cloned())?;
    Ok(client.with_retry(Retry { tries: TRIES, ..Retry::default() }))
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

/// The documents that were named, read where they come from standard input, unless the command is
/// interrupted before that has ended.
///
/// # Errors
/// That it was interrupted.
async fn sources_of(
    sources: &[Source],
    name: Option<&str>,
    context: &Context,
) -> Result<Vec<Result<sources::Item, sources::Missing>>, Failure> {
    let (sources, name) = (sources.to_vec(), name.map(str::to_owned));
    // Whoever types at standard input keeps a thread waiting, and must not keep the process.
    let expanded = tokio::task::spawn_blocking(move || sources::expand(&sources, name.as_deref()));
    tokio::select! {
        biased;
        () = context.shutdown.wait() => Err(words::interrupted("stopped before anything was read")),
        expanded = expanded => {
            expanded.map_err(|error| Failure::internal(format!("the documents cannot be listed: {error}")))
        }
    }
}
