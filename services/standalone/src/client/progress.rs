//! What a person sees while a narration is made: one line for each change of stage, one that counts
//! sections.

use std::io::{IsTerminal as _, Write as _};

use lectern_proto::v1::Narration;
use lectern_proto::v1::narration::State;

/// Prints progress to standard error.
#[derive(Debug)]
pub struct Progress {
    live: bool,
    last: String,
}

impl Progress {
    /// One line that is written over at a terminal, a line for each change elsewhere.
    pub fn new() -> Self {
        Self { live: std::io::stderr().is_terminal(), last: String::new() }
    }

    /// Shows where the narration stands.
    pub fn show(&mut self, narration: &Narration) {
        let line = describe(narration);
        if line == self.last {
            return;
        }
        let mut out = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ =
            if self.live { write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush()) } else { writeln!(out, "{line}") };
        self.last = line;
    }

    /// Ends a live line.
    pub fn end(&self) {
        if self.live {
            let _ = writeln!(std::io::stderr());
        }
    }
}

fn describe(narration: &Narration) -> String {
    let progress = narration.progress.unwrap_or_default();
    let sections = |what: &str, n: i32| format!("{what} {n}/{}", progress.sections);
    match narration.state() {
        State::Unspecified | State::Queued => "  queued".to_owned(),
        State::Extracting => "  extracting the document".to_owned(),
        State::Planning => "  planning the script".to_owned(),
        State::Narrating => format!(
            "  narrating   {}   {}",
            sections("written", progress.sections_written),
            sections("recorded", progress.sections_recorded)
        ),
        State::Assembling => format!("  assembling  {}", sections("recorded", progress.sections_recorded)),
        State::Succeeded => format!("  done        {}", sections("recorded", progress.sections_recorded)),
        State::Failed => "  failed".to_owned(),
        State::Cancelled => "  cancelled".to_owned(),
    }
}
