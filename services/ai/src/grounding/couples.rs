//! Two values that the sources name in one breath, and claims that take one of them by itself:
//! "from 5 to 7", "between 5 and 7", "(1867-1946)", "3 hours 12 minutes", "a turnout of 7 %".

use std::collections::HashSet;

use super::binding::{Exchange, Ties, unlike};
use super::items::{Class, Item};
use super::text::{Kind, Text};

/// The exchanges of values that the sources couple.
pub(super) fn find(ties: &Ties<'_>) -> Vec<Exchange> {
    let couples: Vec<usize> = (0..ties.said.len()).filter(|at| coupled(ties, ties.sources, ties.said, *at)).collect();
    let mut found = Vec::new();
    for (at, item) in ties.items.iter().enumerate() {
        if ties.owns(at).next().is_none() {
            continue;
        }
        let other = beyond(ties, at, item, &couples);
        let other = other.or_else(|| of_a_life(ties, at, item, &couples));
        let other = other.or_else(|| part_alone(ties, at, item));
        let other = other.or_else(|| headed(ties, at, item)).or_else(|| counted(ties, at, item));
        found.extend(other.map(|other| (at, other)));
        if coupled(ties, ties.claim, ties.items, at) {
            found.extend(parted(ties, at, &couples));
        }
    }
    found
}

/// Whether the items at `at` and behind it are the two ends of something.
fn coupled(ties: &Ties<'_>, text: &Text, items: &[Item<'_>], at: usize) -> bool {
    let (Some(one), Some(other)) = (items.get(at), items.get(at + 1)) else { return false };
    one.sentence == other.sentence
        && unlike(&one.class, &other.class) == 0
        && (ties.rules.couples)(text, one.first, one.last, other.first)
}

/// A couple of the claim of which the sources have one end with another one: "7 to 88" where they
/// have "7 to 5", and 88 elsewhere.
fn parted(ties: &Ties<'_>, at: usize, couples: &[usize]) -> Option<Exchange> {
    let pair =
        |place: usize, turned: usize| ties.is_same(at, place + turned) && ties.is_same(at + 1, place + 1 - turned);
    if ties.owns(at + 1).next().is_none() || couples.iter().any(|place| pair(*place, 0) || pair(*place, 1)) {
        return None;
    }
    let class = &ties.items.get(at)?.class;
    // A year by itself may well be the end of something that the sources say in other words.
    let apart = |item: usize, end: usize| {
        let other_end = couples.iter().any(|place| ties.is_same(item, place + end));
        let bracketed = ties.owns(item).all(|(_, own)| in_brackets(ties.sources, own));
        !other_end && (!class.is_time() || bracketed)
    };
    couples.iter().find_map(|place| {
        let there = ties.said.get(*place)?;
        if unlike(class, &there.class) > 0 {
            return None;
        }
        if ties.is_same(at, *place) && ties.is_absent(place + 1) && apart(at + 1, 1) {
            return Some((at + 1, place + 1));
        }
        let second = ties.is_same(at + 1, place + 1) && ties.is_absent(*place) && apart(at, 0);
        second.then_some((at, *place))
    })
}

/// Whether an item stands in brackets with nothing but another one.
fn in_brackets(text: &Text, item: &Item<'_>) -> bool {
    let opened = item.first.checked_sub(1).is_some_and(|at| text.is_mark(at, '('));
    opened || text.is_mark(item.last, ')')
}

/// A value above the upper of two between which the sources have something, or below the lower.
fn beyond(ties: &Ties<'_>, at: usize, item: &Item<'_>, couples: &[usize]) -> Option<usize> {
    if item.class.is_time() || item.class == Class::Name {
        return None;
    }
    let above = (ties.rules.above)(ties.claim, item.first)?;
    let (end, other) = if above { (1, 0) } else { (0, 1) };
    let mut found = None;
    for (own, _) in ties.owns(at) {
        let couple = couples.iter().find(|place| *place + end == own)?;
        let first = ties.said.get(*couple)?.first;
        found = Some(couple + other).filter(|_| (ties.rules.between)(ties.sources, first));
        found?;
    }
    found.filter(|other| ties.is_absent(*other))
}

/// A year of somebody's life, "(1867-1946)", said of what the sources date otherwise.
fn of_a_life(ties: &Ties<'_>, at: usize, item: &Item<'_>, couples: &[usize]) -> Option<usize> {
    let bracketed = |own: usize| {
        let couple = couples.iter().copied().find(|place| *place == own || place + 1 == own)?;
        let (from, to) = (ties.said.get(couple)?, ties.said.get(couple + 1)?);
        let opened = from.first.checked_sub(1).is_some_and(|at| ties.sources.is_mark(at, '('));
        (opened && ties.sources.is_mark(to.last, ')')).then_some(couple)
    };
    if !item.class.is_time() {
        return None;
    }
    let lives: Vec<usize> = ties.owns(at).map(|(own, _)| bracketed(own)).collect::<Option<_>>()?;
    let said = |own: usize| !ties.is_absent(own);
    if lives.iter().any(|couple| said(*couple) && said(couple + 1)) || (ties.rules.lasts)(ties.claim, item.first) {
        return None;
    }
    let mut others = ties.said.iter().enumerate().filter(|(place, other)| {
        let near = lives.iter().any(|couple| {
            let life = ties.said.get(*couple).map_or(0, |life| life.sentence);
            life.abs_diff(other.sentence) <= 1
        });
        let shared = other.around.iter().any(|stem| ties.claim.tokens.iter().any(|token| token.stem == **stem));
        near && shared && other.class.is_time() && ties.is_absent(*place) && bracketed(*place).is_none()
    });
    others.next().map(|(place, _)| place)
}

