//! The facts: passages as their documents have them, with what may be said of each.

use std::path::PathBuf;

use serde::Deserialize;

/// The file, from the repository's root; beside it stands where each document comes from.
pub const FACTS: &str = "tests/fixtures/grounding/facts.jsonl";

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
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(FACTS);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{FACTS}: {error}"))?;
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("{FACTS}, line {}: {error}", number + 1))
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
    fn the_people_and_names_of_a_fact_are_in_its_passage() {
        for fact in facts().unwrap() {
            for name in fact.people.iter().chain(&fact.names) {
                let words = name.split([' ', ',']).filter(|word| !word.is_empty());
                for word in words {
                    assert!(fact.passage.contains(word), "{name} is not in: {}", fact.passage);
                }
            }
        }
    }
}
