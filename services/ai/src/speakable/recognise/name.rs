//! Names that a table knows or whose signs are part of them (`.NET`, `C++`, `C#`, `TCP/IP`), and
//! the endings of what other recognisers read.

use super::identifier::piece;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Ending, Piece, Symbol, Value};
use crate::speakable::text::TokenKind;

/// Characters of the longest name of a table.
const LONGEST: usize = 24;

/// Proposes names and endings.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    ending(cx, out);
    if cx.glued_before() {
        return;
    }
    if let Some((said, end)) = cx.longest_entry("words", cx.at, LONGEST).filter(|(said, _)| !said.is_empty()) {
        out.propose(end, Value::Listed(said.to_owned()), Cost::CERTAIN);
    }
    if cx.token().kind == TokenKind::Word {
        alternatives(cx, out);
        plus_plus(cx, out);
        sharp(cx, out);
    }
}

/// `he/she`, `yes/no`: words of which either may stand. A stroke touches the first one, so that the
/// table need not be one of those that a plain word is looked for in.
fn alternatives(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.char(cx.token().end) == Some('/')
        && let Some((said, end)) = cx.longest_entry("alternatives", cx.at, LONGEST)
    {
        out.propose(end, Value::Listed(said.to_owned()), Cost::CERTAIN);
    }
}

/// The ending of what another recogniser read, in languages that have such: the possessive of a
/// name with digits (`lme4's`) and of code, the plural of code and of what is quoted (`typedef`s,
/// "NA"s).
fn ending(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(before) = cx.before().filter(|_| cx.grammar.context("endings", "s")) else { return };
    let possessive = cx.char(cx.at) == Some('\'');
    let letter = cx.at + usize::from(possessive);
    if cx.char(letter) != Some('s') || cx.glued_at(letter + 1) {
        return;
    }
    let quoted = || before == '"' && cx.at.checked_sub(2).and_then(|at| cx.char(at)).is_some_and(char::is_alphanumeric);
    let attached =
        if possessive { before.is_alphanumeric() || before == ')' } else { cx.code_ends_at(cx.at) || quoted() };
    if attached {
        let ending = if possessive { Ending::Possessive } else { Ending::Plural };
        out.propose(letter + 1, Value::Ending(ending), Cost::SURE);
    }
}

/// `C++`, `g++`, `C++11`; and `C(++)`, which is the one or the other.
fn plus_plus(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((written, end)) = cx.letters_at(cx.at) else { return };
    if !matches!(cx.char(end), Some('+' | '(')) {
        return;
    }
    let name = || piece(cx.grammar, written.to_owned());
    let plus = [Piece::Symbol(Symbol::PLUS), Piece::Symbol(Symbol::PLUS)];
    if cx.has(end, "(++)") && written.chars().count() == 1 {
        let mut pieces = vec![name(), Piece::Symbol(Symbol::OR), name()];
        pieces.extend(plus);
        out.propose(end + "(++)".len(), Value::Identifier(pieces), Cost::SURE);
        return;
    }
    let goes_on = |c: char| c.is_alphabetic() || matches!(c, '+' | '_');
    if cx.has(end, "++") && !cx.char(end + 2).is_some_and(goes_on) {
        let mut pieces = vec![name()];
        pieces.extend(plus);
        out.propose(end + "++".len(), Value::Identifier(pieces), Cost::SURE);
    }
}

/// `C#`, `F#`: a language, or a note, which go by letters up to G.
fn sharp(cx: &Cx<'_>, out: &mut Candidates) {
    let letter = cx.char(cx.at).filter(|c| matches!(c, 'A'..='G'));
    let Some(letter) = letter.filter(|_| cx.char(cx.at + 1) == Some('#') && !cx.glued_at(cx.at + 2)) else { return };
    let pieces = vec![Piece::Letters(letter.to_string()), Piece::Symbol(Symbol("sharp"))];
    out.propose(cx.at + 2, Value::Identifier(pieces), Cost::SURE);
}
