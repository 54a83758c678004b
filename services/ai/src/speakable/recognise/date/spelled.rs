//! Dates with the name of a month: `Jan. 5th, 2026`, `3–5 mai`, `1 de enero de 2026`.

use super::super::Cx;
use super::{empty, four_digits, year};
use crate::speakable::span::{Date, DateForm, Year};

/// The last day of the longest month.
const LAST_DAY: u8 = 31;
/// Characters between a date and its year: a comma and a space.
const MOST_BETWEEN: usize = 2;

/// A day of a month.
struct Day {
    number: u8,
    end: usize,
    /// It is written as an ordinal number.
    ordinal: bool,
}

/// The number of the month that a word or an abbreviation at `at` names, and where it ends with its
/// stop.
pub(in crate::speakable::recognise) fn month(cx: &Cx<'_>, at: usize) -> Option<(u8, usize)> {
    let (word, end) = cx.word_at(at)?;
    let named = cx.grammar.month(word)?;
    let stop = named.short && cx.char(end) == Some('.');
    Some((named.number, end + usize::from(stop)))
}

/// The day at `at`, with the ending or the stop of an ordinal number.
fn day(cx: &Cx<'_>, at: usize) -> Option<Day> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= 2)?;
    let number = digits.parse::<u8>().ok().filter(|day| (1..=LAST_DAY).contains(day))?;
    let stop = cx.char(end) == Some('.');
    let ending = [end, end + 1].into_iter().filter(|at| *at == end || stop).find_map(|at| {
        let (letters, after) = cx.letters_at(at)?;
        cx.grammar.ordinal_ending(letters).map(|_| after)
    });
    if let Some(end) = ending {
        return Some(Day { number, end, ordinal: true });
    }
    let goes_on = matches!(cx.char(end), Some('.' | ',' | '/' | ':')) && cx.digit(end + 1);
    if cx.glued_at(end) || goes_on || cx.char(end) == Some('%') {
        return None;
    }
    let ordinal = stop && cx.grammar.ordinal_stop;
    Some(Day { number, end: end + usize::from(ordinal), ordinal })
}

/// The year behind a date: `, 2026`, ` 2026`, ` de 2026`, `-2026`, and one with an era.
fn with_year(cx: &Cx<'_>, end: usize) -> Option<(Year, usize)> {
    let comma = usize::from(cx.char(end) == Some(','));
    let at = cx.skip_spaces(end + comma);
    let start = link(cx, at).unwrap_or(at);
    if start == end || (start == at && at - end > MOST_BETWEEN) {
        return None;
    }
    year::with_era(cx, start).or_else(|| four_digits(cx, start).map(|(year, end)| (Year::of(year), end)))
}

/// Behind a word that joins the parts of a date: `of`, `de`.
fn link(cx: &Cx<'_>, at: usize) -> Option<usize> {
    let (word, end) = cx.word_at(at)?;
    let next = cx.skip_spaces(end);
    (cx.grammar.context("date_links", word) && next > end).then_some(next)
}

fn dash(cx: &Cx<'_>, at: usize) -> bool {
    matches!(cx.char(at), Some('-' | '–'))
}

/// `January 5`, `Jan. 5-7, 2026`, `March 2020`.
pub(super) fn month_first(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let (month, end) = month(cx, cx.at)?;
    let start = cx.skip_space(end)?;
    let date = Date { month: Some(month), ..empty(DateForm::MonthFirst) };
    if start == end {
        return None;
    }
    let Some(first) = day(cx, start) else {
        let (year, end) = with_year(cx, end)?;
        return Some((Date { year: Some(year), ..date }, end));
    };
    let last = dash(cx, first.end).then(|| day(cx, first.end + 1)).flatten().filter(|last| last.number > first.number);
    let end = last.as_ref().map_or(first.end, |last| last.end);
    let (year, end) = match with_year(cx, end) {
        Some((year, end)) => (Some(year), end),
        None => (None, end),
    };
    let date = Date { day: Some(first.number), last_day: last.map(|last| last.number), year, ..date };
    (!cx.glued_at(end)).then_some((date, end))
}

/// `5 January 2026`, `5th of January`, `3–5 May`, `15-Mar-2024`.
pub(super) fn day_first(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let first = day(cx, cx.at)?;
    let last = dash(cx, first.end).then(|| day(cx, first.end + 1)).flatten().filter(|last| last.number > first.number);
    let end = last.as_ref().map_or(first.end, |last| last.end);
    let hyphened = last.is_none() && cx.char(end) == Some('-');
    let at = if hyphened { end + 1 } else { cx.skip_spaces(end) };
    let linked = link(cx, at).filter(|_| !hyphened);
    let start = linked.unwrap_or(at);
    let (word, _) = cx.word_at(start).filter(|_| at > end)?;
    let (month, end) = month(cx, start).filter(|(_, end)| !cx.glued_at(*end))?;
    let year = if hyphened {
        four_digits(cx, end + 1).filter(|_| cx.char(end) == Some('-')).map(|(year, end)| (Year::of(year), end))
    } else {
        with_year(cx, end)
    };
    let told = year.is_some() || linked.is_some() || first.ordinal;
    if hyphened && year.is_none() || !told && is_word_here(cx, word, end) {
        return None;
    }
    let date = Date {
        day: Some(first.number),
        last_day: last.map(|last| last.number),
        month: Some(month),
        year: year.map(|(year, _)| year),
        ..empty(DateForm::DayFirst)
    };
    Some((date, year.map_or(end, |(_, end)| end)))
}

/// Whether the name of a month is rather another word, since one follows: "5 May be".
fn is_word_here(cx: &Cx<'_>, word: &str, end: usize) -> bool {
    cx.in_context("doubtful_months", word) && cx.next_word(end).is_some_and(|next| next.starts_with(char::is_lowercase))
}
