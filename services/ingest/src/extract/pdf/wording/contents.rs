//! Tables of contents, and indexes.

use super::numbering;

/// Whether a line has dot leaders: a title, a row of dots, a page number.
pub fn leaders(line: &str) -> bool {
    let mut dots = 0;
    let mut longest = 0;
    for char in line.chars() {
        match char {
            '.' | '…' | '·' | '\u{2024}' => dots += if char == '…' { 3 } else { 1 },
            ' ' => {}
            _ => {
                longest = longest.max(dots);
                dots = 0;
            }
        }
    }
    longest.max(dots) >= 5
}

/// Whether a line ends in what can be a page number.
pub fn numbered(line: &str) -> bool {
    line.split_whitespace().next_back().is_some_and(|word| crate::clean::running::page_number(word).is_some())
        && line.contains(char::is_alphabetic)
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

/// Whether a heading, its number aside, announces an index of words.
pub fn index(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = numbering::words(text).unwrap_or(0);
    let name = words[number..].join(" ").to_lowercase();
    let lettered = name.split_once(' ').filter(|(letter, _)| letter.chars().count() == 1).map(|(_, rest)| rest);
    let bare = lettered.unwrap_or(&name);
    bare == "index"
        || bare.ends_with(" index")
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
    fn an_index_is_told_by_its_name() {
        for (text, wanted) in [
            ("Index", true),
            ("E Concept index", true),
            ("12. Index of names", true),
            ("Indexing", false),
            ("The index of refraction", false),
            ("Using an index expression", false),
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
