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
    pub(crate) chars: Vec<char>,
    pub(crate) tokens: Vec<Token>,
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
fn fold(c: char) -> char {
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
        _ if raised(c).is_some() || lowered(c).is_some() || latin(c) => c,
        _ => {
            let mut folded = std::iter::once(c).nfkc();
            match (folded.next(), folded.next()) {
                (Some(one), None) if one.is_ascii_graphic() || latin(one) => one,
                _ => c,
            }
        }
    }
}

fn combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl Text {
    /// The tokens of `text`.
    pub(crate) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().map(fold).collect();
        let letter = |at: usize| chars.get(at).is_some_and(|c: &char| c.is_alphabetic());
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let start = at;
            at += 1;
            let kind = if c.is_ascii_digit() {
                while chars.get(at).is_some_and(char::is_ascii_digit) {
                    at += 1;
                }
                TokenKind::Digits
            } else if c.is_alphabetic() {
                while letter(at)
                    || chars.get(at).is_some_and(|c| combining(*c))
                    || (chars.get(at) == Some(&'\'') && letter(at + 1))
                {
                    at += 1;
                }
                TokenKind::Word
            } else if c.is_whitespace() {
                while chars.get(at).is_some_and(|c| c.is_whitespace()) {
                    at += 1;
                }
                TokenKind::Space
            } else {
                TokenKind::Symbol
            };
            tokens.push(Token { kind, start, end: at });
        }
        Self { chars, tokens }
    }

    /// The characters of `start..end` as a string.
    pub(crate) fn slice(&self, start: usize, end: usize) -> String {
        self.chars.get(start..end.min(self.chars.len())).unwrap_or_default().iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_digits_spaces_and_single_symbols() {
        let text = Text::new("Don’t pay $5 twice");
        let parts: Vec<String> = text.tokens.iter().map(|t| text.slice(t.start, t.end)).collect();
        assert_eq!(parts, ["Don't", " ", "pay", " ", "$", "5", " ", "twice"]);
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
