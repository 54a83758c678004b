//! What a style plans, before the order's selection narrows it.

use lectern_core::content::script::{PlanNote, PlannedSection, Skipped};

/// Sections, and what stands in none.
pub(super) struct Outline {
    pub(super) sections: Vec<PlannedSection>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) notes: Vec<PlanNote>,
}
