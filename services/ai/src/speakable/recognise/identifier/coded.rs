//! What a sign or its form tells from words: tickers of shares, variables of a shell, colours,
//! numbers in hexadecimal, code points, UUIDs, handles.

use super::super::{Candidates, Cx};
use super::{is_named, pieces, run_end};
use crate::speakable::span::{Cost, Handle, Piece, Symbol, Value};
use crate::speakable::text::TokenKind;

/// Letters of the longest ticker.
const LONGEST_TICKER: usize = 5;
/// Lengths of the groups of a UUID (RFC 9562, section 4).
const UUID: [usize; 5] = [8, 4, 4, 4, 12];
/// Lengths of the groups of the address of a network card (RFC 7042, section 2.1).
const MAC: [usize; 6] = [2; 6];
/// Digits of a code point of Unicode.
const CODE_POINT: std::ops::RangeInclusive<usize> = 4..=6;

/// Proposes them.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    match (cx.token().kind, cx.char(cx.at)) {
        (TokenKind::Symbol, Some('$')) => dollar(cx, out),
        (TokenKind::Symbol, Some('#')) => {
            colour(cx, out);
            handle(cx, Symbol::HASHTAG, out);
        }
        (TokenKind::Symbol, Some('@')) => handle(cx, Symbol::AT, out),
        (TokenKind::Digits, _) => {
            hexadecimal(cx, out);
            quoted(cx, out);
            grouped(cx, out);
        }
        (TokenKind::Word, _) => {
            quoted(cx, out);
            code_point(cx, out);
            grouped(cx, out);
        }
        (TokenKind::Symbol | TokenKind::Space, _) => {}
    }
}

/// Capitals that are the short name of a company.
fn is_ticker(word: &str) -> bool {
    !word.is_empty() && word.len() <= LONGEST_TICKER && word.bytes().all(|b| b.is_ascii_uppercase())
}

/// `$AAPL`, `$HOME`, `${name}`, `$item`.
fn dollar(cx: &Cx<'_>, out: &mut Candidates) {
    let braced = cx.char(cx.at + 1) == Some('{');
    let start = cx.at + 1 + usize::from(braced);
    let end = run_end(cx, start);
    let name = cx.slice(start, end);
    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !letter || (braced && cx.char(end) != Some('}')) {
        return;
    }
    let amount = || cx.digit(cx.skip_spaces(end));
    if is_ticker(name) && !braced && !is_named(cx.grammar, name, "variable") {
        if !amount() {
            out.propose(end, Value::Identifier(vec![Piece::Letters(name.to_owned())]), Cost::SURE);
        }
        return;
    }
    let variable = || {
        let lower = if name.contains(char::is_lowercase) { name.to_owned() } else { name.to_lowercase() };
        Value::Identifier(pieces(cx.grammar, &lower))
    };
    out.propose(end + usize::from(braced), variable(), Cost::LIKELY);
}

/// `MSFT` behind `NASDAQ:`, `0700` behind `HKEX:`.
fn quoted(cx: &Cx<'_>, out: &mut Candidates) {
    let mut back = cx.back().skip_while(|token| token.kind == TokenKind::Space);
    let colon = back.next().is_some_and(|token| cx.char(token.start) == Some(':'));
    let exchange = back.find(|token| token.kind != TokenKind::Space);
    let exchange = exchange.filter(|token| colon && token.kind == TokenKind::Word);
    if !exchange.is_some_and(|token| is_named(cx.grammar, cx.slice(token.start, token.end), "exchange")) {
        return;
    }
    let end = run_end(cx, cx.at);
    let name = cx.slice(cx.at, end);
    let piece = if is_ticker(name) {
        Piece::Letters(name.to_owned())
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        Piece::Digits(name.to_owned())
    } else {
        return;
    };
    out.propose(end, Value::Identifier(vec![piece]), Cost::SURE);
}

