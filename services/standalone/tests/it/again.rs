//! What was made once is not made again: a run repeated, another format, a run after a stop.

use crate::support::{Home, TIDES};

/// The documents and narrations that the data folder has.
fn kept(home: &Home, what: &str) -> usize {
    home.done(&[what, "--json"]).json().len()
}

#[test]
fn a_run_repeated_makes_no_speech_and_says_so() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let first = home.done(&["narrate", "tides.md"]);
    assert!(!first.out.contains("there already"), "{first:?}");
    let made = home.segments();
    assert!(made >= 4, "{made} sentences are kept");

    let again = home.done(&["narrate", "tides.md"]);
    again.says(&["all ", " sentences were there already"]);
    assert_eq!(home.segments(), made);
    assert!(again.err.contains("it was handed in before"), "{again:?}");
    assert_eq!(kept(&home, "documents"), 1);

    // The same document elsewhere, under the same name, is the same document.
    home.write("copy/tides.md", TIDES);
    home.done(&["narrate", "copy/tides.md", "-o", "other"]).says(&["were there already"]);
    assert_eq!((home.segments(), kept(&home, "documents")), (made, 1));
}

#[test]
fn another_format_makes_no_speech_and_is_put_beside_the_first() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]);
    let made = home.segments();
    home.done(&["narrate", "tides.md", "--format", "wav,flac"]).says(&["were there already"]);
    assert_eq!(home.segments(), made);
    let names = home.names("lectern-out/tides");
    for name in ["tides.opus", "tides.wav", "tides.flac", "tides.vtt"] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
}

#[test]
fn only_what_changed_is_spoken_anew() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]);
    let made = home.segments();
    home.done(&["narrate", "tides.md", "--chapters", "1", "-o", "first"]).says(&["were there already"]);
    assert_eq!(home.segments(), made);
}

#[test]
fn nothing_is_kept_where_that_is_asked_for() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md", "--temporary"]);
    assert!(!home.data().exists());
    assert_eq!(home.temporary(), [""; 0]);
    assert!(home.at("lectern-out/tides/tides.opus").is_file());
}

#[test]
fn a_look_erases_what_it_handed_in_and_nothing_else() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["preview", "tides.md"]).says(&["The sea rises twice a day."]);
    assert_eq!(kept(&home, "documents"), 0);
    home.done(&["narrate", "tides.md"]);
    for look in [&["preview", "tides.md"][..], &["narrate", "--dry-run", "tides.md"][..]] {
        home.done(look);
        assert_eq!((kept(&home, "documents"), kept(&home, "list")), (1, 1), "{look:?}");
    }
}
