//! The facts: passages as their documents have them, with what may be said of each.

use std::path::PathBuf;

use serde::Deserialize;

/// The file, from the repository's root; beside it stands where each document comes from.
pub const FACTS: &str = "tests/fixtures/grounding/facts.jsonl";

/// Sixty paraphrases of twelve passages of other documents, each set judged by the check when it
/// had been mended by those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paraphrases {
    /// Those by whose refusals the check was mended first.
    First,
    /// Those that were written with them, and kept back until then.
    Second,
    /// Those that were written when the check had been mended by both.
    Third,
}

impl Paraphrases {
    /// All sets.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    /// What they are called in a table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "first paraphrases",
            Self::Second => "second paraphrases",
            Self::Third => "third paraphrases",
        }
    }

    /// The file, from the repository's root.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::First => "tests/fixtures/grounding/paraphrases-1.jsonl",
            Self::Second => "tests/fixtures/grounding/paraphrases-2.jsonl",
            Self::Third => "tests/fixtures/grounding/paraphrases-3.jsonl",
        }
    }
}

/// One passage of a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fact {
    /// The document: a collection, a slash, and its name there.
    pub document: String,
    /// The passage, word for word, white space folded.
    pub passage: String,
    /// The people in it, with their whole names.
    pub people: Vec<String>,
    /// Other names in it: of places, organisations, products, rules.
    pub names: Vec<String>,
    /// Utterances that the passage bears out, in other words than its own.
    pub truths: Vec<String>,
    /// For each of them, in what it differs most from the passage; empty where nobody has said it.
    #[serde(default)]
    pub kinds: Vec<String>,
}

impl Fact {
    /// The collection that its document belongs to.
    #[must_use]
    pub fn collection(&self) -> &str {
        self.document.split('/').next().unwrap_or_default()
    }
}

/// All facts, in the file's order.
///
/// # Errors
///
/// The file is missing or a line is not a fact; the message names it.
pub fn facts() -> Result<Vec<Fact>, String> {
    read(FACTS)
}

/// The paraphrases of a set with their passages, in the file's order.
///
/// # Errors
///
/// The file is missing or a line is not a fact; the message names it.
pub fn paraphrases(set: Paraphrases) -> Result<Vec<Fact>, String> {
    read(set.file())
}

fn read(name: &str) -> Result<Vec<Fact>, String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("{name}, line {}: {error}", number + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn facts_are_many_and_each_has_three_utterances_that_are_no_copies() {
        let facts = facts().unwrap();
        assert!(facts.len() >= 60, "{} facts", facts.len());
        let mut seen = HashSet::new();
        for fact in &facts {
            assert!(fact.truths.len() >= 3, "{}", fact.passage);
            for truth in &fact.truths {
                assert!(!fact.passage.contains(truth.trim_end_matches('.')), "a copy: {truth}");
                assert!(seen.insert(truth), "twice: {truth}");
            }
        }
    }

    #[test]
    fn each_set_of_paraphrases_has_sixty_of_twelve_passages_and_the_kind_of_each() {
        for set in Paraphrases::ALL {
            let facts = paraphrases(set).unwrap();
            let passages: HashSet<&String> = facts.iter().map(|fact| &fact.passage).collect();
            assert_eq!((passages.len(), facts.iter().map(|fact| fact.truths.len()).sum()), (12, 60), "{set:?}");
            for fact in &facts {
                assert_eq!(fact.kinds.len(), fact.truths.len(), "{}", fact.document);
                for truth in &fact.truths {
                    assert!(!fact.passage.contains(truth.trim_end_matches('.')), "a copy: {truth}");
                }
            }
        }
    }

    #[test]
    fn the_people_and_names_of_a_fact_are_in_its_passage() {
        let fresh = Paraphrases::ALL.into_iter().flat_map(|set| paraphrases(set).unwrap());
        for fact in facts().unwrap().into_iter().chain(fresh) {
            for name in fact.people.iter().chain(&fact.names) {
                let words = name.split([' ', ',']).filter(|word| !word.is_empty());
                for word in words {
                    assert!(fact.passage.contains(word), "{name} is not in: {}", fact.passage);
                }
            }
        }
    }
}
