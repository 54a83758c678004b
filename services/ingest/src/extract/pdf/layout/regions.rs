//! The parts of the pages that are read line by line, in reading order, and what stands beside
//! them: labels of figures and text at an angle. The order is the structure's where it is sound,
//! and else that of the columns.

use lectern_core::content::document::Furniture;
use lopdf::ObjectId;

use super::super::content::page::{Page, Run};
use super::super::content::structure::{Role, Structure};
use super::columns;
use super::lines::{self, Line};
use super::piece::Piece;
use super::region::Region;
use super::tagged::{self, Judged};
use crate::clean::running;

/// Of the pages that have tags at all, the share on which they are sound, below which none of them
/// are believed.
const BELIEVED: f32 = 0.5;

/// The lines of a document.
#[derive(Debug, Default)]
pub struct Arranged {
    /// Its regions, in reading order.
    pub regions: Vec<Region>,
    /// Lines that stand beside the text, page by page.
    pub aside: Vec<Line>,
    /// Page numbers that the structure left out.
    pub numbers: Vec<Piece>,
    /// The pages, from 0, that hold text at an angle to the rest.
    pub turned: Vec<usize>,
}

impl Arranged {
    /// All lines in reading order.
    pub fn lines(&self) -> Vec<Line> {
        self.regions.iter().flat_map(|region| region.lines.iter().cloned()).collect()
    }
}

/// Arranges what `pages`, known by their `ids`, show; `structure` is what the file says of them.
pub fn arrange(pages: &mut [Page], ids: &[ObjectId], structure: Option<&Structure>) -> Arranged {
    let mut out = Arranged::default();
    let mut pages_regions: Vec<(Vec<columns::Region>, Judged)> = Vec::new();
    for (number, page) in pages.iter_mut().enumerate() {
        let (figures, runs) = figures(std::mem::take(&mut page.runs), structure);
        out.aside.extend(lines::by_angle(&figures, number));
        let columns = columns::regions(runs);
        let judged = match structure {
            Some(structure) => {
                let described = structure.figures.iter().filter(|(page, _)| ids.get(number) == Some(page));
                let described: Vec<u32> = described.map(|(_, part)| *part).collect();
                tagged::judge(structure, number, &columns, &described)
            }
            None => Judged { regions: None, tagged: false },
        };
        pages_regions.push((columns, judged));
        if !page.turned.is_empty() {
            out.aside.extend(lines::by_angle(&std::mem::take(&mut page.turned), number));
            out.turned.push(number);
        }
    }
    let tagged = pages_regions.iter().filter(|(_, judged)| judged.tagged).count();
    let sound = pages_regions.iter().filter(|(_, judged)| judged.regions.is_some()).count();
    let believed = sound as f32 >= BELIEVED * tagged as f32;
    for (number, (columns, judged)) in pages_regions.into_iter().enumerate() {
        let regions = judged.regions.filter(|_| believed).map(|regions| numbered(regions, number, &mut out.numbers));
        let regions = regions.unwrap_or_else(|| columns.into_iter().map(|column| Region::of(column, number)).collect());
        for mut region in regions {
            for line in region.lines.iter_mut().chain(region.apart.iter_mut().flatten()) {
                line.region = out.regions.len();
            }
            out.regions.push(region);
        }
    }
    out
}

/// Takes page numbers off the `regions` of a page that are arranged by the structure: text above or
/// below all that has a tag, of which the structure knows nothing because it is no content
/// (14.8.2.2.1).
fn numbered(regions: Vec<Region>, page: usize, numbers: &mut Vec<Piece>) -> Vec<Region> {
    let heights: Vec<f32> = regions
        .iter()
        .filter(|region| region.part.is_some())
        .flat_map(|region| &region.lines)
        .map(|line| line.y)
        .collect();
    let number = |region: &Region| match &region.lines[..] {
        [line] if region.part.is_none() => {
            let text = line.text();
            let top = heights.iter().all(|height| line.y < *height);
            let edge = top || heights.iter().all(|height| line.y > *height);
            (edge && running::page_number(&text).is_some()).then_some((top, text))
        }
        _ => None,
    };
    let mut kept = Vec::with_capacity(regions.len());
    for region in regions {
        match number(&region) {
            Some((top, text)) => numbers.push(Piece { page, top, furniture: Furniture::PageNumber, text }),
            None => kept.push(region),
        }
    }
    kept
}

/// Parts the labels of figures, which stand in forms, from the page's text; a page that is one form
/// has no figures, and what the structure says is text is none.
fn figures(runs: Vec<Run>, structure: Option<&Structure>) -> (Vec<Run>, Vec<Run>) {
    let text = |run: &Run| {
        let role = structure.zip(run.marks.part).map(|(structure, part)| structure.role(part));
        role.is_some_and(|role| role != Role::Figure)
    };
    let in_form = |run: &Run| run.marks.form && !text(run);
    let count = |form: bool| runs.iter().filter(|run| in_form(run) == form).map(|run| run.text.len()).sum::<usize>();
    let (inside, outside) = (count(true), count(false));
    if inside == 0 || inside > outside {
        return (Vec::new(), runs);
    }
    runs.into_iter().partition(in_form)
}
