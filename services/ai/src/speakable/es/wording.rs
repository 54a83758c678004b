//! What a script says of a document in Spanish: announcements, the words that lead others, names of
//! sections without a heading.

/// What leads a note.
pub(crate) const NOTE: &str = "Nota al pie: ";

/// What leads the text of a picture.
pub(crate) const PICTURE: &str = "Imagen: ";

/// What stands for a formula without words.
pub(crate) const FORMULA: &str = "Fórmula omitida.";

/// The titles of the sections around the explanation of a lesson: its goals, a recap, questions.
pub(crate) const AROUND_A_LESSON: [&str; 3] = ["Objetivos", "Repaso", "Preguntas"];

/// Who talks in a dialogue where nobody is named: name, role and manner of each.
pub(crate) const CAST: [[&str; 3]; 2] = [
    ["Ana", "explica lo que dice el documento", "con calma y sencillez, con los ejemplos del propio documento"],
    ["Luis", "pregunta lo que preguntaría un oyente y resume", "con curiosidad y frases cortas"],
];

/// The title of a document without one.
pub(crate) const UNTITLED: &str = "Sin título";

/// Words that a heading of an appendix begins with, in small letters.
const APPENDICES: [&str; 4] = ["apéndice", "apéndices", "anexo", "anexos"];

/// Words that lead the number of a reference, in small letters.
const REFERENCES: [&str; 4] = ["referencia", "referencias", "ref", "refs"];

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// "Código en Rust, 12 líneas."
pub(crate) fn code(lines: usize, language: Option<&str>) -> String {
    let lines = count(lines, "línea", "líneas");
    match language {
        Some(language) => format!("Código en {}, {lines}.", language_name(language)),
        None => format!("Código, {lines}."),
    }
}

/// "Tabla de 6 columnas y 12 filas, no leída."
pub(crate) fn table(columns: usize, rows: usize) -> String {
    format!("Tabla de {} y {}, no leída.", count(columns, "columna", "columnas"), count(rows, "fila", "filas"))
}

/// The name of a section that stands under no heading.
pub(crate) fn part(number: u32) -> String {
    format!("Parte {number}")
}

/// The name of a later part of a section that was cut.
pub(crate) fn part_of(title: &str, number: u32) -> String {
    format!("{title}, parte {number}")
}

/// What leads the number of one reference, or of several.
pub(crate) const fn reference(several: bool) -> &'static str {
    if several { "referencias" } else { "referencia" }
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
        "text" | "txt" | "plain" => "texto sin formato",
        _ => return language.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(code(1, Some("rs")), "Código en Rust, 1 línea.");
        assert_eq!(code(12, Some("Fortran")), "Código en Fortran, 12 líneas.");
        assert_eq!(code(2, None), "Código, 2 líneas.");
        assert_eq!(table(1, 9), "Tabla de 1 columna y 9 filas, no leída.");
        assert_eq!((part(3), part_of("Pozos", 2)), ("Parte 3".to_owned(), "Pozos, parte 2".to_owned()));
        assert!(is_appendix("anexo") && is_reference("refs"));
    }
}
