//! Dates and times of English text.

use super::data::Data;
use super::spelled;
use crate::grounding::date::Date;
use crate::grounding::number::Form;
use crate::grounding::text::{Kind, Text};

/// The dates and times of `text`, in order. A year alone is a quantity that looks like a year.
pub(super) fn read(text: &Text) -> Vec<Date> {
    let mut dates = Vec::new();
    let mut at = 0;
    while at < text.tokens.len() {
        let date = numeric(text, at)
            .or_else(|| time(text, at))
            .or_else(|| span(text, at))
            .or_else(|| era(text, at))
            .or_else(|| day_first(text, at))
            .or_else(|| month_first(text, at))
            .or_else(|| weekday(text, at));
        match date {
            Some(date) => {
                at = date.last.max(at + 1);
                dates.push(date);
            }
            None => at += 1,
        }
    }
    dates
}

/// The whole number in digits at `at`, and how many digits it has.
fn digits(text: &Text, at: usize) -> Option<(u32, usize)> {
    let token = text.token(at).filter(|token| token.kind == Kind::Number)?;
    let value = token.text.parse().ok()?;
    (token.end - token.start == token.text.len()).then_some((value, token.text.len()))
}

fn small(value: u32, most: u32) -> Option<u8> {
    u8::try_from(value).ok().filter(|small| *small >= 1 && value <= most)
}

/// `1867-03-12`, `12/03/1867`; `03-12`, a month and a day alone.
fn numeric(text: &Text, at: usize) -> Option<Date> {
    if let Some(date) = month_and_day(text, at) {
        return Some(date);
    }
    let mark = text.token(at + 1).filter(|token| token.glued)?.kind;
    let joined = (at + 2..at + 5).all(|at| text.is_glued(at));
    if let Some(month) = month(text, at + 2, true).filter(|_| joined && mark == Kind::Mark('-')) {
        let ((year, length), (day, _)) = (digits(text, at)?, digits(text, at + 4)?);
        let date = Date::year(at, at + 5, i32::try_from(year).ok().filter(|_| length == 4)?);
        return Some(Date { month: Some(month), day: Some(small(day, 31)?), ..date });
    }
    if !joined || !matches!(mark, Kind::Mark('-' | '/')) || text.token(at + 3)?.kind != mark {
        return None;
    }
    let ((one, length), (two, _), (three, last)) = (digits(text, at)?, digits(text, at + 2)?, digits(text, at + 4)?);
    let (year, month, day) = match (length, last) {
        (4, 1 | 2) => (one, small(two, 12)?, small(three, 31)?),
        (1 | 2, 4) if two <= 12 => (three, small(two, 12)?, small(one, 31)?),
        (1 | 2, 4) => (three, small(one, 12)?, small(two, 31)?),
        _ => return None,
    };
    let year = i32::try_from(year).ok()?;
    let either = length != 4 && one <= 12 && two <= 12;
    Some(Date { month: Some(month), day: Some(day), either, ..Date::year(at, at + 5, year) })
}

/// `03-12`: a month and a day as ISO 8601 writes them, two digits each. What has no zero before
/// either of them may as well be a range: 10-12.
fn month_and_day(text: &Text, at: usize) -> Option<Date> {
    let two = |at: usize| digits(text, at).filter(|(_, length)| *length == 2).map(|(value, _)| value);
    let dash = |at: usize| text.is_mark(at, '-') && text.is_glued(at);
    let (month, day) = (two(at)?, two(at + 2)?);
    let padded = month < 10 || day < 10;
    let longer = (text.is_glued(at) && at.checked_sub(1).is_some_and(|before| text.is_mark(before, '-')))
        || (dash(at + 3) && text.is_glued(at + 4));
    if !padded || longer || !dash(at + 1) || !text.is_glued(at + 2) {
        return None;
    }
    let (month, day) = (small(month, 12)?, small(day, 31)?);
    Some(Date { first: at, last: at + 3, month: Some(month), day: Some(day), ..Date::default() })
}

