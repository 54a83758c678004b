//! Takes what nobody reads aloud off the pages before anything else is read, so that columns and
//! paragraphs join across them: running heads, feet and page numbers, watermarks, what cannot be
//! seen, what readers noted. All of it is listed.

use lectern_core::content::document::Furniture;

use super::super::content::outline::Outline;
use super::super::content::page::{Artifact, Page, Run};
use super::bands;
use super::lines;
use super::piece::Piece;
use super::watermarks;

/// Where more than this share of a document's letters are marked as no content, the marks mean
/// nothing: some programs put them around whole pages.
const UNSOUND: f32 = 0.5;

/// Removes the furniture from `pages`, whose titles `outline` names, and returns it, in order of
/// pages.
pub fn remove(pages: &mut [Page], outline: &Outline) -> Vec<Piece> {
    if !sound(pages) {
        for run in pages.iter_mut().flat_map(|page| page.runs.iter_mut().chain(&mut page.turned)) {
            run.marks.artifact = None;
        }
    }
    let mut out = Vec::new();
    for (number, page) in pages.iter_mut().enumerate() {
        marked(number, page, &mut out);
    }
    watermarks::remove(pages, &mut out);
    bands::remove(pages, outline, &mut out);
    for (number, page) in pages.iter_mut().enumerate() {
        unnamed(number, page, &mut out);
    }
    for (number, page) in pages.iter_mut().enumerate() {
        let unseen = lines::by_angle(&std::mem::take(&mut page.unseen), number);
        let text = unseen.iter().map(lines::Line::text).collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            out.push(Piece { page: number, top: false, furniture: Furniture::Hidden, text });
        }
        let remarks = page.remarks.drain(..);
        out.extend(remarks.map(|text| Piece { page: number, top: false, furniture: Furniture::Comment, text }));
    }
    out.sort_by_key(|piece| (piece.page, !piece.top));
    out
}

/// Whether what is marked as no content is a small part of the pages.
fn sound(pages: &[Page]) -> bool {
    let (mut marked, mut all) = (0usize, 0usize);
    for run in pages.iter().flat_map(|page| &page.runs) {
        all += run.text.len();
        marked += if run.marks.artifact.is_some() { run.text.len() } else { 0 };
    }
    marked as f32 <= UNSOUND * all as f32
}

/// Takes what is only marked as no content and stands at no edge.
fn unnamed(number: usize, page: &mut Page, out: &mut Vec<Piece>) {
    let mut taken: Vec<Run> = page.runs.extract_if(.., |run| run.marks.artifact.is_some()).collect();
    taken.extend(page.turned.extract_if(.., |run| run.marks.artifact.is_some()));
    let lines = lines::by_angle(&taken, number);
    out.extend(lines.iter().map(|line| Piece {
        page: number,
        top: false,
        furniture: Furniture::Watermark,
        text: line.text(),
    }));
}

/// Takes what the file says is a head, a foot, a page number or a watermark, wherever it stands.
fn marked(number: usize, page: &mut Page, out: &mut Vec<Piece>) {
    let height = page.height;
    let kind = |run: &Run| {
        Some(match run.marks.artifact? {
            Artifact::Head => Furniture::RunningHead,
            Artifact::Foot => Furniture::RunningFoot,
            Artifact::PageNumber => Furniture::PageNumber,
            Artifact::Watermark => Furniture::Watermark,
            Artifact::Other => return None,
        })
    };
    for furniture in [Furniture::RunningHead, Furniture::RunningFoot, Furniture::PageNumber, Furniture::Watermark] {
        let mut taken: Vec<Run> = page.runs.extract_if(.., |run| kind(run) == Some(furniture)).collect();
        taken.extend(page.turned.extract_if(.., |run| kind(run) == Some(furniture)));
        for line in lines::by_angle(&taken, number) {
            let text = line.text();
            let edge = matches!(furniture, Furniture::RunningHead | Furniture::RunningFoot);
            let counts = edge && crate::clean::running::page_number(&text).is_some();
            let furniture = if counts { Furniture::PageNumber } else { furniture };
            out.push(Piece { page: number, top: line.y < height / 2.0, furniture, text });
        }
    }
}
