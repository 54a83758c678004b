//! An author that fills any schema with whole sentences of the data: it says nothing that is not in
//! its source, and names the block of each sentence.
//!
//! What a field means is read off its name, where it has one of those below; any other is filled
//! with something that fits its schema. It keeps to the words and numbers that the instructions ask
//! for (`Length: 300 words`, `Make 3 sections`), as far as the data goes.

use serde_json::{Map, Value, json};

use super::question::{Data, Question, Sentence};
use super::sentences::{in_words, words};
use crate::models::author::{Asked, Author, Written};

/// Words of an answer that has no length.
const SOME_WORDS: u64 = 120;
/// Items of a list of which nobody says how many it should have.
const SOME_ITEMS: usize = 3;
/// Words of a title.
const TITLE_WORDS: usize = 8;
/// Lists within lists go so deep, where a schema leads back to itself.
const DEPTH: usize = 4;
/// A speaker says so many sentences before the next one's turn.
const TURN: usize = 2;
/// A paragraph has so many sentences.
const PARAGRAPH: usize = 4;

/// Copies sentences.
#[derive(Debug, Clone, Copy)]
pub struct Copyist {
    percent: u64,
}

impl Default for Copyist {
    fn default() -> Self {
        Self { percent: 100 }
    }
}

impl Copyist {
    /// One that writes so many hundredths of the length that it is asked for: 50 for half of it.
    #[must_use]
    pub const fn with_percent(percent: u64) -> Self {
        Self { percent }
    }
}

impl Author for Copyist {
    fn write(&self, asked: &Asked) -> Written {
        let question = Question::of(asked);
        let wanted = question.length().unwrap_or(SOME_WORDS) * self.percent / 100;
        let sentences = question.sentences();
        if asked.schema.is_null() {
            let chosen = spread(&sentences, wanted, usize::MAX);
            let texts: Vec<&str> = chosen.iter().map(|sentence| sentence.text.as_str()).collect();
            return Written::from(texts.join(" "));
        }
        let filler = Filler { root: &asked.schema, question: &question, sentences: &sentences, wanted };
        Written::from(filler.node(&asked.schema, "", &Place::default()))
    }
}

/// Where in an answer something is filled.
#[derive(Debug, Clone, Default)]
struct Place {
    index: usize,
    depth: usize,
    ids: Vec<u64>,
    text: String,
    title: String,
    number: Option<u64>,
    last: Option<u64>,
}

struct Filler<'a> {
    root: &'a Value,
    question: &'a Question,
    sentences: &'a [Sentence],
    wanted: u64,
}

