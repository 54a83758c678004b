//! Pages that are pictures in a PDF whose other pages have text: what is recognised on them is put
//! where they stand.

use std::collections::HashMap;

use lectern_core::content::document::{Block, Content, SpanKind, Warning};

use super::super::assembly::{Draft, number};
use super::super::child::{Sandbox, Source};
use super::super::pdf::PAGE_WITHOUT_TEXT;
use super::recogniser::{POPPLER_PACKAGE, Recogniser, TESSERACT_PACKAGE};
use super::words::paragraphs;

/// Paragraphs that are recognised with less confidence than this are no text: a photograph among
/// pages of text gives such.
const SURE: f32 = 0.6;

impl Recogniser {
    /// Reads the pages of the PDF `source` that `content`, which was read from it, lists as
    /// pictures. What cannot be read stays listed, with the reason.
    pub async fn complete(&self, sandbox: &Sandbox, source: &Source, mut content: Content) -> Content {
        let pictures: Vec<u32> = pictures(&content).collect();
        if pictures.is_empty() {
            return content;
        }
        let missing = [(self.has_tesseract(), TESSERACT_PACKAGE), (self.has_pdftoppm(), POPPLER_PACKAGE)];
        if let Some((_, package)) = missing.into_iter().find(|(there, _)| !there) {
            let why = format!(
                "The page is a picture, and the program that reads it is not installed; the operator installs the Debian package \
                 {package}."
            );
            pictures.iter().for_each(|page| explain(&mut content, *page, &why));
            return content;
        }
        let mut read = Vec::new();
        let all = async {
            for page in &pictures {
                let table = self.page(sandbox, source, *page).await;
                read.push(table.map(|table| sure(&table, *page)));
            }
        };
        // What was read before the time is up counts.
        let _ = tokio::time::timeout(self.wall(), all).await;
        let late = || Err(self.too_long());
        let mut found = Vec::new();
        let mut read = read.into_iter();
        for page in pictures {
            match read.next().unwrap_or_else(late) {
                Ok(drafts) if drafts.is_empty() => {
                    explain(&mut content, page, "The page is a picture, and no words were recognised in it.");
                }
                Ok(drafts) => {
                    content.warnings.retain(|warning| !is_picture(warning, page));
                    content.warnings.push(self.note(page));
                    found.push((page, drafts));
                }
                Err(failure) => {
                    let why = format!("The page is a picture and was not recognised: {}.", failure.message);
                    explain(&mut content, page, &why);
                }
            }
        }
        if !found.is_empty() {
            content.extractor = format!("{}+{}", content.extractor, self.pin());
            insert(&mut content, found);
        }
        content
    }

    fn note(&self, page: u32) -> Warning {
        Warning { code: "RECOGNISED_TEXT".to_owned(), message: self.said(), page: Some(page) }
    }
}

/// The paragraphs of a page that are recognised with some confidence.
fn sure(table: &str, page: u32) -> Vec<Draft> {
    paragraphs(table, page).into_iter().filter(|draft| draft.confidence >= SURE).collect()
}

fn is_picture(warning: &Warning, page: u32) -> bool {
    warning.code == PAGE_WITHOUT_TEXT && warning.page == Some(page)
}

fn pictures(content: &Content) -> impl Iterator<Item = u32> {
    content.warnings.iter().filter(|warning| warning.code == PAGE_WITHOUT_TEXT).filter_map(|warning| warning.page)
}

fn explain(content: &mut Content, page: u32, why: &str) {
    for warning in content.warnings.iter_mut().filter(|warning| is_picture(warning, page)) {
        why.clone_into(&mut warning.message);
    }
}

/// Puts what was found on each page behind what begins before its end.
fn insert(content: &mut Content, found: Vec<(u32, Vec<Draft>)>) {
    let mut more: HashMap<usize, Vec<Block>> = HashMap::new();
    for (page, drafts) in found {
        let unnumbered = |draft: Draft| draft.block(0, Vec::new());
        let before = content.blocks.iter().rposition(|block| block.page.is_some_and(|own| own <= page));
        more.entry(before.map_or(0, |at| at + 1)).or_default().extend(drafts.into_iter().map(unnumbered));
    }
    let mut blocks = Vec::new();
    let mut moved: HashMap<u32, u32> = HashMap::new();
    let old = std::mem::take(&mut content.blocks);
    let end = old.len();
    for (at, block) in old.into_iter().enumerate() {
        blocks.extend(more.remove(&at).unwrap_or_default());
        moved.insert(block.id, number(blocks.len()));
        blocks.push(block);
    }
    blocks.extend(more.remove(&end).unwrap_or_default());
    for (id, block) in blocks.iter_mut().enumerate() {
        block.id = number(id);
        for span in &mut block.spans {
            if let SpanKind::NoteReference { note: Some(note) } = &mut span.kind {
                *note = moved.get(note).copied().unwrap_or(*note);
            }
        }
    }
    content.blocks = blocks;
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::document::{BlockKind, Span};

    use super::super::super::assembly::Assembly;
    use super::super::super::inline::Line;
    use super::*;

    fn on(page: u32, text: &str) -> Draft {
        Draft { page: Some(page), ..Draft::new(BlockKind::Paragraph, Line::plain(text)) }
    }

    #[test]
    fn recognised_pages_stand_in_their_place_and_marks_still_lead_to_their_notes() {
        let drafts = vec![on(1, "One."), on(3, "Three."), on(3, "A note.")];
        let mut content = Assembly { drafts, ..Assembly::default() }.finish("application/pdf", "pdf/2").unwrap();
        let kind = SpanKind::NoteReference { note: Some(2) };
        content.blocks[1].spans.push(Span { range: Range::new(0, 1), kind });
        insert(&mut content, vec![(2, vec![on(2, "Two."), on(2, "And two.")]), (4, vec![on(4, "Four.")])]);
        let texts: Vec<(u32, &str)> = content.blocks.iter().map(|block| (block.id, block.text.as_str())).collect();
        let wanted = [(0, "One."), (1, "Two."), (2, "And two."), (3, "Three."), (4, "A note."), (5, "Four.")];
        assert_eq!(texts, wanted);
        assert_eq!(content.blocks[3].spans[0].kind, SpanKind::NoteReference { note: Some(4) });
    }
}
