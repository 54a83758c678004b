//! Years, decades and centuries, by their form and by the words beside them.

use super::super::number::written;
use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Decade, Era, Range, Symbol, Value, Year};
use crate::speakable::text::{Token, TokenKind};

/// Numbers that are years wherever they stand bare.
const MODERN: std::ops::RangeInclusive<u32> = 1500..=2099;
/// Numbers that are years behind a word that leads to one.
const OLDER: std::ops::RangeInclusive<u32> = 1000..=1499;
/// Decades in four digits.
const DECADES: std::ops::RangeInclusive<u32> = 1000..=2990;
/// The first year before the present that anybody counts so.
const FIRST_BEFORE_PRESENT: u32 = 1_000;
/// Characters of the longest name of an era.
const LONGEST: usize = 20;
/// Letters from which on a word may be a plural by its ending.
const SHORTEST_PLURAL: usize = 4;

/// Years, decades and centuries at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    match cx.token().kind {
        TokenKind::Word => {
            if let Some((year, end)) = behind_era(cx) {
                out.propose(end, Value::Year(year), Cost::SURE);
            }
            if let Some((said, end)) = shortened_century(cx, cx.at).filter(|_| is_behind_ordinal(cx)) {
                out.propose(end, Value::Listed(said.to_owned()), Cost::SURE);
            }
        }
        TokenKind::Digits => {
            if let Some((year, end)) = with_era(cx, cx.at) {
                out.propose(end, Value::Year(year), Cost::SURE);
            }
            decade(cx, cx.at, out);
            century(cx, out);
            bare(cx, out);
        }
        TokenKind::Symbol => signed(cx, out),
        TokenKind::Space => {}
    }
}

/// What an apostrophe or a tilde before digits makes of them: `'99`, `'90s`, `~1995`.
fn signed(cx: &Cx<'_>, out: &mut Candidates) {
    let at = cx.at + 1;
    let Some((digits, end)) = cx.digits_at(at) else { return };
    match cx.char(cx.at) {
        Some('\'') if digits.len() == 2 => {
            decade(cx, at, out);
            let apart = !cx.glued_at(end) && cx.char(end) != Some('\'');
            if let Some(number) = digits.parse::<u32>().ok().filter(|_| apart) {
                out.propose(end, Value::Year(Year { short: true, ..Year::of(number) }), Cost::SURE);
            }
        }
        Some('~' | '≈' | '∼') if digits.len() == 4 => {
            let year: Option<u32> = digits.parse().ok();
            if year.is_some_and(|year| MODERN.contains(&year)) && !counts(cx, end) && !cx.glued_at(end) {
                out.propose(at, Value::Symbol(Symbol::ABOUT), Cost::SURE);
            }
        }
        _ => {}
    }
}

/// The era at `at`, across one space, and whether it may stand before a year.
fn era(cx: &Cx<'_>, at: usize) -> Option<((Era, bool), usize)> {
    let start = cx.skip_space(at).filter(|start| cx.char(*start).is_some_and(char::is_alphabetic))?;
    cx.longest_spaced(start, LONGEST, |key| cx.grammar.era(key))
}

/// `79 A.D.`, `10,000 BC`
pub(super) fn with_era(cx: &Cx<'_>, at: usize) -> Option<(Year, usize)> {
    let found = written(cx, at).filter(|found| !found.foreign && found.number.is_whole())?;
    let number = u32::try_from(found.number.value()?).ok()?;
    let ((era, _), end) = era(cx, found.end).filter(|(_, end)| !cx.glued_at(*end))?;
    let told = era != Era::BeforePresent || number >= FIRST_BEFORE_PRESENT;
    told.then_some((Year { era: Some(era), ..Year::of(number) }, end))
}

/// `AD 79`
fn behind_era(cx: &Cx<'_>) -> Option<(Year, usize)> {
    let ((era, _), end) = era(cx, cx.at).filter(|((_, first), _)| *first)?;
    let (digits, after) = cx.digits_at(cx.skip_space(end)?)?;
    let number = digits.parse::<u32>().ok().filter(|_| digits.len() <= 4 && !cx.glued_at(after))?;
    Some((Year { era: Some(era), era_first: true, ..Year::of(number) }, after))
}

/// A bare number of four digits.
fn bare(cx: &Cx<'_>, out: &mut Candidates) {
    let written = cx.written();
    let end = cx.token().end;
    let part = matches!(cx.before(), Some('.' | ',' | ':' | '/'));
    let goes_on = matches!(cx.char(end), Some('.' | ',' | '\'')) && cx.digit(end + 1);
    let Ok(year) = written.parse::<u32>() else { return };
    if written.len() == 4 && !part && !goes_on && !cx.glued_at(end) && is_year(cx, year, end) {
        out.propose(end, Value::Year(Year::of(year)), Cost::LIKELY);
    }
}

