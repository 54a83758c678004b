//! Identifiers of programs and names with digits: `MAX_RETRY_COUNT`, `getUserById()`, `GPT4`,
//! `B-52`, `747-400`, `PM2.5`.

mod coded;
mod pieces;

use super::{Candidates, Cx, MOST_CHARS};
use crate::speakable::span::{Cost, Ending, Piece, Symbol, Value};
use crate::speakable::text::{TokenKind, lowered, raised};
pub(in crate::speakable::recognise) use pieces::{is_named, listed, parts, piece, pieces, vowel};

/// Letters of the longest part with one capital that is an acronym: `Id`, `Url`, and not `Http`.
const LONGEST_HUMP_SPELT: usize = 3;
/// Letters of the longest symbol before a decimal number that is a name: `PM2.5`.
const LONGEST_SYMBOL: usize = 4;
/// Digits of the second part of the name of an aircraft: `747-400`.
const MOST_DIGITS_OF_TYPE: usize = 3;

/// Proposes identifiers, and names with digits.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    coded::propose(cx, out);
    let kind = cx.token().kind;
    if kind == TokenKind::Symbol || cx.glued_before() || cx.before() == Some('_') {
        return;
    }
    let end = run_end(cx, cx.at);
    let run = cx.slice(cx.at, end);
    // Greek letters have names, and no piece of an identifier is one.
    if run.chars().any(|c| cx.grammar.common.greek(c)) {
        return;
    }
    if run.contains('_') {
        underscored(cx, end, out);
        return;
    }
    let digits = run.chars().any(|c| digit(c).is_some());
    let letters = run.contains(char::is_alphabetic);
    if digits && letters {
        mixed(cx, run, end, out);
    } else if letters {
        humps(cx, end, out);
        hyphenated(cx, run, end, out);
    } else if digits {
        numbered_type(cx, run, end, out);
    }
}

/// A digit, also one that is lowered.
fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() { Some(c) } else { lowered(c) }
}

/// Whether an identifier has the character inside.
fn inside(c: char) -> bool {
    (c.is_alphabetic() && raised(c).is_none() && !matches!(c, 'ª' | 'º')) || digit(c).is_some() || c == '_'
}

/// Where the run of letters, digits and `_` ends that begins at `start`: at raised text too.
pub(super) fn run_end(cx: &Cx<'_>, start: usize) -> usize {
    let goes_on = |at: usize| cx.char(at).is_some_and(inside) && (at == start || cx.raised_to(at).is_none());
    (start..start + MOST_CHARS).find(|at| !goes_on(*at)).unwrap_or(start + MOST_CHARS)
}

/// The place behind `()` at `at`, which calls what stands before it.
fn called(cx: &Cx<'_>, at: usize) -> usize {
    if cx.has(at, "()") { at + 2 } else { at }
}

/// Whether `'s` stands at `at` and ends a name.
pub(super) fn possessive(cx: &Cx<'_>, at: usize) -> bool {
    cx.char(at) == Some('\'') && matches!(cx.char(at + 1), Some('s' | 'S')) && !cx.glued_at(at + 2)
}

/// Proposes pieces that end at `end`, with `()` and `'s` behind them.
fn offer(cx: &Cx<'_>, end: usize, mut pieces: Vec<Piece>, cost: Cost, out: &mut Candidates) {
    let mut end = called(cx, end);
    if possessive(cx, end) {
        pieces.push(Piece::Ending(Ending::Possessive));
        end += 2;
    }
    out.propose(end, Value::Identifier(pieces), cost);
}

/// `snake_case`, `MAX_RETRY_COUNT`, `__init__`: at least one `_` between two parts.
fn underscored(cx: &Cx<'_>, end: usize, out: &mut Candidates) {
    let run = cx.slice(cx.at, end);
    let trimmed = run.trim_end_matches('_');
    if trimmed.contains('_') {
        let end = end - (run.len() - trimmed.len());
        offer(cx, end, pieces(cx.grammar, trimmed), Cost::SURE, out);
    }
}

