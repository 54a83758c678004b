//! The tables of cases. A line is `written => spoken`; `# -- topic` begins a topic, of which
//! `# source: …` says where its expected forms are from, and `# alone: …` why its cases hold as
//! texts of their own and not inside of others. What stands before the first topic is a remark.

use std::path::PathBuf;

/// The folder of the tables, from the repository's root; a table is named by its language.
pub const FOLDER: &str = "services/ai/tests/speech";
/// The languages that there are tables of, BCP 47 tags.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// Between what is written and what is said; the last one of a line counts.
const SAID: &str = " =>";

/// A text, and how it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is about, the same for all cases of a topic.
    pub topic: String,
    /// What is written.
    pub written: String,
    /// What is said, without the stop that the caller adds; empty where nothing is.
    pub spoken: String,
    /// It holds as a text of its own, and not inside of others.
    pub alone: bool,
}

/// The cases of a language, in the table's order.
///
/// # Errors
///
/// The table is missing, a topic has no source, or a line is no case; the message says where.
pub fn cases(language: &str) -> Result<Vec<Case>, String> {
    let name = format!("{FOLDER}/{language}.txt");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(&name);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    parse(&text).map_err(|(line, what)| format!("{name}, line {line}: {what}"))
}

/// The cases of a table, or the number of a line and what is wrong with it.
fn parse(table: &str) -> Result<Vec<Case>, (usize, String)> {
    let (mut cases, mut topic, mut sourced, mut alone) = (Vec::new(), None, false, false);
    for (number, line) in (1..).zip(table.lines()) {
        if let Some(name) = line.strip_prefix("# -- ") {
            (topic, sourced, alone) = (Some(name.trim().to_owned()), false, false);
        } else if line.starts_with("# source: ") {
            sourced = true;
        } else if line.starts_with("# alone: ") {
            alone = true;
        } else if let (Some(topic), Some((written, spoken))) = (&topic, line.rsplit_once(SAID)) {
            if !sourced {
                return Err((number, format!("the topic \"{topic}\" has no source: say `# source: …` under it")));
            }
            let (written, spoken) = (written.to_owned(), spoken.trim().to_owned());
            cases.push(Case { topic: topic.clone(), written, spoken, alone });
        } else if topic.is_some() && !line.trim().is_empty() && !line.starts_with("# ") {
            return Err((number, format!("no case, which is `written{SAID} spoken`: {line}")));
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read_and_no_text_is_expected_to_be_said_in_two_ways() {
        for language in LANGUAGES {
            let cases = cases(language).unwrap();
            assert!(cases.len() >= 150, "{language}: {} cases", cases.len());
            let mut seen = std::collections::HashMap::new();
            for case in &cases {
                let other = seen.insert(case.written.as_str(), case.spoken.as_str());
                assert!(other.is_none_or(|other| other == case.spoken), "{language}: {}", case.written);
            }
        }
    }

    #[test]
    fn a_line_is_a_case_of_the_topic_above_it() {
        let table = "# written => spoken\n# -- one\n# source: a book\n5 kg => five kilograms\nA => B => A to B\n--- =>\n\
                     # -- two\n# source: another\n# alone: a mark begins its line\n# Head => Head\n";
        let case = |topic: &str, written: &str, spoken: &str, alone| Case {
            topic: topic.to_owned(),
            written: written.to_owned(),
            spoken: spoken.to_owned(),
            alone,
        };
        assert_eq!(
            parse(table).unwrap(),
            [
                case("one", "5 kg", "five kilograms", false),
                case("one", "A => B", "A to B", false),
                case("one", "---", "", false),
                case("two", "# Head", "Head", true),
            ]
        );
        assert_eq!(parse("# -- one\n5 => five").unwrap_err().0, 2, "it has no source");
        assert_eq!(parse("# -- one\n# source: a book\n5 is five").unwrap_err().0, 3);
    }
}
