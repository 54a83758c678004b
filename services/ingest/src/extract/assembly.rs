//! Blocks on their way into a [`Content`]: drafts are collected in reading order, then ids, note
//! references, the language and the title are settled in one place for every format.

use std::collections::{BTreeMap, HashMap};

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, SCHEMA, Span, SpanKind, Warning};
use lectern_core::{Failure, Kind, Reason};

use super::inline::{Line, Mark, Scalars, sort};

mod citations;
mod headings;
mod language;
mod notes;
mod pictures;
mod prose;

pub(super) use headings::{is_label, is_number};
pub(super) use language::language_tag;
pub(super) use notes::{is_note_mark, is_notes_title, lead, note_label};
pub(super) use pictures::link;
pub(super) use prose::is_prose;

/// A block without its place.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub kind: BlockKind,
    pub line: Line,
    /// The page it begins on, from 1.
    pub page: Option<u32>,
    /// The page it ends on, where that is another.
    pub page_end: Option<u32>,
    pub confidence: f32,
    /// Its language, where the source says.
    pub language: Option<String>,
    pub matter: Matter,
    /// Names under which other blocks refer to this one.
    pub anchors: Vec<String>,
}

impl Draft {
    /// The block number `id`, with these spans in place of the marks.
    pub fn block(self, id: u32, spans: Vec<Span>) -> Block {
        Block {
            id,
            kind: self.kind,
            text: self.line.text,
            page: self.page,
            page_end: self.page_end,
            confidence: self.confidence,
            language: self.language,
            matter: self.matter,
            spans,
        }
    }

    pub fn new(kind: BlockKind, line: Line) -> Self {
        Self {
            kind,
            line,
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            anchors: Vec::new(),
        }
    }

    /// A table from its cells. The text is derived, and marks of cells become marks of it.
    pub fn table(rows: Vec<Vec<Line>>, header_rows: u32) -> Self {
        let texts = rows.iter().map(|row| row.iter().map(|cell| cell.text.clone()).collect()).collect();
        let mut line = Line::default();
        // Counted on the way: a table may have a hundred thousand cells.
        let mut length = 0_u32;
        for (r, row) in rows.into_iter().enumerate() {
            for (c, cell) in row.into_iter().enumerate() {
                let joint = match (r, c) {
                    (0, 0) => "",
                    (_, 0) => "\n",
                    _ => " | ",
                };
                line.text.push_str(joint);
                length += lectern_core::content::length(joint);
                let end = length + lectern_core::content::length(&cell.text);
                line.text.push_str(&cell.text);
                let moved = |range: Range| Range::new(range.start + length, range.end + length);
                line.marks.extend(cell.marks.into_iter().map(|mark| Mark { range: moved(mark.range), ..mark }));
                length = end;
            }
        }
        Self::new(BlockKind::Table { rows: texts, header_rows }, line)
    }

    /// Whether it says nothing. A figure without text is still a figure.
    fn is_empty(&self) -> bool {
        match &self.kind {
            BlockKind::Figure => false,
            BlockKind::Table { rows, .. } => rows.iter().flatten().all(String::is_empty),
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Furniture { .. } => self.line.text.is_empty(),
        }
    }
}

/// What a source says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Meta {
    pub title: Option<String>,
    pub authors: Vec<String>,
    pub language: Option<String>,
    pub pages: Option<u32>,
}

/// The most warnings of one kind: a person reads no longer list.
const MOST_WARNINGS: usize = 20;

/// Collects a document.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub meta: Meta,
    pub drafts: Vec<Draft>,
    pub warnings: Vec<Warning>,
    /// By code, how many warnings came after the most that are listed.
    pub more_warnings: BTreeMap<String, usize>,
}

impl Assembly {
    pub fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Adds a warning. The same one is added once, and one kind at most [`MOST_WARNINGS`] times:
    /// then the last says how many more there are.
    pub fn warn(&mut self, code: &str, message: impl Into<String>) {
        let message = message.into();
        let known = self.warnings.iter().filter(|known| known.code == code).count();
        if known < MOST_WARNINGS {
            if !self.warnings.iter().any(|known| known.code == code && known.message == message) {
                self.warnings.push(Warning { code: code.to_owned(), message, page: None });
            }
        } else {
            *self.more_warnings.entry(code.to_owned()).or_default() += 1;
        }
    }

