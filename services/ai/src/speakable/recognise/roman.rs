//! Roman numerals, by what stands around them: behind a ruler's name an ordinal number, behind a
//! label (`World War`, `Chapter`) or a name a number, before "century" its number.

use super::reference::labelled;
use super::{Candidates, Cx};
use crate::speakable::grammar::LabelWord;
use crate::speakable::span::{Cost, Ordinal, Range, Roman, RomanUse, Value};
use crate::speakable::text::TokenKind;

/// The largest value that can be written.
const MOST: u32 = 3999;
/// Letters of the longest numeral.
const LONGEST: usize = 15;
/// Rulers of one name are fewer.
const MOST_RULERS: u32 = 40;
/// Letters of a name behind which a numeral is a number.
const SHORTEST_NAME: usize = 4;

/// The value of a Roman numeral in canonical form, up to 3,999.
pub(in crate::speakable) fn value(text: &str) -> Option<u32> {
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
    let letter = |b: u8| matches!(b.to_ascii_uppercase(), b'I' | b'V' | b'X' | b'L' | b'C' | b'D' | b'M');
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(letter) {
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
    (rest.is_empty() && (1..=MOST).contains(&total) && canonical == upper).then_some(total)
}

/// A word that is a numeral.
#[derive(Debug, Clone, Copy)]
struct Numeral<'a> {
    /// Its letters.
    letters: &'a str,
    value: u32,
    /// Where its letters end.
    end: usize,
    possessive: bool,
    /// What the language's table says of the ending of an ordinal number behind it.
    form: Option<&'static str>,
}

impl Numeral<'_> {
    fn of(self, used: RomanUse) -> Value {
        Value::Roman(Roman { value: self.value, used, possessive: self.possessive })
    }

    fn capital(self) -> bool {
        self.letters.starts_with(char::is_uppercase)
    }

    /// Whether its letters are rather those of a number than of a name: no more than one letter of
    /// the hundreds.
    fn plain(self) -> bool {
        match self.letters.len() {
            1 => matches!(self.letters, "I" | "V" | "X" | "i" | "v" | "x"),
            2 => self.letters.bytes().all(|b| matches!(b.to_ascii_uppercase(), b'I' | b'V' | b'X')),
            _ => self.letters.bytes().any(|b| matches!(b.to_ascii_uppercase(), b'I' | b'V' | b'X')),
        }
    }
}

/// The numeral that the word at `at` is, with what a language writes behind one.
fn numeral<'a>(cx: &Cx<'a>, at: usize) -> Option<Numeral<'a>> {
    let (word, end) = cx.word_at(at)?;
    let (stem, possessive) = word.strip_suffix("'s").map_or((word, false), |stem| (stem, true));
    if let Some(value) = value(stem) {
        return (!cx.glued_at(end)).then_some(Numeral { letters: stem, value, end, possessive, form: None });
    }
    let small = stem.char_indices().find(|(_, c)| !c.is_ascii_uppercase()).map(|(at, _)| at).filter(|at| *at > 0)?;
    let (letters, ending) = stem.split_at(small);
    let value = value(letters)?;
    let form = cx.grammar.numeral_ending(ending, value)?;
    Some(Numeral { letters, value, end, possessive, form: Some(form) })
}

/// Numerals that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || cx.token().kind != TokenKind::Word {
        return;
    }
    let Some(found) = numeral(cx, cx.at) else { return };
    if found.end != cx.token().end {
        return;
    }
    if let Some(value) = read(cx, found) {
        if let Some((last, end)) = last_of_range(cx, found, &value) {
            let from = value.clone();
            out.propose(end, Value::Range(Box::new(Range { from, to: last })), Cost::SURE);
        }
        // Where a number with a stop is an ordinal, the stop of a ruler's is a part of it.
        let ruler = matches!(&value, Value::Roman(roman) if roman.used == RomanUse::Ruler);
        let stop = ruler && cx.grammar.ordinal_stop && cx.char(found.end) == Some('.');
        out.propose(found.end + usize::from(stop), value, Cost::SURE);
    } else if let Some((value, end)) = stopped(cx, found) {
        out.propose(end, value, Cost::SURE);
    } else if let Some((value, end)) = pages(cx, found) {
        out.propose(end, value, Cost::SURE);
    }
}

/// What the numeral is by what stands around it.
fn read(cx: &Cx<'_>, found: Numeral<'_>) -> Option<Value> {
    let next = cx.next_word(found.end);
    let century = next.is_some_and(|word| cx.in_context("century", word));
    let led = cx.label_before().is_some_and(|word| cx.in_context("before_century", word));
    let single_letter = found.letters.len() == 1 && !matches!(found.letters, "V" | "X");
    // `Me`, `Ce` and `Le` are no ordinals.
    let form = found.form.filter(|_| found.plain());
    if found.capital() && (led || (century && (form.is_some() || !single_letter))) {
        return Some(Value::Century { number: found.value, era: None });
    }
    if found.form.is_some() {
        let form = form?;
        return Some(Value::Ordinal(Ordinal { number: u128::from(found.value), form }));
    }
    if let Some(label) = labelled(cx) {
        return behind_label(cx, found, label.word, label.capital).then(|| found.of(RomanUse::Number));
    }
    if !found.capital() {
        return None;
    }
    if orders_noun(cx, found) {
        return Some(found.of(RomanUse::Ordinal));
    }
    let Some(previous) = cx.previous_word() else {
        return begins_heading(cx, found).then(|| found.of(RomanUse::Number));
    };
    if let Some(flag) = cx.grammar.get("rulers", previous) {
        return is_ruler(cx, found, flag).then(|| found.of(RomanUse::Ruler));
    }
    let name = previous.starts_with(char::is_uppercase) && previous.contains(char::is_lowercase);
    let number = found.letters.len() > 1 && found.letters.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    (number && name && previous.chars().count() >= SHORTEST_NAME).then(|| found.of(RomanUse::Number))
}

