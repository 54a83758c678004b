//! Recognisers: what the text at a place may mean, one subject a file, for all languages. Each
//! proposes spans that begin at one place, the edge of a token; none decides among them, and none
//! says a word.

mod abbreviation;
mod acronym;
mod address;
mod chemistry;
mod code;
mod cx;
mod date;
mod emoji;
mod fraction;
mod identifier;
mod key;
mod label;
mod latex;
mod markup;
mod maths;
mod measure;
mod money;
mod name;
mod network;
mod number;
mod ordinal;
mod path;
mod phone;
mod places;
mod plain;
mod range;
mod reference;
mod roman;
mod score;
mod starts;
mod symbol;
mod time;
mod version;
mod web;
mod word;

use super::span::{Cost, Span, Value};
pub(crate) use cx::Cx;
pub(crate) use places::Places;
pub(super) use plain::plain;
pub(super) use roman::value as roman_value;
use starts::Starts;

/// How many tokens a recogniser looks ahead at most, so that time stays linear.
pub(super) const MOST_TOKENS: usize = 64;
/// How many characters a recogniser looks ahead at most; an address with a scheme may be longer.
pub(super) const MOST_CHARS: usize = 256;
/// How many spans are kept that begin at one place.
const MOST_CANDIDATES: usize = 32;

/// Spans that begin at one place.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    start: usize,
    spans: Vec<Span>,
}

impl Candidates {
    /// None yet at `start`.
    pub(super) fn begin(&mut self, start: usize) {
        self.start = start;
        self.spans.clear();
    }

    /// Proposes what the text from this place to `end` means. Whatever ends where it begins is
    /// no span.
    pub(super) fn propose(&mut self, end: usize, value: Value, cost: Cost) {
        if end > self.start && self.spans.len() < MOST_CANDIDATES {
            self.spans.push(Span { start: self.start, end, value, cost });
        }
    }

    /// What was proposed.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Span> {
        self.spans.drain(..)
    }
}

/// A recogniser, and where it is asked.
struct Recogniser {
    starts: Starts,
    propose: fn(&Cx<'_>, &mut Candidates),
}

const fn at(starts: Starts, propose: fn(&Cx<'_>, &mut Candidates)) -> Recogniser {
    Recogniser { starts, propose }
}

/// All recognisers, each with the kinds of tokens that what it reads begins with. Their order
/// decides nothing.
const RECOGNISERS: &[Recogniser] = &[
    at(Starts::MARK, code::propose),
    at(Starts::MARK, latex::propose),
    at(Starts::MARK.or(Starts::WORD).or(Starts::DIGITS).or(Starts::SIGN), label::propose),
    at(Starts::SIGN, markup::propose),
    at(Starts::SIGN.or(Starts::DIGITS), emoji::propose),
    at(Starts::WORD.or(Starts::DIGITS), web::propose),
    at(Starts::WORD.or(Starts::SIGN), path::propose),
    at(Starts::WORD.or(Starts::SIGN).or(Starts::DIGITS), identifier::propose),
    at(Starts::WORD.or(Starts::SIGN), key::propose),
    at(Starts::DIGITS.or(Starts::SIGN), phone::propose),
    at(Starts::WORD.or(Starts::DIGITS), address::propose),
    at(Starts::WORD.or(Starts::SIGN), name::propose),
    at(Starts::WORD, acronym::propose),
    at(Starts::WORD, abbreviation::propose),
    at(Starts::DIGITS.or(Starts::SIGN).or(Starts::MARK), number::propose),
    at(Starts::DIGITS, ordinal::propose),
    at(Starts::DIGITS.or(Starts::SIGN), fraction::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), measure::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), money::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), date::propose),
    at(Starts::WORD.or(Starts::DIGITS), time::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), range::propose),
    at(Starts::DIGITS, score::propose),
    at(Starts::WORD, roman::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), reference::propose),
    at(Starts::WORD.or(Starts::DIGITS), version::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN), network::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN).or(Starts::MARK), maths::propose),
    at(Starts::WORD.or(Starts::DIGITS).or(Starts::SIGN).or(Starts::MARK), chemistry::propose),
    at(Starts::WORD, word::propose),
    at(Starts::SIGN, symbol::propose),
];

/// Asks every recogniser that may read what begins at the place of `cx`.
pub(super) fn ask(cx: &Cx<'_>, out: &mut Candidates) {
    out.begin(cx.at);
    let starts = Starts::at(cx);
    for recogniser in RECOGNISERS.iter().filter(|recogniser| recogniser.starts.meets(starts)) {
        (recogniser.propose)(cx, out);
    }
}
