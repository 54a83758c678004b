//! Punctuation: pauses, hyphens, brackets, bullets, and what is only seen.

use super::super::Cx;
use super::{alphanumeric, run, spaced};
use crate::speakable::span::Value;

/// How far back, in characters, the bracket is looked for that one closes.
const BRACKET_REACH: usize = 80;

/// Bullets, and lines of tables.
const fn bullet(c: char) -> bool {
    matches!(
        c,
        '|' | '•'
            | '·'
            | '‣'
            | '▪'
            | '▫'
            | '■'
            | '□'
            | '●'
            | '○'
            | '◦'
            | '◆'
            | '◇'
            | '►'
            | '▸'
            | '▶'
            | '⁃'
            | '∙'
            | '⋅'
    )
}

/// Dashes that part clauses wherever they stand: also the lines that frames are drawn with, where
/// they are written for them.
const fn long_dash(c: char) -> bool {
    matches!(c, '—' | '―' | '⸺' | '⸻' | '─' | '━' | '﹘' | '〜')
}

/// What a mark of punctuation is, and its end; none for what is no mark, or one that means nothing
/// where it stands.
pub(super) fn read(cx: &Cx<'_>, c: char) -> Option<(Value, usize)> {
    let at = cx.at;
    let (previous, next) = (cx.before(), cx.char(at + 1));
    let pause = |mark, end| Some((Value::Pause(mark), end));
    let before_letter = next.is_some_and(char::is_alphabetic);
    match c {
        '.' if run(cx, at, '.') > 1 => {
            let end = at + run(cx, at, '.');
            pause(if goes_on(cx, end) { ',' } else { '.' }, end)
        }
        '.' if !alphanumeric(next) => pause('.', at + 1),
        '.' if alphanumeric(previous) && next.is_some_and(char::is_uppercase) => pause('.', at + 1),
        '…' => pause(if goes_on(cx, at + 1) { ',' } else { '.' }, at + 1),
        '。' => pause('.', at + 1),
        '?' | '!' | ';' | ',' => pause(c, at + 1),
        '‽' => pause('?', at + 1),
        '、' => pause(',', at + 1),
        ':' if run(cx, at, ':') > 1 => Some((Value::Silent, at + run(cx, at, ':'))),
        ':' if !alphanumeric(next) => pause(':', at + 1),
        '(' | '[' if alphanumeric(previous) => None,
        ')' | ']' if glued_bracket(cx) => None,
        '(' | ')' | '[' | ']' => pause(',', at + 1),
        '-' if run(cx, at, '-') > 1 => pause(',', at + run(cx, at, '-')),
        '-' | '\u{AD}' | '–' if previous.is_some_and(char::is_alphabetic) && before_letter => {
            Some((if between_acronyms(cx) { Value::Silent } else { Value::Hyphen }, at + 1))
        }
        '–' if alphanumeric(previous) && alphanumeric(next) => Some((Value::Hyphen, at + 1)),
        '-' if spaced(cx, at + 1) && previous.is_some() => pause(',', at + 1),
        '–' if previous.is_some() && !next.is_some_and(|c| c.is_ascii_digit()) => pause(',', at + 1),
        _ if long_dash(c) => pause(',', at + run(cx, at, c)),
        _ if bullet(c) && spaced(cx, at + 1) => pause(',', at + 1),
        _ => None,
    }
}

/// Whether capitals stand on both sides, of which the first are several: `USB-C`, `CD-ROM`.
fn between_acronyms(cx: &Cx<'_>) -> bool {
    let capitals = |offset: isize| {
        let token = cx.token_at(offset)?;
        let word = cx.slice(token.start, token.end);
        word.chars().all(char::is_uppercase).then_some(token.end - token.start)
    };
    capitals(-1).is_some_and(|letters| letters > 1) && capitals(1).is_some()
}

/// Whether a small letter goes on behind `at`: the sentence has not ended.
fn goes_on(cx: &Cx<'_>, at: usize) -> bool {
    cx.next_word(at).is_some_and(|word| word.starts_with(char::is_lowercase))
}

/// Whether the bracket that closes here was opened right behind a word, as in `f(x)` and `main()`.
fn glued_bracket(cx: &Cx<'_>) -> bool {
    let mut depth = 0_u32;
    for back in (cx.at.saturating_sub(BRACKET_REACH)..cx.at).rev() {
        match cx.char(back) {
            Some(')' | ']') => depth += 1,
            Some('(' | '[') if depth > 0 => depth -= 1,
            Some('(' | '[') => return alphanumeric(back.checked_sub(1).and_then(|at| cx.char(at))),
            _ => {}
        }
    }
    false
}
