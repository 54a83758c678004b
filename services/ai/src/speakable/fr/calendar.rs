//! Dates, years and times in French.

use super::counting::{Noun, counted};
use super::number::{self, Agreement};
use crate::speakable::span::{Date, Decade, Duration, Era, Meridiem, Number, Time, TimeUnit, Year, Zone};
use crate::speakable::verbalise::{Scene, Verbaliser};

use super::French;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// The hour from which on the second half of the day is the evening.
const FIRST_OF_EVENING: u8 = 6;

/// The name that the table has for a number from 1 on.
fn named(names: &[&'static str], number: u8) -> Option<&'static str> {
    names.get(usize::from(number).checked_sub(1)?).copied()
}

/// "premier", "deux": only the first day of a month is an ordinal.
fn day(day: u8) -> String {
    if day == 1 { number::ordinal(1, false, false) } else { number::cardinal(u128::from(day), Agreement::Masculine) }
}

/// "lundi trois mars deux-mille-vingt-cinq".
pub(super) fn date(date: &Date) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(date.weekday.and_then(|weekday| named(&WEEKDAYS, weekday)).map(str::to_owned));
    parts.extend(date.day.map(|first| match date.last_day {
        Some(last) => format!("{} à {}", day(first), day(last)),
        None => day(first),
    }));
    parts.extend(date.month.and_then(|month| named(&MONTHS, month)).map(str::to_owned));
    parts.extend(date.year.as_ref().map(year));
    parts.join(" ")
}

/// "mille-neuf-cent", "cinquante-deux avant Jésus-Christ".
pub(super) fn year(year: &Year) -> String {
    let words = if year.short {
        number::group(&format!("{:02}", year.number))
    } else {
        number::cardinal(u128::from(year.number), Agreement::Rank)
    };
    year.era.map_or_else(|| words.clone(), |of| format!("{words} {}", era(of)))
}

/// What is said behind a year of an era.
pub(super) const fn era(era: Era) -> &'static str {
    match era {
        Era::BeforeChrist => "avant Jésus-Christ",
        Era::BeforeCommon => "avant notre ère",
        Era::AfterChrist => "après Jésus-Christ",
        Era::Common => "de notre ère",
        Era::Hijri => "de l'hégire",
        Era::BeforePresent => "avant le présent",
    }
}

/// "années mille-neuf-cent-quatre-vingt-dix"; the noun goes without saying where the text has it.
pub(super) fn decade(decade: &Decade, scene: &Scene<'_>) -> String {
    let words = number::cardinal(u128::from(decade.number), Agreement::Rank);
    let named = scene.previous_word().is_some_and(|word| scene.grammar.context("numbered", &word.to_lowercase()));
    if named { words } else { format!("années {words}") }
}

/// "dix-neuvième", and what its era adds.
pub(super) fn century(number: u32, of: Option<Era>) -> String {
    let words = number::ordinal(u128::from(number), false, false);
    of.map_or_else(|| words.clone(), |of| format!("{words} {}", era(of)))
}

fn noun(unit: TimeUnit) -> Noun {
    Noun::read(match unit {
        TimeUnit::Day => "jour | jours",
        TimeUnit::Hour => "heure | heures | f",
        TimeUnit::Minute => "minute | minutes | f",
        TimeUnit::Second => "seconde | secondes | f",
    })
}

fn of_unit(value: u8, unit: TimeUnit) -> String {
    counted(&Number::of(u128::from(value)), &noun(unit))
}

/// "quatorze heures trente", "dix heures quinze minutes trente secondes".
pub(super) fn time(time: &Time) -> String {
    let mut parts = vec![of_unit(time.hour, TimeUnit::Hour)];
    match (time.minute, time.second) {
        (Some(minute), Some(second)) => {
            parts.push(of_unit(minute, TimeUnit::Minute));
            let second = Number { fraction: time.fraction.clone(), ..Number::of(u128::from(second)) };
            parts.push(counted(&second, &noun(TimeUnit::Second)));
        }
        (Some(minute), None) if minute > 0 => {
            parts.push(number::cardinal(u128::from(minute), Agreement::Feminine));
        }
        (Some(_), None) | (None, _) => {}
    }
    parts.extend(time.meridiem.map(|half| match half {
        Meridiem::Before => "du matin".to_owned(),
        Meridiem::After if time.hour < FIRST_OF_EVENING || time.hour == 12 => "de l'après-midi".to_owned(),
        Meridiem::After => "du soir".to_owned(),
    }));
    parts.extend(time.zone.as_ref().map(zone));
    parts.join(" ")
}

/// Letters of a zone one by one, or the hours that it is before or behind Greenwich.
fn zone(zone: &Zone) -> String {
    match zone {
        Zone::Named(letters) => French.spell(letters),
        Zone::Offset(minutes) => {
            let sign = if *minutes < 0 { "moins" } else { "plus" };
            let minutes = minutes.unsigned_abs();
            let hours = counted(&Number::of(u128::from(minutes / 60)), &noun(TimeUnit::Hour));
            match minutes % 60 {
                0 => format!("{sign} {hours}"),
                rest => format!("{sign} {hours} {}", number::cardinal(u128::from(rest), Agreement::Feminine)),
            }
        }
    }
}

/// "deux heures cinq minutes".
pub(super) fn duration(duration: &Duration) -> String {
    let parts = duration.parts.iter().map(|(value, unit)| counted(value, &noun(*unit)));
    parts.collect::<Vec<_>>().join(" ")
}
