//! Words with letters that the voice does not know, in letters that it does: "Nguyễn" is looked up
//! and spelt as "Nguyen" before it is given up. What has no such letters stays as it is.

use lectern_core::content::{Range, length};
use unicode_normalization::UnicodeNormalization as _;

/// Letters that are no others with a sign, and how they are written without them.
const PLAIN: &[(char, &str)] = &[
    ('Æ', "Ae"),
    ('æ', "ae"),
    ('Đ', "D"),
    ('đ', "d"),
    ('ð', "d"),
    ('Ð', "D"),
    ('Ħ', "H"),
    ('ħ', "h"),
    ('ĸ', "k"),
    ('Ł', "L"),
    ('ł', "l"),
    ('Ŋ', "Ng"),
    ('ŋ', "ng"),
    ('Ø', "O"),
    ('ø', "o"),
    ('Œ', "Oe"),
    ('œ', "oe"),
    ('ẞ', "SS"),
    ('ß', "ss"),
    ('Þ', "Th"),
    ('þ', "th"),
    ('Ŧ', "T"),
    ('ŧ', "t"),
    ('ə', "a"),
    ('Ə', "A"),
    ('ı', "i"),
    ('İ', "I"),
    ('ƙ', "k"),
    ('ɓ', "b"),
    ('ɗ', "d"),
    ('ʻ', "'"),
    ('ʼ', "'"),
];

/// A text in letters that a voice knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The text.
    pub text: String,
    /// For each of its characters the place of the one that it is for, and one more for the end.
    places: Vec<u32>,
}

impl Known {
    /// The place in the text that was given for one in this.
    pub fn given(&self, range: Range) -> Range {
        let place = |at: u32| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            self.places.get(at).or(self.places.last()).copied().unwrap_or_default()
        };
        Range::new(place(range.start), place(range.end))
    }
}

/// `text` with the words in other letters that have one which is not known, where it has any.
pub(super) fn known(text: &str, knows: impl Fn(char) -> bool) -> Known {
    let fits = |c: char| c.is_ascii() || !c.is_alphabetic() || knows(c);
    let mut known = Known { text: String::with_capacity(text.len()), places: Vec::new() };
    let mut at = 0_u32;
    for word in text.split_inclusive(char::is_whitespace) {
        let as_it_is = word.chars().all(fits) && !word.chars().any(is_mark);
        let first = at;
        if as_it_is {
            known.text.push_str(word);
            known.places.extend(first..first + length(word));
        } else {
            for (c, place) in word.chars().zip(first..) {
                let plain = if fits(c) && !is_mark(c) { c.to_string() } else { without_signs(c) };
                known.places.extend(plain.chars().map(|_| place));
                known.text.push_str(&plain);
            }
        }
        at += length(word);
    }
    known.places.push(at);
    known
}

/// A letter without the signs over and under it. One that is nothing but a sign is left out; one
/// of another script stays, and is silent.
fn without_signs(c: char) -> String {
    if let Some((_, plain)) = PLAIN.iter().find(|(letter, _)| *letter == c) {
        return (*plain).to_owned();
    }
    c.nfd().filter(|c| !is_mark(*c)).collect()
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(c: char) -> bool {
        "éñü".contains(c)
    }

    #[test]
    fn a_name_is_respelt_where_a_letter_of_it_is_not_known() {
        for (given, plain) in [
            ("Ask Nguyễn, please.", "Ask Nguyen, please."),
            ("Đặng Ölmäng", "Dang Olmang"),
            ("café niño", "café niño"),
            ("Łódź Þór Straße", "Lodz Thor Strasse"),
            ("e\u{301}t a\u{323}", "et a"),
            ("東京 met", "東京 met"),
            ("", ""),
        ] {
            assert_eq!(known(given, knows).text, plain);
        }
    }

    #[test]
    fn its_words_stand_where_they_were_given() {
        let given = "Þór asked Nguye\u{302}\u{303}n's aunt";
        let known = known(given, knows);
        assert_eq!(known.text, "Thor asked Nguyen's aunt");
        for (word, expected) in
            [("Thor", "Þór"), ("asked", "asked"), ("Nguyen's", "Nguye\u{302}\u{303}n's"), ("aunt", "aunt")]
        {
            let start = length(known.text.split_once(word).unwrap().0);
            let found = known.given(Range::new(start, start + length(word)));
            assert_eq!(found.of(given), expected);
        }
    }
}
