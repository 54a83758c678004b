//! What is neither word nor number: signs with a name, punctuation as pauses, brackets, quotes,
//! bullets, and characters that are letters or digits in disguise.

mod pause;

use super::{Candidates, Cx, MOST_TOKENS};
use crate::speakable::span::{Cost, Digits, Number, Piece, Symbol, Value};
use crate::speakable::text::{Token, TokenKind, lowered, plain, raised};

/// Proposes what the sign at this place is; nothing is said only of what has no other reading.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(c) = cx.char(cx.at) else { return };
    let read = pause::read(cx, c).or_else(|| judged(cx, c));
    let named = named(cx, c, out);
    if let Some((value, end)) = read {
        out.propose(end, value, Cost::PLAIN);
    } else if !named && !by_itself(cx, c, out) {
        out.propose(cx.at + 1, Value::Silent, Cost::PLAIN);
    }
}

/// How often `c` stands from `at` on, as far as is looked.
fn run(cx: &Cx<'_>, at: usize, c: char) -> usize {
    (at..at + MOST_TOKENS).take_while(|at| cx.char(*at) == Some(c)).count()
}

fn alphanumeric(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Whether white space, or an end of the text, stands on both sides.
fn spaced(cx: &Cx<'_>, at: usize) -> bool {
    cx.before().is_none_or(char::is_whitespace) && cx.char(at).is_none_or(char::is_whitespace)
}

/// Signs of the common table, the longest that stands here. Signs of several characters that are
/// also written apart need white space around them, or something to compare. Whether the sign has a
/// name by itself.
fn named(cx: &Cx<'_>, c: char, out: &mut Candidates) -> bool {
    let mut named = false;
    let longest = cx.grammar.common.longest_sign(c);
    for length in (1..=longest).rev() {
        let end = cx.at + length;
        if cx.text.chars.len() < end {
            continue;
        }
        let Some(symbol) = cx.grammar.common.sign(cx.slice(cx.at, end)) else { continue };
        if length == 1 {
            if is_named_here(cx, c) {
                out.propose(end, Value::Symbol(symbol), Cost::PLAIN);
                named = true;
            }
        } else if !is_row(cx, end) {
            out.propose(end, Value::Symbol(symbol), Cost::LIKELY);
        }
    }
    named
}

/// Whether a sign of one character has its name here: no part of a line that is drawn with it, and
/// no bullet.
fn is_named_here(cx: &Cx<'_>, c: char) -> bool {
    let around = run(cx, cx.at, c) + (0..cx.at).rev().take_while(|at| cx.char(*at) == Some(c)).take(3).count();
    let drawn = match c {
        '=' | '+' => around > 2,
        '∙' | '⋅' => spaced(cx, cx.at + 1),
        '@' => !alphanumeric(cx.char(cx.at + 1)) && !spaced(cx, cx.at + 1),
        _ => false,
    };
    !drawn
}

/// Whether the signs up to `end` are part of a longer row of such signs, which is drawn: `<===>`,
/// `----->`; and an arrow before digits is a comparison: `x<-5`.
fn is_row(cx: &Cx<'_>, end: usize) -> bool {
    let sign = |c: Option<char>| matches!(c, Some('-' | '=' | '<' | '>' | '|' | '&'));
    let left = cx.slice(cx.at, end);
    let number = left.ends_with('-') && cx.digit(end);
    let logical = matches!(left, "&&" | "||") && !spaced(cx, end);
    let underline = left == "===" && !(spaced(cx, end) && cx.at > 0 && alphanumeric(cx.char(cx.skip_spaces(end))));
    sign(cx.before()) || sign(cx.char(end)) || number || logical || underline
}

/// Signs that mean several things, by what stands around them.
fn judged(cx: &Cx<'_>, c: char) -> Option<(Value, usize)> {
    let at = cx.at;
    let (previous, next) = (cx.before(), cx.char(at + 1));
    let glued = alphanumeric(previous) && alphanumeric(next);
    let symbol = |symbol| Some((Value::Symbol(symbol), at + 1));
    match c {
        '<' if (spaced(cx, at + 1) && run(cx, at, '<') == 1) || (compares(cx) && !in_angles(cx)) => {
            symbol(Symbol::LESS)
        }
        '>' if compares(cx) && !in_angles(cx) => symbol(Symbol::GREATER),
        '/' if spaced(cx, at + 1) && divides(cx) => symbol(Symbol::OVER),
        '*' if spaced(cx, at + 1) && previous.is_some() && next.is_some() && cx.between_values() => {
            symbol(Symbol::TIMES)
        }
        '*' | '·' if glued && between_terms(cx) => symbol(Symbol::TIMES),
        '#' if next.is_some_and(|c| c.is_ascii_digit()) => symbol(Symbol::NUMBER),
        '#' if next.is_some_and(char::is_alphabetic) && previous.is_none_or(char::is_whitespace) => {
            symbol(Symbol::HASHTAG)
        }
        '~' if spaced(cx, at + 1) && previous.is_some() && next.is_some() => symbol(Symbol::ABOUT),
        '§' => symbol(Symbol("section")),
        '.' if alphanumeric(next) => symbol(Symbol::DOT),
        '$' if glued => None,
        _ => cx.grammar.common.money_char(c).map(|currency| (Value::Currency(currency), at + 1)),
    }
}

/// Whether something that may be compared stands on both sides of a sign.
fn compares(cx: &Cx<'_>) -> bool {
    let before = cx.back().find(|token| token.kind != TokenKind::Space).and_then(|token| cx.char(token.end - 1));
    let left = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '%' | '"' | '\'' | '°'));
    let next = cx.char(cx.skip_spaces(cx.at + 1));
    let money = |c: char| cx.grammar.common.money_char(c).is_some();
    left && next
        .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '−' | '(' | '"' | '√' | '∞' | '|') || money(c))
}

