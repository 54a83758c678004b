//! What a script says of a document in English: announcements, the words that lead others, names of
//! sections without a heading.

use crate::speakable::wording::{Wording, counted};

/// The words.
pub(crate) static WORDING: Wording = Wording {
    note: "Footnote: ",
    picture: "Image: ",
    formula: "Equation omitted.",
    untitled: "Untitled",
    around_a_lesson: ["Goals", "Recap", "Questions"],
    cast: [
        ["Robin", "explains what the document says", "calm and plain, with the document's own examples"],
        ["Jamie", "asks what a listener would ask, and sums up", "curious, in short sentences"],
    ],
    code: ["Code", "Code in"],
    lines: |n| counted(n, "1 line", "lines"),
    shell: "shell",
    plain_text: "plain text",
    table,
    part: ["Part", "part"],
    reference: ["reference", "references"],
    references: &["reference", "references", "ref", "refs"],
    appendices: &["appendix", "appendices", "annex", "annexe", "annexes"],
};

fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (counted(columns, "1 column", "columns"), counted(rows, "1 row", "rows"));
    format!("Table with {columns} and {rows}, not read out.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(WORDING.announce_code(1, Some("rs")), "Code in Rust, 1 line.");
        assert_eq!(WORDING.announce_code(12, Some("Fortran")), "Code in Fortran, 12 lines.");
        assert_eq!(WORDING.announce_code(2, None), "Code, 2 lines.");
        assert_eq!(WORDING.announce_table(1, 9), "Table with 1 column and 9 rows, not read out.");
        assert_eq!((WORDING.part(3), WORDING.part_of("Wells", 2)), ("Part 3".to_owned(), "Wells, part 2".to_owned()));
    }
}
