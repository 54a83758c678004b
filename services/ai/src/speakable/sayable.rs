//! Which characters are said, and which must not get lost.

use super::Language;
use super::text::{fold, latin, lowered, plain, raised};

/// Whether a character can be said at all in this language: a letter or digit, or a sign that has a
/// name. What must be said and cannot is to be listed as left out.
#[must_use]
pub fn can_say(c: char, language: Language) -> bool {
    let (c, written) = (fold(c), c);
    let grammar = language.grammar();
    if written.is_alphanumeric() {
        let digit = raised(c).is_some() || lowered(c).is_some() || c.is_ascii_digit();
        return latin(c) || digit || matches!(c, 'ª' | 'º') || grammar.common.greek(c) || plain(written).is_some();
    }
    // Signs of ASCII are read by what stands around them.
    let named = grammar.common.sign(c.encode_utf8(&mut [0; 4])).is_some_and(|id| grammar.has("signs", id.0));
    let money = grammar.common.money_char(c).is_some() || grammar.has("money_words", c.encode_utf8(&mut [0; 4]));
    c.is_ascii_graphic() || named || money || raised(c).is_some()
}

/// Whether a character carries what a listener would miss: a letter, a digit, a comparison, an
/// arrow, a mathematical sign, a currency. Punctuation, quotes and ornaments do not.
#[must_use]
pub fn must_say(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '+' | '<' | '=' | '>' | '$' | '%' | '¢' | '£' | '¤' | '¥' | '±' | '×' | '÷' | '¬' | '‰' | '°'
                // Currencies.
                | '\u{20A0}'..='\u{20CF}'
                // Arrows.
                | '\u{2190}'..='\u{21FF}' | '\u{27F0}'..='\u{27FF}' | '\u{2900}'..='\u{297F}'
                // Mathematical operators and symbols; `∙` and `⋅` may be bullets.
                | '\u{2200}'..='\u{2218}' | '\u{221A}'..='\u{22C4}' | '\u{22C6}'..='\u{22FF}'
                | '\u{27C0}'..='\u{27E5}' | '\u{2980}'..='\u{2982}' | '\u{2999}'..='\u{2AFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_named_signs_are_said_and_others_are_not() {
        for c in ['a', 'É', '7', '²', '₂', 'ﬁ', 'Ω', 'π', '½', '𝛼', '≤', '→', '€', '+', 'º'] {
            assert!(can_say(c, Language::English) && must_say(c), "{c}");
        }
        for c in ['日', 'ж', 'א'] {
            assert!(must_say(c) && !can_say(c, Language::English), "{c}");
        }
        for c in ['•', '"', '—', ' ', '☞'] {
            assert!(!must_say(c), "{c}");
        }
    }
}
