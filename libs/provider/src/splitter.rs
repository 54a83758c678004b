//! Splits the body of a stream into its events: bytes in, events out, whatever pieces they come in.
//!
//! It reads server-sent events (WHATWG HTML, section 9.2.6) as the providers of models send them,
//! which differs from the standard:
//!
//! - an error comes as bare JSON, of one line or many, without `data:`, where an event was expected
//!   (Gemini, Ollama), or behind a field `error:`; by the standard both are skipped;
//! - the last event may have no blank line behind it (Gemini), and counts all the same;
//! - the end is `data: [DONE]`, or nothing but the end of the body (Gemini).
//!
//! Lines end at CR, LF or CRLF and nowhere else: U+2028, U+2029 and U+0085 stand unescaped in
//! strings of JSON. Comments and the fields `event`, `id` and `retry` say nothing that is needed
//! here: what an event is stands in its data too.

use std::collections::VecDeque;

use crate::bare::Depth;

/// What a stream consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The data of one event; its lines are joined by line feeds. Never blank. It may be an error
    /// too (`{"error": ...}`): that is for the wire to see.
    Data(String),
    /// `data: [DONE]`: nothing follows.
    Done,
    /// JSON that is no event's data: an error, or a body that is no stream at all. It may be cut
    /// short, by the end of the body or by an event that begins.
    BareError(String),
}

/// The data of the event that says that nothing follows.
const DONE: &str = "[DONE]";
/// UTF-8's byte order mark, which the standard skips at the beginning.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A splitter of one body.
#[derive(Debug)]
pub struct Splitter {
    most: usize,
    ready: VecDeque<Event>,
    /// The line that is coming.
    line: Vec<u8>,
    /// The last byte was a CR: an LF behind it ends no other line.
    after_cr: bool,
    is_first: bool,
    /// The lines of data of the event that is coming.
    data: Option<String>,
    /// Bare JSON that is coming, and how deep in it we are.
    bare: Option<(String, Depth)>,
    is_too_large: bool,
}

impl Splitter {
    /// For events of at most `most` bytes, counted with the line that is coming.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ready: VecDeque::new(),
            line: Vec::new(),
            after_cr: false,
            is_first: true,
            data: None,
            bare: None,
            is_too_large: false,
        }
    }

    /// Takes the next piece of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.is_too_large {
                return;
            }
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\r' | b'\n' => self.end_line(),
                _ => {
                    self.line.push(byte);
                    self.is_too_large = self.held() > self.most;
                }
            }
        }
    }

    /// The body is complete: what was coming counts as it is.
    pub fn end(&mut self) {
        if self.is_too_large {
            return;
        }
        if !self.line.is_empty() {
            self.end_line();
        }
        if !self.is_too_large {
            self.end_data();
            self.end_bare();
        }
    }

    /// The next event that is complete.
    pub fn pop(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// Whether an event has more bytes than it may: after the events before it nothing comes.
    #[must_use]
    pub const fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Bytes of the event that is coming.
    fn held(&self) -> usize {
        let data = self.data.as_ref().map_or(0, String::len);
        let bare = self.bare.as_ref().map_or(0, |(text, _)| text.len());
        self.line.len().saturating_add(data).saturating_add(bare)
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.is_first) {
            text = text.strip_prefix(MARK).unwrap_or(text);
        }
        // Of whole lines, so that no piece of the body ends within a character.
        self.take_line(&String::from_utf8_lossy(text));
        // A line of little may be many bytes when what is no UTF-8 was replaced.
        self.is_too_large |= self.held() > self.most;
    }

    fn take_line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        if self.bare.is_some() {
            // No line of JSON begins with a word and a colon: the error was cut short.
            if field != "data" {
                return self.add_bare(line);
            }
            self.end_bare();
        }
        if line.is_empty() {
            self.end_data();
        } else if line.trim_start().starts_with(['{', '[']) {
            self.end_data();
            self.add_bare(line);
        } else if field == "data" {
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        } else if field == "error" && value.trim_start().starts_with(['{', '[']) {
            self.end_data();
            self.add_bare(value);
        }
    }

    /// Goes on with bare JSON, or begins it; it ends where its brackets do.
    fn add_bare(&mut self, line: &str) {
        let (text, depth) = self.bare.get_or_insert_with(|| (String::new(), Depth::default()));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
        depth.read(line);
        if depth.is_closed() {
            self.end_bare();
        }
    }

    fn end_bare(&mut self) {
        if let Some((text, _)) = self.bare.take() {
            self.ready.push_back(Event::BareError(text));
        }
    }

    fn end_data(&mut self) {
        match self.data.take() {
            None => {}
            // Some servers send events of nothing to keep a connection open.
            Some(data) if data.trim().is_empty() => {}
            Some(data) if data.trim() == DONE => self.ready.push_back(Event::Done),
            Some(data) => self.ready.push_back(Event::Data(data)),
        }
    }
}

#[cfg(test)]
mod tests;
