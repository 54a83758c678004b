//! What a claim may name without a source: the document, its authors, the section and the cast.

use super::rules::ClaimLanguage;

/// What is known around a claim. Names, numbers and titles in it may be said of any source.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The document's title; empty if it has none.
    pub title: &'a str,
    /// The document's authors.
    pub authors: Vec<&'a str>,
    /// The title of the section to which the claim belongs; empty if it has none.
    pub section: &'a str,
    /// The names of those who speak.
    pub cast: Vec<&'a str>,
    /// The language of claim and sources.
    pub language: ClaimLanguage,
}

impl Context<'_> {
    /// Nothing is known but the language.
    #[must_use]
    pub const fn none(language: ClaimLanguage) -> Self {
        Self { title: "", authors: Vec::new(), section: "", cast: Vec::new(), language }
    }

    /// All of it, a paragraph each.
    pub(super) fn text(&self) -> String {
        let parts = [self.title, self.section].into_iter();
        let parts = parts.chain(self.authors.iter().copied()).chain(self.cast.iter().copied());
        super::text::joined(parts)
    }
}
