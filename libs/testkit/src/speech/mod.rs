//! What is written and how it is said, a table a language, and the texts around each case in which
//! it is to be said alike: what the rules of the ai service are tested and measured with.
//!
//! Nothing here knows the rules, and no code is shared with them.

mod carriers;
mod cases;

pub use carriers::{Carriers, carriers, holds};
pub use cases::{Case, FOLDER, LANGUAGES, cases};
