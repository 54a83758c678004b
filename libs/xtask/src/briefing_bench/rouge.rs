//! How much of a reference's words a summary has: ROUGE (C.-Y. Lin, "ROUGE: A Package for Automatic
//! Evaluation of Summaries", 2004), as the harmonic mean of precision and recall.
//!
//! Words are found as the widely used Python package `rouge-score` finds them: small letters and
//! digits, Porter's stems of words of more than three letters (its `use_stemmer=True`, the `-m` of
//! the original). ROUGE-L is the longest common subsequence of the whole texts (`rougeL` there).

use std::collections::HashMap;

use super::porter::stem;

/// Words of so many letters or fewer are not stemmed.
const WHOLE: usize = 3;

/// Three scores, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Single words.
    pub one: f64,
    /// Pairs of words.
    pub two: f64,
    /// The longest common subsequence.
    pub longest: f64,
}

impl Score {
    /// The mean of several.
    pub fn mean(scores: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| scores.iter().map(part).sum::<f64>() / number(scores.len().max(1));
        Self { one: of(|score| score.one), two: of(|score| score.two), longest: of(|score| score.longest) }
    }

    /// The mean of the three.
    pub fn average(&self) -> f64 {
        (self.one + self.two + self.longest) / 3.0
    }
}

/// A small count as a number to calculate with.
pub fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The words that are compared.
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| if word.len() > WHOLE { stem(word) } else { word.to_owned() }).collect()
}

/// How near a summary is to the reference.
pub fn score(reference: &str, summary: &str) -> Score {
    let (reference, summary) = (words(reference), words(summary));
    Score {
        one: overlap(&reference, &summary, 1),
        two: overlap(&reference, &summary, 2),
        longest: f1(subsequence(&reference, &summary), summary.len(), reference.len()),
    }
}

fn overlap(reference: &[String], summary: &[String], length: usize) -> f64 {
    let grams = |words: &[String]| {
        let mut grams: HashMap<Vec<String>, usize> = HashMap::new();
        for gram in words.windows(length) {
            *grams.entry(gram.to_vec()).or_default() += 1;
        }
        grams
    };
    let (of_reference, of_summary) = (grams(reference), grams(summary));
    let common = of_reference.iter().map(|(gram, count)| of_summary.get(gram).copied().unwrap_or_default().min(*count));
    let total = |words: &[String]| (words.len() + 1).saturating_sub(length);
    f1(common.sum(), total(summary), total(reference))
}

/// The length of the longest common subsequence.
fn subsequence(one: &[String], other: &[String]) -> usize {
    let mut row = vec![0_usize; other.len() + 1];
    for word in one {
        let mut diagonal = 0;
        let mut left = 0;
        for (cell, candidate) in row.iter_mut().skip(1).zip(other) {
            let above = *cell;
            *cell = if word == candidate { diagonal + 1 } else { above.max(left) };
            diagonal = above;
            left = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn f1(common: usize, summary: usize, reference: usize) -> f64 {
    // Twice the common part over both lengths: the harmonic mean, written without its fractions.
    if common == 0 { 0.0 } else { 2.0 * number(common) / number(summary + reference) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    /// By hand: "police kill the gunman" against "police killed the gunman", the paper's example.
    #[test]
    fn scores_are_those_of_the_papers_example() {
        let same = score("Police killed the gunman.", "police kill the gunman");
        assert!(near(same.one, 1.0) && near(same.two, 1.0) && near(same.longest, 1.0), "stems: {same:?}");
        let other = score("police killed the gunman", "the gunman kill police");
        assert!(near(other.one, 1.0), "{other:?}");
        assert!(near(other.two, 1.0 / 3.0), "the gunman: {other:?}");
        assert!(near(other.longest, 0.5), "the gunman: {other:?}");
        assert_eq!(score("a b c", "d e f"), Score::default());
    }

    #[test]
    fn repeating_a_word_earns_nothing() {
        let once = score("the cat sat", "cat");
        let often = score("the cat sat", "cat cat cat");
        assert!(near(once.one, 0.5) && often.one < once.one, "{once:?} {often:?}");
    }
}
