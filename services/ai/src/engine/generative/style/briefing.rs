//! A briefing: one voice tells the most important things that the document says.
//!
//! Without a length it has a tenth of the document's words, at least 150 and at most 900, as the
//! extractive one has.

use lectern_core::Failure;
use lectern_core::content::script::{Plan, PlannedSection, Section};

use crate::engine::generative::desk::Desk;
use crate::engine::generative::plan::{self, Shape};
use crate::engine::generative::prompt;
use crate::engine::generative::write::{self, Manner};

pub(in crate::engine::generative) const SHAPE: Shape = Shape { one_of: 10, bounds: (150, 900) };

/// The part of its words, in hundredths, that may be bridges and greetings.
const OWN: u32 = 20;

fn manner() -> Manner {
    Manner { what: "a briefing", style: prompt::BRIEFING.trim().to_owned(), cast: Vec::new(), own: OWN, sums_up: false }
}

/// Plans it.
pub(in crate::engine::generative) async fn plan(desk: Desk<'_>) -> Result<Plan, Failure> {
    let ground = plan::ground(&desk).await?;
    let (words, notes) = plan::target(desk.work.order, &ground, SHAPE)?;
    let sections = plan::sections(&desk, &ground, &manner(), words).await?;
    plan::whole(&desk, ground, sections, notes)
}

/// Writes a section of it.
pub(in crate::engine::generative) async fn write(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
) -> Result<Section, Failure> {
    write::section(desk, plan, planned, &manner()).await
}
