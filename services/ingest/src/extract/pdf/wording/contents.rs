//! Tables of contents.

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
}
