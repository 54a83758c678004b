//! The noun: a document, and the upload that it may come by. Pure: no runtime, no driver, no wire
//! format.

pub mod document;
pub mod erasure;
pub mod file_name;
pub mod limits;
pub mod upload;

pub use document::{Document, Heading};
pub use erasure::{Receipt, Sweep};
pub use limits::SourceLimits;
pub use upload::{Finishing, Part, Upload};
