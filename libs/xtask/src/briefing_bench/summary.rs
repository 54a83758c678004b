//! What is compared: the briefing, and what others make of the same sentences at the same length.

use super::textrank;

/// A sentence has so many words at least; what is shorter is a label or a remnant.
const SENTENCE: usize = 5;
/// The sentences of lead-3.
const LEAD: usize = 3;

/// Ways to sum up a document, in the order of the table.
pub const NAMES: [&str; 4] = ["briefing", "lead, same length", "TextRank, same length", "lead-3"];

/// One summary for each of [`NAMES`].
pub fn all(briefing: &[String], sentences: &[String]) -> [String; NAMES.len()] {
    let briefing = briefing.join(" ");
    let length = briefing.split_whitespace().count();
    let sentences: Vec<String> = sentences.iter().filter(|sentence| is_sentence(sentence)).cloned().collect();
    let lead = cut(sentences.iter(), length);
    let ranked = in_order(&sentences, length);
    let three = sentences.iter().take(LEAD).cloned().collect::<Vec<_>>().join(" ");
    [briefing, lead, ranked, three]
}

fn is_sentence(text: &str) -> bool {
    text.split_whitespace().count() >= SENTENCE && text.trim_end().ends_with(['.', '?', '!'])
}

/// The first words of these sentences, so that nobody gains by length.
fn cut<'a>(sentences: impl Iterator<Item = &'a String>, length: usize) -> String {
    sentences.flat_map(|sentence| sentence.split_whitespace()).take(length).collect::<Vec<_>>().join(" ")
}

/// The sentences that rank highest and fill the length, in the order in which the document has
/// them. The last one is cut where it is too long.
fn in_order(sentences: &[String], length: usize) -> String {
    let mut left = length;
    let mut taken: Vec<(usize, String)> = Vec::new();
    for place in textrank::ranked(sentences) {
        if left == 0 {
            break;
        }
        let Some(sentence) = sentences.get(place) else { continue };
        taken.push((place, cut(std::iter::once(sentence), left)));
        left = left.saturating_sub(sentence.split_whitespace().count());
    }
    taken.sort_by_key(|(place, _)| *place);
    taken.into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_as_long_as_the_briefing_and_in_the_documents_order() {
        let sentences = [
            "1. Introduction",
            "Glaciers lose ice when summers warm.",
            "Rivers gain water from melting ice.",
            "Warm summers cost glaciers their ice, and rivers gain water.",
            "Nobody mentions the weather anywhere here.",
        ]
        .map(str::to_owned);
        let briefing = ["Eight words of a briefing that is short.".to_owned()];
        let [ours, lead, ranked, three] = all(&briefing, &sentences);
        let words = |text: &str| text.split_whitespace().count();
        assert_eq!((words(&ours), words(&lead), words(&ranked)), (8, 8, 8));
        assert_eq!(lead, "Glaciers lose ice when summers warm. Rivers gain");
        assert_eq!(ranked, "Warm summers cost glaciers their ice, and rivers");
        assert!(three.ends_with("and rivers gain water."), "{three}");
    }
}
