//! The database of a crowd answers as the others do, and looks at few entries where an index
//! serves.

use std::sync::atomic::Ordering;

use lectern_core::Random;
use lectern_core::random::SeededRandom;
use lectern_store::memory::MemoryStore;
use lectern_store::{Cursor, Direction, Index};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::trace::Skewed;

const SPEC: CollectionSpec = CollectionSpec::new(
    "things",
    &[
        Index::new("by_place", &["ready.turn", "ready.since"]).only_where_set("ready.turn"),
        Index::new("by_colour", &["colour", "size"]),
    ],
);

fn stores() -> (Records, MemoryStore) {
    let clock: Arc<dyn Clock> = Arc::new(Skewed::none(Instant::now()));
    (Records::new(Arc::clone(&clock)), MemoryStore::new(clock))
}

fn thing(chance: &SeededRandom) -> Value {
    let turn = match chance.below(4) {
        0 => Value::Null,
        turn => format!("{turn:03x}/a").into(),
    };
    let colour = ["red", "blue"][usize::from(chance.below(2) == 0)];
    json!({"ready": {"turn": turn, "since": chance.below(5)}, "colour": colour, "size": chance.below(9)})
}

/// A query of the sorts that dispatchers ask.
fn query(chance: &SeededRandom) -> Query {
    let direction = if chance.below(2) == 0 { Direction::Asc } else { Direction::Desc };
    let limit = u32::try_from(1 + chance.below(9)).expect("a limit");
    let query = match chance.below(6) {
        0 => Query::new().eq("ready.turn", "002/a").order("ready.since", Direction::Asc),
        1 => Query::new()
            .filter("ready.turn", Op::Gt, "001/a")
            .filter("ready.turn", Op::Lt, "0030")
            .order("ready.turn", direction)
            .order("ready.since", direction),
        2 => Query::new().filter("colour", Op::In, vec!["red", "blue"]).filter("size", Op::Gte, 4),
        3 => Query::new().eq("colour", "red").filter("size", Op::Lte, 6).order("size", direction),
        4 => Query::new().filter(ID, Op::In, vec!["t7", "t12", "nobody"]),
        _ => Query::new().filter(ID, Op::Gte, "t3").filter(ID, Op::Lt, "t5"),
    };
    query.limit(limit)
}

/// Where a query goes on after what it found.
fn goes_on(query: &Query, last: &Stored) -> Query {
    let mut values: Vec<Value> = Vec::new();
    for (field, _) in &query.order {
        let pointer = format!("/{}", field.replace('.', "/"));
        values.push(last.body.pointer(&pointer).cloned().unwrap_or_default());
    }
    values.push(last.id.as_str().into());
    query.clone().after(Cursor(values))
}

#[tokio::test]
async fn it_finds_what_the_store_in_memory_finds() {
    let (records, memory) = stores();
    let chance = SeededRandom::new(7);
    records.ensure(&SPEC).await.expect("a collection");
    memory.ensure(&SPEC).await.expect("a collection");
    for number in 0..60 {
        let (id, body) = (format!("t{number}"), thing(&chance));
        assert_eq!(records.insert("things", &id, &body).await, memory.insert("things", &id, &body).await);
        if number % 3 == 0 {
            let body = thing(&chance);
            let first = Revision::FIRST;
            let replaced = records.replace("things", &id, first, &body).await;
            assert_eq!(replaced, memory.replace("things", &id, first, &body).await);
            assert!(records.replace("things", &id, first, &body).await.is_err(), "it is at another revision");
        }
        if number % 7 == 0 {
            assert_eq!(records.delete("things", &id, None).await, memory.delete("things", &id, None).await);
        }
    }
    for _ in 0..400 {
        let mut asked = query(&chance);
        for _ in 0..4 {
            let found = records.find("things", &asked).await.expect("an answer");
            assert_eq!(found, memory.find("things", &asked).await.expect("an answer"), "{asked:?}");
            let count = memory.count("things", &asked, 5).await.expect("a count");
            assert_eq!(records.count("things", &asked, 5).await.expect("a count"), count, "{asked:?}");
            let Some(last) = found.last() else { break };
            asked = goes_on(&asked, last);
        }
    }
}

#[tokio::test]
async fn where_an_index_serves_few_entries_are_looked_at() {
    let (records, _) = stores();
    records.ensure(&SPEC).await.expect("a collection");
    for number in 0..3_000 {
        let body = json!({"ready": {"turn": format!("{:03x}/a", number % 3), "since": number}});
        records.insert("things", &format!("t{number}"), &body).await.expect("a record");
    }
    let oldest = Query::new().eq("ready.turn", "001/a").order("ready.since", Direction::Asc).limit(8);
    let first = records.find("things", &oldest).await.expect("an answer");
    let next = records.find("things", &goes_on(&oldest, &first[7])).await.expect("an answer");
    assert_eq!((next[0].body["ready"]["since"].as_u64(), next.len()), (Some(25), 8));
    let walk = Query::new()
        .filter("ready.turn", Op::Gt, "001/a")
        .filter("ready.turn", Op::Lt, "fff0")
        .order("ready.turn", Direction::Asc)
        .order("ready.since", Direction::Asc)
        .limit(1);
    let met = records.find("things", &walk).await.expect("an answer");
    assert_eq!(met[0].body["ready"]["turn"], "002/a");
    assert_eq!(records.operations().examined.load(Ordering::Relaxed), 8 + 8 + 1);
}
