//! The guide to backups, for an embedded instance: a data folder is copied while nothing works on
//! it, and put back in another place.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::manage::newest;
use crate::support::{Home, TIDES, WINDS};

/// Where the copy is put back.
const ELSEWHERE: [&str; 2] = ["--data", "elsewhere/data"];

/// A home in which one document was narrated and another one waits for its speech, while nothing
/// works on its data, and the names of the two narrations.
fn at_rest() -> (Home, String, String) {
    let home = Home::new().scripted("[]");
    home.write("winds.md", WINDS);
    home.write("tides.md", TIDES);
    home.done(&["narrate", "winds.md"]);
    let finished = newest(&home);
    home.done(&["ops", "pause", "services/tts", "--note", "for the backup"]);
    let (mut server, url) = home.up(&[]);
    let detached = home.done(&["narrate", "tides.md", "--server", &url, "--detach"]);
    let waits = detached.out.trim().to_owned();
    server.signal(Signal::INT);
    let ended = server.wait();
    assert_eq!(ended.status, 0, "{ended:?}");
    (home, finished, waits)
}

/// Runs `cp -a`, as the guide does. The folder that is to hold the copy is made.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-a").args([from, to]).output().unwrap();
    assert!(copied.status.success(), "{copied:?}");
}

fn elsewhere<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [command, &ELSEWHERE].concat()
}

#[test]
fn a_copied_data_folder_is_all_there_in_another_place_and_goes_on() {
    let (home, finished, waits) = at_rest();
    copy(&home.data(), &home.at("backup"));
    let calls = home.ledger().lines().count();
    assert!(calls > 0 && !home.ledger().contains("rises twice"), "{}", home.ledger());

    // What happens after the backup is lost with the folder.
    home.done(&["delete", &finished]);
    fs::remove_dir_all(home.data()).unwrap();
    copy(&home.at("backup"), &home.at(ELSEWHERE[1]));

    let listed = home.done(&elsewhere(&["list", "--json"])).json();
    let state = |name: &str| listed.iter().find(|listed| listed["name"] == name).map(|found| found["state"].clone());
    assert_eq!((listed.len(), state(&finished)), (2, Some("STATE_SUCCEEDED".into())), "{listed:?}");
    let ended = ["STATE_SUCCEEDED", "STATE_FAILED"].map(|state| Some(state.into()));
    assert!(!ended.contains(&state(&waits)), "{listed:?}");
    home.done(&elsewhere(&["get", &finished, "-o", "copy"]));
    assert_eq!(home.names("copy"), home.names("lectern-out/winds"));
    for file in home.names("copy").iter().filter(|file| *file != ".lectern.json") {
        let read = |folder: &str| fs::read(home.at(folder).join(file)).unwrap();
        assert!(read("copy") == read("lectern-out/winds"), "{file}");
    }

    // The same order is found, and nothing is spoken for it.
    let again = home.done(&elsewhere(&["narrate", "winds.md"]));
    assert!(again.err.contains(&format!("it was narrated before, as {finished}")), "{again:?}");
    assert_eq!(home.ledger().lines().count(), calls);

    // What was held up when the copy was made is held up still, and goes on then.
    let status = home.done(&elsewhere(&["ops", "status"]));
    assert!(status.out.contains("for the backup"), "{status:?}");
    home.done(&elsewhere(&["ops", "resume", "services/tts"]));
    home.done(&elsewhere(&["watch", &waits, "-o", "made"])).says(&["tides.opus"]);
    assert_eq!(home.ledger().matches("rises twice").count(), 1);
    assert_eq!(home.done(&elsewhere(&["list", "--json", "--state", "succeeded"])).json().len(), 2);
    assert!(!home.data().exists(), "nothing is looked for where the data were");
}

#[test]
fn without_its_secret_a_data_folder_is_refused_and_with_it_all_is_there() {
    let (home, finished, _) = at_rest();
    copy(&home.data(), &home.at(ELSEWHERE[1]));
    let secret = home.at(ELSEWHERE[1]).join("secret");
    fs::remove_file(&secret).unwrap();
    for command in [&["list"][..], &["narrate", "winds.md"][..]] {
        home.run(&elsewhere(command)).fails(78, &["put the file `secret` of its data folder back"]);
    }
    fs::copy(home.data().join("secret"), &secret).unwrap();
    home.done(&elsewhere(&["get", &finished, "-o", "copy"]));
    assert_eq!(home.names("copy"), home.names("lectern-out/winds"));
}
