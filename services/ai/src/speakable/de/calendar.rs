//! Dates, years and times.

use super::count::{counted, joined};
use super::inflection::{case_of, ordinal_ending_of};
use super::number;
use crate::speakable::span::{Date, Decade, Duration, Era, Meridiem, Number, Time, TimeUnit, Year, Zone};
use crate::speakable::verbalise::{Case, Gender, Scene, Verbaliser};

/// The months by their names.
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// The weekdays by their names, Monday first.
const WEEKDAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];

/// Minutes of an hour.
const HOUR: i16 = 60;

/// The name with a number, from one.
fn nth<'a>(names: &[&'a str], number: u8) -> &'a str {
    usize::from(number).checked_sub(1).and_then(|at| names.get(at)).copied().unwrap_or_default()
}

const fn era(era: Era) -> &'static str {
    match era {
        Era::BeforeChrist => "vor Christus",
        Era::BeforeCommon => "vor unserer Zeitrechnung",
        Era::AfterChrist => "nach Christus",
        Era::Common => "unserer Zeitrechnung",
        Era::Hijri => "nach der Hidschra",
        Era::BeforePresent => "vor heute",
    }
}

fn with_era(words: String, of: Option<Era>) -> String {
    match of {
        Some(of) => format!("{words} {}", era(of)),
        None => words,
    }
}

/// "dritter Oktober neunzehnhundertneunzig", with the ending that the words before it ask for.
pub(super) fn date(date: &Date, scene: &Scene<'_>) -> String {
    let day = |day: u8| {
        let ending = ordinal_ending_of(Some(Gender::Masculine), scene);
        format!("{}{ending}", number::ordinal_stem(u128::from(day)))
    };
    let mut words: Vec<String> = Vec::new();
    if let Some(weekday) = date.weekday {
        let pause = if date.day.is_some() { "," } else { "" };
        words.push(format!("{}{pause}", nth(&WEEKDAYS, weekday)));
    }
    if let Some(first) = date.day {
        words.push(day(first));
    }
    if let Some(last) = date.last_day {
        words.push(format!("bis {}", day(last)));
    }
    if let Some(month) = date.month {
        words.push(nth(&MONTHS, month).to_owned());
    }
    if let Some(of) = &date.year {
        words.push(year(of));
    }
    words.join(" ")
}

/// "neunzehnhundertfünf", "vierundvierzig vor Christus".
pub(super) fn year(year: &Year) -> String {
    let words = if year.short {
        let zero = if year.number < 10 { "null " } else { "" };
        format!("{zero}{}", number::cardinal(u128::from(year.number)))
    } else {
        number::year(u128::from(year.number))
    };
    with_era(words, year.era)
}

/// "neunzehnhundertneunziger", "achtziger", with the ending that is written behind the digits.
pub(super) fn decade(decade: &Decade, scene: &Scene<'_>) -> String {
    let letters: String =
        scene.written().chars().skip_while(|c| !c.is_ascii_digit()).filter(char::is_ascii_lowercase).collect();
    let ending = if letters.starts_with("er") { letters.as_str() } else { "er" };
    format!("{}{ending}", number::year(u128::from(decade.number)))
}

/// "neunzehnten", before its noun.
pub(super) fn century(of: u32, era: Option<Era>, scene: &Scene<'_>) -> String {
    let ending = ordinal_ending_of(Some(Gender::Neuter), scene);
    with_era(format!("{}{ending}", number::ordinal_stem(u128::from(of))), era)
}

/// "vierzehn Uhr dreißig", "neun Uhr", "ein Uhr".
pub(super) fn time(time: &Time, verbaliser: &dyn Verbaliser) -> String {
    let hour = if time.hour == 1 { "ein".to_owned() } else { number::cardinal(u128::from(time.hour)) };
    let mut words = format!("{hour} Uhr");
    if let Some(minute) = time.minute.filter(|minute| *minute > 0) {
        words = format!("{words} {}", number::cardinal(u128::from(minute)));
    }
    let second = time.second.unwrap_or_default();
    if second > 0 || time.fraction.is_some() {
        let seconds = Number { fraction: time.fraction.clone(), ..Number::of(u128::from(second)) };
        let unit = if seconds.is_one() { "Sekunde" } else { "Sekunden" };
        words = format!("{words} und {} {unit}", counted(&seconds, Gender::Feminine, Case::Nominative));
    }
    match time.meridiem {
        Some(Meridiem::Before) => words.push_str(" vormittags"),
        Some(Meridiem::After) => words.push_str(" nachmittags"),
        None => {}
    }
    match &time.zone {
        Some(Zone::Named(letters)) => format!("{words} {}", verbaliser.spell(letters)),
        Some(Zone::Offset(minutes)) => format!("{words} {} {}", verbaliser.spell("UTC"), offset(*minutes)),
        None => words,
    }
}

/// "plus zwei Stunden", "minus drei Stunden dreißig Minuten".
fn offset(minutes: i16) -> String {
    let sign = if minutes < 0 { "minus" } else { "plus" };
    let (hours, rest) = ((minutes / HOUR).unsigned_abs(), (minutes % HOUR).unsigned_abs());
    let hours =
        if hours == 1 { "eine Stunde".to_owned() } else { format!("{} Stunden", number::cardinal(hours.into())) };
    if rest == 0 {
        format!("{sign} {hours}")
    } else {
        format!("{sign} {hours} {} Minuten", number::cardinal(rest.into()))
    }
}

/// "zwei Stunden dreißig Minuten".
pub(super) fn duration(duration: &Duration, scene: &Scene<'_>) -> String {
    let case = case_of(scene);
    let parts = duration.parts.iter().map(|(n, unit)| {
        let (one, many, gender) = match unit {
            TimeUnit::Day => ("Tag", "Tage", Gender::Masculine),
            TimeUnit::Hour => ("Stunde", "Stunden", Gender::Feminine),
            TimeUnit::Minute => ("Minute", "Minuten", Gender::Feminine),
            TimeUnit::Second => ("Sekunde", "Sekunden", Gender::Feminine),
        };
        format!("{} {}", counted(n, gender, case), if n.is_one() { one } else { many })
    });
    joined(parts, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_have_their_era_behind_them() {
        let of = |number, short, era| Year { number, short, era, era_first: false };
        for (written, said) in [
            (of(1999, false, None), "neunzehnhundertneunundneunzig"),
            (of(44, false, Some(Era::BeforeChrist)), "vierundvierzig vor Christus"),
            (of(5, true, None), "null fünf"),
        ] {
            assert_eq!(year(&written), said);
        }
    }
}
