//! Words of a text, as they are compared: small letters and digits alone.

use std::collections::BTreeSet;

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let word =
        |part: &str| part.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '—' | '–' | '/'))
        .map(word)
        .filter(|word| !word.is_empty())
        .collect()
}

/// All runs of `length` words of a text.
pub(super) fn runs(words: &[String], length: usize) -> BTreeSet<String> {
    words.windows(length).map(|run| run.join(" ")).collect()
}

/// Whether `words` has `phrase` in it, whole words in that order.
pub(super) fn holds(words: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|run| run == phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_signs_and_capitals() {
        assert_eq!(words("The well-known  Pump, “A1”!"), ["the", "well", "known", "pump", "a1"]);
        let some = words("say that the pump is off");
        assert!(holds(&some, &words("the pump")) && !holds(&some, &words("pump the")) && !holds(&some, &[]));
        assert_eq!(runs(&some, 5).len(), 2);
        assert!(runs(&some, 9).is_empty());
    }
}
