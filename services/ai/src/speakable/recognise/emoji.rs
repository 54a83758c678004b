//! Picture characters by their whole sequence (Unicode Technical Standard 51): joined ones, flags,
//! keys with a digit, tones of skin.

use super::{Candidates, Cx, MOST_CHARS};
use crate::speakable::span::{Cost, EmojiSequence, Tone, Value};

/// Characters of the longest sequence that is looked at, with tones and selectors in it.
const LONGEST: usize = 16;
/// How often the same picture stands in a row that is heard once.
const MANY: usize = 3;
/// The joiner of sequences.
const JOINER: char = '\u{200D}';

/// Asks for a picture instead of a letter, or for a letter.
const fn selector(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

/// The tone of a skin.
fn tone(c: char) -> Option<Tone> {
    let tone = u32::from(c).checked_sub(0x1F3FB).filter(|tone| *tone < 5)?;
    u8::try_from(tone + 1).ok().map(Tone)
}

/// A letter of a flag, as a letter.
fn flag_letter(c: char) -> Option<char> {
    let letter = u32::from(c).checked_sub(0x1F1E6).filter(|letter| *letter < 26)?;
    u8::try_from(letter).ok().map(|letter| char::from(b'A' + letter))
}

/// What only belongs to a sequence: it is nothing by itself.
fn part(c: char) -> bool {
    selector(c) || tone(c).is_some() || matches!(c, JOINER | '\u{20E3}' | '\u{E0020}'..='\u{E007F}')
}

/// Proposes picture characters.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(first) = cx.char(cx.at) else { return };
    let keycap = || matches!(cx.char(cx.at + 1), Some('\u{FE0F}' | '\u{20E3}'));
    if first.is_ascii() && !((first.is_ascii_digit() || matches!(first, '#' | '*')) && keycap()) {
        return;
    }
    if let Some((emoji, end)) = sequence(cx) {
        out.propose(repeated(cx, cx.at, end), Value::Emoji(emoji), Cost::SURE);
    } else if let Some((letters, end)) = flag(cx) {
        out.propose(end, Value::Emoji(EmojiSequence::Flag(letters)), Cost::SURE);
    } else if part(first) {
        out.propose(cx.at + 1, Value::Silent, Cost::FAIR);
    }
}

/// The longest sequence of the table that stands here, without selectors and tones; else the names
/// of the parts that are joined.
fn sequence(cx: &Cx<'_>) -> Option<(EmojiSequence, usize)> {
    let (mut name, mut end) = longest(cx, cx.at)?;
    let (mut names, mut hue) = (Vec::new(), name.1);
    while cx.char(end) == Some(JOINER) {
        let Some((next, after)) = longest(cx, end + 1) else {
            end += 1;
            break;
        };
        names.push(name.0);
        (name, end) = (next, after);
        hue = hue.or(name.1);
    }
    if names.is_empty() {
        return Some((EmojiSequence::Named(name.0, hue), end));
    }
    names.push(name.0);
    Some((EmojiSequence::Joined(names), end))
}

/// The longest key of the table at `at`, with the tone in it.
fn longest(cx: &Cx<'_>, at: usize) -> Option<((&'static str, Option<Tone>), usize)> {
    let mut key = String::new();
    let mut found: Option<(&'static str, usize)> = None;
    for end in at + 1..=at + LONGEST {
        let Some(c) = cx.char(end - 1) else { break };
        if selector(c) || tone(c).is_some() {
            // Behind what was found they are part of it.
            if let Some((_, last)) = &mut found
                && *last == end - 1
            {
                *last = end;
            }
            continue;
        }
        if c.is_whitespace() {
            break;
        }
        key.push(c);
        if let Some(name) = cx.grammar.get("emoji", &key) {
            found = Some((name, end));
        }
    }
    found.map(|(name, end)| {
        let inside = (at..end).filter_map(|at| cx.char(at)).find_map(tone);
        ((name, inside), end)
    })
}

/// Two letters of a flag that the table has no name for.
fn flag(cx: &Cx<'_>) -> Option<(String, usize)> {
    let letter = |at: usize| cx.char(at).and_then(flag_letter);
    let (first, second) = (letter(cx.at)?, letter(cx.at + 1));
    let length = 1 + usize::from(second.is_some());
    Some((std::iter::once(first).chain(second).collect(), cx.at + length))
}

/// Where a row of the same picture ends, as far as is looked: it is heard once where it is long.
fn repeated(cx: &Cx<'_>, start: usize, end: usize) -> usize {
    let length = end - start;
    let same = |at: usize| (0..length).all(|offset| cx.char(at + offset) == cx.char(start + offset));
    let mut last = end;
    while last - start < MOST_CHARS && same(last) {
        last += length;
    }
    if last - start >= MANY * length { last } else { end }
}
