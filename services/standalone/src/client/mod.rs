//! The command line client: what it does, it does over the public API, against a server or an
//! instance of its own.

pub mod audit;
mod deliver;
pub mod doctor;
pub mod estimate;
mod folder;
mod follow;
mod hand_in;
mod instance;
pub mod keys;
mod lexicon_file;
pub mod lexicons;
mod library;
mod look;
pub mod manage;
mod message;
pub mod narrate;
pub mod ops;
mod order;
pub mod out;
mod pages;
mod play;
pub mod preview;
mod progress;
pub mod quota;
mod script;
mod show;
mod skipped;
pub mod smoke;
mod sources;
mod speakers;
pub mod tenants;
pub mod usage;
mod voice;
pub mod voices;
pub mod words;
pub mod writers;

use lectern_client::{Client, ClientConfig, Retry};
use lectern_core::Failure;
use lectern_rpc::{Outbound, channel};
use lectern_runtime::{Context, Secret};

use crate::cli::{Server, Source};

/// Tries of a call in a row: a person is told within seconds that a server does not answer. Where
/// it is waited for, that is by [`follow`].
const TRIES: u32 = 4;

/// Connects to a server, under a key where there is one. What is called by generated clients is
/// called once: a person who lists keys is told at once that no server is there.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one.
pub fn connect(url: &str, key: Option<&Secret>) -> Result<Client, Failure> {
    let channel = channel(&ClientConfig::to(url))?.without_retries();
    let client = Client::over(channel, key.cloned().map_or_else(Outbound::anonymous, Outbound::with_key));
    Ok(client.with_retry(Retry { tries: TRIES, ..Retry::default() }))
}

/// Connects to the server that a command of an administrator names.
fn at(server: &Server) -> Result<Client, Failure> {
    connect(server.url(), server.key.as_ref())
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task;

    use lectern_proto::v1::GetQuotaRequest;
    use lectern_proto::v1::quota_service_client::QuotaServiceClient;
    use tonic::body::Body;
    use tonic::codegen::{Service, http};
    use tonic::server::NamedService;
    use tonic::transport::server::TcpIncoming;
    use tonic::{Code, Status};

    use super::*;

    /// A server that is too busy for anything, and counts what it is asked.
    #[derive(Debug, Clone, Default)]
    struct Busy(Arc<AtomicUsize>);

    impl NamedService for Busy {
        const NAME: &'static str = "lectern.v1.QuotaService";
    }

    impl Service<http::Request<Body>> for Busy {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<http::Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
            task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            self.0.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(Status::unavailable("busy").into_http()))
        }
    }

    #[tokio::test]
    async fn a_person_is_told_at_once_that_a_server_does_not_answer() {
        let busy = Busy::default();
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let url = format!("http://{}", incoming.local_addr().expect("an address"));
        let routes = tonic::service::Routes::new(busy.clone());
        tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
        let mut quota = QuotaServiceClient::new(connect(&url, None).expect("a client").channel());
        let refused = quota.get_quota(GetQuotaRequest {}).await.expect_err("it is busy");
        assert_eq!((refused.code(), busy.0.load(Ordering::SeqCst)), (Code::Unavailable, 1));
    }
}
