//! What a record says in the words of its caller and of its plan. They go with the narration, and
//! with the document.

use serde::{Deserialize, Serialize};

use super::request::Labels;

/// The words on a narration, or why there are none any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Texts {
    /// They are there.
    Kept(Kept),
    /// Its caller deleted the narration.
    Deleted,
    /// Its document was erased, and every object with it; its caller may have deleted it since.
    Erased,
}

/// The words on a narration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// A name for people; may be empty.
    pub display_name: String,
    /// The caller's own words on it, by which it is found again.
    pub labels: Labels,
    /// The recording's title; empty before the first plan.
    pub title: String,
    /// What the caller should know about the script.
    pub notes: Vec<String>,
}

impl Texts {
    /// The words, if they are there.
    #[must_use]
    pub const fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Deleted | Self::Erased => None,
        }
    }

    /// Forgets them with the narration, unless they went with its document before.
    pub(super) fn delete(&mut self) {
        if matches!(self, Self::Kept(_)) {
            *self = Self::Deleted;
        }
    }

    /// Takes what a plan says over.
    pub(super) fn planned(&mut self, title: String, notes: Vec<String>) {
        if let Self::Kept(kept) = self {
            (kept.title, kept.notes) = (title, notes);
        }
    }
}
