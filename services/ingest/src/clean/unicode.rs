//! Normalisation of characters: NFC, with the compatibility forms resolved that only say how a
//! letter was drawn (ligatures, full-width forms), and without control characters. Forms that carry
//! meaning stay: `²`, `½`, `™` and `№` are not touched.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Characters that divide a word at the end of a line and are no part of it: soft hyphen and the
/// noncharacters that broken encodings leave in its place.
pub const BREAK_HYPHENS: [char; 3] = ['\u{ad}', '\u{fffe}', '\u{2}'];

/// The normal form of `text`. White space other than a line feed becomes a space; nothing is
/// trimmed.
#[must_use]
pub fn normalise(text: &str) -> String {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        push(char, &mut out);
    }
    match is_nfc_quick(out.chars()) {
        IsNormalized::Yes => out,
        IsNormalized::No | IsNormalized::Maybe => out.nfc().collect(),
    }
}

fn push(char: char, out: &mut String) {
    match char {
        // Ligatures are a way to draw letters.
        '\u{fb00}'..='\u{fb06}' | '\u{132}' | '\u{133}' | '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' => {
            out.extend(std::iter::once(char).nfkc());
        }
        // Full-width Latin and half-width kana, Arabic presentation forms.
        '\u{ff01}'..='\u{ff9f}' | '\u{fb50}'..='\u{fdfb}' | '\u{fe70}'..='\u{fefc}' => {
            out.extend(std::iter::once(char).nfkc());
        }
        '\n' => out.push('\n'),
        '\t'
        | '\r'
        | '\u{b}'
        | '\u{c}'
        | '\u{85}'
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => out.push(' '),
        // Non-breaking hyphen: a hyphen that is part of its word.
        '\u{2011}' => out.push('-'),
        // A soft hyphen says where a word may be divided, and is seen only at a line's end.
        '\u{ad}' | '\u{fffe}' | '\u{ffff}' | '\u{feff}' | '\u{200b}' | '\u{2060}' => {}
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
        _ if char.is_control() => {}
        _ => out.push(char),
    }
}

/// `text` with every run of white space as one space, and none at its ends.
#[must_use]
pub fn single_spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_forms_are_resolved_and_meaning_stays() {
        for (given, wanted) in [
            ("e\u{fb03}cient \u{fb01}eld", "efficient field"),
            ("cafe\u{301}", "café"),
            ("x² ½ cup ™", "x² ½ cup ™"),
            ("a\u{a0}b\u{202f}c", "a b c"),
            ("co\u{ad}operate\u{200b}", "cooperate"),
            ("bell\u{7} tab\tend", "bell tab end"),
            ("\u{ff21}\u{ff22}\u{ff11}", "AB1"),
            ("first\nsecond", "first\nsecond"),
            ("north\u{2011}east", "north-east"),
        ] {
            assert_eq!(normalise(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn white_space_is_single() {
        assert_eq!(single_spaced("  a \n b\t\tc "), "a b c");
    }
}
