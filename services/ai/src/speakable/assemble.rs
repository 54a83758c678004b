//! Puts readings together: spaces between words, pauses after them, nothing but the alphabet of the
//! voice, and the map.

use std::borrow::Cow;

use lectern_core::content::Range;
use lectern_core::content::script::Mapping;
use unicode_normalization::UnicodeNormalization;

use super::Spoken;
use super::text::latin;

/// Collects spoken words and pauses in the order of the written text.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    text: String,
    length: u32,
    map: Vec<Mapping>,
    /// The pause to be written before the next word, with how far it was written.
    pause: Option<(char, u32)>,
    /// The next word continues the last one (`co-` + `op`, `l'` + `ONU`).
    joined: bool,
}

const fn strength(pause: char) -> u8 {
    match pause {
        ',' => 1,
        ';' | ':' => 2,
        '.' => 3,
        '!' => 4,
        _ => 5,
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Assembly {
    /// Says `words` for the written `start..end`. Pauses inside `words` are kept; other characters
    /// become spaces.
    pub(crate) fn words(&mut self, words: &str, start: usize, end: usize) {
        let clean = clean(words);
        if clean.is_empty() {
            return;
        }
        let joined = std::mem::take(&mut self.joined) && self.pause.is_none() && !self.text.is_empty();
        self.write_pause();
        if !joined && !self.text.is_empty() {
            self.text.push(' ');
            self.length += 1;
        }
        let from = self.length;
        self.text.push_str(&clean);
        self.length += offset(clean.chars().count());
        match self.map.last_mut() {
            Some(last) if joined => {
                last.spoken.end = self.length;
                last.original.end = last.original.end.max(offset(end));
            }
            _ => {
                let floor = self.map.last().map_or(0, |last| last.original.end);
                let start = offset(start).max(floor);
                let original = Range::new(start, offset(end).max(start));
                self.map.push(Mapping { spoken: Range::new(from, self.length), original });
            }
        }
    }

    /// Pauses: the strongest of several in a row is heard. Nothing before the first word.
    pub(crate) fn pause(&mut self, pause: char, end: usize) {
        self.joined = false;
        if self.text.is_empty() {
            return;
        }
        let mark = match self.pause {
            Some((waiting, _)) if strength(waiting) >= strength(pause) => waiting,
            _ => pause,
        };
        self.pause = Some((mark, offset(end)));
    }

    /// The next word continues the last one after a hyphen.
    pub(crate) fn hyphen(&mut self, end: usize) {
        self.join('-', end);
    }

    fn join(&mut self, joint: char, end: usize) {
        if self.pause.is_none() && self.text.chars().next_back().is_some_and(latin) {
            self.text.push(joint);
            self.length += 1;
            self.joined = true;
            if let Some(last) = self.map.last_mut() {
                last.spoken.end = self.length;
                last.original.end = last.original.end.max(offset(end));
            }
        }
    }

    /// The ending of the last word, of which a pause behind it is no part; a word of its own where
    /// there is none. A letter that is said by its name has its plural with an apostrophe, or the
    /// two would make a word.
    pub(crate) fn ending(&mut self, letters: &str, start: usize, end: usize) {
        let Some(last) = self.text.chars().next_back().filter(|c| latin(*c)) else {
            self.words(letters, start, end);
            return;
        };
        let apostrophe = last.is_uppercase() && !letters.starts_with('\'');
        for c in apostrophe.then_some('\'').into_iter().chain(letters.chars()) {
            self.text.push(c);
            self.length += 1;
        }
        if let Some(step) = self.map.last_mut() {
            step.spoken.end = self.length;
            step.original.end = step.original.end.max(offset(end));
        }
    }

    /// Says the head of a word before an apostrophe, which the next words continue: `l'` of
    /// `l'ONU`.
    pub(crate) fn head(&mut self, head: &str, start: usize, end: usize) {
        self.words(head, start, end);
        self.join('\'', end);
    }

    fn write_pause(&mut self) {
        if self.text.ends_with(['-', '\'']) && self.pause.is_some() {
            self.drop_joint();
        }
        if let Some((mark, end)) = self.pause.take() {
            if let Some(last) = self.text.chars().next_back().filter(|c| ",;:.!?".contains(*c)) {
                if strength(last) >= strength(mark) {
                    return;
                }
                self.text.pop();
                self.text.push(mark);
                return;
            }
            self.text.push(mark);
            self.length += 1;
            if let Some(last) = self.map.last_mut() {
                last.spoken.end = self.length;
                last.original.end = last.original.end.max(end);
            }
        }
    }

    /// Drops the hyphen or apostrophe that nothing continued.
    fn drop_joint(&mut self) {
        self.text.pop();
        self.length -= 1;
        if let Some(last) = self.map.last_mut() {
            last.spoken.end = self.length;
        }
    }

    /// The result.
    pub(crate) fn finish(mut self) -> Spoken {
        if self.text.ends_with(['-', '\'']) {
            self.drop_joint();
        }
        // A bracket that closes at the very end is no pause of its own.
        self.pause = self.pause.filter(|(pause, _)| *pause != ',');
        self.write_pause();
        Spoken { text: self.text, map: self.map }
    }
}

/// Reduces words to the alphabet of the voice.
fn clean(words: &str) -> Cow<'_, str> {
    if !words.is_empty() && words.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Cow::Borrowed(words);
    }
    Cow::Owned(if words.is_ascii() { reduced(words.chars()) } else { reduced(words.nfkc()) })
}

