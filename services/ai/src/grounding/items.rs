//! The facts of a text in one row, each with the words that are said of it: what ties a number or a
//! name to its place in a sentence.

use std::collections::HashSet;

use super::date::Date;
use super::names::Name;
use super::number::{Form, Quantity};
use super::rules::Rules;
use super::text::{Kind, Text};

/// What an item is, so that only like is exchanged for like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Class {
    /// A number without a unit.
    Count,
    /// An ordinal.
    Ordinal,
    /// A number with a unit: what it measures.
    Measure(&'static str),
    /// A number that looks like a year.
    Year,
    /// A date or a time.
    Date,
    /// An identifier: 1.2.3.
    Code,
    /// A name.
    Name,
}

impl Class {
    /// Whether it is a year or a date.
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Year | Self::Date)
    }
}

/// A number, a date or a name in its sentence.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// What it is.
    pub class: Class,
    /// Its first token.
    pub first: usize,
    /// One past its last token.
    pub last: usize,
    /// Its place among the quantities, the dates or the names of its text.
    pub place: usize,
    /// The number of its sentence.
    pub sentence: usize,
    /// The stems of the words that are said of it.
    pub local: HashSet<&'a str>,
    /// The stems of all words around it up to the next items of its sort in the sentence.
    pub around: HashSet<&'a str>,
    /// The stems of the sentence before, if a word of its own sentence points there.
    pub earlier: HashSet<&'a str>,
    /// The words and the years that it stands with, in small letters.
    pub anchors: HashSet<&'a str>,
    /// Those of them with a capital, and the years.
    pub named: HashSet<&'a str>,
    /// The stem of the first word behind it that says something, if nothing parts the two.
    pub noun: &'a str,
}

/// A class, the first token, one past the last, and the place in its list.
type Found = (Class, usize, usize, usize);

/// The numbers and dates of a text, in order, with what is said of each.
pub(super) fn numbers<'a>(text: &'a Text, quantities: &[Quantity], dates: &[Date], rules: &Rules) -> Vec<Item<'a>> {
    let version = |one: &Quantity| text.token(one.at).is_some_and(|token| token.kind == Kind::Code);
    let telling = quantities.iter().enumerate();
    let telling = telling.filter(|(_, one)| !one.weak && one.form != Form::Multiple && !version(one));
    let telling = telling.map(|(place, quantity)| {
        let class = match (&quantity.unit, quantity.form) {
            (Some(unit), _) => Class::Measure(unit.measure),
            (None, Form::Ordinal) => Class::Ordinal,
            (None, _) if quantity.year => Class::Year,
            (None, _) => Class::Count,
        };
        (class, quantity.first, quantity.last, place)
    });
    let spans = quantities.iter().map(|one| (one.first, one.last));
    let taken: HashSet<usize> = spans.flat_map(|(first, last)| first..last).collect();
    let codes = text.tokens.iter().enumerate().filter(|(at, token)| {
        token.kind == Kind::Code && token.text.starts_with(|c: char| c.is_ascii_digit()) && !taken.contains(at)
    });
    let codes = codes.map(|(at, _)| (Class::Code, at, at + 1, at));
    let dates = dates.iter().enumerate().map(|(place, date)| (Class::Date, date.first, date.last, place));
    items(text, telling.chain(codes).chain(dates).collect(), rules)
}

/// The names of a text, in order.
pub(super) fn names<'a>(text: &'a Text, names: &[Name], rules: &Rules) -> Vec<Item<'a>> {
    let found = names.iter().enumerate().map(|(place, name)| (Class::Name, name.first, name.last, place));
    items(text, found.collect(), rules)
}

