//! The styles, one file each: what is asked of a plan, and how a section is written.

pub(super) mod briefing;
pub(super) mod dialogue;
pub(super) mod lesson;
pub(super) mod narration;
