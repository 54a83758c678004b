//! Bodies of answers that come in pieces, late, cut, or not at all.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::ledger::Ticket;

/// What separates two pieces on the wire, so that they are read one by one.
const BETWEEN: Duration = Duration::from_millis(1);

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// Nothing, for so long.
    Pause(Duration),
    /// The connection breaks.
    Break,
}

/// What a refused or finished call is answered with, before it is sent.
#[derive(Debug)]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) pieces: VecDeque<Piece>,
}

impl Answer {
    /// An answer of one piece.
    pub(super) fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Self { status, headers, pieces: VecDeque::from([Piece::Bytes(body)]) }
    }

    /// An answer that comes as events.
    pub(super) fn events(pieces: VecDeque<Piece>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        Self { status: StatusCode::OK, headers, pieces }
    }

    /// No answer: the connection ends before its first byte.
    pub(super) fn none() -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), pieces: VecDeque::from([Piece::Break]) }
    }

    /// A page of what stands before a service that has no room.
    pub(super) fn page() -> Self {
        let page = "<!DOCTYPE html>\n<html lang=en>\n<title>Error 503 (Service Unavailable)!!1</title>\n<p>The server is \
                    temporarily unable to service your request.\n</html>\n";
        Self::whole(StatusCode::SERVICE_UNAVAILABLE, "text/html; charset=UTF-8", page)
    }

    /// The same with one header more. A value that is none is left out.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same, broken off in the middle of its bytes.
    pub(super) fn cut(mut self) -> Self {
        let total: usize = self.pieces.iter().map(Piece::len).sum();
        let (mut left, mut kept) = (total / 2, VecDeque::new());
        for piece in self.pieces {
            match piece {
                Piece::Bytes(bytes) if bytes.len() >= left => {
                    kept.push_back(Piece::Bytes(bytes.slice(..left)));
                    break;
                }
                Piece::Bytes(bytes) => {
                    left -= bytes.len();
                    kept.push_back(Piece::Bytes(bytes));
                }
                Piece::Pause(_) | Piece::Break => kept.push_back(piece),
            }
        }
        // What came before is on its way when the connection breaks.
        kept.push_back(Piece::Pause(BETWEEN * 5));
        kept.push_back(Piece::Break);
        self.pieces = kept;
        self
    }

    /// Sends it. The ticket, if there is one, hears when the last byte is handed to the connection.
    pub(super) fn send(self, ticket: Option<Ticket>) -> Response<Body> {
        let body = futures::stream::unfold((self.pieces, ticket), |(mut pieces, ticket)| async move {
            loop {
                match pieces.pop_front()? {
                    Piece::Pause(by) => tokio::time::sleep(by).await,
                    Piece::Break => {
                        let broken = io::Error::other("the connection breaks, on demand");
                        return Some((Err(broken), (VecDeque::new(), ticket)));
                    }
                    Piece::Bytes(bytes) => {
                        if pieces.iter().all(|piece| matches!(piece, Piece::Pause(_)))
                            && let Some(ticket) = &ticket
                        {
                            ticket.deliver();
                        }
                        return Some((Ok::<Bytes, io::Error>(bytes), (pieces, ticket)));
                    }
                }
            }
        });
        let mut response = Response::new(Body::from_stream(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Pause(_) | Self::Break => 0,
        }
    }
}

/// How events are framed. All of it is legal, and a client must not depend on any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// Whether lines end with CR and LF instead of LF alone.
    pub carriage_returns: bool,
    /// Whether the last event is followed by a blank line, as the others are.
    pub last_blank_line: bool,
    /// Whether events come in pieces which end within `data:` and within a character.
    pub split: bool,
}

impl Framing {
    /// The framing of a call by its number: all combinations come in turn.
    pub(super) const fn of_call(number: u64) -> Self {
        Self { carriage_returns: number.is_multiple_of(2), last_blank_line: number % 3 != 2, split: true }
    }

    /// Events as they are on the wire: each a line of its own (`data: ...` already written) and a
    /// blank line after it, with a pause of `apart` between two.
    pub(super) fn frame(self, lines: &[String], apart: Duration) -> VecDeque<Piece> {
        let end = if self.carriage_returns { "\r\n" } else { "\n" };
        let mut pieces = VecDeque::new();
        for (at, line) in lines.iter().enumerate() {
            let last = at + 1 == lines.len();
            let blank = if last && !self.last_blank_line { "" } else { end };
            if at > 0 {
                pieces.push_back(Piece::Pause(apart.max(BETWEEN)));
            }
            let event = Bytes::from(format!("{line}{end}{blank}"));
            let cuts = if self.split { cuts(&event) } else { Vec::new() };
            let mut from = 0;
            for cut in cuts {
                pieces.push_back(Piece::Bytes(event.slice(from..cut)));
                pieces.push_back(Piece::Pause(BETWEEN));
                from = cut;
            }
            pieces.push_back(Piece::Bytes(event.slice(from..)));
        }
        pieces
    }
}

/// Where an event is cut: within `data:`, and within the first character of more than one byte.
fn cuts(event: &[u8]) -> Vec<usize> {
    let mut cuts = Vec::new();
    if event.starts_with(b"data:") {
        cuts.push(3);
    }
    if let Some(at) = event.iter().position(|byte| *byte >= 0x80) {
        cuts.push(at + 1);
    }
    cuts
}
