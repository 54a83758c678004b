//! What a script says of a document in Spanish: announcements, the words that lead others, names of
//! sections without a heading.

use crate::speakable::wording::{Wording, counted};

/// The words.
pub(crate) static WORDING: Wording = Wording {
    note: "Nota al pie: ",
    picture: "Imagen: ",
    formula: "Fórmula omitida.",
    untitled: "Sin título",
    around_a_lesson: ["Objetivos", "Repaso", "Preguntas"],
    cast: [
        ["Ana", "explica lo que dice el documento", "con calma y sencillez, con los ejemplos del propio documento"],
        ["Luis", "pregunta lo que preguntaría un oyente y resume", "con curiosidad y frases cortas"],
    ],
    code: ["Código", "Código en"],
    lines: |n| counted(n, "1 línea", "líneas"),
    shell: "shell",
    plain_text: "texto sin formato",
    table,
    part: ["Parte", "parte"],
    reference: ["referencia", "referencias"],
    references: &["referencia", "referencias", "ref", "refs"],
    appendices: &["apéndice", "apéndices", "anexo", "anexos"],
};

fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (counted(columns, "1 columna", "columnas"), counted(rows, "1 fila", "filas"));
    format!("Tabla de {columns} y {rows}, no leída.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(WORDING.announce_code(1, Some("rs")), "Código en Rust, 1 línea.");
        assert_eq!(WORDING.announce_code(12, Some("Fortran")), "Código en Fortran, 12 líneas.");
        assert_eq!(WORDING.announce_code(2, None), "Código, 2 líneas.");
        assert_eq!(WORDING.announce_table(1, 9), "Tabla de 1 columna y 9 filas, no leída.");
        assert_eq!((WORDING.part(3), WORDING.part_of("Pozos", 2)), ("Parte 3".to_owned(), "Pozos, parte 2".to_owned()));
        assert!(WORDING.is_appendix("anexo") && WORDING.is_reference("refs"));
    }
}
