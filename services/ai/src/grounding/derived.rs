//! What follows from the sources by counting, though they do not say it: spans between their dates,
//! the sum of what they enumerate, the difference of two of their values, a share that is said as
//! "one in five".
//!
//! It is asked only of values that the sources do not say, so that it may let a claim pass and
//! never refuses one. What is counted must be what the claim speaks of: a result by chance is none.

use std::collections::HashSet;

use super::check::{Facts, whole_year};
use super::items::{self, Class, Item};
use super::number::{Form, Hedge, Match, Quantity, Unit, compare};
use super::rules::Rules;

/// The measures of spans of time: of those that have always the same length, and of the others.
const TIME: &str = "time";
const MONTHS: &str = "months";
/// The measure of shares.
const SHARE: &str = "share";
/// A day, in seconds: what is shorter is no span between dates.
const DAY: f64 = 86_400.0;
/// The months of a year.
const YEAR: f64 = 12.0;
/// The most words that say little of a date: "it was founded in 1794".
const LITTLE: usize = 2;
/// The least members of an enumeration.
const FEWEST: usize = 2;

/// A date of the sources.
struct Moment {
    year: i32,
    month: Option<u8>,
    day: Option<u8>,
    /// Whether the claim speaks of what the sources say of it.
    known: bool,
    /// Where the sentence of the span names it.
    named: Vec<usize>,
    /// Its place among the numbers and dates of the sources.
    item: usize,
}

/// Which end of a span a year is that stands beside it: what "after", "later" and their like say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// Whether what stands before the span is the later end.
    pub late: bool,
    /// Whether what counts from it follows at once: "three years after 1965".
    pub from: bool,
}

impl Side {
    /// Whether the year at this place must be the later end of the span; none where it may be
    /// either: "three years after independence, in 1968".
    fn of(self, at: usize, span: &Quantity) -> Option<bool> {
        if at < span.first {
            return Some(self.late);
        }
        (!self.from || at == span.last + 1).then_some(!self.late)
    }
}

/// How long it is from one moment to another, in one measure.
type Length = (f64, &'static str);

impl Moment {
    /// Whether the claim names it or speaks of it.
    fn is_said(&self) -> bool {
        self.known || !self.named.is_empty()
    }

    /// The lengths that may be said of the time between the two: years of the calendar and whole
    /// ones, and what their days make where both have one.
    fn lengths(&self, other: &Self) -> Vec<Length> {
        let (first, last) = if self.place() <= other.place() { (self, other) } else { (other, self) };
        let years = f64::from(last.year - first.year) * YEAR;
        let mut lengths = vec![(years, MONTHS)];
        if let (Some(from), Some(to)) = (first.month, last.month) {
            let months = years + f64::from(to) - f64::from(from);
            let short = matches!((first.day, last.day), (Some(from), Some(to)) if to < from);
            let whole = months - f64::from(u8::from(short));
            lengths.extend([(months, MONTHS), (whole, MONTHS), ((whole / YEAR).floor() * YEAR, MONTHS)]);
        }
        if let (Some(from), Some(to)) = (first.days(), last.days()) {
            lengths.push((f64::from(to - from) * DAY, TIME));
        }
        lengths
    }

    fn place(&self) -> (i32, u8, u8) {
        (self.year, self.month.unwrap_or_default(), self.day.unwrap_or_default())
    }

    /// The days from the first of March of the year 0, in the Gregorian calendar, after Howard
    /// Hinnant's `days_from_civil`.
    fn days(&self) -> Option<i32> {
        let (month, day) = (i32::from(self.month?), i32::from(self.day?));
        let year = if month <= 2 { self.year - 1 } else { self.year };
        let month = (month + 9) % 12;
        let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        Some(year * 365 + leaps + (month * 153 + 2) / 5 + day - 1)
    }
}

/// What a claim may count in its sources.
pub(super) struct Derived<'a> {
    /// What the claim says.
    pub claim: &'a Facts,
    /// What the sources say.
    pub source: &'a Facts,
    /// The rules of their language.
    pub rules: &'a Rules,
}

