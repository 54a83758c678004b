//! What becomes of a question, whatever the wire: the text, what it costs, and why it ends.

use serde_json::Value;

use super::author::{Asked, Author};
use super::faults::ModelFault;
use super::tokens::{before, beginning, tokens};

/// Why a text ends. Each wire has its own word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Stop,
    Length,
    Withheld,
    PromptRefused,
    NoContent,
    Recitation,
    MalformedCall,
    UnexpectedCall,
    Continuation,
    Unknown,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The text that gets out; empty where there is none.
    pub text: String,
    /// Tokens of the text.
    pub output: u64,
    /// Tokens of thoughts.
    pub thoughts: u64,
    pub end: End,
    /// What is left to write for whoever comes back with a token.
    pub rest: String,
}

/// How much may be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Tokens of thoughts that the model wants.
    pub thoughts: u64,
    /// The most tokens, thoughts included.
    pub limit: u64,
    /// The most tokens of text that one answer has before it ends with a token to go on; none for
    /// models that cannot.
    pub hop: Option<u64>,
}

/// The most tokens of an answer that repeats itself where the limit is far away.
const REPEATED: u64 = 4_096;

/// Lets the author write, and spoils what it wrote as told.
pub(super) fn outcome(author: &dyn Author, asked: &Asked, room: Room, fault: Option<ModelFault>) -> Outcome {
    let without =
        |end: End| Outcome { text: String::new(), output: 0, thoughts: room.thoughts, end, rest: String::new() };
    match fault {
        Some(ModelFault::EmptyAnswer) => return without(End::Stop),
        Some(ModelFault::NoContent) => return without(End::NoContent),
        Some(ModelFault::Recitation) => return without(End::Recitation),
        Some(ModelFault::MalformedCall) => return without(End::MalformedCall),
        Some(ModelFault::UnexpectedCall) => return without(End::UnexpectedCall),
        Some(ModelFault::PromptRefused) => return Outcome { thoughts: 0, ..without(End::PromptRefused) },
        Some(ModelFault::ThoughtsUseItUp) => return Outcome { thoughts: room.limit, ..without(End::Length) },
        _ => {}
    }
    fit(author.write(asked).text, room, fault)
}