/// Whether a plain number of four digits that ends at `end` is a year where it stands.
fn is_year(cx: &Cx<'_>, year: u32, end: usize) -> bool {
    if counts(cx, end) {
        return false;
    }
    let bracketed = || matches!(cx.before(), Some('(')) && matches!(cx.char(end), Some('–' | '-' | ')'));
    MODERN.contains(&year) || (OLDER.contains(&year) && (cx.after_context("before_year") || bracketed()))
}

/// Whether the number that ends at `end` counts what stands behind it.
fn counts(cx: &Cx<'_>, end: usize) -> bool {
    if cx.char(end) != Some(' ') {
        return false;
    }
    cx.next_word(end).is_some_and(|word| {
        let plural = word.chars().count() >= SHORTEST_PLURAL
            && word.ends_with('s')
            && word.chars().all(char::is_lowercase)
            && !cx.in_context("not_counted", word);
        plural || cx.grammar.context("counted", word)
    })
}

/// `1990s`, `'90s`, `80er`: digits that begin at `at`, and an ending of the language.
fn decade(cx: &Cx<'_>, at: usize, out: &mut Candidates) {
    let Some((digits, end)) = cx.digits_at(at).filter(|(digits, _)| digits.ends_with('0')) else { return };
    let start = end + usize::from(cx.char(end) == Some('\''));
    let Some((ending, after)) = cx.letters_at(start) else { return };
    if !cx.grammar.has("decades", ending) || cx.glued_at(after) {
        return;
    }
    let Ok(number) = digits.parse::<u32>() else { return };
    let cost = match digits.len() {
        4 if DECADES.contains(&number) => Cost::SURE,
        2 if at > cx.at || cx.after_context("before_decade") => Cost::SURE,
        2 if start == end => Cost::FAIR,
        _ => return,
    };
    out.propose(after, Value::Decade(Decade { number }), cost);
}

/// `19th` before "century", or before `c.`; and the first of two centuries with a stroke between:
/// `17th/18th c.`
fn century(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((number, end)) = numbered(cx, cx.at) else { return };
    if is_before_century(cx, end) {
        out.propose(end, Value::Century { number, era: None }, Cost::SURE);
    }
    let last = numbered(cx, end + 1).filter(|(last, _)| cx.char(end) == Some('/') && *last == number + 1);
    if let Some((last, end)) = last.filter(|(_, end)| is_before_century(cx, *end)) {
        let century = |number| Value::Century { number, era: None };
        let range = Range { from: century(number), to: century(last) };
        out.propose(end, Value::Range(Box::new(range)), Cost::SURE);
    }
}

/// The number of a century with its ending, `19th`, and where it ends.
fn numbered(cx: &Cx<'_>, at: usize) -> Option<(u32, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= 2)?;
    let (_, after) = cx.letters_at(end).filter(|(ending, _)| cx.grammar.ordinal_ending(ending).is_some())?;
    digits.parse().ok().map(|number| (number, after))
}

/// Whether the noun of a century follows `at`, whole or shortened.
fn is_before_century(cx: &Cx<'_>, at: usize) -> bool {
    cx.before_context("century", at) || shortened_century(cx, cx.skip_spaces(at)).is_some()
}

/// The noun of a century that is shortened at `at` by the language's table, and where it ends with
/// its stop, which may be missing where the table says `bare`.
fn shortened_century(cx: &Cx<'_>, at: usize) -> Option<(&'static str, usize)> {
    let (word, end) = cx.letters_at(at)?;
    let entry = cx.grammar.get("centuries", word)?;
    let (said, flag) = entry.split_once(" | ").unwrap_or((entry, ""));
    let stop = cx.char(end) == Some('.');
    let after = end + usize::from(stop);
    ((stop || flag == "bare") && !cx.glued_at(after)).then_some((said, after))
}

/// Whether a number with its ending stands before this place, across white space or a hyphen:
/// `12th-c.`
fn is_behind_ordinal(cx: &Cx<'_>) -> bool {
    let apart = |token: &&Token| token.kind == TokenKind::Space || cx.char(token.start) == Some('-');
    let mut back = cx.back().skip_while(apart);
    let is_ending = |token: &&Token| cx.grammar.ordinal_ending(cx.slice(token.start, token.end)).is_some();
    let ending = back.next().filter(is_ending);
    let digits = back.next().filter(|token| token.kind == TokenKind::Digits);
    ending.zip(digits).is_some_and(|(ending, digits)| digits.end == ending.start)
}
