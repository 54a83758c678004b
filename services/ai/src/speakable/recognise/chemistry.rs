//! Chemical formulas, ions, isotopes and arrows of reactions (IUPAC, Red Book 2005, IR-2 to IR-4).

mod formula;

use super::{Candidates, Cx};
use crate::speakable::span::{Chemical, Cost, Number, Symbol, Value};
use crate::speakable::text::TokenKind;
use formula::{Form, parse};

/// What an arrow between formulas says.
const YIELDS: Symbol = Symbol("yields");
/// Digits of the number before a formula in an equation.
const MOST_DIGITS: usize = 2;
/// Letters of a formula in capitals alone with one number, behind them: more are rather a name.
const MOST_CAPITALS: usize = 3;

/// The formula at `at`, where its form tells that it is one, and its end.
pub(super) fn formula(cx: &Cx<'_>, at: usize) -> Option<(Chemical, usize)> {
    let (chemical, form) = parse(cx, at)?;
    tells(cx, at, form).then_some((chemical, form.end))
}

/// Whether nothing but a formula is written so.
fn tells(cx: &Cx<'_>, at: usize, form: Form) -> bool {
    if cx.glued_at(form.end) {
        return false;
    }
    if form.lowered || form.charged || form.isotope || form.grouped {
        return true;
    }
    let written = cx.slice(at, form.end);
    if cx.grammar.common.has("formulas", written) {
        return true;
    }
    let letters: String = written.chars().filter(char::is_ascii_alphabetic).collect();
    let listed = ["words", "spoken_acronyms"].iter().any(|table| cx.grammar.has(table, &letters));
    let inner = written.trim_end_matches(|c: char| c.is_ascii_digit()).contains(|c: char| c.is_ascii_digit());
    form.counted && form.elements > 1 && !listed && (form.small || inner || letters.len() <= MOST_CAPITALS)
}

/// Formulas that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.token().kind == TokenKind::Symbol && arrow(cx, out) {
        return;
    }
    let raised = cx.raised_to(cx.at).is_some();
    if cx.glued_before() || (cx.token().kind == TokenKind::Digits && !raised) {
        counted(cx, out);
        return;
    }
    if let Some((chemical, end)) = formula(cx, cx.at) {
        out.propose(end, Value::Chemical(chemical), Cost::SURE);
    }
}

/// `2H2O`: a formula with a number that touches it.
fn counted(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    let Some((digits, end)) = cx.digits_at(cx.at).filter(|(digits, _)| digits.len() <= MOST_DIGITS) else { return };
    let Some((chemical, form)) = parse(cx, end).filter(|(_, form)| !form.isotope) else { return };
    // A number before it tells of a reaction what a second element tells elsewhere.
    let told = tells(cx, end, form) || (form.counted && !cx.glued_at(form.end) && beside_sign(cx, form.end));
    if told {
        let chemical = Chemical { coefficient: Some(Number::digits(digits)), ..chemical };
        out.propose(form.end, Value::Chemical(chemical), Cost::SURE);
    }
}

/// Whether a plus or an arrow stands beside what begins here and ends at `end`.
fn beside_sign(cx: &Cx<'_>, end: usize) -> bool {
    let next = cx.char(cx.skip_spaces(end));
    let before = cx.back().find(|token| token.kind != TokenKind::Space).and_then(|token| cx.char(token.start));
    [next, before].into_iter().any(|c| matches!(c, Some('+' | '→' | '⟶' | '⇌' | '>')))
}

/// An arrow before a formula, or before the number of one.
fn arrow(cx: &Cx<'_>, out: &mut Candidates) -> bool {
    let length = match (cx.char(cx.at), cx.char(cx.at + 1)) {
        (Some('→' | '⟶' | '➔'), _) => 1,
        (Some('-'), Some('>')) => 2,
        _ => return false,
    };
    let start = cx.skip_spaces(cx.at + length);
    let behind = cx.digits_at(start).map_or(start, |(_, end)| cx.skip_spaces(end));
    let reaction =
        parse(cx, behind).is_some_and(|(_, form)| !cx.glued_at(form.end) && (form.counted || form.elements > 1));
    let reacts = cx.at > 0 && reaction && follows_formula(cx);
    if reacts {
        out.propose(cx.at + length, Value::Symbol(YIELDS), Cost::SURE);
    }
    reacts
}

/// Whether the word before this place begins with a capital, as formulas do.
fn follows_formula(cx: &Cx<'_>) -> bool {
    let word =
        cx.back().take_while(|token| cx.char(token.start) != Some('+')).find(|token| token.kind == TokenKind::Word);
    word.and_then(|token| cx.char(token.start)).is_some_and(char::is_uppercase)
}
