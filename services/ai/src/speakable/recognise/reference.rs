//! Parts of works by their labels (`Fig. 3a`, `pp. 12-15`, `§ 4.2`), the numbers that go on behind
//! them, numbers of articles and of laws, and verses.

mod act;
mod bracket;
mod locator;
mod verse;

use super::{Candidates, Cx};
use crate::speakable::grammar::LabelWord;
use crate::speakable::span::{Cost, Label, Locator, Piece, Reference, Value};
use crate::speakable::text::TokenKind;
use locator::{between, locator};

/// Characters behind the first letters of a label.
const LONGEST_SIGN: usize = 4;
/// Tokens back among which the label of a row of numbers is looked for: `Sections 2.10, 2.12 and
/// 2.16`.
const TOKENS_BACK: usize = 24;
/// Digits of each part of the number of a heading, as in `2.10 Limits`.
const OF_HEADING: u32 = 99;

/// A label at some place before a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labelled {
    /// The label.
    pub(super) word: LabelWord,
    /// It begins with a capital.
    pub(super) capital: bool,
}

/// References, verses, and numbers of parts that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.token().kind == TokenKind::Symbol {
        bracket::propose(cx, out);
    }
    if cx.glued_before() {
        return;
    }
    verse::propose(cx, out);
    act::propose(cx, out);
    match cx.token().kind {
        TokenKind::Digits => part(cx, out),
        TokenKind::Word | TokenKind::Symbol => reference(cx, out),
        TokenKind::Space => {}
    }
}

/// The label that begins at this place, and where it ends with its stop.
fn label(cx: &Cx<'_>) -> Option<(LabelWord, usize)> {
    let token = cx.token();
    if token.kind == TokenKind::Symbol {
        cx.char(token.start).filter(|c| !c.is_ascii())?;
        let double = cx.char(token.end) == cx.char(token.start);
        let end = token.end + usize::from(double);
        return cx.grammar.label(cx.slice(token.start, end)).map(|label| (label, end));
    }
    if let Some(found) = signed_label(cx) {
        return Some(found);
    }
    let word = cx.written();
    let label = cx.grammar.label(word)?;
    let stop = cx.char(token.end) == Some('.');
    if !label.short {
        return Some((label, token.end));
    }
    // `5 sec. 3` is a unit; without a stop a label is one only where a table says so.
    let unit = cx.after_digits() && cx.grammar.unit(word).is_some();
    let complete = stop || word.ends_with('º') || cx.in_context("bare_labels", word);
    (!unit && complete).then_some((label, token.end + usize::from(stop)))
}

/// A label that goes on behind its first letters: `n°`, `n.º`.
fn signed_label(cx: &Cx<'_>) -> Option<(LabelWord, usize)> {
    let token = cx.token();
    let goes_on = cx.char(token.end) == Some('°')
        || (cx.char(token.end) == Some('.') && cx.char(token.end + 1).is_some_and(char::is_alphabetic));
    if !goes_on {
        return None;
    }
    (token.end + 1..=token.end + LONGEST_SIGN)
        .rev()
        .filter(|end| !cx.glued_at(*end))
        .find_map(|end| cx.grammar.label(cx.slice(token.start, end)).map(|label| (label, end)))
}

/// A label with its number. A label that is a whole word is said as it is, and only a number that
/// is said otherwise behind one makes a reference of it.
fn reference(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((word, end)) = label(cx) else { return };
    let Some(start) = cx.skip_space(end).filter(|start| *start > cx.token().end || word.short || !is_word(cx)) else {
        return;
    };
    let bracketed = matches!(cx.char(start), Some('(' | '['));
    let found = if bracketed {
        bracket::numbers(cx, start, word)
    } else {
        between(cx, start, word).map(|(number, end)| (vec![number], end))
    };
    let Some((numbers, end)) = found else { return };
    let as_numbers = numbers.iter().all(is_plain) || numbers.iter().all(is_range_of_plain);
    if is_word(cx) && !word.short && (bracketed || as_numbers || counts(cx, end)) {
        return;
    }
    let capital = cx.char(cx.at).is_some_and(char::is_uppercase);
    let label = Label { said: word.said, capital };
    // A pause would part the label from the other numbers of its row.
    let reference = Reference { label, numbers, bracketed: bracketed && !word.many };
    out.propose(end, Value::Reference(Box::new(reference)), Cost::SURE);
}

