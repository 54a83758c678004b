//! Factors that stand side by side with no sign between: `4x`, `2πr`, `mc²`.

use super::super::number::written;
use super::super::{Candidates, Cx};
use super::{in_expression, power};
use crate::speakable::span::{Cost, Value};
use crate::speakable::text::TokenKind;

/// Letters that stand side by side.
const MOST_LETTERS: usize = 4;
/// Letters of a pair.
const PAIR: usize = 2;

/// A number and letters, or letters, that are factors.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    let number =
        (cx.token().kind == TokenKind::Digits).then(|| written(cx, cx.at).filter(|found| !found.foreign)).flatten();
    if number.is_none() && cx.token().kind != TokenKind::Word {
        return;
    }
    let start = number.as_ref().map_or(cx.at, |found| found.end);
    let Some((letters, end)) = cx.letters_at(start).filter(|(_, end)| end - start <= MOST_LETTERS) else { return };
    let raised = power::exponent(cx, end);
    let after = raised.as_ref().map_or(end, |(_, after)| *after);
    let factor = |c: char| c.is_ascii_lowercase() || cx.grammar.common.greek(c);
    if cx.glued_at(after) || cx.grammar.unit(letters).is_some() || !letters.chars().all(factor) {
        return;
    }
    let greek = letters.chars().any(|c| cx.grammar.common.greek(c));
    let counted = number.is_some();
    let count = letters.chars().count();
    // Without vowels, or two of them with a power behind, letters are no word.
    let wordless = !letters.contains(['a', 'e', 'i', 'o', 'u', 'y']) || (raised.is_some() && count <= PAIR);
    let told = in_expression(cx, cx.at, after) || raised.is_some();
    let terms = if counted { told || greek } else { count > 1 && told && wordless };
    if !terms {
        return;
    }
    let mut values: Vec<Value> = number.map(|found| Value::Cardinal(found.number)).into_iter().collect();
    values.extend(letters.chars().map(|c| if c.is_ascii() { Value::Letter(c) } else { Value::Greek(vec![c]) }));
    if let Some((exponent, _)) = raised
        && let Some(base) = values.pop()
    {
        values.push(Value::Power { base: Some(Box::new(base)), exponent });
    }
    out.propose(after, Value::Terms(values), Cost::SURE);
}
