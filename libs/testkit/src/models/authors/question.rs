//! What a question consists of: instructions, and data between lines that mark it.
//!
//! Data stands between `<<<BEGIN DATA name boundary>>>` and `<<<END DATA name boundary>>>`. A block
//! of it begins with a line that has its number, and what it is or how long: `[number] text`,
//! `[number] (kind) text`, `[number, number] text` or, in an outline, `[number] kind: text`. It
//! goes on in lines that are indented. Where nothing is marked, all parts but the last are data.

use super::sentences::{first_words, is_speakable, sentences};
use crate::models::author::Asked;

/// A question, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    pub instructions: String,
    pub data: Vec<Data>,
}

/// A part of the data.
#[derive(Debug, Clone, Default)]
pub(super) struct Data {
    pub name: String,
    pub text: String,
}

/// A block of data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// Its number; several for what was made of several; none for text without numbers.
    pub ids: Vec<u64>,
    /// What it is, in a word; empty for running text.
    pub kind: String,
    pub text: String,
}

/// A sentence, and the numbers of the blocks that it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    pub ids: Vec<u64>,
    pub text: String,
}

impl Question {
    pub(super) fn of(asked: &Asked) -> Self {
        let mut question = Self::default();
        let whole = asked.user_parts.join("\n\n");
        let mut open: Option<(String, Data)> = None;
        for line in whole.split('\n') {
            open = match open.take() {
                Some((end, part)) if line == end => {
                    question.data.push(part);
                    None
                }
                Some((end, mut part)) => {
                    part.text.push_str(line);
                    part.text.push('\n');
                    Some((end, part))
                }
                None => {
                    let marked = begun(line);
                    if marked.is_none() {
                        question.instructions.push_str(line);
                        question.instructions.push('\n');
                    }
                    marked
                }
            };
        }
        if question.data.is_empty() {
            let data: &[String] = match asked.user_parts.as_slice() {
                [] => &[],
                [only] => std::slice::from_ref(only),
                [data @ .., last] => {
                    question.instructions.clone_from(last);
                    data
                }
            };
            question.data = data.iter().map(|text| Data { name: String::new(), text: text.clone() }).collect();
        }
        question
    }

    /// The data of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Data> {
        self.data.iter().find(|data| data.name == name)
    }

    /// The data that the answer is written from: the draft that is to be shortened, or else the
    /// first.
    pub(super) fn material(&self) -> Vec<Block> {
        let draft = self.named("draft").filter(|_| !self.adds());
        draft.or_else(|| self.data.first()).map(Data::blocks).unwrap_or_default()
    }

    /// Whether more is asked for, beside a draft that is not to be repeated.
    pub(super) fn adds(&self) -> bool {
        self.named("draft").is_some() && self.instructions.contains("words more")
    }

    /// The sentences that may be spoken, each once, in order.
    pub(super) fn sentences(&self) -> Vec<Sentence> {
        let drafted = self.named("draft").filter(|_| self.adds()).map(|draft| draft.text.as_str());
        let mut found: Vec<Sentence> = Vec::new();
        for block in self.material().into_iter().filter(Block::is_running) {
            for text in sentences(&block.text).into_iter().filter(|text| is_speakable(text)) {
                let there = drafted.is_some_and(|draft| draft.contains(text));
                if !there && !found.iter().any(|known| known.text == text) {
                    found.push(Sentence { ids: block.ids.clone(), text: text.to_owned() });
                }
            }
        }
        if found.is_empty() && drafted.is_none() {
            // Lists and tables: the first words of each.
            let begun = self.material().into_iter().filter_map(|block| {
                let text = first_words(&block.text)?;
                Some(Sentence { ids: block.ids, text })
            });
            found.extend(begun);
        }
        found
    }

    /// How many of something are asked for: the number before the word (`3 sections`).
    pub(super) fn number_of(&self, word: &str) -> Option<u64> {
        let tokens: Vec<&str> = self.instructions.split_whitespace().collect();
        let named = |token: &str| token.trim_matches(|char: char| !char.is_alphanumeric()) == word;
        tokens.windows(2).find_map(|pair| match pair {
            [number, next] if named(next) => number.parse().ok(),
            _ => None,
        })
    }

    /// The words that the answer should have.
    pub(super) fn length(&self) -> Option<u64> {
        let told = self.instructions.split_once("Length: ").and_then(|(_, rest)| rest.split(' ').next());
        told.and_then(|number| number.parse().ok()).or_else(|| self.number_of("words"))
    }

    /// The numbers that stand in the line with these words, behind them.
    pub(super) fn numbers_behind(&self, words: &str) -> Vec<u64> {
        let line = self.instructions.lines().find_map(|line| line.split_once(words).map(|(_, rest)| rest));
        let list = line.unwrap_or_default().split(['.', ';']).next().unwrap_or_default();
        list.split(|char: char| !char.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    }
}

impl Block {
    /// Whether sentences of it may be spoken as they stand.
    fn is_running(&self) -> bool {
        !["heading", "code", "table", "formula", "figure", "image"].iter().any(|kind| self.kind.starts_with(kind))
    }
}

impl Data {
    /// Its blocks; one without a number where nothing is numbered.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        for line in self.text.lines() {
            match (numbered(line), blocks.last_mut()) {
                (Some(block), _) => blocks.push(block),
                (None, Some(last)) => {
                    last.text.push(' ');
                    last.text.push_str(line.trim());
                }
                (None, None) => blocks.push(Block { text: line.trim().to_owned(), ..Block::default() }),
            }
        }
        blocks
    }

    /// The numbers before its lines (`3: [7] ...`), each with its block.
    pub(super) fn numbered_lines(&self) -> Vec<(u64, Block)> {
        let line = |line: &str| {
            let (number, rest) = line.split_once(": ")?;
            Some((number.parse().ok()?, numbered(rest)?))
        };
        self.text.lines().filter_map(line).collect()
    }
}

/// The data that begins with this line, and the line that it ends with.
fn begun(line: &str) -> Option<(String, Data)> {
    let marked = line.strip_prefix("<<<BEGIN DATA ")?;
    let name = marked.split(' ').next().unwrap_or_default().to_owned();
    Some((format!("<<<END DATA {marked}"), Data { name, text: String::new() }))
}

/// The block that begins with this line.
fn numbered(line: &str) -> Option<Block> {
    let (numbers, rest) = line.strip_prefix('[')?.split_once(']')?;
    let ids: Option<Vec<u64>> =
        numbers.split(',').filter(|number| !number.is_empty()).map(|number| number.trim().parse().ok()).collect();
    let rest = rest.trim();
    let kind = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).or_else(|| outlined(rest));
    let (kind, text) = kind.filter(|(kind, _)| is_kind(kind)).unwrap_or(("", rest));
    let text = text.trim();
    Some(Block { ids: ids?, kind: kind.to_owned(), text: text.to_owned() })
}

/// What a line of an outline says before how its block begins: `heading 2: ...`, `96 words: ...`,
/// `table, 30 words: ...`.
fn outlined(rest: &str) -> Option<(&str, &str)> {
    let (kind, text) = rest.split_once(": ")?;
    if kind.starts_with("heading ") {
        return Some((kind, text));
    }
    let kind = kind.strip_suffix(" words")?.trim_end_matches(|char: char| char.is_ascii_digit());
    Some((kind.trim_end_matches([',', ' ']), text))
}

fn is_kind(kind: &str) -> bool {
    kind.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || " ,_-".contains(char))
}
