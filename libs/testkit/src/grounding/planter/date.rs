//! Dates: another day, another month, another year, another date of the document.

use std::ops::Range;

use super::draw::Draw;
use super::plant::{Place, Rule};
use super::text::{figures, replaced, words};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "day", apply: day },
    Rule { name: "month", apply: month },
    Rule { name: "year", apply: year },
    Rule { name: "another year of the document", apply: year_of_document },
    Rule { name: "another date of the document", apply: date_of_document },
];

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

/// The parts of the dates of an utterance, each on its own.
#[derive(Default)]
struct Parts {
    days: Vec<Range<usize>>,
    months: Vec<Range<usize>>,
    years: Vec<Range<usize>>,
}

fn parts(text: &str) -> Parts {
    let words = words(text);
    let figures = figures(text);
    let mut parts = Parts::default();
    for (range, word) in &words {
        // "May" begins no sentence of ours as a verb.
        if MONTHS.contains(word) {
            parts.months.push(range.clone());
        }
    }
    for (range, figure) in &figures {
        let whole = !figure.contains([',', '.']);
        let number: u32 = figure.parse().unwrap_or_default();
        let beside = |month: &Range<usize>| range.end + 1 == month.start || month.end + 1 == range.start;
        if whole && figure.len() == 4 && (1500..2100).contains(&number) {
            parts.years.push(range.clone());
        } else if whole && (1..=31).contains(&number) && parts.months.iter().any(beside) {
            parts.days.push(range.clone());
        }
    }
    parts
}

/// Where days and years stand in an utterance.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    let parts = parts(text);
    [parts.days, parts.years].concat()
}

/// Years and days of a passage, which may be written as `1847-09-22`.
fn written(passage: &str) -> Vec<(u32, u32, u32)> {
    let mut dates = Vec::new();
    for (_, word) in words(passage) {
        let mut fields = word.split('-').map(str::parse::<u32>);
        if let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
        {
            dates.push((year, month, day));
        }
    }
    dates
}

/// The years that a passage names, in whatever form.
fn years_of(passage: &str) -> Vec<u32> {
    let mut years: Vec<u32> =
        parts(passage).years.iter().filter_map(|range| passage.get(range.clone())?.parse().ok()).collect();
    years.extend(written(passage).iter().map(|(year, _, _)| *year));
    years.sort_unstable();
    years.dedup();
    years
}

fn day(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let days = parts(place.truth).days;
    let range = draw.pick(&days)?;
    let old: usize = place.truth.get(range.clone())?.parse().ok()?;
    let other = 1 + (old + draw.below(26)) % 28;
    let other = if other == old { 1 + other % 28 } else { other };
    replaced(place.truth, range, &other.to_string())
}

fn month(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let months = parts(place.truth).months;
    let range = draw.pick(&months)?;
    let old = MONTHS.iter().position(|month| place.truth.get(range.clone()) == Some(*month))?;
    replaced(place.truth, range, MONTHS.get((old + 1 + draw.below(11)) % 12)?)
}

fn year(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let years = parts(place.truth).years;
    let range = draw.pick(&years)?;
    let old: u32 = place.truth.get(range.clone())?.parse().ok()?;
    let step = 1 + u32::try_from(draw.below(9)).ok()?;
    let other = if draw.below(2) == 0 { old + step } else { old - step };
    (!years_of(&place.fact.passage).contains(&other))
        .then(|| replaced(place.truth, range, &other.to_string()))
        .flatten()
}

fn year_of_document(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let years = parts(place.truth).years;
    let range = draw.pick(&years)?;
    let said = years_of(place.truth);
    let others =
        |passage: &str| -> Vec<u32> { years_of(passage).into_iter().filter(|year| !said.contains(year)).collect() };
    // One of the passage itself is the harder one to find.
    let mut choice = others(&place.fact.passage);
    if choice.is_empty() {
        choice = place.others().iter().flat_map(|fact| others(&fact.passage)).collect();
    }
    replaced(place.truth, range, &draw.pick(&choice)?.to_string())
}

fn date_of_document(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let parts = parts(place.truth);
    // One date alone, so that its parts belong together.
    let ([day], [month], [year]) = (parts.days.as_slice(), parts.months.as_slice(), parts.years.as_slice()) else {
        return None;
    };
    let here = written(&place.fact.passage);
    let others = place.others();
    let choice: Vec<(u32, u32, u32)> =
        others.iter().flat_map(|fact| written(&fact.passage)).filter(|date| !here.contains(date)).collect();
    let (to_year, to_month, to_day) = draw.pick(&choice)?;
    let to_month = MONTHS.get(usize::try_from(*to_month).ok()?.checked_sub(1)?)?;
    let mut changes = [(day, to_day.to_string()), (month, (*to_month).to_owned()), (year, to_year.to_string())];
    // From the end, so that the places before stay right.
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    changes.iter().try_fold(place.truth.to_owned(), |text, (range, by)| replaced(&text, range, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_dates_are_found_in_both_orders() {
        let text = "On 22 September 1847, and on August 2, 1880, 45 acres; in 1909.";
        let parts = parts(text);
        let texts =
            |ranges: &[Range<usize>]| ranges.iter().map(|range| text[range.clone()].to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&parts.days), ["22", "2"]);
        assert_eq!(texts(&parts.months), ["September", "August"]);
        assert_eq!(texts(&parts.years), ["1847", "1880", "1909"]);
        assert_eq!(years_of("on 1847-09-22 (1828), 2018a"), [1828, 1847]);
    }
}
