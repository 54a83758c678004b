//! Against the real mongod: what a crash, a move, a taken port and a lost primary leave.

#![allow(clippy::expect_used, reason = "tests")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::wire::{self, CallError, Document};
use super::{Find, MongoReader, MongoServer, MongoSet};
use crate::daemon::temp_dir;

/// The server's code for somebody who has not signed in.
const UNAUTHORIZED: i64 = 13;

/// Writes a record that a majority has in its journal before this returns.
fn keep(server: SocketAddr, id: &str) {
    let concern = Document::default().text("w", "majority").yes("j");
    let insert = Document::default()
        .text("insert", "kept")
        .array("documents", [Document::default().text("_id", id)])
        .document("writeConcern", &concern);
    let reply = wire::call(server, insert).expect("acknowledged");
    assert_eq!(reply.number("n"), Some(1), "{reply:?}");
}

fn kept(server: SocketAddr) -> Result<Option<i64>, CallError> {
    wire::call(server, Document::default().text("count", "kept")).map(|reply| reply.number("n"))
}

#[test]
fn a_crash_takes_nothing_that_was_acknowledged_and_the_server_is_back_on_its_port() {
    let mut server = MongoServer::start();
    let (uri, first) = (server.uri(), server.id());
    keep(server.address(), "a");
    server.kill9();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.uri(), uri);
    assert_ne!(server.id(), first);
    assert_eq!(kept(server.address()).expect("an answer"), Some(1));
    keep(server.address(), "b");
}

#[test]
fn a_copy_of_its_files_made_while_it_runs_holds_what_was_acknowledged_and_can_be_served_in_their_place() {
    let mut server = MongoServer::start();
    let folder = temp_dir().expect("a folder");
    let copy = folder.path().join("copy");
    keep(server.address(), "a");
    server.copy_files(&copy);
    keep(server.address(), "b");
    assert_eq!(kept(server.address()).expect("an answer"), Some(2), "it takes writes again");
    // As often as it is needed: the copy is not what is served.
    for _ in 0..2 {
        server.restart_with_files(&copy);
        assert_eq!(kept(server.address()).expect("an answer"), Some(1));
        keep(server.address(), "c");
    }
}

#[test]
fn data_that_are_served_on_another_port_are_found_there_and_can_be_written() {
    let folder = temp_dir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut server = MongoServer::open(&data, &log, 0).expect("it starts");
    keep(server.address(), "a");
    server.stop();
    assert!(server.exited().is_some_and(|status| status.success()), "{:?}", server.exited());
    // Somebody else has the port now, and answers nobody.
    let held = TcpListener::bind(server.address()).expect("the port is free");
    thread::spawn(move || held.incoming().for_each(drop));
    let moved = MongoServer::open(&data, &log, 0).expect("it starts");
    assert_ne!(moved.address(), server.address());
    assert_eq!(kept(moved.address()).expect("an answer"), Some(1));
    keep(moved.address(), "b");
}

#[test]
fn a_port_that_a_client_holds_for_a_while_is_waited_for() {
    let folder = temp_dir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut server = MongoServer::open(&data, &log, 0).expect("it starts");
    server.kill9();
    let held = TcpListener::bind(server.address()).expect("the port is free");
    let client = thread::spawn(move || {
        while !std::fs::read_to_string(&log).expect("a log").contains("Address already in use") {
            thread::sleep(Duration::from_millis(20));
        }
        drop(held);
    });
    server.restart();
    client.join().expect("it ends");
    keep(server.address(), "a");
}

#[test]
fn who_has_not_signed_in_is_refused_also_after_a_restart() {
    let mut server = MongoServer::start_with_user("u", "p");
    for _ in 0..2 {
        let stranger = kept(server.address());
        assert!(matches!(stranger, Err(CallError::Refused { code: UNAUTHORIZED, .. })), "{stranger:?}");
        server.restart();
    }
}

#[test]
fn a_set_of_three_has_another_primary_when_its_first_is_killed_and_keeps_what_it_acknowledged() {
    let mut set = MongoSet::start();
    let first = set.primary();
    keep(set.address(first), "a");
    set.kill(first);
    let second = set.primary_after(first);
    assert_eq!(kept(set.address(second)).expect("an answer"), Some(1));
    keep(set.address(second), "b");
    set.start_node(first);
    assert_eq!(set.uri_with_database("d").matches("127.0.0.1").count(), 3);
}

