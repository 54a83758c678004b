//! A block as a whole: the way of each kind, to what is said of it.

mod notation;
mod prose;
mod sentence;
mod table;

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{ContentKind, SkipReason};

use self::notation::code_words;
use super::said::Said;
use super::section::Scene;
pub(super) use prose::manner;
pub(super) use sentence::{Text, sentence};

/// What is said of a block.
///
/// # Errors
/// `CANCELLED`.
pub(super) fn of(scene: &Scene<'_>, block: &Block) -> Result<Said, Failure> {
    let language = scene.language;
    Ok(match &block.kind {
        BlockKind::Code { .. } if scene.reads(ContentKind::Code) => notation::code(scene, block),
        BlockKind::Code { .. } => Said::omitted(block, &code_words(block, language), SkipReason::CodeBody, language),
        BlockKind::Table { .. } if super::table::read_out(block, scene.order) => table::read(scene, block),
        BlockKind::Table { .. } => table::omitted(scene, block),
        BlockKind::Formula { latex: true } => notation::formula(scene, block),
        BlockKind::Formula { latex: false } => {
            let said = prose::of(scene, block)?;
            // It is left out as a whole, not letter by letter.
            if said.is_silent() { notation::omitted_formula(scene, block) } else { said }
        }
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::Quote
        | BlockKind::Caption
        | BlockKind::Footnote { .. }
        | BlockKind::Figure
        | BlockKind::Furniture { .. } => prose::of(scene, block)?,
    })
}

/// What of a range lies in none of `holes`, which are in order and apart from each other.
fn outside(range: Range, holes: &[Range]) -> Vec<Range> {
    let mut at = range.start;
    let mut left = Vec::new();
    for hole in holes {
        left.push(Range::new(at, hole.start.min(range.end)));
        at = at.max(hole.end);
    }
    left.push(Range::new(at, range.end));
    left.retain(|part| !part.is_empty());
    left
}
