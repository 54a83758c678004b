//! Pictures of text: pages that were scanned, and photographs of them, read by tesseract in a
//! process of its own.
//!
//! The extraction finds that a source is pictures and says so with `NO_TEXT_LAYER`; [`Recogniser`],
//! which runs in the service and starts processes, then has each page drawn (`pdftoppm`) and
//! recognised (`tesseract`). Both programs run under the limits of every extraction and end when
//! the reading is cancelled. Neither is linked: they are run where the operator installed them, and
//! a source that needs them is refused with the names of their packages where he did not.
//!
//! A PDF in which only some pages are pictures is read as any other, and these pages are recognised
//! afterwards (`mixed`): where a program is missing or a page cannot be read, the page stays listed
//! with the reason, and the rest is not lost.
//!
//! It cannot read: pictures beside text on one page, tables, headings and lists (all text is
//! paragraphs, in the order that tesseract finds), running heads and page numbers (they are
//! spoken), and handwriting.

mod mixed;
mod recogniser;
mod words;

use lectern_core::{Failure, Kind, Reason};

pub use recogniser::{Recogniser, Settings};

/// Refuses a picture: only recognition can read it.
///
/// # Errors
/// `NO_TEXT_LAYER`, always.
pub(super) fn picture<T>(name: &str) -> Result<T, Failure> {
    Err(Failure::new(
        Kind::InvalidArgument,
        Reason::NoTextLayer,
        format!(
            "the source is {name}, and text recognition is off here; recognise its text first, or have it switched on"
        ),
    ))
}
