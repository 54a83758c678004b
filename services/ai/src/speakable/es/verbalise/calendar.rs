//! Dates and times in Spanish (Ortografía de la lengua española, 2010, VIII § 5): years are
//! cardinals, hours are feminine and have their article.

use super::numbers::join;
use crate::speakable::es::Spanish;
use crate::speakable::es::number::{self, OrdinalForm, Standing};
use crate::speakable::span::{Date, Decade, Era, Meridiem, Time, Year, Zone};
use crate::speakable::verbalise::{Scene, Verbaliser};

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const WEEKDAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];

/// Numbers up to this are ordinals behind a ruler or a century: "siglo quinto", "siglo once".
const LAST_ORDINAL_OF_A_ROW: u32 = 10;

/// Words behind which an hour has no article of its own.
const BEFORE_HOURS: [&str; 4] = ["la", "las", "de", "a"];

fn alone(n: u32) -> String {
    number::cardinal(u128::from(n), Standing::Alone)
}

fn named(names: &[&'static str], number: u8) -> &'static str {
    usize::from(number).checked_sub(1).and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// "lunes, tres de marzo de dos mil veinticuatro".
pub(super) fn date(date: &Date, scene: &Scene<'_>) -> String {
    let written = scene.written();
    let weekday = date.weekday.map_or("", |weekday| named(&WEEKDAYS, weekday));
    let comma = if weekday.is_empty() || !written.contains(',') { "" } else { "," };
    let first = match date.day {
        Some(1) if written.contains('º') => number::ordinal(1, OrdinalForm::Masculine),
        Some(day) => alone(u32::from(day)),
        None => String::new(),
    };
    let days = match date.last_day {
        Some(last) => format!("{first} a {}", alone(u32::from(last))),
        None => first,
    };
    let month = date.month.map_or("", |month| named(&MONTHS, month));
    let year = date.year.map_or_else(String::new, |number| year(&number));
    let parts: Vec<&str> = [days.as_str(), month, year.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    join(&[format!("{weekday}{comma}"), parts.join(" de ")])
}

/// "mil novecientos noventa y nueve", "cuarenta y cuatro antes de Cristo".
pub(super) fn year(year: &Year) -> String {
    let zero = if year.short && year.number < 10 { "cero " } else { "" };
    let number = format!("{zero}{}", alone(year.number));
    year.era.map_or_else(|| number.clone(), |era| format!("{number} {}", era_words(era)))
}

const fn era_words(era: Era) -> &'static str {
    match era {
        Era::BeforeChrist => "antes de Cristo",
        Era::BeforeCommon => "antes de la era común",
        Era::AfterChrist => "después de Cristo",
        Era::Common => "de la era común",
        Era::Hijri => "de la hégira",
        Era::BeforePresent => "antes del presente",
    }
}

/// "noventa".
pub(super) fn decade(decade: &Decade) -> String {
    alone(decade.number)
}

/// The number of a century, or of a ruler in a row: ordinals up to ten, cardinals from there on.
pub(super) fn in_row(number: u32, form: OrdinalForm) -> String {
    if (1..=LAST_ORDINAL_OF_A_ROW).contains(&number) {
        number::ordinal(u128::from(number), form)
    } else {
        alone(number)
    }
}

/// "quinto antes de Cristo".
pub(super) fn century(number: u32, era: Option<Era>) -> String {
    join(&[in_row(number, OrdinalForm::Masculine), era.map_or("", era_words).to_owned()])
}

/// "las catorce treinta"; behind "a las" without the article.
pub(super) fn time(time: &Time, scene: &Scene<'_>) -> String {
    let hour_alone = time.minute.is_none() && time.meridiem.is_none();
    let led = scene.previous_word().is_some_and(|word| BEFORE_HOURS.contains(&word.to_lowercase().as_str()));
    let article = match time.hour {
        _ if hour_alone || led => "",
        1 => "la",
        _ => "las",
    };
    join(&[article.to_owned(), without_article(time)])
}

/// "de ocho a veintidós".
pub(super) fn hours(from: &Time, to: &Time, scene: &Scene<'_>) -> String {
    let led = scene.previous_word().is_some_and(|word| BEFORE_HOURS.contains(&word.to_lowercase().as_str()));
    let lead = if led { "" } else { "de" };
    // The word of the clock stands behind the last hour alone.
    let from = Time { clock: from.clock && !to.clock, ..from.clone() };
    join(&[lead.to_owned(), without_article(&from), "a".to_owned(), without_article(to)])
}

/// "catorce treinta", "nueve horas", "diez quince de la noche".
fn without_article(time: &Time) -> String {
    let minute = time.minute.filter(|minute| *minute > 0);
    let hour = number::cardinal(u128::from(time.hour), Standing::Feminine);
    let minutes = match minute {
        None => String::new(),
        Some(minute @ 1..=9) => format!("cero {}", alone(u32::from(minute))),
        Some(minute) => alone(u32::from(minute)),
    };
    let midnight = time.hour == 0 && minute.is_none();
    let hours = match (time.clock || midnight, time.hour, minute) {
        (false, _, _) => "",
        (true, 1, None) => "hora",
        (true, _, _) => "horas",
    };
    let half = time.meridiem.map_or("", |meridiem| part_of_day(meridiem, time.hour, minute.is_some()));
    join(&[hour, minutes, hours.to_owned(), seconds(time), half.to_owned(), zone(time.zone.as_ref())])
}

/// "y treinta segundos".
fn seconds(time: &Time) -> String {
    let Some(second) = time.second.filter(|second| *second > 0 || time.fraction.is_some()) else {
        return String::new();
    };
    match &time.fraction {
        Some(fraction) => format!("y {} coma {} segundos", alone(u32::from(second)), number::digits(fraction)),
        None => {
            let count = number::cardinal(u128::from(second), Standing::Masculine);
            format!("y {count} {}", if second == 1 { "segundo" } else { "segundos" })
        }
    }
}

/// Which part of the day an hour of twelve is in (Ortografía básica, § 7.3.5.1).
const fn part_of_day(meridiem: Meridiem, hour: u8, minutes: bool) -> &'static str {
    match (meridiem, hour) {
        (Meridiem::Before, 1..=5) => "de la madrugada",
        (Meridiem::Before, 6..=11) => "de la mañana",
        (Meridiem::Before, _) => "de la noche",
        (Meridiem::After, 12) if !minutes => "del mediodía",
        (Meridiem::After, 1..=7 | 12..=19) => "de la tarde",
        (Meridiem::After, _) => "de la noche",
    }
}

/// "U T C más dos".
fn zone(zone: Option<&Zone>) -> String {
    match zone {
        None => String::new(),
        Some(Zone::Named(name)) if name == "Z" => Spanish.spell("UTC"),
        Some(Zone::Named(name)) => Spanish.spell(name),
        Some(Zone::Offset(minutes)) => {
            let sign = if *minutes < 0 { "menos" } else { "más" };
            let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
            let rest = if rest == 0 { String::new() } else { alone(u32::from(rest)) };
            join(&[Spanish.spell("UTC"), sign.to_owned(), alone(u32::from(hours)), rest])
        }
    }
}