    /// The words that a reader leaves out on purpose, as a block that says why. They are words
    /// nobody reads aloud, so the block has no structure.
    pub fn leave_out(&mut self, furniture: Furniture, text: &str, matter: Matter) {
        let line = Line::plain(text);
        if line.text.chars().any(char::is_alphanumeric) {
            self.push(Draft { matter, ..Draft::new(BlockKind::Furniture { furniture }, line) });
        }
    }

    /// The finished content.
    ///
    /// # Errors
    /// `DOCUMENT_EMPTY` when no block holds a word.
    pub fn finish(mut self, media_type: &str, extractor: &str) -> Result<Content, Failure> {
        self.drafts.retain(|draft| !draft.is_empty());
        if !self.drafts.iter().any(|draft| draft.line.text.chars().any(char::is_alphanumeric)) {
            return Err(empty());
        }
        pictures::set_buttons_aside(&mut self.drafts);
        headings::join_labels(&mut self.drafts);
        notes::recognise(&mut self.drafts);
        notes::set_aside_empty_headings(&mut self.drafts);
        mark_references(&mut self.drafts);
        citations::mark(&mut self.drafts);
        let title = self.meta.title.take().map(|text| Line::plain(&text).text).filter(|text| !text.is_empty());
        // Programs call a book by the first of its pages: "Contents".
        let named = title.clone().filter(|title| !headings::names_part(title));
        let title = named.or_else(|| headings::title(&self.drafts)).or(title);
        let declared = self.meta.language.take();
        let language = self.settle_language(declared.as_deref());
        for (code, more) in std::mem::take(&mut self.more_warnings) {
            self.warnings.push(Warning { code, message: format!("and {more} more of this kind"), page: None });
        }
        let notes = note_ids(&self.drafts);
        let blocks = self.drafts.into_iter().enumerate().map(|(id, draft)| block(id, draft, &notes)).collect();
        Ok(Content {
            schema: SCHEMA,
            title,
            authors: self.meta.authors,
            language,
            media_type: media_type.to_owned(),
            extractor: extractor.to_owned(),
            pages: self.meta.pages,
            blocks,
            warnings: self.warnings,
        })
    }
}

/// The failure of a source without words.
pub(super) fn empty() -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentEmpty,
        "the document holds no words; send one that has text in it",
    )
}

/// The id of the block that comes behind so many.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn block(id: usize, mut draft: Draft, notes: &HashMap<String, u32>) -> Block {
    let mut marks = std::mem::take(&mut draft.line.marks);
    sort(&mut marks);
    let length = lectern_core::content::length(&draft.line.text);
    let scalars = Scalars::new(&draft.line.text);
    let spans = marks
        .into_iter()
        .filter(|mark| mark.range.start < mark.range.end && mark.range.end <= length)
        .map(|mark| {
            let found = mark.note.as_ref().and_then(|key| notes.get(key).copied()).filter(|note| *note != number(id));
            // A mark in brackets that leads to no note leads to the literature.
            let bracketed = scalars.of(mark.range).starts_with('[');
            let kind = match (matches!(mark.kind, SpanKind::NoteReference { .. }), found) {
                (true, None) if bracketed => SpanKind::Citation,
                (true, note) => SpanKind::NoteReference { note },
                (false, _) => mark.kind,
            };
            Span { range: mark.range, kind }
        })
        .collect();
    draft.block(number(id), spans)
}

fn note_ids(drafts: &[Draft]) -> HashMap<String, u32> {
    let mut ids = HashMap::new();
    for (id, draft) in drafts.iter().enumerate() {
        if matches!(draft.kind, BlockKind::Footnote { .. }) {
            for anchor in &draft.anchors {
                ids.entry(anchor.clone()).or_insert_with(|| number(id));
            }
        }
    }
    ids
}

