//! The check itself: both texts are read, then each fact of the claim is looked for.

use std::collections::HashMap;

use lectern_core::content::Range;

use super::binding::{Exchange, Ties};
use super::context::Context;
use super::couples;
use super::date::Date;
use super::derived::Derived;
use super::items::{self, Class, Item};
use super::names::{self, Known, Name};
use super::number::{Form, Match, Quantity, Unit, compare};
use super::quotation::{self, Quotable};
use super::renamed;
use super::rules::Rules;
use super::text::{Text, joined};
use super::verdict::{Fault, FaultKind, Verdict};

/// What a text says that can be looked up.
pub(super) struct Facts {
    /// The text.
    pub text: Text,
    /// Its dates and times.
    pub dates: Vec<Date>,
    /// Its quantities.
    pub quantities: Vec<Quantity>,
}

impl Facts {
    fn new(text: &str, rules: &Rules) -> Self {
        let text = Text::new(text, rules);
        let dates = (rules.dates)(&text);
        let quantities = (rules.quantities)(&text, &dates);
        Self { text, dates, quantities }
    }

    fn said(&self, first: usize, last: usize) -> String {
        self.text.between(first, last)
    }
}

/// Checks that `claim` says nothing that is not in `sources`: no other numbers, dates, names or
/// quotations, none of them of something else, and not the opposite.
///
/// The same arguments give the same verdict. Titles and names of `context` may be said of any
/// source. A claim without sources is faulted for every fact that it has.
#[must_use]
pub fn check(claim: &str, sources: &[&str], context: &Context<'_>) -> Verdict {
    let rules = context.language.rules();
    let sources_text = joined(sources.iter().copied());
    let context_text = context.text();
    let claimed = Facts::new(claim, rules);
    let source = Facts::new(&sources_text, rules);
    let around = Facts::new(&context_text, rules);
    let known = Known::new([&source.text, &around.text], &source.quantities, &source.dates, rules);

    let mut faults = quotation::check(claim, &Quotable::new(&sources_text), &Quotable::new(&context_text));
    faults.retain(|fault| {
        !quotation::is_said((&claimed.text, &claimed.quantities), fault, (&source.text, &source.quantities))
    });
    let claimed_names = names::find(&claimed.text, &claimed.dates, &claimed.quantities, &known);
    let (wrong_names, codes) = names::check(&claimed.text, &claimed_names, &claimed.quantities, &known);
    faults.extend(wrong_names);
    let checker = Checker { claimed: &claimed, source: &source, around: &around, codes: &codes, rules };
    faults.extend(checker.quantities());
    faults.extend(checker.exact());
    faults.extend(checker.dates());
    let settled: Vec<Range> = faults.iter().map(|fault| fault.range).collect();
    let source_names = names::find(&source.text, &source.dates, &source.quantities, &known);
    let bound =
        checker.bound(&claimed_names, &source_names).into_iter().chain((rules.opposites)(&claimed.text, &source.text));
    faults.extend(bound.filter(|fault| !settled.iter().any(|range| meet(*range, fault.range))));
    faults.sort_by_key(|fault| (fault.range, fault.kind));
    faults.dedup_by(|one, other| one.range == other.range && one.kind == other.kind);
    Verdict { faults }
}

fn meet(one: Range, other: Range) -> bool {
    one.start < other.end && other.start < one.end
}

struct Checker<'a> {
    claimed: &'a Facts,
    source: &'a Facts,
    around: &'a Facts,
    /// Tokens of the claim that are identifiers.
    codes: &'a [usize],
    rules: &'a Rules,
}