impl Filler<'_> {
    fn node(&self, schema: &Value, name: &str, place: &Place) -> Value {
        if let Some(target) = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
            return self.root.pointer(target).map_or(Value::Null, |target| self.node(target, name, place));
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.is_empty()) {
            return words.get(place.index % words.len()).cloned().unwrap_or_default();
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(first) = schema[choice].as_array().and_then(|of| of.iter().find(|of| of["type"] != "null")) {
                return self.node(first, name, place);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, place),
            "array" => self.array(schema, name, place),
            "string" => self.string(name, place).into(),
            "integer" => integer(schema, name, place).into(),
            "number" => json!(schema["minimum"].as_f64().unwrap_or(0.0)),
            "boolean" => (name.starts_with("ends") && place.index % PARAGRAPH == PARAGRAPH - 1).into(),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, place: &Place) -> Value {
        let mut out = Map::new();
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, child) in schema["properties"].as_object().into_iter().flatten() {
            // What leads back to its own kind is left out where it may be.
            if child.get("$ref").is_none() || required.iter().any(|required| required == name) {
                out.insert(name.clone(), self.node(child, name, place));
            }
        }
        Value::Object(out)
    }

    fn array(&self, schema: &Value, name: &str, place: &Place) -> Value {
        let items = self.resolved(&schema["items"]);
        let bound = |name: &str| schema[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
        let (least, most) = (bound("minItems").unwrap_or(0), bound("maxItems").unwrap_or(usize::MAX));
        let mut places = match kind(items) {
            "object" => self.places(items, name, most),
            "integer" => place.ids.iter().map(|id| Place { number: Some(*id), ..Place::default() }).collect(),
            _ => self.few(place, least),
        };
        places.truncate(if place.depth < DEPTH { most } else { least });
        while places.len() < least {
            let again = places.get(places.len() % places.len().max(1)).cloned().unwrap_or_default();
            places.push(Place { index: places.len(), ..again });
        }
        let deeper = places.into_iter().map(|inner| Place { depth: place.depth + 1, ..inner });
        deeper.map(|place| self.node(items, "", &place)).collect()
    }

    /// The places of a list of objects, by what its objects have.
    fn places(&self, items: &Value, name: &str, most: usize) -> Vec<Place> {
        let has = |name: &str| items["properties"].get(name).is_some();
        let faults = self.question.named("faults").map(Data::numbered_lines);
        if let Some(faults) = faults.filter(|_| has("number")) {
            return faults.into_iter().filter_map(|(number, block)| self.instead(number, &block.ids)).collect();
        }
        if has("block") {
            return self.described();
        }
        if has("first") && has("last") {
            let count = self.question.number_of(name).and_then(|count| usize::try_from(count).ok());
            return self.runs(count.unwrap_or(SOME_ITEMS).min(most));
        }
        spread(self.sentences, self.wanted, most).into_iter().enumerate().map(|(at, found)| placed(at, found)).collect()
    }

    /// A sentence that takes the place of one with a fault: the first of its blocks, or of all, by
    /// its number.
    fn instead(&self, number: u64, ids: &[u64]) -> Option<Place> {
        let of_blocks: Vec<&Sentence> =
            self.sentences.iter().filter(|found| found.ids.iter().any(|id| ids.contains(id))).collect();
        let at = usize::try_from(number).unwrap_or(0);
        let found = of_blocks.get(at % of_blocks.len().max(1)).copied();
        let found = found.or_else(|| self.sentences.get(at % self.sentences.len().max(1)))?;
        Some(Place { number: Some(number), ..placed(at, found) })
    }

    /// What cannot be read aloud, each block in some of its words.
    fn described(&self) -> Vec<Place> {
        let blocks = self.question.material();
        let named = self.question.numbers_behind("into words:");
        let about = |id: &u64| {
            let block = blocks.iter().find(|block| block.ids.contains(id))?;
            Some(Place { ids: vec![*id], text: format!("It has {}.", in_words(&block.text, 12)), ..Place::default() })
        };
        named.iter().filter_map(about).collect()
    }

    /// Runs of blocks that cover all of them.
    fn runs(&self, count: usize) -> Vec<Place> {
        let blocks: Vec<_> = self.question.material().into_iter().filter(|block| !block.ids.is_empty()).collect();
        let count = count.clamp(1, blocks.len().max(1));
        let start = |run: usize| run * blocks.len() / count;
        let run = |index: usize| {
            let first = blocks.get(start(index))?;
            let behind = blocks.get(start(index + 1)).and_then(|next| next.ids.first());
            let last = match behind {
                Some(next) if index + 1 < count => next.saturating_sub(1),
                Some(_) | None => *blocks.last()?.ids.first()?,
            };
            let within = blocks.get(start(index)..start(index + 1)).unwrap_or_default();
            let text = within.iter().rev().find(|block| words(&block.text) > 3).unwrap_or(first);
            let heading = within.iter().find(|block| block.kind.starts_with("heading")).unwrap_or(first);
            Some(Place {
                index,
                ids: first.ids.clone(),
                text: format!("It says {}.", in_words(&text.text, 14)),
                title: in_words(&heading.text, TITLE_WORDS),
                last: Some(last),
                ..Place::default()
            })
        };
        (0..count).filter_map(run).collect()
    }

    fn few(&self, place: &Place, least: usize) -> Vec<Place> {
        if !place.text.is_empty() {
            return vec![place.clone()];
        }
        let some = self.sentences.iter().take(least.max(SOME_ITEMS)).enumerate();
        some.map(|(at, found)| placed(at, found)).collect()
    }

    fn resolved<'b>(&'b self, schema: &'b Value) -> &'b Value {
        let target = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
        target.and_then(|target| self.root.pointer(target)).unwrap_or(schema)
    }

    fn string(&self, name: &str, place: &Place) -> String {
        let found = self.sentences.get(place.index % self.sentences.len().max(1)).map(|found| found.text.as_str());
        let text = if place.text.is_empty() { found.unwrap_or("It is so.") } else { &place.text };
        match name {
            "title" | "name" if place.title.is_empty() => in_words(text, TITLE_WORDS),
            "title" | "name" => place.title.clone(),
            _ => text.to_owned(),
        }
    }
}

fn integer(schema: &Value, name: &str, place: &Place) -> i64 {
    let bound = |name: &str, otherwise: i64| schema[name].as_i64().unwrap_or(otherwise);
    let (least, most) = (bound("minimum", i64::MIN), bound("maximum", i64::MAX));
    let id = place.ids.first().copied();
    let named = match name {
        "block" | "first" => id,
        "last" => place.last.or(id),
        "speaker" => u64::try_from(most).ok().map(|most| {
            let turn = u64::try_from(place.index / TURN).unwrap_or(0);
            if most == u64::MAX { 0 } else { turn % (most + 1) }
        }),
        _ => place.number,
    };
    named.and_then(|number| i64::try_from(number).ok()).unwrap_or(5).clamp(least, most.max(least))
}

fn placed(index: usize, found: &Sentence) -> Place {
    Place { index, ids: found.ids.clone(), text: found.text.clone(), ..Place::default() }
}

/// The type of a schema; the first that is not null, where there are several.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of = schema["type"].as_str().or_else(|| several.into_iter().find(|of| *of != "null"));
    of.unwrap_or(if schema["properties"].is_object() { "object" } else { "null" })
}

/// Sentences of about so many words together, spread evenly over all of them.
fn spread(sentences: &[Sentence], wanted: u64, most: usize) -> Vec<&Sentence> {
    let count = |sentence: &Sentence| u64::try_from(words(&sentence.text)).unwrap_or(0);
    let total = sentences.iter().map(count).sum::<u64>().max(1);
    let (mut passed, mut taken, mut chosen) = (0, 0, Vec::new());
    for sentence in sentences {
        passed += count(sentence);
        let due = (passed * wanted).div_ceil(total).min(wanted);
        if chosen.len() < most && (taken + count(sentence) / 2 < due || chosen.is_empty()) {
            taken += count(sentence);
            chosen.push(sentence);
        }
    }
    chosen
}
