//! What an operator's checks say of a server that is well, and of those that are not.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::clock::ManualClock;
use lectern_core::{Clock, Finding, SystemClock, Timestamp, Verdict};
use lectern_store::{CollectionSpec, ConnectOptions, connect, examine};
use lectern_testkit::MongoServer;
use mongodb::bson::doc;

use super::{BY_N, uri};

async fn examined(uri: &str, specs: &[CollectionSpec]) -> Vec<Finding> {
    let options = ConnectOptions {
        connect_within: Duration::from_secs(5),
        select_within: Duration::from_secs(5),
        operation_within: Duration::from_secs(5),
        ..ConnectOptions::default()
    };
    examine(uri, options, specs, Arc::new(SystemClock)).await
}

fn verdict(found: &[Finding], check: &str) -> Verdict {
    let finding = found.iter().find(|finding| finding.check == check);
    let finding = finding.unwrap_or_else(|| panic!("no check {check}: {found:?}"));
    assert_eq!(finding.verdict == Verdict::Ok, finding.advice.is_empty(), "{finding:?}");
    finding.verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_as_a_service_made_it_is_well() {
    let uri = uri();
    let fresh = examined(&uri, &[BY_N]).await;
    assert_eq!(verdict(&fresh, "collections and indexes"), Verdict::Broken, "nobody has made them");
    connect(&uri, ConnectOptions::default()).await.unwrap().ensure(&BY_N).await.unwrap();
    let found = examined(&uri, &[BY_N]).await;
    for check in [
        "database",
        "database version",
        "database writes",
        "collections and indexes",
        "migrations",
        "clock and database",
    ] {
        assert_eq!(verdict(&found, check), Verdict::Ok, "{found:?}");
    }
    let collections = super::database(&uri).await.list_collection_names().await.unwrap();
    assert_eq!(collections, ["c"], "a try leaves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_at_once_do_not_meet() {
    let uri = uri();
    for found in futures::future::join_all((0..8).map(|_| examined(&uri, &[]))).await {
        assert_eq!(verdict(&found, "database writes"), Verdict::Ok, "{found:?}");
    }
    let collections = super::database(&uri).await.list_collection_names().await.unwrap();
    assert!(collections.is_empty(), "they leave nothing: {collections:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_under_way_is_of_concern() {
    let uri = uri();
    let running = doc! { "_id": "c/forms", "_revision": 1_i64, "state": { "at": "running" } };
    super::database(&uri).await.collection("migrations").insert_one(running).await.unwrap();
    let found = examined(&uri, &[]).await;
    assert_eq!(verdict(&found, "migrations"), Verdict::Warning);
    assert!(found.iter().any(|finding| finding.found.contains("c/forms")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_broken() {
    let mut server = tokio::task::spawn_blocking(MongoServer::start).await.unwrap();
    let uri = server.uri_with_database("d");
    server.kill9();
    let found = examined(&uri, &[]).await;
    assert_eq!((found.len(), verdict(&found, "database")), (1, Verdict::Broken), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_no_set_is_broken_since_writes_cannot_be_sent_again() {
    let server = tokio::task::spawn_blocking(MongoServer::start_of_no_set).await.unwrap();
    let found = examined(&server.uri_with_database("d"), &[]).await;
    assert_eq!(verdict(&found, "database replica set"), Verdict::Broken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_may_only_read_and_one_who_may_write_more_are_told() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "p")).await.unwrap();
    let uri = |user: &str| {
        format!("mongodb://{user}:p@{}/lectern_tts?authSource=admin&directConnection=true", server.address())
    };
    let admin = mongodb::Client::with_uri_str(uri("u")).await.unwrap().database("admin");
    for (user, role) in [("reader", "read"), ("own", "readWrite")] {
        let role = doc! { "role": role, "db": "lectern_tts" };
        admin.run_command(doc! { "createUser": user, "pwd": "p", "roles": [role] }).await.unwrap();
    }
    let found = examined(&uri("own"), &[]).await;
    assert_eq!(verdict(&found, "database permissions"), Verdict::Ok, "{found:?}");
    assert_eq!(verdict(&found, "database writes"), Verdict::Ok, "{found:?}");
    let found = examined(&uri("reader"), &[]).await;
    assert_eq!(verdict(&found, "database writes"), Verdict::Broken, "{found:?}");
    assert!(found.iter().any(|finding| finding.advice.contains("readWrite on the database lectern_tts")), "{found:?}");
    let found = examined(&uri("u"), &[]).await;
    assert_eq!(verdict(&found, "database permissions"), Verdict::Warning, "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_the_database_does_not_share_is_broken() {
    let behind: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
    let found = examine(&uri(), ConnectOptions::default(), &[], behind).await;
    assert_eq!(verdict(&found, "clock and database"), Verdict::Broken);
}
