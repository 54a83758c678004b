//! Many writes of one call.

use std::sync::Arc;

use lectern_store::{MAX_RECORD_BYTES, MAX_WRITES, Op, Query, Revision, StoreError, Write};
use serde_json::{Value, json};

use super::{Shared, ids, put};

fn insert(id: &str, body: Value) -> Write {
    Write::Insert { id: id.to_owned(), body }
}

fn replace(id: &str, expected: u64, body: Value) -> Write {
    Write::Replace { id: id.to_owned(), expected: Revision(expected), body }
}

pub async fn many_writes_of_one_call_are_each_answered(store: Shared) {
    assert_eq!(store.write_many("things", Vec::new()).await, Ok(Vec::new()));
    for id in ["a", "b", "c", "d"] {
        put(&store, id, json!({"owner": "x", "name": id})).await;
    }
    let writes = vec![
        insert("new", json!({"n": 1, "when": 5, "bytes": "AAH/"})),
        insert("a", json!({"n": 2})),
        insert("taken", json!({"owner": "x", "name": "a"})),
        replace("b", 1, json!({"n": 3, "when": 6})),
        replace("c", 2, json!({"n": 4})),
        replace("d", 1, json!({"owner": "x", "name": "a"})),
        replace("nobody", 1, json!({"n": 5})),
        insert("large", json!({"text": "x".repeat(MAX_RECORD_BYTES)})),
    ];
    let answers = store.write_many("things", writes).await.unwrap();
    assert_eq!(answers[0], Ok(Revision(1)));
    assert!(matches!(&answers[1], Err(StoreError::Duplicate { id, .. }) if id == "a"), "{:?}", answers[1]);
    assert!(matches!(&answers[2], Err(StoreError::Duplicate { id, .. }) if id == "taken"), "{:?}", answers[2]);
    assert_eq!(answers[3], Ok(Revision(2)));
    assert!(matches!(&answers[4], Err(StoreError::Conflict { id, .. }) if id == "c"), "{:?}", answers[4]);
    assert!(matches!(&answers[5], Err(StoreError::Duplicate { id, .. }) if id == "d"), "{:?}", answers[5]);
    assert!(matches!(&answers[6], Err(StoreError::NotFound { id, .. }) if id == "nobody"), "{:?}", answers[6]);
    assert!(matches!(&answers[7], Err(StoreError::TooLarge { .. })), "{:?}", answers[7]);
    assert_eq!(answers.len(), 8);
    let writes = vec![replace("a", 1, json!([])), insert("after", json!({}))];
    let refused = store.write_many("things", writes).await.unwrap();
    assert!(matches!(&refused[0], Err(StoreError::Invalid { .. })), "{:?}", refused[0]);
    assert_eq!(refused[1], Ok(Revision(1)));

    assert_eq!(ids(&store, Query::new()).await, ["a", "after", "b", "c", "d", "new"]);
    let new = store.get("things", "new").await.unwrap().unwrap();
    assert_eq!((new.revision, new.body), (Revision(1), json!({"n": 1, "when": 5, "bytes": "AAH/"})));
    let b = store.get("things", "b").await.unwrap().unwrap();
    assert_eq!((b.revision, b.body), (Revision(2), json!({"n": 3, "when": 6})));
    assert_eq!(ids(&store, Query::new().filter("when", Op::Gte, 5)).await, ["b", "new"]);
    assert_eq!(store.get("things", "d").await.unwrap().unwrap().revision, Revision(1));
}

pub async fn replacements_of_one_call_are_each_answered_whoever_else_writes(store: Shared) {
    const RECORDS: usize = 20;
    const WRITERS: usize = 4;
    let names: Vec<String> = (0..RECORDS).map(|n| format!("{n:02}")).collect();
    let answers = store.write_many("things", names.iter().map(|id| insert(id, json!({}))).collect()).await;
    assert_eq!(answers, Ok(vec![Ok(Revision(1)); RECORDS]));
    // Each of them replaces all records at once: every record is won by one of them.
    let writers = (0..WRITERS).map(|writer| {
        let (store, names) = (Arc::clone(&store), names.clone());
        tokio::spawn(async move {
            let writes = names.iter().map(|id| replace(id, 1, json!({"writer": writer}))).collect();
            store.write_many("things", writes).await.unwrap()
        })
    });
    let mut won = vec![Vec::new(); RECORDS];
    for (writer, task) in writers.collect::<Vec<_>>().into_iter().enumerate() {
        for (record, answer) in task.await.unwrap().into_iter().enumerate() {
            match answer {
                Ok(revision) => {
                    assert_eq!(revision, Revision(2));
                    won[record].push(writer);
                }
                Err(error) => assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}"),
            }
        }
    }
    for (id, won) in names.iter().zip(won) {
        let row = store.get("things", id).await.unwrap().unwrap();
        assert_eq!((row.revision, row.body), (Revision(2), json!({"writer": won[0]})));
        assert_eq!(won.len(), 1, "{id}");
    }
}

pub async fn a_call_of_many_writes_has_bounds(store: Shared) {
    let most: Vec<Write> = (0..MAX_WRITES).map(|n| insert(&format!("{n:04}"), json!({"n": n}))).collect();
    let more = most.iter().cloned().chain([insert("more", json!({}))]).collect();
    let full = json!({"text": "x".repeat(MAX_RECORD_BYTES - 100)});
    let heavy = (0..20).map(|n| insert(&format!("{n}"), full.clone())).collect();
    let twice = vec![insert("a", json!({})), replace("a", 1, json!({}))];
    for refused in [more, heavy, twice] {
        let answer = store.write_many("things", refused).await;
        assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?}");
    }
    assert_eq!(store.count("things", &Query::new(), 10).await, Ok(0));
    assert_eq!(store.write_many("things", most).await, Ok(vec![Ok(Revision(1)); MAX_WRITES]));
    assert_eq!(store.count("things", &Query::new(), 10_000).await, Ok(1_000));
}
