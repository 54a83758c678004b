//! The folder of data: which one it is, and that one process works on it at a time.

use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use crate::support::{Home, TIDES, WINDS};

#[test]
fn the_variable_is_heeded_and_the_flag_goes_before_it() {
    let home = Home::new();
    let named = home.at("named").display().to_string();
    let home = home.with("LECTERN_DATA", named);
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]);
    assert!(home.at("named/objects").is_dir() && !home.data().exists());
    assert_eq!(home.done(&["list", "--json"]).json().len(), 1);
    assert_eq!(home.done(&["list", "--json", "--data", "other"]).json().len(), 0);
    let mode = std::fs::metadata(home.at("named")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}: it is its owner's alone");
}

#[test]
fn a_command_waits_for_the_one_that_works_on_the_same_data() {
    let home = Home::slow();
    home.write("winds.md", WINDS);
    let mut slow = home.start(&["narrate", "tides.md"]);
    slow.until("it speaks", |_| home.ledger().contains("pulls"));
    let mut waiting = home.start(&["narrate", "winds.md"]);
    waiting.until_says("lectern narrate (process ");
    waiting.until_says("; waiting for its end");
    // Who only looks is answered by the one that works.
    let listed = home.done(&["list", "--json"]).json();
    assert_eq!(listed.len(), 1, "{listed:?}");
    // Whoever keeps nothing waits for nobody.
    home.done(&["narrate", "winds.md", "--temporary", "-o", "elsewhere"]);
    slow.signal(Signal::INT);
    assert_eq!(slow.wait().status, 130);
    let ran = waiting.wait();
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(home.at("lectern-out/winds/winds.opus").is_file());
}

#[test]
fn nobody_waits_for_a_process_that_is_gone() {
    let home = Home::slow();
    let mut slow = home.start(&["narrate", "tides.md"]);
    slow.until("it speaks", |_| home.ledger().contains("pulls"));
    slow.signal(Signal::KILL);
    assert_eq!(slow.wait().status, 128 + Signal::KILL.as_raw());
    assert!(home.data().join("instance.json").is_file(), "it could not take it with it");
    home.script("[]");
    // It is the same narration, and goes on.
    home.done(&["narrate", "tides.md"]);
    assert_eq!(home.done(&["list", "--json"]).json().len(), 1);
    assert!(!home.data().join("instance.json").exists());
}
