//! HTML that would take a browser's algorithm the square of its length, made harmless before it is
//! parsed.

use std::borrow::Cow;
use std::ops::Range;

/// Elements that HTML closes by itself (HTML Living Standard, section 13.1.2, void elements).
pub(super) const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "param"];

/// Formatting elements, which HTML opens again in each block until they are closed (the standard's
/// "list of active formatting elements", section 13.2.4.3).
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// How many of them may be open at a time. A page of a person's has a handful; each one more makes
/// every block after it dearer.
const OPEN_FORMATTING: usize = 64;
/// How many other elements may be open at a time; browsers stop at 512 (Blink's
/// `kMaximumHTMLParserDOMTreeDepth`). A parser looks through all of them at each new one.
const OPEN_ELEMENTS: usize = 512;
/// Elements whose end the next one implies (the standard, section 13.1.2.4): many may be begun, few
/// are open.
const IMPLIED_END: [&str; 13] =
    ["p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "html", "body"];
/// The same, within an element only; everywhere else each of them is in the one before.
const IMPLIED_WITHIN: [(&str, &str); 3] = [("rt", "ruby"), ("rp", "ruby"), ("optgroup", "select")];
/// How many attributes of a tag are read. Of a page of a person's a tag has a handful; a parser
/// compares each with all others.
const ATTRIBUTES: usize = 500;
/// Elements of drawings that may close themselves, where they are not HTML's: a drawing has
/// thousands of them.
const DRAWN: [&str; 24] = [
    "svg",
    "g",
    "defs",
    "symbol",
    "use",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "stop",
    "lineargradient",
    "radialgradient",
    "clippath",
    "mask",
    "pattern",
    "text",
    "tspan",
    "textpath",
    "marker",
    "animate",
    "image",
];
/// Elements whose text holds no tags.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// `text` without the tags that nest too deeply, and without the attributes that are too many: a
/// page of a million open elements would take the square of that. No text is dropped; the blocks
/// that lose their tag are paragraphs.
pub(super) fn tamed(text: &str) -> Cow<'_, str> {
    let (mut formatting, mut elements) = (0_usize, 0_usize);
    // How many of the elements are open that others are implied within.
    let mut around = [0_usize; IMPLIED_WITHIN.len()];
    let mut drawing = Drawing::default();
    let mut out = Kept { text, copied: 0, out: String::new() };
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('<')).map(|at| at + from) {
        let tag = text.get(at..).unwrap_or_default();
        let close = tag.starts_with("</");
        let name = tag_name(tag);
        if tag.starts_with("<!--") {
            from = tag.find("-->").map_or(text.len(), |end| at + end);
            continue;
        }
        if name.is_empty() {
            from = at + 1;
            continue;
        }
        let attributes = Attributes::of(tag);
        let end = at + attributes.end;
        from = end;
        let in_drawing = drawing.open;
        let closed = drawing.closes(&name, close, text.get(..end).unwrap_or_default().ends_with("/>"));
        // A drawing's `<title>` holds tags, and its end leads back into the drawing.
        let raw = RAW.contains(&name.as_str()) && !in_drawing && !drawing.open;
        if raw && !close {
            from = text.get(end..).and_then(|rest| rest.find("</")).map_or(text.len(), |raw| end + raw);
        }
        for (open, (_, parent)) in around.iter_mut().zip(IMPLIED_WITHIN) {
            if name == parent {
                *open = if close { open.saturating_sub(1) } else { *open + 1 };
            }
        }
        let within = around.iter().zip(IMPLIED_WITHIN).any(|(open, (inner, _))| *open > 0 && name == inner);
        let uncounted = [&VOID[..], &IMPLIED_END[..]].iter().any(|list| list.contains(&name.as_str()));
        if !(within || uncounted || raw || closed) {
            let format = FORMATTING.contains(&name.as_str());
            let (depth, limit) =
                if format { (&mut formatting, OPEN_FORMATTING) } else { (&mut elements, OPEN_ELEMENTS) };
            let excess = *depth > limit || (*depth == limit && !close);
            *depth = if close { depth.saturating_sub(1) } else { *depth + 1 };
            if excess {
                // One paragraph for all that stand behind one another.
                let again = out.copied == at && out.out.ends_with("<p>");
                out.replace(at..end, if format || again { "" } else { "<p>" });
                continue;
            }
        }
        if let Some(cut) = attributes.too_many {
            out.replace(at + cut..end, ">");
        }
    }
    out.finish()
}

/// Whether the place in a page is within a drawing, where a tag that closes itself is closed. Sure
/// of it as long as no tag came that could have led back to HTML.
#[derive(Debug, Default)]
struct Drawing {
    open: bool,
    /// The element of text in the drawing that was begun last (`<title>`), if nothing came behind
    /// it.
    text: Option<String>,
}

impl Drawing {
    /// Follows a tag, and says whether it closes itself.
    fn closes(&mut self, name: &str, close: bool, alone: bool) -> bool {
        let back = close && self.text.as_deref() == Some(name);
        self.text = (self.open && !close && matches!(name, "title" | "desc" | "style")).then(|| name.to_owned());
        let starts = name == "svg" && !close && !alone;
        let within = self.open && DRAWN.contains(&name) && !(name == "svg" && close);
        let closes = alone && !close && (name == "svg" || self.open && DRAWN.contains(&name));
        self.open = starts || back || within;
        closes
    }
}

/// A text in which pieces are replaced, from its start to its end.
struct Kept<'a> {
    text: &'a str,
    copied: usize,
    out: String,
}

impl<'a> Kept<'a> {
    fn replace(&mut self, piece: Range<usize>, by: &str) {
        self.out.push_str(self.text.get(self.copied..piece.start).unwrap_or_default());
        self.out.push_str(by);
        self.copied = piece.end;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return self.text.into();
        }
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        self.out.into()
    }
}

