//! What an operator runs beside the services, by the same programs with the same settings: checks,
//! migrations, the topology, probes and the doctor.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use lectern_e2e::PATIENCE;
use lectern_testkit::{MongoReader, MongoServer, NatsServer, Program, temp_dir};

const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];
/// What `sysexits.h` calls a wrong configuration, and a service that cannot be reached.
const CONFIG: i32 = 78;
const UNAVAILABLE: i32 = 69;

fn program(service: &str, logs: &Path) -> Program {
    Program::new(&format!("lectern-{service}"), logs).env("LECTERN_SECRET", "0123456789abcdef0123456789abcdef")
}

/// Runs a command to its end.
fn ran(program: &Program, command: &[&str]) -> Output {
    let mut with = program.clone();
    for argument in command {
        with = with.arg(*argument);
    }
    with.command().output().expect("the program is built")
}

#[track_caller]
fn ends(program: &Program, command: &[&str], status: i32, says: &str) {
    let output = ran(program, command);
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    assert_eq!(output.status.code(), Some(status), "{command:?} says {said}");
    assert!(said.contains(says), "{command:?} does not say {says:?} but {said}");
}

#[test]
fn each_service_prepares_its_database_and_the_queue_and_is_probed() {
    let folder = temp_dir().expect("a folder");
    let (mongo, nats) = (MongoServer::start(), NatsServer::start());
    let reader = MongoReader::at(mongo.address());
    let objects = folder.path().join("objects");
    std::fs::create_dir(&objects).expect("a folder");
    for service in SERVICES {
        let program = program(service, folder.path())
            .env("LECTERN_STORE__URL", mongo.uri_with_database("commands"))
            .env("LECTERN_QUEUE__URL", nats.url())
            .env("LECTERN_BLOB__URL", format!("file:{}", objects.display()));
        ends(&program, &["check-config"], 0, "the configuration can be used");
        let collections = || reader.collections(&format!("commands_{service}")).expect("a list");
        assert_eq!(collections(), Vec::<String>::new(), "{service}: checking touches nothing");
        ends(&program, &["migrate"], 0, "collections and indexes are made");
        let made = collections();
        let own = if service == "gateway" { "narrations" } else { "steps" };
        assert!(made.iter().any(|name| name == own), "{service}: {made:?}");
        ends(&program, &["migrate"], 0, "collections and indexes are made");
        for _ in 0..2 {
            ends(&program, &["topology"], 0, "stream DEAD: copies 1");
        }
        let streams = nats.jetstream("STREAM.NAMES", "{}").expect("an answer");
        assert!(streams.contains("WORK_TTS") && streams.contains("EVENTS"), "{streams}");

        let mut process = program.clone().start();
        let at = program.env("LECTERN_SERVER__LISTEN", process.address().to_string());
        let mut tries = 0;
        while ran(&at, &["probe"]).status.code() != Some(0) {
            tries += 1;
            assert!(tries < 300, "{service} does not serve: {}", process.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        ends(&at, &["probe", "--service", "no.such.Service"], 1, "no.such.Service");
        // Nobody started the other services; all else is as it should be.
        let found = ran(&at, &["doctor", "--json"]);
        assert_eq!(found.status.code(), Some(1), "{service}: {found:?}");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        for (check, verdict) in
            [("configuration", "ok"), ("queue", "ok"), ("object storage", "ok"), ("services", "broken")]
        {
            let of = |line: &serde_json::Value| line["check"] == check && line["verdict"] == verdict;
            let mut lines = found.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
            assert!(lines.any(|line| of(&line)), "{service}: {check} is not {verdict}: {found}");
        }
        assert_eq!(collections(), made, "{service} makes at its start what `migrate` does not");
        assert!(process.stop(PATIENCE).is_some_and(|status| status.success()));
        ends(&at, &["probe"], 1, &process.address().to_string());
    }
}

#[test]
fn what_cannot_be_done_is_told_by_the_exit_status() {
    let folder = temp_dir().expect("a folder");
    for service in SERVICES {
        let good = program(service, folder.path());
        let unknown = good.clone().env("LECTERN_STORE__URI", "mongodb://127.0.0.1:1");
        ends(&unknown, &["check-config"], CONFIG, "did you mean store.url");
        ends(&unknown, &["doctor"], CONFIG, "did you mean store.url");
        let short = good.clone().env("LECTERN_SECRET", "short");
        for command in ["check-config", "migrate", "topology"] {
            ends(&short, &[command], CONFIG, "secret");
        }
        let missing = folder.path().join("missing.toml").display().to_string();
        ends(&good, &["check-config", "--config", &missing], CONFIG, "missing.toml");
        // The system chooses the port that this one would listen on.
        ends(&good, &["probe"], CONFIG, "server.listen");
        ends(&good, &["drop-everything"], 2, "drop-everything");

        let away = good
            .clone()
            .env("LECTERN_STORE__URL", "mongodb://127.0.0.1:1/lectern?directConnection=true")
            .env("LECTERN_STORE__CONNECT_WITHIN", "1s")
            .env("LECTERN_STORE__SELECT_WITHIN", "1s");
        ends(&away, &["migrate"], UNAVAILABLE, "STORE_UNAVAILABLE");
        ends(&good.clone().env("LECTERN_QUEUE__URL", "memory:"), &["topology"], CONFIG, "memory");
    }
    let nats = NatsServer::with_config("authorization { user: somebody, password: else }\n");
    let stranger =
        program("gateway", folder.path()).env("LECTERN_QUEUE__URL", format!("nats://a:b@{}", nats.address()));
    ends(&stranger, &["topology"], CONFIG, "QUEUE_UNAVAILABLE");
}

#[test]
fn another_secret_of_names_than_the_first_is_refused_by_migrate() {
    let folder = temp_dir().expect("a folder");
    for service in ["gateway", "ingest", "tts"] {
        let url = format!("sqlite:{}", folder.path().join(format!("{service}.db")).display());
        let first = program(service, folder.path()).env("LECTERN_STORE__URL", url);
        ends(&first, &["migrate"], 0, "collections and indexes are made");
        let other = first.clone().env("LECTERN_OBJECT_SECRET", "another secret, of as many bytes and more");
        ends(&other, &["migrate"], CONFIG, "no object would be found");
        ends(&first, &["migrate"], 0, "collections and indexes are made");
    }
}
