//! Dates in digits: `2026-01-05`, `5/12/2026`, `31.12.2026`, `24.12.`, `2020-12`, `12-IX-1978`.

use super::super::{Cx, roman};
use super::{YEARS, empty, four_digits};
use crate::speakable::grammar::DateOrder;
use crate::speakable::span::{Date, DateForm, Year};

/// The last day of the longest month.
const LAST_DAY: u32 = 31;
/// Months of a year.
const MONTHS: u32 = 12;

/// The date that begins at this place.
pub(super) fn date(cx: &Cx<'_>) -> Option<(Date, usize)> {
    whole(cx).or_else(|| spaced(cx)).or_else(|| month_of_year(cx)).or_else(|| day_and_month(cx))
}

fn full(day: u32, month: u32, year: Year) -> Option<Date> {
    let day = u8::try_from(day).ok().filter(|_| (1..=LAST_DAY).contains(&day))?;
    let month = u8::try_from(month).ok().filter(|_| (1..=MONTHS).contains(&month))?;
    Some(Date { day: Some(day), month: Some(month), year: Some(year), ..empty(DateForm::Digits) })
}

/// Three numbers with one sign between them.
fn whole(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let (first, at) = cx.digits_at(cx.at)?;
    let sign = cx.char(at).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, length, at) = middle(cx, at + 1)?;
    let (third, end) = cx.digits_at(at + 1).filter(|_| cx.char(at) == Some(sign))?;
    let timed = cx.char(end) == Some('T') && cx.digit(end + 1);
    let goes_on = cx.glued_at(end) || (cx.char(end) == Some(sign) && cx.glued_at(end + 1));
    if goes_on && !timed {
        return None;
    }
    let number = |digits: &str| digits.parse::<u32>().ok();
    let (day, month, year) = match (first.len(), third.len()) {
        (4, 1..=2) => (number(third)?, second, Year::of(number(first)?)),
        (1..=2, 4) => {
            let (day, month) = ordered(cx, sign, number(first)?, second);
            (day, month, Year::of(number(third)?))
        }
        (1..=2, 2) if sign == '/' || (sign == '.' && (cx.grammar.ordinal_stop || first.len() + length == 4)) => {
            let (day, month) = ordered(cx, sign, number(first)?, second);
            (day, month, Year { short: true, ..Year::of(number(third)?) })
        }
        _ => return None,
    };
    let date = full(day, month, year).filter(|_| year.short || YEARS.contains(&year.number))?;
    Some((date, end + usize::from(timed)))
}

/// The number in the middle of a date: digits, or a month in capitals as a Roman numeral.
fn middle(cx: &Cx<'_>, at: usize) -> Option<(u32, usize, usize)> {
    if let Some((digits, end)) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= 2) {
        return Some((digits.parse().ok()?, digits.len(), end));
    }
    let (word, end) = cx.letters_at(at).filter(|(word, _)| word.chars().all(char::is_uppercase))?;
    roman::value(word).filter(|month| (1..=MONTHS).contains(month)).map(|month| (month, 0, end))
}

/// Day and month in the order that the language has for a stroke; with other signs the day stands
/// first, and where the numbers admit one order alone, in that.
fn ordered(cx: &Cx<'_>, sign: char, first: u32, second: u32) -> (u32, u32) {
    let month_first = sign == '/' && cx.grammar.date_order == DateOrder::MonthFirst;
    if (month_first && first <= MONTHS) || second > MONTHS { (second, first) } else { (first, second) }
}

/// `5. 1. 2026`, where a number with a stop is an ordinal.
fn spaced(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let stopped = |at: usize| {
        let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= 2)?;
        let number: u32 = digits.parse().ok()?;
        (cx.char(end) == Some('.')).then_some((number, end + 1))
    };
    let (day, at) = stopped(cx.at).filter(|_| cx.grammar.ordinal_stop)?;
    let (month, at) = stopped(cx.skip_spaces(at))?;
    let (year, end) = four_digits(cx, cx.skip_spaces(at))?;
    Some((full(day, month, Year::of(year))?, end))
}

/// `2020-12`, unless a word behind tells that two years are meant: "the 2010-11 season".
fn month_of_year(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let (year, at) = cx.digits_at(cx.at).filter(|(year, _)| year.len() == 4)?;
    let (month, end) = cx.digits_at(at + 1).filter(|(month, _)| cx.char(at) == Some('-') && month.len() == 2)?;
    let goes_on = cx.glued_at(end) || (matches!(cx.char(end), Some('-' | '/' | '.' | ',' | ':')) && cx.digit(end + 1));
    let chained = matches!(cx.before(), Some('-' | '–' | '/' | '.'));
    let month = month.parse::<u8>().ok().filter(|month| (1..=12).contains(month))?;
    let year = year.parse::<u32>().ok().filter(|year| YEARS.contains(year))?;
    if goes_on || chained || matches!(cx.char(end), Some('%' | '°')) || cx.before_context("season", end) {
        return None;
    }
    Some((Date { month: Some(month), year: Some(Year::of(year)), ..empty(DateForm::Digits) }, end))
}

/// `24.12.`, where a number with a stop is an ordinal.
fn day_and_month(cx: &Cx<'_>) -> Option<(Date, usize)> {
    let part = |at: usize, most: u32| {
        let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= 2)?;
        let number: u32 = digits.parse().ok()?;
        ((1..=most).contains(&number) && cx.char(end) == Some('.')).then_some((number, end + 1))
    };
    let (day, at) = part(cx.at, LAST_DAY).filter(|_| cx.grammar.ordinal_stop)?;
    let (month, end) = part(at, MONTHS)?;
    // Behind `Version` or `Kapitel` they are parts of a number.
    let numbers = |word: &str| cx.in_context("numbered", word) || cx.grammar.label(word).is_some();
    if cx.previous_word().is_some_and(numbers) {
        return None;
    }
    // At the start of a text before a capital it is the number of a heading.
    if cx.at == 0 && cx.char(cx.skip_spaces(end)).is_some_and(char::is_uppercase) {
        return None;
    }
    let (day, month) = (u8::try_from(day).ok()?, u8::try_from(month).ok()?);
    let date = Date { day: Some(day), month: Some(month), ..empty(DateForm::Digits) };
    (!cx.glued_at(end)).then_some((date, end))
}
