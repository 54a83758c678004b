//! A text as tokens with their places, and where its sentences begin.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::rules::Rules;

/// Stands between texts that were joined: the end of a sentence, whatever is before it.
pub(super) const BREAK: char = '\u{2029}';

/// More digits than these are an identifier and no quantity: beyond them a binary fraction of 64
/// bits no longer holds every whole number.
const LONGEST_NUMBER: usize = 15;

/// A text that was read.
#[derive(Debug)]
pub(super) struct Text {
    /// The scalar values, with one form each of apostrophes, dashes and spaces; as many as the
    /// text has.
    pub chars: Vec<char>,
    /// The tokens, in order.
    pub tokens: Vec<Token>,
}

/// A word, a number, an identifier or a mark.
#[derive(Debug)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first scalar value.
    pub start: usize,
    /// One past its last.
    pub end: usize,
    /// In small letters, without accents and without a possessive ending; the digits of a number
    /// without what groups them.
    pub text: String,
    /// The stem of a word that says what a sentence is about; empty for all others.
    pub stem: String,
    /// Whether no white space is before it.
    pub glued: bool,
    /// Whether it is the first word of a sentence, or behind a mark after which a capital is usual.
    pub opens: bool,
    /// Whether it begins with, or holds, a capital letter.
    pub capital: bool,
    /// The number of its sentence.
    pub sentence: usize,
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of letters.
    Word,
    /// A run of digits.
    Number,
    /// Letters and digits in one: H2O, 1.2.3.
    Code,
    /// Any other scalar value that is not white space.
    Mark(char),
}

/// Texts as one, in which no sentence goes over from one to the next.
pub(super) fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\u{2029}")
}

impl Text {
    /// Reads a text.
    pub fn new(text: &str, rules: &Rules) -> Self {
        let chars: Vec<char> = text.chars().map(usual).collect();
        let tokens = Reader { chars: &chars, at: 0, tokens: Vec::new() }.read();
        let mut text = Self { chars, tokens };
        text.sentences(rules);
        for token in &mut text.tokens {
            if token.kind == Kind::Word {
                token.stem = (rules.stem)(&token.text);
            } else if token.kind == Kind::Code {
                token.stem.clone_from(&token.text);
            }
        }
        text
    }

    /// The token at `at`.
    pub fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    /// The text of the word at `at`; empty where there is no word.
    pub fn word(&self, at: usize) -> &str {
        self.token(at).filter(|token| token.kind == Kind::Word).map_or("", |token| &token.text)
    }

    /// The word before `at`; empty where there is none.
    pub fn word_before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.word(before))
    }

    /// Whether the token at `at` is this mark.
    pub fn is_mark(&self, at: usize, mark: char) -> bool {
        self.token(at).is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    /// Whether the token at `at` has no white space before it.
    pub fn is_glued(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| token.glued)
    }

    /// The place of the next word after a hyphen or a space: `at`, or one more where a glued hyphen
    /// is at `at`.
    pub fn past_hyphen(&self, at: usize) -> usize {
        if self.is_mark(at, '-') && self.is_glued(at) && self.is_glued(at + 1) { at + 1 } else { at }
    }

    /// The scalar values `start..end`.
    pub fn slice(&self, start: usize, end: usize) -> String {
        self.chars.get(start..end.min(self.chars.len())).map_or_else(String::new, |chars| chars.iter().collect())
    }

    /// The text of the tokens `first..last`, as it is written.
    pub fn between(&self, first: usize, last: usize) -> String {
        let start = self.token(first).map(|token| token.start);
        let end = last.checked_sub(1).and_then(|at| self.token(at)).map(|token| token.end);
        start.zip(end).map_or_else(String::new, |(start, end)| self.slice(start, end))
    }

    fn sentences(&mut self, rules: &Rules) {
        let (mut sentence, mut opens) = (0, true);
        for at in 0..self.tokens.len() {
            if at > 0 && self.ends_before(at, rules) {
                sentence += 1;
                opens = true;
            }
            let Some(token) = self.tokens.get_mut(at) else { break };
            token.sentence = sentence;
            match token.kind {
                Kind::Mark(':' | '"' | '\u{2013}' | '(' | '*' | '•' | '\u{2018}' | ';' | '…') => opens = true,
                Kind::Mark('-') => opens = opens || !token.glued,
                Kind::Mark(_) => {}
                Kind::Word | Kind::Number | Kind::Code => {
                    token.opens = opens;
                    opens = false;
                }
            }
        }
    }

    /// Whether a sentence begins with the token at `at`.
    fn ends_before(&self, at: usize, rules: &Rules) -> bool {
        let (Some(token), Some(last)) = (self.token(at), at.checked_sub(1).and_then(|at| self.token(at))) else {
            return false;
        };
        if self.chars.get(last.end..token.start).is_some_and(|gap| gap.contains(&BREAK)) {
            return true;
        }
        if token.glued || (token.kind == Kind::Word && !token.capital) {
            return false;
        }
        // A closing mark may stand behind the stop.
        let mut stop = at - 1;
        while stop > 0
            && matches!(self.tokens.get(stop).map(|token| token.kind), Some(Kind::Mark('"' | ')' | ']' | '\'')))
        {
            stop -= 1;
        }
        match self.token(stop).map(|token| token.kind) {
            Some(Kind::Mark('!' | '?' | '。')) => true,
            Some(Kind::Mark('.')) => {
                let before = self.word_before(stop);
                let initial = before.chars().count() == 1 && before != "i";
                !initial && !(rules.abbreviation)(before)
            }
            Some(Kind::Mark(_) | Kind::Word | Kind::Number | Kind::Code) | None => false,
        }
    }
}

