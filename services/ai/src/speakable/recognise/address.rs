//! Parts of postal addresses: a house in a street, the short name of a state, postal codes.

use super::label::behind_number;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Piece, Street, StreetName, Value};
use crate::speakable::text::TokenKind;

/// Digits of the longest number of a house.
const LONGEST_HOUSE: usize = 5;
/// Words of the longest name of a street.
const MOST_WORDS: usize = 3;
/// Digits of a ZIP code, and of what is added to it.
const ZIP: usize = 5;
const ZIP_ADDED: usize = 4;

/// Proposes parts of addresses.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    if cx.token().kind == TokenKind::Digits {
        if !behind_number(cx) {
            house(cx, out);
        }
        postcode(cx, out);
    } else {
        side(cx, out);
        region(cx, out);
        british_postcode(cx, out);
    }
}

/// `350 NE 13th St.`, `12 Oak St.`: a number, perhaps a side of the town, a name, and a street's
/// kind.
fn house(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((digits, end)) = cx.digits_at(cx.at).filter(|(digits, _)| digits.len() <= LONGEST_HOUSE) else { return };
    // `12B Oak St.`
    let letter = cx.letters_at(end).filter(|(letter, _)| letter.chars().count() == 1);
    let (letter, mut at) = letter.map_or((None, end), |(letter, end)| (Some(letter), end));
    let mut side = None;
    if let Some((entry, after)) = word(cx, at).and_then(|(word, after)| Some((cx.grammar.get("sides", word)?, after))) {
        side = Some(entry);
        at = after + usize::from(cx.char(after) == Some('.'));
    }
    let mut name = Vec::new();
    while name.is_empty() || kind(cx, at).is_none() {
        let Some((part, after)) = street_name(cx, at).filter(|_| name.len() < MOST_WORDS) else { return };
        name.push(part);
        at = after;
    }
    let Some((kind, after)) = kind(cx, at) else { return };
    let mut house = vec![Piece::Number(digits.to_owned())];
    house.extend(letter.map(|letter| Piece::Letters(letter.to_owned())));
    let street = Street { house: Some(house), side, name, kind: Some(kind), house_last: false };
    out.propose(after, Value::Street(Box::new(street)), Cost::SURE);
}

/// The word behind one space at `at`.
fn word<'a>(cx: &Cx<'a>, at: usize) -> Option<(&'a str, usize)> {
    let start = cx.skip_space(at).filter(|start| *start > at)?;
    cx.word_at(start)
}

/// `St.`, `Avenue`: what a street is, with its stop.
fn kind(cx: &Cx<'_>, at: usize) -> Option<(&'static str, usize)> {
    let (written, end) = word(cx, at)?;
    let said = cx.grammar.get("streets", written)?;
    let stop = cx.char(end) == Some('.') && said != written;
    // `St. John` goes on with a name.
    let after = end + usize::from(stop);
    let next = word(cx, after).map(|(next, _)| next);
    let names_on = next.is_some_and(|next| {
        next.starts_with(char::is_uppercase)
            && !cx.grammar.has("starters", &next.to_lowercase())
            && !cx.grammar.has("sides", next)
            && !cx.in_context("address", next)
    });
    (!names_on).then_some((said, after))
}

/// A part of the name of a street: `13th`, or a word with a capital.
fn street_name(cx: &Cx<'_>, at: usize) -> Option<(StreetName, usize)> {
    if let Some((name, end)) = word(cx, at) {
        return name.starts_with(char::is_uppercase).then(|| (StreetName::Word(name.to_owned()), end));
    }
    let start = cx.skip_space(at).filter(|start| *start > at)?;
    let (digits, middle) = cx.digits_at(start)?;
    let (_, end) = cx.letters_at(middle).filter(|(ending, _)| cx.grammar.ordinal_ending(ending).is_some())?;
    digits.parse().ok().map(|number| (StreetName::Ordinal(number), end))
}

/// `NE`, `SW` before an ordinal or behind the name of a street.
fn side(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let Some(said) = cx.grammar.get("sides", cx.written()) else { return };
    let behind = cx.label_before().is_some_and(|word| cx.grammar.has("streets", word));
    let ordinal = || {
        let start = cx.skip_space(token.end).filter(|start| *start > token.end);
        let digits = start.and_then(|start| cx.digits_at(start));
        digits
            .and_then(|(_, end)| cx.letters_at(end))
            .is_some_and(|(ending, _)| cx.grammar.ordinal_ending(ending).is_some())
    };
    if behind || ordinal() {
        out.propose(token.end, Value::Region(said), Cost::SURE);
    }
}