/// Whether the numeral numbers what the label before it names. A lone I is rather a pronoun.
fn behind_label(cx: &Cx<'_>, found: Numeral<'_>, label: LabelWord, capital: bool) -> bool {
    if !found.plain() {
        return false;
    }
    if !found.capital() {
        let alone = found.letters.len() == 1;
        return label.pages && (!alone || label.short || !goes_on_with_word(cx, found.end));
    }
    if found.letters != "I" || !is_pronoun(cx) || (label.strong && capital) {
        return true;
    }
    let next = cx.next_word(found.end);
    !goes_on_with_word(cx, found.end) || next.is_some_and(|word| cx.in_context("weak_numerals", word))
}

/// Whether a lone I is a word of the language.
fn is_pronoun(cx: &Cx<'_>) -> bool {
    cx.grammar.context("word_letters", "i")
}

/// Whether the numeral orders the noun behind it, in languages that write such a one without a
/// stop: `II Guerra Mundial`, and not `Felipe II Rey`.
fn orders_noun(cx: &Cx<'_>, found: Numeral<'_>) -> bool {
    let free = cx
        .previous_word()
        .is_none_or(|word| !word.contains(char::is_uppercase) && !cx.in_context("before_century", word));
    let noun = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.as_str().starts_with(char::is_lowercase)
            && !cx.grammar.has("starters", &word.to_lowercase())
    };
    let spaced = cx.char(found.end).is_some_and(char::is_whitespace);
    cx.grammar.get("settings", "numeral_before_noun") == Some("yes")
        && found.plain()
        && free
        && spaced
        && cx.next_word(found.end).is_some_and(noun)
}

/// Whether a word follows across white space alone.
fn goes_on_with_word(cx: &Cx<'_>, end: usize) -> bool {
    cx.char(end).is_some_and(char::is_whitespace) && cx.next_word(end).is_some()
}

/// Whether the numeral is that of a ruler behind the name. "Mary I saw" is a pronoun.
fn is_ruler(cx: &Cx<'_>, found: Numeral<'_>, flag: &str) -> bool {
    let pronoun = found.letters == "I"
        && is_pronoun(cx)
        && goes_on_with_word(cx, found.end)
        && !cx.before_context("after_ruler", found.end);
    let letter = found.letters.len() == 1 && (flag == "many" || !found.plain());
    found.value < MOST_RULERS && !pronoun && !letter
}

/// `II. Methods`: the number of a heading, at the start of the text.
fn begins_heading(cx: &Cx<'_>, found: Numeral<'_>) -> bool {
    cx.at == 0 && cx.char(found.end) == Some('.') && cx.char(found.end + 1) == Some(' ') && found.plain()
}

/// Where a number with a stop is an ordinal: `Ludwig XIV.`, `der II. Weltkrieg`.
fn stopped(cx: &Cx<'_>, found: Numeral<'_>) -> Option<(Value, usize)> {
    let end = found.end + 1;
    if !cx.grammar.ordinal_stop || !found.capital() || cx.char(found.end) != Some('.') || cx.glued_at(end) {
        return None;
    }
    let noun = cx.skip_space(end).is_some_and(|at| cx.char(at).is_some_and(char::is_uppercase));
    (noun && found.plain()).then(|| (found.of(RomanUse::Ordinal), end))
}

/// The last number of a range, used as the first one is.
fn last_of_range(cx: &Cx<'_>, first: Numeral<'_>, value: &Value) -> Option<(Value, usize)> {
    let last = numeral(cx, first.end + 1).filter(|_| matches!(cx.char(first.end), Some('-' | '–' | '/')))?;
    let fits =
        last.value > first.value && last.capital() == first.capital() && last.form.is_some() == first.form.is_some();
    let to = if let Value::Roman(roman) = value {
        last.of(roman.used)
    } else if let Value::Century { era, .. } = value {
        Value::Century { number: last.value, era: *era }
    } else if let Value::Ordinal(ordinal) = value {
        Value::Ordinal(Ordinal { number: u128::from(last.value), form: last.form.unwrap_or(ordinal.form) })
    } else {
        return None;
    };
    fits.then_some((to, last.end))
}

/// `xii–xv` without a label.
fn pages(cx: &Cx<'_>, first: Numeral<'_>) -> Option<(Value, usize)> {
    let several = first.letters.len() > 1 && first.plain() && !first.capital();
    let value = several.then(|| first.of(RomanUse::Number))?;
    let (to, end) = last_of_range(cx, first, &value)?;
    Some((Value::Range(Box::new(Range { from: value, to })), end))
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