/// One form of what is written in several.
const fn usual(c: char) -> char {
    match c {
        '\u{2019}' | '\u{02BC}' | '\u{FF07}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{00AB}' | '\u{00BB}' | '\u{2033}' => '"',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2212}' => '-',
        '\u{2014}' | '\u{2015}' => '\u{2013}',
        '\u{00A0}' | '\u{2007}' | '\u{2009}' | '\u{200A}' | '\u{202F}' => '\u{00A0}',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{00B5}' => 'μ',
        _ => c,
    }
}

/// In small letters and without accents.
pub(super) fn folded(chars: &[char]) -> String {
    if chars.iter().all(char::is_ascii) {
        return chars.iter().map(char::to_ascii_lowercase).collect();
    }
    chars.iter().flat_map(|c| c.to_lowercase()).nfd().filter(|c| !is_combining_mark(*c)).collect()
}

fn letter(c: char) -> bool {
    (c.is_alphabetic() || is_combining_mark(c)) && c != 'º' && c != 'ª'
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn look(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn digit(&self, at: usize) -> bool {
        self.chars.get(at).is_some_and(char::is_ascii_digit)
    }

    fn letter(&self, at: usize) -> bool {
        self.chars.get(at).is_some_and(|c| letter(*c))
    }

    fn read(mut self) -> Vec<Token> {
        while let Some(c) = self.look(0) {
            if c.is_whitespace() || c == '\u{200B}' || c == '\u{00AD}' {
                self.at += 1;
            } else if letter(c) {
                self.word();
            } else if c.is_ascii_digit() {
                self.number();
            } else {
                self.put(Kind::Mark(c), self.at + 1, None);
            }
        }
        self.tokens
    }

    fn put(&mut self, kind: Kind, end: usize, text: Option<String>) {
        let start = self.at;
        let own = self.chars.get(start..end).unwrap_or_default();
        let text = text.unwrap_or_else(|| folded(own));
        let glued = start > 0 && self.tokens.last().is_some_and(|last| last.end == start);
        let capital = own.iter().any(|c| c.is_uppercase());
        let (stem, opens, sentence) = (String::new(), false, 0);
        self.tokens.push(Token { kind, start, end, text, stem, glued, opens, capital, sentence });
        self.at = end;
    }

    /// A word, a word of letters with stops (U.S., p.m.), or letters with digits in them.
    fn word(&mut self) {
        let mut stops = self.at;
        let mut letters = Vec::new();
        while let (true, Some(c), true) =
            (self.letter(stops), self.chars.get(stops), self.chars.get(stops + 1) == Some(&'.'))
        {
            letters.push(*c);
            stops += 2;
        }
        if letters.len() >= 2 {
            // The stop behind the last letter is the word's; it may end the sentence as well.
            let end = if self.letter(stops) { stops } else { stops - 1 };
            let text = folded(&letters);
            self.put(Kind::Word, end, Some(text));
            return;
        }
        let mut end = self.at;
        while self.letter(end) || (self.chars.get(end) == Some(&'\'') && self.letter(end + 1)) {
            end += 1;
        }
        if self.digit(end) || self.joins(end) {
            let end = self.end_of_code(end);
            self.put(Kind::Code, end, None);
            return;
        }
        let own = self.chars.get(self.at..end).unwrap_or_default();
        let mut text = folded(own);
        if let Some(bare) = text.strip_suffix("'s") {
            text.truncate(bare.len());
        }
        self.put(Kind::Word, end, Some(text));
    }

    /// Whether an underscore at `at` has a letter or a digit behind it. Another one is markup, as
    /// in `_The Times_`.
    fn joins(&self, at: usize) -> bool {
        self.chars.get(at) == Some(&'_') && (self.digit(at + 1) || self.letter(at + 1) || self.joins(at + 1))
    }

    fn end_of_code(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            let here = self.digit(end) || self.letter(end) || self.joins(end);
            let joint = self.chars.get(end) == Some(&'.') && self.digit(end + 1);
            if !here && !joint {
                return end;
            }
            end += 1;
        }
    }

    /// A number with its groups of three and its decimals, or an identifier that begins with a
    /// digit.
    fn number(&mut self) {
        let mut end = self.run(self.at);
        let mut grouped = end - self.at <= 3;
        let mut spaces = 0;
        while grouped {
            let mark = self.chars.get(end).copied();
            let group = self.run(end + 1) == end + 4;
            grouped = match mark {
                Some(',' | '\u{00A0}') => group,
                // Two groups parted by plain spaces are one number; a single one may be another.
                Some(' ') => group && (spaces > 0 || self.spaced_twice(end)),
                _ => false,
            };
            if grouped {
                spaces += usize::from(mark == Some(' '));
                end += 4;
            }
        }
        let mut dots = 0;
        while self.chars.get(end) == Some(&'.') && self.digit(end + 1) {
            end = self.run(end + 1);
            dots += 1;
        }
        let own = self.chars.get(self.at..end).unwrap_or_default();
        let text: String = own.iter().filter(|c| c.is_ascii_digit() || **c == '.').collect();
        let mut letters = end;
        while self.letter(letters) {
            letters += 1;
        }
        let mixed = letters > end && self.digit(letters);
        if dots > 1 || text.len() > LONGEST_NUMBER + dots || mixed {
            let end = if mixed { self.end_of_code(end) } else { end };
            let text = if mixed { None } else { Some(text) };
            self.put(Kind::Code, end, text);
        } else {
            self.put(Kind::Number, end, Some(text));
        }
    }

    fn spaced_twice(&self, end: usize) -> bool {
        self.chars.get(end + 4) == Some(&' ') && self.run(end + 5) == end + 8
    }

    /// One past the digits from `from` on.
    fn run(&self, from: usize) -> usize {
        let mut end = from;
        while self.digit(end) {
            end += 1;
        }
        end
    }
}