impl Derived<'_> {
    /// Whether a value that the sources do not say follows from what they do.
    pub fn follows(&self, quantity: &Quantity) -> bool {
        let counted = matches!(quantity.form, Form::Cardinal | Form::Part) && !quantity.year;
        counted
            && (self.is_ratio(quantity)
                || !self.ends(quantity).is_empty()
                || self.is_sum(quantity)
                || self.is_difference(quantity))
    }

    fn same(&self, claimed: &Quantity, source: &Quantity) -> bool {
        compare(claimed, source, |_| true, self.rules.alike) == Match::Same
    }

    /// The stems of what the claim says beside its numbers.
    fn said(&self) -> HashSet<&str> {
        let numbers: HashSet<usize> = self.claim.quantities.iter().flat_map(|one| one.first..one.last).collect();
        let tokens = self.claim.text.tokens.iter().enumerate();
        let telling = tokens.filter(|(at, token)| !token.stem.is_empty() && !numbers.contains(at));
        telling.map(|(_, token)| token.stem.as_str()).collect()
    }

    fn items(&self) -> Vec<Item<'_>> {
        items::numbers(&self.source.text, &self.source.quantities, &self.source.dates, self.rules)
    }

    /// "One in five" for 20 %, and the other way round.
    pub fn is_ratio(&self, quantity: &Quantity) -> bool {
        let said = self.said();
        let share = |one: &Quantity| {
            let part = one.form == Form::Part && one.unit.is_none() && self.speaks_of(one, &said);
            part || one.unit.is_some_and(|unit| unit.measure == SHARE)
        };
        let own = ratios(self.claim, self.rules)
            .into_iter()
            .filter(|one| one.first <= quantity.first && quantity.last <= one.last);
        let there = ratios(self.source, self.rules);
        let has = |own: &Quantity| {
            let all = self.source.quantities.iter().filter(|one| share(one)).chain(&there);
            all.into_iter().any(|source| self.same(own, source))
        };
        let fraction = quantity.form == Form::Part || quantity.unit.is_some_and(|unit| unit.measure == SHARE);
        own.into_iter().any(|own| has(&own)) || fraction && there.iter().any(|one| self.same(quantity, one))
    }

    /// The dates of the sources between which the time is so long, as places among the numbers and
    /// dates of their text.
    pub fn ends(&self, quantity: &Quantity) -> Vec<usize> {
        let span = quantity.unit.filter(|unit| unit.power == 1 && unit.per.is_none());
        let long = span.is_some_and(|unit| unit.measure == MONTHS || unit.measure == TIME && unit.factor >= DAY);
        let (items, said) = (self.items(), self.said());
        if !long || items.iter().any(|item| self.is_stated(item, &said)) {
            return Vec::new();
        }
        let moments = self.moments(&items, &said, quantity);
        let follows = (self.rules.follows)(&self.claim.text, quantity);
        let known = moments.iter().filter(|moment| moment.is_said()).count();
        // The span of a sentence that names one of its ends, or both, is between these.
        let named: HashSet<i32> = moments.iter().filter(|one| !one.named.is_empty()).map(|one| one.year).collect();
        let mut ends = Vec::new();
        for (at, one) in moments.iter().enumerate() {
            for (there, other) in moments.iter().enumerate().skip(at + 1) {
                let (first, last) = (items.get(one.item), items.get(other.item));
                let sentence = first.zip(last).is_some_and(|(first, last)| first.sentence == last.sentence);
                // Of "a year later" the claim may speak of one date alone: the other one is beside
                // it, or in its sentence if the claim names the year.
                let alone = known == 1 && self.is_beside(&items, &moments, at, there);
                let of_one = named.len() == 1 && sentence;
                let follows = follows && (one.is_said() || other.is_said()) && (alone || of_one);
                let tied = one.is_said() && other.is_said() || follows;
                let own = [one, other].into_iter().filter(|end| !end.named.is_empty()).count();
                if tied
                    && own >= named.len().min(2)
                    && self.is_in_order(quantity, one, other)
                    && one.lengths(other).into_iter().any(|length| self.fits(quantity, length))
                {
                    ends.extend([one.item, other.item]);
                }
            }
        }
        ends
    }

    /// Whether nothing is between two dates of the sources but the other end of what the one is an
    /// end of: 1948 and 1944 of "1948, in the winter of 1943-44".
    fn is_beside(&self, items: &[Item<'_>], moments: &[Moment], at: usize, there: usize) -> bool {
        let coupled = |at: usize| {
            let item = |at: usize| items.get(moments.get(at)?.item);
            let (one, other) = (item(at), item(at + 1));
            let couple = |(one, other): (&Item<'_>, &Item<'_>)| {
                (self.rules.couples)(&self.source.text, one.first, one.last, other.first)
            };
            one.zip(other).is_some_and(couple)
        };
        there == at + 1 || there == at + 2 && (coupled(at) || coupled(at + 1))
    }

    /// Whether the ends that the claim names stand on the side of the span on which they must: "in
    /// 1968, three years after" ends in 1968.
    fn is_in_order(&self, quantity: &Quantity, one: &Moment, other: &Moment) -> bool {
        let Some(late) = (self.rules.late_before)(&self.claim.text, quantity) else { return true };
        let (first, last) = if one.place() <= other.place() { (one, other) } else { (other, one) };
        let right = |end: &Moment, is_last: bool| {
            end.named.iter().all(|at| match late.of(*at, quantity) {
                Some(must) => must == is_last,
                None => true,
            })
        };
        right(first, false) && right(last, true)
    }

    /// Whether the sources themselves say how long it was of which the claim speaks, and the claim
    /// does not say that: then nothing is left to be counted. The claim speaks of it if it has at
    /// least half of the words that they say of it.
    fn is_stated(&self, item: &Item<'_>, said: &HashSet<&str>) -> bool {
        let long = matches!(item.class, Class::Measure(MONTHS | TIME));
        let shared = item.local.intersection(said).count();
        let tied = long && shared > 0 && shared * 2 >= item.local.len();
        let there = self.source.quantities.get(item.place).filter(|_| tied);
        there.is_some_and(|there| !self.claim.quantities.iter().any(|own| self.same(own, there)))
    }

    fn moments(&self, items: &[Item<'_>], said: &HashSet<&str>, span: &Quantity) -> Vec<Moment> {
        let dated = |item: &Item<'_>| match item.class {
            Class::Year => Some((whole_year(self.source.quantities.get(item.place)?.value)?, None, None)),
            Class::Date => {
                let date = self.source.dates.get(item.place)?;
                let (year, _) = date.years.filter(|(from, to)| from == to && !date.loose)?;
                Some((year, date.month, date.day))
            }
            Class::Count | Class::Ordinal | Class::Measure(_) | Class::Code | Class::Name => None,
        };
        let moments = items.iter().enumerate().filter_map(|(place, item)| {
            let (year, month, day) = dated(item)?;
            // A sentence that says little by itself is of what the one before it is of.
            let little = item.around.len() <= LITTLE;
            let around = item.around.iter().chain(item.earlier.iter().filter(|_| little));
            let known = around.into_iter().any(|stem| said.contains(stem));
            Some(Moment { year, month, day, known, named: self.named(year, span), item: place })
        });
        moments.collect()
    }

    /// Where the sentence of the span names the year.
    fn named(&self, year: i32, span: &Quantity) -> Vec<usize> {
        let sentence = |at: usize| self.claim.text.token(at).map(|token| token.sentence);
        let plain = self.claim.quantities.iter().filter(|one| one.year && whole_year(one.value) == Some(year));
        let dated = self.claim.dates.iter().filter(|date| date.years == Some((year, year)));
        let places = plain.map(|one| one.first).chain(dated.map(|date| date.first));
        places.filter(|at| sentence(*at) == sentence(span.at)).collect()
    }

    fn fits(&self, quantity: &Quantity, (value, measure): Length) -> bool {
        let unit = Unit { measure, factor: 1.0, power: 1, per: None };
        value > 0.0 && self.same(quantity, &made(value, Some(unit)))
    }

    /// The sum of what the sources enumerate.
    fn is_sum(&self, quantity: &Quantity) -> bool {
        // A member of an enumeration is no sum of one.
        let member = self.claim.quantities.windows(2).any(|pair| {
            let [one, other] = pair else { return false };
            let own = one.at == quantity.at || other.at == quantity.at;
            own && (self.rules.enumerates)(&self.claim.text, one, other)
        });
        if member {
            return false;
        }
        let said = self.said();
        let runs = self.runs();
        runs.iter().any(|run| {
            let tied = run.first().is_some_and(|first| self.speaks_of(first, &said));
            let scale = |one: &Quantity| one.unit.map_or(1.0, |unit| unit.factor);
            let unit = run.first().and_then(|first| first.unit);
            let total: f64 = run.iter().map(|one| one.value * scale(one)).sum();
            tied && self.same(quantity, &made(total / unit.map_or(1.0, |unit| unit.factor), unit))
        })
    }

    /// The enumerations of numbers in the sources, each as long as it is.
    fn runs(&self) -> Vec<Vec<&Quantity>> {
        let mut runs: Vec<Vec<&Quantity>> = Vec::new();
        for one in self.source.quantities.iter().filter(|one| is_counted(one)) {
            let last = runs.last_mut().filter(|run| {
                let before = run.last();
                before.is_some_and(|before| {
                    same_unit(before, one) && (self.rules.enumerates)(&self.source.text, before, one)
                })
            });
            match last {
                Some(run) => run.push(one),
                None => runs.push(vec![one]),
            }
        }
        runs.retain(|run| run.len() >= FEWEST);
        runs
    }

    /// Whether the claim has a word of the sentence of this number.
    fn speaks_of(&self, one: &Quantity, said: &HashSet<&str>) -> bool {
        let Some(own) = self.source.text.token(one.at) else { return false };
        let mut sentence = self.source.text.tokens.iter().filter(|token| token.sentence == own.sentence);
        sentence.any(|token| said.contains(token.stem.as_str()))
    }

    /// By how much two values of the sources differ.
    fn is_difference(&self, quantity: &Quantity) -> bool {
        if !(self.rules.differs)(&self.claim.text, quantity) {
            return false;
        }
        let (items, said) = (self.items(), self.said());
        let tied = items.iter().filter_map(|item| {
            let counts = matches!(item.class, Class::Count | Class::Measure(_));
            let value = self.source.quantities.get(item.place).filter(|one| counts && is_counted(one))?;
            let named = self.claim.quantities.iter().any(|own| self.same(own, value));
            (named || item.local.iter().any(|stem| said.contains(stem))).then_some(value)
        });
        let tied: Vec<&Quantity> = tied.collect();
        tied.iter().enumerate().any(|(at, one)| {
            tied.iter().skip(at + 1).any(|other| {
                let scale = other.unit.zip(one.unit).map_or(1.0, |(other, one)| other.factor / one.factor);
                let apart = (one.value - other.value * scale).abs();
                same_unit(one, other) && apart > 0.0 && self.same(quantity, &made(apart, one.unit))
            })
        })
    }
}

