//! What a script says of a document in French: announcements, the words that lead others, names of
//! sections without a heading.

use crate::speakable::wording::Wording;

/// The words.
pub(crate) static WORDING: Wording = Wording {
    note: "Note : ",
    picture: "Image : ",
    formula: "Équation omise.",
    untitled: "Sans titre",
    around_a_lesson: ["Objectifs", "Récapitulatif", "Questions"],
    cast: [
        ["Camille", "explique ce que dit le document", "avec calme et simplicité, et les exemples du document"],
        ["Sacha", "demande ce qu'un auditeur demanderait, et résume", "avec curiosité, en phrases courtes"],
    ],
    code: ["Code", "Code en"],
    lines: |n| feminine(n, "ligne"),
    shell: "shell",
    plain_text: "texte brut",
    table,
    part: ["Partie", "partie"],
    reference: ["référence", "références"],
    references: &["référence", "références", "réf", "réfs"],
    appendices: &["annexe", "annexes", "appendice", "appendices"],
};

/// So many lines or columns: both are feminine, and the plural begins at two.
fn feminine(n: usize, noun: &str) -> String {
    match n {
        0 => format!("zéro {noun}"),
        1 => format!("une {noun}"),
        _ => format!("{n} {noun}s"),
    }
}

fn table(columns: usize, rows: usize) -> String {
    let (columns, rows) = (feminine(columns, "colonne"), feminine(rows, "ligne"));
    let of = if columns.starts_with("une") { "d'" } else { "de " };
    format!("Tableau {of}{columns} et {rows}, non lu.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_a_language_has_its_name() {
        assert_eq!(WORDING.announce_code(1, Some("rs")), "Code en Rust, une ligne.");
        assert_eq!(WORDING.announce_code(12, Some("Fortran")), "Code en Fortran, 12 lignes.");
        assert_eq!(WORDING.announce_code(2, None), "Code, 2 lignes.");
        assert_eq!(WORDING.announce_table(1, 9), "Tableau d'une colonne et 9 lignes, non lu.");
        assert_eq!(
            (WORDING.part(3), WORDING.part_of("Puits", 2)),
            ("Partie 3".to_owned(), "Puits, partie 2".to_owned())
        );
    }
}
