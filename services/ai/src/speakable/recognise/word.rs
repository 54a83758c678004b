//! Words and letters as they stand, words with Greek letters, and endings in brackets (`file(s)`).

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Value};

/// Marks before a word that is quoted, in brackets, and set apart.
const MOST_MARKS: usize = 4;
/// Endings behind one word.
const MOST_ENDINGS: usize = 3;
/// Letters of the longest ending in brackets.
const LONGEST_ENDING: usize = 3;

/// Proposes the word at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let written = cx.written();
    if let Some(letter) = letter(cx, written) {
        out.propose(token.end, Value::Letter(letter), Cost::FAIR);
    }
    if !written.is_ascii() {
        // Letters in boxes are pictures, and some letters are signs: `ℵ`.
        super::emoji::propose(cx, out);
        if let Some(sign) = cx.grammar.common.sign(written) {
            out.propose(token.end, Value::Symbol(sign), Cost::FAIR);
        }
    }
    if written.chars().any(|c| cx.grammar.common.greek(c)) {
        out.propose(token.end, Value::Greek(written.chars().collect()), Cost::FAIR);
    }
    if let Some((endings, end)) = endings(cx, token.end) {
        out.propose(end, Value::Listed(format!("{written}{endings}")), Cost::FAIR);
    }
    out.propose(token.end, Value::Word, Cost::PLAIN);
}

/// Endings that a word may have, by the language's set, and where the last one ends: in brackets
/// (`file(s)`, `venu(e)s`) or behind a dot (`étudiant·e·s`).
fn endings(cx: &Cx<'_>, at: usize) -> Option<(String, usize)> {
    let (mut found, mut end) = (String::new(), at);
    for _ in 0..MOST_ENDINGS {
        let Some((ending, after)) = ending(cx, end) else { break };
        found.push_str(ending);
        end = after;
    }
    if found.is_empty() {
        return None;
    }
    if let Some((ending, after)) = known_ending(cx, end) {
        found.push_str(ending);
        end = after;
    }
    (!cx.glued_at(end)).then_some((found, end))
}

/// The ending that begins at `at` with its bracket or dot.
fn ending<'a>(cx: &Cx<'a>, at: usize) -> Option<(&'a str, usize)> {
    let bracket = match cx.char(at)? {
        '(' => true,
        '·' => false,
        _ => return None,
    };
    let (ending, end) = known_ending(cx, at + 1)?;
    if bracket { (cx.char(end) == Some(')')).then_some((ending, end + 1)) } else { Some((ending, end)) }
}

fn known_ending<'a>(cx: &Cx<'a>, at: usize) -> Option<(&'a str, usize)> {
    cx.letters_at(at).filter(|(ending, _)| {
        ending.chars().count() <= LONGEST_ENDING && cx.grammar.context("optional_endings", ending)
    })
}

/// The letter that a single one is, by its name: behind digits, and the article at the end of what
/// it would stand before.
fn letter(cx: &Cx<'_>, written: &str) -> Option<char> {
    let mut chars = written.chars();
    let letter = chars.next().filter(|c| c.is_lowercase() && chars.next().is_none())?;
    let glued = cx.before().is_some_and(|c| c.is_ascii_digit());
    if letter != 'a' || glued {
        return glued.then_some(letter);
    }
    let end = cx.token().end;
    // At the end of what it would stand before, and not before a sign as in "a = b".
    let next = cx.char(cx.skip_spaces(end));
    let closed = next.is_none_or(|c| matches!(c, '"' | '\'' | ')' | ']' | '.' | ',' | ';' | ':' | '!' | '?'));
    (closed && !opens(cx, end) && !leads_letters(cx, end) && cx.index_of_first_word() != Some(cx.at)).then_some(letter)
}

/// Whether another small letter by itself follows `at`, behind marks and perhaps a word that joins:
/// `a; b`, `"a" and "b"`. All letters of such a row are said as they are written.
fn leads_letters(cx: &Cx<'_>, at: usize) -> bool {
    let mark = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ',' | ';' | ':');
    let word = |at: usize| {
        let start = (at..at + MOST_MARKS).find(|at| !cx.char(*at).is_some_and(mark))?;
        cx.word_at(start)
    };
    let joined =
        word(at).and_then(|(first, end)| if cx.in_context("joints", first) { word(end) } else { Some((first, end)) });
    joined.is_some_and(|(next, end)| {
        next.chars().count() == 1 && next.starts_with(char::is_lowercase) && !cx.glued_at(end)
    })
}

/// Whether what follows white space at `at` is a number, or a word in quotes or brackets: `a "Date"
/// index`, `a (better) way`, `a 4-core machine`.
fn opens(cx: &Cx<'_>, at: usize) -> bool {
    let start = cx.skip_spaces(at);
    let mark = |c: char| matches!(c, '"' | '\'' | '(' | '[' | '`' | '*' | '_');
    let word = (start..start + MOST_MARKS).find(|at| !cx.char(*at).is_some_and(mark));
    start > at && word.and_then(|at| cx.char(at)).is_some_and(char::is_alphanumeric)
}
