//! One folder a recording: what is in it, what is refused, and what a failure leaves.

use crate::support::{Home, TIDES, WINDS};

/// The files of a recording of `tides.md` in Ogg/Opus.
const FILES: [&str; 8] = [
    ".lectern.json",
    "tides.chapters.json",
    "tides.listen.html",
    "tides.manifest.json",
    "tides.opus",
    "tides.script.json",
    "tides.skipped.txt",
    "tides.vtt",
];

#[test]
fn a_recording_has_its_own_name_and_folder() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]).says(&["lectern-out/tides", "tides.opus", "of audio, made in"]);
    assert_eq!(home.names("lectern-out"), ["tides"]);
    assert_eq!(home.names("lectern-out/tides"), FILES);
    home.done(&["narrate", "tides.md", "-o", "a/folder/of/mine"]);
    assert_eq!(home.names("a/folder/of/mine"), FILES);
    assert_eq!(home.names("a/folder/of"), ["mine"]);
}

#[test]
fn what_is_left_out_is_listed_in_plain_words() {
    let home = Home::new();
    home.write("tides.md", format!("{TIDES}\n```rust\nfn main() {{}}\n```\n"));
    home.done(&["narrate", "tides.md"]);
    let text = home.read("lectern-out/tides/tides.skipped.txt");
    assert!(text.starts_with("What is not heard of \"Tides\" (tides.md)\n"), "{text}");
    assert!(text.contains("the lines of code, which is announced: fn main() {}"), "{text}");
    assert!(text.contains(", code: left out\n"), "{text}");
}

#[test]
fn recordings_are_not_mixed() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.write("winds.md", WINDS);
    home.done(&["narrate", "tides.md", "-o", "out"]);
    let made = home.segments();
    for other in [&["winds.md"][..], &["tides.md", "--speed", "1.25"][..], &["tides.md", "--chapters", "2"][..]] {
        let refused = home.run(&[&["narrate", "-o", "out"], other].concat());
        refused.fails(73, &["another narration", "\"Tides\"", "-o", "--force"]);
        assert_eq!((home.names("out").as_slice(), home.segments()), (&FILES.map(str::to_owned)[..], made), "{other:?}");
    }
    // Nothing was ordered by that.
    assert_eq!(home.done(&["list", "--json"]).json().len(), 1);

    home.write("out/mine.txt", "x");
    home.done(&["narrate", "winds.md", "-o", "out", "--force"]);
    let names = home.names("out");
    assert!(names.contains(&"mine.txt".to_owned()) && names.contains(&"winds.opus".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("tides.")), "{names:?}");
}

#[test]
fn the_same_recording_is_known_in_whatever_words_it_is_asked_for() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md", "-o", "out"]);
    for same in [&["--voice", "sine"][..], &["--language", "en"][..], &["--speed", "1"][..]] {
        home.done(&[&["narrate", "tides.md", "-o", "out"], same].concat());
    }
}

#[test]
fn a_folder_of_somebody_else_is_refused_before_anything_is_spent() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.write("thesis/thesis.tex", "x");
    home.run(&["narrate", "tides.md", "-o", "thesis"]).fails(73, &["thesis.tex", "--force"]);
    home.run(&["narrate", "tides.md", "-o", "tides.md/below"]).fails(73, &["cannot be written"]);
    assert!(!home.data().exists(), "no instance was started for that");
    home.done(&["narrate", "tides.md", "-o", "thesis", "--force"]);
    assert_eq!(home.read("thesis/thesis.tex"), "x");
}

#[test]
fn nothing_is_left_of_a_recording_that_failed() {
    let home = Home::new().scripted(r#"[{"text": "pulls", "does": "fail"}]"#);
    home.write("tides.md", TIDES);
    let failed = home.run(&["narrate", "tides.md"]);
    failed.fails(1, &["tides.md: ", "[SPEECH_REJECTED]"]);
    assert_eq!(home.names(""), ["tides.md"]);

    home.script("[]");
    home.done(&["narrate", "tides.md"]).says(&["were there already"]);
}
