//! Groups to drafts for the assembly: their texts, with the furniture of the pages between them.

use lectern_core::content::document::BlockKind;

use super::super::super::assembly::Draft;
use super::super::super::inline::Line as Text;
use super::super::content::page::Link;
use super::super::layout::lines::Line;
use super::super::layout::piece::Piece;
use super::group::Group;
use super::inline;
use super::notes::{self, Notes};
use crate::clean;
use crate::clean::hyphens::Words;

/// Letters from which the language of one block can be told.
const FEWEST_FOR_LANGUAGE: usize = 200;

/// What the texts of a document are written from, beside their lines.
#[derive(Debug)]
pub struct Writer<'a> {
    words: Words,
    links: &'a [Vec<Link>],
    notes: Notes,
}

impl<'a> Writer<'a> {
    /// For a document of these `groups` and `lines`, with the `links` of each page.
    pub fn new(groups: &[Group], lines: &[Line], links: &'a [Vec<Link>]) -> Self {
        let mut words = Words::default();
        let mut divided = false;
        for line in lines {
            let text = line.text();
            words.add_line(&text, divided);
            divided = clean::hyphens::ends_divided(&text);
        }
        Self { words, links, notes: Notes::of(groups) }
    }

    /// The text of a group that is no table.
    pub fn text(&self, group: &Group) -> Text {
        let context = inline::Context { words: &self.words, links: self.links, notes: &self.notes };
        inline::write(&group.kind, &group.lines, group.skip, &context)
    }

    /// The drafts of `groups`, and of the `furniture` between them.
    pub fn drafts(&self, groups: Vec<Group>, furniture: Vec<Piece>) -> Vec<Draft> {
        let mut out = Vec::with_capacity(groups.len() + furniture.len());
        let mut pieces = furniture.into_iter().peekable();
        for group in groups {
            while let Some(piece) =
                pieces.next_if(|piece| piece.page < group.page || (piece.page == group.page && piece.top))
            {
                out.push(repeated(&piece));
            }
            out.push(self.draft(group));
        }
        out.extend(pieces.map(|piece| repeated(&piece)));
        notes::bind_flush(&mut out);
        out
    }

    fn draft(&self, group: Group) -> Draft {
        let mut draft = match &group.kind {
            BlockKind::Table { header_rows, .. } => Draft::table(self.cells(&group), *header_rows),
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => Draft::new(group.kind.clone(), self.text(&group)),
        };
        if let BlockKind::Footnote { label } = &group.kind
            && !label.is_empty()
        {
            draft.anchors.push(notes::key(group.page, label));
        }
        let running = matches!(group.kind, BlockKind::Paragraph | BlockKind::Quote);
        if running && draft.line.text.chars().count() > FEWEST_FOR_LANGUAGE {
            draft.language = clean::language(&draft.line.text).map(str::to_owned);
        }
        draft.page = number(group.page);
        draft.page_end = number(group.page_end).filter(|_| group.page_end != group.page);
        draft.confidence = group.confidence;
        draft.matter = group.matter;
        draft
    }

    fn cells(&self, group: &Group) -> Vec<Vec<Text>> {
        let context = inline::Context { words: &self.words, links: self.links, notes: &self.notes };
        let cell = |lines: &Vec<Line>| inline::write(&group.kind, lines, 0, &context);
        group.cells.iter().map(|row| row.iter().map(cell).collect()).collect()
    }
}

/// A page's number from 1.
fn number(page: usize) -> Option<u32> {
    u32::try_from(page + 1).ok()
}

fn repeated(piece: &Piece) -> Draft {
    let mut draft = Draft::new(BlockKind::Furniture { furniture: piece.furniture }, Text::plain(&piece.text));
    draft.page = number(piece.page);
    draft
}
