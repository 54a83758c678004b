//! Recordings that are played, by programs that note what they are told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::manage::narrated;
use crate::support::{Home, TIDES};

const TELLS: [&str; 4] = ["-nodisp", "-autoexit", "-loglevel", "error"];

/// Puts a program into the only folder of the path. It notes what it is told, and whether the file
/// is there, and ends with `status`.
fn with_player(home: Home, name: &str, status: u8) -> Home {
    let (folder, told) = (home.at("bin"), told(&home));
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{told}'\nfor last do :; done\n[ -s \"$last\" ] && echo there >>'{told}'\n\
         exit {status}\n",
        told = told.display()
    );
    fs::write(folder.join(name), script).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    home.with("PATH", folder.display().to_string())
}

fn told(home: &Home) -> PathBuf {
    home.at("told")
}

/// What the player was told, and after it `there` where the file was.
fn noted(home: &Home) -> Vec<String> {
    home.read("told").lines().map(str::to_owned).collect()
}

#[test]
fn a_narration_is_played_from_a_folder_that_goes_with_it() {
    let (home, name) = narrated();
    let home = with_player(home, "ffplay", 0);
    let played = home.done(&["play", &name]);
    assert!(played.err.contains("Tides"), "{played:?}");
    let noted = noted(&home);
    assert_eq!(noted[..4], TELLS);
    assert!(noted[4].starts_with('/') && noted[4].ends_with("/audio.opus"), "{noted:?}");
    assert_eq!(noted[5..], ["there"]);
    assert!(home.temporary().is_empty(), "what was fetched is gone");

    home.run(&["play", "narrations/gone"]).fails(66, &["narrations/gone"]);
    home.run(&["play", "gone"]).fails(66, &["narrations/gone"]);
}

#[test]
fn the_data_are_free_while_a_narration_is_played() {
    let (home, name) = narrated();
    let home = with_player(home, "ffplay", 0);
    let program = home.at("bin/ffplay");
    let lists = format!("#!/bin/sh\n'{}' list >'{}' 2>&1\n", env!("CARGO_BIN_EXE_lectern"), told(&home).display());
    fs::write(program, lists).unwrap();
    home.done(&["play", &name]);
    assert!(home.read("told").contains(&name), "{}", home.read("told"));
}

#[test]
fn a_narration_is_heard_while_a_server_makes_it() {
    let home = with_player(Home::slow(), "ffplay", 0);
    let heard = home.at("heard");
    let takes = format!("#!/bin/sh\nexec /bin/cat >'{}'\n", heard.display());
    fs::write(home.at("bin/ffplay"), takes).unwrap();
    let (_server, url) = home.up(&[]);
    let ordered = home.done(&["narrate", "tides.md", "--server", &url, "--detach"]);
    let name = ordered.out.trim();
    let mut playing = home.start(&["play", name, "--server", &url]);
    // The head of a WAV, and what is spoken before the sentence that takes for ever.
    playing.until("it sounds", |_| fs::read(&heard).is_ok_and(|wav| wav.iter().skip(44).any(|byte| *byte != 0)));
    assert!(fs::read(&heard).unwrap().starts_with(b"RIFF"));
    let listed = home.done(&["list", "--server", &url, "--json"]);
    assert!(listed.out.contains("STATE_NARRATING"), "{listed:?}");
    home.done(&["cancel", name, "--server", &url]);
    let played = playing.wait();
    assert!(played.status != 0 && played.err.contains("heard while it is made"), "{played:?}");
}

#[test]
fn a_folder_and_a_file_are_played_where_they_are() {
    let (home, _) = narrated();
    let home = with_player(home, "mpv", 0);
    let file = home.at("lectern-out/tides/tides.opus").canonicalize().unwrap();
    for what in ["lectern-out/tides", "lectern-out/tides/tides.opus"] {
        home.done(&["play", what]);
        let noted = noted(&home);
        assert_eq!(noted[..2], ["--no-video", "--really-quiet"]);
        assert_eq!((PathBuf::from(&noted[2]).canonicalize().unwrap(), noted[3].as_str()), (file.clone(), "there"));
    }
    home.run(&["play", "lectern-out/winds.opus"]).fails(66, &["winds.opus"]);
    home.run(&["play", "bin"]).fails(66, &["has no recording"]);
}

#[test]
fn the_first_of_both_players_is_used() {
    let (home, name) = narrated();
    let home = with_player(with_player(home, "mpv", 0), "ffplay", 0);
    home.done(&["play", &name]);
    assert_eq!(noted(&home)[..4], TELLS);
}

#[test]
fn without_a_player_it_says_what_to_install_and_one_that_fails_is_told() {
    let (home, _) = narrated();
    let home = home.with("PATH", "/nonexistent");
    let file = "lectern-out/tides/tides.opus";
    home.run(&["play", file]).fails(78, &["ffplay", "apt-get install ffmpeg", "mpv"]);
    let home = with_player(home, "ffplay", 3);
    home.run(&["play", file]).fails(78, &["ffplay did not play", "tides.opus", "3"]);
}

#[test]
fn what_has_no_audio_yet_is_not_played() {
    let home = Home::new().scripted(r#"[{"text": "sun", "does": "fail"}]"#);
    home.write("tides.md", TIDES);
    home.run(&["narrate", "tides.md"]).fails(1, &["tides.md"]);
    let name = crate::manage::newest(&home);
    with_player(home, "ffplay", 0).run(&["play", &name]).fails(2, &["has no files", &format!("lectern retry {name}")]);
}
