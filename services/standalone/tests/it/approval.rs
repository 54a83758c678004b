//! A script that is read, changed and approved before it is heard: `lectern narrate --hold`,
//! `lectern script`, `lectern edit`, `lectern approve`.

use crate::manage::newest;
use crate::support::{Home, TIDES};

/// A sentence of the document about tides, and what is said in its place.
const WRITTEN: &str = "It falls as often.";
const SAID: &str = "It falls 2 times as well.";

/// The places of a sentence in a script as it is printed for programs: section and utterance.
fn place(script: &serde_json::Value, sentence: &str) -> (String, String) {
    for section in script["sections"].as_array().unwrap() {
        for said in section["utterances"].as_array().unwrap() {
            if said["original"] == sentence {
                let index = section["index"].as_i64().unwrap_or_default();
                return (index.to_string(), said["id"].to_string());
            }
        }
    }
    panic!("no {sentence:?} in {script}")
}

#[test]
fn a_script_is_held_shown_changed_and_approved() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let held = home.done(&["narrate", "tides.md", "--hold"]);
    held.says(&["the script is written, and waits", "`lectern approve narrations/"]);
    assert_eq!((home.segments(), home.names("lectern-out/tides").len()), (0, 0), "nothing is spoken: {held:?}");
    let name = newest(&home);
    let listed = home.done(&["list", "--state", "awaiting-approval", "--json"]).json();
    assert_eq!(listed[0]["name"].as_str(), Some(name.as_str()));

    let script = home.done(&["script", &name, "--json"]).json().remove(0);
    let (section, sentence) = place(&script, WRITTEN);
    home.done(&["script", &name]).says(&[name.as_str(), WRITTEN, "section 0"]);
    let changed = home.done(&["edit", &name, &section, &sentence, SAID]);
    changed.says(&["1 sentence changed", "lectern approve"]);
    let shown = home.done(&["script", &name]);
    shown.says(&[SAID, &format!("was: {WRITTEN}")]);
    let etag = script["etag"].as_str().unwrap();
    let stale = home.run(&["edit", &name, &section, &sentence, WRITTEN, "--etag", etag]);
    assert!(stale.status != 0 && stale.err.contains("was changed meanwhile"), "{stale:?}");

    let heard = home.done(&["approve", &name, "-o", "heard"]);
    assert!(home.segments() > 3, "{heard:?}");
    let captions = home.read("heard/tides.vtt").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(captions.contains(SAID) && !captions.contains(WRITTEN), "{captions}");
    let late = home.run(&["edit", &name, &section, &sentence, WRITTEN]);
    assert!(late.status != 0 && late.err.contains("does not wait for an approval"), "{late:?}");
}