/// A value that was counted.
fn made(value: f64, unit: Option<Unit>) -> Quantity {
    Quantity {
        first: 0,
        last: 0,
        at: 0,
        value,
        step: 1.0,
        form: Form::Cardinal,
        unit,
        hedge: Hedge::None,
        year: false,
        weak: false,
        words: false,
    }
}

/// Whether a number says how many, so that it may be added to another one. "A metre" does not.
fn is_counted(one: &Quantity) -> bool {
    let article = one.weak && one.unit.is_some();
    one.form == Form::Cardinal && !one.year && !article && one.value > 0.0 && one.hedge == Hedge::None
}

fn same_unit(one: &Quantity, other: &Quantity) -> bool {
    let kind = |one: &Quantity| one.unit.map(|unit| (unit.measure, unit.power, unit.per.map(|per| per.0)));
    kind(one) == kind(other)
}

/// The shares that a text says with two numbers: "one in five".
fn ratios(facts: &Facts, rules: &Rules) -> Vec<Quantity> {
    let whole = |one: &Quantity| is_counted(one) && one.unit.is_none() && one.value.fract() == 0.0;
    let pairs = facts.quantities.windows(2).filter_map(|pair| {
        let [one, of] = pair else { return None };
        let above = one.form == Form::Cardinal && one.unit.is_none() && !one.year && one.value > 0.0;
        let share = above && whole(of) && of.value > one.value;
        let ratio = Quantity {
            last: of.last,
            value: one.value / of.value,
            step: 1.0 / of.value,
            form: Form::Part,
            weak: false,
            ..one.clone()
        };
        (share && (rules.one_in)(&facts.text, one, of)).then_some(ratio)
    });
    pairs.collect()
}
