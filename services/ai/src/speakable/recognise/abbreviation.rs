//! Shortened words by what stands around them: `Dr. Smith`, `No. 5`, `e.g.`, `z. B.`, `vs`, and
//! what is shortened at its end (`Hauptstr.`).

mod initials;

use super::{Candidates, Cx};
use crate::speakable::grammar::AbbreviationWord;
use crate::speakable::span::{Abbreviation, AbbreviationUse, Cost, Ending, Value};
use crate::speakable::text::TokenKind;

/// Characters of the longest abbreviation, with its stops and spaces.
const LONGEST: usize = 24;
/// Digits of a year behind an abbreviation that leads to one.
const DIGITS_OF_YEAR: usize = 4;

/// Proposes what a shortened word stands for.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() && !cx.before().is_some_and(|c| c.is_ascii_digit()) {
        return;
    }
    let known = stopped(cx, out);
    bare(cx, out);
    street(cx, out);
    compound(cx, out);
    if !cx.glued_before() {
        initials::propose(cx, known.unwrap_or(cx.at), out);
    }
}

/// An abbreviation of the table, with its last stop: inner ones alone do where it has any. Where it
/// ends; none where none stands here.
fn stopped(cx: &Cx<'_>, out: &mut Candidates) -> Option<usize> {
    if !cx.slice(cx.at, cx.at + LONGEST + 1).contains('.') {
        return None;
    }
    let sentence_case = |key: &str| {
        let entry = cx.grammar.abbreviation(&small(key)?)?;
        (key.contains('.') || entry.used == AbbreviationUse::Number).then_some(entry)
    };
    let look_up = |key: &str| {
        let entry = cx.grammar.abbreviation(key).or_else(|| sentence_case(key))?;
        Some((entry, cx.grammar.get("streets", key), key.contains('.')))
    };
    let ((entry, of_street, inner), end) = cx.longest_spaced(cx.at, LONGEST, look_up)?;
    let stop = cx.char(end) == Some('.');
    if !stop && (!inner || cx.glued_at(end)) {
        return None;
    }
    let end = end + usize::from(stop);
    // The symbol of a unit behind digits is rather a unit: `1 s.`
    let unit = !inner && cx.after_digits() && cx.grammar.unit(cx.written()).is_some();
    let cost = if unit { Cost::LIKELY } else { Cost::SURE };
    stands(cx, entry, of_street.is_some(), end).then(|| {
        offer(cx, entry, of_street, end, cost, out);
        end
    })
}

/// A key that begins with a capital because a sentence does, in small letters: of several letters
/// before its first stop.
fn small(key: &str) -> Option<String> {
    let mut letters = key.chars();
    let first = letters.next().filter(|c| c.is_uppercase())?;
    let rest = letters.as_str();
    let several = rest.starts_with(char::is_lowercase);
    several.then(|| first.to_lowercase().chain(rest.chars()).collect())
}

/// An abbreviation that is also written without a stop.
fn bare(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let Some(entry) = cx.grammar.bare_abbreviation(cx.written()) else { return };
    // `/etc` is a folder, and `x.pp` a name.
    if matches!(cx.before(), Some('/' | '\\' | '.' | '_')) || matches!(cx.char(token.end), Some('/' | '_')) {
        return;
    }
    let title = entry.used != AbbreviationUse::Title || capital(cx, token.end);
    if title && stands(cx, entry, false, token.end) {
        offer(cx, entry, None, token.end, Cost::LIKELY, out);
    }
}

/// `Main St`, `5th Ave`: what a street is, without a stop, behind a name and before none.
fn street(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let Some(said) = cx.grammar.get("streets", cx.written()).filter(|said| *said != cx.written()) else { return };
    let ordinal = |word: &str| cx.grammar.ordinal_ending(word).is_some();
    let named = cx.previous_word().is_some_and(|word| word.starts_with(char::is_uppercase) || ordinal(word));
    let goes_on = cx.next_word(token.end).is_some_and(|word| {
        word.starts_with(char::is_uppercase)
            && !cx.grammar.has("starters", &word.to_lowercase())
            && !cx.grammar.has("sides", word)
            && !cx.in_context("address", word)
    });
    if named && !goes_on && cx.char(token.end) != Some('.') {
        let entry = AbbreviationWord { said, used: AbbreviationUse::End };
        offer(cx, entry, None, token.end, Cost::LIKELY, out);
    }
}

