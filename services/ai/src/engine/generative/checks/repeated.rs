//! Whether something was said before, or is said elsewhere: by the words that carry meaning, so
//! that another order or another small word does not hide it.

use std::collections::BTreeSet;

use super::words::words;

/// Words of fewer letters carry little.
const SHORT_WORD: usize = 4;
/// Texts with fewer words that carry meaning are alike only where they are equal.
const FEW_WORDS: usize = 4;
/// Of the shorter one, the part in hundredths that the other has too.
const ALIKE: usize = 85;

/// A text as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gist {
    all: Vec<String>,
    carrying: BTreeSet<String>,
}

impl Gist {
    pub(super) fn of(text: &str) -> Self {
        let all = words(text);
        let carries = |word: &&String| word.chars().count() >= SHORT_WORD || word.chars().any(|c| c.is_ascii_digit());
        let carrying = all.iter().filter(carries).cloned().collect();
        Self { all, carrying }
    }

    /// Whether both say the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        if self.all == other.all {
            return true;
        }
        let (shorter, longer) =
            (self.carrying.len().min(other.carrying.len()), self.carrying.len().max(other.carrying.len()));
        let shared = self.carrying.intersection(&other.carrying).count();
        // A short one within a much longer one is a part of it, and no repetition.
        shorter >= FEW_WORDS && shared * 100 >= shorter * ALIKE && longer * 2 <= shorter * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_other_order_is_the_same_and_another_number_is_not() {
        let like = |one: &str, other: &str| Gist::of(one).is_like(&Gist::of(other));
        let said = "The pump lifts water from the lower tank to the upper one.";
        assert!(like(said, said));
        assert!(like(said, "From the lower tank, the pump lifts water to the upper one."));
        assert!(!like(said, "The valve empties the upper tank when it fails."));
        assert!(!like("The pump ran for 12 hours on Monday.", "The pump ran for 40 hours on Friday."));
        assert!(like("Right.", "Right!") && !like("Right.", "Why?"));
    }
}
