//! The words of a text, and the times that a server gives for them.

use lectern_core::content::timeline::WordTime;
use lectern_core::content::{Range, length};

/// A word as a server heard itself say it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Heard {
    /// As the server writes it, which may be another way than the text has it.
    pub word: String,
    /// When it begins, in seconds.
    pub start: f64,
    /// When it ends.
    pub end: f64,
}

/// The words of a text in order: what stands between white space and has a letter or a digit.
pub(in crate::engine) fn words(text: &str) -> Vec<Range> {
    let mut words = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if word.chars().any(char::is_alphanumeric) {
            words.push(Range::new(at, at + length(word)));
        }
        at += length(piece);
    }
    words
}

/// The time from `start` to `end` shared out among words, by their letters. Empty where it is too
/// short for that.
pub(in crate::engine) fn shared_out(words: &[Range], start: u64, end: u64) -> Vec<WordTime> {
    let all: u64 = words.iter().map(|word| u64::from(word.len())).sum();
    let span = end.saturating_sub(start);
    if all == 0 || span < all {
        return Vec::new();
    }
    let mut times = Vec::new();
    let mut before = 0;
    for word in words {
        let from = start + span * before / all;
        before += u64::from(word.len());
        times.push(WordTime { spoken: *word, start: from, end: start + span * before / all });
    }
    times
}

/// The times of all words of `text`, where what the server heard is the same words in the same
/// order, however it cuts and writes them. Empty where it is not: a number that it spells out, a
/// word that it left out.
pub(in crate::engine) fn matched(text: &str, heard: &[Heard], rate: u32, samples: usize) -> Vec<WordTime> {
    let mut heard = heard.iter().filter(|heard| heard.word.chars().any(char::is_alphanumeric)).peekable();
    let mut times: Vec<WordTime> = Vec::new();
    for spoken in words(text) {
        let wanted = letters(spoken.of(text));
        let (mut said, mut start, mut end) = (String::new(), None, 0.0);
        while said.len() < wanted.len() {
            let Some(next) = heard.next() else { return Vec::new() };
            said.push_str(&letters(&next.word));
            start = start.or(Some(next.start));
            end = next.end;
        }
        if said != wanted {
            return Vec::new();
        }
        let before = times.last().map_or(0, |word| word.end);
        let from = at(start.unwrap_or_default(), rate, samples).max(before);
        let to = at(end, rate, samples);
        if to <= from {
            return Vec::new();
        }
        times.push(WordTime { spoken, start: from, end: to });
    }
    if heard.peek().is_some() { Vec::new() } else { times }
}

/// A time as a place among samples.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "seconds of one segment, and a float becomes the nearest number there is"
)]
pub(in crate::engine) fn at(seconds: f64, rate: u32, samples: usize) -> u64 {
    ((seconds * f64::from(rate)).round().max(0.0) as u64).min(samples as u64)
}

/// What of a word does not depend on how it is written.
fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: &[(&str, f64, f64)]) -> Vec<Heard> {
        words.iter().map(|&(word, start, end)| Heard { word: word.to_owned(), start, end }).collect()
    }

    #[test]
    fn words_are_counted_as_everywhere() {
        let text = "  Eins, zwei — größer\n(vier)!";
        let found = words(text);
        let said: Vec<&str> = found.iter().map(|word| word.of(text)).collect();
        assert_eq!(said, ["Eins,", "zwei", "größer", "(vier)!"]);
        assert_eq!(found.len(), lectern_core::content::words(text) as usize);
    }

    #[test]
    fn words_that_are_the_same_have_their_times() {
        let text = "Don't stop, left-hand side.";
        let said = heard(&[
            ("do", 0.1, 0.2),
            ("n't", 0.2, 0.3),
            ("stop", 0.35, 0.6),
            (",", 0.6, 0.7),
            ("left", 0.7, 0.9),
            ("-", 0.9, 0.9),
            ("hand", 0.9, 1.1),
            ("side", 1.1, 9.0),
            (".", 9.0, 9.1),
        ]);
        let times = matched(text, &said, 1_000, 1_500);
        let found: Vec<(&str, u64, u64)> =
            times.iter().map(|word| (word.spoken.of(text), word.start, word.end)).collect();
        let expected = [("Don't", 100, 300), ("stop,", 350, 600), ("left-hand", 700, 1_100), ("side.", 1_100, 1_500)];
        assert_eq!(found, expected);
    }

    #[test]
    fn words_that_are_others_have_none() {
        for (text, said) in [
            ("In 1984 it was.", heard(&[("in", 0.0, 0.1), ("nineteen", 0.1, 0.4), ("eighty", 0.4, 0.6)])),
            ("One two three.", heard(&[("one", 0.0, 0.1), ("two", 0.1, 0.2)])),
            ("One two.", heard(&[("one", 0.0, 0.1), ("two", 0.1, 0.2), ("three", 0.2, 0.3)])),
            ("One two.", heard(&[("one", 0.3, 0.4), ("two", 0.1, 0.2)])),
            ("One.", Vec::new()),
        ] {
            assert_eq!(matched(text, &said, 24_000, 24_000), Vec::new(), "{text}");
        }
    }

    #[test]
    fn a_time_is_shared_out_by_letters() {
        let words = [Range::new(0, 4), Range::new(5, 11)];
        let times = shared_out(&words, 100, 200);
        assert_eq!(times.iter().map(|word| (word.start, word.end)).collect::<Vec<_>>(), [(100, 140), (140, 200)]);
        assert_eq!(shared_out(&words, 100, 105), Vec::new());
        assert_eq!(shared_out(&[], 0, 9), Vec::new());
    }
}
