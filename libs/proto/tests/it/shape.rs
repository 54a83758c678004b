//! The public API keeps to its own rules, as far as descriptors tell.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::Reason;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use super::{PUBLIC, ours, public};

/// Calls whose comments name no reasons, and why: they answer only with those that every call may
/// answer with (docs/api.md, "Reasons of each call").
const WITHOUT_REASONS: [(&str, &str); 4] = [
    ("AdminService.GetBacklog", "has an empty request, and names nothing that could be missing"),
    ("AdminService.GetCapacity", "has an empty request, and names nothing that could be missing"),
    (
        "AdminService.GetServices",
        "names nothing that could be missing, and says of each service why it does not answer",
    ),
    ("QuotaService.GetQuota", "has an empty request, and names nothing that could be missing"),
];

/// Codes of gRPC, which are no reasons.
const CODES: [&str; 6] =
    ["ALREADY_EXISTS", "DEADLINE_EXCEEDED", "FAILED_PRECONDITION", "NOT_FOUND", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED"];

/// Numbers of fields in a descriptor: services of a file, methods of a service.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

/// The comment of each method, by `Service.Method`.
fn comments() -> BTreeMap<String, String> {
    let mut comments = BTreeMap::new();
    for file in public() {
        let places = file.source_code_info.iter().flat_map(|info| &info.location);
        let comment: BTreeMap<&[i32], &str> =
            places.map(|place| (place.path.as_slice(), place.leading_comments())).collect();
        for (s, service) in (0_i32..).zip(&file.service) {
            for (m, method) in (0_i32..).zip(&service.method) {
                let text = comment.get([SERVICE, s, METHOD, m].as_slice()).copied().unwrap_or_default();
                comments.insert(format!("{}.{}", service.name(), method.name()), text.to_owned());
            }
        }
    }
    comments
}

/// The words of a comment that are written like reasons.
fn shouted(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')).collect()
}

fn by_name(file: &[FileDescriptorProto]) -> BTreeMap<String, &DescriptorProto> {
    let messages = file.iter().flat_map(|file| file.message_type.iter().map(move |message| (file.package(), message)));
    messages.map(|(package, message)| (format!(".{package}.{}", message.name()), message)).collect()
}

fn has(message: &DescriptorProto, field: &str) -> bool {
    message.field.iter().any(|found| found.name() == field)
}

/// Every enum of a message and of those in it, by its name.
fn enums_in<'a>(message: &'a DescriptorProto, found: &mut Vec<&'a EnumDescriptorProto>) {
    found.extend(&message.enum_type);
    message.nested_type.iter().for_each(|nested| enums_in(nested, found));
}

/// `BlockFate` is `BLOCK_FATE`.
fn constant_case(name: &str) -> String {
    let mut text = String::new();
    for (place, letter) in name.char_indices() {
        if place > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

#[test]
fn every_call_names_its_reasons_or_there_is_a_reason_why_not() {
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let mut without = BTreeSet::new();
    for (call, comment) in comments() {
        assert!(!comment.trim().is_empty(), "{call} has no comment");
        let Some((_, named)) = comment.split_once("Reason") else {
            without.insert(call);
            continue;
        };
        let named = shouted(named);
        assert!(named.iter().any(|word| known.contains(word)), "{call} names no reason behind \"Reasons:\"");
        let strange: Vec<_> = named
            .iter()
            .filter(|word| word.contains('_') && !known.contains(*word) && !CODES.contains(*word))
            .collect();
        assert!(strange.is_empty(), "{call} names {strange:?}, which are no reasons");
    }
    let expected: BTreeSet<String> = WITHOUT_REASONS.iter().map(|(call, _)| (*call).to_owned()).collect();
    assert_eq!(without, expected, "calls of {PUBLIC} whose comments name no reasons");
}

#[test]
fn what_comes_in_pages_comes_in_pages_in_one_way() {
    let files = public();
    let messages = by_name(&files);
    for method in files.iter().flat_map(|file| &file.service).flat_map(|service| &service.method) {
        let (request, answer) = (messages[method.input_type()], messages[method.output_type()]);
        let paged = has(request, "page_size");
        assert_eq!(paged, has(request, "page_token"), "{}: page_size without page_token", request.name());
        assert_eq!(paged, has(answer, "next_page_token"), "{}: next_page_token", answer.name());
        // Not `ListenNarration`.
        let lists = method.name().strip_prefix("List").is_some_and(|what| what.starts_with(char::is_uppercase));
        if lists {
            assert!(paged, "{} has no pages", method.name());
        }
    }
}

#[test]
fn every_call_has_messages_of_its_own() {
    let mut used = BTreeSet::new();
    for method in public().iter().flat_map(|file| &file.service).flat_map(|service| &service.method) {
        let named = |kind: &str| format!(".{PUBLIC}.{}{kind}", method.name());
        let (request, answer) = (method.input_type(), method.output_type());
        assert_eq!((request, answer), (named("Request").as_str(), named("Response").as_str()));
        assert!(used.insert(request.to_owned()), "{request} is the request of two calls");
    }
}

#[test]
fn an_enum_says_nothing_by_its_default() {
    let files = ours();
    for file in &files {
        let mut enums: Vec<&EnumDescriptorProto> = file.enum_type.iter().collect();
        file.message_type.iter().for_each(|message| enums_in(message, &mut enums));
        for found in enums {
            let first = found.value.first().expect("an enum has values");
            let expected = format!("{}_UNSPECIFIED", constant_case(found.name()));
            assert_eq!((first.name(), first.number()), (expected.as_str(), 0), "{}", found.name());
        }
    }
}

#[test]
fn every_file_says_where_its_code_goes_in_other_languages() {
    for file in ours() {
        let name = file.name().to_owned();
        let options = file.options.unwrap_or_default();
        assert!(options.go_package().contains(';'), "{name}: go_package with the package's name");
        assert_eq!(options.java_package(), file.package.unwrap_or_default(), "{name}: java_package");
        assert!(options.java_multiple_files(), "{name}: java_multiple_files");
        assert!(options.csharp_namespace().starts_with("Lectern."), "{name}: csharp_namespace");
    }
}