/// Follows the headings of a document, and says what stands under one such as "References": until a
/// heading of the same level or higher.
#[derive(Debug, Default)]
pub(super) struct References {
    inside: Option<u8>,
}

impl References {
    /// Whether the next block, of this kind and text, is part of a bibliography.
    pub fn hold(&mut self, kind: &BlockKind, text: &str) -> bool {
        if let BlockKind::Heading { level } = *kind {
            if self.inside.is_some_and(|outer| level <= outer) {
                self.inside = None;
            }
            if self.inside.is_none() && is_reference_title(text) {
                self.inside = Some(level);
            }
        }
        self.inside.is_some()
    }
}

/// Everything under a heading such as "References" is a bibliography, but for the notes and the
/// furniture of its pages.
fn mark_references(drafts: &mut [Draft]) {
    let mut references = References::default();
    for draft in drafts {
        let inside = references.hold(&draft.kind, &draft.line.text);
        let apart = matches!(draft.kind, BlockKind::Footnote { .. } | BlockKind::Furniture { .. });
        if inside && !apart && draft.matter == Matter::Body {
            draft.matter = Matter::References;
        }
    }
}

fn is_reference_title(text: &str) -> bool {
    let name = text.trim_start_matches(|char: char| char.is_ascii_digit() || ". ".contains(char)).to_lowercase();
    [
        "references",
        "bibliography",
        "works cited",
        "literature cited",
        "reference list",
        "references and notes",
        "literature",
        "sources",
        "literatur",
        "literaturverzeichnis",
        "bibliographie",
        "bibliografía",
        "références",
        "referencias",
    ]
    .contains(&name.trim())
}

/// A range over all of `line`, for marks.
pub(super) fn whole(line: &Line) -> Range {
    Range::all(&line.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_many_warnings_is_named_until_they_are_too_many() {
        let mut assembly = Assembly::default();
        assembly.push(Draft::new(BlockKind::Paragraph, Line::plain("Words.")));
        for file in 0..MOST_WARNINGS + 5 {
            assembly.warn("MALFORMED_XHTML", format!("file {file}"));
            assembly.warn("MALFORMED_XHTML", "file 0");
        }
        assembly.warn("OTHER", "another kind");
        let warnings = assembly.finish("text/plain", "text/1").unwrap().warnings;
        let of_kind: Vec<&str> =
            warnings.iter().filter(|warning| warning.code == "MALFORMED_XHTML").map(|w| w.message.as_str()).collect();
        assert_eq!((of_kind.len(), of_kind[0], of_kind[19]), (MOST_WARNINGS + 1, "file 0", "file 19"));
        assert!(of_kind[20].starts_with("and ") && warnings.iter().any(|warning| warning.code == "OTHER"));
    }

    #[test]
    fn a_table_keeps_the_marks_of_its_cells() {
        let cell = |text: &str| Line::plain(text);
        let mut marked = cell("bold");
        marked.marks.push(Mark { range: whole(&marked), kind: SpanKind::Emphasis, note: None });
        let draft = Draft::table(vec![vec![cell(""), cell("b")], vec![cell("c"), marked]], 1);
        assert_eq!(draft.line.text, " | b\nc | bold");
        assert_eq!(draft.line.marks[0].range.of(&draft.line.text), "bold");
    }

    #[test]
    fn references_end_at_the_next_heading_of_their_level() {
        let mut assembly = Assembly::default();
        for (level, text) in
            [(2, "3 References"), (0, "Author, Title."), (3, "Online"), (0, "Site."), (2, "Appendix"), (0, "More.")]
        {
            let kind = if level == 0 { BlockKind::Paragraph } else { BlockKind::Heading { level } };
            assembly.push(Draft::new(kind, Line::plain(text)));
        }
        let content = assembly.finish("text/plain", "text/1").unwrap();
        let inside: Vec<bool> = content.blocks.iter().map(|block| block.matter == Matter::References).collect();
        assert_eq!(inside, [true, true, true, true, false, false]);
    }
}
