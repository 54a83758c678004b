//! A section while it is written: its sentences, what is wrong with each, and how long it is.

use std::collections::BTreeMap;

use lectern_core::content::script::{DropReason, Dropped, Utterance};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checks::{Checker, Fault, Said};
use super::length;
use super::material::Material;
use crate::speakable::Language;

/// The most characters of a sentence.
const LONGEST_SENTENCE: u32 = 400;
/// The most blocks that a sentence names.
const MOST_BLOCKS: u32 = 4;
/// Words of a short sentence, by which the most sentences of an answer follow from its words.
const SHORT_SENTENCE: u32 = 5;
/// More sentences are never asked for at once.
const MOST_SENTENCES: u32 = 400;

/// A sentence of a draft.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) said: Said,
    pub(super) words: u32,
    pub(super) fault: Option<Fault>,
}

impl Line {
    /// Whether it says nothing about the subject.
    fn is_own(&self) -> bool {
        self.said.own && self.said.blocks.is_empty()
    }
}

/// A section while it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) lines: Vec<Line>,
}

/// A sentence as it stands in an answer.
#[derive(Debug, Deserialize)]
struct Answered {
    text: String,
    blocks: Vec<u32>,
    own: bool,
    #[serde(default)]
    ends_paragraph: bool,
    #[serde(default)]
    speaker: u8,
    #[serde(default)]
    number: usize,
}

/// The form of an answer of sentences. `speakers` is how many there are; 1 for one voice, who is
/// then not named. With `numbered` each says which sentence it takes the place of.
pub(super) fn form(words: u32, speakers: usize, last_block: u32, numbered: bool) -> Value {
    let mut fields = json!({
        "text": {"type": "string", "minLength": 1, "maxLength": LONGEST_SENTENCE},
        "blocks": {
            "type": "array",
            "maxItems": MOST_BLOCKS,
            "items": {"type": "integer", "minimum": 0, "maximum": last_block},
        },
        "own": {"type": "boolean"},
    });
    let mut required = vec!["text", "blocks", "own"];
    if numbered {
        fields["number"] = json!({"type": "integer", "minimum": 0, "maximum": MOST_SENTENCES});
        required.push("number");
    } else {
        fields["ends_paragraph"] = json!({"type": "boolean"});
        required.push("ends_paragraph");
        if speakers > 1 {
            fields["speaker"] = json!({"type": "integer", "minimum": 0, "maximum": speakers - 1});
            required.push("speaker");
        }
    }
    let most = (words / SHORT_SENTENCE).saturating_add(10).min(MOST_SENTENCES);
    json!({
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "maxItems": most,
                "items": {"type": "object", "properties": fields, "required": required, "additionalProperties": false},
            },
        },
        "required": ["sentences"],
        "additionalProperties": false,
    })
}

/// The sentences of an answer, each with the number that it names. A text that has several is as
/// many.
///
/// # Errors
/// A sentence for the model, where they are not as the form has them. It quotes nothing of them.
pub(super) fn read(answer: &Value, language: Language) -> Result<Vec<(usize, Said)>, String> {
    let answered: Vec<Answered> = Deserialize::deserialize(&answer["sentences"])
        .map_err(|_| "its sentences are not as they were asked for".to_owned())?;
    let said = answered.into_iter().flat_map(|sentence| {
        let Answered { text, blocks, own, ends_paragraph, speaker, number } = sentence;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let apart = Said { text, blocks, own, ends_paragraph, speaker }.apart(language);
        apart.into_iter().map(move |said| (number, said))
    });
    Ok(said.collect())
}

impl Draft {
    /// Judges sentences.
    pub(super) fn of(said: Vec<Said>, checker: &Checker<'_>, language: Language) -> Self {
        let faults = checker.check(&said);
        let lines = said.into_iter().zip(faults);
        let line = |(said, fault): (Said, Option<Fault>)| Line { words: said.words(language), said, fault };
        Self { lines: lines.map(line).collect() }
    }

