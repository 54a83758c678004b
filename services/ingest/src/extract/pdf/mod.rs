//! Born-digital PDF to blocks in reading order. It executes nothing, follows no link and stays
//! within the limits that each file names.

mod blocks;
mod content;
mod layout;
mod pipeline;
mod wording;

pub use content::legibility::PAGE_WITHOUT_TEXT;
pub use pipeline::{EXTRACTOR, extract};