/// `getUserById()`, `OpenAI`, `XMLHttpRequest`: no name such as `McDonald`.
fn humps(cx: &Cx<'_>, end: usize, out: &mut Candidates) {
    let run = cx.slice(cx.at, end);
    if !run.contains(char::is_uppercase) || run.chars().all(char::is_uppercase) {
        return;
    }
    let parts = parts(cx.grammar, run);
    let several = parts.len() > 1 && !parts.first().is_some_and(|first| is_named(cx.grammar, first, "name"));
    // `APIs` and `McDonald` are no humps: the first is an acronym's, the second a name's.
    let plural = run.strip_suffix('s').is_some_and(|base| base.chars().all(char::is_uppercase));
    if several && !plural && listed(cx.grammar, run).is_none() {
        let pieces = parts.into_iter().enumerate().map(|(index, part)| match index {
            0 => piece(cx.grammar, part),
            _ => hump(cx, part),
        });
        offer(cx, end, pieces.collect(), Cost::LIKELY, out);
    }
}

/// A part of an identifier behind the first: `Id` of `userId` is an acronym.
fn hump(cx: &Cx<'_>, part: String) -> Piece {
    let short = part.chars().count() <= LONGEST_HUMP_SPELT;
    if short && is_named(cx.grammar, &part.to_lowercase(), "spelt") {
        return Piece::Letters(part);
    }
    piece(cx.grammar, part)
}

/// `GPT4`, `B12`, `COVID19`, `x86`, `3D`, `4K`, `1080p`, `2x`, `PM2.5`.
fn mixed(cx: &Cx<'_>, run: &str, end: usize, out: &mut Candidates) {
    let plain: String = run.chars().map(|c| lowered(c).unwrap_or(c)).collect();
    let count = plain.chars().take_while(char::is_ascii_digit).count();
    let (digits, letters) = plain.split_at(count);
    if matches!(letters, "x" | "X") {
        let pieces = vec![Piece::Number(digits.to_owned()), Piece::Symbol(Symbol::TIMES)];
        out.propose(end, Value::Identifier(pieces), Cost::LIKELY);
        return;
    }
    // `the 4Ps`.
    if let Some(letter) = letters.strip_suffix('s').filter(|letter| count > 0 && letter.len() == 1)
        && letter.bytes().all(|b| b.is_ascii_uppercase())
    {
        let number = Piece::Number(digits.to_owned());
        let pieces = vec![number, Piece::Letters(letter.to_owned()), Piece::Ending(Ending::Plural)];
        offer(cx, end, pieces, Cost::LIKELY, out);
        return;
    }
    // `MP3s`, `747s`, and not `k8s`.
    let many = |stem: &&str| stem.ends_with(|c: char| c.is_ascii_digit()) && !stem.contains(char::is_lowercase);
    let plural = plain.strip_suffix('s').filter(many);
    let mut pieces = pieces::named(cx.grammar, plural.unwrap_or(&plain));
    if plural.is_some() {
        pieces.push(Piece::Ending(Ending::Plural));
    }
    // `5kg-10` begins with an amount, and is no name.
    if count > 0 {
        offer(cx, end, pieces, Cost::LIKELY, out);
        return;
    }
    if let Some((decimals, after)) = decimals(cx, end) {
        let symbol: Vec<char> = plain.chars().take_while(|c| c.is_alphabetic()).collect();
        let sure = symbol.len() <= LONGEST_SYMBOL && symbol.iter().all(|c| c.is_uppercase());
        let mut whole = pieces.clone();
        whole.extend([Piece::Symbol(Symbol::POINT), decimals]);
        out.propose(after, Value::Identifier(whole), if sure { Cost::SURE } else { Cost::LIKELY });
    }
    if let Some((number, after)) = type_number(cx, end).filter(|_| plural.is_none()) {
        pieces.push(number);
        offer(cx, after, pieces, Cost::LIKELY, out);
    } else {
        offer(cx, end, pieces, Cost::LIKELY, out);
    }
}

/// The digits behind a point at `at` that end a name: `2.5` of `PM2.5`.
fn decimals(cx: &Cx<'_>, at: usize) -> Option<(Piece, usize)> {
    let (digits, end) = cx.digits_at(at + 1).filter(|_| cx.char(at) == Some('.'))?;
    let goes_on = cx.glued_at(end) || (cx.char(end) == Some('.') && cx.digit(end + 1));
    (!goes_on).then(|| (version_part(digits), end))
}