/// `9:30 pm`, `9 a.m.`, "nine o'clock", "half past nine", "noon".
fn time(text: &Text, at: usize) -> Option<Date> {
    let made = |last: usize, minute: u32, either_half: bool| {
        Some(Date { first: at, last, minute: Some(minute), either_half, ..Date::default() })
    };
    match text.word(at) {
        "noon" | "midday" => return made(at + 1, 12 * 60, false),
        "midnight" => return made(at + 1, 0, false),
        "half" | "quarter" => {
            let past = match text.word(at + 1) {
                "past" => true,
                "to" if text.word(at) == "quarter" => false,
                _ => return None,
            };
            let (hour, _) = hour(text, at + 2)?;
            let minutes = if text.word(at) == "half" { 30 } else { 15 };
            let minute = if past { hour * 60 + minutes } else { (hour + 23) % 24 * 60 + 60 - minutes };
            return made(at + 3, minute, true);
        }
        _ => {}
    }
    if let Some((minute, last)) = minutes_past(text, at) {
        return made(last, minute, true);
    }
    let (hour, in_digits) = hour(text, at)?;
    let colon = text.is_mark(at + 1, ':') && text.is_glued(at + 1) && text.is_glued(at + 2);
    let minutes =
        if colon && in_digits { digits(text, at + 2).filter(|(m, length)| *m < 60 && *length == 2) } else { None };
    let next = if minutes.is_some() { at + 3 } else { at + 1 };
    let minute = hour * 60 + minutes.map_or(0, |(minutes, _)| minutes);
    let half = text.word(next);
    match half {
        "am" | "pm" if (1..=12).contains(&hour) => {
            let minute = minute % (12 * 60) + if half == "pm" { 12 * 60 } else { 0 };
            made(next + 1, minute, false)
        }
        "o'clock" => made(next + 1, minute, true),
        _ => minutes.and_then(|_| made(next, minute, (1..=12).contains(&hour))),
    }
}

/// "Three minutes past four", "ten past four", and with "minutes" alone "ten minutes to four": "ten
/// to four" may be a range.
fn minutes_past(text: &Text, at: usize) -> Option<(u32, usize)> {
    let in_words = || {
        let core = spelled::at(text, at).filter(|core| core.form == Form::Cardinal)?;
        (1..60).find(|whole| f64::from(*whole) == core.value).map(|minutes| (minutes, core.next))
    };
    let in_digits =
        digits(text, at).filter(|(minutes, _)| (1..60).contains(minutes)).map(|(minutes, _)| (minutes, at + 1));
    let (minutes, next) = in_digits.or_else(in_words)?;
    let named = matches!(text.word(next), "minute" | "minutes");
    let next = next + usize::from(named);
    let past = match text.word(next) {
        "past" => true,
        "to" if named => false,
        _ => return None,
    };
    let (hour, _) = hour(text, next + 1)?;
    let minute = if past { hour * 60 + minutes } else { (hour + 23) % 24 * 60 + 60 - minutes };
    Some((minute, next + 2))
}

fn hour(text: &Text, at: usize) -> Option<(u32, bool)> {
    if let Some((hour, _)) = digits(text, at).filter(|(hour, length)| *hour < 24 && *length <= 2) {
        return Some((hour, true));
    }
    let hour = Data::get().numeral("unit", text.word(at)).filter(|hour| (1.0..=12.0).contains(hour))?;
    (1..=12).find(|whole| f64::from(*whole) == hour).map(|hour| (hour, false))
}

/// `1990s`, "the nineties", "the nineteenth century", "the 5th century BC".
fn span(text: &Text, at: usize) -> Option<Date> {
    let made = |last: usize, years: (i32, i32), loose: bool| {
        Some(Date { first: at, last, years: Some(years), loose, ..Date::default() })
    };
    if let Some((year, length)) = digits(text, at) {
        let apostrophe = usize::from(text.is_mark(at + 1, '\''));
        let plural = text.word(at + 1 + apostrophe) == "s" && text.is_glued(at + 1 + apostrophe);
        let year = i32::try_from(year).ok()?;
        if plural && year % 10 == 0 && (length == 4 || length == 2) {
            let long = if year % 100 == 0 && length == 4 { 99 } else { 9 };
            return made(at + 2 + apostrophe, (year, year + long), length == 2);
        }
    }
    if let Some(decade) = Data::get().calendar("decade", text.word(at)) {
        return made(at + 1, (i32::from(decade), i32::from(decade) + 9), true);
    }
    // "The nineteen-nineties", "the sixteen-hundreds".
    if let Some(century) = Data::get().numeral("unit", text.word(at)).filter(|century| *century >= 10.0) {
        let decade_at = text.past_hyphen(at + 1);
        if let Some(decade) = Data::get().calendar("decade", text.word(decade_at)) {
            let century = (10..20).find(|whole| f64::from(*whole) == century)?;
            let from = century * 100 + i32::from(decade);
            return made(decade_at + 1, (from, from + 9), false);
        }
        if text.word(decade_at) == "hundreds" {
            let century = (10..20).find(|whole| f64::from(*whole) == century)?;
            return made(decade_at + 1, (century * 100, century * 100 + 99), false);
        }
    }
    let (century, next) = ordinal(text, at)?;
    let noun = text.past_hyphen(next);
    if !matches!(text.word(noun), "century" | "centuries") || !(1..=30).contains(&century) {
        return None;
    }
    let (before, last) = era_at(text, noun + 1);
    let century = i32::try_from(century).ok()?;
    let years = if before { (-century * 100, -century * 100 + 99) } else { (century * 100 - 100, century * 100) };
    made(last, years, false)
}

