//! What every adapter must do. A case gets an empty store; [`CASES`] is run whole against each
//! adapter.

mod many;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use lectern_store::{
    CollectionSpec, Cursor, Direction, ID, Index, MAX_RECORD_BYTES, Op, Query, Revision, Store, StoreError,
};
use serde_json::{Value, json};

use many::{
    a_call_of_many_writes_has_bounds, many_writes_of_one_call_are_each_answered,
    replacements_of_one_call_are_each_answered_whoever_else_writes,
};

const THINGS: CollectionSpec = CollectionSpec::new(
    "things",
    &[
        Index::new("by_owner", &["owner", "at"]),
        Index::new("by_deep", &["deep.er"]),
        Index::new("by_when", &["when"]).only_where_set("when"),
        Index::unique("by_name", &["owner", "name"]),
    ],
)
.dates(&["when", "marks.when"])
.binaries(&["bytes"]);

type Shared = Arc<dyn Store>;
type Case = fn(Shared) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($name:ident,)*) => {
        /// Every case by name.
        pub const CASES: &[(&str, Case)] = &[$((stringify!($name), |store| Box::pin($name(store))),)*];
    };
}

cases! {
    a_record_reads_back_as_it_was_written,
    an_id_is_taken_once,
    a_replacement_must_name_the_revision,
    a_deletion_may_name_the_revision,
    one_of_many_writers_wins_a_revision,
    many_writes_of_one_call_are_each_answered,
    replacements_of_one_call_are_each_answered_whoever_else_writes,
    a_call_of_many_writes_has_bounds,
    conditions_select,
    counts_stop_at_the_most_that_is_asked_for,
    nothing_is_neither_before_nor_after_anything,
    pages_continue_where_they_ended,
    dates_and_bytes_are_what_they_were,
    pages_of_what_is_set_end_before_what_is_not,
    unique_indexes_keep_values_apart,
    additions_stay_within_bounds,
    concurrent_additions_never_pass_the_limit,
    what_does_not_fit_is_refused,
    making_a_collection_again_changes_nothing,
    the_clock_and_the_ping_answer,
}

/// Runs every case against stores that `open` gives, one new store each.
pub async fn run<F, P>(open: F)
where
    F: Fn() -> P,
    P: Future<Output = Shared>,
{
    for (name, case) in CASES {
        println!("{name}");
        let store = open().await;
        store.ensure(&THINGS).await.unwrap();
        case(store).await;
    }
}

async fn put(store: &Shared, id: &str, body: Value) {
    store.insert("things", id, &body).await.unwrap();
}

async fn ids(store: &Shared, query: Query) -> Vec<String> {
    store.find("things", &query).await.unwrap().into_iter().map(|row| row.id).collect()
}

async fn a_record_reads_back_as_it_was_written(store: Shared) {
    let body = json!({
        "text": "naïve \u{1f600} \"quoted\" \\ $.a 'b'", "empty": "", "null": null, "yes": true, "no": false,
        "zero": 0, "int": -7, "wide": 5_000_000_000_i64, "max": i64::MAX, "min": i64::MIN,
        "half": 0.5, "whole": 3.0, "list": [1, "a", null, {"b": [2]}], "deep": {"er": {"est": 1}},
        "none": [], "void": {}, "with space": 1, "with.dot": 2, "revision": 9, "id": "x", "_writer": "w",
    });
    assert_eq!(store.insert("things", "a/1/b", &body).await.unwrap(), Revision::FIRST);
    let row = store.get("things", "a/1/b").await.unwrap().unwrap();
    assert_eq!((row.id.as_str(), row.revision, &row.body), ("a/1/b", Revision(1), &body));
    assert_eq!(store.find("things", &Query::new()).await.unwrap(), [row]);
    assert_eq!(store.get("things", "a/1/c").await.unwrap(), None);
}

async fn an_id_is_taken_once(store: Shared) {
    put(&store, "a", json!({"n": 1})).await;
    let again = store.insert("things", "a", &json!({"n": 2})).await;
    assert_eq!(again, Err(StoreError::Duplicate { collection: "things".into(), id: "a".into() }));
    assert_eq!(store.get("things", "a").await.unwrap().unwrap().body, json!({"n": 1}));
    put(&store, "A", json!({})).await;
}

