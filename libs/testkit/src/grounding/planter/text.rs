//! Finding things in an utterance. Places are in bytes.

use std::ops::Range;

/// The words: runs of letters, digits and what joins them (`'`, `-`, `_`, `/`), with their places.
pub(super) fn words(text: &str) -> Vec<(Range<usize>, &str)> {
    let joins = |char: char| char.is_alphanumeric() || matches!(char, '\'' | '’' | '-' | '_' | '/');
    let mut words = Vec::new();
    let mut start = None;
    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, joins(char)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.extend(text.get(from..at).map(|word| (from..at, word)));
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    words
}

/// Figures: digits with single commas and full stops between them, that are no part of a word.
pub(super) fn figures(text: &str) -> Vec<(Range<usize>, &str)> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let at = |place: usize| chars.get(place).map(|(_, char)| *char);
    let offset = |place: usize| chars.get(place).map_or(text.len(), |(offset, _)| *offset);
    let digit = |place: usize| at(place).is_some_and(|char| char.is_ascii_digit());
    let mut figures = Vec::new();
    let mut place = 0;
    while place < chars.len() {
        if !digit(place) {
            place += 1;
            continue;
        }
        let start = place;
        while digit(place) || (matches!(at(place), Some(',' | '.')) && digit(place + 1)) {
            place += 1;
        }
        let of_word = |char: char| char.is_alphabetic() || char == '_';
        let before = start.checked_sub(1).and_then(at).is_some_and(of_word);
        if !before && !at(place).is_some_and(of_word) {
            let range = offset(start)..offset(place);
            figures.extend(text.get(range.clone()).map(|figure| (range, figure)));
        }
    }
    figures
}

/// `text` with other words at a place.
pub(super) fn replaced(text: &str, range: &Range<usize>, by: &str) -> Option<String> {
    Some([text.get(..range.start)?, by, text.get(range.end..)?].concat())
}

/// Where `name` stands in `text`, not within a longer word.
pub(super) fn find(text: &str, name: &str) -> Option<Range<usize>> {
    text.match_indices(name).map(|(at, _)| at..at + name.len()).find(|range| {
        let before = text.get(..range.start).and_then(|before| before.chars().next_back());
        let after = text.get(range.end..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Small letters and single spaces, without marks: what is the same in two ways of writing.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<String> = words(text).iter().map(|(_, word)| word.to_lowercase().replace('’', "'")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_no_part_of_words_and_keep_their_marks() {
        let found: Vec<_> = figures("TH3 has 49,116 cases, 2.3 million runs of 3.39.0, 10g and 2018a: 5.")
            .into_iter()
            .map(|(_, figure)| figure)
            .collect();
        assert_eq!(found, ["49,116", "2.3", "3.39.0", "5"]);
    }

    #[test]
    fn a_name_is_found_as_a_whole_word() {
        assert_eq!(find("Yugoslavia and Yu's", "Yu"), Some(15..17));
        assert_eq!(find("Yugoslavia", "Yu"), None);
        assert_eq!(plain("“The  Waste”, of 'Daylight'."), "the waste of 'daylight'");
    }
}
