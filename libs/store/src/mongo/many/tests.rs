use serde_json::json;

use super::*;

const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// A replacement of the record `id` at revision 3.
fn replacement(id: &str) -> Replacement {
    Replacement { id: id.to_owned(), expected: Revision(3), body: json!({"_writer": OURS}) }
}

/// What is answered of replacements of `found` records, where these are stored: id, revision and
/// who wrote it.
fn settled(stored: &[(&str, u64, &str)], ids: &[&str], found: usize) -> Vec<String> {
    let stored = stored.iter().map(|(id, revision, writer)| {
        let body = json!({"_writer": writer});
        ((*id).to_owned(), Stored { id: (*id).to_owned(), revision: Revision(*revision), body })
    });
    let replacements: Vec<Replacement> = ids.iter().map(|id| replacement(id)).collect();
    let answers = settle("c", &replacements.iter().collect::<Vec<_>>(), &stored.collect(), found);
    let named = |answer: Result<Revision, StoreError>| match answer {
        Ok(revision) => revision.0.to_string(),
        Err(StoreError::Conflict { .. }) => "conflict".to_owned(),
        Err(StoreError::NotFound { .. }) => "not found".to_owned(),
        Err(StoreError::Ambiguous { .. }) => "unknown".to_owned(),
        Err(other) => format!("{other:?}"),
    };
    answers.into_iter().map(named).collect()
}

#[test]
fn a_record_that_shows_our_write_was_written_and_one_of_somebody_else_was_not() {
    let stored = [("a", 4, OURS), ("b", 4, THEIRS), ("c", 3, THEIRS), ("d", 2, THEIRS)];
    assert_eq!(settled(&stored, &["a", "b", "c", "d"], 1), ["4", "conflict", "conflict", "conflict"]);
}

#[test]
fn what_was_changed_since_then_is_known_by_how_many_were_written() {
    let stored = [("a", 4, OURS), ("b", 5, THEIRS)];
    assert_eq!(settled(&stored, &["a", "b"], 1), ["4", "conflict"]);
    assert_eq!(settled(&stored, &["a", "b"], 2), ["4", "4"]);
    assert_eq!(settled(&stored, &["a", "gone"], 1), ["4", "not found"]);
    assert_eq!(settled(&stored, &["a", "gone"], 2), ["4", "4"], "it was deleted since then");
    // Two of which one was written: nobody can tell which.
    assert_eq!(settled(&stored, &["b", "gone"], 1), ["unknown", "unknown"]);
}

#[test]
fn an_answer_of_the_server_is_read_whole() {
    let answer = doc! {
        "n": 2_i32, "nModified": 2_i32, "ok": 1.0,
        "writeErrors": [{ "index": 2_i32, "code": 11_000_i32, "errmsg": "E11000 duplicate key error" }],
    };
    let updated = Updated::read(&answer).unwrap();
    assert_eq!((updated.found, updated.unmet), (2, None));
    assert_eq!(updated.refused, BTreeMap::from([(2, (11_000, "E11000 duplicate key error".to_owned()))]));
    let unmet = doc! { "n": 1_i32, "writeConcernError": { "code": 64_i32, "errmsg": "waiting timed out" }, "ok": 1.0 };
    assert_eq!(Updated::read(&unmet).unwrap().unmet.as_deref(), Some("waiting timed out"));
    let mut both = answer;
    both.extend(unmet);
    assert!(Updated::read(&both).unwrap().refused.is_empty(), "what refused it may not stay");
    assert!(Updated::read(&doc! { "ok": 1.0 }).is_none());
}
