//! What there is, shown: `lectern list`, `show` and `documents`, of a data folder and of a server.

use serde_json::Value;

use crate::support::{Home, TIDES, WINDS};

/// The name of the newest narration.
pub fn newest(home: &Home) -> String {
    home.done(&["list", "--json", "--limit", "1"]).json()[0]["name"].as_str().unwrap().to_owned()
}

/// The name of the newest document.
pub fn newest_document(home: &Home) -> String {
    home.done(&["documents", "--json", "--limit", "1"]).json()[0]["name"].as_str().unwrap().to_owned()
}

/// A home with a narration of a document about tides, and its name.
pub fn narrated() -> (Home, String) {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.done(&["narrate", "tides.md"]);
    let name = newest(&home);
    (home, name)
}

fn names(values: &[Value]) -> Vec<&str> {
    values.iter().map(|value| value["name"].as_str().unwrap()).collect()
}

#[test]
fn narrations_are_listed_the_newest_first() {
    let (home, tides) = narrated();
    home.write("winds.md", WINDS);
    home.done(&["narrate", "winds.md"]);

    let listed = home.done(&["list"]);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 2, "{listed:?}");
    assert!(lines[0].contains("succeeded") && lines[0].ends_with("Winds"), "{listed:?}");
    assert!(lines[1].starts_with(&tides) && lines[1].ends_with("Tides"), "{listed:?}");

    let all = home.done(&["list", "--json"]).json();
    assert_eq!((all.len(), &all[1]["name"], &all[1]["state"]), (2, &tides.clone().into(), &"STATE_SUCCEEDED".into()));

    let first = home.done(&["list", "--limit", "1"]);
    assert_eq!(first.out.lines().collect::<Vec<_>>(), lines[..1]);
    assert!(first.err.contains("there are more; --limit 10"), "{first:?}");

    let document = all[1]["documents"][0].as_str().unwrap();
    for named in [document, document.strip_prefix("documents/").unwrap()] {
        let of_document = home.done(&["list", "--document", named, "--json"]).json();
        assert_eq!(names(&of_document), [tides.as_str()]);
    }
    let failed = home.done(&["list", "--state", "failed"]);
    assert!(failed.out.is_empty() && failed.err.contains("no such narration"), "{failed:?}");
}

#[test]
fn documents_are_listed_with_what_they_are() {
    let (home, _) = narrated();
    home.write("winds.txt", "Air moves from the cold sea to the warm land.");
    home.done(&["narrate", "winds.txt"]);

    let listed = home.done(&["documents"]);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 2, "{listed:?}");
    for part in ["text", "10 words", "45 bytes", "winds.txt"] {
        assert!(lines[0].contains(part), "{part}: {listed:?}");
    }
    for part in ["Markdown", "tides.md", "Tides"] {
        assert!(lines[1].contains(part), "{part}: {listed:?}");
    }
    let documents = home.done(&["documents", "--json"]).json();
    assert_eq!(documents[0]["displayName"], "winds.txt");
    assert_eq!(documents[0]["sizeBytes"], "45", "a 64-bit integer is a string");
    let first = home.done(&["documents", "--limit", "1"]);
    assert!(first.out.lines().count() == 1 && first.err.contains("there are more"), "{first:?}");
}

#[test]
fn a_narration_is_shown_with_all_that_a_person_asks() {
    let (home, name) = narrated();
    let shown = home.done(&["show", &name]);
    shown.says(&[
        &name,
        "Tides",
        "succeeded",
        "tides.md, Markdown",
        "engines/tone/voices/sine",
        "narration",
        "opus",
        "audio.opus",
        "captions.vtt",
        "kB",
    ]);
    // The ID alone is a narration's.
    let id = name.strip_prefix("narrations/").unwrap();
    assert_eq!(home.done(&["show", id]).out, shown.out);

    let object = home.done(&["show", &name, "--json"]).json();
    assert_eq!((object.len(), &object[0]["name"]), (1, &name.into()));
    assert_eq!(object[0]["formats"], serde_json::json!(["OUTPUT_FORMAT_OPUS"]));
    assert!(object[0]["artifacts"][0]["sha256"].as_str().unwrap().len() == 64, "{object:?}");
}

#[test]
fn a_name_that_is_none_is_wrong_use_and_one_of_nothing_is_not_found() {
    let home = Home::new();
    for command in ["show", "watch", "get", "cancel", "retry"] {
        home.run(&[command, "a b"]).fails(2, &["narrations/ID"]);
        home.run(&[command]).fails(2, &["NAME"]);
        home.run(&[command, "narrations/gone"]).fails(66, &["narrations/gone", "RESOURCE_NOT_FOUND"]);
    }
    home.run(&["list", "--state", "asleep"]).fails(2, &["narrating"]);
    home.run(&["list", "--document", "narrations/n1"]).fails(2, &["documents/ID"]);
    home.run(&["list", "--limit", "0"]).fails(2, &["--limit"]);
    assert!(home.temporary().is_empty());
}

#[test]
fn an_empty_home_has_nothing_and_says_how_to_begin() {
    let home = Home::new();
    for command in ["list", "documents"] {
        let ran = home.done(&[command]);
        assert!(ran.out.is_empty() && ran.err.contains("lectern narrate FILE"), "{ran:?}");
        assert!(home.done(&[command, "--json"]).out.is_empty());
    }
}

#[test]
fn the_configuration_is_printed_by_every_command_that_manages() {
    let home = Home::new();
    for command in ["list", "show", "watch", "get", "cancel", "retry", "delete", "documents", "play", "voices"] {
        home.done(&[command, "--print-config"]).says(&["data = "]);
    }
}

#[test]
fn a_server_has_narrations_of_its_own() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let (_up, server) = home.up(&["--data", "served"]);

    home.done(&["narrate", "tides.md", "--server", &server]);
    assert_eq!(home.done(&["list", "--server", &server, "--json"]).json().len(), 1);
    assert!(home.done(&["list"]).out.is_empty(), "the folder of this machine has none");
    // Whoever names the folder is led to the server that has it.
    assert_eq!(home.done(&["list", "--data", "served", "--json"]).json().len(), 1);
    home.done(&["voices", "--server", &server]).says(&["engines/tone/voices/sine"]);
}