/// Letters, hyphens and apostrophes inside words, pauses behind them; a space for all else.
fn reduced(chars: impl Iterator<Item = char>) -> String {
    let mut clean = String::with_capacity(chars.size_hint().0);
    let mut chars = chars.peekable();
    while let Some(c) = chars.next() {
        let after_letter = clean.chars().next_back().is_some_and(latin);
        let before_letter = chars.peek().is_some_and(|c| latin(*c));
        match c {
            _ if latin(c) => clean.push(c),
            '\'' if after_letter && before_letter => clean.push(c),
            '-' if after_letter && before_letter => clean.push(c),
            ',' | ';' | ':' | '.' | '?' | '!' if after_letter => clean.push(c),
            _ if unicode_normalization::char::is_combining_mark(c) => {}
            _ if clean.is_empty() || clean.ends_with(' ') => {}
            _ => clean.push(' '),
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_of_several_pauses_is_heard_and_none_before_a_word() {
        let mut assembly = Assembly::default();
        assembly.pause(',', 1);
        assembly.words("one", 1, 4);
        assembly.pause(',', 5);
        assembly.pause('.', 6);
        assembly.words("two", 6, 9);
        let spoken = assembly.finish();
        assert_eq!(spoken.text, "one. two");
        assert_eq!(spoken.map[0], Mapping { spoken: Range::new(0, 4), original: Range::new(1, 6) });
    }

    #[test]
    fn an_ending_belongs_to_the_last_word() {
        let mut assembly = Assembly::default();
        assembly.words("lme four", 0, 4);
        assembly.ending("'s", 4, 6);
        assembly.words("N A", 7, 9);
        assembly.pause(',', 10);
        assembly.ending("s", 10, 11);
        let spoken = assembly.finish();
        assert_eq!(spoken.text, "lme four's N A's");
        assert_eq!(spoken.map[0], Mapping { spoken: Range::new(0, 10), original: Range::new(0, 6) });
        assert_eq!(spoken.map[1], Mapping { spoken: Range::new(11, 16), original: Range::new(7, 11) });
    }

    #[test]
    fn a_head_is_joined_to_what_follows_and_has_no_apostrophe_alone() {
        let mut assembly = Assembly::default();
        assembly.words("de", 0, 2);
        assembly.head("l", 3, 5);
        assembly.words("O N U", 5, 8);
        assembly.head("l", 9, 11);
        assembly.pause(',', 12);
        let spoken = assembly.finish();
        assert_eq!(spoken.text, "de l'O N U l");
        assert_eq!(spoken.map[1], Mapping { spoken: Range::new(3, 10), original: Range::new(3, 8) });
        assert_eq!(spoken.map[2], Mapping { spoken: Range::new(11, 12), original: Range::new(9, 11) });
    }

    #[test]
    fn words_are_reduced_to_the_alphabet() {
        assert_eq!(clean("a_b 7 'x' naïve don't -y ﬁn"), "a b x naïve don't y fin");
    }
}
