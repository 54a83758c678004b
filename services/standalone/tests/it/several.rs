//! Several documents: files, folders, patterns, standard input; one that fails does not stop the
//! others.

use std::fs;
use std::path::Path;

use crate::support::{Home, TIDES, WINDS};

/// A PDF that cannot be opened without its password.
fn encrypted() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pdf/encrypted.pdf");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let home = Home::new();
    home.write("a.md", TIDES);
    home.write("b.pdf", encrypted());
    home.write("c.md", WINDS);
    let ran = home.run(&["narrate", "a.md", "b.pdf", "c.md", "--temporary"]);
    ran.fails(65, &["lectern: b.pdf: ", "[DOCUMENT_ENCRYPTED]"]);
    ran.says(&["2 of 3 documents done, 1 failed", "DOCUMENT_ENCRYPTED", "lectern-out/a", "lectern-out/c"]);
    assert_eq!(home.names("lectern-out"), ["a", "c"]);

    // Those that failed for different reasons have a status of their own.
    let ran = home.run(&["narrate", "gone.md", "b.pdf", "c.md", "--temporary"]);
    ran.fails(1, &["gone.md: there is no such file", "[DOCUMENT_ENCRYPTED]"]);
    ran.says(&["1 of 3 documents done, 2 failed"]);
}

#[test]
fn equal_names_do_not_collide() {
    let home = Home::new();
    for path in ["a/notes.md", "b/notes.md", "notes.txt"] {
        home.write(path, format!("{TIDES}\nThis is {path}.\n"));
    }
    home.done(&["narrate", "a/notes.md", "b/notes.md", "notes.txt", "--temporary"]);
    assert_eq!(home.names("lectern-out"), ["notes.md", "notes.md-2", "notes.txt"]);
    for (folder, path) in [("notes.md", "a/notes.md"), ("notes.md-2", "b/notes.md"), ("notes.txt", "notes.txt")] {
        let script = home.read(&format!("lectern-out/{folder}/notes.script.json"));
        assert!(script.contains(path), "{folder}: {script}");
    }
}

#[test]
fn folders_and_patterns_stand_for_the_files_in_them() {
    let home = Home::new();
    home.write("papers/a.md", TIDES);
    home.write("papers/b.txt", WINDS);
    home.write("papers/figure.svgz", "x");
    home.done(&["narrate", "papers", "-o", "all", "--temporary"]).says(&["2 of 2 documents done"]);
    assert_eq!(home.names("all"), ["a", "b"]);
    home.done(&["narrate", "papers/*.md", "-o", "some", "--temporary"]);
    assert_eq!(home.names("some"), ["a"], "one of a pattern has a folder of its own as well");
    home.run(&["narrate", "papers/*.pdf"]).fails(66, &["no file is called so"]);
}

#[test]
fn standard_input_has_the_name_that_it_is_given() {
    let home = Home::new();
    let ran = home.fed(&["narrate", "-", "--name", "notes.md", "--temporary"], TIDES);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(home.names("lectern-out/notes").contains(&"notes.opus".to_owned()));
    let chapters = home.read("lectern-out/notes/notes.chapters.json");
    assert!(chapters.contains("Causes"), "as Markdown it has chapters: {chapters}");

    let ran = home.fed(&["narrate", "-", "--temporary"], "Words without a name.");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(home.at("lectern-out/stdin/stdin.opus").is_file());
    home.fed(&["narrate", "-", "--temporary", "-o", "other"], "").fails(65, &["standard input: ", "[DOCUMENT_EMPTY]"]);
}

#[test]
fn a_url_is_fetched_only_where_that_is_allowed() {
    let home = Home::new();
    let ran = home.run(&["narrate", "https://docs.invalid/tides.md", "--temporary"]);
    ran.fails(78, &["https://docs.invalid/tides.md: ", "--import", "[IMPORT_DISABLED]"]);
}
