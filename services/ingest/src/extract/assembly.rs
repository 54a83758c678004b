//! Blocks on their way into a [`Content`]: drafts are collected in reading order, then ids, note references, the language and
//! the title are settled in one place for every format.

use std::collections::HashMap;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, SCHEMA, Span, SpanKind, Warning};
use lectern_core::{Failure, Kind, Reason};

use super::inline::{Line, sort};

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
        for (r, row) in rows.into_iter().enumerate() {
            for (c, cell) in row.into_iter().enumerate() {
                match (r, c) {
                    (0, 0) => line = cell,
                    (_, 0) => line.join("\n", cell),
                    _ => line.join(" | ", cell),
                }
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

/// Collects a document.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub meta: Meta,
    pub drafts: Vec<Draft>,
    pub warnings: Vec<Warning>,
}

impl Assembly {
    pub fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    pub fn warn(&mut self, code: &str, message: impl Into<String>) {
        if !self.warnings.iter().any(|known| known.code == code) {
            self.warnings.push(Warning { code: code.to_owned(), message: message.into(), page: None });
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
        recognise_notes(&mut self.drafts);
        mark_references(&mut self.drafts);
        let title = self.meta.title.map(|text| Line::plain(&text).text).filter(|text| !text.is_empty());
        let title = title.or_else(|| first_heading(&self.drafts));
        let language = self.meta.language.as_deref().and_then(language_tag).unwrap_or_else(|| guess(&self.drafts));
        let notes = note_ids(&self.drafts);
        let blocks =
            self.drafts.into_iter().enumerate().map(|(id, draft)| block(id, draft, &language, &notes)).collect();
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

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn block(id: usize, draft: Draft, language: &str, notes: &HashMap<String, u32>) -> Block {
    let mut marks = draft.line.marks;
    sort(&mut marks);
    let length = lectern_core::content::length(&draft.line.text);
    let spans = marks
        .into_iter()
        .filter(|mark| mark.range.start < mark.range.end && mark.range.end <= length)
        .map(|mark| {
            let found = mark.note.as_ref().and_then(|key| notes.get(key).copied()).filter(|note| *note != number(id));
            // A mark in brackets that leads to no note leads to the literature.
            let bracketed = mark.range.of(&draft.line.text).starts_with('[');
            let kind = match (matches!(mark.kind, SpanKind::NoteReference { .. }), found) {
                (true, None) if bracketed => SpanKind::Citation,
                (true, note) => SpanKind::NoteReference { note },
                (false, _) => mark.kind,
            };
            Span { range: mark.range, kind }
        })
        .collect();
    let own = draft.language.as_deref().and_then(language_tag).filter(|tag| !says_the_same(language, tag));
    Block {
        id: number(id),
        kind: draft.kind,
        text: draft.line.text,
        page: draft.page,
        page_end: draft.page_end,
        confidence: draft.confidence,
        language: own,
        matter: draft.matter,
        spans,
    }
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

/// Whether `text` can be the mark of a note: a number, up to three signs, or one letter, with or without brackets.
pub(super) fn is_note_mark(text: &str) -> bool {
    let inner = text.trim().trim_matches(['[', ']', '(', ')', '.']);
    let count = inner.chars().count();
    let digits = inner.chars().all(|char| char.is_ascii_digit()) && (1..=4).contains(&count);
    let signs = inner.chars().all(|char| "*†‡§‖¶#".contains(char)) && (1..=3).contains(&count);
    let letter = count == 1 && inner.chars().all(|char| char.is_ascii_lowercase());
    let roman = (1..=5).contains(&count) && inner.chars().all(|char| "ivxl".contains(char));
    digits || signs || letter || roman
}

/// The mark without its brackets.
pub(super) fn note_label(text: &str) -> String {
    text.trim().trim_matches(['[', ']', '(', ')', '.']).trim().to_owned()
}

/// Sources that do not say what a note is: a raised link with a short mark, whose target begins with the same mark, is a
/// reference, and the target is a note.
fn recognise_notes(drafts: &mut [Draft]) {
    let mut targets: HashMap<String, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        for anchor in &draft.anchors {
            targets.entry(anchor.clone()).or_insert(index);
        }
    }
    let mut found: Vec<(usize, String)> = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        for mark in draft.line.marks.iter().filter(|mark| matches!(mark.kind, SpanKind::NoteReference { .. })) {
            let Some(target) = mark.note.as_ref().and_then(|key| targets.get(key)).copied() else { continue };
            let label = note_label(mark.range.of(&draft.line.text));
            if target > index && drafts.get(target).is_some_and(|note| begins_with_mark(note, &label)) {
                found.push((target, label));
            }
        }
    }
    for (target, label) in found {
        let Some(note) = drafts.get_mut(target) else { continue };
        if matches!(note.kind, BlockKind::Footnote { .. }) {
            continue;
        }
        if !matches!(note.kind, BlockKind::ListItem { .. }) {
            let cut = lead(&note.line.text, &label).unwrap_or(0);
            note.line.drop_start(cut);
        }
        note.kind = BlockKind::Footnote { label };
    }
}

fn begins_with_mark(draft: &Draft, label: &str) -> bool {
    match &draft.kind {
        BlockKind::Paragraph => lead(&draft.line.text, label).is_some(),
        BlockKind::ListItem { ordinal: Some(ordinal), .. } => note_label(ordinal) == label,
        BlockKind::ListItem { ordinal: None, .. }
        | BlockKind::Heading { .. }
        | BlockKind::Table { .. }
        | BlockKind::Code { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Formula { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => false,
    }
}

/// The number of scalar values that the mark `label`, its brackets and what divides it from the note take at the start of `text`.
pub(super) fn lead(text: &str, label: &str) -> Option<usize> {
    let open = usize::from(text.starts_with(['[', '(']));
    let rest: String = text.chars().skip(open).collect();
    let after = rest.strip_prefix(label)?;
    let close = after.chars().take_while(|char| "]).: \u{2009}".contains(*char)).count();
    let alone = after.is_empty() || close > 0 || !label.ends_with(char::is_alphanumeric);
    alone.then(|| open + label.chars().count() + close)
}

/// Follows the headings of a document, and says what stands under one such as "References": until a heading of the same level
/// or higher.
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

/// Everything under a heading such as "References" is a bibliography, but for the notes and the furniture of its pages.
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

fn first_heading(drafts: &[Draft]) -> Option<String> {
    // The heading of a table of contents titles that alone.
    let headings = || {
        drafts.iter().filter(|draft| matches!(draft.kind, BlockKind::Heading { .. }) && draft.matter != Matter::Front)
    };
    let level = |draft: &&Draft| if let BlockKind::Heading { level } = draft.kind { level } else { u8::MAX };
    let top = headings().map(|draft| level(&draft)).min()?;
    headings().find(|draft| level(draft) == top).map(|draft| draft.line.text.clone())
}

fn guess(drafts: &[Draft]) -> String {
    let mut sample = String::new();
    for draft in drafts.iter().filter(|draft| {
        !matches!(draft.kind, BlockKind::Code { .. } | BlockKind::Furniture { furniture: Furniture::Navigation })
    }) {
        sample.push_str(&draft.line.text);
        sample.push(' ');
        if sample.len() > 20_000 {
            break;
        }
    }
    crate::clean::language(&sample).unwrap_or("und").to_owned()
}

/// A BCP 47 tag in its usual spelling (`en_us` becomes `en-US`), or none if it cannot be one.
pub(super) fn language_tag(text: &str) -> Option<String> {
    let text = text.trim().replace('_', "-");
    let mut parts = text.split('-');
    let first = parts.next()?.to_ascii_lowercase();
    let known = (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
    if !known || first == "und" || first == "zxx" || first == "mul" {
        return None;
    }
    let mut tag = first;
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 => tag.extend(
                part.char_indices()
                    .map(|(at, char)| if at == 0 { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() }),
            ),
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

/// Whether a block's own `tag` adds nothing to the document's: it is the same, or the same less exactly (`en` within `en-US`).
fn says_the_same(document: &str, tag: &str) -> bool {
    let (document, tag) = (document.to_ascii_lowercase(), tag.to_ascii_lowercase());
    document.strip_prefix(&tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// A range over all of `line`, for marks.
pub(super) fn whole(line: &Line) -> Range {
    Range::all(&line.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_take_their_usual_spelling() {
        for (given, wanted) in [
            ("en", Some("en")),
            ("EN_us", Some("en-US")),
            ("zh-hant-TW", Some("zh-Hant-TW")),
            ("english language", None),
            ("", None),
            ("und", None),
        ] {
            assert_eq!(language_tag(given).as_deref(), wanted, "{given}");
        }
    }

    #[test]
    fn note_marks_are_short() {
        for (text, wanted) in [
            ("1", true),
            ("[12]", true),
            ("*", true),
            ("††", true),
            ("a", true),
            ("iv", true),
            ("word", false),
            ("", false),
        ] {
            assert_eq!(is_note_mark(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_table_keeps_the_marks_of_its_cells() {
        let cell = |text: &str| Line::plain(text);
        let mut marked = cell("bold");
        marked.marks.push(super::super::inline::Mark { range: whole(&marked), kind: SpanKind::Emphasis, note: None });
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

    #[test]
    fn a_language_less_exact_than_the_documents_is_no_other() {
        for (document, tag, wanted) in [
            ("en", "en", true),
            ("en-US", "en", true),
            ("en", "en-GB", false),
            ("en", "de", false),
            ("eng", "en", false),
        ] {
            assert_eq!(says_the_same(document, tag), wanted, "{document} {tag}");
        }
    }
}
