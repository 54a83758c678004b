//! Ranges whose ends mean nothing by themselves: `2019/20`, `Mon-Fri`, `Jan.–Mar.`, `noon-3pm`. Two
//! values with a dash between them are joined by the pass over neighbours.

use super::{Candidates, Cx, date, time};
use crate::speakable::span::{Cost, Date, DateForm, Range, Symbol, Value, Year};
use crate::speakable::text::TokenKind;

/// Years of which there are ranges with a stroke.
const YEARS: std::ops::RangeInclusive<u32> = 1500..=2099;

/// Ranges that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    match cx.token().kind {
        TokenKind::Digits if !cx.glued_before() => years(cx, out),
        TokenKind::Word if !cx.glued_before() => {
            named(cx, weekday, out);
            named(cx, month, out);
        }
        TokenKind::Symbol => hours(cx, out),
        TokenKind::Digits | TokenKind::Word | TokenKind::Space => {}
    }
}

/// From one value to another.
fn range(from: Value, to: Value) -> Value {
    Value::Range(Box::new(Range { from, to }))
}

/// `2019/20`, `2019/2020`
fn years(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((first, stroke)) = cx.digits_at(cx.at).filter(|(first, _)| first.len() == 4) else { return };
    let Some((last, end)) = cx.digits_at(stroke + 1).filter(|_| cx.char(stroke) == Some('/')) else { return };
    let goes_on = cx.glued_at(end) || (matches!(cx.char(end), Some('/' | '.' | ',' | '-')) && cx.digit(end + 1));
    let (Ok(from), Ok(to)) = (first.parse::<u32>(), last.parse::<u32>()) else { return };
    let short = last.len() == 2 && to == (from + 1) % 100;
    if !goes_on && YEARS.contains(&from) && (short || (last.len() == 4 && to == from + 1)) {
        let to = Year { short, ..Year::of(to) };
        out.propose(end, range(Value::Year(Year::of(from)), Value::Year(to)), Cost::SURE);
    }
}

/// What names a day or a month at a place, as a date of it alone, and where it ends.
type Named = fn(&Cx<'_>, usize) -> Option<(Date, usize)>;

fn weekday(cx: &Cx<'_>, at: usize) -> Option<(Date, usize)> {
    let (word, end) = cx.word_at(at)?;
    let named = cx.grammar.weekday(word)?;
    let stop = named.short && cx.char(end) == Some('.');
    Some((Date { weekday: Some(named.number), ..empty() }, end + usize::from(stop)))
}

fn month(cx: &Cx<'_>, at: usize) -> Option<(Date, usize)> {
    let (month, end) = date::month(cx, at)?;
    Some((Date { month: Some(month), ..empty() }, end))
}

const fn empty() -> Date {
    Date { weekday: None, day: None, last_day: None, month: None, year: None, form: DateForm::MonthFirst }
}

/// `Mon-Fri`, `May – June 2020`
fn named(cx: &Cx<'_>, name: Named, out: &mut Candidates) {
    let Some((from, end)) = name(cx, cx.at) else { return };
    let spaced =
        cx.char(end) == Some(' ') && matches!(cx.char(end + 1), Some('–' | '-')) && cx.char(end + 2) == Some(' ');
    let start = if spaced { end + 3 } else { end + 1 };
    if !spaced && !matches!(cx.char(end), Some('-' | '–' | '/')) {
        return;
    }
    let Some((mut to, mut end)) = name(cx, start).filter(|(_, end)| !cx.glued_at(*end)) else { return };
    if to.month.is_some() {
        // A day or a year behind the second one belongs to it alone, and others read both.
        if let Some((year, after)) = cx.skip_space(end).and_then(|at| date::year(cx, at)) {
            (to.year, end) = (Some(year), after);
        } else if cx.skip_space(end).is_some_and(|at| cx.digit(at)) {
            return;
        }
    }
    out.propose(end, range(Value::Date(Box::new(from)), Value::Date(Box::new(to))), Cost::SURE);
}

/// The dash between a time of day and a word for one: `noon-3pm`, `10am–noon`.
fn hours(cx: &Cx<'_>, out: &mut Candidates) {
    if !matches!(cx.char(cx.at), Some('-' | '–')) {
        return;
    }
    let is_hour = |word: &str| cx.in_context("times_of_day", word);
    let behind = cx.at + 1;
    let from_word = cx.previous_word().is_some_and(is_hour) && time::time(cx, behind).is_some();
    let follows_hour = cx.back().next().is_some_and(|token| {
        let written = cx.slice(token.start, token.end);
        token.kind == TokenKind::Digits || cx.grammar.clock(written).is_some()
    });
    let to_word = follows_hour && cx.word_at(behind).is_some_and(|(word, _)| is_hour(word));
    if from_word || to_word {
        out.propose(behind, Value::Symbol(Symbol::TO), Cost::SURE);
    }
}
