//! Limits of one attempt, over pipes in virtual time.

use std::time::Duration;

use lectern_provider::{Billed, Class, Limits};
use tokio::time::Instant;
use url::Url;

use crate::server::{Seen, Server, Step, all, no_headers, open, piped, prompt, send, stream_head, streamed};

const SECOND: Duration = Duration::from_secs(1);

fn base() -> Url {
    Url::parse("http://models:8080/v1").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_may_last_for_minutes() {
    let event = b"data: a\n\n".to_vec();
    let (server, _seen) = Server::new(move |_| vec![stream_head(), Step::Repeat(24, 20 * SECOND, event.clone())]);
    let to = open(base());
    let began = Instant::now();
    let opened = piped(&server).stream(&to, "x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let (events, error) = all(&mut streamed(opened)).await;
    assert_eq!((events.len(), error), (24, None));
    assert!(began.elapsed() >= 480 * SECOND);

    // Or be silent for minutes before its only answer.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let (server, _seen) = Server::new(move |_| vec![Step::Repeat(1, 280 * SECOND, head.into())]);
    let answer = piped(&server).post(&to, "x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    assert_eq!(&answer.body[..], b"{}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_passed_ends_the_call_at_the_server_too() {
    let event = b"data: a\n\n".to_vec();
    let endless = move |_| vec![stream_head(), Step::Repeat(10_000, 20 * SECOND, event.clone())];
    let silent = |_| vec![stream_head(), send("data: a\n\n"), Step::Hang];
    let (endless, silent) = (Server::new(endless), Server::new(silent));
    for ((server, mut seen), events, limit) in [(endless, 29, 600), (silent, 1, 120)] {
        let began = Instant::now();
        let opened = piped(&server).stream(&open(base()), "x", no_headers(), &prompt(), &Limits::default()).await;
        let mut streamed = streamed(opened.unwrap());
        let (came, error) = all(&mut streamed).await;
        let error = error.expect("an error");
        assert_eq!((error.class, error.billed), (Class::Interrupted, Billed::Unknown));
        assert_eq!(error.provider_reason, "TOO_SLOW");
        assert!(came.len() >= events && came.len() <= events + 1, "{}", came.len());
        let took = began.elapsed();
        assert!(took >= limit * SECOND && took < (limit + 2) * SECOND, "{took:?}");
        assert!(matches!(seen.recv().await, Some(Seen::Request { .. })));
        assert_eq!(seen.recv().await, Some(Seen::HungUp));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_is_given_up() {
    let (server, mut seen) = Server::new(|_| vec![Step::Hang]);
    let client = piped(&server);
    for path in ["x", "y"] {
        let limits = Limits { first_byte: 30 * SECOND, ..Limits::default() };
        let error = if path == "x" {
            client.post(&open(base()), path, no_headers(), &prompt(), &limits).await.map(drop).unwrap_err()
        } else {
            client.stream(&open(base()), path, no_headers(), &prompt(), &limits).await.map(drop).unwrap_err()
        };
        assert_eq!((error.class, error.billed), (Class::Interrupted, Billed::Unknown), "{error}");
        assert!(matches!(seen.recv().await, Some(Seen::Request { .. })));
        assert_eq!(seen.recv().await, Some(Seen::HungUp));
    }
}
