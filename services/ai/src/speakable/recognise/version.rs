//! Versions and other numbers of several parts: `v1.2.3`, `1.2.3`, `192.168.0.1`.

use super::number::written;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Piece, Value};
use crate::speakable::text::TokenKind;

/// Parts of a number that is a version although no letter tells.
const FEWEST_PARTS: usize = 3;
/// Parts that are looked at.
const MOST_PARTS: usize = 16;
/// Parts of the address of a machine, and the values of one (RFC 791).
const MACHINE_PARTS: usize = 4;

/// Versions that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || cx.before() == Some('.') {
        return;
    }
    let named = cx.token().kind == TokenKind::Word;
    if named && !matches!(cx.written(), "v" | "V") {
        return;
    }
    let Some((parts, end)) = parts(cx, cx.at + usize::from(named)) else { return };
    // What is also a number in groups is one: `1.000.000`.
    let number = || written(cx, cx.at).is_some_and(|found| found.number.grouped && found.end >= end);
    if cx.char(end).is_some_and(char::is_alphabetic) || (!named && (parts.len() < FEWEST_PARTS || number())) {
        return;
    }
    let machine = !named && parts.len() == MACHINE_PARTS && parts.iter().all(|part| part.parse::<u8>().is_ok());
    let piece = |part: &&str| {
        if machine { Piece::Digits((*part).to_owned()) } else { Piece::Number((*part).to_owned()) }
    };
    let parts = parts.iter().map(piece).collect();
    let cost = if named || machine { Cost::SURE } else { Cost::LIKELY };
    out.propose(end, Value::Version { named, machine, parts }, cost);
}

/// Digits with a point between them.
fn parts<'a>(cx: &Cx<'a>, at: usize) -> Option<(Vec<&'a str>, usize)> {
    let (first, mut end) = cx.digits_at(at)?;
    let mut parts = vec![first];
    while let Some((part, after)) = cx.digits_at(end + 1).filter(|_| cx.char(end) == Some('.')) {
        if parts.len() == MOST_PARTS {
            return None;
        }
        parts.push(part);
        end = after;
    }
    Some((parts, end))
}