/// Where the tag that a text begins with ends, and from where on its attributes are too many.
struct Attributes {
    /// Behind its `>`.
    end: usize,
    too_many: Option<usize>,
}

impl Attributes {
    /// Reads a tag as HTML does (the standard, sections 13.2.5.32 to 13.2.5.40).
    fn of(tag: &str) -> Self {
        let bytes = tag.as_bytes();
        let skip = |from: usize, wanted: &dyn Fn(u8) -> bool| {
            bytes
                .get(from..)
                .unwrap_or_default()
                .iter()
                .position(|byte| !wanted(*byte))
                .map_or(bytes.len(), |at| at + from)
        };
        let space = |byte: u8| byte.is_ascii_whitespace();
        let open = if tag.starts_with("</") { 2 } else { 1 };
        let mut at = skip(open, &|byte| !space(byte) && !matches!(byte, b'>' | b'/'));
        let (mut count, mut too_many) = (0, None);
        loop {
            at = skip(at, &|byte| space(byte) || byte == b'/');
            let Some(first) = bytes.get(at) else { return Self { end: at, too_many } };
            if *first == b'>' {
                return Self { end: at + 1, too_many };
            }
            count += 1;
            if count > ATTRIBUTES {
                too_many = too_many.or(Some(at));
            }
            at = skip(at + 1, &|byte| !space(byte) && !matches!(byte, b'/' | b'>' | b'='));
            let equals = skip(at, &space);
            if bytes.get(equals) != Some(&b'=') {
                continue;
            }
            at = skip(equals + 1, &space);
            at = match bytes.get(at) {
                Some(quote @ (b'"' | b'\'')) => (skip(at + 1, &|byte| byte != *quote) + 1).min(bytes.len()),
                Some(_) | None => skip(at, &|byte| !space(byte) && byte != b'>'),
            };
        }
    }
}

/// The name of the tag that `text` begins with, in lower case.
pub(super) fn tag_name(text: &str) -> String {
    let name = text.strip_prefix('<').unwrap_or_default();
    let name = name.strip_prefix('/').unwrap_or(name);
    name.chars()
        .take_while(|char| char.is_ascii_alphanumeric() || ":-_".contains(*char))
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::parse_html;
    use super::*;

    #[test]
    fn formatting_that_is_never_closed_is_flattened_and_loses_no_text() {
        let count = |tags: usize| {
            let page = format!("<p>start{}", "<b>x<p>".repeat(tags));
            let root = parse_html(&page);
            assert_eq!(root.text().matches('x').count(), tags);
            root.all().len()
        };
        let (small, large) = (count(400), count(800));
        assert!(large < small * 5 / 2, "{small} elements, then {large}");
        let deep = |tags: usize| parse_html(&format!("{}x", "<div>".repeat(tags))).all().len();
        assert!(deep(1_000) * 5 / 2 > deep(2_000));
        let script = format!("<script>{}</script><div>x</div>", "'<div>'".repeat(1_000));
        assert_eq!(tamed(&script), script);
        let closed = "<b>bold</b> ".repeat(1_000);
        assert_eq!(tamed(&closed), closed);
    }

    #[test]
    fn attributes_without_number_are_cut_and_others_are_not() {
        let many: String = (0..2_000).map(|number| format!("a{number} ")).collect();
        for (tag, rest) in [
            (format!("<p {many}>"), "x</p>"),
            (format!("<p title='a > b' {many}>"), "x</p>"),
            // A sign within a name opens no value.
            (format!("<p x' {many}>"), "x' <b>y</b>"),
        ] {
            let page = format!("{tag}{rest}");
            let out = tamed(&page);
            assert!(
                out.len() < page.len() && out.ends_with(rest) && out.contains("a490 "),
                "{}",
                &out[out.len() - 40..]
            );
            assert_eq!(parse_html(&page).text().chars().next(), Some('x'), "{tag}");
        }
        let long = format!("<img src='data:{}' alt=\"a < b > c\">x", "a/ =".repeat(10_000));
        assert_eq!(tamed(&long), long);
        for whole in
            ["<p", "<p a", "<p a=", "<p a='", "<p a='b", "<p a=b", "<p / = >", "</p x>", "a < b", "<>", "<p a='é'é>"]
        {
            assert_eq!(tamed(whole), whole);
        }
    }

    #[test]
    fn shapes_that_close_themselves_are_closed_within_a_drawing_only() {
        let shapes = "<symbol><title>a</title><path d='m'/></symbol><g><rect/><use/></g>".repeat(2_000);
        let page = format!("<svg>{shapes}</svg><div><h1>Title</h1></div>");
        assert_eq!(tamed(&page), page);
        for outside in
            ["", "<svg></svg>", "<svg><p>", "<svg><desc>", "<svg><title><b></title>", "<svg/>", "<svg><foreignObject>"]
        {
            let page = format!("{outside}{}", "<path/>".repeat(2_000));
            assert!(tamed(&page).matches("<path/>").count() <= OPEN_ELEMENTS, "{outside}");
        }
        let deep = format!("<svg><title>{}", "<path>".repeat(2_000));
        assert!(tamed(&deep).matches("<path>").count() <= OPEN_ELEMENTS);
    }

    #[test]
    fn elements_are_implied_within_their_parents_only() {
        let ruby = format!("<ruby>{}</ruby>", "x<rt>y".repeat(2_000));
        assert_eq!(tamed(&ruby), ruby);
        for open in ["<rt>", "<rp>", "<optgroup>"] {
            let page = open.repeat(2_000);
            assert_eq!(tamed(&page).matches(open).count(), OPEN_ELEMENTS, "{open}");
        }
    }
}
