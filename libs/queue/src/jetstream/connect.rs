//! Connects to a server: addresses, who we are, TLS, and which failures are told at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectErrorKind, Event, ServerAddr, rustls};
use lectern_core::Failure;
use tokio::time::Instant;

use super::wire::Wire;
use super::{ANSWER_WITHIN, SETUP_AGAIN_AFTER, credentials, unreachable, unusable, version};
use crate::options::ConnectOptions;

/// How often a quiet connection is probed.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Connects, trying again until `deadline` where nobody answers. Wrong credentials, wrong
/// certificates and an old server are told at once.
pub(super) async fn client(
    addresses: &[ServerAddr],
    options: &ConnectOptions,
    wire: &Arc<Wire>,
    deadline: Instant,
) -> Result<Client, Failure> {
    check_files(options)?;
    loop {
        let connecting = Box::pin(client_options(addresses, options, Arc::clone(wire)).connect(addresses.to_vec()));
        let error = match tokio::time::timeout_at(deadline, connecting).await {
            Ok(Ok(client)) => {
                version::check(&client.server_info().version)?;
                return Ok(client);
            }
            Ok(Err(error)) => error,
            Err(_) => return Err(unreachable("connecting", "no answer in time").into()),
        };
        let identity = options.identity.name();
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                return Err(unusable(format!(
                    "the NATS server does not take the credentials of {identity}: {error}; check queue.credentials, the user in queue.url and the users of the server"
                )));
            }
            ConnectErrorKind::Tls => {
                return Err(unusable(format!(
                    "TLS to the NATS server cannot be set up: {error}; check the files of queue.tls"
                )));
            }
            ConnectErrorKind::ServerParse
            | ConnectErrorKind::Dns
            | ConnectErrorKind::TimedOut
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => {}
        }
        if is_of_tls(&error) {
            return Err(unusable(format!(
                "TLS with the NATS server fails: {error}; check queue.tls.ca, and that the server takes queue.tls.certificate"
            )));
        }
        if Instant::now() + SETUP_AGAIN_AFTER >= deadline {
            return Err(unreachable("connecting", error).into());
        }
        tracing::warn!(%error, "queue is not there, trying again");
        tokio::time::sleep(SETUP_AGAIN_AFTER).await;
    }
}

fn client_options(addresses: &[ServerAddr], options: &ConnectOptions, wire: Arc<Wire>) -> async_nats::ConnectOptions {
    let mut client = match options.credentials.clone() {
        Some(path) => async_nats::ConnectOptions::with_auth_callback(move |nonce| {
            std::future::ready(credentials::answer(&path, &nonce))
        }),
        None => async_nats::ConnectOptions::new(),
    };
    if let Some((user, password)) = credentials::user(addresses) {
        client = client.user_and_password(user, password);
    }
    if let Some(ca) = &options.tls.ca {
        client = client.add_root_certificates(ca.clone()).require_tls(true);
    }
    if let (Some(certificate), Some(key)) = (&options.tls.certificate, &options.tls.key) {
        client = client.add_client_certificate(certificate.clone(), key.clone()).require_tls(true);
    }
    client
        .name(format!("{} {}", options.name, options.identity.name()))
        .custom_inbox_prefix(options.inbox())
        .ping_interval(PING_EVERY)
        .request_timeout(Some(ANSWER_WITHIN))
        .event_callback(move |event: Event| {
            wire.hear(&event);
            std::future::ready(())
        })
}

/// The library reads the files at each connection, and calls one that is missing an outage.
fn check_files(options: &ConnectOptions) -> Result<(), Failure> {
    if let Some(path) = &options.credentials {
        credentials::check(path)?;
    }
    let tls = &options.tls;
    let files = [("queue.tls.ca", &tls.ca), ("queue.tls.certificate", &tls.certificate), ("queue.tls.key", &tls.key)];
    for (setting, file) in files {
        if let Some(path) = file {
            check_pem(setting, path)?;
        }
    }
    Ok(())
}

fn check_pem(setting: &'static str, path: &Path) -> Result<(), Failure> {
    let wrong = |error: String| {
        Failure::invalid(setting, format!("{}: {error}; give a PEM file that this process may read", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    if text.contains("-----BEGIN ") { Ok(()) } else { Err(wrong("it holds no PEM".to_owned())) }
}

/// Whether two sides that reached each other do not trust each other. The library calls it input
/// and output.
fn is_of_tls(error: &ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Reads `scheme://[user:password@]host:port[,…]`; the scheme of the first holds for those without.
pub(super) fn parse_addresses(url: &str) -> Result<Vec<ServerAddr>, Failure> {
    let scheme = url.split("//").next().unwrap_or_default();
    url.split(',')
        .map(|part| {
            let whole = if part.contains("//") { part.to_owned() } else { format!("{scheme}//{part}") };
            whole.parse().map_err(|error| {
                Failure::invalid(
                    "queue.url",
                    format!("an address of the queue is wrong: {error}; give nats://host:port"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_cluster_are_read() {
        let parsed = parse_addresses("tls://me:secret@a:1,b:2,tls://c:3").expect("reads");
        let hosts: Vec<_> = parsed.iter().map(|address| (address.scheme(), address.host(), address.port())).collect();
        assert_eq!(hosts, [("tls", "a", 1), ("tls", "b", 2), ("tls", "c", 3)]);
        assert_eq!(parse_addresses("nats://a b").expect_err("no address").field.as_deref(), Some("queue.url"));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let wrong = |tls| check_files(&ConnectOptions { tls, ..ConnectOptions::default() }).expect_err("refused");
        let absent = wrong(crate::Tls { ca: Some("/nowhere/ca.pem".into()), ..crate::Tls::default() });
        assert_eq!(absent.field.as_deref(), Some("queue.tls.ca"));
        assert!(absent.message.contains("/nowhere/ca.pem"), "{absent}");
    }
}
