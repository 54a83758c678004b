//! Names of a claim that repeats a sentence of the sources in which another name stands.

use std::collections::HashSet;

use super::binding::{Exchange, Ties};
use super::items::Item;
use super::rules::Rules;
use super::text::Text;

/// How many words a claim and a sentence share, at least, if the claim repeats the sentence.
const REPEATED: usize = 3;
/// The least share of the claim's words, in percent, that are in a sentence which it repeats.
const REPEATED_SHARE: usize = 60;
/// By how many words the sentence with the other name must be nearer to the claim than any with its
/// own.
const NEARER: usize = 2;
/// How many words of what is said of the other name the claim says of its own.
const TIED: usize = 2;

/// A sentence as a set of words.
struct Sentence<'a> {
    number: usize,
    /// The stems of what it is about, without its names.
    words: HashSet<&'a str>,
    /// Whether somebody who was named before may be meant.
    pronoun: bool,
}

impl<'a> Sentence<'a> {
    fn of(text: &'a Text, items: &[Item<'_>], rules: &Rules) -> Vec<Self> {
        let named: HashSet<usize> = items.iter().flat_map(|name| name.first..name.last).collect();
        let mut first = 0;
        let chunks = text.tokens.chunk_by(|one, next| one.sentence == next.sentence);
        let sentences = chunks.map(|tokens| {
            let places = first..first + tokens.len();
            first += tokens.len();
            let words = tokens.iter().zip(places).filter(|(token, at)| !token.stem.is_empty() && !named.contains(at));
            Self {
                number: tokens.first().map_or(0, |token| token.sentence),
                words: words.map(|(token, _)| token.stem.as_str()).collect(),
                pronoun: tokens.iter().any(|token| (rules.pronoun)(&token.text)),
            }
        });
        sentences.collect()
    }

    fn shared(&self, other: &Self) -> usize {
        self.words.intersection(&other.words).count()
    }
}

/// The names that stand for another one, and that one.
pub(super) fn find(ties: &Ties<'_>) -> Vec<Exchange> {
    let sentences = Sentence::of(ties.sources, ties.said, ties.rules);
    let mut found = Vec::new();
    for own in Sentence::of(ties.claim, ties.items, ties.rules) {
        let Some(best) = sentences.iter().max_by_key(|source| own.shared(source)) else { continue };
        let most = own.shared(best);
        if most < REPEATED || most * 100 < own.words.len() * REPEATED_SHARE || best.pronoun {
            continue;
        }
        for (at, item) in ties.items.iter().enumerate().filter(|(_, item)| item.sentence == own.number) {
            let known: HashSet<usize> = ties.owns(at).map(|(_, there)| there.sentence).collect();
            let near = |source: &&Sentence<'_>| known.contains(&source.number) && own.shared(source) + NEARER > most;
            if known.is_empty() || sentences.iter().any(|source| near(&source)) {
                continue;
            }
            let mut others = ties.said.iter().enumerate().filter(|(_, other)| other.sentence == best.number);
            let other = others.find(|(place, other)| {
                let tied = other.local.intersection(&item.local).count();
                let noun = !item.noun.is_empty() && item.noun == other.noun;
                ties.is_absent(*place) && (tied >= TIED || (tied > 0 && noun))
            });
            found.extend(other.map(|(place, _)| (at, place)));
        }
    }
    found
}
