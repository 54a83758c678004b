//! A text as characters and tokens: what every rule reads. Characters are made plain one for one
//! (typographic quotes, odd hyphens and spaces, digits of mathematical alphabets), so that a place
//! here is a place in the written text.

use unicode_normalization::UnicodeNormalization;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, with apostrophes inside.
    Word,
    /// Decimal digits.
    Digits,
    /// White space.
    Space,
    /// One character of another sort.
    Symbol,
}

/// A run of characters of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Characters and tokens.
#[derive(Debug)]
pub(crate) struct Text {
    /// The folded characters.
    pub(crate) chars: Vec<char>,
    /// Together they hold every character.
    pub(crate) tokens: Vec<Token>,
    /// The folded characters as a string, of which words are slices.
    folded: String,
    /// Where each character begins in `folded`, and its end; empty where all are ASCII.
    offsets: Vec<usize>,
}

/// Whether a letter that the voice can be given: Latin, with or without accents.
pub(crate) fn latin(c: char) -> bool {
    c.is_ascii_alphabetic() || (matches!(u32::from(c), 0xC0..=0x24F | 0x1E00..=0x1EFF) && c.is_alphabetic())
}

/// The compatible plain characters of one that is not plain itself: `ﬁ`, `①`, `½`; none where that
/// gives nothing sayable.
pub(crate) fn plain(c: char) -> Option<String> {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| c.to_string());
    }
    let plain: String = std::iter::once(c).nfkc().collect();
    let sayable = |c: char| latin(c) || c.is_ascii_digit() || c == '\u{2044}' || "()., ".contains(c);
    (plain.chars().any(|c| latin(c) || c.is_ascii_digit()) && plain.chars().all(sayable)).then_some(plain)
}

/// Raised digits and signs as Unicode has them (`²`).
pub(crate) fn raised(c: char) -> Option<char> {
    Some(match c {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_digit(u32::from(c) - 0x2070, 10)?,
        '⁻' => '-',
        '⁺' => '+',
        'ⁿ' => 'n',
        _ => return None,
    })
}

/// Lowered digits as Unicode has them (`₂`).
pub(crate) fn lowered(c: char) -> Option<char> {
    match c {
        '₀'..='₉' => char::from_digit(u32::from(c) - 0x2080, 10),
        _ => None,
    }
}

/// One character for one.
pub(crate) fn fold(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{02BC}' => '\'',
        '\u{201C}'..='\u{201F}' | '«' | '»' => '"',
        '\u{2010}' | '\u{2011}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{2012}' | '\u{2013}' => '–',
        '\u{2014}' | '\u{2015}' => '—',
        '\u{2212}' => '−',
        'µ' => 'μ',
        'Ω' => 'Ω',
        '\u{212A}' => 'K',
        '\u{2044}' | '\u{2215}' => '/',
        _ if c.is_whitespace() => ' ',
        // Endings of ordinals are told from letters.
        'ª' | 'º' => c,
        _ if raised(c).is_some() || lowered(c).is_some() || latin(c) => c,
        _ => {
            let mut folded = std::iter::once(c).nfkc();
            let greek = |c: char| matches!(c, 'Α'..='ω');
            match (folded.next(), folded.next()) {
                (Some(one), None) if one.is_ascii_graphic() || latin(one) || greek(one) => one,
                _ => c,
            }
        }
    }
}

fn combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Whether a word has the character. Letters that Unicode raises are signs: a power is no word.
fn letter(c: char) -> bool {
    c.is_alphabetic() && raised(c).is_none()
}

impl Text {
    /// The tokens of `text`.
    pub(crate) fn new(text: &str) -> Self {
        Self::cut(text, &[], |_, _| false)
    }

    /// The tokens of `text`, with an edge at each place of `edges`, which are sorted, and behind an
    /// apostrophe where `elided` says that its head and what follows are read apart: `l'ONU`,
    /// `d'1`.
    pub(crate) fn cut(text: &str, edges: &[usize], elided: impl Fn(&str, &str) -> bool) -> Self {
        let chars: Vec<char> = text.chars().map(fold).collect();
        let folded: String = chars.iter().collect();
        let mut offsets = Vec::new();
        if folded.len() != chars.len() {
            offsets.reserve(chars.len() + 1);
            offsets.extend(folded.char_indices().map(|(at, _)| at));
            offsets.push(folded.len());
        }
        let mut text = Self { chars, tokens: Vec::new(), folded, offsets };
        text.tokens.reserve(text.chars.len() / 3);
        let mut at = 0;
        while let Some(token) = text.token(at, edges, &elided) {
            at = token.end;
            text.tokens.push(token);
        }
        text
    }