    /// Puts sentences into the places of those whose numbers they name, several into one where they
    /// name the same. Speakers and pauses stay as they were; what they say is to be judged anew.
    pub(super) fn replace(&mut self, again: impl Iterator<Item = (usize, Said)>) {
        let mut by_number: BTreeMap<usize, Vec<Said>> = BTreeMap::new();
        for (number, said) in again {
            by_number.entry(number).or_default().push(said);
        }
        let mut lines = Vec::new();
        for (number, line) in std::mem::take(&mut self.lines).into_iter().enumerate() {
            let Some(said) = by_number.remove(&number) else {
                lines.push(line);
                continue;
            };
            let Line { said: before, words, .. } = line;
            let last = said.len().saturating_sub(1);
            lines.extend(said.into_iter().enumerate().map(|(at, said)| {
                let ends_paragraph = before.ends_paragraph && at == last;
                Line { said: Said { ends_paragraph, speaker: before.speaker, ..said }, words, fault: None }
            }));
        }
        self.lines = lines;
    }

    /// Words that are heard of it: those of good sentences, and of those that are written again,
    /// which keep their length.
    pub(super) fn words(&self) -> u32 {
        let stays = |line: &&Line| line.fault.as_ref().is_none_or(|fault| fault.reason != DropReason::Repeated);
        self.lines.iter().filter(stays).map(|line| line.words).fold(0, u32::saturating_add)
    }

    /// Whether it is nearer to its words than another.
    pub(super) fn is_nearer(&self, other: &Self, target: u32) -> bool {
        length::apart(self.words(), target) < length::apart(other.words(), target)
    }

    /// Takes out what is wrong and says what that was.
    pub(super) fn drop_faulty(&mut self, material: &Material) -> Vec<Dropped> {
        let (good, bad): (Vec<Line>, Vec<Line>) =
            std::mem::take(&mut self.lines).into_iter().partition(|line| line.fault.is_none());
        self.lines = good;
        bad.into_iter().filter_map(|line| line.fault.map(|fault| dropped(line.said, fault, material))).collect()
    }

    /// Takes out whole sentences from the end, but for the very last one, until it is as near to
    /// its words as it must be. What is taken out is said.
    pub(super) fn drop_beyond(&mut self, target: u32, material: &Material) -> Vec<Dropped> {
        let mut out = Vec::new();
        let mut at = self.lines.len().saturating_sub(1);
        while at > 0 && self.words() > target && !length::is_allowed(self.words(), target) {
            at -= 1;
            let Some(words) = self.lines.get(at).map(|line| line.words) else { break };
            // One that would leave too little stays.
            let left = self.words().saturating_sub(words);
            if left < target && !length::is_allowed(left, target) {
                continue;
            }
            let line = self.lines.remove(at);
            let detail = format!("the section has {} words and {target} were wanted", left.saturating_add(words));
            out.push(dropped(line.said, Fault { reason: DropReason::TooLong, detail }, material));
        }
        out.reverse();
        out
    }

    /// Takes out what says nothing about the subject until that is at most `most` hundredths of
    /// `words`, from the end on; how the whole begins and ends goes last. What is taken out is
    /// said.
    pub(super) fn drop_own(&mut self, most: u32, words: u32, material: &Material) -> Vec<Dropped> {
        let mut out = Vec::new();
        while self.own_words().saturating_mul(100) > most.saturating_mul(words.max(self.all_words())) {
            let last = self.lines.len().saturating_sub(1);
            let is_own = |at: &usize| self.lines.get(*at).is_some_and(Line::is_own);
            let within = (1..last).rev().find(is_own);
            let Some(at) = within.or_else(|| (0..=last).rev().find(is_own)) else { break };
            let line = self.lines.remove(at);
            let detail = format!("more than {most} of 100 words are in sentences that name no block");
            out.push(dropped(line.said, Fault { reason: DropReason::Unsourced, detail }, material));
        }
        out.reverse();
        out
    }