async fn a_replacement_must_name_the_revision(store: Shared) {
    put(&store, "a", json!({"n": 1, "old": true})).await;
    assert_eq!(store.replace("things", "a", Revision(1), &json!({"n": 2})).await, Ok(Revision(2)));
    let stale = store.replace("things", "a", Revision(1), &json!({"n": 3})).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    let ahead = store.replace("things", "a", Revision(3), &json!({"n": 3})).await;
    assert!(matches!(ahead, Err(StoreError::Conflict { .. })), "{ahead:?}");
    let absent = store.replace("things", "b", Revision(1), &json!({"n": 3})).await;
    assert!(matches!(absent, Err(StoreError::NotFound { .. })), "{absent:?}");
    let row = store.get("things", "a").await.unwrap().unwrap();
    assert_eq!((row.revision, row.body), (Revision(2), json!({"n": 2})));
}

async fn a_deletion_may_name_the_revision(store: Shared) {
    put(&store, "a", json!({})).await;
    put(&store, "b", json!({})).await;
    let stale = store.delete("things", "a", Some(Revision(2))).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    assert_eq!(store.delete("things", "a", Some(Revision(1))).await, Ok(true));
    assert_eq!(store.delete("things", "a", Some(Revision(1))).await, Ok(false));
    assert_eq!(store.delete("things", "b", None).await, Ok(true));
    assert_eq!(store.delete("things", "b", None).await, Ok(false));
    assert_eq!(ids(&store, Query::new()).await, [""; 0]);
}

async fn one_of_many_writers_wins_a_revision(store: Shared) {
    put(&store, "a", json!({"n": 0})).await;
    let writers = (1..=16).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.replace("things", "a", Revision(1), &json!({"n": n})).await.map(|_| n) })
    });
    let mut won = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(n) => won.push(n),
            Err(error) => assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}"),
        }
    }
    let row = store.get("things", "a").await.unwrap().unwrap();
    assert_eq!((row.revision, row.body), (Revision(2), json!({"n": won[0]})));
    assert_eq!(won.len(), 1);
}

/// Five things: `a` to `e`, of which `e` has nothing in the fields that are asked for.
async fn five(store: &Shared) {
    put(store, "a", json!({"owner": "x", "at": 1, "deep": {"er": "p"}, "on": true})).await;
    put(store, "b", json!({"owner": "y", "at": 10, "deep": {"er": "q"}, "on": false})).await;
    put(store, "c", json!({"owner": "x", "at": 2, "deep": {"er": "Q"}, "on": true})).await;
    put(store, "d", json!({"owner": "x", "at": 2.5, "deep": {"er": "é"}, "on": false})).await;
    put(store, "e", json!({"owner": null, "other": 1})).await;
}

