//! What a script says of a document in French: announcements, the words that lead others, names of
//! sections without a heading.

/// What leads a note.
pub(crate) const NOTE: &str = "Note : ";

/// What leads the text of a picture.
pub(crate) const PICTURE: &str = "Image : ";

/// What stands for a formula without words.
pub(crate) const FORMULA: &str = "Équation omise.";

/// The titles of the sections around the explanation of a lesson: its goals, a recap, questions.
pub(crate) const AROUND_A_LESSON: [&str; 3] = ["Objectifs", "Récapitulatif", "Questions"];

/// Who talks in a dialogue where nobody is named: name, role and manner of each.
pub(crate) const CAST: [[&str; 3]; 2] = [
    ["Camille", "explique ce que dit le document", "avec calme et simplicité, et les exemples du document"],
    ["Sacha", "demande ce qu'un auditeur demanderait, et résume", "avec curiosité, en phrases courtes"],
];

/// The title of a document without one.
pub(crate) const UNTITLED: &str = "Sans titre";

/// Words that a heading of an appendix begins with, in small letters.
const APPENDICES: [&str; 4] = ["annexe", "annexes", "appendice", "appendices"];

/// Words that lead the number of a reference, in small letters.
const REFERENCES: [&str; 4] = ["référence", "références", "réf", "réfs"];

/// So many lines or columns: both are feminine, and the plural begins at two.
fn count(n: usize, noun: &str) -> String {
    match n {
        0 => format!("zéro {noun}"),
        1 => format!("une {noun}"),
        _ => format!("{n} {noun}s"),
    }
}

/// "Code en Rust, 12 lignes."
pub(crate) fn code(lines: usize, language: Option<&str>) -> String {
    let lines = count(lines, "ligne");
    match language {
        Some(language) => format!("Code en {}, {lines}.", language_name(language)),
        None => format!("Code, {lines}."),
    }
}

/// "Tableau de 6 colonnes et 12 lignes, non lu."
pub(crate) fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (count(columns, "colonne"), count(rows, "ligne"));
    let of = if columns.starts_with("une") { "d'" } else { "de " };
    format!("Tableau {of}{columns} et {rows}, non lu.")
}

/// The name of a section that stands under no heading.
pub(crate) fn part(number: u32) -> String {
    format!("Partie {number}")
}

/// The name of a later part of a section that was cut.
pub(crate) fn part_of(title: &str, number: u32) -> String {
    format!("{title}, partie {number}")
}

/// What leads the number of one reference, or of several.
pub(crate) const fn reference(several: bool) -> &'static str {
    if several { "références" } else { "référence" }
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
        "text" | "txt" | "plain" => "texte brut",
        _ => return language.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(code(1, Some("rs")), "Code en Rust, une ligne.");
        assert_eq!(code(12, Some("Fortran")), "Code en Fortran, 12 lignes.");
        assert_eq!(code(2, None), "Code, 2 lignes.");
        assert_eq!(table(1, 9), "Tableau d'une colonne et 9 lignes, non lu.");
        assert_eq!((part(3), part_of("Puits", 2)), ("Partie 3".to_owned(), "Puits, partie 2".to_owned()));
    }
}
