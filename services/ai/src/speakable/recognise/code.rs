//! Inline code that the document marked: identifiers as names, operators by name, brackets and
//! quotes silent.

use super::identifier;
use super::web::address;
use super::{Candidates, Cx};
use crate::speakable::MarkKind;
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Cost, Piece, Symbol, Value};

/// Operators of two characters, each with the id of its sign; those without one are silent.
const PAIRS: [(&str, Option<Symbol>); 15] = [
    ("==", Some(Symbol::EQUALS)),
    ("!=", Some(Symbol("not_equal"))),
    ("<=", Some(Symbol("at_most"))),
    (">=", Some(Symbol("at_least"))),
    ("&&", Some(Symbol("logical_and"))),
    ("||", Some(Symbol("logical_or"))),
    ("->", Some(Symbol("arrow_right"))),
    ("=>", Some(Symbol("arrow_right"))),
    ("+=", Some(Symbol::PLUS)),
    (":=", Some(Symbol::EQUALS)),
    ("::", None),
    ("//", None),
    ("--", None),
    ("/*", None),
    ("*/", None),
];

/// Signs that are code by themselves, each with the id of its sign.
const ALONE: [(char, Symbol); 9] = [
    ('*', Symbol("asterisk")),
    ('^', Symbol("caret")),
    ('~', Symbol("tilde")),
    ('|', Symbol("vertical_bar")),
    ('/', Symbol::SLASH),
    ('\\', Symbol("backslash")),
    (':', Symbol("colon")),
    ('.', Symbol::DOT),
    ('-', Symbol::MINUS),
];

/// Proposes code that begins here. An address that is set as code is one.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(mark) = cx.mark_at(cx.at).filter(|mark| mark.kind == MarkKind::Code) else { return };
    let end = (mark.range.end as usize).min(cx.text.chars.len());
    let text = cx.slice(cx.at, end);
    let url = text.contains("://") && !text.contains(char::is_whitespace);
    let value = url.then(|| address(cx, text)).flatten();
    out.propose(end, value.unwrap_or_else(|| Value::Code(pieces(cx.grammar, text))), Cost::CERTAIN);
}

/// An expression piece by piece.
pub(super) fn pieces(grammar: &Grammar, text: &str) -> Vec<Piece> {
    let mut chars = text.trim().chars();
    if let (Some(sign), None) = (chars.next(), chars.next())
        && let Some((_, symbol)) = ALONE.iter().find(|(alone, _)| *alone == sign)
    {
        return vec![Piece::Symbol(*symbol)];
    }
    let reader = Reader { chars: text.chars().collect(), grammar };
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < reader.chars.len() {
        at = reader.step(at, &mut pieces);
    }
    pieces
}

struct Reader<'a> {
    chars: Vec<char>,
    grammar: &'a Grammar,
}

impl Reader<'_> {
    fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.char(at))
    }

    fn has(&self, at: usize, what: &str) -> bool {
        what.chars().enumerate().all(|(offset, c)| self.char(at + offset) == Some(c))
    }

    /// The pieces of what stands at `at`, and where it ends.
    fn step(&self, at: usize, pieces: &mut Vec<Piece>) -> usize {
        let name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if name(self.char(at)) {
            let end = (at..).find(|at| !name(self.char(*at))).unwrap_or(self.chars.len());
            let run: String = self.chars.get(at..end).unwrap_or_default().iter().collect();
            let digits = run.chars().all(|c| c.is_ascii_digit());
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            // The digits behind a decimal point.
            let decimals = self.before(at) == Some('.') && digit(at.checked_sub(2).and_then(|at| self.char(at)));
            if digits && decimals {
                pieces.push(Piece::Digits(run));
            } else {
                pieces.extend(identifier::pieces(self.grammar, &run));
            }
            if digits && self.char(end) == Some('.') && digit(self.char(end + 1)) {
                pieces.push(Piece::Symbol(Symbol::POINT));
            }
            return end;
        }
        if self.has(at, "++") {
            pieces.extend([Piece::Symbol(Symbol::PLUS), Piece::Symbol(Symbol::PLUS)]);
            return at + 2;
        }
        if let Some((_, symbol)) = PAIRS.iter().find(|(pair, _)| self.has(at, pair)) {
            pieces.extend(symbol.map(Piece::Symbol));
            return at + 2;
        }
        pieces.extend(self.char(at).and_then(|c| self.sign(at, c)).map(Piece::Symbol));
        at + 1
    }

    /// The sign that is said for one character.
    fn sign(&self, at: usize, c: char) -> Option<Symbol> {
        let (before, next) = (self.before(at), self.char(at + 1));
        let spaced = before == Some(' ') && next == Some(' ');
        let term = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let ends = |c: Option<char>| term(c) || matches!(c, Some(')' | ']'));
        let between = spaced || (ends(before) && (term(next) || next == Some('(')));
        match c {
            '+' => Some(Symbol::PLUS),
            '=' => Some(Symbol::EQUALS),
            '%' => Some(Symbol("percent")),
            '&' => Some(Symbol::AND),
            '@' => Some(Symbol::AT),
            '*' if between => Some(Symbol::TIMES),
            '-' if spaced || (!term(before) && next.is_some_and(|c| c.is_ascii_digit())) => Some(Symbol::MINUS),
            '/' if spaced => Some(Symbol::DIVIDED_BY),
            '<' if spaced || (between && !self.encloses(at)) => Some(Symbol::LESS),
            '>' if spaced || (between && !self.encloses(at)) => Some(Symbol::GREATER),
            '!' if term(next) || next == Some('(') => Some(Symbol("not")),
            _ => self.grammar.common.sign(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Whether the angle bracket at `at` is one of two that enclose types: `Vec<u8>`.
    fn encloses(&self, at: usize) -> bool {
        let inside = |c: &&char| !c.is_whitespace();
        let (before, behind) = self.chars.split_at(at.min(self.chars.len()));
        match self.char(at) {
            Some('<') => behind.iter().take_while(inside).any(|c| *c == '>'),
            _ => before.iter().rev().take_while(inside).any(|c| *c == '<'),
        }
    }
}
