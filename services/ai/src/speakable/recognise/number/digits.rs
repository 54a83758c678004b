//! Digits with the signs that any country writes between their groups and before their decimals:
//! `1,234.5`, `1.234,5`, `1 234,5`, `1'234.5`, `12,34,567`.

use super::super::Cx;
use crate::speakable::span::Number;

/// A number without what stands before and behind it.
#[derive(Debug, Clone)]
pub(in crate::speakable::recognise) struct Written {
    /// The number.
    pub(in crate::speakable::recognise) number: Number,
    /// Where it ends.
    pub(in crate::speakable::recognise) end: usize,
    /// Its decimal sign is not that of the language, and may be another sign: `27,50` in English.
    pub(in crate::speakable::recognise) foreign: bool,
}

/// Groups of one number that are looked at: more than any number has.
const MOST_GROUPS: usize = 16;
/// Digits of a group between two signs.
const GROUP: usize = 3;
/// Digits of a group of hundreds of thousands and more as India writes them.
const INDIAN_GROUP: usize = 2;

/// Digits in groups, with the sign before each group but the first.
struct Groups<'a> {
    signs: Vec<char>,
    groups: Vec<(&'a str, usize)>,
}

/// The number that begins at `at`: the longest that its digits can be read as.
pub(in crate::speakable::recognise) fn written(cx: &Cx<'_>, at: usize) -> Option<Written> {
    if let Some(written) = fraction_alone(cx, at) {
        return Some(written);
    }
    let groups = groups(cx, at)?;
    let all = groups.groups.len();
    (1..=all).rev().find_map(|count| {
        let (number, foreign) = interpret(cx, &groups, count)?;
        let cut = count == all || may_end(&groups, count, foreign);
        let end = groups.groups.get(count - 1)?.1;
        cut.then_some(Written { number, end, foreign })
    })
}

/// `.5`
fn fraction_alone(cx: &Cx<'_>, at: usize) -> Option<Written> {
    let before = at.checked_sub(1).and_then(|at| cx.char(at));
    let apart = cx.grammar.decimal == '.' && cx.char(at) == Some('.') && !before.is_some_and(char::is_alphanumeric);
    let (digits, end) = cx.digits_at(at + 1).filter(|_| apart)?;
    let goes_on = cx.char(end) == Some('.') && cx.digit(end + 1);
    let number = Number { fraction: Some(digits.to_owned()), ..Number::default() };
    (!goes_on).then_some(Written { number, end, foreign: false })
}

/// The groups of digits that begin at `at`.
fn groups<'a>(cx: &Cx<'a>, at: usize) -> Option<Groups<'a>> {
    let (first, mut end) = cx.digits_at(at)?;
    let mut found = Groups { signs: Vec::new(), groups: vec![(first, end)] };
    let spaces = cx.grammar.groups.contains(&' ') && first.len() <= GROUP && !follows_digits(cx, at);
    while found.groups.len() < MOST_GROUPS {
        let Some(sign) = cx.char(end).filter(|c| matches!(c, ',' | '.' | '\'' | ' ')) else { break };
        let Some((digits, after)) = cx.digits_at(end + 1) else { break };
        let whole = digits.len() == GROUP;
        let fits = match sign {
            ' ' => spaces && whole && found.signs.iter().all(|sign| *sign == ' '),
            '\'' => whole,
            _ => true,
        };
        if !fits {
            break;
        }
        found.signs.push(sign);
        found.groups.push((digits, after));
        end = after;
    }
    // What goes on with other digits behind a space is a row of numbers, and no number.
    if found.signs.last() == Some(&' ') && cx.char(end) == Some(' ') && cx.digit(end + 1) {
        found.signs.clear();
        found.groups.truncate(1);
    }
    Some(found)
}

/// Whether digits stand before `at`, a space between.
fn follows_digits(cx: &Cx<'_>, at: usize) -> bool {
    at.checked_sub(2).is_some_and(|before| cx.digit(before) && cx.char(before + 1) == Some(' '))
}

/// Whether the number may end behind so many groups although digits follow.
fn may_end(groups: &Groups<'_>, count: usize, foreign: bool) -> bool {
    let next = count.checked_sub(1).and_then(|at| groups.signs.get(at));
    let decimals = count > 1 && groups.signs.get(count - 2).is_some_and(|sign| *sign == '.');
    let parts = decimals && next == Some(&'.');
    !foreign && !parts
}

/// What the first groups are as a number, and whether that is doubtful in this language.
fn interpret(cx: &Cx<'_>, groups: &Groups<'_>, count: usize) -> Option<(Number, bool)> {
    let digits: Vec<&str> = groups.groups.iter().take(count).map(|(digits, _)| *digits).collect();
    let signs = groups.signs.get(..count.checked_sub(1)?)?;
    let (first, rest) = digits.split_first()?;
    let Some((last_sign, before)) = signs.split_last() else { return Some((Number::digits(first), false)) };
    let whole = |digits: &[&str]| Number { grouped: true, ..Number::digits(&digits.concat()) };
    let decimals = |number: Number, fraction: &str| Number { fraction: Some(fraction.to_owned()), ..number };
    let same = before.iter().all(|sign| sign == last_sign);
    if same && signs.len() > 1 {
        let indian = *last_sign == ',' && is_indian(&digits);
        return (is_grouped(&digits) || indian).then(|| (whole(&digits), false));
    }
    if let ([sign], [last]) = (signs, rest) {
        if *sign == cx.grammar.decimal {
            return Some((decimals(Number::digits(first), last), false));
        }
        if cx.grammar.groups.contains(sign) && is_grouped(&digits) {
            return Some((whole(&digits), false));
        }
        let point = matches!(sign, ',' | '.');
        return point.then(|| (decimals(Number::digits(first), last), true));
    }
    // Two signs: the last one stands before the decimals.
    let (fraction, wholes) = digits.split_last()?;
    let one = before.first().filter(|sign| before.iter().all(|other| other == *sign))?;
    let grouped = is_grouped(wholes) || (*one == ',' && is_indian(wholes));
    (matches!(last_sign, ',' | '.') && grouped).then(|| (decimals(whole(wholes), fraction), false))
}

/// Whether groups are those of a whole number: up to three digits, then three each.
fn is_grouped(digits: &[&str]) -> bool {
    let first = digits.first().is_some_and(|first| first.len() <= GROUP && !first.starts_with('0'));
    first && digits.iter().skip(1).all(|group| group.len() == GROUP)
}

/// Whether groups are those of India: `12,34,567`.
fn is_indian(digits: &[&str]) -> bool {
    let [first, middle @ .., last] = digits else { return false };
    first.len() <= INDIAN_GROUP
        && !first.starts_with('0')
        && !middle.is_empty()
        && middle.iter().all(|group| group.len() == INDIAN_GROUP)
        && last.len() == GROUP
}
