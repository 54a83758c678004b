//! What a script says of a document in German: announcements, the words that lead others, names of
//! sections without a heading.

/// What leads a note.
pub(crate) const NOTE: &str = "Fußnote: ";

/// What leads the text of a picture.
pub(crate) const PICTURE: &str = "Bild: ";

/// What stands for a formula without words.
pub(crate) const FORMULA: &str = "Formel ausgelassen.";

/// The titles of the sections around the explanation of a lesson: its goals, a recap, questions.
pub(crate) const AROUND_A_LESSON: [&str; 3] = ["Ziele", "Rückblick", "Fragen"];

/// Who talks in a dialogue where nobody is named: name, role and manner of each.
pub(crate) const CAST: [[&str; 3]; 2] = [
    ["Robin", "erklärt, was im Dokument steht", "ruhig und schlicht, mit den Beispielen des Dokuments"],
    ["Kim", "fragt, was Zuhörende fragen würden, und fasst zusammen", "neugierig, in kurzen Sätzen"],
];

/// The title of a document without one.
pub(crate) const UNTITLED: &str = "Ohne Titel";

/// Words that a heading of an appendix begins with, in small letters.
const APPENDICES: [&str; 4] = ["anhang", "anhänge", "anlage", "anlagen"];

/// Words that lead the number of a reference, in small letters.
const REFERENCES: [&str; 6] = ["literatur", "quelle", "quellen", "ref", "referenz", "referenzen"];

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { one.to_owned() } else { format!("{n} {many}") }
}

/// "Code in Rust, 12 Zeilen."
pub(crate) fn code(lines: usize, language: Option<&str>) -> String {
    let lines = count(lines, "eine Zeile", "Zeilen");
    match language {
        Some(language) => format!("Code in {}, {lines}.", language_name(language)),
        None => format!("Code, {lines}."),
    }
}

/// "Tabelle mit 6 Spalten und 12 Zeilen, nicht vorgelesen."
pub(crate) fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (count(columns, "einer Spalte", "Spalten"), count(rows, "einer Zeile", "Zeilen"));
    format!("Tabelle mit {columns} und {rows}, nicht vorgelesen.")
}

/// The name of a section that stands under no heading.
pub(crate) fn part(number: u32) -> String {
    format!("Teil {number}")
}

/// The name of a later part of a section that was cut.
pub(crate) fn part_of(title: &str, number: u32) -> String {
    format!("{title}, Teil {number}")
}

/// What leads the number of one reference, or of several.
pub(crate) const fn reference(several: bool) -> &'static str {
    if several { "Quellen" } else { "Quelle" }
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
        "sh" | "bash" | "shell" | "console" => "Shell",
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
        "text" | "txt" | "plain" => "reinem Text",
        _ => return language.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(code(1, Some("rs")), "Code in Rust, eine Zeile.");
        assert_eq!(code(12, Some("Fortran")), "Code in Fortran, 12 Zeilen.");
        assert_eq!(code(2, None), "Code, 2 Zeilen.");
        assert_eq!(table(1, 9), "Tabelle mit einer Spalte und 9 Zeilen, nicht vorgelesen.");
        assert_eq!((part(3), part_of("Brunnen", 2)), ("Teil 3".to_owned(), "Brunnen, Teil 2".to_owned()));
    }
}
