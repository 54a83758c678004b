//! `lectern smoke`, against servers that are well, and that are not.

use crate::support::Home;

#[test]
fn a_server_that_works_is_tested_to_the_end_and_nothing_is_left() {
    let home = Home::new();
    let (_server, url) = home.up(&[]);
    let server = ["smoke", "--server", url.as_str()];
    // Again: what it says is new each time, and so is the work.
    for _ in 0..2 {
        let ran = home.done(&server);
        ran.says(&["health      ", "reflection  ", " succeeded", "checksums are right", "erased"]);
    }
    assert_eq!(home.done(&["list", "--json"]).out, "", "nothing is left of it");
    assert_eq!(home.done(&["documents", "--json"]).out, "");
    assert!(!home.temporary().iter().any(|name| name.starts_with("lectern-smoke")), "{:?}", home.temporary());
}

#[test]
fn a_narration_that_fails_fails_the_test_and_is_erased_all_the_same() {
    let home = Home::new().scripted(r#"[{"text": "installation", "does": "fail"}]"#);
    let (_server, url) = home.up(&[]);
    let ran = home.run(&["smoke", "--server", &url]);
    ran.fails(1, &["narrations/", " failed: "]);
    ran.says(&["reflection  "]);
    assert_eq!(home.done(&["documents", "--json"]).out, "");
}

#[test]
fn what_is_no_server_of_ours_is_told() {
    let home = Home::new();
    home.run(&["smoke", "--server", "http://127.0.0.1:1"]).fails(69, &["cannot be reached", "--server"]);
    home.run(&["smoke", "--server", "http://127.0.0.1:1", "--seconds", "0"]).fails(2, &["--seconds"]);
    home.run(&["smoke", "--server", "https://127.0.0.1:1", "--ca", "gone.pem"]).fails(2, &["gone.pem"]);
    home.run(&["smoke", "--key-file", "gone"]).fails(66, &["gone"]);
}
