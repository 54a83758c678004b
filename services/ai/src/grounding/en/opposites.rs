//! Where a claim says the opposite of a sentence of the sources that it otherwise repeats: "more"
//! for "less", "before" for "after", a "not" too many or too few.

use std::collections::HashSet;

use lectern_core::content::Range;

use super::data::Data;
use crate::grounding::text::{Kind, Text, Token};
use crate::grounding::verdict::{Fault, FaultKind};

/// The least number of words that a claim and a sentence share, so that they are of one thing.
const LEAST_SHARED: usize = 3;
/// The least share of the claim's words that are in the sentence, in percent.
const SHARED: usize = 60;
/// The same where only a "not" differs.
const SHARED_NEGATED: usize = 80;
/// How far behind a "not" the word may be that it negates, in tokens.
const SCOPE: usize = 4;

/// A sentence of a text: its tokens and what it is about.
struct Sentence<'a> {
    /// The place of its first token.
    first: usize,
    tokens: &'a [Token],
    stems: HashSet<&'a str>,
}

impl<'a> Sentence<'a> {
    fn of(text: &'a Text) -> Vec<Self> {
        let mut first = 0;
        let chunks = text.tokens.chunk_by(|one, next| one.sentence == next.sentence);
        let sentences = chunks.map(|tokens| {
            let stems = tokens.iter().filter(|token| side(token).is_none()).filter_map(about);
            let sentence = Self { first, tokens, stems: stems.collect() };
            first += tokens.len();
            sentence
        });
        sentences.collect()
    }

    fn shared(&self, other: &Self) -> usize {
        self.stems.intersection(&other.stems).count()
    }

    /// The places, within the sentence, of the words that negate.
    fn negators(&self) -> Vec<usize> {
        let is = |at: &usize| {
            let Some(token) = self.tokens.get(*at) else { return false };
            let only =
                self.tokens.get(at + 1).is_some_and(|next| matches!(next.text.as_str(), "only" | "least" | "more"));
            let word = token.kind == Kind::Word && !(only && matches!(token.text.as_str(), "not" | "no"));
            word && (Data::get().negators.contains(token.text.as_str()) || token.text.ends_with("n't"))
        };
        (0..self.tokens.len()).filter(is).collect()
    }

    /// The first word behind `at` that says something.
    fn negated(&self, at: usize) -> Option<&'a str> {
        let behind = self.tokens.iter().skip(at + 1).take(SCOPE);
        behind.map(|token| token.stem.as_str()).find(|stem| !stem.is_empty())
    }

    fn place(&self, stem: &str) -> Option<usize> {
        self.tokens.iter().position(|token| token.stem == stem)
    }
}

/// What a token says of what its sentence is about: the stem of a word, the digits of a number.
fn about(token: &Token) -> Option<&str> {
    let about = if token.kind == Kind::Number { &token.text } else { &token.stem };
    Some(about.as_str()).filter(|about| !about.is_empty())
}

fn side(token: &Token) -> Option<(usize, bool)> {
    let word = token.kind == Kind::Word;
    if word { Data::get().opposites.get(token.text.as_str()).copied() } else { None }
}

/// The faults of direction.
pub(super) fn find(claim: &Text, sources: &Text) -> Vec<Fault> {
    let sources_of = Sentence::of(sources);
    let mut faults = Vec::new();
    for sentence in Sentence::of(claim) {
        let best = sources_of.iter().map(|source| sentence.shared(source)).max().unwrap_or(0);
        if best < LEAST_SHARED || best * 100 < sentence.stems.len() * SHARED {
            continue;
        }
        let nearest: Vec<&Sentence<'_>> = sources_of.iter().filter(|source| sentence.shared(source) == best).collect();
        let all_negate = nearest.iter().map(|source| source.negators().len());
        let own = sentence.negators();
        let differ = all_negate.into_iter().all(|count| (count > 0) != own.is_empty().eq(&false));
        let turned: Vec<Fault> = if differ { Vec::new() } else { turned(claim, sources, &sentence, &nearest) };
        if turned.is_empty() && differ {
            faults.extend(negated(claim, sources, &sentence, &nearest));
        }
        faults.extend(turned);
    }
    faults
}

/// Words whose opposite is in every nearest sentence, at the same side of what they share.
fn turned(claim: &Text, sources: &Text, sentence: &Sentence<'_>, nearest: &[&Sentence<'_>]) -> Vec<Fault> {
    let sides: Vec<Option<(usize, bool)>> = sentence.tokens.iter().map(side).collect();
    let mut faults = Vec::new();
    for (at, own) in sides.iter().enumerate() {
        let Some((line, way)) = *own else { continue };
        if sides.contains(&Some((line, !way))) {
            continue;
        }
        let opposite = |source: &&&Sentence<'_>| {
            let has = |way: bool| source.tokens.iter().position(|token| side(token) == Some((line, way)));
            if has(way).is_some() { None } else { has(!way).filter(|there| !exchanged(sentence, at, source, *there)) }
        };
        let found: Vec<(usize, usize)> =
            nearest.iter().filter_map(|source| opposite(&source).map(|there| (source.first, there))).collect();
        if let Some((first, there)) = found.first().filter(|_| found.len() == nearest.len()) {
            faults.extend(fault(claim, sentence.first + at, sources.between(first + there, first + there + 1)));
        }
    }
    faults
}

/// Whether what stands before the word in the claim stands behind its opposite in the source, so
/// that both say one thing: "a is more than b", "b is less than a".
fn exchanged(claim: &Sentence<'_>, at: usize, source: &Sentence<'_>, there: usize) -> bool {
    let shared = |place: usize| {
        let token = claim.tokens.get(place).filter(|token| side(token).is_none())?;
        source.place(Some(token.stem.as_str()).filter(|stem| !stem.is_empty())?)
    };
    let before = (0..at).filter_map(shared).any(|before| before > there);
    before || (at + 1..claim.tokens.len()).filter_map(shared).any(|behind| behind < there)
}

/// A "not" that the claim has and the nearest sentences have not, or the other way round.
fn negated(claim: &Text, sources: &Text, sentence: &Sentence<'_>, nearest: &[&Sentence<'_>]) -> Option<Fault> {
    let source = nearest.first()?;
    let shared = sentence.shared(source);
    let copied = shared > LEAST_SHARED
        && shared * 100 >= sentence.stems.len() * SHARED_NEGATED
        && shared * 100 >= source.stems.len() * SHARED;
    let sided = |sentence: &Sentence<'_>| sentence.tokens.iter().filter_map(side).collect::<Vec<_>>();
    if !copied || sided(sentence) != sided(source) {
        return None;
    }
    if let Some(not) = sentence.negators().first() {
        let known = sentence.negated(*not).is_some_and(|stem| source.place(stem).is_some());
        return if known { fault(claim, sentence.first + not, String::new()) } else { None };
    }
    let not = *source.negators().first()?;
    let at = sentence.place(source.negated(not)?)?;
    fault(claim, sentence.first + at, sources.between(source.first + not, source.first + not + 2))
}

fn fault(claim: &Text, at: usize, said: String) -> Option<Fault> {
    let token = claim.token(at)?;
    let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let range = Range::new(offset(token.start), offset(token.end));
    Some(Fault { kind: FaultKind::Direction, range, found: claim.slice(token.start, token.end), said })
}
