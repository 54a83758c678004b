//! `TextRank` (R. Mihalcea and P. Tarau, "TextRank: Bringing Order into Texts", 2004): sentences
//! are ranked by how many words they share with other sentences that rank high.
//!
//! As in its common implementations, function words are left out and words are stemmed before they
//! are compared, which makes it better than it would be without.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::rouge::{number, words};

/// How likely a step follows an edge; the paper's damping factor.
const DAMPING: f64 = 0.85;
/// The ranks have settled when none changes by more.
const SETTLED: f64 = 1e-5;
const ROUNDS: usize = 100;

/// Words that say nothing of what a sentence is about.
const FUNCTION_WORDS: &str = "a about above after again all also an and any are as at be because been before being below between \
    both but by can could did do does doing down during each e g few for from further had has have having he her here him his how \
    i if in into is it its itself just may might more most must my no nor not now of off on once one only or other our out over \
    own s same she should so some such t than that the their them then there these they this those through to too under until up \
    us use used using very was we were what when where which while who whom why will with would you your";

/// The places of the sentences, the one that ranks highest first.
pub fn ranked(sentences: &[String]) -> Vec<usize> {
    let function_words: BTreeSet<String> = words(FUNCTION_WORDS).into_iter().collect();
    let content = |sentence: &String| -> BTreeSet<String> {
        words(sentence).into_iter().filter(|word| !function_words.contains(word)).collect()
    };
    let nodes: Vec<BTreeSet<String>> = sentences.iter().map(content).collect();
    let weights: Vec<Vec<f64>> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| {
            let weight = |(other, words)| if place == other { 0.0 } else { similarity(node, words) };
            nodes.iter().enumerate().map(weight).collect()
        })
        .collect();
    let ranks = settle(&weights);
    let mut places: Vec<usize> = (0..sentences.len()).collect();
    let rank = |place: usize| ranks.get(place).copied().unwrap_or_default();
    // Of two that rank equal, the one that comes first.
    places.sort_by(|one, other| rank(*other).partial_cmp(&rank(*one)).unwrap_or(Ordering::Equal));
    places
}

/// Common words over the logarithms of both lengths.
fn similarity(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let lengths = number(one.len().max(1)).ln() + number(other.len().max(1)).ln();
    if lengths <= 0.0 { 0.0 } else { number(one.intersection(other).count()) / lengths }
}

/// The ranks, by going round until they settle. Weights are the same both ways.
fn settle(weights: &[Vec<f64>]) -> Vec<f64> {
    let totals: Vec<f64> = weights.iter().map(|row| row.iter().sum()).collect();
    let mut ranks = vec![1.0; weights.len()];
    for _ in 0..ROUNDS {
        let given: Vec<f64> =
            ranks.iter().zip(&totals).map(|(rank, total)| if *total > 0.0 { rank / total } else { 0.0 }).collect();
        let next: Vec<f64> = weights
            .iter()
            .map(|row| {
                (1.0 - DAMPING) + DAMPING * row.iter().zip(&given).map(|(weight, given)| weight * given).sum::<f64>()
            })
            .collect();
        let change = ranks.iter().zip(&next).map(|(old, new): (&f64, &f64)| (old - new).abs()).fold(0.0, f64::max);
        ranks = next;
        if change < SETTLED {
            break;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_that_shares_most_with_the_others_ranks_first() {
        let sentences = [
            "Nobody mentions the weather anywhere.",
            "Glaciers lose ice when summers warm.",
            "Warm summers cost glaciers their ice, and rivers gain water.",
            "Rivers gain water from melting ice.",
        ]
        .map(str::to_owned);
        let ranked = ranked(&sentences);
        assert_eq!(ranked.first(), Some(&2), "{ranked:?}");
        assert_eq!(ranked.last(), Some(&0), "{ranked:?}");
    }

    #[test]
    fn nothing_and_one_sentence_are_ranked_too() {
        assert!(ranked(&[]).is_empty());
        assert_eq!(ranked(&["Alone.".to_owned()]), [0]);
    }
}
