//! `lectern up`, and the commands that use it.

use rustix::process::Signal;

use crate::support::{Home, TIDES};

#[test]
fn its_start_ends_with_what_there_is_and_what_to_do() {
    let home = Home::new();
    let (mut server, url) = home.up(&[]);
    let out = server.out();
    let data = format!("data     {}", home.data().display());
    let voices = "voices   engines/tone/voices/sine (en-US), engines/tone/voices/high (en-US)";
    for line in [&*data, voices, "try      lectern narrate FILE"] {
        assert!(out.lines().any(|said| said == line), "{line:?} in {out}");
    }
    // A second one on the same data is told whose they are.
    let second = home.run(&["up", "--listen", "127.0.0.1:0"]);
    second.fails(78, &["lectern: lectern up (process ", "--data"]);
    assert_eq!(second.err.lines().count(), 1, "{second:?}");

    // A command that finds its data served uses the server.
    home.write("tides.md", TIDES);
    let ran = home.done(&["narrate", "tides.md"]);
    assert!(!ran.err.contains("waiting"), "{ran:?}");
    let detached = home.done(&["narrate", "tides.md", "--detach"]);
    assert!(detached.out.starts_with("narrations/"), "{detached:?}");
    let again = home.done(&["narrate", "tides.md", "--server", &url, "--format", "wav"]);
    again.says(&["were there already"]);
    assert!(again.err.contains("accepted as narrations/"), "{again:?}");

    server.signal(Signal::INT);
    let ran = server.wait();
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "no log lines: {ran:?}");
    assert_eq!(home.done(&["list", "--json"]).json().len(), 2);
}

#[test]
fn a_server_without_a_voice_says_so_at_its_start() {
    let home = Home::new().with("LECTERN_ENGINE", "local");
    let (server, _) = home.up(&[]);
    let out = server.out();
    assert!(out.contains("voices   none: no voice is installed; run `lectern voice fetch`"), "{out}");
}

#[test]
fn other_data_are_named_in_what_to_try() {
    let home = Home::new();
    let (server, url) = home.up(&["--data", "elsewhere"]);
    let line = format!("try      lectern narrate FILE --server {url}\n");
    assert!(server.out().contains(&line), "{}", server.out());
}

#[test]
fn who_does_not_wait_is_told_the_name() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let (_server, url) = home.up(&[]);
    let ran = home.done(&["narrate", "tides.md", "--server", &url, "--detach"]);
    let [name] = ran.out.lines().collect::<Vec<_>>()[..] else { panic!("{ran:?}") };
    assert!(name.starts_with("narrations/"), "{ran:?}");
    assert!(!home.at("lectern-out").exists());
    home.done(&["watch", name, "--server", &url]);
}

#[test]
fn every_command_works_against_a_server_of_other_data() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    let (_server, url) = home.up(&["--data", "elsewhere"]);
    let at = ["--server", url.as_str()];
    let done = |command: &[&str]| home.done(&[command, &at[..]].concat());
    done(&["narrate", "tides.md"]);
    let listed = done(&["list", "--json"]).json();
    let name = listed[0]["name"].as_str().unwrap().to_owned();
    let document = done(&["documents", "--json"]).json()[0]["name"].as_str().unwrap().to_owned();
    done(&["show", &name]).says(&["Tides"]);
    done(&["get", &name, "-o", "fetched"]);
    assert!(home.names("fetched").iter().any(|name| name.ends_with(".opus")));
    // What is made is not stopped, and what is not stopped cannot be retried.
    done(&["cancel", &name]);
    home.run(&[&["retry", &name], &at[..]].concat()).fails(2, &["nothing to retry", &url]);
    done(&["voices"]).says(&["engines/tone/voices/sine"]);
    done(&["delete", &document, "--force"]);
    assert_eq!(done(&["list"]).out, "");
    assert!(!home.data().exists(), "the data of this machine are not asked");
}

#[test]
fn an_outage_of_the_server_is_told_and_waited_out() {
    let home = Home::slow();
    let (mut server, url) = home.up(&[]);
    // Also where it is found by the data that it serves.
    let (named, found) = (["narrate", "tides.md", "--server", url.as_str(), "-o", "named"], ["narrate", "tides.md"]);
    let mut running = [home.start(&named), home.start(&found)];
    for running in &mut running {
        running.until_says("accepted as narrations/");
        running.until("it speaks", |_| home.ledger().contains("pulls"));
    }
    server.signal(Signal::KILL);
    server.wait();
    for running in &mut running {
        running.until_says(&format!("{url} does not answer"));
        running.until_says("Ctrl-C ends that");
    }
    home.script("[]");
    let address = url.strip_prefix("http://").unwrap();
    let mut server = home.start(&["up", "--listen", address]);
    server.until_says("Ctrl-C stops\n");
    for running in running {
        let ran = running.wait();
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(ran.err.contains("the server answers again"), "{ran:?}");
    }
    assert!(home.at("named/tides.opus").is_file() && home.at("lectern-out/tides/tides.opus").is_file());
}

#[test]
fn an_interrupt_leaves_what_a_server_was_making_before() {
    let home = Home::slow();
    let (_server, url) = home.up(&[]);
    let mut first = home.start(&["narrate", "tides.md", "--server", &url]);
    first.until("it speaks", |_| home.ledger().contains("pulls"));
    let mut second = home.start(&["narrate", "tides.md", "--server", &url, "-o", "second"]);
    second.until_says("it is being made already, as narrations/");
    second.signal(Signal::INT);
    second.wait().fails(130, &["goes on: `lectern cancel narrations/", &format!(" --server {url}` ends it")]);
    let list = home.done(&["list", "--server", &url, "--json"]);
    assert!(list.out.contains("STATE_NARRATING"), "{list:?}");
    first.signal(Signal::INT);
    first.wait().fails(130, &["is cancelled"]);
}

#[test]
fn an_interrupt_cancels_what_a_server_makes() {
    let home = Home::slow();
    let (_server, url) = home.up(&[]);
    let mut running = home.start(&["narrate", "tides.md", "--server", &url]);
    running.until("it speaks", |_| home.ledger().contains("pulls"));
    running.signal(Signal::INT);
    running.wait().fails(130, &["accepted as narrations/", "is cancelled"]);
    let list = home.done(&["list", "--server", &url, "--json"]);
    assert!(list.out.to_lowercase().contains("cancelled"), "{list:?}");
}
