//! What stands in angle brackets. A tag of markup is silent. An address is read (RFC 3986, appendix
//! C, sets it in angle brackets), unless it is that of a name before it (`Ann Lee
//! <ann@example.com>`, RFC 5322, section 3.4) or of a link's text (`` `text <address>`_ `` of
//! reStructuredText). Other words are text: a placeholder such as `<filename>`.

use super::super::web::address;
use super::super::{Candidates, Cx, code};
use crate::speakable::span::{Cost, Value};

/// What stands in angle brackets is no longer, in characters; more is a comparison.
const LONGEST: usize = 80;
/// How far behind a tag, in characters, the one that closes it is looked for.
const PAIR_REACH: usize = 400;
/// Signs between the words of a placeholder: `<file-name>`, `<yes|no>`, `<path/to/it>`.
const PLACEHOLDER_SIGNS: &str = "-_./|:,+#'&*…";

/// Proposes what begins with the angle bracket here.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let start = cx.at + 1 + usize::from(cx.char(cx.at + 1) == Some('/'));
    if !cx.char(start).is_some_and(|c| c.is_ascii_alphabetic()) {
        return;
    }
    let close = (start..start + LONGEST).find(|at| matches!(cx.char(*at), None | Some('<' | '>')));
    let Some(close) = close.filter(|at| cx.char(*at) == Some('>')) else { return };
    let (inner, end) = (cx.slice(start, close), close + 1);
    if start > cx.at + 1 || is_tag(cx, inner, end) {
        out.propose(end, Value::Silent, Cost::CERTAIN);
        return;
    }
    if let Some(value) = address(cx, inner) {
        let shown = cx.char(end) == Some('`') || (inner.contains('@') && follows_name(cx));
        out.propose(end, if shown { Value::Silent } else { value }, Cost::CERTAIN);
        return;
    }
    let plain = inner.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || PLACEHOLDER_SIGNS.contains(c));
    // Behind a letter several words are two comparisons: `a<b and c>d`.
    let compared = cx.glued_before() && inner.contains(char::is_whitespace);
    if plain && !compared {
        out.propose(end, Value::Code(code::pieces(cx.grammar, inner)), Cost::SURE);
    }
}

/// Whether `inner` is a tag and no text: it has attributes, closes itself or is closed within
/// `PAIR_REACH`, is an element's name, or names the speaker of the whole text (`<Person1>`).
fn is_tag(cx: &Cx<'_>, inner: &str, after: usize) -> bool {
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    let rest = inner.get(name.len()..).unwrap_or_default();
    let attributes = rest.starts_with(' ') && rest.split(' ').any(|part| part.contains('='));
    if attributes || matches!(rest, "/" | " /") {
        return true;
    }
    if !rest.is_empty() {
        return false;
    }
    let closes = |at: usize| {
        let same = |(offset, c): (usize, char)| cx.char(at + 2 + offset).is_some_and(|d| d.eq_ignore_ascii_case(&c));
        cx.has(at, "</") && name.chars().enumerate().all(same) && cx.char(at + 2 + name.len()) == Some('>')
    };
    let element = cx.grammar.common.value("html", &name.to_ascii_lowercase());
    let spoken_of = || cx.before_context("spoken_of", after);
    let speaker = || name.starts_with(|c: char| c.is_ascii_uppercase()) && name.ends_with(|c: char| c.is_ascii_digit());
    (element == Some("element") && !spoken_of())
        || (cx.at == 0 && (speaker() || element == Some("short")))
        || (after..after + PAIR_REACH).take_while(|at| cx.char(*at).is_some()).any(closes)
}

/// Whether the word before this place is part of a name: it has a capital, and not because the text
/// begins with it.
fn follows_name(cx: &Cx<'_>) -> bool {
    let first = cx.index_of_first_word().and_then(|start| cx.word_at(start));
    let begins = first.is_some_and(|(_, end)| cx.skip_spaces(end) == cx.at);
    !begins && cx.previous_word().is_some_and(|word| word.starts_with(char::is_uppercase))
}
