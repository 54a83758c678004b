//! The order of the phases.

use lectern_core::Failure;
use lectern_core::content::document::{Content, Warning};

use super::super::assembly::Assembly;
use super::blocks::write::Writer;
use super::blocks::{assemble, classify, headings, index, labels};
use super::content::about::about;
use super::content::file::File;
use super::content::interpreter::Shared;
use super::content::outline::Outline;
use super::content::{legibility, pages};
use super::layout::metrics::Metrics;
use super::layout::{furniture, regions, repeated};

/// The name and version that contents carry; it grows when the same file gives other blocks.
pub const EXTRACTOR: &str = "pdf/4";

const MEDIA_TYPE: &str = "application/pdf";

/// Reads a PDF.
///
/// # Errors
/// `DOCUMENT_EMPTY`, `FORMAT_UNSUPPORTED` (no PDF header), `DOCUMENT_DAMAGED`, `DOCUMENT_ENCRYPTED`
/// (a password is asked for), `NO_TEXT_LAYER` (pictures of pages), `DOCUMENT_TOO_COMPLEX` (over the
/// page limit). All are the caller's to mend.
pub fn extract(source: &[u8]) -> Result<Content, Failure> {
    let file = File::open(source)?;
    let ids = file.pages()?;
    let shared = Shared::of(&file);
    let mut pages = pages::read(&file, &shared, &ids);
    let structure = shared.structure.as_ref();
    legibility::has_text(&pages)?;
    let mut warnings = legibility::warnings(&file, &pages);

    let outline = Outline::read(&file, &ids);
    let mut furniture = furniture::remove(&mut pages, &outline);
    let mut arranged = regions::arrange(&mut pages, &ids, structure);
    repeated::remove(&mut arranged, &mut furniture);
    warnings.extend(arranged.turned.iter().map(|page| turned(*page)));
    furniture.extend(arranged.numbers.iter().cloned());
    furniture.sort_by_key(|piece| (piece.page, !piece.top));
    let lines = arranged.lines();
    let metrics = Metrics::of(&lines);

    let mut groups = assemble::groups(&pages, arranged, &metrics, &outline, structure);
    classify::captions(&mut groups, &metrics);
    labels::mark(&mut groups, &metrics);
    let title = headings::mark(&mut groups, &metrics, &outline);
    classify::settle(&mut groups, &metrics);
    index::mark(&mut groups);

    let links: Vec<_> = pages.into_iter().map(|page| page.links).collect();
    let writer = Writer::new(&groups, &lines, &links);
    let mut meta = about(&file, ids.len());
    meta.title =
        meta.title.or_else(|| title.map(|at| writer.text(&groups[at]).text)).or_else(|| headings::manual(&groups));
    let drafts = writer.drafts(groups, furniture);
    Assembly { meta, drafts, warnings, ..Assembly::default() }.finish(MEDIA_TYPE, EXTRACTOR)
}

fn turned(page: usize) -> Warning {
    Warning {
        code: "TURNED_TEXT".to_owned(),
        message: "Text at an angle to the rest stands in blocks of its own behind the page.".to_owned(),
        page: u32::try_from(page + 1).ok(),
    }
}