#[test]
fn a_set_has_another_primary_when_its_own_steps_down_stands_still_or_is_cut_off() {
    let mut set = MongoSet::start();
    let first = set.primary();
    let second = set.step_down();
    assert_ne!(first, second);
    keep(set.address(second), "a");
    set.stop(second);
    let third = set.primary_after(second);
    keep(set.address(third), "b");
    set.resume(second);
    set.cut(third);
    let fourth = set.primary_after(third);
    keep(set.address(fourth), "c");
    set.mend(third);
    assert_eq!(kept(set.address(set.primary())).expect("an answer"), Some(3));
}

#[test]
fn a_forced_rollback_takes_what_no_majority_had_and_nothing_else() {
    let mut set = MongoSet::start();
    keep(set.address(set.primary()), "kept");
    let first = set.primary();
    let alone = set.address(first);
    let old = set.force_rollback(|_| {
        let insert = Document::default()
            .text("insert", "kept")
            .array("documents", [Document::default().text("_id", "lost")])
            .document("writeConcern", &Document::default().number("w", 1));
        assert_eq!(wire::call(alone, insert).expect("acknowledged by one").number("n"), Some(1));
        assert_eq!(kept(alone).expect("an answer"), Some(2));
    });
    assert_eq!(old, first);
    assert_eq!(kept(set.address(set.primary())).expect("an answer"), Some(1));
}

#[test]
fn a_server_is_looked_into_by_filter_order_and_fields() {
    let server = MongoServer::start();
    let documents = (0..5).map(|n| {
        let state = Document::default().text("at", if n < 3 { "leased" } else { "free" });
        Document::default().text("_id", &format!("a/{n}")).number("updated", 10 - n).document("state", &state)
    });
    let insert = Document::default().text("insert", "steps").array("documents", documents);
    wire::call_in("lectern_tts", server.address(), insert).expect("acknowledged");

    let reader = MongoReader::at(server.address());
    assert_eq!(reader.databases().expect("databases"), ["lectern_tts"]);
    assert_eq!(reader.collections("lectern_tts").expect("collections"), ["steps"]);
    let filter = |json: serde_json::Value| json.as_object().cloned().unwrap_or_default();
    let leased = filter(serde_json::json!({ "state.at": "leased" }));
    assert_eq!(reader.count("lectern_tts", "steps", &leased).expect("a count"), 3);
    let find = Find {
        filter: filter(serde_json::json!({ "_id": { "$regex": "^a/" } })),
        sort: Some(("updated".to_owned(), false)),
        fields: vec!["updated".to_owned()],
        limit: 2,
    };
    let found = reader.find("lectern_tts", "steps", &find).expect("documents");
    let expected = serde_json::json!([{ "_id": "a/4", "updated": 6 }, { "_id": "a/3", "updated": 7 }]);
    assert_eq!(serde_json::Value::Array(found), expected);
    let wrong = Find { filter: filter(serde_json::json!({ "$nonsense": 1 })), ..find };
    let refused = reader.find("lectern_tts", "steps", &wrong).expect_err("no such operator");
    assert!(refused.contains("$nonsense"), "{refused}");
}

#[cfg(feature = "sign-in")]
#[test]
fn who_signs_in_may_ask_what_was_asked_and_who_has_another_password_may_not() {
    use serde_json::{Map, Value, json};

    let server = MongoServer::start_with_user("u", "p");
    let refused = super::MongoSession::sign_in(server.address(), "u", "q").expect_err("not the password");
    assert!(refused.contains("Authentication failed"), "{refused}");
    let mut session = super::MongoSession::sign_in(server.address(), "u", "p").expect("signed in");
    let mut run = |database: &str, command: &str, of: Value, fields: Value| {
        session.run(database, (command, &of), fields.as_object().unwrap_or(&Map::new()))
    };
    let inserts = |status: &Value| status["metrics"]["commands"]["insert"]["total"].as_i64();
    let before = run("admin", "serverStatus", json!(1), Value::Null).expect("a status");
    let inserted = run("d", "insert", json!("c"), json!({ "documents": [{ "_id": 1 }, { "_id": 2 }] }));
    assert_eq!(inserted.expect("acknowledged")["n"], 2);
    let after = run("admin", "serverStatus", json!(1), Value::Null).expect("a status");
    assert_eq!(inserts(&after), inserts(&before).map(|inserts| inserts + 1), "one command, whatever it writes");
}
