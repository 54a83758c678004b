//! Tables of contents, and indexes.

use super::numbering;

/// Dots of the shortest leaders.
const FEWEST_DOTS: usize = 5;

/// Whether a line has dot leaders: a title, a row of dots, a page number.
pub fn leaders(line: &str) -> bool {
    first_leaders(line).is_some()
}

/// Whether a line has a title before its leaders. The dots that stand for nothing in the rows of a
/// matrix lead nowhere.
pub fn leads(line: &str) -> bool {
    first_leaders(line).is_some_and(|start| line[..start].contains(char::is_alphabetic))
}

/// Where the first leaders of a line begin, in bytes.
fn first_leaders(line: &str) -> Option<usize> {
    let (mut dots, mut start) = (0, 0);
    for (at, letter) in line.char_indices() {
        match letter {
            '.' | '…' | '·' | '\u{2024}' => {
                if dots == 0 {
                    start = at;
                }
                dots += if letter == '…' { 3 } else { 1 };
                if dots >= FEWEST_DOTS {
                    return Some(start);
                }
            }
            ' ' => {}
            _ => dots = 0,
        }
    }
    None
}

/// The number of a page in which a line ends, as contents and indexes have it: nothing stands
/// behind it, and it is not written in capitals, as the name of the language C is.
pub fn page(line: &str) -> Option<i64> {
    let word = line.split_whitespace().next_back()?;
    let bare = word.starts_with(char::is_alphanumeric) && word.ends_with(char::is_alphanumeric);
    let capitals = word.chars().all(char::is_uppercase);
    crate::clean::running::page_number(word).filter(|_| bare && !capitals)
}

/// Whether a line ends in what can be a page number.
pub fn numbered(line: &str) -> bool {
    page(line).is_some() && line.contains(char::is_alphabetic)
}

/// Whether a heading announces a table of contents.
pub fn heading(text: &str) -> bool {
    matches!(
        text.trim().to_lowercase().as_str(),
        "contents"
            | "table of contents"
            | "list of figures"
            | "list of tables"
            | "inhaltsverzeichnis"
            | "inhalt"
            | "sommaire"
            | "table des matières"
            | "índice"
            | "short contents"
            | "list of examples"
    )
}

/// Words of the longest name of an index: "Subject and author index".
const LONGEST_INDEX: usize = 4;
/// Words that headings of text have and names of indexes have not: "Replacing the index".
const PROSE: [&str; 8] = ["the", "a", "an", "by", "with", "to", "its", "your"];

/// Whether a heading, its number aside, announces an index of words.
pub fn index(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = numbering::words(text).unwrap_or(0);
    let name = words[number..].join(" ").to_lowercase();
    let lettered = name.split_once(' ').filter(|(letter, _)| letter.chars().count() == 1).map(|(_, rest)| rest);
    let bare = lettered.unwrap_or(&name);
    let of_words = bare.split(' ').count() <= LONGEST_INDEX && !bare.split(' ').any(|word| PROSE.contains(&word));
    bare == "index"
        || bare.ends_with(" index") && of_words
        || bare.starts_with("index of ")
        || ["stichwortverzeichnis", "sachregister", "sachverzeichnis", "índice alfabético", "indice analitico"]
            .contains(&bare)
}

/// Whether a line only says that what it stands at goes on from or on another page, as long tables
/// do.
pub fn carried(line: &str) -> bool {
    let lower = line.to_lowercase();
    let core = lower.rsplit(['–', '—', ':', '-']).next().unwrap_or(&lower);
    let core = core.trim_matches(|char: char| !char.is_alphanumeric());
    [
        "continues on next page",
        "continued on next page",
        "continues on the next page",
        "continued on the next page",
        "continued from previous page",
        "continued from the previous page",
        "fortsetzung auf der nächsten seite",
        "fortsetzung der vorherigen seite",
        "fortgesetzt von vorheriger seite",
        "suite de la page précédente",
        "suite sur la page suivante",
    ]
    .contains(&core)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_are_rows_of_dots() {
        for (line, wanted) in [
            ("1 Introduction . . . . . . . . 3", true),
            ("Index........12", true),
            ("And so on ...", false),
            ("A sentence. Another. One more. Yes.", false),
        ] {
            assert_eq!(leaders(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_page_is_a_bare_number_behind_words() {
        for (line, wanted) in [
            ("1.2 What do I need 2", Some(2)),
            ("Preface xii", Some(12)),
            ("Tides, 3-12", Some(12)),
            ("as in the manual (R Core Team, 2018,", None),
            ("which limits the use of modern C++", None),
            ("and so it is written in C", None),
            ("as was done in (12)", None),
        ] {
            assert_eq!(page(line), wanted, "{line}");
        }
        assert!(leads("1.2 What do I need . . . . . . 2") && leads("help . . . . . 4"));
        assert!(!leads("[1,] . 7 . . . . . .") && !leads("A sentence."));
    }

    #[test]
    fn an_index_is_told_by_its_name() {
        for (text, wanted) in [
            ("Index", true),
            ("E Concept index", true),
            ("12. Index of names", true),
            ("Indexing", false),
            ("The index of refraction", false),
            ("Using an index expression", false),
            ("Subject and Author Index", true),
            ("2.6. Extracting and replacing the data and the index", false),
            ("3.1 Replacing the index", false),
        ] {
            assert_eq!(index(text), wanted, "{text}");
        }
    }

    #[test]
    fn lines_that_carry_a_table_over_are_known() {
        for (line, wanted) in [
            ("continues on next page", true),
            ("Table 1 – continued from previous page", true),
            ("(Continued on next page)", true),
            ("The story continues on next page", false),
        ] {
            assert_eq!(carried(line), wanted, "{line}");
        }
    }
}
