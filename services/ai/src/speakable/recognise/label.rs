//! Numbers that name things and count nothing: the number of a heading, account and card numbers,
//! ISBN and other keys in groups, what stands behind a word such as "PIN", and numbers that are
//! names (`911`, `a 747`).

mod serial;

use super::{Candidates, Cx};
use crate::speakable::MarkKind;
use crate::speakable::span::{Cost, Digits, Piece, Value};
use crate::speakable::text::TokenKind;

/// Groups that a key has at least: two are rather the ends of a range.
const FEWEST_GROUPS: usize = 3;
/// Digits of the number of a product or a standard that are said in pairs.
const DIGITS_OF_PRODUCT: usize = 4;
/// Groups of the longest key.
const MOST_GROUPS: usize = 10;
/// Lengths of the groups of card numbers (ISO/IEC 7812), as they are printed.
const CARDS: [&[usize]; 3] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// Proposes what a number names.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    outline(cx, out);
    if cx.glued_before() {
        return;
    }
    serial::propose(cx, out);
    if cx.token().kind == TokenKind::Digits && !behind_number(cx) {
        key(cx, out);
        card(cx, out);
        named(cx, out);
        product(cx, out);
    }
}

/// Whether a sign that belongs to a number stands between another number and this one.
pub(super) fn behind_number(cx: &Cx<'_>) -> bool {
    matches!(cx.before(), Some('.' | ',' | '-' | '–' | '/' | ':'))
        && cx.at.checked_sub(2).is_some_and(|at| cx.digit(at))
}

/// `2.1`, `3.`, `A.2`: the number of a heading, as the document marked it.
fn outline(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(mark) = cx.mark_at(cx.at).filter(|mark| mark.kind == MarkKind::Number) else { return };
    let end = (mark.range.end as usize).min(cx.text.chars.len());
    let parts = cx.slice(cx.at, end).split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let part = |part: &str| {
        if part.bytes().all(|b| b.is_ascii_digit()) {
            return Piece::Number(part.to_owned());
        }
        match super::roman::value(part).filter(|_| part.chars().count() > 1) {
            Some(value) => Piece::Number(value.to_string()),
            None => Piece::Letters(part.to_owned()),
        }
    };
    out.propose(end, Value::Outline(parts.map(part).collect()), Cost::CERTAIN);
}

/// Groups of digits with one of the signs between them, and where they end. A last X is a digit of
/// an ISBN.
fn groups(cx: &Cx<'_>, signs: &[char]) -> (Vec<String>, usize) {
    let (mut at, mut end) = (cx.at, cx.at);
    let mut found: Vec<String> = Vec::new();
    let mut sign: Option<char> = None;
    while found.len() < MOST_GROUPS {
        let check = || (cx.char(at) == Some('X') && !found.is_empty()).then_some(("X", at + 1));
        let Some((group, after)) = cx.digits_at(at).or_else(check) else { break };
        // The X of `…-12X` closes the last group.
        let last = cx.char(after) == Some('X') && !cx.glued_at(after + 1);
        let mut group = group.to_owned();
        if last {
            group.push('X');
        }
        end = after + usize::from(last);
        found.push(group);
        let next = cx.char(end).filter(|next| signs.contains(next) && sign.is_none_or(|sign| sign == *next));
        let Some(next) = next.filter(|_| cx.digit(end + 1) || cx.char(end + 1) == Some('X')) else { break };
        sign = Some(next);
        at = end + 1;
    }
    (found, end)
}

/// Digits in groups, or letters among them.
fn value(groups: Vec<String>) -> Value {
    if groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit())) {
        return Value::Digits(Digits { groups, paired: false });
    }
    Value::Serial(groups.into_iter().map(|group| vec![Piece::Letters(group)]).collect())
}

/// `978-3-16-148410-0`, `123-45-6789`: digits by groups.
fn key(cx: &Cx<'_>, out: &mut Candidates) {
    let (groups, end) = groups(cx, &['-', '–']);
    if groups.len() >= FEWEST_GROUPS && !cx.glued_at(end) {
        out.propose(end, value(groups), Cost::LIKELY);
    }
}

/// `4111 1111 1111 1111`.
fn card(cx: &Cx<'_>, out: &mut Candidates) {
    let (groups, end) = groups(cx, &[' ', '-']);
    let lengths: Vec<usize> = groups.iter().map(String::len).collect();
    if CARDS.contains(&lengths.as_slice()) && !cx.glued_at(end) {
        out.propose(end, value(groups), Cost::SURE);
    }
}

/// `ISO 8601`, `RTX 4090`: four digits behind an acronym.
fn product(cx: &Cx<'_>, out: &mut Candidates) {
    let (token, digits) = (cx.token(), cx.written());
    let name = cx
        .previous_word()
        .is_some_and(|word| word.chars().count() > 1 && word.chars().all(char::is_uppercase) && !cx.shouting);
    let spaced = cx.before() == Some(' ');
    let even = digits.ends_with("00") || digits.starts_with('0');
    let goes_on =
        cx.glued_at(token.end) || (matches!(cx.char(token.end), Some('.' | ',' | '%')) && cx.digit(token.end + 1));
    let counted = cx.next_word(token.end).is_some_and(|word| word.ends_with('s') && word.len() > 3);
    if name && spaced && digits.len() == DIGITS_OF_PRODUCT && !even && !goes_on && !counted {
        out.propose(token.end, Value::Identifier(vec![Piece::Number(digits.to_owned())]), Cost::LIKELY);
    }
}

/// `911` behind "call", `a 747`: numbers of the language's table that are said as names.
fn named(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let digits = cx.written();
    let Some(flag) = cx.grammar.get("named_numbers", digits) else { return };
    let decimal = matches!(cx.char(token.end), Some('.' | ',' | ':')) && cx.digit(token.end + 1);
    let amount = decimal || matches!(cx.char(token.end), Some('%' | '°' | '€' | '$' | '£'));
    if amount || cx.glued_at(token.end) {
        return;
    }
    if flag == "type" {
        // "the 747 passengers" are counted; "a 747" is one.
        let many = cx.next_word(token.end).is_some_and(|word| word.ends_with('s') && word.len() > 2);
        if cx.after_context("articles") || (cx.after_context("articles_definite") && !many) {
            out.propose(token.end, Value::Identifier(vec![Piece::Number(digits.to_owned())]), Cost::LIKELY);
        }
        return;
    }
    if cx.after_context("before_named_numbers") || cx.before_context("after_named_numbers", token.end) {
        let groups = vec![digits.to_owned()];
        out.propose(token.end, Value::Digits(Digits { groups, paired: false }), Cost::LIKELY);
    }
}
