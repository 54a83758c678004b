//! What is deleted is gone, and nothing is by accident.

use crate::manage::{narrated, newest_document};
use crate::support::{Home, Ran};

/// The objects of a document.
fn objects(home: &Home, document: &str) -> usize {
    home.objects(document.strip_prefix("documents/").unwrap())
}

#[test]
fn a_narration_goes_with_its_files_and_its_document_stays() {
    let (home, name) = narrated();
    let document = newest_document(&home);
    let (before, sentences) = (objects(&home, &document), home.segments());
    home.done(&["delete", &name]).says(&[&name, "is deleted"]);
    let after = objects(&home, &document);
    assert!(after > 0 && after < before, "the files of the recording are gone: {before}, {after}");
    assert_eq!(home.segments(), sentences, "what was spoken stays for other narrations of the document");
    assert!(home.done(&["list"]).out.is_empty());
    assert_eq!(home.done(&["documents"]).out.lines().count(), 1);
    home.run(&["delete", &name]).fails(66, &[&name, "RESOURCE_NOT_FOUND"]);
}

#[test]
fn a_document_goes_with_all_that_was_made_from_it() {
    let (home, name) = narrated();
    let document = newest_document(&home);
    home.run(&["delete", &document]).fails(2, &["there are narrations of it", "--force"]);
    assert!(objects(&home, &document) > 0 && home.segments() > 0);

    let deleted = home.done(&["delete", &document, "--force"]);
    deleted.says(&[&document, "1 source", "spoken sentences", "recorded sections", "recording files"]);
    assert_eq!((objects(&home, &document), home.segments()), (0, 0));
    assert!(home.done(&["documents"]).out.is_empty());
    home.run(&["delete", &document, "--force"]).fails(66, &[&document]);
    assert!(home.done(&["list"]).out.is_empty(), "its narrations are gone with it");
    home.run(&["get", &name]).fails(66, &[&name]);
    home.run(&["show", &name]).fails(66, &[&name]);
}

#[test]
fn the_receipt_is_json_for_programs_and_one_that_is_not_there_does_not_keep_the_others() {
    let (home, _) = narrated();
    let document = newest_document(&home);
    let ran = home.run(&["delete", "documents/gone", &document, "narrations/gone", "--force", "--json"]);
    ran.fails(66, &["documents/gone", "narrations/gone"]);
    let receipts = ran.json();
    assert_eq!((receipts.len(), &receipts[0]["name"]), (1, &format!("{document}/erasure").into()));
    let kinds: Vec<&str> =
        receipts[0]["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"KIND_SOURCE_OBJECT") && kinds.contains(&"KIND_NARRATION_RECORD"), "{kinds:?}");
}

#[test]
fn at_a_terminal_it_asks_first() {
    let (home, name) = narrated();
    for no in ["n\n", "\n"] {
        let Ran { status, out: shown, .. } = home.answered(&["delete", &name], no);
        assert!(status == 0 && shown.contains("delete this? [y/N]"), "{shown}");
        assert!(shown.contains("Tides") && shown.contains("nothing is deleted"), "{shown}");
    }
    assert_eq!(home.done(&["list"]).out.lines().count(), 1);

    let Ran { status, out: shown, .. } = home.answered(&["delete", &name], "y\n");
    assert!(status == 0 && shown.contains("is deleted"), "{shown}");
    assert!(home.done(&["list"]).out.is_empty());

    let document = newest_document(&home);
    let Ran { status, out: shown, .. } = home.answered(&["delete", &document, "--yes"], "");
    assert!(status == 0 && !shown.contains("[y/N]"), "{shown}");
}

#[test]
fn what_is_no_name_is_wrong_use() {
    let home = Home::new();
    home.run(&["delete"]).fails(2, &["NAME"]);
    home.run(&["delete", "voices/heart"]).fails(2, &["narrations/ID or documents/ID"]);
}
