//! The command line client: what it does, it does over the public API, against a server or an
//! instance of its own.

mod instance;
pub mod keys;
pub mod narrate;
mod order;
pub mod preview;
mod progress;

use lectern_client::{Client, ClientConfig, Upload};
use lectern_core::Failure;
use lectern_proto::v1::Document;
use lectern_runtime::Secret;

use crate::cli::Source;

/// Connects to a server, under a key where there is one.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one.
pub fn connect(url: &str, key: Option<&Secret>) -> Result<Client, Failure> {
    Client::connect(&ClientConfig::to(url), key.cloned())
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
