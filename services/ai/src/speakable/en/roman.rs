//! Roman numerals, by context: after a ruler's name an ordinal, after a label (`World War`,
//! `Chapter`) a cardinal.

use super::{Cx, Reading, number};
use crate::speakable::text::TokenKind;

/// The value of a Roman numeral in canonical form, up to 3,999.
pub(crate) fn value(text: &str) -> Option<u32> {
    const STEPS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if text.is_empty() || text.len() > 15 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    if upper != text && text.to_ascii_lowercase() != text {
        return None;
    }
    let (mut rest, mut total, mut canonical) = (upper.as_str(), 0, String::new());
    for (step, letters) in STEPS {
        while let Some(after) = rest.strip_prefix(letters) {
            rest = after;
            total += step;
        }
    }
    let mut left = total;
    for (step, letters) in STEPS {
        while left >= step {
            left -= step;
            canonical.push_str(letters);
        }
    }
    (rest.is_empty() && (1..=3999).contains(&total) && canonical == upper).then_some(total)
}

/// `Louis XIV`, `World War II`, `Chapter IX`, `XIX century`, and `II.` at the start of a heading.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    if token.kind != TokenKind::Word || cx.glued_before() {
        return None;
    }
    let word = cx.text.slice(token.start, token.end);
    let (numeral, tail) = word.strip_suffix("'s").map_or((word.as_str(), ""), |numeral| (numeral, "'s"));
    if numeral.chars().any(char::is_lowercase) || cx.text.chars.get(token.end).is_some_and(char::is_ascii_digit) {
        return None;
    }
    let n = u128::from(value(numeral)?);
    let cardinal = |n| Some(Reading::new(token.end, format!("{}{tail}", number::cardinal(n))));
    let next = cx.next_word(token.end);
    if numeral.len() > 1 && next.as_deref().is_some_and(|next| matches!(next, "century" | "centuries" | "Century")) {
        return Some(Reading::new(token.end, number::ordinal(n)));
    }
    let after_stop = cx.word_before_stop().filter(|word| cx.data.labels.has(&word.to_lowercase()));
    if after_stop.is_some() {
        return cardinal(n);
    }
    let Some(previous) = cx.previous_word() else {
        let closed = cx.text.chars.get(token.end) == Some(&'.') && cx.text.chars.get(token.end + 1) == Some(&' ');
        return if token.start == 0 && closed && (numeral.len() > 1 || matches!(numeral, "I" | "V" | "X")) {
            cardinal(n)
        } else {
            None
        };
    };
    if cx.data.rulers.has(&previous) && n < 40 && numeral != "C" && numeral != "D" {
        // "Mary I saw" is a pronoun, "Elizabeth I of England" is not.
        let pronoun = numeral == "I"
            && next.as_deref().is_some_and(|next| !matches!(next, "of" | "was" | "and" | "ruled" | "died"));
        return if pronoun { None } else { Some(Reading::new(token.end, format!("the {}{tail}", number::ordinal(n)))) };
    }
    if cx.data.labels.has(&previous.to_lowercase()) && previous.chars().next().is_some_and(char::is_uppercase) {
        return if numeral == "I"
            && !matches!(next.as_deref(), None | Some("of" | "and" | "to" | "was" | "is"))
            && cx.comma_free(token.end)
        {
            if cx.data.strong_label(&previous) { cardinal(n) } else { None }
        } else {
            cardinal(n)
        };
    }
    let capital = previous.chars().next().is_some_and(char::is_uppercase) && previous.chars().any(char::is_lowercase);
    let plain_numeral = numeral.len() > 1 && numeral.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    if plain_numeral && capital && previous.len() > 3 { cardinal(n) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_numerals_have_a_value() {
        for (text, n) in [("XIV", 14), ("MCMXCIX", 1999), ("iv", 4), ("III", 3), ("MMXXVI", 2026)] {
            assert_eq!(value(text), Some(n));
        }
        for text in ["", "IIII", "VX", "IVI", "Iv", "ABC", "VV", "IIX"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