async fn conditions_select(store: Shared) {
    five(&store).await;
    let cases: Vec<(Query, &[&str])> = vec![
        (Query::new(), &["a", "b", "c", "d", "e"]),
        (Query::new().eq("owner", "x"), &["a", "c", "d"]),
        (Query::new().eq("owner", "x").eq("at", 2), &["c"]),
        (Query::new().eq("at", 2.0), &["c"]),
        (Query::new().eq("at", "2"), &[]),
        (Query::new().filter("at", Op::Lt, 10), &["a", "c", "d"]),
        (Query::new().filter("at", Op::Lte, 2), &["a", "c"]),
        (Query::new().filter("at", Op::Gt, 2), &["b", "d"]),
        (Query::new().filter("at", Op::Gte, 2).filter("at", Op::Lt, 3), &["c", "d"]),
        (Query::new().filter("owner", Op::Ne, "x"), &["b", "e"]),
        (Query::new().filter("at", Op::In, json!([10, 2, 99])), &["b", "c"]),
        (Query::new().filter("at", Op::In, json!([])), &[]),
        (Query::new().eq("deep.er", "q"), &["b"]),
        (Query::new().filter("deep.er", Op::Gt, "q"), &["d"]),
        (Query::new().eq("on", true), &["a", "c"]),
        (Query::new().filter("on", Op::Ne, true), &["b", "d", "e"]),
        (Query::new().eq("owner", Value::Null), &["e"]),
        (Query::new().filter("owner", Op::Ne, Value::Null), &["a", "b", "c", "d"]),
        (Query::new().filter(ID, Op::Gte, "b").filter(ID, Op::Lt, "d"), &["b", "c"]),
        (Query::new().eq(ID, "d"), &["d"]),
        (Query::new().limit(2), &["a", "b"]),
        (Query::new().order(ID, Direction::Desc).limit(2), &["e", "d"]),
        (Query::new().order("deep.er", Direction::Asc), &["e", "c", "a", "b", "d"]),
        (Query::new().order("at", Direction::Desc), &["b", "d", "c", "a", "e"]),
        (Query::new().order("owner", Direction::Asc).order("at", Direction::Desc), &["e", "d", "c", "a", "b"]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(&store, query.clone()).await, expected, "{query:?}");
    }
    assert!(matches!(store.find("things", &Query::new().eq("a'; drop", 1)).await, Err(StoreError::Invalid { .. })));
}

async fn counts_stop_at_the_most_that_is_asked_for(store: Shared) {
    five(&store).await;
    let count = |query: Query, most| {
        let store = Arc::clone(&store);
        async move { store.count("things", &query, most).await.unwrap() }
    };
    assert_eq!(count(Query::new(), 100).await, 5);
    assert_eq!(count(Query::new().limit(1), 100).await, 5, "the limit is of finding");
    assert_eq!(count(Query::new().eq("owner", "x"), 100).await, 3);
    assert_eq!(count(Query::new().eq("owner", "x"), 2).await, 2);
    assert_eq!(count(Query::new().filter("owner", Op::In, json!(["y", "z"])), 100).await, 1);
    assert_eq!(count(Query::new().eq("owner", "nobody"), 100).await, 0);
    assert!(matches!(store.count("things", &Query::new().eq("a b", 1), 1).await, Err(StoreError::Invalid { .. })));
}

async fn nothing_is_neither_before_nor_after_anything(store: Shared) {
    five(&store).await;
    for op in [Op::Lt, Op::Lte, Op::Gt, Op::Gte, Op::Eq] {
        assert!(!ids(&store, Query::new().filter("at", op, 5)).await.contains(&"e".to_owned()), "{op:?}");
    }
}

async fn pages_continue_where_they_ended(store: Shared) {
    for n in 0..23_i64 {
        let at = if n % 7 == 6 { Value::Null } else { json!(n % 5) };
        put(&store, &format!("id-{n:02}"), json!({"owner": if n % 2 == 0 { "x" } else { "y" }, "at": at})).await;
    }
    let orders: Vec<Vec<(&str, Direction)>> = vec![
        vec![],
        vec![("at", Direction::Asc)],
        vec![("at", Direction::Desc)],
        vec![("owner", Direction::Desc), ("at", Direction::Asc)],
        vec![("owner", Direction::Asc), ("at", Direction::Desc)],
        vec![(ID, Direction::Desc)],
    ];
    for order in orders {
        let query = order.iter().fold(Query::new(), |query, (field, direction)| query.order(*field, *direction));
        let whole = ids(&store, query.clone()).await;
        assert_eq!(whole.len(), 23);
        let mut pages = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let rows = store.find("things", &query.clone().limit(4).after(after.take())).await.unwrap();
            let Some(last) = rows.last() else { break };
            let mut values: Vec<Value> =
                order.iter().filter(|(field, _)| *field != ID).map(|(field, _)| last.body[*field].clone()).collect();
            values.push(json!(last.id));
            // As a page token would carry it.
            after = Some(serde_json::from_str(&serde_json::to_string(&Cursor(values)).unwrap()).unwrap());
            pages.extend(rows.into_iter().map(|row| row.id));
        }
        assert_eq!(pages, whole, "{order:?}");
    }
}

