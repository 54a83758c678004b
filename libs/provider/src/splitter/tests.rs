//! Bodies as servers send them, whole and in every other way that a network may cut them.

use proptest::prelude::*;

use super::*;

const MOST: usize = 10_000;

fn data(text: &str) -> Event {
    Event::Data(text.to_owned())
}

fn bare(text: &str) -> Event {
    Event::BareError(text.to_owned())
}

/// The events of a body that comes in these pieces; whether it was too large.
fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, most: usize) -> (Vec<Event>, bool) {
    let mut splitter = Splitter::new(most);
    let mut events = Vec::new();
    for piece in pieces {
        splitter.push(piece);
        events.extend(std::iter::from_fn(|| splitter.pop()));
    }
    splitter.end();
    events.extend(std::iter::from_fn(|| splitter.pop()));
    (events, splitter.is_too_large())
}

#[test]
fn every_shape_of_a_stream_is_read() {
    let separators = "data: {\"text\":\"a\u{2028}b\u{2029}c\u{85}d\"}\n\n";
    let several = "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"a } in it\"\n  }\n}";
    let cases: Vec<(&str, String, Vec<Event>)> = vec![
        ("LF", "data: a\n\ndata: b\n\n".to_owned(), vec![data("a"), data("b")]),
        ("CRLF", "data: a\r\n\r\ndata: b\r\n\r\n".to_owned(), vec![data("a"), data("b")]),
        ("CR", "data: a\r\rdata: b\r\r".to_owned(), vec![data("a"), data("b")]),
        ("mixed", "data: a\r\n\ndata: b\r\r\ndata: c\n\r\n".to_owned(), vec![data("a"), data("b"), data("c")]),
        ("no other separator", separators.to_owned(), vec![data("{\"text\":\"a\u{2028}b\u{2029}c\u{85}d\"}")]),
        ("lines of data", "data: {\ndata:   \"a\": 1\ndata: }\n\n".to_owned(), vec![data("{\n  \"a\": 1\n}")]),
        ("one space at most is cut", "data:  a \ndata:b\n\n".to_owned(), vec![data(" a \nb")]),
        ("comments and other fields", ": hello\nevent: x\nid: 7\nretry: 9\ndata: a\n\n".to_owned(), vec![data("a")]),
        ("a name alone", "event: ping\n\ndata: a\n\n".to_owned(), vec![data("a")]),
        ("empty events", "data:\n\ndata: \ndata:\n\n\n\ndata: a\n\n".to_owned(), vec![data("a")]),
        ("the last without a blank line", "data: a\n\ndata: b\n".to_owned(), vec![data("a"), data("b")]),
        ("the last without a line's end", "data: a\n\ndata: b".to_owned(), vec![data("a"), data("b")]),
        ("done", "data: a\n\ndata: [DONE]\n\n".to_owned(), vec![data("a"), Event::Done]),
        ("an error in data", "data: {\"error\":1}\n\n".to_owned(), vec![data("{\"error\":1}")]),
        ("a bare line", "data: a\n\n{\"error\":\"x\"}\n".to_owned(), vec![data("a"), bare("{\"error\":\"x\"}")]),
        ("a bare line at once", "data: a\n{\"error\":\"x\"}".to_owned(), vec![data("a"), bare("{\"error\":\"x\"}")]),
        ("bare lines", format!("data: a\r\n\r\n{several}\r\n"), vec![data("a"), bare(several)]),
        ("bare lines of CRLF", format!("data: a\n\n{}", several.replace('\n', "\r\n")), vec![data("a"), bare(several)]),
        ("a bare array", format!("data: a\n\n[{several}\n]\n"), vec![data("a"), bare(&format!("[{several}\n]"))]),
        ("indented", "  {\"error\":1}\n".to_owned(), vec![bare("  {\"error\":1}")]),
        ("bare lines that end early", "{\n\"error\":{\n".to_owned(), vec![bare("{\n\"error\":{")]),
        ("bare lines cut by data", "{\n\"error\":\ndata: a\n\n".to_owned(), vec![bare("{\n\"error\":"), data("a")]),
        ("data after a bare line", "{\"a\":1}\ndata: [DONE]\n\n".to_owned(), vec![bare("{\"a\":1}"), Event::Done]),
        ("an error's field", "error: {\"code\":500}\n\n".to_owned(), vec![bare("{\"code\":500}")]),
        ("words are no events", "upstream connect error\n\n<html>\n".to_owned(), vec![]),
        ("a mark at the beginning", "\u{feff}data: a\n\n".to_owned(), vec![data("a")]),
        ("nothing", String::new(), vec![]),
    ];
    for (name, body, expected) in cases {
        assert_eq!(split([body.as_bytes()], MOST), (expected.clone(), false), "{name}");
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(split(bytes, MOST), (expected, false), "{name}, byte by byte");
    }
}

#[test]
fn an_event_comes_as_soon_as_its_line_ends() {
    let mut splitter = Splitter::new(MOST);
    splitter.push(b"data: a\r\n\r");
    assert_eq!(splitter.pop(), Some(data("a")), "the LF of the CRLF is not waited for");
    splitter.push(b"\n");
    assert_eq!(splitter.pop(), None);
    splitter.push(b"{\"error\":1}\n");
    assert_eq!(splitter.pop(), Some(bare("{\"error\":1}")));
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_nothing_else_is() {
    let (events, _) = split([b"data: a\xff\xc3\n\n".as_slice(), b"data: \xc3\xa9\n\n".as_slice()], MOST);
    assert_eq!(events, [data("a\u{fffd}\u{fffd}"), data("\u{e9}")]);
}

#[test]
fn an_event_that_is_too_large_ends_the_stream_behind_those_before_it() {
    for body in [
        "data: a\n\ndata: 0123456789\n\n",
        "data: a\n\ndata: 01234\ndata: 56789\n\n",
        "data: a\n\n{\n01234567890123\n",
        "data: a\n\n: 0123456789 01234\n",
    ] {
        assert_eq!(split([body.as_bytes()], 14), (vec![data("a")], true), "{body:?}");
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(split(bytes, 14), (vec![data("a")], true), "{body:?}");
    }
    let many = "data: 01234\n\n".repeat(100);
    assert_eq!(split([many.as_bytes()], 14).0.len(), 100, "the limit is of one event, not of all");
}

/// Bodies of what streams are made of, in any order.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"data: ".to_vec()),
        Just(b"data:".to_vec()),
        Just(b"event: x".to_vec()),
        Just(b": c".to_vec()),
        Just(b"error: {".to_vec()),
        Just(b"[DONE]".to_vec()),
        Just(b"{\"a\":\"".to_vec()),
        Just(b"\"}".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"\r".to_vec()),
        Just("\u{2028}\u{e9}\u{1d11e}".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_where_a_body_is_cut(
        body in body(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        most in 8_usize..200,
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.extend([0, body.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
        prop_assert_eq!(split(pieces, most), split([body.as_slice()], most));
    }

    #[test]
    fn data_without_line_ends_comes_out_as_it_went_in(texts in proptest::collection::vec("[^\r\n\u{feff}]{1,30}", 1..6)) {
        let body: String = texts.iter().map(|text| format!("data: {text}\r\n\r\n")).collect();
        let expected: Vec<Event> = texts
            .iter()
            .filter(|text| !text.trim().is_empty())
            .map(|text| if text.trim() == DONE { Event::Done } else { data(text) })
            .collect();
        prop_assert_eq!(split([body.as_bytes()], MOST).0, expected);
    }
}
