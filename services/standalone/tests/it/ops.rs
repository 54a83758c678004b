//! What an operator sees and does: `lectern ops`, of a data folder and of a server, and `lectern
//! doctor`.

use crate::manage::narrated;
use crate::support::Home;

#[test]
fn an_operator_sees_where_work_stands_and_holds_up_what_he_names() {
    let (home, name) = narrated();
    let status = home.done(&["ops", "status"]);
    assert!(status.out.starts_with("UNFINISHED  0 narrations"), "{status:?}");
    assert!(status.err.starts_with("nobody serves on "), "{status:?}");
    assert!(status.out.lines().all(|line| line.chars().count() <= 100), "{status:?}");
    let document = home.done(&["ops", "status", "--json"]).json();
    assert_eq!(document[0]["services"].as_array().map(Vec::len), Some(4));

    let ended = home.done(&["ops", "narrations", "--state", "succeeded", "--json"]).json();
    assert_eq!((ended.len(), ended[0]["name"].as_str()), (1, Some(name.as_str())));
    assert!(ended[0].get("title").is_none() && ended[0].get("displayName").is_none(), "{ended:?}");
    let nothing = home.done(&["ops", "narrations"]);
    assert!(nothing.out.is_empty() && nothing.err.contains("no such narration"), "{nothing:?}");
    let steps = home.done(&["ops", "steps", &name, "--json"]).json();
    assert!(steps.iter().any(|step| step["stage"] == "STAGE_NAME_TTS"), "{steps:?}");
    assert!(steps.iter().all(|step| step["state"] == "STATE_DONE"), "{steps:?}");
    let table = home.done(&["ops", "steps", &name]);
    assert!(table.out.starts_with("STEP") && table.out.contains("1/assemble/0"), "{table:?}");

    home.done(&["ops", "pause", "engines/tone", "--note", "a look"]);
    let status = home.done(&["ops", "status"]);
    assert!(status.out.contains("paused: engines/tone since") && status.out.contains("a look"), "{status:?}");
    home.done(&["ops", "resume", "engines/tone"]);
    home.run(&["ops", "resume", "engines/tone"]).fails(66, &["pauses/engines.tone"]);
    home.run(&["ops", "steps", "n9"]).fails(66, &["narrations/n9"]);
    home.run(&["ops", "dead-letters", "replay"]).fails(2, &["--all"]);
    for quiet in ["lanes", "leases", "capacity", "config"] {
        home.done(&["ops", quiet, "--json"]);
        let table = home.done(&["ops", quiet]);
        assert!(table.out.lines().all(|line| line.chars().count() <= 100), "{quiet}: {table:?}");
    }
}

#[test]
fn a_server_that_runs_is_looked_at_by_its_url() {
    let home = Home::new();
    let (_server, url) = home.up(&[]);
    let status = home.done(&["ops", "status", "--server", &url]);
    for service in ["gateway", "ingest", "ai", "tts"] {
        let row = status.out.lines().find(|line| line.starts_with(service));
        assert!(row.is_some_and(|row| row.contains("serving")), "{service}: {status:?}");
    }
    let workers = home.done(&["ops", "capacity", "--json", "--server", &url]).json();
    assert_eq!(workers[0]["gateways"].as_array().map(Vec::len), Some(1), "{workers:?}");
    let settings = home.done(&["ops", "config", "--all", "--json", "--server", &url]).json();
    let text = settings[0].to_string();
    assert!(text.contains("store.url") && text.contains("***"), "{text}");
    // Those that work on a server alone find it by the data, too.
    let keys = home.done(&["keys", "list"]);
    assert!(keys.out.is_empty() && keys.err.contains("there is no such key"), "{keys:?}");
}

#[test]
fn a_doctor_says_what_is_broken_and_what_to_do() {
    let home = Home::new();
    let none = home.done(&["doctor"]);
    assert!(none.out.contains("there is no data yet") && !home.data().exists(), "{none:?}");
    home.done(&["list"]);
    let well = home.done(&["doctor"]);
    assert!(well.out.contains("ok       object storage"), "{well:?}");
    let objects = home.data().join("objects");
    std::fs::remove_dir_all(&objects).unwrap();
    std::fs::write(&objects, "a file in the place of the folder").unwrap();
    let ill = home.run(&["doctor", "--json"]);
    assert_eq!(ill.status, 1, "{ill:?}");
    let broken: Vec<_> = ill.json().into_iter().filter(|finding| finding["verdict"] == "broken").collect();
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert_eq!(broken[0]["check"], "object storage");
    assert!(broken[0]["advice"].as_str().is_some_and(|advice| advice.contains("blob.url")), "{broken:?}");
}

#[test]
fn a_service_is_checked_with_its_own_configuration() {
    // What is set for the program is no setting of a service.
    let home = Home::new().with("LECTERN_DATA", "elsewhere").with("LECTERN_KEY", "lk_mine");
    home.write(
        "tts.toml",
        "secret = \"12345678901234567890123456789012\"\nengine = \"tone\"\n[store]\nurl = \"memory:\"\n[queue]\nurl = \
         \"amqp://127.0.0.1\"\n[blob]\nurl = \"file:objects\"\n[gateway]\nurl = \"http://127.0.0.1:9\"\n",
    );
    let ill = home.run(&["doctor", "--service", "tts", "--config", "tts.toml", "--json"]);
    assert_eq!(ill.status, 1, "{ill:?}");
    let found = ill.json();
    let verdict = |check: &str| found.iter().find(|finding| finding["check"] == check).map(|f| f["verdict"].clone());
    for (check, expected) in [
        ("configuration", "ok"),
        ("database", "warning"),
        ("queue", "broken"),
        ("object storage", "ok"),
        ("services", "broken"),
    ] {
        assert_eq!(verdict(check), Some(expected.into()), "{check}: {found:?}");
    }
    home.run(&["doctor", "--service", "tts", "--config", "missing.toml"]).fails(78, &["missing.toml"]);
}
