//! The styles of the document's own words, one file each, which owns how the style plans and how it
//! writes. A new one is a file here and a line of [`STYLES`], beside its word in the API.

mod briefing;
mod narration;

use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Order, PlannedSection, Style};
use lectern_core::{Failure, Kind, Reason};

use super::Stop;
use super::measure::{Measure, Part};
use super::outline::Outline;
use super::said::Said;
use super::section::Scene;
use super::select::End;
use crate::speakable::Language;

/// How a style makes a script of a document.
pub(super) trait Rules: Sync {
    /// Which style it is.
    fn style(&self) -> Style;

    /// Plans: the sections, and why each block is in none that is not.
    ///
    /// # Errors
    /// `INVALID_FIELD` where the order contradicts itself, `CANCELLED`.
    fn outline(&self, content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure>;

    /// Writes: what is said of a block of a section.
    ///
    /// # Errors
    /// `CANCELLED`.
    fn block(&self, scene: &Scene<'_>, block: &Block) -> Result<Said, Failure>;

    /// Measures: the parts of a planned section, in the order in which they are heard.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` where a block is not the content's, `CANCELLED`.
    fn parts(&self, measure: &Measure<'_>, section: &PlannedSection) -> Result<Vec<Part>, Failure>;

    /// Ends a planned section with a part of it.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` where a block is not the content's.
    fn end(&self, section: &mut PlannedSection, part: Part, content: &Content) -> Result<End, Failure>;

    /// What it did not find on the pages that an order selects.
    fn nothing_selected(&self) -> &'static str;

    /// Why it makes nothing of a document.
    fn nothing_at_all(&self) -> &'static str;
}

/// All styles.
static STYLES: [&dyn Rules; 2] = [&narration::Narration, &briefing::Briefing];

/// The styles that the document's own words can be said in.
#[must_use]
pub fn styles() -> Vec<Style> {
    STYLES.iter().map(|rules| rules.style()).collect()
}

/// The rules of a style.
///
/// # Errors
/// `STYLE_UNSUPPORTED` for one that takes other words than the document's own.
pub(super) fn of(style: Style) -> Result<&'static dyn Rules, Failure> {
    STYLES.iter().copied().find(|rules| rules.style() == style).ok_or_else(|| {
        let message = format!("a {} takes words of a model; order it of a writer that has one", style.name());
        Failure::new(Kind::InvalidArgument, Reason::StyleUnsupported, message).at("narration.style")
    })
}
