//! At a terminal: one line is written over, and a document's words obey nobody.

use crate::support::{Home, TIDES};

/// What clears the line that is written over.
const CLEAR: &str = "\r\u{1b}[2K";

#[test]
fn one_line_is_written_over() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let ran = home.terminal(&["narrate", "tides.md"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    ran.says(&[CLEAR, "accepted as narrations/", "of audio, made in"]);
    // What is written over is never left standing before what is said next.
    let last = ran.out.rfind(CLEAR).unwrap();
    let after = &ran.out[last + CLEAR.len()..];
    assert!(after.starts_with("  lectern-out/tides"), "{after:?}");
}

#[test]
fn nothing_is_written_over_where_a_program_or_nobody_reads() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    for flag in ["--json", "--quiet"] {
        let ran = home.terminal(&["narrate", "tides.md", flag]);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(!ran.out.contains('\u{1b}'), "{ran:?}");
    }
}

#[test]
fn control_characters_of_a_document_are_shown_as_spaces() {
    let home = Home::new();
    home.write("red\u{1b}[31m.md", "# Tides\n\nThe sea rises \u{9b}31m twice a day.\n");
    for arguments in [&["preview", "."][..], &["narrate", ".", "--dry-run"][..]] {
        let ran = home.terminal(arguments);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(!ran.out.contains("\u{1b}[31m") && !ran.out.contains('\u{9b}'), "{ran:?}");
    }
}

#[test]
fn a_failure_is_the_last_line() {
    let home = Home::new();
    let ran = home.terminal(&["narrate", "gone.md"]);
    assert_eq!(ran.status, 66, "{ran:?}");
    assert!(ran.out.trim_end().lines().last().unwrap().starts_with("lectern: gone.md: "), "{ran:?}");
}