fn items<'a>(text: &'a Text, mut found: Vec<Found>, rules: &Rules) -> Vec<Item<'a>> {
    found.sort_by_key(|item| item.1);
    let sentence_of = |at: usize| text.token(at).map_or(0, |token| token.sentence);
    // The sentences' bounds, so that no item looks beyond its own.
    let mut bounds: Vec<(usize, usize)> = Vec::new();
    let mut first = 0;
    for chunk in text.tokens.chunk_by(|one, next| one.sentence == next.sentence) {
        bounds.push((first, first + chunk.len()));
        first += chunk.len();
    }
    let spans: Vec<(usize, usize)> = found.iter().map(|item| (item.1, item.2)).collect();
    let in_time: Vec<bool> = found.iter().map(|item| item.0.is_time()).collect();
    let mut items: Vec<Item<'a>> = Vec::new();
    for (at, (class, first, last, place)) in found.into_iter().enumerate() {
        let sentence = sentence_of(first);
        let (start, end) = bounds.get(sentence).copied().unwrap_or((first, last));
        let before = at.checked_sub(1).and_then(|at| spans.get(at)).filter(|span| span.1 > start).map(|span| span.1);
        let after = spans.get(at + 1).filter(|span| span.0 < end).map(|span| span.0);
        let scope = Scope { text, rules, start: before.unwrap_or(start), end: after.unwrap_or(end) };
        let local = scope.local(first, last, before.is_none());
        let noun = scope.noun(last);
        // Years are anchors of other numbers, so that only items of the same sort end the scope.
        let own = in_time.get(at).copied().unwrap_or_default();
        let alike = |at: &usize| in_time.get(*at) == Some(&own);
        let before = (0..at).rev().find(alike).and_then(|at| spans.get(at)).map(|span| span.1);
        let after = (at + 1..spans.len()).find(alike).and_then(|at| spans.get(at)).map(|span| span.0);
        let wide = Scope { text, rules, start: before.unwrap_or(start).max(start), end: after.unwrap_or(end).min(end) };
        let around = (wide.start..wide.reach(first, last)).filter_map(|at| wide.stem(at)).collect();
        let places = wide.anchors(first, last);
        let anchors = places.iter().filter_map(|at| wide.anchor(*at)).collect();
        let named = places.iter().filter(|at| wide.is_named(**at)).filter_map(|at| wide.anchor(*at)).collect();
        let earlier = HashSet::new();
        items.push(Item { class, first, last, place, sentence, local, around, earlier, anchors, named, noun });
    }
    join_lists(text, &mut items);
    follow(text, &mut items, &bounds, rules);
    items
}

/// Adds what sentences say of what the one before them is about: the date of a sentence is also
/// that of those behind it which point there and have none, and what is said of a value there is
/// said of what the sentence before has.
fn follow<'a>(text: &'a Text, items: &mut [Item<'a>], bounds: &[(usize, usize)], rules: &Rules) {
    let tokens = |sentence: usize| {
        let (start, end) = bounds.get(sentence).copied().unwrap_or_default();
        text.tokens.get(start..end).unwrap_or_default()
    };
    let stems =
        |sentence: usize| tokens(sentence).iter().map(|token| token.stem.as_str()).filter(|stem| !stem.is_empty());
    let points = |sentence: usize| tokens(sentence).iter().any(|token| (rules.refers)(&token.text));
    let dated: HashSet<usize> = items.iter().filter(|item| item.class.is_time()).map(|item| item.sentence).collect();
    let mut seen = HashSet::new();
    for item in items.iter_mut().rev() {
        if points(item.sentence) {
            item.earlier.extend(item.sentence.checked_sub(1).into_iter().flat_map(stems));
        }
        // The last date of its sentence alone.
        if !item.class.is_time() || !seen.insert(item.sentence) {
            continue;
        }
        let mut next = item.sentence + 1;
        while next < bounds.len() && !dated.contains(&next) && points(next) {
            item.around.extend(stems(next));
            next += 1;
        }
    }
}