async fn dates_and_bytes_are_what_they_were(store: Shared) {
    let body = json!({
        "when": 1_700_000_000_123_i64, "bytes": "AAH/", "marks": [{"when": 1, "n": 1}, {"when": 2}, {}],
        "n": 5, "text": "AAH/",
    });
    store.insert("things", "a", &body).await.unwrap();
    assert_eq!(store.get("things", "a").await.unwrap().unwrap().body, body);
    assert_eq!(store.get_latest("things", "a").await.unwrap().unwrap().body, body);
    let changed = json!({"when": null, "bytes": "", "marks": []});
    store.replace("things", "a", Revision(1), &changed).await.unwrap();
    assert_eq!(store.find("things", &Query::new()).await.unwrap()[0].body, changed);
    put(&store, "b", json!({"when": 5})).await;
    put(&store, "c", json!({"when": 7, "n": 7})).await;
    let by = |op, value: Value| Query::new().filter("when", op, value);
    assert_eq!(ids(&store, by(Op::Eq, json!(5))).await, ["b"]);
    assert_eq!(ids(&store, by(Op::Gt, json!(5))).await, ["c"]);
    assert_eq!(ids(&store, by(Op::Lt, json!(7))).await, ["b"]);
    assert_eq!(ids(&store, by(Op::In, json!([7, 9]))).await, ["c"]);
    assert_eq!(ids(&store, by(Op::Ne, Value::Null)).await, ["b", "c"]);
    assert_eq!(ids(&store, by(Op::Eq, Value::Null)).await, ["a"]);
    assert_eq!(ids(&store, by(Op::Ne, json!(5))).await, ["a", "c"]);
    assert_eq!(store.count("things", &by(Op::Lte, json!(7)), 9).await, Ok(2));
}

async fn pages_of_what_is_set_end_before_what_is_not(store: Shared) {
    for n in 0..30 {
        let when = if n % 3 == 0 { json!(1_000 + n / 6) } else { Value::Null };
        put(&store, &format!("{n:02}"), json!({"when": when})).await;
    }
    for direction in [Direction::Asc, Direction::Desc] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = Query::new().filter("when", Op::Gte, 1_001).order("when", direction).limit(3);
            let page = store.find("things", &query.after(after)).await.unwrap();
            let Some(last) = page.last() else { break };
            // Values as the port gives them make the cursor.
            after = Some(Cursor(vec![last.body["when"].clone(), json!(last.id)]));
            found.extend(page.iter().map(|row| row.id.clone()));
        }
        let mut expected = ["06", "09", "12", "15", "18", "21", "24", "27"].map(str::to_owned).to_vec();
        if direction == Direction::Desc {
            expected.reverse();
        }
        assert_eq!(found, expected);
    }
}

async fn unique_indexes_keep_values_apart(store: Shared) {
    put(&store, "a", json!({"owner": "x", "name": "n"})).await;
    let taken = store.insert("things", "b", &json!({"owner": "x", "name": "n"})).await;
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    put(&store, "b", json!({"owner": "y", "name": "n"})).await;
    let taken = store.replace("things", "b", Revision(1), &json!({"owner": "x", "name": "n"})).await;
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    assert_eq!(store.get("things", "b").await.unwrap().unwrap().revision, Revision(1));
    for (id, body) in [("c", json!({"owner": "x"})), ("d", json!({"owner": "x", "name": null})), ("e", json!({}))] {
        put(&store, id, body.clone()).await;
        put(&store, &format!("{id}2"), body).await;
    }
    assert_eq!(store.delete("things", "a", None).await, Ok(true));
    put(&store, "a2", json!({"owner": "x", "name": "n"})).await;
}

