//! Line breaks. Two of them end a block; one does where the lines are meant as lines (verse,
//! addresses), divides the number of a heading from its words, and is a space everywhere else.

use lectern_core::content::document::BlockKind;

use super::{Place, Walk};
use crate::extract::assembly::is_label;
use crate::extract::dom::{Element, Node};

/// The longest line of an element whose breaks are kept, in characters: a line of verse, of an
/// address or of a list, and less than the width at which text is wrapped.
const LONGEST_LINE: usize = 60;

/// The longest text before a break that may be the number of a heading, in bytes, with the white
/// space of the source around it.
const LONGEST_LABEL: usize = 200;

/// Class names that say that lines are meant.
const VERSE: [&str; 9] = ["poem", "poetry", "verse", "stanza", "lg", "lyrics", "song", "address", "lines"];

impl<'a> Walk<'a> {
    /// A `<br>` before the nodes `rest`.
    pub(super) fn line_break(&mut self, rest: &[Node], place: &Place) {
        let double = is_double(rest);
        let single = place.verse || place.lines && !goes_on(rest);
        let heading = matches!(self.kind, Some(BlockKind::Heading { .. } | BlockKind::Caption));
        let so_far = self.inline.since(0);
        if heading && so_far.len() <= LONGEST_LABEL && is_label(so_far) {
            self.inline.text(": ");
        } else if self.cells == 0 && !heading && (double || single && self.kind.is_none()) {
            self.flush(place);
        } else {
            self.inline.text(" ");
        }
    }
}

/// Whether the nodes behind a `<br>` begin with another, past white space.
fn is_double(rest: &[Node]) -> bool {
    let blank = |node: &&Node| matches!(node, Node::Text(text) if text.trim().is_empty());
    match rest.iter().find(|node| !blank(node)) {
        Some(Node::Element(next)) => &*next.name == "br",
        Some(Node::Text(_)) | None => false,
    }
}

/// Whether the text behind a `<br>` begins in lower case: a sentence that was broken at a width
/// goes on.
fn goes_on(rest: &[Node]) -> bool {
    // As far as the next line, so that all lines together are looked at once.
    let is_break = |node: &&Node| matches!(node, Node::Element(element) if &*element.name == "br");
    let text = rest.iter().take_while(|node| !is_break(node)).map(|node| match node {
        Node::Text(text) => text.trim_start().to_owned(),
        Node::Element(element) => element.text().trim_start().to_owned(),
    });
    text.filter(|text| !text.is_empty()).take(1).any(|text| text.starts_with(char::is_lowercase))
}

/// Whether `element` says that its lines are meant as lines.
pub(super) fn is_verse(element: &Element) -> bool {
    let classes = element.attribute("class").unwrap_or_default();
    let says = |word: &str| VERSE.contains(&&*word.to_ascii_lowercase());
    &*element.name == "address" || classes.split(|char: char| !char.is_ascii_alphanumeric()).any(says)
}

/// Whether the lines of `element` are blocks: it has several, and all of them are short.
pub(super) fn keeps_lines(element: &Element, outer: bool) -> bool {
    // Inline elements within a line are of their block.
    if !element.elements().any(|child| &*child.name == "br") {
        return outer;
    }
    let mut lines = vec![0_usize];
    for node in &element.children {
        match node {
            Node::Element(child) if &*child.name == "br" => lines.push(0),
            Node::Element(child) => add(&mut lines, &child.text()),
            Node::Text(text) => add(&mut lines, text),
        }
    }
    lines.iter().filter(|length| **length > 0).count() > 1 && lines.iter().all(|length| *length <= LONGEST_LINE)
}

fn add(lines: &mut [usize], text: &str) {
    if let Some(last) = lines.last_mut() {
        *last += text.split_whitespace().map(|word| word.chars().count() + 1).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::encoding::decode;
    use crate::extract::html::extract;

    #[test]
    fn lines_end_blocks_where_they_are_meant_as_lines() {
        let long = "a line that is far too long to be a line of verse, of an address or of a list of anything";
        for (html, wanted) in [
            ("One<br><br>Two<br/> <br/>Three".to_owned(), vec!["One", "Two", "Three"]),
            (
                "<p>The gulls complain,<br>The kettle sings</p>".to_owned(),
                vec!["The gulls complain,", "The kettle sings"],
            ),
            ("<p>The sack stood<br>at the door</p>".to_owned(), vec!["The sack stood at the door"]),
            ("<p class='poem'>The sack stood<br>at the door</p>".to_owned(), vec!["The sack stood", "at the door"]),
            ("<h1>Chapter One<br>The Long Way</h1>".to_owned(), vec!["Chapter One: The Long Way"]),
            ("<h1>The Long<br>Way</h1>".to_owned(), vec!["The Long Way"]),
            (format!("<p>{long}<br>And more</p>"), vec![]),
        ] {
            let page = format!("<!doctype html><body>{html}<p>{}", "and the last words of it. ".repeat(3));
            let content = extract(decode(page.as_bytes())).unwrap();
            let found: Vec<&str> = content.blocks.iter().map(|block| block.text.as_str()).collect();
            let found = &found[..found.len() - 1];
            if wanted.is_empty() {
                assert_eq!(found.len(), 1, "{found:?}");
            } else {
                assert_eq!(found, wanted);
            }
        }
    }
}
