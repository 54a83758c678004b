//! Numbers that name something, by the words beside them: `Room 205`, `Flight 370`, `a 404 error`,
//! `port 8080`.

use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Piece, Value};

/// Digits of a number that is said as a name behind or before a word.
const DIGITS: usize = 3;
/// Digits of one behind capitals: `RTX 4090`, `ISO 8601`.
const OF_CAPITALS: usize = 4;

/// A number that is a name is said as people say it: "two oh five".
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let written = cx.written();
    let end = cx.token().end;
    let goes_on = matches!(cx.char(end), Some('.' | ',' | ':' | '/' | '-' | '–' | '%' | '\'')) && cx.digit(end + 1);
    if goes_on || cx.glued_at(end) || matches!(cx.char(end), Some('%' | '°')) {
        return;
    }
    let before = || cx.previous_word().is_some_and(|word| cx.in_context("named", word));
    let name = match written.len() {
        DIGITS => before() || cx.before_context("after_named", end),
        OF_CAPITALS => {
            let named = (behind_capitals(cx) && !counts(cx, end)) || cx.after_context("named_in_pairs");
            named && !written.starts_with('0')
        }
        _ => false,
    };
    if name {
        out.propose(end, Value::Identifier(vec![Piece::Number(written.to_owned())]), Cost::LIKELY);
    }
}

/// Whether a word of capitals stands before this place.
fn behind_capitals(cx: &Cx<'_>) -> bool {
    let capitals = |word: &str| word.chars().count() > 1 && word.chars().all(char::is_uppercase);
    !cx.shouting && cx.previous_word().is_some_and(|word| capitals(word) && cx.grammar.era(word).is_none())
}

/// Whether the number that ends at `end` counts what stands behind it.
fn counts(cx: &Cx<'_>, end: usize) -> bool {
    cx.next_word(end).is_some_and(|word| word.ends_with('s') || cx.grammar.context("counted", word))
}
