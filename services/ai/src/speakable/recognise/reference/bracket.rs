//! Numbers of parts in brackets: a row of them behind a label that leads several (`Eqs. (3) and
//! (4)`, `Equations (3)–(5)`), and the smaller parts behind a number (`Figs. 2(a) and 2(b)`, `Rule
//! 12(b)(6)`). None of them is set apart by pauses, as what else stands in brackets is.

use super::super::{Candidates, Cx, roman};
use super::{between, labelled};
use crate::speakable::grammar::LabelWord;
use crate::speakable::span::{Cost, Locator, Piece, Symbol, Value};
use crate::speakable::text::TokenKind;

/// Numbers in one pair of brackets.
const MOST_NUMBERS: usize = 8;
/// Tokens between two numbers in brackets: commas, spaces and words that join.
const MOST_JOINTS: usize = 6;
/// Brackets that touch one another behind a number.
const MOST_LEVELS: usize = 6;
/// Characters of the longest smaller part in its brackets: `(xviii)`.
const LONGEST_PART: usize = 8;
/// Digits of a smaller part.
const MOST_DIGITS: usize = 2;

/// Proposes what a bracket that opens here encloses.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    row(cx, out);
    smaller(cx, out);
}

/// The numbers in brackets at `at`, or from one such number to another: `(3)`, `[3, 4]`,
/// `(3)–(5)`; and where the last bracket ends.
pub(super) fn numbers(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Vec<Locator>, usize)> {
    let (first, end) = enclosed(cx, at, label)?;
    if let ([from], Some('-' | '–')) = (first.as_slice(), cx.char(end))
        && let Some((last, after)) = enclosed(cx, end + 1, label)
        && let [to] = last.as_slice()
    {
        return Some((vec![Locator::Between(Box::new((from.clone(), to.clone())))], after));
    }
    Some((first, end))
}

/// The numbers between the bracket at `at` and the one that closes it.
fn enclosed(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Vec<Locator>, usize)> {
    let closing = match cx.char(at)? {
        '(' => ')',
        '[' => ']',
        _ => return None,
    };
    let (first, mut end) = between(cx, at + 1, label)?;
    let mut found = vec![first];
    while cx.char(end) == Some(',') && found.len() < MOST_NUMBERS {
        let (next, after) = between(cx, cx.skip_space(end + 1)?, label)?;
        found.push(next);
        end = after;
    }
    (cx.char(end) == Some(closing)).then_some((found, end + 1))
}

/// `(4)` of `Eqs. (3) and (4)`. What stands in brackets by itself is rather a remark: `all pages
/// (12)`.
fn row(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || !matches!(cx.char(cx.at), Some('(' | '[')) {
        return;
    }
    let Some(label) = labelled(cx).map(|found| found.word).filter(|label| label.many) else { return };
    let Some((numbers, end)) = numbers(cx, cx.at, label).filter(|(_, end)| !cx.glued_at(*end)) else { return };
    if let [number] = numbers.as_slice()
        && (matches!(number, Locator::Between(_)) || is_beside_another(cx, end))
    {
        out.propose(end, Value::Locator(number.clone()), Cost::LIKELY);
    }
}

/// Whether another number in brackets stands before the one here, or behind its `end`, with nothing
/// but what joins the two between.
fn is_beside_another(cx: &Cx<'_>, end: usize) -> bool {
    let before = cx.back().take(MOST_JOINTS).find(|token| {
        let joins = token.kind == TokenKind::Word && cx.in_context("joints", cx.slice(token.start, token.end));
        !joins && token.kind != TokenKind::Space && !matches!(cx.char(token.start), Some(',' | '&'))
    });
    let follows = before.is_some_and(|token| matches!(cx.char(token.start), Some(')' | ']')));
    let start = cx.skip_spaces(end + usize::from(cx.char(end) == Some(',')));
    let joint = cx.word_at(start).filter(|(word, _)| cx.in_context("joints", word));
    let next = joint.map_or(start, |(_, after)| cx.skip_spaces(after));
    follows || (matches!(cx.char(next), Some('(' | '[')) && cx.digit(next + 1))
}

/// `(b)`, `(6)`, `(iv)`, `(a)–(c)` that touch a number, or other brackets behind one.
fn smaller(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((first, mut end)) = smaller_part(cx, cx.at).filter(|_| is_behind_number(cx)) else { return };
    let mut pieces = vec![first];
    if matches!(cx.char(end), Some('-' | '–'))
        && let Some((last, after)) = smaller_part(cx, end + 1)
    {
        pieces.extend([Piece::Symbol(Symbol::TO), last]);
        end = after;
    }
    if !cx.glued_at(end) {
        out.propose(end, Value::Identifier(pieces), Cost::LIKELY);
    }
}

/// The smaller part in brackets at `at`: a letter, a number, or a small Roman numeral.
fn smaller_part(cx: &Cx<'_>, at: usize) -> Option<(Piece, usize)> {
    let inside = at + 1;
    if cx.char(at) != Some('(') {
        return None;
    }
    let (piece, end) = if let Some((digits, end)) = cx.digits_at(inside) {
        (digits.len() <= MOST_DIGITS).then(|| (Piece::Number(digits.to_owned()), end))?
    } else {
        let (letters, end) = cx.letters_at(inside).filter(|(letters, _)| letters.is_ascii())?;
        let small = letters.len() > 1 && letters.bytes().all(|b| b.is_ascii_lowercase());
        let piece = match roman::value(letters).filter(|_| small) {
            Some(value) => Piece::Number(value.to_string()),
            None if letters.len() == 1 => Piece::Letters(letters.to_owned()),
            None => return None,
        };
        (piece, end)
    };
    (cx.char(end) == Some(')')).then_some((piece, end + 1))
}

/// Whether a number touches the bracket here, perhaps with other brackets between. Behind the
/// number itself stands a letter or a numeral, and no ending of a word (`2(s)`).
fn is_behind_number(cx: &Cx<'_>) -> bool {
    let behind = |at: usize| at.checked_sub(1).and_then(|at| cx.char(at));
    if behind(cx.at).is_some_and(|c| c.is_ascii_digit()) {
        let letters = cx.letters_at(cx.at + 1).map(|(letters, _)| letters);
        return letters.is_some_and(|letters| !cx.grammar.context("optional_endings", letters));
    }
    let mut at = cx.at;
    for _ in 0..MOST_LEVELS {
        match behind(at) {
            Some(')') => {
                let opens = (at.saturating_sub(LONGEST_PART)..at).rev().find(|at| cx.char(*at) == Some('('));
                let Some(opens) = opens else { return false };
                at = opens;
            }
            Some(c) if c.is_ascii_digit() => return at < cx.at,
            _ => return false,
        }
    }
    false
}