    /// The token that begins at `start`.
    fn token(&self, start: usize, edges: &[usize], elided: &impl Fn(&str, &str) -> bool) -> Option<Token> {
        let first = *self.chars.get(start)?;
        let edge = match edges.get(edges.partition_point(|edge| *edge <= start)) {
            Some(edge) => (*edge).min(self.chars.len()),
            None => self.chars.len(),
        };
        let char = |at: usize| self.chars.get(at).copied().filter(|_| at < edge);
        let run = |kind: fn(char) -> bool| (start + 1..).find(|at| !char(*at).is_some_and(kind)).unwrap_or(edge);
        let (kind, end) = if first.is_ascii_digit() {
            (TokenKind::Digits, run(|c| c.is_ascii_digit()))
        } else if letter(first) {
            (TokenKind::Word, self.word_end(start, edge, elided))
        } else if first.is_whitespace() {
            (TokenKind::Space, run(char::is_whitespace))
        } else {
            (TokenKind::Symbol, start + 1)
        };
        Some(Token { kind, start, end })
    }

    /// Where the word ends that begins at `start`.
    fn word_end(&self, start: usize, edge: usize, elided: &impl Fn(&str, &str) -> bool) -> usize {
        let char = |at: usize| self.chars.get(at).copied().filter(|_| at < edge);
        let mut end = start + 1;
        while let Some(c) = char(end) {
            if letter(c) || combining(c) {
                end += 1;
                continue;
            }
            let next = char(end + 1);
            if c != '\'' || !next.is_some_and(char::is_alphanumeric) {
                break;
            }
            let rest = (end + 1..).find(|at| !char(*at).is_some_and(char::is_alphanumeric)).unwrap_or(edge);
            if elided(self.slice(start, end), self.slice(end + 1, rest)) {
                return end + 1;
            }
            if !next.is_some_and(letter) {
                break;
            }
            end += 1;
        }
        end
    }

    /// The characters of `start..end`.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &str {
        let place = |at: usize| {
            let at = at.min(self.chars.len());
            if self.offsets.is_empty() { at } else { self.offsets.get(at).copied().unwrap_or(self.folded.len()) }
        };
        self.folded.get(place(start)..place(end)).unwrap_or_default()
    }

    /// What `look_up` knows of the longest key that stands at `at`, with its end; white space
    /// behind inner stops of a key may be missing in the text, or in the key.
    pub(crate) fn longest_spaced<T>(
        &self,
        at: usize,
        longest: usize,
        look_up: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, usize)> {
        let (mut key, mut found) = (String::new(), None);
        for end in at + 1..=(at + longest).min(self.chars.len()) {
            let Some(c) = self.chars.get(end - 1).copied() else { break };
            if key.ends_with('.') && c.is_alphanumeric() {
                key.push(' ');
            }
            key.push(c);
            let inside = c.is_alphanumeric() && self.chars.get(end).is_some_and(|c| c.is_alphanumeric());
            if !inside && !c.is_whitespace() {
                let dense = || key.contains(". ").then(|| look_up(&key.replace(". ", "."))).flatten();
                found = look_up(&key).or_else(dense).map(|value| (value, end)).or(found);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_digits_spaces_and_single_symbols() {
        let text = Text::new("Don’t pay $5 twice");
        let parts: Vec<&str> = text.tokens.iter().map(|t| text.slice(t.start, t.end)).collect();
        assert_eq!(parts, ["Don't", " ", "pay", " ", "$", "5", " ", "twice"]);
    }

    #[test]
    fn edges_and_elided_heads_cut_a_token() {
        let parts = |text: &str, edges: &[usize]| {
            let apart = |head: &str, rest: &str| matches!(head, "l" | "d") && !rest.starts_with(char::is_lowercase);
            let text = Text::cut(text, edges, apart);
            text.tokens.iter().map(|t| text.slice(t.start, t.end).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(parts("l'ONU d'1 l'été", &[]), ["l'", "ONU", " ", "d'", "1", " ", "l'été"]);
        assert_eq!(parts("106 x", &[2, 3]), ["10", "6", " ", "x"]);
        assert_eq!(parts("xⁿ n'a", &[]), ["x", "ⁿ", " ", "n'a"]);
        assert_eq!(parts("1º", &[]), ["1", "º"]);
    }

    #[test]
    fn a_key_with_inner_stops_stands_with_spaces_or_without() {
        let known = |key: &str| matches!(key, "z. B" | "U.S" | "z").then(|| key.to_owned());
        for (text, end) in [("z. B. so", 4), ("z.B. so", 3), ("z. C", 1), ("U. S. so", 4), ("U.S. so", 3)] {
            assert_eq!(Text::new(text).longest_spaced(0, 12, known).map(|(_, end)| end), Some(end), "{text}");
        }
        assert_eq!(Text::new("zB.").longest_spaced(0, 12, known), None);
        let stopped = |key: &str| matches!(key, "p. m." | "p.m.").then_some(());
        assert_eq!(Text::new("p. m. so").longest_spaced(0, 12, stopped), Some(((), 5)));
    }

    #[test]
    fn what_is_not_plain_is_made_plain_one_for_one() {
        let text = Text::new("𝐀１ﬁ²‑x");
        assert_eq!(text.slice(0, 6), "A1ﬁ²-x");
        assert_eq!(plain('ﬁ').as_deref(), Some("fi"));
        assert_eq!(plain('½').as_deref(), Some("1⁄2"));
        assert_eq!(plain('日'), None);
    }
}
