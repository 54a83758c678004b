//! Picks the sentences that carry a text: how central their words are, where they stand, how much
//! they repeat each other.
//!
//! Words are weighted by how rare the sentences are that hold them (TF-IDF); a sentence scores by
//! its likeness to the whole text, as in centroid summaries; early sentences of a section and of
//! the text gain; sentences that lean on one before them (`However`, `It`, `This`) lose. Picking is
//! greedy with marginal relevance (Carbonell and Goldstein, 1998): what repeats a picked sentence
//! loses. All arithmetic is on integers of a fixed order, so that every machine picks the same.

use std::collections::{HashMap, HashSet};

use crate::speakable::Language;

/// A sentence that may be picked.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its words, as written.
    pub(super) text: String,
    /// Spoken words that it costs.
    pub(super) words: u32,
    /// Which part of the document it stands in, from 0.
    pub(super) section: usize,
    /// Its place in that part, from 0.
    pub(super) position: usize,
    /// The words of the headings above it.
    pub(super) heading: String,
}

fn terms(text: &str, language: Language) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2);
    let words = words.map(str::to_lowercase).filter(|word| !language.is_common(word));
    words.map(|word| language.stem(word)).collect()
}

/// A sentence as its distinct terms, sorted, with their weights.
struct Vector {
    terms: Vec<(u32, u64)>,
    norm: u64,
}

