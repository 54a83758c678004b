//! What groups are beyond headings: captions, quotations, formulas, depth of items, front matter
//! and references.

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::super::assembly::References;
use super::super::layout::metrics::Metrics;
use super::super::wording::contents;
use super::group::Group;

/// A caption is set this much smaller than the text at the most, where it is: half a point of ten.
const SMALLER: f32 = 0.96;
/// From this share of mathematics on, a block is a formula; prose about formulas has less.
const MATHEMATICS: f32 = 0.4;
/// Lines of the longest displayed formula.
const MOST_FORMULA_LINES: usize = 6;
/// Ems by which a quotation is set in from the left and the right edge of its column.
const INSET: (f32, f32) = (1.1, 0.7);
/// Ems by which the left edges of a quotation's lines may differ.
const STRAIGHT: f32 = 0.5;
/// Words of the shortest quotation; less is a label or a line of an address.
const FEWEST_QUOTED: usize = 12;
/// Type smaller than this share of the text's is no quotation.
const SMALLEST_QUOTE: f32 = 0.75;
/// How sure a quotation is: nothing but its edges tells.
const QUOTED: f32 = 0.8;
/// Points by which markers of one depth may stand apart.
const SAME_DEPTH: f32 = 3.0;

/// Settles captions before headings are looked for.
pub fn captions(groups: &mut [Group], metrics: &Metrics) {
    for group in groups.iter_mut().filter(|group| matches!(group.kind, BlockKind::Paragraph)) {
        let text = group.rough();
        let Some(stop) = caption(&text) else { continue };
        let small = group.lines.first().is_some_and(|line| line.size < SMALLER * metrics.body);
        let label_apart = group.lines.first().and_then(|line| line.pieces.first()).is_some_and(|piece| {
            (piece.style.face.bold && !metrics.bold || piece.style.face.italic)
                && piece.text.contains(|char: char| char.is_numeric())
        });
        if stop || small || label_apart {
            group.kind = BlockKind::Caption;
        }
    }
}

/// Whether `text` begins with a caption's label, and whether a stop follows it.
fn caption(text: &str) -> Option<bool> {
    let mut words = text.split_whitespace();
    let first = words.next()?.trim_end_matches('.');
    if !matches!(
        first.to_lowercase().as_str(),
        "figure"
            | "fig"
            | "table"
            | "tab"
            | "listing"
            | "plate"
            | "map"
            | "chart"
            | "scheme"
            | "algorithm"
            | "abbildung"
            | "tabelle"
            | "example"
            | "exhibit"
            | "diagram"
    ) || !first.starts_with(char::is_uppercase)
    {
        return None;
    }
    let label = words.next()?;
    let core = label.trim_end_matches([':', '.', '—', '–']);
    let counted = core.split(['.', '-', '–']).all(|part| {
        !part.is_empty()
            && part.len() <= 4
            && (part.bytes().all(|byte| byte.is_ascii_digit())
                || part.len() == 1
                || crate::clean::running::roman(part).is_some())
            || part.len() <= 4
                && part
                    .trim_end_matches(|char: char| char.is_ascii_lowercase())
                    .bytes()
                    .all(|byte| byte.is_ascii_digit())
    });
    counted.then(|| {
        core.len() < label.len() || words.next().is_some_and(|word| matches!(word, "—" | "–" | "|" | "-" | ":"))
    })
}

/// Settles what depends on headings: quotations, formulas, depth, matter.
pub fn settle(groups: &mut [Group], metrics: &Metrics) {
    depths(groups);
    let mut references = References::default();
    let mut front = false;
    let mut abstracted = false;
    for group in groups.iter_mut() {
        let cited = references.hold(&group.kind, &group.rough());
        match &group.kind {
            BlockKind::Heading { .. } => {
                let text = group.rough();
                front = contents::heading(&text);
                abstracted = text.trim().eq_ignore_ascii_case("abstract");
            }
            BlockKind::Furniture { furniture: Furniture::ContentsEntry } => group.matter = Matter::Front,
            BlockKind::Paragraph => {
                if formula(group) {
                    group.kind = BlockKind::Formula { latex: false };
                } else if !abstracted && !cited && quoted(group, metrics) {
                    group.kind = BlockKind::Quote;
                    group.confidence = QUOTED;
                }
            }
            BlockKind::ListItem { .. }
            | BlockKind::Table { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => {}
        }
        if front && group.matter.is_body() && matches!(group.kind, BlockKind::Heading { .. }) {
            group.matter = Matter::Front;
        }
    }
}

/// Mostly mathematics, and no sentence.
fn formula(group: &Group) -> bool {
    let (mut math, mut all) = (0, 0);
    for piece in group.lines.iter().flat_map(|line| &line.pieces) {
        let count = piece.text.chars().filter(|char| !char.is_whitespace()).count();
        all += count;
        math += if piece.style.face.math { count } else { 0 };
    }
    all > 0 && math as f32 >= MATHEMATICS * all as f32 && group.lines.len() <= MOST_FORMULA_LINES
}

/// Set in from both edges of its column, over more than a line.
fn quoted(group: &Group, metrics: &Metrics) -> bool {
    let em = metrics.body;
    let inset = |line: &super::super::layout::lines::Line| {
        line.x0 - line.left > INSET.0 * em && line.right - line.x1 > INSET.1 * em
    };
    let Some(first) = group.lines.first() else { return false };
    let left = group.lines.iter().map(|line| line.x0).fold(f32::MAX, f32::min);
    // Centred lines begin at many places, quotations at one.
    let straight =
        group.lines.iter().skip(1).filter(|line| line.x0 - left < STRAIGHT * em).count() + 1 >= group.lines.len();
    group.lines.len() >= 2
        && straight
        && group.lines.iter().all(inset)
        && first.size > SMALLEST_QUOTE * em
        && group.rough().split_whitespace().count() >= FEWEST_QUOTED
}

/// Depth of list items, by where their markers stand.
fn depths(groups: &mut [Group]) {
    let mut stack: Vec<f32> = Vec::new();
    let mut region = usize::MAX;
    for group in groups.iter_mut() {
        let Some(first) = group.lines.first() else { continue };
        match &mut group.kind {
            BlockKind::ListItem { depth, .. } if group.depth.is_some() => {
                *depth = group.depth.unwrap_or_default();
                stack.clear();
            }
            BlockKind::ListItem { depth, .. } => {
                if first.region != region {
                    // Another column has other edges: markers keep their distance from the edge.
                    region = first.region;
                }
                let x = first.x0 - first.left;
                while stack.last().is_some_and(|last| *last > x + SAME_DEPTH) {
                    stack.pop();
                }
                if stack.last().is_none_or(|last| *last < x - SAME_DEPTH) {
                    stack.push(x);
                }
                *depth = u8::try_from(stack.len().saturating_sub(1)).unwrap_or(u8::MAX);
            }
            BlockKind::Heading { .. } => stack.clear(),
            BlockKind::Paragraph => {
                // Text at the margin ends the list; text within an item does not.
                if stack.first().is_some_and(|outer| first.x0 - first.left <= *outer + SAME_DEPTH) {
                    stack.clear();
                }
            }
            BlockKind::Table { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => {}
        }
    }
}
