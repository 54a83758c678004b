use serde_json::json;

use super::*;
use crate::port::Index;

const SPEC: CollectionSpec = CollectionSpec::new(
    "c",
    &[
        Index::new("by_due", &["due_at"]).only_where_set("due_at"),
        Index::new("by_turn", &["turn", "since"]).only_where_set("turn"),
    ],
)
.dates(&["due_at", "since", "state.until", "grants.at"])
.binaries(&["state.event"]);

fn date(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

#[test]
fn what_is_declared_is_stored_as_dates_and_bytes_and_read_as_it_was_written() {
    let body = json!({
        "due_at": 5, "since": null, "state": {"until": 7, "event": "AAH/", "at": 9, "until2": 1},
        "grants": [{"at": 1, "step": "a"}, {"at": 2}], "at": 3, "until": 4,
    });
    let document = document(Some(&SPEC), "a", Revision(2), &body);
    let state = document.get_document("state").unwrap();
    let bytes = Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1, 255] });
    assert_eq!((document.get("due_at"), document.get("since")), (Some(&date(5)), Some(&Bson::Null)));
    assert_eq!((state.get("until"), state.get("event")), (Some(&date(7)), Some(&bytes)));
    assert_eq!((state.get("at"), state.get("until2")), (Some(&Bson::Int64(9)), Some(&Bson::Int64(1))));
    assert_eq!((document.get("at"), document.get("until")), (Some(&Bson::Int64(3)), Some(&Bson::Int64(4))));
    let grants: Vec<_> = document.get_array("grants").unwrap().iter().filter_map(Bson::as_document).collect();
    assert_eq!((grants[0].get("at"), grants[1].get("at")), (Some(&date(1)), Some(&date(2))));
    assert_eq!(stored("c", document).unwrap(), Stored { id: "a".to_owned(), revision: Revision(2), body });
}

#[test]
fn what_does_not_fit_its_declaration_is_kept_as_it_is() {
    let body = json!({"due_at": "soon", "since": 0.5, "state": {"event": "no base64!", "until": [1, "x"]}});
    let written = document(Some(&SPEC), "a", Revision(1), &body);
    assert_eq!(stored("c", written).unwrap().body, body);
}

#[test]
fn the_form_of_an_older_release_is_read_alike() {
    let old = doc! { "_id": "a", "_revision": 1_i64, "due_at": 5_i64, "state": { "event": "AAH/" } };
    let new = doc! {
        "_id": "a", "_revision": 1_i64, "due_at": date(5),
        "state": { "event": Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1, 255] } },
    };
    assert_eq!(stored("c", old).unwrap(), stored("c", new).unwrap());
}

#[test]
fn conditions_and_cursors_compare_dates_with_dates_and_imply_the_partial_index() {
    let query = Query::new().filter("due_at", Op::Lte, 9).order("due_at", Direction::Asc);
    let (filter, _) = find(Some(&SPEC), &query).unwrap();
    let set = doc! { "due_at": { "$gte": date(0) } };
    assert_eq!(filter, doc! { "$and": [set.clone(), { "due_at": { "$lte": date(9) } }] });
    let next = query.after(crate::query::Cursor(vec![json!(5), json!("a")]));
    let (filter, _) = find(Some(&SPEC), &next).unwrap();
    assert!(filter.to_string().matches("DateTime(").count() == 4, "all four operands are dates: {filter}");
    let turn = conditions(Some(&SPEC), &Query::new().eq("turn", "t").filter("since", Op::In, json!([1, 2]))).unwrap();
    let all = doc! { "$and": [{ "turn": { "$eq": "t" } }, { "since": { "$in": [date(1), date(2)] } }] };
    assert_eq!(turn, doc! { "$and": [{ "turn": { "$gte": "" } }, all] });
}

#[test]
fn a_query_that_may_find_what_is_not_set_is_left_as_it_is() {
    for query in [Query::new(), Query::new().eq("due_at", Value::Null), Query::new().filter("due_at", Op::Ne, 5)] {
        let filter = conditions(Some(&SPEC), &query).unwrap();
        assert!(!filter.to_string().contains("$gte"), "{filter}");
    }
}

#[test]
fn who_does_not_know_the_collection_compares_a_number_in_both_forms() {
    let query = Query::new().filter("until", Op::Gt, 5);
    let both = doc! { "$or": [{ "until": { "$gt": 5_i64 } }, { "until": { "$gt": date(5) } }] };
    assert_eq!(conditions(None, &query).unwrap(), both);
    let texts = Query::new().eq("until", "x");
    assert_eq!(conditions(None, &texts).unwrap(), doc! { "until": { "$eq": "x" } });
}
