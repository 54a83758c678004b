//! What must hold of a script by a model that writes badly, and what became of its sentences. The
//! numbers are looked for without the grounding check, which shares no code with this.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lectern_core::content::document::Content;
use lectern_core::content::script::{Section, Utterance};
use serde::Deserialize;
use serde_json::Value;

/// Answers to one question, and questions about one section, at most.
const TRIES: usize = 6;
const QUESTIONS: usize = 8;
/// How a failure of the model, in words of ours, ends.
const OUR_WORDS: &str = "order it with another writer";

/// What the example of the ai service prints.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    pub sections: Vec<Section>,
    pub failure: Option<String>,
    pub answers: Vec<Kept>,
}

/// An answer of the model as it is kept, as far as it is looked at.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Kept {
    purpose: String,
    completion: Completion,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Completion {
    text: String,
    finish: String,
    usage: Usage,
    model_version: String,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Usage {
    input: u64,
    output: u64,
}

impl Kept {
    /// The sentences of an answer that ended by itself; none for any other.
    fn sentences(&self) -> Vec<String> {
        let whole = if self.completion.finish == "stop" { self.completion.text.as_str() } else { "" };
        let value: Value = serde_json::from_str(whole).unwrap_or_default();
        let sentences = value["sentences"].as_array().into_iter().flatten();
        sentences.filter_map(|sentence| sentence["text"].as_str()).map(folded).collect()
    }

    /// Whether it has the form that it was asked for.
    fn has_form(&self) -> bool {
        let field = if self.purpose == "plan" { "sections" } else { "sentences" };
        serde_json::from_str::<Value>(&self.completion.text).is_ok_and(|value| value[field].is_array())
    }
}

/// All that does not hold.
pub fn faults(answer: &Answer, content: &Content, model: &str, output: u32) -> Vec<String> {
    let mut faults = wire(answer, model, output);
    let written: Vec<String> = answer.answers.iter().flat_map(Kept::sentences).collect();
    let numbers = numbers(&all_text(content));
    for section in &answer.sections {
        let mut said = BTreeSet::new();
        for Utterance { original, .. } in &section.utterances {
            let mut sentences = written.iter().filter(|sentence| sentence.contains(&folded(original)));
            if !sentences.any(|sentence| is_whole(sentence)) {
                faults.push(format!("{original:?} is of no whole sentence of an answer that ended by itself"));
            }
            if !said.insert(folded(original).to_lowercase()) {
                faults.push(format!("{original:?} is said twice"));
            }
            let invented = self::numbers(original).into_iter().find(|number| !numbers.contains(number));
            faults.extend(invented.map(|number| format!("{original:?} has {number}, which is not in the document")));
        }
    }
    let questions = 1 + QUESTIONS * answer.sections.len().max(3);
    if answer.answers.len() > questions * TRIES {
        faults.push(format!("{} answers were asked for", answer.answers.len()));
    }
    if let Some(failure) = answer.failure.as_ref().filter(|failure| !failure.contains(OUR_WORDS)) {
        faults.push(format!("it fails in words that are not ours: {failure}"));
    }
    if answer.failure.is_none() && answer.sections.is_empty() {
        faults.push("there is neither a section nor a failure".to_owned());
    }
    faults
}

/// What does not hold of the wire.
fn wire(answer: &Answer, model: &str, output: u32) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.answers.is_empty() {
        faults.push(format!("nothing was answered: {}", answer.failure.as_deref().unwrap_or_default()));
    }
    for kept in &answer.answers {
        let Completion { finish, usage, model_version, .. } = &kept.completion;
        let purpose = &kept.purpose;
        // One that was ended by us, or never begun, comes without its count.
        let broken = matches!(finish.as_str(), "repeating" | "prompt_cut");
        if !broken && (usage.input == 0 || usage.output == 0 && finish != "empty") {
            faults.push(format!("{purpose}: the usage was not counted"));
        }
        if usage.output > u64::from(output) {
            faults.push(format!("{purpose}: {} tokens were written, more than {output}", usage.output));
        }
        if !broken && !model_version.contains(model) {
            faults.push(format!("{purpose}: {model_version:?} answered"));
        }
        if finish == "stop" && !kept.has_form() {
            faults.push(format!("{purpose}: the server did not hold the answer to its schema"));
        }
    }
    faults
}

