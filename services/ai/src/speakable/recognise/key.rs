//! Keys of a keyboard that are pressed together: `Ctrl+Shift+P`, `⌘K`, `Alt-F4`.

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Key, Value};

/// Keys of the longest chord.
const MOST_KEYS: usize = 6;
/// Letters of the longest name of a key.
const LONGEST_NAME: usize = 16;
/// The last of the function keys.
const LAST_FUNCTION_KEY: u8 = 24;

/// A key, what stands for it, and where it ends.
struct Found {
    key: Key,
    /// It is held down while another is pressed.
    modifier: bool,
    /// A sign stands for it, behind which the next key needs none.
    sign: bool,
    end: usize,
}

/// Proposes a chord, or a key by its sign.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    let Some(first) = named(cx, cx.at).filter(|found| found.modifier || found.sign) else { return };
    let (mut end, mut last_sign) = (first.end, first.sign);
    let mut keys = vec![first.key];
    while keys.len() < MOST_KEYS {
        let Some(found) = next(cx, end, last_sign) else { break };
        keys.push(found.key);
        (end, last_sign) = (found.end, found.sign);
        if !found.modifier {
            break;
        }
    }
    if keys.len() > 1 || last_sign {
        out.propose(end, Value::Chord(keys), Cost::SURE);
    }
}

/// A key by its name or sign.
fn named(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let sign = cx.char(at).filter(|c| !c.is_alphanumeric() && !c.is_ascii());
    let (name, end) = match sign {
        Some(_) => (cx.slice(at, at + 1), at + 1),
        None => word(cx, at)?,
    };
    let value = cx.grammar.common.value("keys", name)?;
    let mut parts = value.split(" | ");
    let id = parts.next()?;
    let flags: Vec<&str> = parts.collect();
    let modifier = flags.contains(&"modifier");
    Some(Found { key: Key::Named(id), modifier, sign: flags.contains(&"sign"), end })
}

/// The letters and digits of the name of a key: `PgUp`, `Pos1`.
fn word<'a>(cx: &Cx<'a>, at: usize) -> Option<(&'a str, usize)> {
    let end = (at..at + LONGEST_NAME).find(|at| !cx.char(*at).is_some_and(char::is_alphanumeric))?;
    (end > at).then(|| (cx.slice(at, end), end))
}

/// The next key of a chord, behind `+` or `-`; behind a sign, right behind it.
fn next(cx: &Cx<'_>, end: usize, behind_sign: bool) -> Option<Found> {
    let start = match cx.char(end) {
        Some('+' | '-') => end + 1,
        Some(' ') if cx.has(end, " + ") => end + 3,
        Some(c) if behind_sign && !c.is_whitespace() => end,
        _ => return None,
    };
    named(cx, start).or_else(|| function(cx, start)).or_else(|| character(cx, start))
}

/// `F4`.
fn function(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let (name, end) = word(cx, at)?;
    let number = name.strip_prefix('F')?.parse().ok().filter(|number| (1..=LAST_FUNCTION_KEY).contains(number))?;
    Some(Found { key: Key::Function(number), modifier: false, sign: false, end })
}

/// A letter, a digit, or a sign of ASCII.
fn character(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let c = cx.char(at).filter(|c| c.is_alphanumeric() || c.is_ascii_punctuation())?;
    // What stands behind a sign of ASCII at the end of a sentence ends it.
    let closes = matches!(c, ')' | ']' | '"' | '\'' | '.' | ',' | ';' | ':' | '!' | '?');
    let glued = c.is_alphanumeric() && cx.glued_at(at + 1);
    (!glued && !closes).then_some(Found { key: Key::Character(c), modifier: false, sign: false, end: at + 1 })
}
