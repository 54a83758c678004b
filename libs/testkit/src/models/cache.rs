//! The cache of prompts that Gemini keeps by itself: what a prompt has in common with an earlier
//! one of the same model, from its beginning, costs less.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;

use super::tokens::BYTES;

/// Prompts that are remembered, of each model.
const REMEMBERED: usize = 32;

/// Beginnings of prompts.
#[derive(Debug, Default)]
pub(super) struct PromptCache(Mutex<BTreeMap<String, VecDeque<String>>>);

impl PromptCache {
    /// How many tokens of a prompt were there before: whole tokens of the longest beginning in
    /// common with a remembered prompt, if they are at least `least`. The prompt is remembered.
    pub(super) fn hit(&self, model: &str, prompt: String, least: u64) -> u64 {
        let mut models = self.0.lock();
        let remembered = models.entry(model.to_owned()).or_default();
        let cached = remembered.iter().map(|earlier| common(earlier, &prompt) / BYTES).max().unwrap_or(0);
        let cached = u64::try_from(cached).unwrap_or(u64::MAX);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(prompt);
        if cached >= least { cached } else { 0 }
    }
}

/// Bytes that two texts have in common from their beginning.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_beginning_costs_less_the_second_time() {
        let cache = PromptCache::default();
        let prompt = |end: &str| format!("{}{end}", "word".repeat(100));
        assert_eq!(cache.hit("m", prompt("one"), 50), 0);
        assert_eq!(cache.hit("m", prompt("two"), 50), 100);
        assert_eq!(cache.hit("m", prompt("two"), 200), 0, "too short to be kept");
        assert_eq!(cache.hit("other", prompt("two"), 50), 0, "another model");
    }
}
