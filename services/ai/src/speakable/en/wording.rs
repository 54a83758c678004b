//! What a script says of a document in English: announcements, the words that lead others, names
//! of sections without a heading.

/// What leads a note.
pub(crate) const NOTE: &str = "Footnote: ";

/// What leads the text of a picture.
pub(crate) const PICTURE: &str = "Image: ";

/// What stands for a formula without words.
pub(crate) const FORMULA: &str = "Equation omitted.";

/// The titles of the sections around the explanation of a lesson: its goals, a recap, questions.
pub(crate) const AROUND_A_LESSON: [&str; 3] = ["Goals", "Recap", "Questions"];

/// Who talks in a dialogue where nobody is named: name, role and manner of each.
pub(crate) const CAST: [[&str; 3]; 2] = [
    ["Robin", "explains what the document says", "calm and plain, with the document's own examples"],
    ["Jamie", "asks what a listener would ask, and sums up", "curious, in short sentences"],
];

/// The title of a document without one.
pub(crate) const UNTITLED: &str = "Untitled";

/// Words that a heading of an appendix begins with, in small letters.
const APPENDICES: [&str; 5] = ["appendix", "appendices", "annex", "annexe", "annexes"];

/// Words that lead the number of a reference, in small letters.
const REFERENCES: [&str; 4] = ["reference", "references", "ref", "refs"];

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// "Code in Rust, 12 lines."
pub(crate) fn code(lines: usize, language: Option<&str>) -> String {
    let lines = count(lines, "line", "lines");
    match language {
        Some(language) => format!("Code in {}, {lines}.", language_name(language)),
        None => format!("Code, {lines}."),
    }
}

/// "Table with 6 columns and 12 rows, not read out."
pub(crate) fn table(columns: usize, rows: usize) -> String {
    format!("Table with {} and {}, not read out.", count(columns, "column", "columns"), count(rows, "row", "rows"))
}

/// The name of a section that stands under no heading.
pub(crate) fn part(number: u32) -> String {
    format!("Part {number}")
}

/// The name of a later part of a section that was cut.
pub(crate) fn part_of(title: &str, number: u32) -> String {
    format!("{title}, part {number}")
}

/// What leads the number of one reference, or of several.
pub(crate) const fn reference(several: bool) -> &'static str {
    if several { "references" } else { "reference" }
}

/// Whether a word, in small letters, leads the number of a reference.
pub(crate) fn is_reference(word: &str) -> bool {
    REFERENCES.contains(&word)
}

/// Whether a word, in small letters, begins the heading of an appendix.
pub(crate) fn is_appendix(word: &str) -> bool {
    APPENDICES.contains(&word)
}

fn language_name(language: &str) -> String {
    let known = match language.to_ascii_lowercase().as_str() {
        "rs" | "rust" => "Rust",
        "py" | "python" => "Python",
        "js" | "javascript" => "JavaScript",
        "ts" | "typescript" => "TypeScript",
        "sh" | "bash" | "shell" | "console" => "shell",
        "c" => "C",
        "cpp" | "c++" => "C++",
        "cs" | "csharp" | "c#" => "C#",
        "go" | "golang" => "Go",
        "java" => "Java",
        "json" => "JSON",
        "yaml" | "yml" => "YAML",
        "toml" => "TOML",
        "html" => "HTML",
        "css" => "CSS",
        "sql" => "SQL",
        "xml" => "XML",
        "text" | "txt" | "plain" => "plain text",
        _ => return language.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(code(1, Some("rs")), "Code in Rust, 1 line.");
        assert_eq!(code(12, Some("Fortran")), "Code in Fortran, 12 lines.");
        assert_eq!(code(2, None), "Code, 2 lines.");
        assert_eq!(table(1, 9), "Table with 1 column and 9 rows, not read out.");
        assert_eq!((part(3), part_of("Wells", 2)), ("Part 3".to_owned(), "Wells, part 2".to_owned()));
    }
}
