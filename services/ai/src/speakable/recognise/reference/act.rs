//! Numbers of articles and of laws, which are no ranges and no fractions where a set of the
//! language says so: `art. L. 121-1`, `article 16-1`, `loi n° 78-17`, `Ley 39/2015`,
//! `Verordnung (EU) 2016/679`. A hyphen or a stroke is a part of such a number, and is said.

use super::super::{Candidates, Cx};
use super::labelled;
use crate::speakable::grammar::LabelWord;
use crate::speakable::span::{Cost, Piece, Symbol, Value};
use crate::speakable::text::TokenKind;

/// Digits of a part of a number.
const MOST_DIGITS: usize = 4;
/// Numbers with hyphens between them: `R. 123-4-1`.
const MOST_PARTS: usize = 4;
/// Tokens back among which the kind of a law is looked for: `Reglamento (UE) n.º 575/2013`.
const TOKENS_BACK: usize = 12;

/// The pieces of a number, and where it ends.
type Found = (Vec<Piece>, usize);

/// Proposes the numbers of articles and of laws.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let found = match cx.token().kind {
        TokenKind::Word => lettered(cx).or_else(|| numbered(cx)),
        TokenKind::Digits => bare(cx),
        TokenKind::Symbol | TokenKind::Space => None,
    };
    if let Some((pieces, end)) = found {
        out.propose(end, Value::Identifier(pieces), Cost::SURE);
    }
}

/// Whether letters lead the number of an article behind the label: `L` of `art. L. 121-1`.
pub(super) fn leads(cx: &Cx<'_>, letters: &str, label: LabelWord) -> bool {
    cx.grammar.context("code_letters", letters) && cx.in_context("coded", label.said)
}

/// `16-1` behind a label whose numbers have hyphens. Behind the label of several it is a range,
/// unless it falls: `articles 16-1 à 16-9`.
pub(super) fn hyphened(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<Found> {
    let (first, stroke) = cx.digits_at(at).filter(|_| cx.in_context("hyphened", label.said))?;
    let (second, _) = cx.digits_at(stroke + 1).filter(|_| cx.char(stroke) == Some('-'))?;
    let falls = first.parse::<u32>().ok() >= second.parse::<u32>().ok();
    if label.many && !falls {
        return None;
    }
    parts(cx, at)
}

/// `L. 121-1`, `R.123-4`, and `L 121-1` behind the label of an article.
fn lettered(cx: &Cx<'_>) -> Option<Found> {
    let letters = cx.written();
    if !cx.grammar.context("code_letters", letters) {
        return None;
    }
    let end = cx.token().end;
    let stop = cx.char(end) == Some('.');
    let (numbers, end) = parts(cx, cx.skip_space(end + usize::from(stop))?)?;
    if !(stop && numbers.len() > 1) && article(cx).is_none() {
        return None;
    }
    let mut pieces = vec![Piece::Letters(letters.to_owned())];
    pieces.extend(numbers);
    Some((pieces, end))
}

/// `n° 78-17`, `n.º 575/2013`: the number of a law behind the label of numbers.
fn numbered(cx: &Cx<'_>) -> Option<Found> {
    let (label, end) = super::label(cx).filter(|(label, _)| cx.in_context("numbers_of_laws", label.said))?;
    let start = cx.skip_space(end)?;
    let (numbers, end) = hyphened(cx, start, label).or_else(|| stroked(cx, start))?;
    let mut letters = label.said.chars();
    let first = letters.next()?;
    let said: String = if cx.char(cx.at).is_some_and(char::is_uppercase) {
        first.to_uppercase().chain(letters).collect()
    } else {
        label.said.to_owned()
    };
    let mut pieces = vec![Piece::Word(said)];
    pieces.extend(numbers);
    Some((pieces, end))
}

/// `16-1` behind the label of an article, `39/2015` behind the kind of a law.
fn bare(cx: &Cx<'_>) -> Option<Found> {
    match cx.char(cx.token().end)? {
        '-' => hyphened(cx, cx.at, article(cx)?),
        '/' if follows_act(cx) => stroked(cx, cx.at),
        _ => None,
    }
}

/// `121-1`, `123-4-1`, `57`: numbers with hyphens between them.
fn parts(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let (first, mut end) = number(cx, at)?;
    let mut pieces = vec![first];
    while cx.char(end) == Some('-') && pieces.len() < 2 * MOST_PARTS - 1 {
        let Some((next, after)) = number(cx, end + 1) else { break };
        pieces.extend([Piece::Symbol(Symbol::DASH), next]);
        end = after;
    }
    (!goes_on(cx, end)).then_some((pieces, end))
}

/// `39/2015`, `95/46/CE`.
fn stroked(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let (first, stroke) = number(cx, at)?;
    let (second, mut end) = number(cx, stroke + 1).filter(|_| cx.char(stroke) == Some('/'))?;
    let mut pieces = vec![first, Piece::Symbol(Symbol::SLASH), second];
    let behind = cx.letters_at(end + 1).filter(|_| cx.char(end) == Some('/'));
    if let Some((letters, after)) = behind.filter(|(letters, _)| letters.chars().all(char::is_uppercase)) {
        pieces.extend([Piece::Symbol(Symbol::SLASH), Piece::Letters(letters.to_owned())]);
        end = after;
    }
    (!goes_on(cx, end)).then_some((pieces, end))
}

fn number(cx: &Cx<'_>, at: usize) -> Option<(Piece, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    Some((Piece::Number(digits.to_owned()), end))
}

/// Whether more of a number stands at `end`, so that it is another one.
fn goes_on(cx: &Cx<'_>, end: usize) -> bool {
    let sign = matches!(cx.char(end), Some('-' | '–' | ',' | '.' | ':' | '/' | '%' | '°'));
    cx.glued_at(end) || (sign && cx.glued_at(end + 1))
}

/// The label of the article whose number stands here, right behind it or in a row.
fn article(cx: &Cx<'_>) -> Option<LabelWord> {
    let direct = cx.label_before().and_then(|word| cx.grammar.label(without_head(cx, word)));
    let label = direct.or_else(|| labelled(cx).map(|found| found.word))?;
    cx.in_context("coded", label.said).then_some(label)
}

/// Whether the kind of a law stands before this place, with the body that made it and the label of
/// the number between them.
fn follows_act(cx: &Cx<'_>) -> bool {
    for token in cx.back().take(TOKENS_BACK) {
        let written = cx.slice(token.start, token.end);
        match token.kind {
            TokenKind::Space => {}
            TokenKind::Symbol if matches!(written, "(" | ")" | "." | "°") => {}
            TokenKind::Symbol | TokenKind::Digits => return false,
            TokenKind::Word => {
                let word = without_head(cx, written);
                if cx.in_context("acts", word) {
                    return true;
                }
                let label = matches!(word, "n" | "º") || cx.grammar.label(word).is_some_and(|label| label.short);
                if !label && !word.chars().all(char::is_uppercase) {
                    return false;
                }
            }
        }
    }
    false
}

/// A word without what is elided before its apostrophe: `article` of `l'article`.
fn without_head<'a>(cx: &Cx<'_>, word: &'a str) -> &'a str {
    match word.split_once('\'') {
        Some((head, rest)) if cx.grammar.has("elisions", &head.to_lowercase()) => rest,
        Some(_) | None => word,
    }
}
