//! Markup that was left over: tags (`<Person1>`, `</b>`), comments, backticks and stars, the
//! targets of Markdown links. Programs alone see it. What else stands in angle brackets is text.

mod angle;

use super::{Candidates, Cx, MOST_TOKENS};
use crate::speakable::span::{Cost, Symbol, Value};

/// Characters of the longest target of a link.
const LONGEST_TARGET: usize = 256;
/// Characters of the longest comment.
const LONGEST_COMMENT: usize = 256;
/// Characters of the longest reference to a character (`&hellip;`).
const LONGEST_REFERENCE: usize = 9;

/// Proposes markup.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let at = cx.at;
    let Some(c) = cx.char(at) else { return };
    let mut silent = |end: usize, cost: Cost| out.propose(end, Value::Silent, cost);
    match c {
        '<' if cx.has(at, "<!--") => {
            if let Some(end) = (at..at + LONGEST_COMMENT).find(|at| cx.has(*at, "-->")) {
                silent(end + "-->".len(), Cost::CERTAIN);
            }
        }
        '<' => angle::propose(cx, out),
        '&' => reference(cx, out),
        ']' if cx.char(at + 1) == Some('(') => {
            if let Some(end) = target(cx, at + 2) {
                silent(end, Cost::CERTAIN);
            }
        }
        '[' if opens_link(cx) => silent(at + 1, Cost::CERTAIN),
        '!' if cx.char(at + 1) == Some('[') => silent(at + 1, Cost::CERTAIN),
        '`' | '*' | '_' | '~' | '#' if cx.char(at + 1) == Some(c) => {
            let end = (at..at + MOST_TOKENS).find(|at| cx.char(*at) != Some(c)).unwrap_or(at + MOST_TOKENS);
            silent(end, Cost::FAIR);
        }
        // A chevron that ends a speaker's tag: "**Person 1>**".
        '>' if cx.before().is_some_and(char::is_alphanumeric)
            && !cx.char(at + 1).is_some_and(|c| c.is_alphanumeric() || c == '=') =>
        {
            out.propose(at + 1, Value::Pause(','), Cost::FAIR);
        }
        _ => {}
    }
}

/// `&amp;`, `&nbsp;`, `&#39;`: a character by its name or number (HTML Living Standard, "Named
/// character references").
fn reference(cx: &Cx<'_>, out: &mut Candidates) {
    let close = (cx.at + 1..cx.at + LONGEST_REFERENCE).find(|at| cx.char(*at) == Some(';'));
    let Some(end) = close.map(|at| at + 1) else { return };
    let written = cx.slice(cx.at, end);
    let number =
        written.strip_prefix("&#").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == 'x'));
    let value = match cx.grammar.common.value("html", written) {
        Some("silent") => Value::Silent,
        Some("pause") => Value::Pause(','),
        Some(id) => Value::Symbol(Symbol(id)),
        None if number => Value::Silent,
        None => return,
    };
    out.propose(end, value, Cost::SURE);
}

/// Where the target of a link ends that begins at `start`, with its title and the bracket that
/// closes it.
fn target(cx: &Cx<'_>, start: usize) -> Option<usize> {
    let limit = start + LONGEST_TARGET;
    let end = (start..limit).find(|at| cx.char(*at).is_none_or(|c| c == ')' || c.is_whitespace()))?;
    let target = cx.slice(start, end);
    let address = target.contains("://") || target.starts_with(['#', '/', '.']) || target.contains('.');
    if !address {
        return None;
    }
    if cx.char(end) == Some(')') {
        return Some(end + 1);
    }
    // `(target "Title")`.
    let title = cx.skip_space(end).filter(|at| cx.char(*at) == Some('"'))?;
    let close = (title + 1..limit).find(|at| cx.has(*at, "\")"))?;
    Some(close + "\")".len())
}

/// Whether the bracket here opens the text of a link, of which the target follows: it is no pause.
fn opens_link(cx: &Cx<'_>) -> bool {
    let close = (cx.at + 1..cx.at + LONGEST_TARGET).find(|at| matches!(cx.char(*at), None | Some(']' | '[')));
    close.is_some_and(|at| cx.has(at, "](") && target(cx, at + 2).is_some())
}
