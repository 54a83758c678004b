//! Whether what somebody heard in a speech is what was to be said: the share of words that differ.
//!
//! It is the word error rate, the fewest words that are put in, left out or exchanged to make the
//! one of the other, by the words that were to be said. Punctuation, case, signs on letters and
//! apostrophes do not count. Whoever listens spells as he does and errs besides, the more the
//! smaller his model is, so a few words prove nothing: what is to be found is another text, a style
//! that was spoken aloud, a half that is missing.
//!
//! A script has its numbers in words, and many who listen write them in figures, so what was heard
//! as figures may stand for as many words as such a number takes.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Rejection;

/// Words that a digit may stand for: "3,207" is three thousand two hundred and seven.
const WORDS_OF_A_DIGIT: usize = 2;
/// Words that figures may stand for beside those of their digits: the sign of a currency, of a
/// hundredth.
const WORDS_OF_A_SIGN: usize = 1;

/// Signs of an apostrophe, which belong to their word.
const APOSTROPHES: [char; 4] = ['\'', '’', '‘', 'ʼ'];

/// The words of a text as they are compared: in small letters without signs on them. A letter of a
/// script without spaces between words is one.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.nfkd() {
        if is_combining_mark(c) || APOSTROPHES.contains(&c) {
            continue;
        }
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        let alone = is_without_spaces(c);
        if alone || !open {
            words.push(String::new());
        }
        open = !alone;
        if let Some(word) = words.last_mut() {
            // By the capital letter, so that ß is ss and the two small sigmas are one.
            word.extend(c.to_uppercase().flat_map(char::to_lowercase));
        }
    }
    words
}

/// Checks what was `heard` against the words that were to be `said`, of which there are some; of
/// them `most`, a share, may be heard otherwise. What stands in square brackets is no speech: a
/// time, or a word of the listener's for a noise.
///
/// # Errors
/// [`Rejection::OtherWords`].
pub fn check(said: &[String], heard: &str, most: f64) -> Result<(), Rejection> {
    let heard = words(&without_notes(heard));
    // Each word too many is one that differs, so that much more is not compared at all.
    let too_many = share_of(heard.len().saturating_sub(said.len()), said.len());
    let share = if too_many > most { too_many } else { share_of(distance(said, &heard), said.len()) };
    if share > most { Err(Rejection::OtherWords { share, most }) } else { Ok(()) }
}

#[allow(clippy::cast_precision_loss, reason = "counts of words of a sentence")]
fn share_of(differ: usize, of: usize) -> f64 {
    differ as f64 / of.max(1) as f64
}

/// The fewest words that are put in, left out or exchanged to make the one of the other (the
/// distance of Levenshtein), where figures may stand for some words.
fn distance(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=said.len()).collect();
    for (at, heard) in heard.iter().enumerate() {
        let figures = words_of_figures(heard);
        let mut left = at + 1;
        let mut next = vec![left];
        for (place, said) in said.iter().enumerate() {
            let exchanged = row[place] + usize::from(said != heard);
            let stood_for = row[(place + 1).saturating_sub(figures)..=place].iter().min();
            let cost = exchanged.min(row[place + 1] + 1).min(left + 1);
            left = stood_for.map_or(cost, |stood_for| cost.min(*stood_for));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The most words that a word may stand for because it is written in figures; none where it has
/// none.
fn words_of_figures(word: &str) -> usize {
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    if digits == 0 { 0 } else { digits * WORDS_OF_A_DIGIT + WORDS_OF_A_SIGN }
}

/// A text without what stands in square brackets.
fn without_notes(text: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Whether a letter is of a script that is written without spaces between words: Thai, Lao,
/// Burmese, Khmer, kana, Han.
const fn is_without_spaces(c: char) -> bool {
    matches!(
        c as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
            | 0x20000..=0x323AF
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that differ, of how many.
    fn differ(said: &str, heard: &str) -> (usize, usize) {
        let said = words(said);
        (distance(&said, &words(&without_notes(heard))), said.len())
    }

    #[test]
    fn how_a_word_is_written_does_not_count() {
        for (one, other) in [
            ("“Don't”, he said – TWICE!", "dont he said twice"),
            ("Der größte Fluss, dort.", "der grosste fluss dort"),
            ("Die Straße heißt so.", "Die STRASSE heisst so."),
            ("Où est l’élève ?", "ou est l'eleve"),
            ("twenty-three", "twenty three"),
        ] {
            assert_eq!(words(one), words(other), "{one}");
        }
        assert_eq!(words("東京 ab"), ["東", "京", "ab"]);
        assert!(words(" … ?! ").is_empty());
    }

    #[test]
    fn words_that_differ_are_those_put_in_left_out_or_exchanged() {
        let said = "The mill stands still and waits.";
        for (heard, expected) in [
            ("the mill stands still and waits", 0),
            ("The mill stand still and waits", 1),
            ("The mill stands and waits.", 1),
            ("Well, the mill stands still and waits.", 1),
            ("[00:00:00.000 --> 00:00:02.000]  The mill stands still and waits.", 0),
            ("[Music]", 6),
            ("Nobody came to the river today", 6),
        ] {
            assert_eq!(differ(said, heard), (expected, 6), "{heard}");
        }
    }

    #[test]
    fn figures_stand_for_the_words_of_their_number_and_for_no_more() {
        for (said, heard, expected) in [
            ("It was built in nineteen eighty-four, they say.", "It was built in 1984, they say.", 0),
            ("It rose by twelve percent.", "It rose by 12%.", 0),
            ("One million two hundred thirty-four thousand five hundred sixty-seven.", "1,234,567.", 0),
            ("There are five mills at the river and nobody looks after them.", "5", 9),
            ("It is five.", "It is 5 7.", 1),
        ] {
            assert_eq!(differ(said, heard).0, expected, "{heard}");
        }
    }

    #[test]
    fn another_text_is_rejected_and_a_word_that_was_misheard_is_not() {
        let text = "When the water falls, the mill stands still and the miller waits for days.";
        let said = words(text);
        let style = format!("Say this in a calm, low voice, slowly and with long pauses: {text}");
        let mut rejected = Vec::new();
        for heard in [
            text,
            "when the waterfalls the mill stands still and the millar waits for days",
            "When the water falls, the mill",
            "A river runs down to the sea and nobody knows why it does so.",
            "[BLANK_AUDIO]",
            style.as_str(),
            text.repeat(1_000).as_str(),
        ] {
            rejected.push(check(&said, heard, 0.5).is_err());
        }
        assert_eq!(rejected, [false, false, true, true, true, true, true]);
        assert_eq!(check(&said, &style, 1.0), Ok(()), "it is a share of the settings");
        let half = check(&words("one two three four"), "one two", 0.4);
        assert_eq!(half, Err(Rejection::OtherWords { share: 0.5, most: 0.4 }));
        assert_eq!(check(&words("one two three four"), "one two", 0.5), Ok(()), "up to it");
    }

    #[test]
    fn what_was_said_and_heard_is_in_no_word_of_a_rejection() {
        let found = check(&words("the canary sings at dawn"), "another text of five", 0.5).unwrap_err();
        assert_eq!(found.as_str(), "other_words");
        assert_eq!(found.to_string(), "100 % of its words were heard otherwise, where 50 % may be");
        assert!(!format!("{found:?}").contains("canary") && !format!("{found:?}").contains("another"), "{found:?}");
    }
}
