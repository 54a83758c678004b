//! How anything is printed: results on standard output, what a person follows on standard error.
//!
//! Nothing else of the command line writes to either. So a closed pipe ends quietly wherever it is
//! noticed, control characters of a document's words never reach a terminal, and a line that is
//! written over is never torn by another.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::sync::Arc;

use lectern_core::Failure;
use parking_lot::Mutex;
use serde::Serialize;

use super::words;

/// A line that is written over has at most so many characters, so that it is one row of a terminal.
const WIDTH: usize = 79;
/// Goes to the beginning of the row and clears it.
const CLEAR: &str = "\r\x1b[2K";

/// For whom a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a person: text.
    Plain,
    /// For a program: one JSON object a line on standard output, and failures alone on standard
    /// error.
    Json,
    /// For nobody: failures alone.
    Quiet,
}

impl Mode {
    /// The mode of the flags `--json` and `--quiet`.
    #[must_use]
    pub const fn of(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (false, true) => Self::Quiet,
            (false, false) => Self::Plain,
        }
    }
}

/// Prints; clones are one.
#[derive(Debug, Clone)]
pub struct Out {
    mode: Mode,
    /// Whether standard error is a terminal.
    terminal: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// A line stands in the last row of the terminal, and is written over by the next.
    live: bool,
    /// Whoever read standard output has gone.
    gone: bool,
    /// Why standard output cannot be written.
    broken: Option<Failure>,
}

impl Out {
    /// Prints in this mode.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, terminal: io::stderr().is_terminal(), state: Arc::default() }
    }

    /// For whom it prints.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether a person looks on at a terminal, where a line can be written over.
    #[must_use]
    pub const fn live(&self) -> bool {
        self.terminal && matches!(self.mode, Mode::Plain)
    }

    /// Whether nobody reads standard output any more. A command that only prints may end then.
    #[must_use]
    pub fn gone(&self) -> bool {
        self.state.lock().gone
    }

    /// Prints a line of the result, for people; nothing in the other modes.
    pub fn line(&self, text: &str) {
        if self.mode == Mode::Plain {
            self.put(&shown(text));
        }
    }

    /// Prints an object of the result as one line of JSON, for programs; nothing in the other
    /// modes.
    pub fn json(&self, value: &impl Serialize) {
        if self.mode != Mode::Json {
            return;
        }
        match serde_json::to_string(value) {
            Ok(line) => self.put(&line),
            Err(error) => {
                let failure = Failure::internal(format!("the answer cannot be written as JSON: {error}"));
                self.state.lock().broken.get_or_insert(failure);
            }
        }
    }

    /// Prints a line on standard error for whoever follows the work; nothing in the other modes.
    pub fn say(&self, text: &str) {
        if self.mode == Mode::Plain {
            self.tell(text);
        }
    }

    /// Prints what went wrong on standard error, in every mode.
    pub fn complain(&self, text: &str) {
        self.tell(text);
    }

    /// Writes over the line before it on a terminal; nothing where there is none.
    pub fn over(&self, text: &str) {
        if self.live() {
            let line: String = shown(text).chars().take(WIDTH).collect();
            let mut state = self.state.lock();
            state.live = true;
            to_stderr(&format!("{CLEAR}{line}"));
        }
    }

    /// Clears the line that is written over.
    pub fn clear(&self) {
        self.state.lock().clear();
    }

    /// Says whether all of the result could be printed. A closed pipe is no failure: who reads only
    /// the beginning, as `head` does, has seen enough.
    ///
    /// # Errors
    /// Why standard output cannot be written, such as a full disk.
    pub fn finish(&self) -> Result<(), Failure> {
        let mut state = self.state.lock();
        state.clear();
        state.broken.take().map_or(Ok(()), Err)
    }

    fn tell(&self, text: &str) {
        let mut state = self.state.lock();
        state.clear();
        to_stderr(&format!("{}\n", shown(text)));
    }

    /// Writes a line to standard output.
    fn put(&self, line: &str) {
        let mut state = self.state.lock();
        state.clear();
        if state.gone || state.broken.is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        match out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => state.gone = true,
            Err(error) => {
                state.broken = Some(words::output(format!("standard output cannot be written: {error}")));
            }
        }
    }
}

impl State {
    fn clear(&mut self) {
        if std::mem::take(&mut self.live) {
            to_stderr(CLEAR);
        }
    }
}

/// Writes to standard error. What cannot be shown is no reason to stop.
fn to_stderr(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// A line as it is shown. Control characters could do anything to a terminal, so they are shown as
/// spaces.
#[must_use]
pub fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim_end().to_owned()
}

/// Columns of text, as wide as their widest cell, two spaces between them. The last column is as
/// wide as its text.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_as_spaces() {
        assert_eq!(shown("a\x1b[2Jb\u{9b}c\td\r\n"), "a [2Jb c d");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["narrations/1", "done", "Tides"]), row(["n/ü", "at work", ""])];
        assert_eq!(table(&rows), ["narrations/1  done     Tides", "n/ü           at work"]);
        assert_eq!(table(&[]), Vec::<String>::new());
    }

    #[test]
    fn json_goes_before_quiet() {
        assert_eq!(
            [Mode::of(true, false), Mode::of(true, true), Mode::of(false, true), Mode::of(false, false)],
            [Mode::Json, Mode::Json, Mode::Quiet, Mode::Plain]
        );
    }
}
