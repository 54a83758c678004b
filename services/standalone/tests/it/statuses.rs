//! Exit statuses tell kinds apart, and messages speak of flags.

use crate::support::{Home, TIDES};

#[test]
fn values_are_checked_before_anything_is_sent() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    for (flags, says) in [
        (&["--sped", "1"][..], "--sped"),
        (&["--speed", "3"][..], "0.5 to 2.0"),
        (&["--minutes", "5"][..], "--style briefing"),
        (&["--style", "briefing", "--minutes", "601"][..], "601"),
        (&["--style", "briefing", "--words", "49"][..], "49"),
        (&["--pages", "9-3"][..], "write 3-9"),
        (&["--first", "5s"][..], "10s to 10h"),
        (&["--skip", "code", "--read", "code"][..], "both in --skip and in --read"),
        (&["--skip", "adverbs"][..], "front-matter"),
        (&["--language", "English!"][..], "--language"),
        (&["--detach"][..], "--server"),
        (&["--temporary", "--data", "d"][..], "--data"),
    ] {
        home.run(&[&["narrate", "tides.md"], flags].concat()).fails(2, &[says]);
    }
    assert!(!home.data().exists(), "no instance was started for that");
}

#[test]
fn a_voice_is_named_shortly_and_an_unknown_one_is_told_the_nearest() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    home.run(&["narrate", "tides.md", "--voice", "sin"]).fails(2, &["--voice", "did you mean sine?", "lectern voices"]);
    home.done(&["narrate", "tides.md", "--voice", "sine"]);
    let shown = home.done(&["list", "--json"]).out;
    assert_eq!(shown.lines().count(), 1, "an unknown voice orders nothing: {shown}");
}

#[test]
fn a_voice_that_is_missing_is_told_with_what_to_do() {
    let home = Home::new().with("LECTERN_ENGINE", "local");
    home.write("tides.md", TIDES);
    let ran = home.run(&["narrate", "tides.md"]);
    ran.fails(78, &["no voice is installed", "`lectern voice fetch`", "LECTERN_VOICE_DIR", "[VOICE_NOT_INSTALLED]"]);
    ran.fails(78, &["cache/lectern/voice"]);
    assert!(!home.at("lectern-out").exists());
}

#[test]
fn what_there_is_not_is_told_from_what_is_refused() {
    let home = Home::new();
    home.write("empty.md", "\n");
    home.run(&["narrate", "gone.md"]).fails(66, &["gone.md: there is no such file"]);
    home.run(&["narrate", "empty.md", "--temporary"]).fails(65, &["[DOCUMENT_EMPTY]"]);
    home.run(&["preview", "gone.md"]).fails(66, &["gone.md: there is no such file"]);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let home = Home::new();
    // Nobody listens at the first port.
    for command in [&["list"][..], &["voices"][..], &["quota"][..]] {
        let ran = home.run(&[command, &["--server", "http://127.0.0.1:1"]].concat());
        ran.fails(69, &["cannot be reached", "--server", "[SERVICE_UNAVAILABLE]"]);
    }
}

#[test]
fn a_wrong_configuration_has_a_status_of_its_own() {
    let home = Home::new().with("LECTERN_NONSENSE", "1");
    home.write("tides.md", TIDES);
    home.run(&["narrate", "tides.md"]).fails(78, &["LECTERN_NONSENSE"]);
    home.run(&["narrate", "tides.md", "--server", "http://h", "--key-file", "gone"]).fails(66, &["--key-file"]);
}

#[test]
fn without_a_command_there_is_help() {
    let home = Home::new();
    let ran = home.done(&[]);
    ran.says(&["Turns documents into narrated audio", "Usage: lectern", "narrate", "list", "voice", "up"]);
    assert_eq!(ran.err, "");
}

#[test]
fn the_configuration_is_printed_wherever_the_flag_stands() {
    let home = Home::new().with("LECTERN_KEY", "lk_secret");
    let data = format!("data = \"{}\"", home.data().display());
    for arguments in [
        &["--print-config"][..],
        &["narrate", "--print-config"][..],
        &["narrate", "tides.md", "--print-config"][..],
        &["up", "--print-config"][..],
    ] {
        let ran = home.done(arguments);
        ran.says(&[&data, "[telemetry]", "cache/lectern/voice"]);
        assert!(!ran.out.contains("lk_secret"), "{arguments:?}: {ran:?}");
    }
    home.done(&["list", "--data", "elsewhere", "--print-config"]).says(&["data = \"elsewhere\""]);
}