/// Items with nothing between them that says something share what is said: "5 and 7 apples".
fn join_lists(text: &Text, items: &mut [Item<'_>]) {
    for at in (1..items.len()).rev() {
        let (before, after) = items.split_at_mut(at);
        let (Some(one), Some(other)) = (before.last_mut(), after.first_mut()) else { continue };
        let silent = (one.last..other.first).all(|at| text.token(at).is_some_and(|token| token.stem.is_empty()));
        let alike = one.class.is_time() == other.class.is_time();
        if silent && alike && one.sentence == other.sentence {
            one.local.extend(other.local.iter().copied());
            other.local.extend(one.local.iter().copied());
            one.around.extend(other.around.iter().copied());
            other.around.extend(one.around.iter().copied());
            one.noun = other.noun;
            one.named.clear();
            other.named.clear();
        }
    }
}

/// The part of a sentence between the items before and after one.
struct Scope<'a, 'r> {
    text: &'a Text,
    rules: &'r Rules,
    start: usize,
    end: usize,
}

/// The digits of a year that is an anchor.
const YEAR_DIGITS: usize = 4;

impl<'a> Scope<'a, '_> {
    fn parts(&self, at: usize) -> bool {
        self.text.token(at).is_some_and(|token| match token.kind {
            Kind::Mark(mark) => {
                matches!(mark, ',' | ';' | ':' | '(' | ')' | '\u{2013}' | '|') && !token.text.is_empty()
            }
            Kind::Word => (self.rules.joins)(&token.text),
            Kind::Number | Kind::Code => false,
        })
    }

    fn stem(&self, at: usize) -> Option<&'a str> {
        self.text.token(at).map(|token| token.stem.as_str()).filter(|stem| !stem.is_empty())
    }

    /// What is said of the item `first..last`: the words before and behind it up to what parts them
    /// from the rest. Where there are none, the search goes on as far as no other item is.
    fn local(&self, first: usize, last: usize, leads: bool) -> HashSet<&'a str> {
        let mut local = HashSet::new();
        // What stands in brackets by itself is said of what is before them.
        let bracket = first.checked_sub(1).filter(|at| *at > self.start && self.text.is_mark(*at, '('));
        for at in (self.start..bracket.unwrap_or(first)).rev() {
            if self.parts(at) && !(leads && local.is_empty()) {
                break;
            }
            local.extend(self.stem(at));
        }
        let before = local.len();
        for at in last..self.end {
            if self.parts(at) && (bracket.is_some() || before > 0 || !local.is_empty()) {
                break;
            }
            local.extend(self.stem(at));
        }
        local
    }

    /// How far what is around the item `first..last` goes: what stands in brackets is said of what
    /// is before it.
    fn reach(&self, first: usize, last: usize) -> usize {
        let opened = (self.start..first).rev().find(|at| self.text.is_mark(*at, '(') || self.text.is_mark(*at, ')'));
        let within = opened.is_some_and(|at| self.text.is_mark(at, '('));
        let closes = (last..self.end).find(|at| within && self.text.is_mark(*at, ')'));
        closes.unwrap_or(self.end)
    }

    /// The word or the year at `at`.
    fn anchor(&self, at: usize) -> Option<&'a str> {
        let token = self.text.token(at)?;
        let year =
            token.kind == Kind::Number && token.end - token.start == YEAR_DIGITS && token.text.len() == YEAR_DIGITS;
        let word = token.kind == Kind::Word && !token.stem.is_empty();
        (year || word).then_some(token.text.as_str())
    }

    fn is_named(&self, at: usize) -> bool {
        self.text.token(at).is_some_and(|token| token.kind == Kind::Number || token.capital)
    }

    /// The places of the words and years beside the item that nothing parts from it; where there
    /// are none, of those before the mark that parts them: the first cell of a row.
    fn anchors(&self, first: usize, last: usize) -> Vec<usize> {
        let before = (self.start..first).rev().take_while(|at| !self.parts(*at));
        let behind = (last..self.end).take_while(|at| !self.parts(*at));
        let anchors: Vec<usize> = before.chain(behind).filter(|at| self.anchor(*at).is_some()).collect();
        if !anchors.is_empty() {
            return anchors;
        }
        let marked = |at: &usize| self.text.token(*at).is_some_and(|token| matches!(token.kind, Kind::Mark(_)));
        let beyond = (self.start..first).rev().skip_while(marked).take_while(|at| !self.parts(*at));
        beyond.filter(|at| self.anchor(*at).is_some()).collect()
    }

    fn noun(&self, last: usize) -> &'a str {
        (last..self.end).take_while(|at| !self.parts(*at)).find_map(|at| self.stem(at)).unwrap_or("")
    }
}
