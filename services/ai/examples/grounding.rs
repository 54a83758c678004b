//! Checks claims against their sources: JSON lines of `claim` and `sources` in, a line with the
//! `faults` of each out. For `cargo xtask grounding`, which plants errors and counts what is found.

use std::io::{Read as _, Write as _};

use lectern_ai::grounding::{self, ClaimLanguage, Context};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Question {
    claim: String,
    sources: Vec<String>,
}

#[derive(Serialize)]
struct Answer {
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    kind: &'static str,
    found: String,
    said: String,
}

fn main() -> std::io::Result<()> {
    let mut questions = String::new();
    std::io::stdin().lock().read_to_string(&mut questions)?;
    let mut out = std::io::stdout().lock();
    for line in questions.lines().filter(|line| !line.is_empty()) {
        let question: Question = serde_json::from_str(line)?;
        let sources: Vec<&str> = question.sources.iter().map(String::as_str).collect();
        let verdict = grounding::check(&question.claim, &sources, &Context::none(ClaimLanguage::ENGLISH));
        let faults = verdict.faults.into_iter();
        let faults =
            faults.map(|fault| Fault { kind: fault.kind.word(), found: fault.found, said: fault.said }).collect();
        writeln!(out, "{}", serde_json::to_string(&Answer { faults })?)?;
    }
    Ok(())
}
