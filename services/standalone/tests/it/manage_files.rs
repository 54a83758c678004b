//! Narrations that are fetched, followed, stopped and begun anew.

use rustix::process::Signal;

use crate::manage::{narrated, newest};
use crate::support::{Home, Ran, TIDES};

const MARKER: &str = ".lectern.json";
/// The speech of the last sentence takes longer than any test waits.
const HANGS: &str = r#"[{"text": "sun", "does": "sleep", "ms": 600000}]"#;
const FINE: &str = "[]";

/// A home whose only narration was left by a program that was killed, and its name.
fn left_behind() -> (Home, String) {
    let home = Home::new().scripted(HANGS);
    home.write("tides.md", TIDES);
    let mut running = home.start(&["narrate", "tides.md"]);
    running.until("the last sentence is begun, and others are kept", |_| {
        home.ledger().contains("sun") && home.segments() > 2
    });
    running.signal(Signal::KILL);
    assert_ne!(running.wait().status, 0);
    home.script(FINE);
    let name = newest(&home);
    (home, name)
}

/// The files of two folders are the same, but for the marker, which says who asked.
fn same_files(home: &Home, one: &str, other: &str) {
    assert_eq!(home.names(one), home.names(other));
    for file in home.names(one).iter().filter(|file| *file != MARKER) {
        let read = |folder: &str| std::fs::read(home.at(folder).join(file)).unwrap();
        assert!(read(one) == read(other), "{file}");
    }
}

#[test]
fn the_files_of_a_narration_are_those_that_narrate_delivers() {
    let (home, name) = narrated();
    let got = home.done(&["get", &name, "-o", "copy"]);
    got.says(&["copy", "tides.opus", "tides.skipped.txt"]);
    same_files(&home, "lectern-out/tides", "copy");

    // Where no folder is named it is that of narrate, and the same recording may go there again.
    std::fs::remove_file(home.at("lectern-out/tides/tides.opus")).unwrap();
    home.done(&["get", &name]);
    same_files(&home, "lectern-out/tides", "copy");

    let object = home.done(&["get", &name, "-o", "copy", "--json"]).json();
    assert_eq!((object.len(), &object[0]["name"]), (1, &name.into()));
}

#[test]
fn a_folder_with_something_else_is_not_written_to_without_force() {
    let (home, name) = narrated();
    home.write("thesis/thesis.tex", "x");
    home.run(&["get", &name, "-o", "thesis"]).fails(73, &["thesis.tex", "--force"]);
    home.run(&["watch", &name, "-o", "thesis"]).fails(73, &["thesis.tex", "--force"]);
    assert_eq!(home.names("thesis"), ["thesis.tex"]);
    home.done(&["get", &name, "-o", "thesis", "--force"]);
    assert!(home.names("thesis").contains(&"tides.opus".to_owned()));
    assert_eq!(home.read("thesis/thesis.tex"), "x");
}

#[test]
fn what_was_left_behind_is_taken_up_by_watch() {
    let (home, name) = left_behind();
    home.run(&["get", &name]).fails(2, &[&format!("lectern watch {name} -o DIR")]);
    home.done(&["show", &name]).says(&["narrating", "nothing works on it just now", &format!("lectern watch {name}")]);

    let watched = home.done(&["watch", &name, "-o", "made"]);
    watched.says(&["made", "tides.opus"]);
    assert!(watched.err.contains("done"), "{watched:?}");
    home.done(&["show", &name]).says(&["succeeded"]);
    home.done(&["get", &name]);
    same_files(&home, "made", "lectern-out/tides");

    // One that has ended is at its end at once.
    let again = home.done(&["watch", &name]);
    again.says(&["is done", &format!("lectern get {name}")]);
    let lines = home.done(&["watch", &name, "--json"]).json();
    assert_eq!(lines.last().unwrap()["state"], "STATE_SUCCEEDED");
    let quiet = home.done(&["watch", &name, "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn an_interrupted_watch_leaves_the_narration_as_it_is() {
    let (home, name) = left_behind();
    home.script(HANGS);
    let mut watching = home.start(&["watch", &name, "-o", "made"]);
    watching.until_it_catches_interrupts();
    watching.until_says("narrating");
    watching.signal(Signal::INT);
    watching.wait().fails(130, &[&format!("lectern watch {name}")]);
    assert!(home.names("made").is_empty() && home.temporary().is_empty());
    let state = home.done(&["show", &name, "--json"]).json()[0]["state"].clone();
    assert!(state != "STATE_CANCELLED" && state != "STATE_SUCCEEDED", "{state}");
}

#[test]
fn a_narration_is_stopped_and_begun_anew() {
    let (home, name) = left_behind();
    let before = home.segments();
    home.done(&["cancel", &name]).says(&["is cancelled", &format!("lectern retry {name}")]);
    home.run(&["get", &name]).fails(2, &[&format!("lectern retry {name}")]);
    home.run(&["watch", &name]).fails(1, &["is cancelled"]);
    assert_eq!(home.done(&["list", "--state", "cancelled"]).out.lines().count(), 1);

    home.done(&["retry", &name, "-o", "made"]).says(&["tides.opus"]);
    home.done(&["show", &name]).says(&["succeeded", "run", "were there already"]);
    assert!(home.segments() > before && before > 0, "{before} sentences were there");

    home.run(&["retry", &name]).fails(2, &["nothing to retry", "lectern show"]);
    let kept = home.done(&["cancel", &name]);
    kept.says(&["stays as it is: succeeded"]);
    assert_eq!(home.done(&["cancel", &name, "--json"]).json()[0]["state"], "STATE_SUCCEEDED");
}

#[test]
fn a_narration_that_failed_says_why_and_is_tried_again() {
    let home = Home::new().scripted(r#"[{"text": "sun", "does": "fail"}]"#);
    home.write("tides.md", TIDES);
    home.run(&["narrate", "tides.md"]).fails(1, &["tides.md"]);
    let name = newest(&home);
    home.done(&["show", &name]).says(&["failed", "it failed"]);
    let failed: Ran = home.run(&["watch", &name, "--json"]);
    failed.fails(1, &["failed"]);
    assert_eq!(failed.json().last().unwrap()["state"], "STATE_FAILED");
    home.run(&["get", &name]).fails(2, &["it failed", &format!("lectern retry {name}")]);

    home.script(FINE);
    home.done(&["retry", &name, "-o", "made"]);
    assert!(home.names("made").contains(&"tides.opus".to_owned()));
}
