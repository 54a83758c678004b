//! What a script says of a document in German: announcements, the words that lead others, names of
//! sections without a heading.

use crate::speakable::wording::{Wording, counted};

/// The words.
pub(crate) static WORDING: Wording = Wording {
    note: "Fußnote: ",
    picture: "Bild: ",
    formula: "Formel ausgelassen.",
    untitled: "Ohne Titel",
    around_a_lesson: ["Ziele", "Rückblick", "Fragen"],
    cast: [
        ["Robin", "erklärt, was im Dokument steht", "ruhig und schlicht, mit den Beispielen des Dokuments"],
        ["Kim", "fragt, was Zuhörende fragen würden, und fasst zusammen", "neugierig, in kurzen Sätzen"],
    ],
    code: ["Code", "Code in"],
    lines: |n| counted(n, "eine Zeile", "Zeilen"),
    shell: "Shell",
    plain_text: "reinem Text",
    table,
    part: ["Teil", "Teil"],
    reference: ["Quelle", "Quellen"],
    references: &["literatur", "quelle", "quellen", "ref", "referenz", "referenzen"],
    appendices: &["anhang", "anhänge", "anlage", "anlagen"],
};

fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (counted(columns, "einer Spalte", "Spalten"), counted(rows, "einer Zeile", "Zeilen"));
    format!("Tabelle mit {columns} und {rows}, nicht vorgelesen.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(WORDING.announce_code(1, Some("rs")), "Code in Rust, eine Zeile.");
        assert_eq!(WORDING.announce_code(12, Some("Fortran")), "Code in Fortran, 12 Zeilen.");
        assert_eq!(WORDING.announce_code(2, None), "Code, 2 Zeilen.");
        assert_eq!(WORDING.announce_table(1, 9), "Tabelle mit einer Spalte und 9 Zeilen, nicht vorgelesen.");
        assert_eq!(
            (WORDING.part(3), WORDING.part_of("Brunnen", 2)),
            ("Teil 3".to_owned(), "Brunnen, Teil 2".to_owned())
        );
    }
}
