//! Credentials that die in every way that Google's do, and a metadata server of the tests' own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials as Tokens, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::credentials::DENIED;
use crate::{Credentials, Options};

#[derive(Debug)]
struct Dying {
    born: Instant,
    life: Duration,
    transient: bool,
}

impl CredentialsProvider for Dying {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        if self.born.elapsed() < self.life {
            return Ok(CacheableResource::New { entity_tag: EntityTag::new(), data: HeaderMap::new() });
        }
        Err(CredentialsError::from_msg(self.transient, "the refresh\ntask has ended"))
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

fn start(life: Duration, transient: bool) -> (Credentials, Arc<AtomicU32>) {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let make = move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Tokens::from(Dying { born: Instant::now(), life, transient }))
    };
    (Credentials::new("the tests", make).unwrap(), made)
}

#[tokio::test(start_paused = true)]
async fn credentials_whose_refresh_ended_are_made_anew() {
    let (credentials, made) = start(Duration::from_secs(3_600), false);
    let shared = credentials.shared();
    shared.headers(Extensions::new()).await.unwrap();
    tokio::time::advance(Duration::from_secs(3_601)).await;
    shared.headers(Extensions::new()).await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 2);
    tokio::time::advance(Duration::from_secs(3_601)).await;
    credentials.clone().headers().await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn young_credentials_and_passing_errors_make_nothing_anew() {
    for (life, transient, wait) in [(Duration::ZERO, false, 0), (Duration::ZERO, true, 3_600)] {
        let (credentials, made) = start(life, transient);
        tokio::time::advance(Duration::from_secs(wait)).await;
        let error = credentials.headers().await.unwrap_err();
        assert_eq!(error.is_passing, transient);
        let said = error.to_string();
        assert!(said.contains("the tests") && said.contains("the refresh task has ended"), "{said}");
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_never_comes_is_waited_for_only_so_long() {
    #[derive(Debug)]
    struct Silent;

    impl CredentialsProvider for Silent {
        async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            std::future::pending().await
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }

    let began = Instant::now();
    let credentials = Credentials::new("the tests", || Ok(Tokens::from(Silent))).unwrap();
    assert!(credentials.headers().await.unwrap_err().is_passing);
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_probe_finds_dead_credentials_before_a_call_does_and_ends_with_their_owner() {
    let (credentials, made) = start(Duration::from_secs(100), false);
    credentials.probe();
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
    drop(credentials);
    tokio::time::sleep(Duration::from_secs(61)).await;
    // What counts is held by the credentials' own closure: nobody but this test has it then.
    assert_eq!(Arc::strong_count(&made), 1);
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_asks_for_another_token_now_and_then() {
    let (credentials, made) = start(Duration::from_secs(36_000), false);
    assert!(!credentials.denied());
    assert_eq!(made.load(Ordering::Relaxed), 1);
    tokio::time::advance(DENIED).await;
    assert!(credentials.denied());
    assert!(!credentials.denied());
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[test]
fn credentials_that_cannot_be_made_say_for_what() {
    let error = Credentials::new("the models", || Err("the file is missing".to_owned())).unwrap_err();
    assert!(!error.is_passing);
    assert_eq!(error.to_string(), "no credentials of Google for the models: the file is missing");
}

/// Answers every connection once: a token to who asks as Google's metadata server wants to be
/// asked, 403 to anybody else. What was asked is sent to the test.
async fn metadata_server(token: &'static str) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, heads) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let flavored = head.to_ascii_lowercase().contains("metadata-flavor: google");
            let (status, body) = if flavored {
                ("200 OK", format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#))
            } else {
                ("403 Forbidden", "{}".to_owned())
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
            drop(asked.send(head));
        }
    });
    (address, heads)
}

#[tokio::test]
async fn a_token_of_the_metadata_server_is_a_bearer_with_the_quota_s_project() {
    let (metadata, mut heads) = metadata_server("ya29.the-token").await;
    let options = Options {
        scopes: vec!["https://www.googleapis.com/auth/cloud-platform".to_owned()],
        quota_project: Some("payer".to_owned()),
        metadata: Some(metadata),
    };
    let credentials = Credentials::application_default("the models", options).unwrap();
    let headers = credentials.headers().await.unwrap();
    assert_eq!(headers["authorization"], "Bearer ya29.the-token");
    assert_eq!(headers["x-goog-user-project"], "payer");
    let head = heads.recv().await.unwrap();
    assert!(head.starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token"), "{head}");
    assert!(head.contains("cloud-platform"), "{head}");
    assert!(!format!("{credentials:?}").contains("ya29"));
}
