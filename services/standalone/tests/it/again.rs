//! What was made once is not made again: a run repeated, another format, a run after a stop.

use std::fs;

use crate::support::{Home, TIDES};

/// Ticks of processors that the commands of this process have used so far, those that have ended.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name of the program is in brackets and may have spaces. What follows begins with the
    // third field; the 16th and 17th are of children that were waited for.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[13..15].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

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
fn the_same_order_is_the_same_narration_unless_it_is_to_be_made_anew() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]);
    let made = home.segments();
    let again = home.done(&["narrate", "tides.md"]);
    assert!(again.err.contains("it was narrated before, as narrations/"), "{again:?}");
    again.says(&["of audio, made before: all "]);
    // Its files are put where they are asked for.
    let done = home.done(&["narrate", "tides.md", "-o", "other", "--json"]).json().pop().unwrap();
    assert_eq!((&done["made_before"], &done["sentences_reused"]), (&true.into(), &done["sentences"]), "{done}");
    assert_eq!(home.names("other"), home.names("lectern-out/tides"));
    assert_eq!((home.segments(), kept(&home, "list")), (made, 1));

    home.done(&["narrate", "tides.md", "--again"]).says(&["of audio, made in", "were there already"]);
    assert_eq!((home.segments(), kept(&home, "list")), (made, 2));
}

#[test]
fn a_run_repeated_takes_a_tenth_of_the_work_at_most() {
    let home = Home::new();
    home.write("tides.md", TIDES.repeat(6));
    let mut before = ticks();
    let [first, again] = [(); 2].map(|()| {
        home.done(&["narrate", "tides.md"]);
        let now = ticks();
        now - std::mem::replace(&mut before, now)
    });
    assert!(again * 10 < first, "{again} of {first} ticks");
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
