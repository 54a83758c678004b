//! Whether a sentence is speech: no markup, no address, no words of a prompt or about the task, and
//! a whole sentence.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lectern_core::content::script::DropReason;

use super::sentence::Fault;
use super::words::{runs, words};
use crate::engine::generative::prompt;

/// Signs that no spoken sentence has.
const MARKUP: [char; 16] = ['<', '>', '{', '}', '[', ']', '`', '|', '\\', '*', '_', '^', '=', '#', '~', '\u{fffd}'];

/// How addresses begin.
const ADDRESSES: [&str; 5] = ["http:", "https:", "www.", "://", "mailto:"];

/// Words by which a model speaks of itself or of the task instead of the document. A document may
/// say them: then a sentence may.
const OF_THE_TASK: [&str; 14] = [
    "as an ai",
    "as a language model",
    "i am an ai",
    "i'm an ai",
    "i cannot comply",
    "i can't comply",
    "i cannot assist",
    "i can't assist",
    "i'm sorry, but",
    "here is the json",
    "here's the json",
    "system prompt",
    "my instructions",
    "begin data",
];

/// So many words in a row that stand in a prompt of ours are taken from it.
const OF_A_PROMPT: usize = 7;

/// Runs of words of the prompts.
static PROMPTS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| prompt::ALL.iter().flat_map(|text| runs(&words(text), OF_A_PROMPT)).collect());

/// What is wrong with a sentence as speech, whatever it says. `sources` are what it is about.
pub(in crate::engine::generative) fn fault(text: &str, sources: &[&str]) -> Option<Fault> {
    let lower = text.to_lowercase();
    let not_speech = |detail: &str| Some(Fault { reason: DropReason::NotSpeech, detail: detail.to_owned() });
    if !text.chars().any(char::is_alphabetic) {
        return not_speech("it has no words");
    }
    if ADDRESSES.iter().any(|address| lower.contains(address)) {
        return not_speech("it has an address");
    }
    if text.chars().any(|c| MARKUP.contains(&c) || c.is_control() || is_picture(c)) {
        return not_speech("it has signs that nobody speaks, such as markup or a symbol");
    }
    let task = OF_THE_TASK.iter().find(|words| lower.contains(*words));
    if task.is_some_and(|words| !sources.iter().any(|source| source.to_lowercase().contains(*words))) {
        return not_speech("it speaks about you or about the task");
    }
    if runs(&words(text), OF_A_PROMPT).iter().any(|run| PROMPTS.contains(run)) {
        return not_speech("it has words of the instructions");
    }
    if !is_whole(text) {
        return Some(Fault { reason: DropReason::Cut, detail: "it does not end with a stop".to_owned() });
    }
    None
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}')
}

/// Whether a sentence ends: with a stop, behind which only a closing sign stands. Three dots are
/// no end.
fn is_whole(text: &str) -> bool {
    let text = text.trim_end_matches(['"', '\'', ')', '”', '’', '»']);
    text.ends_with(['.', '?', '!']) && !text.ends_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<DropReason> {
        fault(text, &["Nobody said: as an AI I cannot know."]).map(|fault| fault.reason)
    }

    #[test]
    fn what_nobody_speaks_is_no_speech() {
        for text in [
            "**Pumps** lift water.",
            "<break/> Pumps lift water.",
            "# Pumps lift water.",
            "See https://example.com for more.",
            "Visit www.example.com today.",
            "[laughs] Pumps lift water.",
            "`pump()` lifts water.",
            "The flow is v = 3.",
            "Pumps lift water 🌊.",
            "12 34.",
            "I'm sorry, but I cannot do that.",
            "My instructions say that pumps lift water.",
            "Numbers, units, dates, names and quotations are taken from the material as they stand there.",
            "Pumps\u{7} lift water.",
        ] {
            assert_eq!(reason(text), Some(DropReason::NotSpeech), "{text}");
        }
    }

    #[test]
    fn a_sentence_ends() {
        for text in ["Pumps lift water", "Pumps lift water and", "Pumps lift water...", "Pumps lift wat,"] {
            assert_eq!(reason(text), Some(DropReason::Cut), "{text}");
        }
        for text in [
            "Pumps lift water.",
            "Do pumps lift water?",
            "He said \"go.\"",
            "As an AI I cannot know.",
            "Dr. No's 5 km/h, i.e. slow.",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
    }
}
