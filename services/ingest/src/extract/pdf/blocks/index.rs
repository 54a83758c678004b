//! Indexes of words: nobody has them read aloud, any more than a table of contents. A heading
//! announces one, and most of what follows ends in the number of a page; text under such a heading
//! is text.

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::layout::lines::Line;
use super::super::wording::contents;
use super::group::Group;

/// Of an index's lines, the share that end in a page number, at the least: an entry may have two
/// lines above its last.
const NUMBERED: f32 = 1.0 / 3.0;
/// Lines of the shortest index.
const FEWEST: usize = 6;

/// Marks the entries of the indexes among `groups`, whose headings are known.
pub fn mark(groups: &mut [Group]) {
    let mut at = 0;
    while at < groups.len() {
        let level = groups[at].kind.heading_level().filter(|_| contents::index(&groups[at].rough()));
        let Some(level) = level else {
            at += 1;
            continue;
        };
        let ends = |group: &Group| {
            // The letters over an index's parts may be set as any heading.
            group.kind.heading_level().is_some_and(|other| other <= level) && group.rough().trim().chars().count() > 1
        };
        let end = groups[at + 1..].iter().position(ends).map_or(groups.len(), |by| at + 1 + by);
        if is_index(&groups[at + 1..end]) {
            for group in &mut groups[at..end] {
                group.matter = Matter::Back;
            }
            for group in groups[at + 1..end].iter_mut().filter(|group| text(&group.kind)) {
                group.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
                group.skip = 0;
            }
        }
        at = end;
    }
}

/// Whether most of what `groups` say are entries.
fn is_index(groups: &[Group]) -> bool {
    let lines = || groups.iter().flat_map(|group| group.lines.iter().chain(group.cells.iter().flatten().flatten()));
    let numbered = lines().filter(|line| ends_in_number(line)).count();
    let all = lines().count();
    all >= FEWEST && numbered as f32 >= NUMBERED * all as f32
}

fn ends_in_number(line: &Line) -> bool {
    let text = line.text();
    contents::numbered(&text) || text.contains(char::is_numeric) && !text.contains(char::is_alphabetic)
}

/// What an entry may have been taken for; tables keep their cells.
const fn text(kind: &BlockKind) -> bool {
    match kind {
        BlockKind::Paragraph | BlockKind::Quote | BlockKind::ListItem { .. } | BlockKind::Code { .. } => true,
        BlockKind::Heading { .. }
        | BlockKind::Table { .. }
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::lines::{Piece, TextStyle};
    use super::*;

    fn group(kind: BlockKind, text: &str) -> Group {
        let piece = Piece { text: text.to_owned(), x0: 72.0, x1: 300.0, style: TextStyle::default(), space: false };
        let (x0, x1) = (72.0, 300.0);
        let line = Line { pieces: vec![piece], x0, x1, y: 0.0, size: 10.0, page: 0, region: 0, left: x0, right: x1 };
        Group::new(kind, line, super::super::group::APART)
    }

    fn kept(title: &str, texts: &[&str]) -> usize {
        let mut groups = vec![group(BlockKind::Heading { level: 1 }, title)];
        groups.extend(texts.iter().map(|text| {
            let letter = text.chars().count() == 1;
            group(if letter { BlockKind::Heading { level: 1 } } else { BlockKind::Paragraph }, text)
        }));
        groups.push(group(BlockKind::Heading { level: 1 }, "Afterword"));
        groups.push(group(BlockKind::Paragraph, "Text."));
        mark(&mut groups);
        groups.iter().filter(|group| group.matter.is_body()).count()
    }

    #[test]
    fn entries_of_an_index_are_not_read_and_text_under_such_a_heading_is() {
        let entries = ["A", "arrays", "clearing, 29", "reading, 27, 31", "B", "begin, 14", "buffers", "locking, 3"];
        assert_eq!(kept("Index", &entries), 2);
        assert_eq!(kept("A Concept index", &entries), 2);
        assert_eq!(kept("Arrays", &entries), 2 + 1 + entries.len());
        let text =
            ["An index of prices", "tells in 2019", "what is dear", "and what is", "not, and", "for whom", "it is."];
        assert_eq!(kept("The consumer price index", &text), 2 + 1 + text.len());
    }
}
