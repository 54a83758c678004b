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
    let all = progress.section_count.unwrap_or_default();
    let sections = |what: &str, n: i32| format!("{what} {n}/{all}");
    match narration.state() {
        State::Unspecified | State::Queued => "  queued".to_owned(),
        State::Extracting => "  extracting the document".to_owned(),
        State::Planning => "  planning the script".to_owned(),
        State::AwaitingApproval => "  waiting for the script's approval".to_owned(),
        State::AwaitingBudget => "  waiting for the tenant's budget".to_owned(),
        State::Narrating => format!(
            "  narrating   {}   {}",
            sections("written", progress.written_section_count),
            sections("recorded", progress.recorded_section_count)
        ),
        State::Assembling => format!("  assembling  {}", sections("recorded", progress.recorded_section_count)),
        State::Succeeded => format!("  done        {}", sections("recorded", progress.recorded_section_count)),
        State::Failed => "  failed".to_owned(),
        State::Cancelled => "  cancelled".to_owned(),
    }
}
