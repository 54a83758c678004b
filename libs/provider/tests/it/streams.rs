//! Calls whose answers come as events.

use http::StatusCode;
use lectern_provider::{Class, Event, Limits, Opened};

use crate::server::{Seen, Server, Step, all, answer, client, no_headers, open, prompt, send, stream_head, streamed};

fn data(text: &str) -> Event {
    Event::Data(text.to_owned())
}

/// Plays these pieces, each in a packet of its own.
fn pieces(pieces: &[&[u8]]) -> Vec<Step> {
    let mut steps = vec![stream_head()];
    steps.extend(pieces.iter().map(|piece| Step::Send(piece.to_vec())));
    steps
}

#[tokio::test]
async fn events_come_as_they_were_sent_wherever_they_were_cut() {
    let (server, mut seen) = Server::new(|_| {
        pieces(&[
            b"da",
            b"ta: {\"a\":\"\xc3",
            b"\xa9\xe2\x80",
            b"\xa8\"}\r",
            b"\n\r\ndata: b\n",
            b"\ndata: [DONE]\n\ndata: c",
        ])
    });
    let to = open(server.listen().await);
    let path = "v1/models/m:streamGenerateContent?alt=sse";
    let opened = client().stream(&to, path, no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let mut streamed = streamed(opened);
    assert_eq!((streamed.status, &streamed.headers["x-request-id"].to_str().unwrap()), (StatusCode::OK, &"r1"));
    let (events, error) = all(&mut streamed).await;
    assert_eq!(events, [data("{\"a\":\"\u{e9}\u{2028}\"}"), data("b"), Event::Done, data("c")]);
    assert_eq!(error, None);
    assert_eq!(streamed.events.next().await, Ok(None), "it stays at its end");
    let Some(Seen::Request { head, .. }) = seen.recv().await else { panic!("a request") };
    assert!(head.contains("?alt=sse HTTP/1.1") && head.contains("accept: text/event-stream\r\n"), "{head}");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_seen() {
    let error = "{\n  \"error\": {\n    \"code\": 503\n  }\n}";
    let body = format!("data: a\r\n\r\ndata: b\r\n\r\n{error}");
    let (server, _seen) = Server::new(move |_| vec![stream_head(), send(&body)]);
    let to = open(server.listen().await);
    let opened = client().stream(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let (events, end) = all(&mut streamed(opened)).await;
    assert_eq!(events, [data("a"), data("b"), Event::BareError(error.to_owned())]);
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_stream_that_is_refused_has_its_whole_answer() {
    let (server, _seen) = Server::new(|_| answer("429 No", "retry-after: 7\r\n", "{\"error\":{\"code\":429}}"));
    let to = open(server.listen().await);
    let opened = client().stream(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let Opened::Refused(answer) = opened else { panic!("refused") };
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::TOO_MANY_REQUESTS, &b"{\"error\":{\"code\":429}}"[..]));
    assert_eq!(answer.headers["retry-after"], "7");
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";
    let (server, _seen) = Server::new(move |_| vec![send(head), send("data: a\n\ndata: half")]);
    let to = open(server.listen().await);
    let opened = client().stream(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let mut streamed = streamed(opened);
    let (events, error) = all(&mut streamed).await;
    assert_eq!(events, [data("a")], "what did not come whole is not told as if it had");
    assert_eq!(error.map(|error| error.class), Some(Class::Interrupted));
    assert_eq!(streamed.events.next().await, Ok(None), "after an error there is nothing more");
}

#[tokio::test]
async fn who_drops_a_call_ends_it_at_the_server() {
    // In the middle of its events.
    let (server, mut seen) = Server::new(|_| vec![stream_head(), send("data: a\n\n"), Step::Hang]);
    let to = open(server.listen().await);
    let opened = client().stream(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.unwrap();
    let mut streamed = streamed(opened);
    assert_eq!(streamed.events.next().await, Ok(Some(data("a"))));
    assert!(matches!(seen.recv().await, Some(Seen::Request { .. })));
    drop(streamed);
    assert_eq!(seen.recv().await, Some(Seen::HungUp));

    // Before its answer began.
    let (server, mut seen) = Server::new(|_| vec![Step::Hang]);
    let to = open(server.listen().await);
    let call =
        tokio::spawn(
            async move { client().post(&to, "v1/x", no_headers(), &prompt(), &Limits::default()).await.map(drop) },
        );
    assert!(matches!(seen.recv().await, Some(Seen::Request { .. })));
    call.abort();
    assert_eq!(seen.recv().await, Some(Seen::HungUp));
}

#[tokio::test]
async fn a_stream_without_end_is_cut_at_its_limit() {
    let event = "data: 0123456789\n\n".repeat(200);
    let (server, _seen) = Server::new(move |_| vec![stream_head(), send(&event), Step::Hang]);
    let to = open(server.listen().await);
    let limits = Limits { bytes: 1_000, ..Limits::default() };
    let opened = client().stream(&to, "v1/x", no_headers(), &prompt(), &limits).await.unwrap();
    let (events, error) = all(&mut streamed(opened)).await;
    assert!(events.len() < 60, "{}", events.len());
    assert_eq!(error.map(|error| error.provider_reason), Some("ANSWER_TOO_LARGE".to_owned()));
}