    /// What is heard of it.
    pub(super) fn utterances(&self, material: &Material, language: Language) -> Vec<Utterance> {
        let mut all: Vec<Utterance> = Vec::new();
        for line in &self.lines {
            let mut of_line = line.said.utterances(material, language);
            if let Some(last) = of_line.last_mut() {
                last.ends_block = line.said.ends_paragraph;
            }
            all.append(&mut of_line);
        }
        if let Some(last) = all.last_mut() {
            last.ends_block = true;
        }
        for (utterance, id) in all.iter_mut().zip(0..) {
            utterance.id = id;
        }
        all
    }

    /// The sentences as a text for the model, each behind its blocks.
    pub(super) fn shown(&self) -> String {
        let line = |line: &Line| {
            let blocks = line.said.blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("[{blocks}] {}", line.said.text)
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The blocks that its sentences name.
    pub(super) fn blocks(&self) -> Vec<u32> {
        let mut blocks: Vec<u32> = self.lines.iter().flat_map(|line| line.said.blocks.iter().copied()).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }

    /// The part of its words, in hundredths, that say nothing about the subject.
    pub(super) fn own_share(&self) -> u32 {
        self.own_words().saturating_mul(100) / self.all_words().max(1)
    }

    fn own_words(&self) -> u32 {
        self.lines.iter().filter(|line| line.is_own()).map(|line| line.words).fold(0, u32::saturating_add)
    }

    fn all_words(&self) -> u32 {
        self.lines.iter().map(|line| line.words).fold(0, u32::saturating_add)
    }
}

fn dropped(said: Said, fault: Fault, material: &Material) -> Dropped {
    let sources = material.sources(&said.blocks);
    Dropped { text: said.text, reason: fault.reason, detail: fault.detail, sources }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Language = Language::English;

    fn line(text: &str, own: bool) -> Line {
        let blocks = if own { vec![] } else { vec![1] };
        let said = Said { text: text.to_owned(), blocks, own, ends_paragraph: false, speaker: 0 };
        Line { words: said.words(EN), said, fault: None }
    }

    #[test]
    fn a_text_of_several_sentences_is_several() {
        let answer = json!({"sentences": [
            {"text": "Dr. Field lifts  water. Does it flow? It", "blocks": [3], "own": false, "ends_paragraph": true, "speaker": 1, "number": 7},
        ]});
        let read = read(&answer, EN).unwrap();
        let texts: Vec<&str> = read.iter().map(|(_, said)| said.text.as_str()).collect();
        assert_eq!(texts, ["Dr. Field lifts water.", "Does it flow?", "It"]);
        assert!(read.iter().all(|(number, said)| *number == 7 && said.blocks == [3] && said.speaker == 1));
        let ends: Vec<bool> = read.iter().map(|(_, said)| said.ends_paragraph).collect();
        assert_eq!(ends, [false, false, true]);
    }

    #[test]
    fn own_words_beyond_their_share_go_and_the_first_and_the_last_go_last() {
        let fact = "The pump lifts water from the lower tank to the upper one.";
        let own = ["Let us begin now.", "Here is more of it.", "And so it goes on."];
        let lines =
            vec![line(own[0], true), line(fact, false), line(own[1], true), line(fact, false), line(own[2], true)];
        let of = |most: u32, words: u32| {
            let mut draft = Draft { lines: lines.clone() };
            let dropped = draft.drop_own(most, words, &Material::default());
            assert!(dropped.iter().all(|one| one.reason == DropReason::Unsourced && !one.detail.is_empty()));
            assert!(draft.own_words() * 100 <= most * draft.all_words().max(words));
            dropped.into_iter().map(|one| one.text).collect::<Vec<_>>()
        };
        // 4, 5 and 5 words of 38.
        assert_eq!(of(40, 0), Vec::<String>::new());
        assert_eq!(of(30, 0), [own[1]]);
        assert_eq!(of(0, 0), [own[0], own[2], own[1]], "the middle first, then the end");
        assert_eq!(of(20, 100), Vec::<String>::new(), "of what is still to come");
    }
}
