//! Calls with one answer.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use lectern_provider::{Billed, Class, Credential, Endpoint, GOOGLE_KEY, Limits};
use lectern_runtime::Secret;
use serde_json::Value;
use url::Url;

use crate::server::{Seen, Server, answer, client, no_headers, open, prompt, send};

#[tokio::test]
async fn a_call_has_its_one_credential_its_fields_and_its_body() {
    let (server, mut seen) = Server::new(|_| answer("200 OK", "x-request-id: r1\r\n", "{\"ok\":true}"));
    let mut base = server.listen().await;
    base.set_path("/base/");
    let credential = Credential::Header { name: GOOGLE_KEY, secret: Secret::new("AIza-1") };
    let mut headers = no_headers();
    headers.insert("x-goog-api-client", HeaderValue::from_static("lectern"));
    let to = Endpoint { base, credential };
    let answer =
        client().post(&to, "v1/models/m:generateContent", headers, &prompt(), &Limits::default()).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((answer.headers["x-request-id"].to_str().unwrap(), &answer.body[..]), ("r1", &b"{\"ok\":true}"[..]));
    let Some(Seen::Request { head, body }) = seen.recv().await else { panic!("a request") };
    assert!(head.starts_with("POST /base/v1/models/m:generateContent HTTP/1.1\r\n"), "{head}");
    for field in ["x-goog-api-key: AIza-1\r\n", "x-goog-api-client: lectern\r\n", "content-type: application/json\r\n"]
    {
        assert!(head.contains(field), "{field} is not in {head}");
    }
    assert!(!head.contains("authorization") && !head.contains("traceparent"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), prompt());
}

#[tokio::test]
async fn a_bearer_is_sent_and_a_list_is_read() {
    let (server, mut seen) = Server::new(|_| answer("200 OK", "", "{\"data\":[]}"));
    let to = Endpoint { base: server.listen().await, credential: Credential::Bearer(Secret::new("sk-1\n")) };
    let answer = client().get(&to, "/models?limit=9", no_headers(), &Limits::default()).await.unwrap();
    assert_eq!(&answer.body[..], b"{\"data\":[]}");
    let Some(Seen::Request { head, body }) = seen.recv().await else { panic!("a request") };
    assert!(head.starts_with("GET /models?limit=9 HTTP/1.1\r\n") && body.is_empty(), "{head}");
    assert!(head.contains("authorization: Bearer sk-1\r\n") && !head.contains("x-goog-api-key"), "{head}");
}

#[tokio::test]
async fn an_answer_of_any_status_is_the_wire_s_to_read_and_no_call_is_repeated() {
    for status in ["400 Bad Request", "401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"] {
        let (server, mut seen) = Server::new(move |_| answer(status, "retry-after: 7\r\n", "{\"error\":{}}"));
        let to = open(server.listen().await);
        let answer = client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
        assert!(status.starts_with(answer.status.as_str()));
        assert_eq!(
            (&answer.headers[RETRY_AFTER], &answer.body[..]),
            (&HeaderValue::from_static("7"), &b"{\"error\":{}}"[..])
        );
        assert!(matches!(seen.recv().await, Some(Seen::Request { .. })));
        assert!(seen.try_recv().is_err(), "one call");
    }
}

#[tokio::test]
async fn a_refusal_that_breaks_off_still_has_its_status() {
    let (server, _seen) = Server::new(|_| vec![send("HTTP/1.1 503 No\r\ncontent-length: 900\r\n\r\n<html>")]);
    let to = open(server.listen().await);
    let answer = client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::SERVICE_UNAVAILABLE, &b"<html>"[..]));
}

#[tokio::test]
async fn a_success_that_breaks_off_may_have_been_paid_for() {
    let (server, _seen) = Server::new(|_| vec![send("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"text")]);
    let to = open(server.listen().await);
    let error = client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap_err();
    assert_eq!((error.class, error.billed, error.status), (Class::Interrupted, Billed::Unknown, Some(200)));
}

#[tokio::test]
async fn nobody_there_is_no_call_and_costs_nothing() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let to = open(Url::parse(&base).unwrap());
    let error = client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap_err();
    assert_eq!((error.class, error.billed, error.status), (Class::Network, Billed::No, None));
    assert!(!error.message.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn nobody_is_called_whom_the_operator_did_not_name() {
    let (other, mut others) = Server::new(|_| answer("200 OK", "", "{}"));
    let other = other.listen().await;
    let (server, _seen) = Server::new(move |_| answer("307 Temporary", &format!("location: {other}\r\n"), ""));
    let to = open(server.listen().await);
    for result in [
        client().get(&to, "v1/models", no_headers(), &Limits::default()).await,
        client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await,
    ] {
        let error = result.unwrap_err();
        assert_eq!((error.class, error.provider_reason.as_str()), (Class::Invalid, "REDIRECT"));
    }
    assert!(others.try_recv().is_err());
    let to = open(Url::parse("http://224.0.0.1/v1").unwrap());
    let error = client().get(&to, "models", no_headers(), &Limits::default()).await.unwrap_err();
    assert_eq!((error.class, error.provider_reason.as_str()), (Class::Invalid, "ADDRESS"));
}

#[tokio::test]
async fn what_holds_a_call_shows_neither_keys_nor_texts() {
    let (server, _seen) = Server::new(|_| answer("200 OK", "", "the canary sings"));
    let to = Endpoint { base: server.listen().await, credential: Credential::Bearer(Secret::new("sk-1")) };
    let client = client();
    let answer = client.post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let shown = format!("{client:?} {to:?} {answer:?}");
    assert!(!shown.contains("canary") && !shown.contains("sk-1"), "{shown}");
}
