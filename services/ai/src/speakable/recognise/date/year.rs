//! Years, decades and centuries, by their form and by the words beside them.

use super::super::number::written;
use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Decade, Era, Symbol, Value, Year};
use crate::speakable::text::TokenKind;

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

/// `19th` before "century".
fn century(cx: &Cx<'_>, out: &mut Candidates) {
    let end = cx.token().end;
    let Some((ending, after)) = cx.letters_at(end) else { return };
    let Some(number) = cx.written().parse::<u32>().ok().filter(|_| cx.written().len() <= 2) else { return };
    if cx.grammar.ordinal_ending(ending).is_some() && cx.before_context("century", after) {
        out.propose(after, Value::Century { number, era: None }, Cost::SURE);
    }
}
