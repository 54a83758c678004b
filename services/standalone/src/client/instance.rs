//! Where a command does its work: on a running server, or on an instance of its own that ends with
//! the command.

use lectern_client::Client;
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::Context;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connect;
use crate::app::Embedded;
use crate::cli::Place;
use crate::config::Config;

/// A server that answers.
#[derive(Debug)]
pub struct Instance {
    /// Calls to it.
    pub client: Client,
    own: Option<Own>,
}

/// An instance of the command's own.
#[derive(Debug)]
struct Own {
    stop: CancellationToken,
    ended: JoinHandle<Result<(), Failure>>,
    /// Its data is gone with it unless the caller keeps them elsewhere.
    _folder: TempDir,
}

impl Instance {
    /// Connects to the server that `place` names, or starts an instance on a free port.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a URL that is not one; what keeps an instance from starting.
    pub async fn open(place: &Place, mut config: Config, context: &Context) -> Result<Self, Failure> {
        if let Some(server) = &place.server {
            return Ok(Self { client: connect(server, place.key.as_ref())?, own: None });
        }
        let folder = tempfile::tempdir().map_err(|e| {
            Failure::new(
                Kind::FailedPrecondition,
                Reason::Internal,
                format!("no temporary folder: {e}; name one with --data"),
            )
        })?;
        config.data = place.data.clone().unwrap_or_else(|| folder.path().to_owned());
        config.server.listen.set_port(0);
        // It outlives the signal: first the work is cancelled, then the instance is stopped.
        let stop = CancellationToken::new();
        let embedded = Box::pin(Embedded::start(&config, context, stop.clone())).await?;
        let client = connect(&format!("http://{}", embedded.address), None)?;
        let ended = tokio::spawn(embedded.ended());
        Ok(Self { client, own: Some(Own { stop, ended, _folder: folder }) })
    }

    /// Stops an instance of the command's own, once its work has come to `result`.
    ///
    /// # Errors
    /// That of the work, else what broke in the instance.
    pub async fn close(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let Some(own) = self.own else { return result };
        own.stop.cancel();
        let ended = own.ended.await.unwrap_or_else(|e| Err(Failure::internal(format!("the instance broke off: {e}"))));
        result.and(ended)
    }
}