/// The ordinal at `at`, in digits or in words, and the place behind it.
fn ordinal(text: &Text, at: usize) -> Option<(u32, usize)> {
    if let Some((value, _)) = digits(text, at) {
        let ending = matches!(text.word(at + 1), "st" | "nd" | "rd" | "th") && text.is_glued(at + 1);
        return ending.then_some((value, at + 2));
    }
    let core = spelled::at(text, at).filter(|core| core.form == Form::Ordinal)?;
    (1..=100).find(|whole| f64::from(*whole) == core.value).map(|value| (value, core.next))
}

/// Whether the words at `at` name years before the common era, and the place behind them.
fn era_at(text: &Text, at: usize) -> (bool, usize) {
    let data = Data::get();
    let capital = text.token(at).is_some_and(|token| token.capital);
    if capital && data.calendar("before", text.word(at)).is_some() {
        (true, at + 1)
    } else if capital && data.calendar("after", text.word(at)).is_some() {
        (false, at + 1)
    } else {
        (false, at)
    }
}

/// `44 BC`, `AD 79`.
fn era(text: &Text, at: usize) -> Option<Date> {
    if text.word(at) == "ad" && text.token(at)?.capital {
        // The last stop of "A.D." is a mark of its own.
        let year_at = at + 1 + usize::from(text.is_mark(at + 1, '.') && text.is_glued(at + 1));
        let (year, _) = digits(text, year_at)?;
        return Some(Date::year(at, year_at + 1, i32::try_from(year).ok()?));
    }
    let (year, _) = digits(text, at)?;
    let (before, last) = era_at(text, at + 1);
    let year = i32::try_from(year).ok()?;
    (last > at + 1).then(|| Date::year(at, last, if before { -year } else { year }))
}

/// The month at `at`. A name that is a word as well is one beside a number, or behind a word of
/// time.
fn month(text: &Text, at: usize, beside: bool) -> Option<u8> {
    let data = Data::get();
    let word = text.word(at);
    let month = data.calendar("month", word)?;
    let capital = text.token(at)?.capital;
    let sure =
        data.calendar("unsure", word).is_none() || beside || data.calendar("time", text.word_before(at)).is_some();
    (capital && sure && (beside || !is_of_name(text, at))).then_some(month)
}

/// Whether a short form of a month, without a stop, stands before another word with a capital: Jan
/// Mayen. A short form is written with a number, so that this one is part of a name.
fn is_of_name(text: &Text, at: usize) -> bool {
    let data = Data::get();
    let short = text.word(at).chars().count() < SHORT_MONTH && text.word(at) != "may";
    let next = text.word(at + 1);
    let dated = ["month", "weekday", "before", "after"].iter().any(|sort| data.calendar(sort, next).is_some());
    short && !dated && text.token(at + 1).is_some_and(|token| token.kind == Kind::Word && token.capital && !token.opens)
}

/// The letters of the shortest name of a month that is written in full, but for May.
const SHORT_MONTH: usize = 4;

fn day(text: &Text, at: usize) -> Option<(u8, usize)> {
    if let Some((day, next)) = ordinal(text, at) {
        return Some((small(day, 31)?, next));
    }
    let (value, length) = digits(text, at)?;
    (length <= 2).then_some((small(value, 31)?, at + 1))
}