/// A part of a version behind its point: `3.11` has an eleventh part, `2.05` has digits.
fn version_part(digits: &str) -> Piece {
    let counts = digits.len() == 2 && !digits.starts_with('0');
    if counts { Piece::Number(digits.to_owned()) } else { Piece::Digits(digits.to_owned()) }
}

/// `-12`, `-16A`, `-3.5` behind a name: its number, perhaps with one letter.
fn type_number(cx: &Cx<'_>, at: usize) -> Option<(Piece, usize)> {
    let (digits, end) = cx.digits_at(at + 1).filter(|_| cx.char(at) == Some('-'))?;
    let more = matches!(cx.char(end), Some('-' | '–' | '/' | ':')) && cx.digit(end + 1);
    let decimals = cx.char(end) == Some('.') && cx.digit(end + 1);
    (!more && !decimals && !cx.glued_at(end)).then(|| (Piece::Number(digits.to_owned()), end))
}

/// `B-52`, `F-16A`, `COVID-19`, `GPT-3.5`, `GPT-4o`, `Apollo-11`: a name with a capital, a hyphen,
/// and its number.
fn hyphenated(cx: &Cx<'_>, run: &str, end: usize, out: &mut Candidates) {
    let name = run.starts_with(char::is_uppercase) && cx.grammar.month(run).is_none();
    if !name || cx.char(end) != Some('-') {
        return;
    }
    let Some((digits, mut after)) = cx.digits_at(end + 1) else {
        roman_type(cx, run, end, out);
        return;
    };
    let symbol = run.chars().all(char::is_uppercase);
    let known = cx.grammar.get("spoken_acronyms", run).is_some() || listed(cx.grammar, run).is_some();
    let mut pieces = if known { vec![piece(cx.grammar, run.to_owned())] } else { pieces(cx.grammar, run) };
    pieces.push(Piece::Number(digits.to_owned()));
    if let Some((decimals, end)) = decimals(cx, after) {
        pieces.extend([Piece::Symbol(Symbol::POINT), decimals]);
        after = end;
    } else if let Some((letter, end)) = cx.letters_at(after) {
        // `1990s` behind `Mid-` is a decade.
        let plural = letter == "s";
        if letter.chars().count() > 1 || (plural && !symbol) || cx.glued_at(end) {
            return;
        }
        pieces.push(if plural { Piece::Ending(Ending::Plural) } else { Piece::Letters(letter.to_owned()) });
        after = end;
    }
    if matches!(cx.char(after), Some('-' | '–' | '/' | ':')) && cx.digit(after + 1) {
        return;
    }
    offer(cx, after, pieces, if symbol { Cost::SURE } else { Cost::LIKELY }, out);
}

/// `N-II`, `SAT-III`: a name in capitals, a hyphen, and a Roman numeral of several letters.
fn roman_type(cx: &Cx<'_>, run: &str, end: usize, out: &mut Candidates) {
    let Some((numeral, after)) = cx.letters_at(end + 1) else { return };
    let plain = numeral.len() > 1 && numeral.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'));
    let symbol = run.chars().all(char::is_uppercase) && super::roman::value(run).is_none();
    if !plain || !symbol || cx.glued_at(after) || cx.char(after) == Some('-') {
        return;
    }
    if let Some(value) = super::roman::value(numeral) {
        let pieces = vec![piece(cx.grammar, run.to_owned()), Piece::Number(value.to_string())];
        offer(cx, after, pieces, Cost::LIKELY, out);
    }
}

/// `747-400`, `737-8F`: an aircraft's name, which no range is.
fn numbered_type(cx: &Cx<'_>, run: &str, end: usize, out: &mut Candidates) {
    let known = cx.grammar.get("named_numbers", run) == Some("type");
    let Some((digits, after)) = cx.digits_at(end + 1).filter(|_| known && cx.char(end) == Some('-')) else { return };
    if digits.len() > MOST_DIGITS_OF_TYPE {
        return;
    }
    let mut pieces = vec![Piece::Number(run.to_owned()), Piece::Number(digits.to_owned())];
    let mut last = after;
    if let Some((letters, end)) = cx.letters_at(after) {
        pieces.push(Piece::Letters(letters.to_owned()));
        last = end;
    }
    if !cx.glued_at(last) {
        out.propose(last, Value::Identifier(pieces), Cost::SURE);
    }
}