/// The smaller part of a measure that the sources give in several, said by itself: "12 minutes" for
/// "3 hours 12 minutes".
fn part_alone(ties: &Ties<'_>, at: usize, item: &Item<'_>) -> Option<usize> {
    let Class::Measure(measure) = item.class else { return None };
    if ties.claim.tokens.iter().any(|token| (ties.rules.compares)(&token.text)) {
        return None;
    }
    let mut found = None;
    for (own, part) in ties.owns(at) {
        let before = own.checked_sub(1)?;
        let larger = ties.said.get(before)?;
        let one = larger.last == part.first && larger.class == Class::Measure(measure);
        found = Some(before).filter(|before| one && ties.is_absent(*before));
        found?;
    }
    found
}

/// A value that is said of what the sources head another one with: "turnout was 52 %" where they
/// have "a turnout of 88 %".
fn headed(ties: &Ties<'_>, at: usize, item: &Item<'_>) -> Option<usize> {
    if !matches!(item.class, Class::Measure(_)) {
        return None;
    }
    let head = |text: &Text, place: usize, item: &Item<'_>| {
        let stem =
            text.token(place).filter(|token| token.sentence == item.sentence && !token.stem.is_empty())?.stem.clone();
        Some(stem)
    };
    let heads = |item: &Item<'_>| {
        let of = item.first.checked_sub(2).filter(|at| (ties.rules.heads)(ties.sources, at + 1))?;
        head(ties.sources, of, item)
    };
    // The clause before the item, up to what parts it from the rest or another item.
    let from = at.checked_sub(1).and_then(|at| ties.items.get(at)).filter(|one| !one.class.is_time());
    let from = from.map_or(0, |one| one.last);
    let parts = |at: &usize| {
        let token = ties.claim.token(*at);
        token.is_none_or(|token| match token.kind {
            Kind::Mark(_) => true,
            Kind::Word => token.sentence != item.sentence || (ties.rules.joins)(&token.text),
            Kind::Number | Kind::Code => false,
        })
    };
    let clause: HashSet<String> =
        (from..item.first).rev().take_while(|at| !parts(at)).filter_map(|at| head(ties.claim, at, item)).collect();
    // What the sources themselves say before the value.
    let before = |own: &Item<'_>, head: &String| {
        let tokens = ties.sources.tokens.iter().take(own.first);
        tokens.rev().take_while(|token| token.sentence == own.sentence).any(|token| token.stem == *head)
    };
    if ties.owns(at).any(|(_, own)| heads(own).is_some()) {
        return None;
    }
    let known = |head: &String| ties.owns(at).any(|(_, own)| before(own, head));
    let mut others = ties.said.iter().enumerate().filter(|(place, other)| {
        other.class == item.class
            && ties.is_absent(*place)
            && heads(other).is_some_and(|head| clause.contains(&head) && !known(&head))
    });
    others.next().map(|(place, _)| place)
}

/// The stems of the words right behind an item.
fn nouns<'a>(text: &'a Text, item: &Item<'_>) -> Vec<&'a str> {
    let behind = text.tokens.iter().skip(item.last);
    let words = behind.take_while(|token| token.kind == Kind::Word && !token.stem.is_empty() && !token.opens);
    words.map(|token| token.stem.as_str()).collect()
}

/// A number of things that the sources count otherwise, where it counts other things: "340 files"
/// for "12 files with 340 separate tests".
fn counted(ties: &Ties<'_>, at: usize, item: &Item<'_>) -> Option<usize> {
    if item.class != Class::Count {
        return None;
    }
    let noun = *nouns(ties.claim, item).first()?;
    let said = |stem: &&str| ties.claim.tokens.iter().any(|token| token.stem == **stem);
    let elsewhere = ties.owns(at).all(|(_, own)| {
        let own = nouns(ties.sources, own);
        let known = own.contains(&noun) || own.first().is_none_or(said) || own.last().is_none_or(said);
        !known
    });
    let mut others = ties.said.iter().enumerate().filter(|(place, other)| {
        other.class == Class::Count && ties.is_absent(*place) && nouns(ties.sources, other).first() == Some(&noun)
    });
    others.next().filter(|_| elsewhere).map(|(place, _)| place)
}
