//! Calls as an account of Google, whose tokens come from a metadata server of the tests' own.

use std::time::Duration;

use lectern_google::{Credentials, Options};
use lectern_provider::{Class, Credential, Endpoint, Limits};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::server::{Seen, Server, answer, client, no_headers, prompt};

/// A metadata server that hands out `token-0`, then `token-1`, and an account of it.
async fn account() -> Credentials {
    let (metadata, _seen) = Server::new(|count| {
        let body = format!(r#"{{"access_token":"token-{count}","expires_in":36000,"token_type":"Bearer"}}"#);
        answer("200 OK", "content-type: application/json\r\nconnection: close\r\n", &body)
    });
    let url = metadata.listen().await;
    let options = Options {
        scopes: vec!["https://www.googleapis.com/auth/cloud-platform".to_owned()],
        quota_project: Some("payer".to_owned()),
        metadata: Some(url.as_str().trim_end_matches('/').to_owned()),
    };
    Credentials::application_default("the models of the tests", options).unwrap()
}

fn head(seen: &mut UnboundedReceiver<Seen>) -> Option<String> {
    match seen.try_recv() {
        Ok(Seen::Request { head, .. }) => Some(head),
        Ok(Seen::HungUp) | Err(_) => None,
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_made_anew_once_when_it_is_old_enough() {
    let (server, mut seen) = Server::new(|count| match count {
        0 | 1 | 3 => answer("401 Unauthorized", "", "{}"),
        _ => answer("200 OK", "", "{}"),
    });
    let to = Endpoint { base: server.listen().await, credential: Credential::Google(account().await) };
    let call = async || client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap().status;

    // A young one is not to blame.
    assert_eq!(call().await, 401);
    let first = head(&mut seen).expect("a call");
    assert!(first.contains("authorization: Bearer token-0\r\n"), "{first}");
    assert!(first.contains("x-goog-user-project: payer\r\n") && !first.contains("x-goog-api-key"), "{first}");
    assert_eq!(head(&mut seen), None);

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    assert_eq!(call().await, 200);
    assert!(head(&mut seen).expect("a call").contains("Bearer token-0\r\n"));
    assert!(head(&mut seen).expect("another").contains("Bearer token-1\r\n"));
    assert_eq!(call().await, 401, "the new one is young");
    assert!(head(&mut seen).expect("a call").contains("Bearer token-1\r\n"));
    assert_eq!(head(&mut seen), None);
}

#[tokio::test]
async fn no_token_is_no_call() {
    let (metadata, _seen) = Server::new(|_| answer("404 Not Found", "", "no such account as canary@example"));
    let metadata = Some(metadata.listen().await.as_str().trim_end_matches('/').to_owned());
    let options = Options { metadata, ..Options::default() };
    let credentials = Credentials::application_default("the models of the tests", options).unwrap();
    let (server, mut seen) = Server::new(|_| answer("200 OK", "", "{}"));
    let to = Endpoint { base: server.listen().await, credential: Credential::Google(credentials) };
    let error = client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap_err();
    assert_eq!((error.class, error.provider_reason.as_str()), (Class::Credentials, "NO_TOKEN"));
    assert!(!error.message.contains("canary"), "{error}");
    assert_eq!(head(&mut seen), None);
}
