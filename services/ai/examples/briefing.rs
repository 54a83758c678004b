//! Briefings in the documents' own words: JSON lines of a `content`, the `words` that its briefing
//! may take and the block at which its text begins in, a line with the `briefing` and the
//! `sentences` of the running text out. For `cargo xtask briefing-bench`.

use std::io::{Error, Read as _, Write as _};

use lectern_ai::compose::{self, Stop};
use lectern_ai::speakable::{self, Language};
use lectern_core::content::document::{BlockKind, Content};
use lectern_core::content::script::{LengthTarget, Order, Role, Style, Utterance};
use lectern_core::{Digest, Failure};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Question {
    content: Content,
    words: u32,
    /// The first block that is neither title nor author.
    begins: usize,
}

#[derive(Serialize)]
struct Answer {
    briefing: Vec<String>,
    sentences: Vec<String>,
}

fn main() -> std::io::Result<()> {
    let mut questions = String::new();
    std::io::stdin().lock().read_to_string(&mut questions)?;
    let mut out = std::io::stdout().lock();
    for line in questions.lines().filter(|line| !line.is_empty()) {
        let question: Question = serde_json::from_str(line)?;
        let briefing = briefing(&question.content, question.words).map_err(Error::other)?;
        let sentences = sentences(&question.content, question.begins);
        writeln!(out, "{}", serde_json::to_string(&Answer { briefing, sentences })?)?;
    }
    Ok(())
}

/// What is said of the document itself: its sentences, without announcements and headings.
fn briefing(content: &Content, words: u32) -> Result<Vec<String>, Failure> {
    let order = Order { length: Some(LengthTarget::Words(words)), ..Order::of(Style::Briefing) };
    let stop = Stop::default();
    let plan = compose::plan(content, Digest::of(b""), &order, &stop)?;
    let mut said = Vec::new();
    for planned in &plan.sections {
        let section = compose::write_section(content, &plan, planned.index, &stop)?;
        let sentence = |utterance: &Utterance| !utterance.added && !matches!(utterance.role, Role::Heading { .. });
        let own = section.utterances.into_iter().filter(sentence);
        said.extend(own.map(|utterance| utterance.original));
    }
    Ok(said)
}

/// The sentences of the paragraphs, for those who choose among them by other means.
fn sentences(content: &Content, begins: usize) -> Vec<String> {
    let paragraphs = content.blocks.iter().skip(begins);
    let paragraphs = paragraphs.filter(|block| block.kind == BlockKind::Paragraph && block.matter.is_body());
    let of_paragraph = |text: &str| -> Vec<String> {
        let slice = |start: u32, end: u32| {
            let length = usize::try_from(end.saturating_sub(start)).unwrap_or_default();
            text.chars().skip(usize::try_from(start).unwrap_or_default()).take(length).collect()
        };
        speakable::sentences(text, Language::English).iter().map(|range| slice(range.start, range.end)).collect()
    };
    paragraphs.flat_map(|block| of_paragraph(&block.text)).collect()
}