/// The year behind a month, or behind a comma.
fn year(text: &Text, at: usize) -> Option<(i32, usize)> {
    let at = at + usize::from(text.is_mark(at, ',')) + usize::from(text.word(at) == "of");
    if let Some((year, _)) = digits(text, at).filter(|(year, length)| *length == 4 || (*length == 3 && *year > 100)) {
        return Some((i32::try_from(year).ok()?, at + 1));
    }
    let core = spelled::at(text, at).filter(|core| core.form == Form::Cardinal && core.next > at + 1)?;
    (1000..2200).find(|whole| f64::from(*whole) == core.value).map(|year| (year, core.next))
}

/// The year in two digits behind a day and a short month: 1 Jan 81. A number that counts the noun
/// behind it is none: "On 1 Jan 81 ships left".
fn short_year(text: &Text, month_at: usize) -> Option<(i32, usize)> {
    let short = text.word(month_at).chars().count() <= SHORT_MONTH;
    let stop = usize::from(text.is_mark(month_at + 1, '.') && text.is_glued(month_at + 1));
    let at = month_at + 1 + stop;
    let at = at + usize::from(text.is_mark(at, '\''));
    let (year, _) = digits(text, at).filter(|(_, length)| *length == 2)?;
    let counts = super::units::at(text, at + 1, true).is_some()
        || text.token(at + 1).is_some_and(|next| {
            let noun = next.kind == Kind::Word && (!next.stem.is_empty() || next.text == "of") && !next.opens;
            let clock = next.glued && next.kind == Kind::Mark(':') && text.is_glued(at + 2);
            noun || clock || matches!(next.kind, Kind::Number | Kind::Code)
        });
    (short && !counts).then_some((i32::try_from(year).ok()?, at + 1))
}

/// "12 March 1867", "the twelfth of March".
fn day_first(text: &Text, at: usize) -> Option<Date> {
    let (day, next) = day(text, at)?;
    let month_at = text.past_hyphen(next + usize::from(text.word(next) == "of"));
    let month = month(text, month_at, true)?;
    let date = Date { first: at, month: Some(month), day: Some(day), ..Date::default() };
    if month_at > next && text.is_mark(next, '-') {
        return Some(hyphened_year(text, month_at + 1, date));
    }
    if let Some((year, last)) = short_year(text, month_at) {
        return Some(Date { last, years: Some((year, year)), loose: true, ..date });
    }
    Some(with_year(text, month_at + 1, date))
}

/// The year of a date whose parts hyphens join: 3-June-92, 03-Jun-1992.
fn hyphened_year(text: &Text, month_end: usize, date: Date) -> Date {
    let at = text.past_hyphen(month_end);
    let year = digits(text, at).filter(|(_, length)| at > month_end && matches!(length, 2 | 4));
    match year.and_then(|(year, length)| Some((i32::try_from(year).ok()?, length))) {
        Some((year, length)) => Date { last: at + 1, years: Some((year, year)), loose: length == 2, ..date },
        None => Date { last: month_end, ..date },
    }
}

/// "March 12, 1867", "March 1867", "March".
fn month_first(text: &Text, at: usize) -> Option<Date> {
    let stop = usize::from(text.is_mark(at + 1, '.') && text.is_glued(at + 1));
    let from = at + 1 + stop;
    let year_next = year(text, from).is_some();
    let the = usize::from(text.word(from) == "the");
    let day = if year_next { None } else { day(text, from + the) };
    let month = month(text, at, year_next || day.is_some())?;
    let next = day.map_or(if year_next { from } else { at + 1 }, |(_, next)| next);
    let date = Date { first: at, month: Some(month), day: day.map(|(day, _)| day), ..Date::default() };
    Some(with_year(text, next, date))
}

fn with_year(text: &Text, next: usize, date: Date) -> Date {
    match year(text, next) {
        Some((year, last)) => {
            let (before, last) = era_at(text, last);
            let year = if before { -year } else { year };
            Date { last, years: Some((year, year)), ..date }
        }
        None => Date { last: next, ..date },
    }
}

fn weekday(text: &Text, at: usize) -> Option<Date> {
    let data = Data::get();
    let token = text.token(at).filter(|token| token.capital)?;
    let word = token.text.strip_suffix('s').filter(|bare| bare.ends_with("day")).unwrap_or(&token.text);
    let weekday = data.calendar("weekday", word)?;
    let sure = data.calendar("unsure", word).is_none() || text.is_mark(at + 1, ',');
    sure.then(|| Date { first: at, last: at + 1, weekday: Some(weekday), ..Date::default() })
}