/// `Hauptstr.`: a word that the table of `compounds` lengthens.
fn compound(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    if cx.char(token.end) == Some('.')
        && let Some(whole) = cx.grammar.compound(cx.written())
    {
        out.propose(token.end + 1, Value::Listed(whole), Cost::SURE);
    }
}

fn offer(
    cx: &Cx<'_>,
    entry: AbbreviationWord,
    street: Option<&'static str>,
    end: usize,
    cost: Cost,
    out: &mut Candidates,
) {
    let street = street.filter(|_| entry.used == AbbreviationUse::Title);
    let value = |ending| Value::Abbreviation(Abbreviation { said: entry.said, used: entry.used, street, ending });
    // `two Ph.D.s`, `the M.D.'s`.
    let (ending, after) = if cx.char(end) == Some('s') && !cx.glued_at(end + 1) {
        (Ending::Plural, end + 1)
    } else if super::identifier::possessive(cx, end) {
        (Ending::Possessive, end + 2)
    } else {
        (Ending::None, end)
    };
    out.propose(after, value(ending), cost);
}

/// Whether a capital begins what follows `end`.
fn capital(cx: &Cx<'_>, end: usize) -> bool {
    cx.char(cx.skip_spaces(end)).is_some_and(char::is_uppercase)
}

/// Whether what stands around an abbreviation is what it asks for.
fn stands(cx: &Cx<'_>, entry: AbbreviationWord, street: bool, end: usize) -> bool {
    let after = cx.skip_spaces(end);
    let next = cx.char(after);
    let digit = next.is_some_and(|c| c.is_ascii_digit());
    let after_name = || cx.previous_word().is_some_and(|word| word.starts_with(char::is_uppercase));
    match entry.used {
        AbbreviationUse::Title => {
            street || capital(cx, end) || after_name() || !cx.in_context("weak_titles", cx.written())
        }
        AbbreviationUse::Year => cx.digits_at(after).is_some_and(|(digits, _)| digits.len() == DIGITS_OF_YEAR),
        AbbreviationUse::Number if cx.grammar.ordinal_stop && is_ordered(cx) => true,
        AbbreviationUse::Number => digit || matches!(next, Some('(' | '[' | '§' | '#')) || label(cx, after),
        AbbreviationUse::Month | AbbreviationUse::Day => {
            digit || matches!(next, Some(',' | '.')) || cx.in_context("sure_dates", cx.written())
        }
        AbbreviationUse::Name => capital(cx, end) && after_name(),
        AbbreviationUse::Open | AbbreviationUse::End => true,
    }
}

/// Whether digits with a stop stand before, across white space: `3. Bd.`
fn is_ordered(cx: &Cx<'_>) -> bool {
    let mut tokens = cx.back();
    tokens.next().is_some_and(|token| token.kind == TokenKind::Space)
        && tokens.next().is_some_and(|token| cx.char(token.start) == Some('.'))
        && tokens.next().is_some_and(|token| token.kind == TokenKind::Digits)
}

/// Whether a capital or a Roman numeral by itself stands here, as labels do: `App. B`, `Vol. II`.
fn label(cx: &Cx<'_>, at: usize) -> bool {
    let Some((word, end)) = cx.word_at(at) else { return false };
    let small = word.chars().all(char::is_lowercase);
    let words = if small { "word_letters" } else { "never_initials" };
    let alone = word.chars().count() == 1 && !cx.in_context(words, word);
    let numeral = word.len() > 1 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    (alone || numeral) && !cx.glued_at(end)
}
