//! What is taken off the pages and listed.

use lectern_core::content::document::Furniture;

/// A piece of furniture.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The page, from 0.
    pub page: usize,
    /// Whether it stands at the top.
    pub top: bool,
    /// What it is.
    pub furniture: Furniture,
    /// Its text.
    pub text: String,
}