fn is_word(cx: &Cx<'_>) -> bool {
    cx.token().kind == TokenKind::Word
}

/// Whether a unit or the name of a power of ten follows: `a table 2.5 m long`.
fn counts(cx: &Cx<'_>, end: usize) -> bool {
    cx.next_word(end).is_some_and(|word| {
        let unit = cx.grammar.unit(word).is_some() && !cx.grammar.context("unit_words", word);
        unit || cx.grammar.scale(word).is_some_and(|scale| !scale.money)
    })
}

/// Whether a number of a part is said as a number is.
fn is_plain(number: &Locator) -> bool {
    matches!(number, Locator::Parts(parts) if parts.len() == 1) || matches!(number, Locator::Roman(_))
}

/// Whether both ends of a range are said as numbers are.
fn is_range_of_plain(number: &Locator) -> bool {
    let plain = |end: &Locator| matches!(end, Locator::Parts(parts) if parts.len() == 1);
    matches!(number, Locator::Between(pair) if plain(&pair.0) && plain(&pair.1))
}

/// A number of a part behind others (`2.12` of `Sections 2.10, 2.12`), or that of a heading.
fn part(cx: &Cx<'_>, out: &mut Candidates) {
    let found = labelled(cx);
    let marks = cx.slice(0, cx.at);
    let heading = marks.chars().all(|c| c == '#' || c.is_whitespace());
    let Some(word) = found.map(|found| found.word).or_else(|| heading.then_some(HEADING)) else { return };
    let Some((number, end)) = locator(cx, cx.at, word) else { return };
    let (parts, lettered) = if let Locator::Parts(parts) = &number {
        (parts.as_slice(), false)
    } else if let Locator::Lettered(parts, _) = &number {
        (parts.as_slice(), true)
    } else {
        return;
    };
    let of_heading = parts.len() == 2 && parts.iter().all(|part| *part <= OF_HEADING) && leads_title(cx, end);
    let behind_label = found.is_some() && (lettered || (parts.len() > 1 && word.parts));
    let leads = found.is_none() && !lettered && of_heading;
    if leads && marks.contains('#') {
        let pieces = parts.iter().map(|part| Piece::Number(part.to_string()));
        out.propose(end, Value::Outline(pieces.collect()), Cost::LIKELY);
    } else if behind_label || leads {
        out.propose(end, Value::Locator(number), Cost::LIKELY);
    }
}

/// What the number at the start of a heading counts.
const HEADING: LabelWord = LabelWord { said: "", strong: false, parts: true, pages: false, short: false, many: false };

/// Whether a word with a capital follows across one space.
fn leads_title(cx: &Cx<'_>, end: usize) -> bool {
    cx.char(end) == Some(' ') && cx.char(end + 1).is_some_and(char::is_uppercase)
}

/// The label of the number at this place, or of the row of numbers that it stands in.
pub(super) fn labelled(cx: &Cx<'_>) -> Option<Labelled> {
    let (mut direct, mut stopped) = (true, false);
    for token in cx.back().take(TOKENS_BACK) {
        let written = cx.slice(token.start, token.end);
        let stop = stopped;
        stopped &= token.kind == TokenKind::Space;
        match token.kind {
            TokenKind::Space => {}
            TokenKind::Digits => direct = false,
            TokenKind::Symbol => match written {
                "." => stopped = true,
                "," | "-" | "–" | "(" | ")" | "[" | "]" | "&" => direct = false,
                _ => return sign(cx, written).filter(|found| direct || found.word.many),
            },
            TokenKind::Word => {
                let fits =
                    |word: &LabelWord| if word.short { stop || cx.in_context("bare_labels", written) } else { !stop };
                if let Some(word) = cx.grammar.label(written).filter(fits) {
                    let capital = written.starts_with(char::is_uppercase);
                    return (direct || word.many).then_some(Labelled { word, capital });
                }
                let numeral = super::roman::value(written).is_some() || token.end - token.start == 1;
                if !numeral && !cx.in_context("joints", written) {
                    return None;
                }
                direct = false;
            }
        }
    }
    None
}

/// The label that a sign is.
fn sign(cx: &Cx<'_>, written: &str) -> Option<Labelled> {
    cx.grammar.label(written).map(|word| Labelled { word, capital: false })
}
