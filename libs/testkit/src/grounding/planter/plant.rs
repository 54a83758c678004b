//! Which errors are planted, and how many of each kind.

use super::draw::Draw;
use super::{date, name, number, quotation};
use crate::grounding::Fact;

/// The seed of the errors that scores are told of.
pub const SEED: u64 = 13;

/// What is wrong with a planted error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number, or its unit, is another.
    Number,
    /// A day, a month or a year is another.
    Date,
    /// Words in quotation marks are not those of the passage.
    Quotation,
    /// A name is another.
    Name,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Number, Self::Date, Self::Quotation, Self::Name];

    /// Its name, for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Number => "changed number",
            Self::Date => "swapped date",
            Self::Quotation => "invented quotation",
            Self::Name => "swapped name",
        }
    }

    /// How many are planted: 150 together.
    #[must_use]
    pub const fn share(self) -> usize {
        match self {
            Self::Number | Self::Name => 38,
            Self::Date | Self::Quotation => 37,
        }
    }

    const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Number => number::RULES,
            Self::Date => date::RULES,
            Self::Quotation => quotation::RULES,
            Self::Name => name::RULES,
        }
    }
}

/// A way to make an error.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The utterance with the error; none where it has nothing that the rule applies to.
    pub(super) apply: fn(&Place<'_>, &mut Draw) -> Option<String>,
}

/// Where an error is planted.
pub(super) struct Place<'a> {
    pub(super) truth: &'a str,
    pub(super) fact: &'a Fact,
    pub(super) facts: &'a [Fact],
}

impl Place<'_> {
    /// The other facts of its document; of its collection where there are none.
    pub(super) fn others(&self) -> Vec<&Fact> {
        let others = || self.facts.iter().filter(|fact| fact.passage != self.fact.passage);
        let near: Vec<&Fact> = others().filter(|fact| fact.document == self.fact.document).collect();
        if near.is_empty() {
            others().filter(|fact| fact.collection() == self.fact.collection()).collect()
        } else {
            near
        }
    }
}

/// An utterance with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// What is wrong with it.
    pub kind: Kind,
    /// The rule by which it was made.
    pub rule: &'static str,
    /// What was true.
    pub truth: String,
    /// What is said.
    pub claim: String,
    /// The passage that does not bear it out.
    pub passage: String,
}

/// The errors, by kind, each made from another utterance of its kind. The rules take turns; where
/// the one whose turn it is finds nothing to change, the next one does it.
#[must_use]
pub fn plant(facts: &[Fact], seed: u64) -> Vec<Planted> {
    let mut draw = Draw::new(seed);
    let mut planted = Vec::new();
    for kind in Kind::ALL {
        let mut places: Vec<Place<'_>> =
            facts.iter().flat_map(|fact| fact.truths.iter().map(move |truth| Place { truth, fact, facts })).collect();
        draw.shuffle(&mut places);
        let mut count = 0;
        for place in &places {
            if count == kind.share() {
                break;
            }
            let rules = kind.rules();
            let turns = rules.iter().cycle().skip(count % rules.len()).take(rules.len());
            let made = turns.filter_map(|rule| Some((rule.name, (rule.apply)(place, &mut draw)?))).next();
            let Some((rule, claim)) = made else { continue };
            count += 1;
            planted.push(Planted {
                kind,
                rule,
                truth: place.truth.to_owned(),
                claim,
                passage: place.fact.passage.clone(),
            });
        }
    }
    planted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::grounding::facts;

    #[test]
    fn every_kind_has_its_share_and_every_rule_made_some() {
        let planted = plant(&facts().unwrap(), SEED);
        assert_eq!(planted.len(), 150);
        for kind in Kind::ALL {
            let of_kind: Vec<&Planted> = planted.iter().filter(|planted| planted.kind == kind).collect();
            assert_eq!(of_kind.len(), kind.share(), "{kind:?}");
            let rules: BTreeSet<&str> = of_kind.iter().map(|planted| planted.rule).collect();
            assert_eq!(rules.len(), kind.rules().len(), "{rules:?}");
        }
    }

    #[test]
    fn an_error_is_no_truth_and_the_same_seed_plants_the_same() {
        let facts = facts().unwrap();
        let planted = plant(&facts, SEED);
        assert_eq!(planted, plant(&facts, SEED));
        assert_ne!(planted, plant(&facts, SEED + 1));
        let truths: BTreeSet<&String> = facts.iter().flat_map(|fact| &fact.truths).collect();
        for planted in &planted {
            assert!(!truths.contains(&planted.claim), "{planted:?}");
            assert!(!planted.passage.contains(&planted.claim), "{planted:?}");
        }
    }
}
