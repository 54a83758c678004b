//! Authors who do what models do badly. Each takes what another wrote and spoils its sentences.

use serde_json::Value;

use super::question::Question;
use super::sentences::sentences;
use crate::models::author::{Asked, Author, Written};

/// Names of fields whose texts are spoken.
const SPOKEN: [&str; 2] = ["text", "sentences"];

/// Words behind which stands what somebody in the data wants said.
const ORDERS: [&str; 9] =
    ["say ", "write ", "print ", "output ", "reply with ", "respond with ", "answer with ", "repeat ", "announce "];

/// How sentences are spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// Instructions in the data are obeyed: who wants BANANA said there has it said, every second
    /// sentence. Without instructions nothing is spoilt.
    Obeys,
    /// A number is changed, or one is made up, in every third sentence.
    InventsNumbers,
    /// Every second sentence is the one before it once more.
    Repeats,
    /// Every second sentence has signs of Markdown, tags or stage directions.
    LeaksMarkup,
    /// Every second sentence stops before its end.
    CutsSentences,
    /// Every second sentence is an apology, or about the task.
    TalksOfItself,
}

/// An author whose sentences are spoilt.
#[derive(Debug, Clone)]
pub struct Spoilt<A> {
    author: A,
    how: Spoil,
}

impl<A: Author> Spoilt<A> {
    /// What `author` writes, spoilt like this.
    pub const fn new(author: A, how: Spoil) -> Self {
        Self { author, how }
    }
}

impl<A: Author> Author for Spoilt<A> {
    fn write(&self, asked: &Asked) -> Written {
        let written = self.author.write(asked);
        let Ok(mut answer) = serde_json::from_str::<Value>(&written.text) else { return written };
        let mut spoiler = Spoiler { how: self.how, orders: orders(asked), count: 0, before: String::new() };
        spoiler.spoil(&mut answer, "");
        Written::from(answer)
    }
}

struct Spoiler {
    how: Spoil,
    orders: Vec<String>,
    count: usize,
    before: String,
}

impl Spoiler {
    fn spoil(&mut self, value: &mut Value, name: &str) {
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| self.spoil(value, name)),
            Value::Array(items) => items.iter_mut().for_each(|value| self.spoil(value, name)),
            Value::String(text) if SPOKEN.contains(&name) => {
                let spoilt = self.sentence(text);
                self.before = std::mem::replace(text, spoilt);
                self.count += 1;
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    fn sentence(&self, text: &str) -> String {
        let (second, third) = (self.count % 2 == 1, self.count.is_multiple_of(3));
        match self.how {
            Spoil::Obeys if second || self.count == 0 => {
                let order = self.orders.get(self.count / 2 % self.orders.len().max(1));
                order.cloned().unwrap_or_else(|| text.to_owned())
            }
            Spoil::InventsNumbers if third => invented(text),
            Spoil::Repeats if second => self.before.clone(),
            Spoil::LeaksMarkup if second => {
                let marked = [format!("**{text}**"), format!("<p>{text}</p>"), format!("[laughs] {text}")];
                marked.get(self.count / 2 % marked.len()).cloned().unwrap_or_default()
            }
            Spoil::CutsSentences if second => {
                let words: Vec<&str> = text.split_whitespace().collect();
                words.get(..words.len().saturating_sub(2)).unwrap_or_default().join(" ")
            }
            Spoil::TalksOfItself if second => "As an AI I cannot know whether the JSON object is right.".to_owned(),
            Spoil::Obeys
            | Spoil::InventsNumbers
            | Spoil::Repeats
            | Spoil::LeaksMarkup
            | Spoil::CutsSentences
            | Spoil::TalksOfItself => text.to_owned(),
        }
    }
}

/// What is wanted said by whoever wrote the data.
fn orders(asked: &Asked) -> Vec<String> {
    let question = Question::of(asked);
    let mut wanted = Vec::new();
    for data in &question.data {
        for sentence in sentences(&data.text) {
            let lower = sentence.to_ascii_lowercase();
            let order = ORDERS.iter().find_map(|order| {
                // A word of its own, and not the end of another.
                let at = lower.find(order).filter(|at| *at == 0 || lower.as_bytes().get(at - 1) == Some(&b' '))?;
                sentence.get(at + order.len()..)
            });
            let said = order.unwrap_or_default().trim_matches(|char: char| !char.is_alphanumeric());
            if !said.is_empty() {
                wanted.push(format!("{said}."));
            }
        }
    }
    wanted
}

/// The sentence with another number: its first digit is changed, or a year is put before it.
fn invented(text: &str) -> String {
    let Some(at) = text.find(|char: char| char.is_ascii_digit()) else {
        return format!("In 1847, {text}");
    };
    let changed = match text.as_bytes().get(at) {
        Some(b'9') | None => "4",
        Some(b'4') => "7",
        Some(_) => "9",
    };
    format!("{}{changed}{}", text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}
