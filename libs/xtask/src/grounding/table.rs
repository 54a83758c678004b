//! The table of scores, and its goals.

use std::fmt;

use lectern_testkit::grounding::{Kind, Planted};

/// Planted errors that must be caught, in a hundred.
const CAUGHT: usize = 98;
/// True utterances that may be refused, in a hundred.
const REFUSED: usize = 2;

/// How many of how many.
#[derive(Clone, Copy, Default)]
struct Count {
    of: usize,
    found: usize,
}

impl Count {
    fn add(&mut self, found: bool) {
        self.of += 1;
        self.found += usize::from(found);
    }

    fn sum(counts: &[Self]) -> Self {
        counts.iter().fold(Self::default(), |sum, count| Self { of: sum.of + count.of, found: sum.found + count.found })
    }
}

impl fmt::Display for Count {
    /// "37 of 38 (97.4 %)".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.found * 1_000 + self.of / 2).checked_div(self.of).unwrap_or_default();
        write!(formatter, "{} of {} ({}.{} %)", self.found, self.of, tenths / 10, tenths % 10)
    }
}

/// The counts of one judge.
#[derive(Clone, Default)]
struct Scores {
    caught: [Count; Kind::ALL.len()],
    refused: Count,
}

impl Scores {
    /// `judged` says of each question whether it was refused: the errors first, the truths behind.
    fn of(planted: &[Planted], judged: &[bool]) -> Self {
        let mut scores = Self::default();
        let (errors, truths) = judged.split_at(planted.len().min(judged.len()));
        for (error, refused) in planted.iter().zip(errors) {
            let place = Kind::ALL.iter().position(|kind| *kind == error.kind);
            if let Some(count) = place.and_then(|place| scores.caught.get_mut(place)) {
                count.add(*refused);
            }
        }
        for refused in truths {
            scores.refused.add(*refused);
        }
        scores
    }
}

/// The scores of the check, beside those of a second opinion where one was asked.
pub struct Table {
    ours: Scores,
    second: Option<Scores>,
    /// How many were refused of other true utterances, by what they are called.
    others: Vec<(&'static str, Count)>,
    seconds: f64,
}

impl Table {
    pub fn of(planted: &[Planted], refused: &[bool], second: Option<&[bool]>, seconds: f64) -> Self {
        let second = second.map(|judged| Scores::of(planted, judged));
        Self { ours: Scores::of(planted, refused), second, others: Vec::new(), seconds }
    }

    /// The table with other true utterances that the check has judged. They have the same goal, and
    /// decide nothing: a test holds the check to what it has reached.
    pub fn with(mut self, name: &'static str, refused: &[bool]) -> Self {
        let mut count = Count::default();
        for refused in refused {
            count.add(*refused);
        }
        self.others.push((name, count));
        self
    }

    /// Whether the check reaches its goals.
    pub fn passes(&self) -> bool {
        let caught = Count::sum(&self.ours.caught);
        caught.found * 100 >= caught.of * CAUGHT && self.ours.refused.found * 100 <= self.ours.refused.of * REFUSED
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judges: Vec<&Scores> = std::iter::once(&self.ours).chain(&self.second).collect();
        let names = ["the check", "spaCy's entities"];
        let heads: Vec<&str> = names.into_iter().take(judges.len()).collect();
        writeln!(formatter, "| | goal | {} |", heads.join(" | "))?;
        writeln!(formatter, "| --- | --- |{}", " --- |".repeat(judges.len()))?;
        let mut row = |what: &str, goal: &str, counts: Vec<Count>| {
            let counts: Vec<String> = counts.iter().map(Count::to_string).collect();
            writeln!(formatter, "| {what} | {goal} | {} |", counts.join(" | "))
        };
        for (place, kind) in Kind::ALL.iter().enumerate() {
            let counts = judges.iter().filter_map(|judge| judge.caught.get(place).copied());
            row(&format!("{}, caught", kind.word()), "", counts.collect())?;
        }
        let all = judges.iter().map(|judge| Count::sum(&judge.caught));
        row("all errors, caught", &format!("at least {CAUGHT} %"), all.collect())?;
        let refused = judges.iter().map(|judge| judge.refused);
        row("true utterances, refused", &format!("at most {REFUSED} %"), refused.collect())?;
        for (name, count) in &self.others {
            let unasked = self.second.iter().map(|_| Count::default());
            row(
                &format!("{name}, refused"),
                &format!("at most {REFUSED} %"),
                [*count].into_iter().chain(unasked).collect(),
            )?;
        }
        writeln!(formatter, "\nThe check took {:.1} s for all of it.", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: Kind) -> Planted {
        let text = String::new;
        Planted { kind, rule: "a rule", truth: text(), claim: text(), passage: text() }
    }

    #[test]
    fn errors_and_truths_are_counted_apart_and_held_to_their_goals() {
        let planted = vec![error(Kind::Number), error(Kind::Number), error(Kind::Name)];
        let table = Table::of(&planted, &[true, false, true, false, false], None, 0.04);
        assert!(!table.passes(), "two of three errors are not enough");
        assert_eq!(
            table.to_string(),
            "| | goal | the check |\n| --- | --- | --- |\n\
             | changed number, caught |  | 1 of 2 (50.0 %) |\n\
             | swapped date, caught |  | 0 of 0 (0.0 %) |\n\
             | invented quotation, caught |  | 0 of 0 (0.0 %) |\n\
             | swapped name, caught |  | 1 of 1 (100.0 %) |\n\
             | all errors, caught | at least 98 % | 2 of 3 (66.7 %) |\n\
             | true utterances, refused | at most 2 % | 0 of 2 (0.0 %) |\n\n\
             The check took 0.0 s for all of it.\n"
        );
        assert!(Table::of(&planted, &[true, true, true, false], None, 0.0).passes());
        assert!(!Table::of(&planted, &[true, true, true, true], None, 0.0).passes(), "a truth was refused");
    }

    #[test]
    fn other_truths_have_a_row_and_decide_nothing() {
        let table = |refused: &[bool]| Table::of(&[], &[], None, 0.0).with("paraphrases", refused);
        assert!(table(&[false; 50]).to_string().contains("| paraphrases, refused | at most 2 % | 0 of 50 (0.0 %) |"));
        assert!(table(&[true, false]).passes());
    }

    #[test]
    fn a_second_opinion_stands_beside_and_decides_nothing() {
        let planted = vec![error(Kind::Date)];
        let table = Table::of(&planted, &[true, false], Some(&[false, true]), 1.0);
        assert!(table.passes());
        assert!(
            table.to_string().contains("| all errors, caught | at least 98 % | 1 of 1 (100.0 %) | 0 of 1 (0.0 %) |")
        );
    }
}
