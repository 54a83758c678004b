//! The early way for plain prose: most tokens are words of which no table has an entry, commas and
//! stops. They mean one thing, and no recogniser is asked. So do heads of words that
//! [`Text`](crate::speakable::text::Text) cut off at their apostrophe.

use super::Cx;
use crate::speakable::span::{Cost, Span, Value};
use crate::speakable::text::{TokenKind, latin};

/// The only reading of what begins at this place, where it is plain.
pub(in crate::speakable) fn plain(cx: &Cx<'_>) -> Option<Span> {
    let token = cx.token();
    if !cx.marks.is_empty() && cx.mark_at(cx.at).is_some() {
        return None;
    }
    let span = |value| Some(Span { start: token.start, end: token.end, value, cost: Cost::PLAIN });
    match token.kind {
        TokenKind::Word if cx.written().ends_with('\'') => span(Value::Elided),
        TokenKind::Word => (is_apart(cx) && (is_word(cx) || is_word_letter(cx))).then(|| span(Value::Word)).flatten(),
        TokenKind::Symbol => {
            let mark = cx.char(token.start)?;
            let ends = cx.char(token.end).is_none_or(char::is_whitespace);
            (ends && is_pause(cx, mark)).then(|| span(Value::Pause(mark))).flatten()
        }
        TokenKind::Digits | TokenKind::Space => None,
    }
}

/// Whether a mark before white space is a pause and nothing else.
fn is_pause(cx: &Cx<'_>, mark: char) -> bool {
    let Some(before) = cx.before() else { return false };
    match mark {
        ',' | ';' => before.is_alphanumeric() || matches!(before, ')' | '"'),
        '.' | '?' | '!' => before.is_alphabetic(),
        _ => false,
    }
}

/// Whether a word stands apart from all but plain punctuation.
fn is_apart(cx: &Cx<'_>) -> bool {
    let end = cx.token().end;
    let opens = |c: char| c.is_whitespace() || matches!(c, '(' | '"');
    let closes = |c: char| matches!(c, ',' | ';' | ':' | '.' | '?' | '!' | ')' | '"');
    cx.before().is_none_or(opens)
        && match cx.char(end) {
            None => true,
            Some(c) if closes(c) => cx.char(end + 1).is_none_or(char::is_whitespace),
            Some(c) => c.is_whitespace(),
        }
}

/// Whether a word has Latin letters (apostrophes inside), none but the first of them a capital, can
/// be said, is no Roman numeral, and begins no entry of a table.
fn is_word(cx: &Cx<'_>) -> bool {
    let written = cx.written();
    let mut letters = written.chars();
    let first = letters.next().is_some_and(latin);
    let more = !letters.as_str().is_empty();
    if !first || !more || !letters.all(|c| (latin(c) && c.is_lowercase()) || c == '\'') {
        return false;
    }
    let sayable = written.contains(|c: char| !c.is_ascii() || "aeiouyAEIOUY".contains(c));
    let numeral = written.bytes().all(|b| b"ivxlcdm".contains(&b));
    sayable && !numeral && !is_ordinal(cx, written) && !is_shortened(cx, written) && !cx.grammar.begins_entry(written)
}

/// Whether a word is a Roman numeral of one letter with the ending of an ordinal: `Ier`, `Ve`.
fn is_ordinal(cx: &Cx<'_>, written: &str) -> bool {
    let numeral = match written.chars().next() {
        Some('I') => 1,
        Some('V') => 5,
        Some('X') => 10,
        _ => return false,
    };
    written.get(1..).is_some_and(|ending| cx.grammar.numeral_ending(ending, numeral).is_some())
}

/// Whether a word is shortened at its end, before a stop: `Hauptstr.`
fn is_shortened(cx: &Cx<'_>, written: &str) -> bool {
    cx.char(cx.token().end) == Some('.') && cx.grammar.compound(written).is_some()
}

/// Whether a letter that is a word of the language by itself stands before another word: the
/// article "a".
fn is_word_letter(cx: &Cx<'_>) -> bool {
    let letter = cx.written();
    let next = || cx.token_at(2).filter(|next| next.kind == TokenKind::Word && next.end - next.start > 1);
    let small = || next().and_then(|next| cx.char(next.start)).is_some_and(char::is_lowercase);
    letter.chars().count() == 1
        && letter.chars().all(char::is_lowercase)
        && cx.char(cx.token().end) == Some(' ')
        && cx.grammar.context("word_letters", letter)
        && small()
}
