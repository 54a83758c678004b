//! `docs/api.md` has every call of the public API, and every reason.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::Reason;

use super::{document, methods};

/// Lines of the section under `heading`, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let level = heading.split(' ').next().expect("a heading begins with its marks").len();
    let ends = |line: &&str| {
        let marks = line.chars().take_while(|mark| *mark == '#').count();
        (1..=level).contains(&marks) && line[marks..].starts_with(' ')
    };
    let mut lines = page.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "docs/api.md has no section {heading:?}");
    lines.take_while(|line| !ends(line)).collect()
}

/// The first two cells of each row of the tables in a section, without their heads.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    let lines = section(page, heading);
    let cells = lines.iter().filter_map(|line| line.strip_prefix('|'));
    let pairs = cells.filter_map(|row| row.split_once('|'));
    let pairs =
        pairs.map(|(first, rest)| (first.trim(), rest.split_once('|').map_or(rest, |(second, _)| second).trim()));
    let mut rows: Vec<_> = pairs.collect();
    rows.retain(|(first, _)| first.contains('`'));
    assert!(!rows.is_empty(), "the section {heading:?} of docs/api.md has no table of names in backticks");
    rows
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What looks like a reason among what stands between backticks: codes of gRPC are no reasons.
fn named(text: &str) -> BTreeSet<&str> {
    const CODES: [&str; 5] = ["NOT_FOUND", "OUT_OF_RANGE", "FAILED_PRECONDITION", "UNAVAILABLE", "DEADLINE_EXCEEDED"];
    let reason = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    code(text).filter(reason).filter(|word| !CODES.contains(word)).collect()
}

fn reasons() -> BTreeSet<&'static str> {
    Reason::ALL.iter().map(|reason| reason.as_str()).collect()
}

#[test]
fn every_call_is_described_and_no_other() {
    let page = document("api.md");
    let methods = methods();
    let described = |method: &String| page.contains(&format!("**{method}**"));
    let missing: Vec<_> = methods.iter().filter(|(_, method)| !described(method)).collect();
    assert!(missing.is_empty(), "docs/api.md does not describe (**in bold**) {missing:?}");

    let mut written = BTreeSet::new();
    for (calls, _) in rows(&page, "## Reasons of each call") {
        for call in code(calls) {
            let (service, method) = call.split_once('.').unwrap_or_else(|| panic!("{call:?} is no Service.Method"));
            let fresh = written.insert((format!("lectern.v1.{service}"), method.to_owned()));
            assert!(fresh, "docs/api.md has two rows for {call}");
        }
    }
    assert_eq!(written, methods, "the rows under \"Reasons of each call\" in docs/api.md");
}

#[test]
fn every_reason_has_a_row_and_no_other_word() {
    let page = document("api.md");
    let mut written = BTreeMap::new();
    for (names, codes) in rows(&page, "## Errors") {
        for name in code(names) {
            assert!(written.insert(name, codes).is_none(), "docs/api.md has two rows for {name}");
        }
    }
    assert_eq!(
        written.keys().copied().collect::<BTreeSet<_>>(),
        reasons(),
        "the table under \"Errors\" in docs/api.md"
    );
    let bare: Vec<_> = written.iter().filter(|(_, codes)| codes.is_empty()).collect();
    assert!(bare.is_empty(), "docs/api.md names no code for {bare:?}");
}

#[test]
fn the_reasons_of_a_call_are_reasons() {
    let page = document("api.md");
    let known = reasons();
    for (call, why) in rows(&page, "## Reasons of each call") {
        let unknown: Vec<_> = named(why).into_iter().filter(|reason| !known.contains(reason)).collect();
        assert!(unknown.is_empty(), "docs/api.md gives {call} {unknown:?}, which are no reasons");
    }
}