async fn additions_stay_within_bounds(store: Shared) {
    put(&store, "a", json!({"used": 3, "deep": {"n": 1}, "text": "t", "half": 0.5, "nil": null})).await;
    assert_eq!(store.add("things", "a", "used", 2, 5).await, Ok(Some(5)));
    assert_eq!(store.add("things", "a", "used", 1, 5).await, Ok(None));
    assert_eq!(store.add("things", "a", "used", -5, 5).await, Ok(Some(0)));
    assert_eq!(store.add("things", "a", "used", -1, 5).await, Ok(None));
    assert_eq!(store.add("things", "a", "fresh", -1, 5).await, Ok(None));
    assert_eq!(store.add("things", "a", "fresh", 6, 5).await, Ok(None));
    assert_eq!(store.add("things", "a", "fresh", 5, 5).await, Ok(Some(5)));
    assert_eq!(store.add("things", "a", "nil", 1, 5).await, Ok(Some(1)));
    assert_eq!(store.add("things", "a", "deep.n", 4, 9).await, Ok(Some(5)));
    // A limit that was lowered does not hold back what is given back.
    assert_eq!(store.add("things", "a", "deep.n", -1, 2).await, Ok(Some(4)));
    for field in ["text", "half"] {
        let wrong = store.add("things", "a", field, 1, 5).await;
        assert!(matches!(wrong, Err(StoreError::Corrupt { .. })), "{field}: {wrong:?}");
    }
    let held_by_nothing = store.add("things", "a", "none.such", 1, 5).await;
    assert!(matches!(held_by_nothing, Err(StoreError::Corrupt { .. })), "{held_by_nothing:?}");
    let absent = store.add("things", "b", "used", 1, 5).await;
    assert!(matches!(absent, Err(StoreError::NotFound { .. })), "{absent:?}");
    let row = store.get("things", "a").await.unwrap().unwrap();
    let body = json!({"used": 0, "deep": {"n": 4}, "text": "t", "half": 0.5, "fresh": 5, "nil": 1});
    assert_eq!((row.revision, row.body), (Revision(7), body));
    let stale = store.replace("things", "a", Revision(6), &json!({})).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
}

async fn concurrent_additions_never_pass_the_limit(store: Shared) {
    put(&store, "a", json!({"used": 0})).await;
    let adders = (0..24).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.add("things", "a", "used", 2, 21).await.unwrap() })
    });
    let mut granted = Vec::new();
    for adder in adders.collect::<Vec<_>>() {
        granted.extend(adder.await.unwrap());
    }
    granted.sort_unstable();
    assert_eq!(granted, (1..=10).map(|n| 2 * n).collect::<Vec<i64>>());
    assert_eq!(store.get("things", "a").await.unwrap().unwrap().revision, Revision(11));
}

async fn what_does_not_fit_is_refused(store: Shared) {
    let frame = json!({"text": ""}).to_string().len();
    put(&store, "full", json!({"text": "x".repeat(MAX_RECORD_BYTES - frame)})).await;
    let large = store.insert("things", "large", &json!({"text": "x".repeat(MAX_RECORD_BYTES - frame + 1)})).await;
    assert!(matches!(large, Err(StoreError::TooLarge { bytes, .. }) if bytes == MAX_RECORD_BYTES + 1), "{large:?}");
    let refused = [
        ("a", json!([1])),
        ("a", json!({"_id": 1})),
        ("a", json!({"_revision": 1})),
        ("a", json!({"n": u64::MAX})),
        ("a", json!({"deep": {"$set": 1}})),
        ("a", json!({"deep": [{"": 1}]})),
        ("a", json!({"a\0b": 1})),
        ("", json!({})),
        ("a\0b", json!({})),
    ];
    for (id, body) in refused {
        let error = store.insert("things", id, &body).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{id} {body}: {error:?}");
    }
    assert_eq!(ids(&store, Query::new()).await, ["full"]);
}

async fn making_a_collection_again_changes_nothing(store: Shared) {
    put(&store, "a", json!({"owner": "x"})).await;
    store.ensure(&THINGS).await.unwrap();
    assert_eq!(ids(&store, Query::new().eq("owner", "x")).await, ["a"]);
}

async fn the_clock_and_the_ping_answer(store: Shared) {
    store.ping().await.unwrap();
    let first = store.now().await.unwrap();
    assert!(first.millis() > 1_700_000_000_000, "{first:?}");
    assert!(store.now().await.unwrap() >= first);
}