/// What became of the model's sentences.
pub fn summary(style: &str, answer: &Answer) -> String {
    let mut text = format!("{style}: {} answers", answer.answers.len());
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for kept in &answer.answers {
        *ends.entry(&kept.completion.finish).or_default() += 1;
    }
    let ends: Vec<String> = ends.into_iter().map(|(end, count)| format!("{count} {end}")).collect();
    let tokens: u64 = answer.answers.iter().map(|kept| kept.completion.usage.output).sum();
    // Writing to a text does not fail.
    let _ = writeln!(text, " ({}), {tokens} tokens", ends.join(", "));
    let written: BTreeSet<String> = answer.answers.iter().flat_map(Kept::sentences).collect();
    let taken = answer.sections.iter().map(|section| section.utterances.len()).sum::<usize>();
    let _ = writeln!(text, "  {} different sentences written, {taken} utterances taken", written.len());
    for dropped in answer.sections.iter().flat_map(|section| &section.dropped) {
        let _ = writeln!(text, "  dropped, {:?}: {:?}: {}", dropped.reason, dropped.text, dropped.detail);
    }
    match &answer.failure {
        Some(failure) => text.push_str(&format!("  it failed, which it may: {failure}")),
        None => text.push_str("  it became a script"),
    }
    text
}

/// Every answer, for whoever wants to see what such a model writes.
pub fn answers(answer: &Answer) -> String {
    let line = |kept: &Kept| {
        let Completion { text, finish, .. } = &kept.completion;
        format!("  {} ({finish}): {}", kept.purpose, folded(text))
    };
    answer.answers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn all_text(content: &Content) -> String {
    content.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// Whole numbers in digits.
fn numbers(text: &str) -> BTreeSet<String> {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| !run.is_empty()).map(ToOwned::to_owned).collect()
}

fn is_whole(sentence: &str) -> bool {
    sentence.trim_end_matches(['"', '\'', ')', '”', '’', '»']).ends_with(['.', '?', '!'])
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::harmless;

    fn kept(purpose: &str, finish: &str, text: &str) -> Value {
        let usage = json!({"input": 800, "cached": 0, "output": 90, "thoughts": 0});
        let completion = json!({
            "text": text, "finish": finish, "finish_raw": finish, "usage": usage, "model_version": "m", "raw_usage": null,
        });
        json!({"schema": 1, "purpose": purpose, "number": 1, "completion": completion, "spent": {}})
    }

    fn sentences(texts: &[&str]) -> String {
        let of = |text: &&str| json!({"text": text, "blocks": [1], "own": false, "ends_paragraph": false});
        json!({"sentences": texts.iter().map(of).collect::<Vec<Value>>()}).to_string()
    }

    fn section(texts: &[&str]) -> Value {
        let utterance = |(text, id): (&&str, u32)| json!({"id": id, "role": {"role": "body"}, "ends_block": true, "added": true, "original": text, "spoken": text});
        let utterances: Vec<Value> = texts.iter().zip(0..).map(utterance).collect();
        json!({"schema": 1, "index": 0, "title": "t", "level": 1, "utterances": utterances, "skipped": [], "dropped": []})
    }

    fn found(answer: Value) -> Vec<String> {
        let answer: Answer = serde_json::from_value(answer).unwrap();
        faults(&answer, &harmless::content().unwrap(), "m", 300)
    }

    const GOOD: &str = "The tower is 41 metres tall.";

    #[test]
    fn a_script_of_whole_true_sentences_and_a_failure_in_our_words_hold() {
        let plan = kept("plan", "stop", "{\"sections\": []}");
        let write = kept("section 1 write 1", "stop", &sentences(&[GOOD, "In 1967 it fell", "And"]));
        let script = json!({"sections": [section(&[GOOD])], "failure": null, "answers": [plan, write]});
        assert_eq!(found(script), Vec::<String>::new());
        let failed = "small: plan: cut at the limit; order it with another writer, or with another length";
        let cut = kept("plan", "length", "{\"sections\": [");
        assert!(found(json!({"sections": [], "failure": failed, "answers": [cut]})).is_empty());
    }

    #[test]
    fn whatever_does_not_hold_is_said() {
        let script =
            |texts: &[&str], answer: Value| json!({"sections": [section(texts)], "failure": null, "answers": [answer]});
        let write = |finish: &str, texts: &[&str]| kept("section 1 write 1", finish, &sentences(texts));
        let (cut, wrong) = ("The tower is", "It is 47 metres tall.");
        for (answer, fault) in [
            (script(&[GOOD], write("length", &[GOOD])), "of no whole sentence"),
            (script(&[cut], write("stop", &[cut])), "of no whole sentence"),
            (script(&[GOOD, GOOD], write("stop", &[GOOD])), "said twice"),
            (script(&[wrong], write("stop", &[wrong])), "has 47"),
            (script(&[], kept("plan", "stop", "{\"outline\": 1}")), "to its schema"),
            (json!({"sections": [], "failure": "error 7", "answers": []}), "not ours"),
            (json!({"sections": [], "failure": null, "answers": []}), "nothing was answered"),
        ] {
            let faults = found(answer);
            assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
        }
    }
}
