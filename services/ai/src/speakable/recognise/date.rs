//! Dates, years, decades and centuries.

mod digits;
mod spelled;
mod year;

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Date, DateForm, Value, Year};
use crate::speakable::text::TokenKind;
pub(super) use spelled::month;

/// Years that dates are of.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=2999;

/// A date of nothing yet.
const fn empty(form: DateForm) -> Date {
    Date { weekday: None, day: None, last_day: None, month: None, year: None, form }
}

/// What of a calendar begins at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    let kind = cx.token().kind;
    let date = match kind {
        TokenKind::Word => spelled::month_first(cx),
        TokenKind::Digits => digits::date(cx).or_else(|| spelled::day_first(cx)),
        TokenKind::Space | TokenKind::Symbol => None,
    };
    if let Some((date, end)) = date {
        out.propose(end, Value::Date(Box::new(date)), Cost::SURE);
    }
    year::propose(cx, out);
}

/// The year in four digits at `at`, which nothing follows that makes it another number.
pub(super) fn year(cx: &Cx<'_>, at: usize) -> Option<(Year, usize)> {
    four_digits(cx, at).map(|(year, end)| (Year::of(year), end))
}

/// The year in four digits at `at`.
fn four_digits(cx: &Cx<'_>, at: usize) -> Option<(u32, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() == 4)?;
    let decimals = matches!(cx.char(end), Some(',' | '.')) && cx.digit(end + 1);
    let free = !decimals && !cx.glued_at(end);
    digits.parse::<u32>().ok().filter(|year| free && YEARS.contains(year)).map(|year| (year, end))
}