/// Whether all characters are digits in hexadecimal.
fn is_hexadecimal(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `#FF5733`, `#fff`: six digits, or a form of them (CSS Color Module Level 4, section 5.2), and
/// neither a number (`#123`) nor a word (`#cafe`) unless a word about colours stands before.
fn colour(cx: &Cx<'_>, out: &mut Candidates) {
    let end = run_end(cx, cx.at + 1);
    let digits = cx.slice(cx.at + 1, end);
    if !is_hexadecimal(digits) || !matches!(digits.len(), 3 | 4 | 6 | 8) {
        return;
    }
    let numbers = digits.bytes().any(|b| b.is_ascii_digit());
    let letters = digits.bytes().any(|b| b.is_ascii_alphabetic());
    let same = digits.bytes().all(|b| Some(b) == digits.bytes().next());
    let small = digits.bytes().any(|b| b.is_ascii_lowercase());
    let with_letters = letters && (numbers || same || !small);
    let with_digits = numbers && digits.len() > 4 && (same || digits.starts_with('0'));
    if with_letters || with_digits || cx.after_context("colours") {
        out.propose(end, Value::Hex { colour: true, digits: digits.to_owned() }, Cost::SURE);
    }
}

/// `0x1F4A9`.
fn hexadecimal(cx: &Cx<'_>, out: &mut Candidates) {
    let end = run_end(cx, cx.at);
    let run = cx.slice(cx.at, end);
    let digits = run.strip_prefix("0x").or_else(|| run.strip_prefix("0X")).filter(|digits| is_hexadecimal(digits));
    if let Some(digits) = digits {
        out.propose(end, Value::Hex { colour: false, digits: digits.to_owned() }, Cost::SURE);
    }
}

/// `U+1F600`.
fn code_point(cx: &Cx<'_>, out: &mut Candidates) {
    if !cx.has(cx.at, "U+") {
        return;
    }
    let end = run_end(cx, cx.at + 2);
    let digits = cx.slice(cx.at + 2, end);
    if is_hexadecimal(digits) && CODE_POINT.contains(&digits.len()) {
        let pieces =
            vec![Piece::Letters("U".to_owned()), Piece::Symbol(Symbol::PLUS), Piece::Letters(digits.to_owned())];
        out.propose(end, Value::Identifier(pieces), Cost::SURE);
    }
}

/// `123e4567-e89b-12d3-a456-426614174000`, `00:1A:2B:3C:4D:5E`.
fn grouped(cx: &Cx<'_>, out: &mut Candidates) {
    groups_of(cx, &UUID, '-', out);
    groups_of(cx, &MAC, ':', out);
    groups_of(cx, &MAC, '-', out);
}

/// Groups of digits in hexadecimal, of such lengths, with a sign between them.
fn groups_of(cx: &Cx<'_>, lengths: &[usize], sign: char, out: &mut Candidates) {
    let (mut at, mut groups) = (cx.at, Vec::with_capacity(lengths.len()));
    for length in lengths.iter().copied() {
        if !groups.is_empty() {
            if cx.char(at) != Some(sign) {
                return;
            }
            at += 1;
        }
        let group = cx.slice(at, at + length);
        if group.len() != length || !is_hexadecimal(group) {
            return;
        }
        groups.push(vec![Piece::Letters(group.to_owned())]);
        at += length;
    }
    if !cx.glued_at(at) {
        out.propose(at, Value::Serial(groups), Cost::CERTAIN);
    }
}

/// `@name`, `#topic`.
fn handle(cx: &Cx<'_>, sign: Symbol, out: &mut Candidates) {
    let free = cx.before().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '"' | ',' | '.' | ':' | '/'));
    let end = run_end(cx, cx.at + 1);
    let name = cx.slice(cx.at + 1, end);
    let host = cx.char(end) == Some('.') && cx.glued_at(end + 1);
    if free && !host && name.starts_with(char::is_alphabetic) {
        out.propose(end, Value::Handle(Handle { sign, name: pieces(cx.grammar, name) }), Cost::LIKELY);
    }
}