fn dot(a: &[(u32, u64)], b: &[(u32, u64)]) -> u64 {
    let (mut i, mut j, mut sum) = (0, 0, 0_u64);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum = sum.saturating_add(x.1.saturating_mul(y.1));
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

/// Likeness in thousandths.
fn likeness(a: &Vector, b: &Vector) -> u64 {
    let norms = a.norm.saturating_mul(b.norm).max(1);
    dot(&a.terms, &b.terms).saturating_mul(1000) / norms
}

/// Picks sentences whose words come to `target`, within a tenth where the sentences allow; their
/// places, in order. Picking compares every sentence with every one that is picked, so it asks each
/// time whether it is `stopped`, and leaves off with what it has.
pub(super) fn pick(
    candidates: &[Candidate],
    target: u32,
    language: Language,
    stopped: impl Fn() -> bool,
) -> Vec<usize> {
    let vectors = vectors(candidates, language);
    let scores = score(candidates, &vectors, language);
    let sections: HashSet<usize> = candidates.iter().map(|candidate| candidate.section).collect();
    let mut room: HashMap<usize, u32> = HashMap::new();
    // No part takes more than its share and a half, so that every part of the document is heard.
    let total: u64 = candidates.iter().map(|candidate| u64::from(candidate.words)).sum();
    for section in &sections {
        let own: u64 =
            candidates.iter().filter(|candidate| candidate.section == *section).map(|c| u64::from(c.words)).sum();
        let share = own.saturating_mul(u64::from(target)) / total.max(1);
        room.insert(*section, u32::try_from(share.saturating_mul(3) / 2 + 40).unwrap_or(u32::MAX));
    }
    let mut redundancy = vec![0_u64; candidates.len()];
    let mut picked: Vec<usize> = Vec::new();
    let mut left: HashSet<usize> = (0..candidates.len()).filter(|at| scores[*at] > 0).collect();
    let mut sum = 0_u32;
    let ceiling = target.saturating_add(target / 10);
    for shared in [true, false] {
        loop {
            let fits = |at: &&usize| {
                let candidate = &candidates[**at];
                sum.saturating_add(candidate.words) <= ceiling
                    && (!shared || room.get(&candidate.section).is_some_and(|room| *room >= candidate.words))
            };
            if stopped() || sum >= target.saturating_sub(target / 50) {
                break;
            }
            let value = |at: usize| scores[at].saturating_mul(1000_u64.saturating_sub(redundancy[at].min(950)));
            let best = left.iter().filter(fits).max_by_key(|at| (value(**at), std::cmp::Reverse(**at))).copied();
            let Some(best) = best else { break };
            left.remove(&best);
            sum += candidates[best].words;
            if let Some(room) = room.get_mut(&candidates[best].section) {
                *room = room.saturating_sub(candidates[best].words);
            }
            for at in &left {
                redundancy[*at] = redundancy[*at].max(likeness(&vectors[best], &vectors[*at]));
            }
            picked.push(best);
        }
    }
    picked.sort_unstable();
    picked
}

fn vectors(candidates: &[Candidate], language: Language) -> Vec<Vector> {
    let mut ids: HashMap<String, u32> = HashMap::new();
    let mut holders: Vec<u64> = Vec::new();
    let mut lists: Vec<Vec<(u32, u64)>> = Vec::new();
    for candidate in candidates {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        for term in terms(&candidate.text, language) {
            let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            let id = *ids.entry(term).or_insert(next);
            if id as usize >= holders.len() {
                holders.push(0);
            }
            *counts.entry(id).or_default() += 1;
        }
        for id in counts.keys() {
            holders[*id as usize] += 1;
        }
        let mut list: Vec<(u32, u64)> = counts.into_iter().collect();
        list.sort_unstable();
        lists.push(list);
    }
    let all = candidates.len() as u64;
    lists
        .into_iter()
        .map(|list| {
            // The weight of a term is the base-two logarithm of how rare it is, in sixteenths.
            let rare = |id: u32| log2_sixteenths(16 * (all + 1) / (holders[id as usize] + 1));
            let terms: Vec<(u32, u64)> = list.into_iter().map(|(id, count)| (id, count.min(3) * rare(id))).collect();
            let norm = terms.iter().map(|(_, weight)| weight * weight).sum::<u64>().isqrt();
            Vector { terms, norm }
        })
        .collect()
}

/// Sixteen times the base-two logarithm of `n` / 16, at least 1.
fn log2_sixteenths(n: u64) -> u64 {
    let whole = u64::from(n.max(16).ilog2());
    let rest = ((n.max(16) - (1 << whole)) * 16) >> whole;
    ((whole - 4) * 16 + rest).max(1)
}

fn score(candidates: &[Candidate], vectors: &[Vector], language: Language) -> Vec<u64> {
    let mut centre: HashMap<u32, u64> = HashMap::new();
    for vector in vectors {
        for (term, weight) in &vector.terms {
            *centre.entry(*term).or_default() += weight;
        }
    }
    let count = (candidates.len() as u64).max(1);
    let mut centre: Vec<(u32, u64)> =
        centre.into_iter().map(|(term, weight)| (term, weight * 64 / count)).filter(|(_, w)| *w > 0).collect();
    centre.sort_unstable();
    let norm = centre.iter().map(|(_, weight)| weight * weight).sum::<u64>().isqrt();
    let centre = Vector { terms: centre, norm };
    candidates
        .iter()
        .zip(vectors)
        .map(|(candidate, vector)| {
            if vector.terms.is_empty() || candidate.words < 4 {
                return 0;
            }
            let mut score = likeness(&centre, vector) + 50;
            // Where it stands: the first sentences of a part, and of the whole, say what it is
            // about.
            score = score
                * match candidate.position {
                    0 => 16,
                    1 => 13,
                    2 => 11,
                    _ => 10,
                }
                / 10;
            if candidate.section == 0 && candidate.position < 3 {
                score = score * 12 / 10;
            }
            let heading: HashSet<String> = terms(&candidate.heading, language).into_iter().collect();
            let shared = terms(&candidate.text, language).iter().filter(|term| heading.contains(*term)).count() as u64;
            score += score * shared.min(3) / 10;
            let first = candidate
                .text
                .split(|c: char| !c.is_alphabetic())
                .find(|word| !word.is_empty())
                .unwrap_or_default()
                .to_lowercase();
            if language.leans(&first) {
                score = score * 4 / 10;
            }
            if candidate.words < 7 {
                score /= 2;
            }
            if candidate.words > 45 {
                score = score * 7 / 10;
            }
            if candidate.text.trim_end().ends_with(['?', ':']) {
                score = score * 6 / 10;
            }
            score.max(1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(text: &str, section: usize, position: usize) -> Candidate {
        let words = lectern_core::content::words(text);
        Candidate { text: text.to_owned(), words, section, position, heading: String::new() }
    }

    #[test]
    fn what_repeats_and_what_leans_on_others_is_left_out() {
        let texts = [
            "The pump moves water from the lower tank to the upper tank every hour.",
            "The pump moves water from the lower tank to the upper tank every hour.",
            "However, this is not always what they want from it in the end.",
            "A failing valve lets water flow back and empties the upper tank.",
        ];
        let candidates: Vec<Candidate> = texts.iter().enumerate().map(|(at, text)| candidate(text, 0, at)).collect();
        assert_eq!(pick(&candidates, 26, Language::English, || false), [0, 3]);
        assert!(pick(&candidates, 26, Language::English, || true).is_empty(), "nobody waits for it");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(pick(&[], 100, Language::English, || false), Vec::<usize>::new());
    }
}
