//! What drafts are beyond headings: captions, quotations, formulas, depth of items, front matter and references.

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::layout::metrics::Metrics;
use super::super::wording::contents;
use super::draft::Draft;

/// Settles captions before headings are looked for.
pub fn captions(drafts: &mut [Draft], metrics: &Metrics) {
    for draft in drafts.iter_mut().filter(|draft| matches!(draft.kind, BlockKind::Paragraph)) {
        let text = draft.rough();
        let Some(stop) = caption(&text) else { continue };
        let small = draft.lines.first().is_some_and(|line| line.size < 0.96 * metrics.body);
        let label_apart = draft.lines.first().and_then(|line| line.pieces.first()).is_some_and(|piece| {
            (piece.style.face.bold && !metrics.bold || piece.style.face.italic)
                && piece.text.contains(|char: char| char.is_numeric())
        });
        if stop || small || label_apart {
            draft.kind = BlockKind::Caption;
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
pub fn settle(drafts: &mut [Draft], metrics: &Metrics) {
    depths(drafts);
    let mut references: Option<u8> = None;
    let mut front = false;
    let mut abstracted = false;
    for draft in drafts.iter_mut() {
        match &draft.kind {
            BlockKind::Heading { level } => {
                let level = *level;
                let text = draft.rough();
                if is_references(&text) {
                    references = Some(level);
                } else if references.is_some_and(|open| level <= open) {
                    references = None;
                }
                front = contents::heading(&text);
                abstracted = text.trim().eq_ignore_ascii_case("abstract");
            }
            BlockKind::Furniture { furniture: Furniture::ContentsEntry } => draft.matter = Matter::Front,
            BlockKind::Paragraph => {
                if formula(draft) {
                    draft.kind = BlockKind::Formula { latex: false };
                } else if !abstracted && references.is_none() && quoted(draft, metrics) {
                    draft.kind = BlockKind::Quote;
                    draft.confidence = 0.8;
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
        if references.is_some()
            && draft.matter.is_body()
            && !matches!(draft.kind, BlockKind::Footnote { .. } | BlockKind::Furniture { .. })
        {
            draft.matter = Matter::References;
        }
        if front && draft.matter.is_body() && matches!(draft.kind, BlockKind::Heading { .. }) {
            draft.matter = Matter::Front;
        }
    }
}

fn is_references(text: &str) -> bool {
    let bare = text.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.' || char.is_whitespace());
    matches!(
        bare.trim().to_lowercase().as_str(),
        "references"
            | "bibliography"
            | "literature"
            | "works cited"
            | "literatur"
            | "literaturverzeichnis"
            | "références"
            | "bibliographie"
            | "sources"
            | "literature cited"
            | "references and notes"
    )
}

/// Mostly mathematics, and no sentence.
fn formula(draft: &Draft) -> bool {
    let (mut math, mut all) = (0, 0);
    for piece in draft.lines.iter().flat_map(|line| &line.pieces) {
        let count = piece.text.chars().filter(|char| !char.is_whitespace()).count();
        all += count;
        math += if piece.style.face.math { count } else { 0 };
    }
    all > 0 && math * 10 >= all * 4 && draft.lines.len() <= 6
}

/// Set in from both edges of its column, over more than a line.
fn quoted(draft: &Draft, metrics: &Metrics) -> bool {
    let em = metrics.body;
    let inset =
        |line: &super::super::layout::lines::Line| line.x0 - line.left > 1.1 * em && line.right - line.x1 > 0.7 * em;
    let Some(first) = draft.lines.first() else { return false };
    let left = draft.lines.iter().map(|line| line.x0).fold(f32::MAX, f32::min);
    // Centred lines begin at many places, quotations at one.
    let straight = draft.lines.iter().skip(1).filter(|line| line.x0 - left < 0.5 * em).count() + 1 >= draft.lines.len();
    draft.lines.len() >= 2
        && straight
        && draft.lines.iter().all(inset)
        && first.size > 0.75 * em
        && draft.rough().split_whitespace().count() >= 12
}

/// Depth of list items, by where their markers stand.
fn depths(drafts: &mut [Draft]) {
    let mut stack: Vec<f32> = Vec::new();
    let mut region = usize::MAX;
    for draft in drafts.iter_mut() {
        let Some(first) = draft.lines.first() else { continue };
        match &mut draft.kind {
            BlockKind::ListItem { depth, .. } => {
                if first.region != region {
                    // Another column has other edges: markers keep their distance from the edge.
                    region = first.region;
                }
                let x = first.x0 - first.left;
                while stack.last().is_some_and(|last| *last > x + 3.0) {
                    stack.pop();
                }
                if stack.last().is_none_or(|last| *last < x - 3.0) {
                    stack.push(x);
                }
                *depth = u8::try_from(stack.len().saturating_sub(1)).unwrap_or(u8::MAX);
            }
            BlockKind::Heading { .. } => stack.clear(),
            BlockKind::Paragraph => {
                // Text at the margin ends the list; text within an item does not.
                if stack.first().is_some_and(|outer| first.x0 - first.left <= *outer + 3.0) {
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
