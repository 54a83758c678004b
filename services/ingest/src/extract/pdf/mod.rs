//! Born-digital PDF to blocks in reading order.
//!
//! [`file`] opens it, [`read`] runs each page's content stream ([`lexer`], [`interpret`], [`font`]) to runs of text with their
//! place ([`page`]). [`furniture`] takes running heads and page numbers off, [`columns`] finds the reading order, [`lines`] the
//! lines, [`tables`] and [`notes`] what is no running text; [`paragraphs`] joins the rest, [`headings`] and [`classify`] say what
//! it is, and [`inline`] writes the text. It executes nothing, follows no link and stays within the limits that each file names.

mod classify;
mod cmap;
mod columns;
mod contents;
mod draft;
mod encoding;
mod file;
mod font;
mod furniture;
mod headings;
mod inline;
mod interpret;
mod lexer;
mod lines;
mod lists;
mod metrics;
mod notes;
mod outline;
mod page;
mod paragraphs;
mod read;
mod runs;
mod tables;
mod write;

use lectern_core::content::document::{Content, Warning};
use lectern_core::failure::{Failure, Kind, Reason};

use draft::Draft;
use file::File;
use lectern_core::content::document::BlockKind;
use lines::Line;
use metrics::Metrics;
use page::{Page, Rule};
use paragraphs::Item;

/// The name and version that contents carry; it grows when the same file gives other blocks.
pub const EXTRACTOR: &str = "pdf/1";

/// Letters on a page below which it counts as one without text.
const FEWEST_LETTERS: usize = 8;

/// Reads a PDF.
///
/// # Errors
/// `DOCUMENT_EMPTY`, `FORMAT_UNSUPPORTED` (no PDF header), `DOCUMENT_DAMAGED`, `DOCUMENT_ENCRYPTED` (a password is asked for),
/// `NO_TEXT_LAYER` (pictures of pages), `DOCUMENT_TOO_COMPLEX` (over the page limit). All are the caller's to mend.
pub fn extract(source: &[u8]) -> Result<Content, Failure> {
    let file = File::open(source)?;
    let ids: Vec<_> = file.document().page_iter().take(file::MOST_PAGES + 1).collect();
    if ids.is_empty() {
        return Err(Failure::new(
            Kind::InvalidArgument,
            Reason::DocumentDamaged,
            "the PDF has no pages that can be found; export or download it again and upload the new file",
        ));
    }
    if ids.len() > file::MOST_PAGES {
        return Err(file::too_complex(&format!("it has more than {} pages", file::MOST_PAGES)));
    }
    let mut pages = read::pages(&file, &ids);
    has_text(&pages)?;
    let mut warnings = warnings(&file, &pages);
    let furniture = furniture::remove(&mut pages);
    let laid = lay_out(&mut pages, &mut warnings);
    Ok(write::content(&file, laid, furniture, warnings, ids.len()))
}

fn letters(page: &Page) -> usize {
    page.runs.iter().chain(&page.turned).map(|run| run.text.chars().filter(|char| char.is_alphanumeric()).count()).sum()
}

fn has_text(pages: &[Page]) -> Result<(), Failure> {
    let without = pages.iter().filter(|page| letters(page) < FEWEST_LETTERS).count();
    let pictured = pages
        .iter()
        .filter(|page| letters(page) < FEWEST_LETTERS && page.pictures > 0.2 * page.width * page.height)
        .count();
    let all: usize = pages.iter().map(letters).sum();
    if all > 0 && (without < pages.len() && pictured * 10 < pages.len() * 9) {
        return Ok(());
    }
    if pictured > 0 {
        return Err(Failure::new(
            Kind::InvalidArgument,
            Reason::NoTextLayer,
            "the pages are pictures without text; run text recognition (OCR) over the PDF and upload the result",
        ));
    }
    if all > 0 {
        return Ok(());
    }
    Err(Failure::new(
        Kind::InvalidArgument,
        if pages.iter().any(|page| page.unmapped > 0) { Reason::NoTextLayer } else { Reason::DocumentEmpty },
        "the PDF has no text that can be read; export it again with its text, or upload another file",
    ))
}

fn warnings(file: &File, pages: &[Page]) -> Vec<Warning> {
    let mut out = Vec::new();
    let mut warn = |code: &str, message: String, page: Option<usize>| {
        let page = page.and_then(|page| u32::try_from(page + 1).ok());
        out.push(Warning { code: code.to_owned(), message, page });
    };
    if file.repaired() {
        warn("REPAIRED", "The file was damaged and had to be repaired; something may be missing.".to_owned(), None);
    }
    for (number, page) in pages.iter().enumerate() {
        if page.cut {
            warn(
                "PAGE_CUT",
                "The page holds more than is read, or cannot be read to its end.".to_owned(),
                Some(number),
            );
        }
        if letters(page) < FEWEST_LETTERS && page.pictures > 0.2 * page.width * page.height {
            warn("PAGE_WITHOUT_TEXT", "The page is a picture; what it says is not read.".to_owned(), Some(number));
        }
        if page.unmapped > 0 && page.unmapped as usize * 50 > letters(page) {
            let message = format!("{} characters have no known meaning and are left out.", page.unmapped);
            warn("UNKNOWN_CHARACTERS", message, Some(number));
        }
    }
    out
}

