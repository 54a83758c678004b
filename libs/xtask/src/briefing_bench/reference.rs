//! The author's own abstract: found, and taken out of the document, before anything reads it.

use std::collections::HashMap;

use anyhow::{Result, bail};
use lectern_core::content::document::{Block, BlockKind, Content, SpanKind};

/// What stands over an abstract.
const HEADS: [&str; 2] = ["abstract", "summary"];
/// What a line of keywords under it begins with.
const KEYWORDS: [&str; 2] = ["keywords", "key words"];
/// An abstract is found among so many blocks at the beginning, or not at all.
const BEGINNING: usize = 60;

/// A document without its abstract.
pub struct Cut {
    /// The abstract.
    pub reference: String,
    /// Everything else.
    pub content: Content,
    /// The block at which the text after the abstract begins.
    pub begins: usize,
}

/// Takes the abstract out, with its heading and its keywords.
pub fn cut(mut content: Content) -> Result<Cut> {
    let Some(begins) = content.blocks.iter().take(BEGINNING).position(heads_abstract) else {
        bail!("no heading among the first {BEGINNING} blocks is \"Abstract\" or \"Summary\"");
    };
    let after = content.blocks.split_off(begins);
    let mut abstracts = Vec::new();
    let mut rest = after.into_iter().skip(1).peekable();
    while let Some(block) = rest.next_if(of_abstract) {
        abstracts.push(block.text);
    }
    if abstracts.is_empty() {
        bail!("nothing stands under the heading of the abstract");
    }
    if rest.peek().is_some_and(keywords) {
        rest.next();
    }
    content.blocks.extend(rest);
    renumber(&mut content.blocks);
    Ok(Cut { reference: abstracts.join(" "), content, begins })
}

fn heads_abstract(block: &Block) -> bool {
    let text = block.text.trim().trim_end_matches(['.', ':']).to_lowercase();
    matches!(block.kind, BlockKind::Heading { .. }) && HEADS.contains(&text.as_str())
}

fn keywords(block: &Block) -> bool {
    let text = block.text.to_lowercase();
    KEYWORDS.iter().any(|keywords| text.starts_with(keywords))
}

fn of_abstract(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Paragraph | BlockKind::Quote) && !keywords(block)
}

/// A block's id is its place.
fn renumber(blocks: &mut [Block]) {
    let mut places: HashMap<u32, u32> = HashMap::new();
    for (place, block) in (0_u32..).zip(blocks.iter_mut()) {
        places.insert(block.id, place);
        block.id = place;
    }
    for span in blocks.iter_mut().flat_map(|block| &mut block.spans) {
        if let SpanKind::NoteReference { note } = &mut span.kind {
            *note = note.and_then(|note| places.get(&note).copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::document::{Matter, SCHEMA, Span};

    use super::*;

    fn block(id: u32, kind: BlockKind, text: &str) -> Block {
        Block {
            id,
            kind,
            text: text.to_owned(),
            page: None,
            page_end: None,
            confidence: 1.0,
            language: None,
            matter: Matter::Body,
            spans: Vec::new(),
        }
    }

    fn content(blocks: Vec<Block>) -> Content {
        Content {
            schema: SCHEMA,
            title: None,
            authors: Vec::new(),
            language: "en".to_owned(),
            media_type: "application/pdf".to_owned(),
            extractor: "pdf/1".to_owned(),
            pages: None,
            blocks,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_abstract_goes_with_its_heading_and_keywords_and_nothing_else_does() {
        let heading = || BlockKind::Heading { level: 1 };
        let mut text = block(6, BlockKind::Paragraph, "The text.");
        let note = SpanKind::NoteReference { note: Some(7) };
        text.spans.push(Span { range: Range::new(0, 3), kind: note });
        let cut = cut(content(vec![
            block(0, heading(), "Title"),
            block(1, heading(), "Abstract"),
            block(2, BlockKind::Paragraph, "One."),
            block(3, BlockKind::Paragraph, "Two."),
            block(4, BlockKind::Paragraph, "Keywords: x."),
            block(5, heading(), "1. Introduction"),
            text,
            block(7, BlockKind::Footnote { label: "1".to_owned() }, "A note."),
        ]))
        .unwrap();
        assert_eq!(cut.reference, "One. Two.");
        assert_eq!(cut.begins, 1);
        let left: Vec<(u32, &str)> = cut.content.blocks.iter().map(|block| (block.id, block.text.as_str())).collect();
        assert_eq!(left, [(0, "Title"), (1, "1. Introduction"), (2, "The text."), (3, "A note.")]);
        let spans: Vec<&SpanKind> =
            cut.content.blocks.iter().flat_map(|block| &block.spans).map(|span| &span.kind).collect();
        assert_eq!(spans, [&SpanKind::NoteReference { note: Some(3) }]);
    }

    #[test]
    fn a_document_without_an_abstract_is_refused() {
        assert!(cut(content(vec![block(0, BlockKind::Paragraph, "Abstract")])).is_err());
        assert!(cut(content(vec![block(0, BlockKind::Heading { level: 1 }, "Abstract")])).is_err());
    }
}