/// Fits a text into its room, spoilt as told; also what is left of an earlier answer.
pub(super) fn fit(written: String, room: Room, fault: Option<ModelFault>) -> Outcome {
    let (text, end) = spoilt(written, fault, room.limit.saturating_sub(room.thoughts));
    let left = room.limit.saturating_sub(room.thoughts);
    if left == 0 {
        return Outcome { text: String::new(), output: 0, thoughts: room.limit, end: End::Length, rest: String::new() };
    }
    if end == End::Withheld {
        // It was written and is billed; nobody sees it.
        let output = tokens(&text).min(left);
        return Outcome { text: String::new(), output, thoughts: room.thoughts, end, rest: String::new() };
    }
    let hop = match (room.hop, fault) {
        (Some(_), Some(ModelFault::Continuation)) => Some(tokens(&text).div_ceil(2)),
        (hop, _) => hop,
    };
    let (most, end_there) = match hop {
        Some(hop) if hop < left && tokens(&text) > hop => (hop, End::Continuation),
        _ => (left, End::Length),
    };
    if tokens(&text) <= most {
        let output = tokens(&text);
        return Outcome { text, output, thoughts: room.thoughts, end, rest: String::new() };
    }
    let kept = beginning(&text, most).to_owned();
    let rest = if end_there == End::Continuation {
        text.get(kept.len()..).unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    Outcome { output: tokens(&kept), text: kept, thoughts: room.thoughts, end: end_there, rest }
}

fn spoilt(text: String, fault: Option<ModelFault>, left: u64) -> (String, End) {
    match fault {
        Some(ModelFault::Withheld) => (text, End::Withheld),
        Some(ModelFault::UnknownReason) => (text, End::Unknown),
        Some(ModelFault::CutMidString) => (middle(&text).to_owned(), End::Stop),
        Some(ModelFault::CutAtLimit) => (middle(&text).to_owned(), End::Length),
        Some(ModelFault::RepeatsPhrase) => (repeated(&text, " and so on and so on,", left), End::Length),
        Some(ModelFault::RepeatsDigit) => (repeated_digit(left), End::Length),
        Some(ModelFault::WrongShape) => (r#"{"unexpected":true}"#.to_owned(), End::Stop),
        Some(ModelFault::Fenced) => (format!("```json\n{text}\n```"), End::Stop),
        Some(ModelFault::LineSeparators) => (separated(&text), End::Stop),
        _ => (text, End::Stop),
    }
}

/// The first three fifths of a text.
fn middle(text: &str) -> &str {
    before(text, text.len() * 3 / 5)
}

fn repeated(text: &str, phrase: &str, left: u64) -> String {
    let mut out = middle(text).to_owned();
    let most = left.min(tokens(text) + REPEATED);
    while tokens(&out) < most {
        out.push_str(phrase);
    }
    beginning(&out, most).to_owned()
}

fn repeated_digit(left: u64) -> String {
    let digits = usize::try_from(left.min(REPEATED) * 4).unwrap_or(0);
    let text = format!("{{\"number\": 0.{}", "3".repeat(digits));
    beginning(&text, left.min(REPEATED)).to_owned()
}

/// The same JSON with U+2028 in place of the first space of the first string that has one; text
/// that is not JSON gets it in place of its first space.
fn separated(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.replacen(' ', "\u{2028}", 1);
    };
    separate(&mut value);
    value.to_string()
}

fn separate(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let has = text.contains(' ');
            *text = text.replacen(' ', "\u{2028}", 1);
            has
        }
        Value::Array(items) => items.iter_mut().any(separate),
        Value::Object(fields) => fields.values_mut().any(separate),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(thoughts: u64, limit: u64, hop: Option<u64>) -> Room {
        Room { thoughts, limit, hop }
    }

    #[test]
    fn thoughts_are_paid_from_the_limit() {
        let text = "abcd".repeat(10);
        let fits = fit(text.clone(), room(5, 15, None), None);
        assert_eq!((fits.output, fits.thoughts, fits.end), (10, 5, End::Stop));
        let cut = fit(text.clone(), room(6, 15, None), None);
        assert_eq!((cut.output, cut.thoughts, cut.end), (9, 6, End::Length));
        let none = fit(text, room(20, 15, None), None);
        assert_eq!((none.output, none.thoughts, none.end), (0, 15, End::Length));
    }

    #[test]
    fn what_is_left_of_a_hop_is_the_rest_of_the_text() {
        let text = "äbcd efgh ijkl".repeat(20);
        let first = fit(text.clone(), room(0, 1_000, Some(30)), None);
        assert_eq!(first.end, End::Continuation);
        let second = fit(first.rest.clone(), room(0, 1_000, Some(30)), None);
        let third = fit(second.rest.clone(), room(0, 1_000, Some(30)), None);
        assert_eq!(format!("{}{}{}", first.text, second.text, third.text), text);
        assert_eq!(third.end, End::Stop);
    }

    #[test]
    fn a_spoilt_answer_is_no_json_and_a_separated_one_is() {
        let text = r#"{"a":"some words of a sentence","b":[1,2,3]}"#;
        let room = room(0, 10_000, None);
        for fault in [ModelFault::CutMidString, ModelFault::RepeatsPhrase, ModelFault::RepeatsDigit] {
            let outcome = fit(text.to_owned(), room, Some(fault));
            assert!(serde_json::from_str::<Value>(&outcome.text).is_err(), "{fault:?}: {}", outcome.text);
        }
        let separated = fit(text.to_owned(), room, Some(ModelFault::LineSeparators));
        let value: Value = serde_json::from_str(&separated.text).expect("JSON");
        assert_eq!(value["a"], "some\u{2028}words of a sentence");
    }
}
