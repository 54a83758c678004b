//! What stands before a number: `-5`, `+/- 2`, `~5`, `≤ 3`.

use super::super::Cx;
use crate::speakable::span::{Bound, Sign};
use crate::speakable::text::TokenKind;

/// Tokens of a text that is an amount and no more.
const MOST_TOKENS_ALONE: usize = 7;

/// What stands before a number.
#[derive(Debug, Clone, Copy)]
pub(in crate::speakable::recognise) struct Lead {
    /// The sign.
    pub(in crate::speakable::recognise) sign: Sign,
    /// The bound.
    pub(in crate::speakable::recognise) bound: Option<Bound>,
    /// Where the number, or the sign of a currency, begins.
    pub(in crate::speakable::recognise) at: usize,
}

/// What stands before the number at `at`; nothing where no number follows.
pub(in crate::speakable::recognise) fn lead(cx: &Cx<'_>, at: usize) -> Lead {
    let none = Lead { sign: Sign::None, bound: None, at };
    let (bound, behind) = match bound(cx, at) {
        Some((bound, behind)) => (Some(bound), behind),
        None => (None, at),
    };
    let (sign, start) = sign(cx, behind).unwrap_or((Sign::None, behind));
    if start > at && (begins(cx, start) || (money(cx, start) && begins(cx, start + 1))) {
        Lead { sign, bound, at: start }
    } else {
        none
    }
}

/// Whether a number begins at `at`.
fn begins(cx: &Cx<'_>, at: usize) -> bool {
    cx.digit(at) || (cx.char(at) == Some(cx.grammar.decimal) && cx.digit(at + 1))
}

fn money(cx: &Cx<'_>, at: usize) -> bool {
    cx.char(at).is_some_and(|c| cx.grammar.common.money_char(c).is_some())
}

fn before(cx: &Cx<'_>, at: usize) -> Option<char> {
    at.checked_sub(1).and_then(|at| cx.char(at))
}

/// The place behind one space at `at`, or `at`.
fn spaced(cx: &Cx<'_>, at: usize) -> usize {
    at + usize::from(cx.char(at) == Some(' ') && !cx.char(at + 1).is_some_and(char::is_whitespace))
}

fn bound(cx: &Cx<'_>, at: usize) -> Option<(Bound, usize)> {
    let equals = cx.char(at + 1) == Some('=');
    let (bound, length) = match cx.char(at)? {
        '~' | '≈' | '∼' => (Bound::About, 1),
        '≤' | '⩽' => (Bound::AtMost, 1),
        '≥' | '⩾' => (Bound::AtLeast, 1),
        '<' if equals => (Bound::AtMost, 2),
        '>' if equals => (Bound::AtLeast, 2),
        '<' => (Bound::LessThan, 1),
        // At the start of a text a chevron before a space is that of a quotation.
        '>' if at > 0 || begins(cx, 1) || money(cx, 1) || is_alone(cx) => (Bound::MoreThan, 1),
        _ => return None,
    };
    let glued = before(cx, at).is_some_and(|c| c.is_alphanumeric() || "<>=-−—".contains(c));
    let behind = spaced(cx, at + length);
    let related = bound != Bound::About && (follows_value(cx, at) || (behind > at + length && follows_letter(cx, at)));
    (!glued && !related).then_some((bound, behind))
}

/// Whether the text has an amount and no more, as a cell of a table does.
fn is_alone(cx: &Cx<'_>) -> bool {
    let tokens = &cx.text.tokens;
    tokens.len() <= MOST_TOKENS_ALONE && tokens.iter().filter(|token| token.kind == TokenKind::Word).count() <= 1
}

/// Whether a comparison at `at` follows a letter by itself, which is then one side of it.
fn follows_letter(cx: &Cx<'_>, at: usize) -> bool {
    word_before(cx, at).is_some_and(|word| word.chars().count() == 1)
}

/// Whether what stands before `at` is a value that is compared.
fn follows_value(cx: &Cx<'_>, at: usize) -> bool {
    let last = (0..at).rev().filter_map(|at| cx.char(at)).find(|c| !c.is_whitespace());
    let closes = |c: char| c.is_ascii_digit() || matches!(c, ')' | ']' | '%' | '²' | '³' | '°');
    last.is_some_and(closes)
        || word_before(cx, at).is_some_and(|word| {
            let greek = word.chars().any(|c| cx.grammar.common.greek(c));
            greek || (word.chars().count() == 1 && !cx.in_context("articles", word))
        })
}

fn word_before<'a>(cx: &Cx<'a>, at: usize) -> Option<&'a str> {
    let tokens = cx.text.tokens.get(..cx.text.tokens.partition_point(|token| token.start < at)).unwrap_or_default();
    let token = tokens.iter().rev().find(|token| token.kind != TokenKind::Space)?;
    (token.kind == TokenKind::Word).then(|| cx.slice(token.start, token.end))
}

fn sign(cx: &Cx<'_>, at: usize) -> Option<(Sign, usize)> {
    let open = |c: char| {
        c.is_whitespace() || matches!(c, '(' | '[' | '"' | '=' | ',' | '/' | '^' | '~' | '<' | '>' | '≈' | '≤' | '≥')
    };
    let free = before(cx, at).is_none_or(open);
    match cx.char(at)? {
        '±' => Some((Sign::PlusMinus, spaced(cx, at + 1))),
        '+' if cx.char(at + 1) == Some('/') && matches!(cx.char(at + 2), Some('-' | '−' | '–')) => {
            Some((Sign::PlusMinus, spaced(cx, at + 3)))
        }
        '-' | '−' | '–' if free => Some((Sign::Minus, at + 1)),
        '+' if free => Some((Sign::Plus, at + 1)),
        _ => None,
    }
}