/// Whether a slash with white space around it stands between two numbers, letters or units.
fn divides(cx: &Cx<'_>) -> bool {
    let term = |token: Token| {
        let single = token.kind == TokenKind::Word && token.end - token.start == 1;
        let raised = cx.char(token.start).is_some_and(|c| raised(c).is_some());
        token.kind == TokenKind::Digits || single || raised
    };
    let unit =
        |token: Token| token.kind == TokenKind::Word && cx.grammar.unit(cx.slice(token.start, token.end)).is_some();
    cx.token_at(-2).is_some_and(|token| term(token) || unit(token)) && cx.token_at(2).is_some_and(term)
}

/// Characters around a sign among which the one is looked for that closes it, or opened it.
const ANGLES_REACH: usize = 40;

/// Whether the sign is one of two that enclose a word, without white space between them:
/// `Vec<u8>`.
fn in_angles(cx: &Cx<'_>) -> bool {
    let ends = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let closes = (cx.at + 1..cx.at + ANGLES_REACH).map(|at| cx.char(at)).take_while(|c| !ends(*c));
    let opens = (cx.at.saturating_sub(ANGLES_REACH)..cx.at).rev().map(|at| cx.char(at)).take_while(|c| !ends(*c));
    match cx.char(cx.at) {
        Some('<') => closes.into_iter().any(|c| c == Some('>')),
        _ => opens.into_iter().any(|c| c == Some('<')),
    }
}

/// Whether a number or a single letter touches the sign here from each side.
fn between_terms(cx: &Cx<'_>) -> bool {
    let term = |offset| {
        cx.token_at(offset).is_some_and(|token| {
            token.kind == TokenKind::Digits || (token.kind == TokenKind::Word && token.end - token.start == 1)
        })
    };
    term(-1) && term(1)
}

/// Characters that are letters or digits in disguise: `⑳`, `²` by itself, `₂`. Marks of trade are
/// not heard. Whether it is one.
fn by_itself(cx: &Cx<'_>, c: char, out: &mut Candidates) -> bool {
    if c.is_ascii() || matches!(c, '™' | '®' | '℠' | '℗') {
        return false;
    }
    let end = cx.at + 1;
    if let Some(digit) = raised(c).or_else(|| lowered(c)).filter(char::is_ascii_digit) {
        let groups = vec![digit.to_string()];
        out.propose(end, Value::Digits(Digits { groups, paired: false }), Cost::PLAIN);
        return true;
    }
    let Some(text) = plain(c) else { return false };
    if text.bytes().all(|b| b.is_ascii_digit()) {
        out.propose(end, Value::Cardinal(Number::digits(&text)), Cost::PLAIN);
        return true;
    }
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let pieces: Vec<Piece> = parts.map(|part| super::identifier::piece(cx.grammar, part.to_owned())).collect();
    let says = !pieces.is_empty();
    if says {
        out.propose(end, Value::Identifier(pieces), Cost::PLAIN);
    }
    says
}
