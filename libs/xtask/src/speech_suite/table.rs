//! The table of scores, and its goals.

use std::fmt;

/// Bytes of plain prose that are said in a second on one core.
const SPEED: u64 = 5_000_000;

/// The score of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub cases: usize,
    /// Cases that are said as they should be, by themselves.
    pub alone: usize,
    /// Cases of which that holds within other texts as well.
    pub everywhere: usize,
}

impl Topic {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), cases: 0, alone: 0, everywhere: 0 }
    }

    pub fn add(&mut self, alone: bool, everywhere: bool) {
        self.cases += 1;
        self.alone += usize::from(alone);
        self.everywhere += usize::from(everywhere);
    }

    fn row(&self, begin: &str) -> String {
        let Self { name, cases, alone, everywhere } = self;
        format!("| {begin}{name} | {cases} | {} | {} |", Share(*alone, *cases), Share(*everywhere, *cases))
    }
}

/// So many of so many, "37 (97.4 %)".
struct Share(usize, usize);

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(found, of) = self;
        // Down, so that what is not all of it is never 100 %.
        let tenths = (found * 1_000).checked_div(*of).unwrap_or_default();
        write!(formatter, "{found} ({}.{} %)", tenths / 10, tenths % 10)
    }
}

/// The scores of a language, in the order of its table of cases.
#[derive(Debug)]
pub struct Language {
    pub tag: &'static str,
    pub topics: Vec<Topic>,
    /// Bytes of plain prose that are said in a second, where that was measured.
    pub speed: Option<u64>,
}

impl Language {
    /// All topics in one.
    fn sum(&self) -> Topic {
        let mut sum = Topic::new(self.tag);
        for topic in &self.topics {
            sum.cases += topic.cases;
            sum.alone += topic.alone;
            sum.everywhere += topic.everywhere;
        }
        sum
    }
}

/// The scores of all languages.
#[derive(Debug)]
pub struct Table {
    pub languages: Vec<Language>,
}

impl Table {
    /// Whether every case is said right everywhere, and prose as fast as it should be where that
    /// was measured.
    pub fn passes(&self) -> bool {
        self.languages.iter().all(|language| {
            let sum = language.sum();
            sum.everywhere == sum.cases && language.speed.is_none_or(|speed| speed >= SPEED)
        })
    }

    /// A row for each topic of each language.
    pub fn topics(&self) -> String {
        let mut rows = "| topic | cases | alone | everywhere |\n| --- | --- | --- | --- |\n".to_owned();
        for language in &self.languages {
            for topic in &language.topics {
                rows.push_str(&topic.row(&format!("{}: ", language.tag)));
                rows.push('\n');
            }
        }
        rows
    }
}

impl fmt::Display for Table {
    /// A row for each language, and below it one for each topic of which a case is not said right
    /// everywhere.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| | cases | said right by themselves | within other texts too | MB/s of prose |")?;
        writeln!(formatter, "| --- | --- | --- | --- | --- |")?;
        let goal = format!("{} on one core", megabytes(SPEED));
        writeln!(formatter, "| goal | | all | all | {goal} |")?;
        for language in &self.languages {
            let speed = language.speed.map_or_else(|| "–".to_owned(), megabytes);
            writeln!(formatter, "{} {speed} |", language.sum().row(""))?;
            for topic in language.topics.iter().filter(|topic| topic.everywhere < topic.cases) {
                writeln!(formatter, "{} |", topic.row(&format!("{}: ", language.tag)))?;
            }
        }
        Ok(())
    }
}

/// "5.0".
fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, cases: usize, alone: usize, everywhere: usize) -> Topic {
        Topic { name: name.to_owned(), cases, alone, everywhere }
    }

    #[test]
    fn languages_are_summed_up_and_topics_shown_where_something_is_wrong() {
        let mut table = Table {
            languages: vec![
                Language { tag: "en", topics: vec![topic("money", 10, 10, 9), topic("dates", 5, 5, 5)], speed: None },
                Language { tag: "de", topics: vec![topic("money", 4, 4, 4)], speed: Some(7_250_000) },
            ],
        };
        assert!(!table.passes());
        assert_eq!(
            table.to_string(),
            "| | cases | said right by themselves | within other texts too | MB/s of prose |\n\
             | --- | --- | --- | --- | --- |\n\
             | goal | | all | all | 5.0 on one core |\n\
             | en | 15 | 15 (100.0 %) | 14 (93.3 %) | – |\n\
             | en: money | 10 | 10 (100.0 %) | 9 (90.0 %) | |\n\
             | de | 4 | 4 (100.0 %) | 4 (100.0 %) | 7.2 |\n"
        );
        assert_eq!(table.topics().lines().count(), 5);
        table.languages.remove(0);
        assert!(table.passes());
        table.languages[0].speed = Some(4_999_999);
        assert!(!table.passes(), "it is too slow");
    }

    #[test]
    fn what_is_not_all_of_it_is_not_rounded_up() {
        assert_eq!(Share(1_999, 2_000).to_string(), "1999 (99.9 %)");
        assert_eq!(Share(0, 0).to_string(), "0 (0.0 %)");
    }
}
