//! Numbers that only count what the sources list, and signs that are said in words.

use super::data::Data;
use crate::grounding::number::{Form, Hedge, Quantity};
use crate::grounding::text::{BREAK, Kind, Text, Token};

/// The longest list that a claim may count.
const LONGEST_LIST: f64 = 12.0;
/// The most tokens of one item in an enumeration.
const LONGEST_ITEM: usize = 12;
/// How far behind a number the noun may be that it counts, in tokens.
const REACH: usize = 3;
/// How far from a number a word may be that says its sign, in tokens.
const NEAR_SIGN: usize = 6;

/// Whether a number that the sources do not have says nothing by itself, or counts what they list:
/// "two sides", "these three gauges".
pub(super) fn counts(claim: &Text, quantity: &Quantity, sources: &Text) -> bool {
    if quantity.weak {
        return true;
    }
    let plain = quantity.words && quantity.unit.is_none() && quantity.hedge == Hedge::None;
    if !plain || !(2.0..=LONGEST_LIST).contains(&quantity.value) || quantity.value.fract() != 0.0 {
        return false;
    }
    let data = Data::get();
    let nouns: Vec<usize> =
        (quantity.last..quantity.last + REACH).take_while(|at| !claim.word(*at).is_empty()).collect();
    let counted = nouns.iter().any(|at| data.counted.contains(claim.word(*at)));
    let listed = lists(sources).iter().any(|size| (*size - quantity.value).abs() < 0.5);
    match quantity.form {
        Form::Cardinal if counted => listed || quantity.value <= 2.0,
        Form::Cardinal => {
            let pointed = matches!(claim.word_before(quantity.first), "the" | "these" | "those" | "all" | "other");
            let bound = nouns.iter().filter_map(|at| claim.token(*at)).find(|noun| !noun.stem.is_empty());
            let known = bound.is_some_and(|noun| sources.tokens.iter().any(|token| token.stem == noun.stem));
            let numbered = bound.is_some_and(|noun| numbered(sources, &noun.stem));
            match announced(claim, quantity) {
                Some(own) => own == quantity.value && !numbered,
                None => listed && (pointed || known) && !numbered,
            }
        }
        Form::Ordinal => {
            let most = lists(sources).into_iter().fold(0.0, f64::max);
            let fact = nouns.first().is_some_and(|at| data.discourse("fact", claim.word(*at)));
            !fact && (most >= quantity.value || (counted && quantity.value <= 2.0))
        }
        Form::Part | Form::Multiple => false,
    }
}

/// How many names the claim itself lists behind a colon or a dash that follows the number: "three
/// colleges: Orrin, Ashe and Wray". Whether the sources have them too is checked of each.
fn announced(claim: &Text, quantity: &Quantity) -> Option<f64> {
    let own = claim.token(quantity.first)?.sentence;
    let rest = claim.tokens.iter().skip(quantity.last).take_while(|token| token.sentence == own);
    let mut behind = rest.skip_while(|token| !matches!(token.kind, Kind::Mark(':' | '\u{2013}')));
    behind.next()?;
    let list: Vec<&Token> =
        behind.take_while(|token| !matches!(token.kind, Kind::Mark(':' | ';' | '\u{2013}'))).collect();
    let comma = |token: &Token| token.kind == Kind::Mark(',');
    let last = list.iter().rposition(|token| comma(token)).map_or(0, |at| at + 1);
    // "A, b, and c", "a, b and c": an "and" before the last comma is within one of them.
    let within = list.iter().skip(last + 1).any(|token| token.text == "and");
    let things: Vec<&[&Token]> = list.split(|token| comma(token)).collect();
    let named = things.iter().all(|thing| thing.iter().any(|token| token.capital));
    let count = things.len() + usize::from(within);
    (named && count > 1).then(|| f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Whether the sources themselves put a number before this noun.
fn numbered(sources: &Text, stem: &str) -> bool {
    let data = Data::get();
    let number = |at: usize| {
        let word = sources.word(at);
        let named = data.numeral("unit", word).is_some() || data.numeral("tens", word).is_some();
        named || sources.token(at).is_some_and(|token| token.kind == Kind::Number)
    };
    let nouns = sources.tokens.iter().enumerate().filter(|(_, token)| token.stem == stem);
    nouns.into_iter().any(|(at, _)| (1..=2).any(|back| at.checked_sub(back).is_some_and(number)))
}

/// How many things the lists and enumerations of the sources have.
fn lists(sources: &Text) -> Vec<f64> {
    let mut sizes = Vec::new();
    let mut size = |count: usize| sizes.push(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    for mark in [BREAK, '\n'] {
        let breaks = sources.chars.iter().filter(|c| **c == mark).count();
        // A lead may stand before the items of a list.
        size(breaks + 1);
        size(breaks);
    }
    let (mut commas, mut last_comma, mut semicolons, mut sentence) = (0, 0, 0, 0);
    for (at, token) in sources.tokens.iter().enumerate() {
        if token.sentence != sentence {
            size(semicolons + 1);
            (commas, semicolons, sentence) = (0, 0, token.sentence);
        }
        match token.kind {
            Kind::Mark(',') => {
                commas = if commas > 0 && at - last_comma > LONGEST_ITEM { 1 } else { commas + 1 };
                last_comma = at;
            }
            Kind::Mark(';') => semicolons += 1,
            Kind::Word if matches!(token.text.as_str(), "and" | "or" | "but" | "versus") => {
                let near = commas > 0 && at - last_comma <= LONGEST_ITEM;
                let behind_comma = near && at == last_comma + 1;
                // "A, b, and c" and "a, b and c" are three; a comma of the sentence may stand
                // before them.
                let items = if near { commas + 2 - usize::from(behind_comma) } else { 2 };
                size(items);
                size(items.saturating_sub(1).max(2));
                commas = 0;
            }
            Kind::Mark(_) | Kind::Word | Kind::Number | Kind::Code => {}
        }
    }
    size(semicolons + 1);
    sizes
}

/// The stem of the label before a number that names one of several: "section 4", "law no. 11",
/// "ordinance number 51".
pub(super) fn label(text: &Text, quantity: &Quantity) -> Option<String> {
    if quantity.unit.is_some() || quantity.form != Form::Cardinal || quantity.year {
        return None;
    }
    let data = Data::get();
    let mut at = quantity.first.checked_sub(1)?;
    at -= usize::from(at > 0 && text.is_mark(at, '.') && text.is_glued(at));
    if data.discourse("sign", text.word(at)) {
        at = at.checked_sub(1)?;
    }
    let token = text.token(at).filter(|token| data.discourse("label", &token.text))?;
    let stem = (!token.stem.is_empty()).then(|| token.stem.clone());
    stem.filter(|_| text.token(quantity.first).is_some_and(|number| number.sentence == token.sentence))
}

/// Whether a value below zero may be meant near a number without a sign.
pub(super) fn downward(text: &Text, quantity: &Quantity) -> bool {
    let down = &Data::get().down;
    let from = quantity.first.saturating_sub(NEAR_SIGN);
    (from..quantity.last + NEAR_SIGN).any(|at| down.contains(text.word(at)))
}
