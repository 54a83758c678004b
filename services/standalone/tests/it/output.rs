//! Who reads what: programs JSON, nobody nothing, and somebody who leaves early no crash.

use crate::support::{Home, TIDES};

#[test]
fn programs_read_an_object_a_line() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let ran = home.done(&["narrate", "tides.md", "--json"]);
    assert_eq!(ran.err, "");
    let events = ran.json();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    let [accepted] = of("accepted")[..] else { panic!("{events:?}") };
    assert!(accepted["narration"].as_str().unwrap().starts_with("narrations/"), "{accepted}");
    assert!(!of("progress").is_empty(), "{events:?}");
    let done = events.last().unwrap();
    assert_eq!((&done["event"], &done["source"]), (&"done".into(), &"tides.md".into()));
    assert_eq!(done["narration"], accepted["narration"]);
    assert!(done["audio"].as_u64().unwrap() > 0 && done["sentences_reused"] == 0, "{done}");
    let files = done["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file.as_str().unwrap().ends_with("tides.opus")), "{done}");
    assert!(files.iter().all(|file| home.at(file.as_str().unwrap()).is_file()), "{done}");

    let ran = home.run(&["narrate", "gone.md", "tides.md", "--json"]);
    ran.fails(66, &["gone.md"]);
    let events = ran.json();
    let failed = events.iter().find(|event| event["event"] == "failed").unwrap();
    assert_eq!((&failed["source"], &failed["status"]), (&"gone.md".into(), &66.into()));
    let summary = events.last().unwrap();
    assert_eq!((&summary["done"], &summary["failed"]), (&1.into(), &1.into()), "{summary}");
}

#[test]
fn nothing_is_said_where_nobody_listens() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let ran = home.done(&["narrate", "tides.md", "--quiet"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = home.run(&["narrate", "gone.md", "--quiet"]);
    ran.fails(66, &["lectern: gone.md: there is no such file"]);
    assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1));
}

#[test]
fn a_closed_pipe_is_no_crash() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    for arguments in [
        &["narrate", "tides.md"][..],
        &["narrate", "tides.md", "--json"][..],
        &["narrate", "tides.md", "--dry-run"][..],
        &["preview", "tides.md"][..],
        &["preview", "tides.md", "--json"][..],
        &["--help"][..],
        &[][..],
        &["--print-config"][..],
    ] {
        let ran = home.unread(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("panic"), "{arguments:?}: {ran:?}");
    }
    assert!(home.at("lectern-out/tides/tides.opus").is_file(), "the work was done all the same");
}

#[test]
fn without_a_terminal_progress_is_plain_lines() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let ran = home.done(&["narrate", "tides.md"]);
    for part in ["tides.md\n", "text/markdown", "accepted as narrations/", "  done\n"] {
        assert!(ran.err.contains(part), "{part:?} in {ran:?}");
    }
    assert!(!format!("{ran:?}").contains("\\u{1b}"), "no control characters: {ran:?}");
}
