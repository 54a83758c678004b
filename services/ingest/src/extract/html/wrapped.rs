//! Pages within the lines of another format: the submissions of the SEC's EDGAR (`<DOCUMENT>`,
//! `<TYPE>`, `<TEXT>`), the dumps of crawlers and the like. The pages are read; what stands around
//! them is set aside.

use lectern_core::content::document::{Furniture, Matter};

use super::super::assembly::Assembly;

/// A part of a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// From `<html` to `</html>`.
    Page(&'a str),
    /// What is around the pages.
    Around(&'a str),
}

/// The parts of `text`. A source that is a page, or a fragment of one, is one part.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let lower = text.to_ascii_lowercase();
    // Found once for all pages: looking for a mark that is not there takes the whole rest of the
    // text.
    let mut starts: Vec<usize> =
        ["<html", "<!doctype html"].iter().flat_map(|mark| lower.match_indices(mark)).map(|(at, _)| at).collect();
    starts.sort_unstable();
    let start = |from: usize| starts.get(starts.partition_point(|at| *at < from)).copied();
    let first = start(0);
    // Without a line of another format before the first page, browsers' rules know best.
    let before = first.and_then(|at| text.get(..at)).unwrap_or_default();
    if !is_wrapper(before) {
        return vec![Part::Page(text)];
    }
    let mut parts = Vec::new();
    let (mut done, mut next) = (0, first);
    while let Some(at) = next {
        parts.push(Part::Around(text.get(done..at).unwrap_or_default()));
        let close = lower.get(at..).and_then(|rest| rest.find("</html")).map_or(text.len(), |close| close + at);
        let end = lower.get(close..).and_then(|rest| rest.find('>')).map_or(text.len(), |end| end + close + 1);
        parts.push(Part::Page(text.get(at..end).unwrap_or_default()));
        done = end;
        next = start(end);
    }
    parts.push(Part::Around(text.get(done..).unwrap_or_default()));
    parts
}

/// Whether what stands before a page is of another format: it begins with a tag that HTML does not
/// know.
fn is_wrapper(before: &str) -> bool {
    let mut rest = before.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    while let Some((_, after)) = rest.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        rest = after.trim_start();
    }
    rest.strip_prefix('<').is_some_and(|tag| tag.starts_with(|char: char| char.is_ascii_alphabetic()))
}

/// How much of what is around a page is listed; what comes behind it may be pictures, as text.
const LISTED: usize = 1_000;

/// Lists what is around a page, as text that is not shown.
pub(super) fn set_aside(text: &str, assembly: &mut Assembly) {
    let mut words = String::new();
    for piece in text.split('<') {
        let shown = piece.split_once('>').map_or(piece, |(_, shown)| shown);
        words.push(' ');
        words.push_str(shown);
    }
    let words = words.trim();
    if !words.chars().any(char::is_alphanumeric) {
        return;
    }
    let count = words.chars().count();
    let listed: String = words.chars().take(LISTED).collect();
    assembly.leave_out(Furniture::Hidden, &listed, Matter::Body);
    let message = format!("{count} characters around the pages of HTML, which are of another format, were left out");
    assembly.warn("WRAPPER_LEFT_OUT", message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_what_is_around_them() {
        for (text, wanted) in [
            ("<!-- x --><html><p>a</html>", vec!["page"]),
            ("<p>a fragment", vec!["page"]),
            ("<DOC><TYPE>10-K\n<TEXT><HTML>a</HTML></TEXT></DOC>", vec!["around", "page", "around"]),
            (
                "<D><T>1<!DOCTYPE html><html>a</html></D>\n<D><T>2<html>b</html></D>",
                vec!["around", "page", "around", "page", "around"],
            ),
            ("<X><html>never closed", vec!["around", "page", "around"]),
        ] {
            let kinds: Vec<&str> =
                parts(text).iter().map(|part| if matches!(part, Part::Page(_)) { "page" } else { "around" }).collect();
            assert_eq!(kinds, wanted, "{text}");
        }
    }
}