impl Checker<'_> {
    fn fault(&self, kind: FaultKind, first: usize, last: usize, said: String) -> Option<Fault> {
        let start = self.claimed.text.token(first)?.start;
        let end = self.claimed.text.token(last.checked_sub(1)?)?.end;
        let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let range = Range::new(offset(start), offset(end));
        Some(Fault { kind, range, found: self.claimed.text.slice(start, end), said })
    }

    /// Numbers that the sources do not have, or have in another unit.
    fn quantities(&self) -> Vec<Fault> {
        let free = (self.rules.free_units)(&self.source.text, &self.source.quantities);
        let derived = Derived { claim: self.claimed, source: self.source, rules: self.rules };
        let mut faults = Vec::new();
        for quantity in &self.claimed.quantities {
            let identifier = self.codes.contains(&quantity.at);
            if identifier || quantity.weak || self.whole(quantity) {
                continue;
            }
            if let Some(other) = self.mislabelled(quantity) {
                let said = self.source.said(other.first.saturating_sub(1), other.last);
                faults.extend(self.fault(FaultKind::Number, quantity.first, quantity.last, said));
                continue;
            }
            if self.dated(quantity) {
                continue;
            }
            let (best, nearest) = self.best(quantity, &free);
            let kind = match best {
                Match::Same => continue,
                Match::OtherSign if self.signed(quantity, nearest) => continue,
                Match::OtherUnit => FaultKind::Unit,
                Match::OtherSide => FaultKind::Direction,
                Match::OtherSign | Match::Other if quantity.year => FaultKind::Date,
                Match::OtherSign | Match::Other => FaultKind::Number,
            };
            if (self.rules.counts)(&self.claimed.text, quantity, &self.source.text) || derived.follows(quantity) {
                continue;
            }
            let said = nearest.map_or_else(|| self.alike(quantity), |near| self.source.said(near.first, near.last));
            faults.extend(self.fault(kind, quantity.first, quantity.last, said));
        }
        faults
    }

    /// An exact number that does not fit the rough one before it: "over 50,000, 1,343 to be exact".
    fn exact(&self) -> Vec<Fault> {
        let pairs = self.claimed.quantities.windows(2).filter_map(|pair| {
            let [rough, exact] = pair else { return None };
            let text = &self.claimed.text;
            let one = text.token(rough.at).zip(text.token(exact.at)).is_some_and(|(a, b)| a.sentence == b.sentence);
            let fits = compare(rough, exact, |_| true, self.rules.alike) == Match::Same;
            // What the sources say in the same words is theirs.
            let same = |one: &Quantity, other: &Quantity| one.value.total_cmp(&other.value).is_eq();
            let mut there = self.source.quantities.windows(2);
            let said = there.any(|pair| matches!(pair, [a, b] if same(a, rough) && same(b, exact)));
            let wrong = one && !said && (self.rules.exact)(text, exact.last) && !fits;
            let fault = self.fault(FaultKind::Number, exact.first, exact.last, String::new());
            fault.filter(|_| wrong)
        });
        pairs.collect()
    }

    /// The best match among the sources' quantities, and that one.
    fn best(&self, quantity: &Quantity, free: &[Unit]) -> (Match, Option<&Quantity>) {
        let is_free = |unit: &Unit| {
            free.iter().any(|one| {
                one.measure == unit.measure && one.power == unit.power && one.factor.total_cmp(&unit.factor).is_eq()
            })
        };
        let mut best: (Match, Option<&Quantity>) = (Match::Other, None);
        for source in &self.source.quantities {
            let found = compare(quantity, source, is_free, self.rules.alike);
            match (found, best.0) {
                (Match::Same, _) => return (Match::Same, Some(source)),
                (Match::Other, _) => {}
                (_, Match::Other) => best = (found, Some(source)),
                (_, _) => {}
            }
        }
        best
    }

    /// A number of a title: "chapter 3".
    fn whole(&self, quantity: &Quantity) -> bool {
        let same = |one: &Quantity| compare(quantity, one, |_| false, self.rules.alike) == Match::Same;
        quantity.unit.is_none() && self.around.quantities.iter().any(same)
    }

    /// The number that the sources have behind the label that the claim puts before another one:
    /// "section 4" for "section 3".
    fn mislabelled(&self, quantity: &Quantity) -> Option<&Quantity> {
        let label = (self.rules.label)(&self.claimed.text, quantity)?;
        let there = self.source.quantities.iter();
        let mut alike =
            there.filter(|one| (self.rules.label)(&self.source.text, one).as_ref() == Some(&label)).peekable();
        let first = alike.peek().copied()?;
        let same = |one: &Quantity| compare(quantity, one, |_| true, self.rules.alike) == Match::Same;
        (!alike.any(same)).then_some(first)
    }

    /// A number that is the year or the day of a date.
    fn dated(&self, quantity: &Quantity) -> bool {
        let other = self.other_years();
        let dates = self.source.dates.iter().chain(&self.around.dates).chain(&other);
        let same = |date: &Date| {
            let plain = date.years.is_some_and(|(from, to)| from == to && f64::from(from) == quantity.value);
            let stated = whole_year(quantity.value).filter(|_| quantity.year && date.loose);
            let one = date.years.is_some_and(|(from, to)| from == to);
            let short = one && stated.is_some_and(|year| Date::year(0, 0, year).is_among(std::slice::from_ref(date)));
            let year = plain || short;
            // What counts the noun behind it is no day.
            let noun = self.claimed.text.token(quantity.last);
            let counts =
                quantity.form == Form::Cardinal && noun.is_some_and(|noun| !noun.stem.is_empty() && !noun.capital);
            let named = (self.rules.label)(&self.claimed.text, quantity).is_some();
            let day =
                !quantity.year && !counts && !named && date.day.is_some_and(|day| f64::from(day) == quantity.value);
            year || day
        };
        quantity.unit.is_none() && dates.into_iter().any(same)
    }

    fn signed(&self, quantity: &Quantity, source: Option<&Quantity>) -> bool {
        (self.rules.downward)(&self.claimed.text, quantity)
            || source.is_some_and(|source| {
                (self.rules.downward)(&self.source.text, source) && source.value > 0.0 && quantity.value < 0.0
            })
    }

    /// The sources' number that is most like a wrong one: of the same sort, nearest in value.
    fn alike(&self, quantity: &Quantity) -> String {
        let sort = |one: &Quantity| (one.unit.map(|unit| unit.measure), one.year, one.form);
        let mut alike: Vec<&Quantity> =
            self.source.quantities.iter().filter(|one| !one.weak && sort(one) == sort(quantity)).collect();
        alike.sort_by(|a, b| (a.value - quantity.value).abs().total_cmp(&(b.value - quantity.value).abs()));
        if let Some(near) = alike.first() {
            return self.source.said(near.first, near.last);
        }
        let date = self.source.dates.iter().find(|date| quantity.year && date.years.is_some());
        date.map_or_else(String::new, |date| self.source.said(date.first, date.last))
    }

    /// Dates and times that the sources do not have.
    fn dates(&self) -> Vec<Fault> {
        let years = |facts: &Facts| -> Vec<Date> {
            let years = facts.quantities.iter().filter(|quantity| quantity.year && quantity.value.abs() < 10_000.0);
            let years = years
                .filter_map(|quantity| Some(Date::year(quantity.first, quantity.last, whole_year(quantity.value)?)));
            years.chain(facts.dates.iter().cloned()).collect()
        };
        let (mut own, around) = (years(self.source), years(self.around));
        own.extend(self.other_years());
        let all: Vec<Date> = own.iter().chain(&around).cloned().collect();
        let wrong = self.claimed.dates.iter().filter(|date| !date.is_among(&all) && !self.plain_year(date));
        wrong
            .filter_map(|date| {
                let near = own.iter().max_by_key(|other| date.likeness(other));
                let said = near
                    .filter(|near| date.likeness(near) > 0)
                    .map_or_else(String::new, |near| self.source.said(near.first, near.last));
                self.fault(FaultKind::Date, date.first, date.last, said)
            })
            .collect()
    }

    /// Years that the sources name in another way: "in 930", and 1837 as "the following year".
    fn other_years(&self) -> Vec<Date> {
        let Facts { text, dates, quantities } = self.source;
        let early = quantities.iter().filter(|quantity| (self.rules.early_year)(text, quantity));
        let early = early.filter_map(|one| Some(Date::year(one.first, one.last, whole_year(one.value)?)));
        early.chain((self.rules.relative_years)(text, quantities, dates)).collect()
    }

    /// A year with an era whose number the sources have without one.
    fn plain_year(&self, date: &Date) -> bool {
        let alone = date.month.is_none() && date.day.is_none() && date.last - date.first == 2;
        let year = date.years.filter(|(from, to)| from == to && *from > 0).map(|(from, _)| f64::from(from));
        alone
            && year.is_some_and(|year| self.source.quantities.iter().any(|one| one.unit.is_none() && one.value == year))
    }

    /// Numbers, dates and names that the sources have, but of something else.
    fn bound(&self, claimed_names: &[Name], source_names: &[Name]) -> Vec<Fault> {
        let (claim, source) = (&self.claimed.text, &self.source.text);
        let derived = Derived { claim: self.claimed, source: self.source, rules: self.rules };
        let stated = |own: &Quantity| {
            let same = |there: &Quantity| compare(own, there, |_| true, self.rules.alike) == Match::Same;
            self.source.quantities.iter().any(same)
        };
        let mut items = items::numbers(claim, &self.claimed.quantities, &self.claimed.dates, self.rules);
        // What was counted, and both numbers of "one in five", stand in the place of no other
        // value.
        items.retain(|item| {
            let counts = matches!(item.class, Class::Count | Class::Measure(_));
            let number = self.claimed.quantities.get(item.place).filter(|_| counts);
            !number.is_some_and(|number| derived.is_ratio(number) || !stated(number) && derived.follows(number))
        });
        let there = items::numbers(source, &self.source.quantities, &self.source.dates, self.rules);
        let same = items.iter().map(|item| {
            let agreeing = there.iter().enumerate().filter(|(_, other)| self.agree(item, other));
            agreeing.map(|(place, _)| place).collect()
        });
        let mut ties = Ties::new((claim, &items), (source, &there), self.rules, same.collect());
        let spans = self.claimed.quantities.iter().filter(|own| !stated(own));
        ties.say(spans.flat_map(|quantity| derived.ends(quantity)));
        let mut faults = self.exchanges(&items, &there, &ties.exchanged());
        faults.extend(self.exchanges(&items, &there, &couples::find(&ties)));
        let names = items::names(claim, claimed_names, self.rules);
        let others = items::names(source, source_names, self.rules);
        let ties =
            Ties::new((claim, &names), (source, &others), self.rules, sharing((claim, &names), (source, &others)));
        faults.extend(self.exchanges(&names, &others, &ties.exchanged()));
        faults.extend(self.exchanges(&names, &others, &renamed::find(&ties)));
        faults
    }

    /// Whether a number or date of the claim may be said where the sources have the other.
    fn agree(&self, one: &Item<'_>, other: &Item<'_>) -> bool {
        let quantities = (self.claimed.quantities.get(one.place), self.source.quantities.get(other.place));
        let dates = (self.claimed.dates.get(one.place), self.source.dates.get(other.place));
        let year = |quantity: &Quantity| whole_year(quantity.value).map(|year| Date::year(0, 0, year));
        let among = |claim: &Date, source: &Date| claim.is_among(std::slice::from_ref(source));
        if one.class == Class::Code || other.class == Class::Code {
            let written = |text: &Text, item: &Item<'_>| text.token(item.first).map(|token| token.text.clone());
            return one.class == other.class && written(&self.claimed.text, one) == written(&self.source.text, other);
        }
        match (one.class == Class::Date, other.class == Class::Date) {
            (false, false) => matches!(quantities, (Some(a), Some(b)) if {
                matches!(compare(a, b, |_| true, self.rules.alike), Match::Same | Match::OtherSign)
            }),
            (true, true) => matches!(dates, (Some(a), Some(b)) if among(a, b)),
            (true, false) => matches!((dates.0, quantities.1.and_then(year)), (Some(a), Some(b)) if among(a, &b)),
            (false, true) => match (quantities.0, dates.1) {
                (Some(quantity), Some(date)) => {
                    let day = !quantity.year && date.day.map(f64::from) == Some(quantity.value);
                    day || year(quantity).is_some_and(|year| among(&year, date))
                }
                (_, _) => false,
            },
        }
    }

    fn exchanges(&self, items: &[Item<'_>], there: &[Item<'_>], found: &[Exchange]) -> Vec<Fault> {
        let faults = found.iter().filter_map(|(at, other)| {
            let (item, other) = (items.get(*at)?, there.get(*other)?);
            let kind = match item.class {
                Class::Name | Class::Code => FaultKind::Name,
                Class::Year | Class::Date => FaultKind::Date,
                Class::Count | Class::Ordinal | Class::Measure(_) => FaultKind::Number,
            };
            self.fault(kind, item.first, item.last, self.source.said(other.first, other.last))
        });
        faults.collect()
    }
}

/// The whole number that a year is.
pub(super) fn whole_year(value: f64) -> Option<i32> {
    format!("{value}").parse().ok()
}

/// For each name of the claim, the names of the sources with which it has a word in common.
fn sharing((claim, names): (&Text, &[Item<'_>]), (source, others): (&Text, &[Item<'_>])) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, other) in others.iter().enumerate() {
        for at in other.first..other.last {
            places.entry(source.word(at)).or_default().push(place);
        }
    }
    let shared = |name: &Item<'_>| {
        let words = (name.first..name.last).filter_map(|at| places.get(claim.word(at)));
        let mut shared: Vec<usize> = words.flatten().copied().collect();
        shared.sort_unstable();
        shared.dedup();
        shared
    };
    names.iter().map(shared).collect()
}
