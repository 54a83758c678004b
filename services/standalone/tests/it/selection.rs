//! What of a document is narrated, and what a narration would be.

use crate::support::{Home, TIDES};

/// The script of a narration of `tides.md` with these flags.
fn script(home: &Home, flags: &[&str]) -> String {
    home.done(&[&["narrate", "tides.md", "--temporary", "-o", "out", "--force"], flags].concat());
    home.read("out/tides.script.json")
}

#[test]
fn chapters_and_a_beginning_are_chosen() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let (first, second) = ("The sea rises twice a day.", "The moon pulls the water.");
    let whole = script(&home, &[]);
    assert!(whole.contains(first) && whole.contains(second), "{whole}");
    let chapter = script(&home, &["--chapters", "2"]);
    assert!(!chapter.contains(first) && chapter.contains(second), "{chapter}");
    let beginning = script(&home, &["--first", "10s"]);
    assert!(beginning.contains(first) && !beginning.contains(second), "{beginning}");
}

#[test]
fn a_part_lies_beside_the_whole() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md", "--chapters", "2"]);
    home.done(&["narrate", "tides.md"]);
    for folder in ["lectern-out/tides", "lectern-out/tides-chapters-2"] {
        assert!(home.at(folder).join("tides.opus").is_file(), "{folder}");
    }
}

#[test]
fn pages_are_chosen_where_there_are_pages() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.run(&["narrate", "tides.md", "--temporary", "--pages", "1"]).fails(2, &["--pages", "[INVALID_FIELD]"]);
    let pdf = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/pdf/demo.pdf");
    let words = |flags: &[&str]| {
        let ran = home.done(&[&["narrate", pdf, "--temporary", "--dry-run", "--json"], flags].concat());
        ran.json().pop().unwrap()["words"].as_i64().unwrap()
    };
    let (all, one) = (words(&[]), words(&["--pages", "1"]));
    assert!(0 < one && one < all, "{one} of {all}");
}

#[test]
fn kinds_are_left_out_or_read() {
    let home = Home::new();
    home.write("tides.md", format!("{TIDES}\n```rust\nlet level = tide;\n```\n"));
    let (announced, read) = ("Code in Rust", "let level");
    let usual = script(&home, &[]);
    assert!(usual.contains(announced), "{usual}");
    let skipped = script(&home, &["--skip", "code"]);
    assert!(!skipped.contains(announced) && !skipped.contains(read), "{skipped}");
    let text = home.read("out/tides.skipped.txt");
    assert!(text.contains("--skip"), "{text}");
    let spoken = script(&home, &["--read", "code"]);
    assert!(spoken.contains(read), "{spoken}");
}

#[test]
fn a_dry_run_says_what_would_be_made_and_makes_nothing() {
    let home = Home::new();
    home.write("tides.md", format!("{TIDES}\n```rust\nlet level = tide;\n```\n"));
    let dry = home.done(&["narrate", "tides.md", "--dry-run"]);
    dry.says(&["words would be heard, about 0:", "in 2 chapters", "  1  ", "Tides", "  2  ", "Causes"]);
    dry.says(&["left out: ", "the lines of code", "there already: 0 of "]);
    assert_eq!(home.segments(), 0);
    assert!(!home.at("lectern-out").exists());
    for what in ["list", "documents"] {
        assert_eq!(home.done(&[what, "--json"]).out, "", "{what}");
    }

    home.done(&["narrate", "tides.md"]);
    let dry = home.done(&["narrate", "tides.md", "--dry-run", "--json"]).json().pop().unwrap();
    assert_eq!((&dry["event"], dry["chapters"].as_array().unwrap().len()), (&"dry-run".into(), 2));
    assert!(dry["sentences"].as_i64().unwrap() >= 4, "{dry}");
    assert_eq!(dry["sentences_stored"], dry["sentences"]);
    // Another speed is another recording, of which nothing is there.
    let dry = home.done(&["narrate", "tides.md", "--dry-run", "--json", "--speed", "1.5"]).json().pop().unwrap();
    assert_eq!(dry["sentences_stored"], 0);
}

#[test]
fn a_dry_run_needs_no_voice() {
    let home = Home::new().with("LECTERN_ENGINE", "local");
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md", "--dry-run"]).says(&["words would be heard"]);
}