/// `Portland, OR 97201`, `in Portland, OR.`: the short name of a state behind the name of a place,
/// and a comma.
fn region(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let Some(said) = cx.grammar.get("regions", cx.written()) else { return };
    let mut back = cx.back().skip_while(|token| token.kind == TokenKind::Space);
    let comma = back.next().is_some_and(|token| cx.char(token.start) == Some(','));
    let place = back.next().filter(|token| comma && token.kind == TokenKind::Word);
    let named = place.is_some_and(|token| cx.char(token.start).is_some_and(char::is_uppercase));
    if !named {
        return;
    }
    // A code behind it says so.
    if zip(cx, token.end).is_some() {
        out.propose(token.end, Value::Region(said), Cost::SURE);
        return;
    }
    // "Well, OK" and "Portland, OR": what is also a word needs a word that leads a place.
    let word = cx.in_context("word_regions", cx.written());
    let mut led = || {
        let before = back.find(|token| token.kind != TokenKind::Space);
        before.is_some_and(|token| cx.in_context("before_place", cx.slice(token.start, token.end)))
    };
    if !cx.shouting && !cx.glued_at(token.end) && (!word || led()) {
        out.propose(token.end, Value::Region(said), Cost::LIKELY);
    }
}

/// A ZIP code behind one space at `at`, and its end.
fn zip(cx: &Cx<'_>, at: usize) -> Option<(Vec<Piece>, usize)> {
    let start = cx.skip_space(at).filter(|start| *start > at)?;
    let (digits, mut end) = cx.digits_at(start).filter(|(digits, _)| digits.len() == ZIP)?;
    let mut pieces = vec![Piece::Digits(digits.to_owned())];
    if cx.char(end) == Some('-')
        && let Some((added, after)) = cx.digits_at(end + 1).filter(|(added, _)| added.len() == ZIP_ADDED)
    {
        pieces.extend([Piece::Pause, Piece::Digits(added.to_owned())]);
        end = after;
    }
    (!cx.glued_at(end)).then_some((pieces, end))
}

/// `97201`, `97201-1234` behind the short name of a state, or the word for it; and in languages
/// whose setting says so (`postcode = 5`), that many digits behind a comma and before a place.
fn postcode(cx: &Cx<'_>, out: &mut Candidates) {
    let state = || cx.previous_word().is_some_and(|word| cx.grammar.has("regions", word));
    let named = || cx.after_context("postcode");
    let Some(space) = cx.at.checked_sub(1) else { return };
    if let Some((pieces, end)) = zip(cx, space).filter(|_| state() || named()) {
        out.propose(end, Value::Postcode(pieces), Cost::SURE);
        return;
    }
    let Some((digits, end)) = cx.digits_at(cx.at) else { return };
    let length = cx.grammar.get("settings", "postcode").and_then(|length| length.parse::<usize>().ok());
    let comma = cx
        .back()
        .find(|token| token.kind != TokenKind::Space)
        .is_some_and(|token| matches!(cx.char(token.start), Some(',' | '-')));
    let place = word(cx, end).is_some_and(|(word, _)| word.starts_with(char::is_uppercase));
    if length == Some(digits.len()) && place && (comma || named()) {
        out.propose(end, Value::Postcode(vec![Piece::Digits(digits.to_owned())]), Cost::SURE);
    }
}

/// `SW1A 1AA`: the form of British postcodes (BS 7666-0).
fn british_postcode(cx: &Cx<'_>, out: &mut Candidates) {
    let (mut at, mut outward) = (cx.at, String::new());
    while let Some(c) = cx.char(at).filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        outward.push(c);
        at += 1;
    }
    let letters = outward.chars().take_while(char::is_ascii_uppercase).count();
    let rest = outward.get(letters..).unwrap_or_default();
    let area =
        (1..=2).contains(&letters) && (1..=2).contains(&rest.len()) && rest.starts_with(|c: char| c.is_ascii_digit());
    if !area || cx.char(at) != Some(' ') {
        return;
    }
    let inward = cx.slice(at + 1, at + 4);
    let mut chars = inward.chars();
    let digit = chars.next().is_some_and(|c| c.is_ascii_digit());
    let two = inward.len() == 3 && chars.all(|c| c.is_ascii_uppercase());
    if digit && two && !cx.glued_at(at + 4) {
        let pieces = vec![Piece::Letters(outward), Piece::Pause, Piece::Letters(inward.to_owned())];
        out.propose(at + 4, Value::Postcode(pieces), Cost::SURE);
    }
}
