use std::sync::mpsc::sync_channel;

use rusqlite::Connection;

use super::*;

const PAGE: usize = 4_096;
/// Pages that the file may have: room for some short rows, and not for a long one.
const MOST_PAGES: usize = 16;

/// Inserts one row and waits until it is durable, or is not.
async fn insert(writer: &Writer, id: &'static str, bytes: usize) -> Result<(), StoreError> {
    writer
        .write("insert", move |connection| {
            connection
                .execute("INSERT INTO c (id, body) VALUES (?1, ?2)", rusqlite::params![id, "x".repeat(bytes)])
                .map(|_| ())
                .map_err(|error| StoreError::unavailable("insert", error))
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_shares_a_commit_with_a_write_for_which_the_disk_was_full_is_not_written_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = WAL; PRAGMA max_page_count = {MOST_PAGES}; \
             CREATE TABLE c (id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL) STRICT;"
        ))
        .unwrap();
    let writer = Writer::start(connection, ()).unwrap();
    // The first write holds the thread until the others wait behind it.
    let (go, held) = sync_channel::<()>(1);
    let hold = move |_: &Connection| held.recv().map_err(|error| StoreError::unavailable("hold", error));
    let mut first = Box::pin(writer.write("hold", hold));
    // Each is polled once, in order, and has then handed its write over.
    assert!(futures::poll!(&mut first).is_pending());
    let mut before = Box::pin(insert(&writer, "before", 10));
    let mut full = Box::pin(insert(&writer, "full", 2 * MOST_PAGES * PAGE));
    let mut behind = Box::pin(insert(&writer, "behind", 10));
    for write in [&mut before, &mut full, &mut behind] {
        assert!(futures::poll!(write).is_pending());
    }
    go.send(()).unwrap();
    for outcome in [first.await, before.await, full.await, behind.await] {
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    }
    let reader = Connection::open(&path).unwrap();
    let count = || reader.query_row("SELECT count(*) FROM c", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 0, "what was answered as not written is not there");
    insert(&writer, "after", 10).await.unwrap();
    assert_eq!(count(), 1, "and there is room for what fits");
}
