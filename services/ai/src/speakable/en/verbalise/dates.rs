//! Dates, years and times, in English.

use super::super::{English, number};
use super::numbers::{cardinal, together};
use crate::speakable::span::{Date, DateForm, Decade, Duration, Era, Meridiem, Time, TimeUnit, Year, Zone};
use crate::speakable::verbalise::{Scene, Verbaliser};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The name of a month or a weekday by its number, from 1.
fn name(names: &[&'static str], number: u8) -> &'static str {
    usize::from(number).checked_sub(1).and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// "January fifth, twenty twenty-six", "the fifth of January", "March twenty twenty".
pub(super) fn date(date: &Date, scene: &Scene<'_>) -> String {
    let weekday = date.weekday.map(|day| name(&WEEKDAYS, day)).unwrap_or_default();
    let month = date.month.map(|month| name(&MONTHS, month)).unwrap_or_default();
    let year = date.year.map(|written| year(&written)).unwrap_or_default();
    let Some(first) = date.day else { return together([weekday, month, year.as_str()]) };
    let mut day = number::ordinal(u128::from(first));
    if let Some(last) = date.last_day {
        day = format!("{day} to {}", number::ordinal(u128::from(last)));
    }
    let words = match date.form {
        DateForm::MonthFirst | DateForm::Digits => together([month, &day]),
        DateForm::DayFirst => {
            let led = scene.previous_word().is_some_and(|word| scene.in_context("articles_definite", word));
            together([if led { "" } else { "the" }, &day, "of", month])
        }
    };
    let words = match (date.form, weekday) {
        (DateForm::MonthFirst | DateForm::Digits, weekday) if !weekday.is_empty() => format!("{weekday}, {words}"),
        (_, weekday) => together([weekday, &words]),
    };
    if year.is_empty() { words } else { format!("{words}, {year}") }
}

/// "nineteen oh five", "seventy-nine A D", "A D seventy-nine"; of a short year its two digits.
pub(super) fn year(year: &Year) -> String {
    let digits = year.number % 100;
    let words = match (year.short, digits) {
        (false, _) => number::year(u128::from(year.number)),
        (true, 0) => "two thousand".to_owned(),
        (true, 1..=9) => format!("oh {}", number::cardinal(u128::from(digits))),
        (true, _) => number::cardinal(u128::from(digits)),
    };
    let era = year.era.map(era).unwrap_or_default();
    if year.era_first { together([era, &words]) } else { together([words.as_str(), era]) }
}

const fn era(era: Era) -> &'static str {
    match era {
        Era::BeforeChrist => "B C",
        Era::BeforeCommon => "B C E",
        Era::AfterChrist => "A D",
        Era::Common => "C E",
        Era::Hijri => "A H",
        Era::BeforePresent => "B P",
    }
}

/// "nineteen nineties".
pub(super) fn decade(decade: &Decade) -> String {
    let number = u128::from(decade.number);
    let words = if number < 100 { number::cardinal(number) } else { number::year(number) };
    number::plural(&words)
}

/// "nineteenth"
pub(super) fn century(number: u32, written: Option<Era>) -> String {
    together([number::ordinal(u128::from(number)).as_str(), written.map(era).unwrap_or_default()])
}

/// "nine thirty A M", "nine o'clock", "seventeen hundred", "ten fifteen and thirty seconds".
pub(super) fn time(time: &Time) -> String {
    let hours = number::cardinal(u128::from(time.hour));
    let clock = match time.minute {
        None => hours,
        Some(0) if time.meridiem.is_some() => hours,
        Some(0) if time.hour == 0 => "midnight".to_owned(),
        Some(0) if time.hour <= 12 => format!("{hours} o'clock"),
        Some(0) => format!("{hours} hundred"),
        Some(minute @ 1..=9) => format!("{hours} oh {}", number::cardinal(u128::from(minute))),
        Some(minute) => format!("{hours} {}", number::cardinal(u128::from(minute))),
    };
    let meridiem = match time.meridiem {
        Some(Meridiem::Before) => "A M",
        Some(Meridiem::After) => "P M",
        None => "",
    };
    together([clock.as_str(), &seconds(time), meridiem, &zone(time.zone.as_ref())])
}

/// "and thirty seconds"
fn seconds(time: &Time) -> String {
    let fraction = time.fraction.as_deref().map(|digits| format!(" point {}", number::digits(digits)));
    match (time.second, fraction) {
        (None | Some(0), None) => String::new(),
        (Some(1), None) => "and one second".to_owned(),
        (second, fraction) => {
            let second = number::cardinal(u128::from(second.unwrap_or_default()));
            format!("and {second}{} seconds", fraction.unwrap_or_default())
        }
    }
}

/// "U T C", "plus two hours".
fn zone(zone: Option<&Zone>) -> String {
    match zone {
        None => String::new(),
        Some(Zone::Named(letters)) => English.spell(letters),
        Some(Zone::Offset(minutes)) => {
            let whole = u128::from(minutes.unsigned_abs() / 60);
            let rest = u128::from(minutes.unsigned_abs() % 60);
            let sign = if *minutes < 0 { "minus" } else { "plus" };
            let hours = format!("{} {}", number::cardinal(whole), if whole == 1 { "hour" } else { "hours" });
            let rest = if rest == 0 { String::new() } else { number::cardinal(rest) };
            together([sign, &hours, &rest])
        }
    }
}

/// "three hours twenty-five minutes"
pub(super) fn duration(duration: &Duration) -> String {
    let parts = duration.parts.iter().map(|(count, unit)| {
        let name = match unit {
            TimeUnit::Day => "day",
            TimeUnit::Hour => "hour",
            TimeUnit::Minute => "minute",
            TimeUnit::Second => "second",
        };
        format!("{} {name}{}", cardinal(count), if count.is_one() { "" } else { "s" })
    });
    parts.collect::<Vec<_>>().join(" ")
}