/// A document's drafts in reading order, with what is needed to write them.
struct Laid {
    drafts: Vec<Draft>,
    metrics: Metrics,
    lines: Vec<Line>,
    links: Vec<Vec<page::Link>>,
}

fn lay_out(pages: &mut [Page], warnings: &mut Vec<Warning>) -> Laid {
    let mut regions: Vec<Vec<Line>> = Vec::new();
    let mut turned: Vec<Draft> = Vec::new();
    for (number, page) in pages.iter_mut().enumerate() {
        let (figures, runs) = figures(std::mem::take(&mut page.runs));
        turned.extend(set_aside(figures, number));
        for region in columns::regions(runs) {
            let mut lines = lines::lines(region.runs, number);
            for line in &mut lines {
                line.region = regions.len();
                line.left = region.left;
                line.right = region.right;
            }
            regions.push(lines);
        }
        let aside = std::mem::take(&mut page.turned);
        if !aside.is_empty() {
            turned.extend(set_aside(aside, number));
            warnings.push(Warning {
                code: "TURNED_TEXT".to_owned(),
                message: "Text at an angle to the rest stands in blocks of its own behind the page.".to_owned(),
                page: u32::try_from(number + 1).ok(),
            });
        }
    }
    let all: Vec<Line> = regions.iter().flatten().cloned().collect();
    let metrics = Metrics::of(&all);
    let links = pages.iter_mut().map(|page| std::mem::take(&mut page.links)).collect();
    let mut marks: Vec<Vec<String>> = vec![Vec::new(); pages.len()];
    for lines in &regions {
        if let Some(first) = lines.first() {
            marks[first.page].extend(notes::references(lines));
        }
    }
    let mut items = Vec::new();
    let mut notes = Vec::new();
    for mut lines in regions {
        let Some(page) = lines.first().map(|line| line.page) else { continue };
        let rules = &pages[page].rules;
        notes.extend(notes::take(&mut lines, &metrics, rules, &marks[page]));
        with_tables(lines, rules, &mut items);
    }
    let mut drafts = paragraphs::group(items, &metrics);
    insert_behind(&mut drafts, notes);
    insert_behind(&mut drafts, turned);
    Laid { drafts, metrics, lines: all, links }
}

fn with_tables(lines: Vec<Line>, rules: &[Rule], items: &mut Vec<Item>) {
    let mut found = tables::find(&lines, rules).into_iter().peekable();
    let mut skip = 0;
    for (at, line) in lines.into_iter().enumerate() {
        if let Some(table) = found.next_if(|table| table.from == at) {
            skip = table.to;
            let text = table.rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
            let confidence = if table.ruled { 0.95 } else { 0.8 };
            let kind = BlockKind::Table { rows: table.rows, header_rows: table.header_rows };
            items.push(Item::Whole(Box::new(Draft::ready(kind, text, line.page, confidence))));
        }
        if at >= skip {
            items.push(Item::Line(line));
        }
    }
}

/// Parts the labels of figures, which stand in forms, from the page's text; a page that is one form has no figures.
fn figures(runs: Vec<page::Run>) -> (Vec<page::Run>, Vec<page::Run>) {
    let count = |form: bool| runs.iter().filter(|run| run.form == form).map(|run| run.text.len()).sum::<usize>();
    let (inside, outside) = (count(true), count(false));
    if inside == 0 || inside > outside {
        return (Vec::new(), runs);
    }
    runs.into_iter().partition(|run| run.form)
}

/// Text at an angle, line by line for each angle.
fn set_aside(runs: Vec<page::Run>, number: usize) -> Vec<Draft> {
    let mut out = Vec::new();
    for turn in 0..4u8 {
        let here: Vec<page::Run> = runs.iter().filter(|run| run.turn == turn).cloned().collect();
        for line in lines::lines(here, number) {
            let mut draft = Draft::new(BlockKind::Figure, line, 9.0);
            draft.confidence = 0.5;
            out.push(draft);
        }
    }
    out
}

/// Puts each of `more` behind the last draft that begins on its page or before.
fn insert_behind(drafts: &mut Vec<Draft>, more: Vec<Draft>) {
    if more.is_empty() {
        return;
    }
    let mut out: Vec<Draft> = Vec::with_capacity(drafts.len() + more.len());
    let mut more = more.into_iter().peekable();
    for draft in drafts.drain(..) {
        while let Some(note) = more.next_if(|note| note.page < draft.page) {
            out.push(note);
        }
        out.push(draft);
    }
    out.extend(more);
    *drafts = out;
}
