//! A document: a source that was handed in and can be read.

use std::time::Duration;

use lectern_core::content::document::Content;
use lectern_core::content::words;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::erasure::Receipt;

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 3;

/// Headings kept in the record, so that it stays small; the content has all of them.
pub const OUTLINE_LIMIT: usize = 200;

/// After an erasure the scope is deleted once more when the longest lease has passed, for what a
/// step was just putting.
pub const SECOND_SWEEP: Duration = Duration::from_secs(60);

/// A revision whose scope was not looked at again after its record was written is looked at when so
/// long has passed: its process may have died in between.
pub const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);

/// A source that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The folder of object storage of everything that is made from it: that of the document that
    /// it revises, else one of its own. It is named by the first of its revisions.
    pub scope: ScopeId,
    /// The document that it revises; none where it revises none.
    pub revises: Option<DocumentId>,
    /// How often a revision was about to be put into its scope, or had just been, where it is the
    /// first one there. A scope that nobody joined has this document alone.
    pub joined: u64,
    /// Digest of the request that made it, to tell a repeated call from another one.
    pub request: Digest,
    /// A name for people.
    pub display_name: String,
    /// The file's name.
    pub file_name: String,
    /// Its title, found in the source.
    pub title: String,
    /// The sniffed media type.
    pub media_type: String,
    /// Bytes of the source.
    pub size: u64,
    /// Bytes that it adds to what its tenant has stored: none where its source lay in the scope
    /// already.
    pub stored: u64,
    /// SHA-256 of the source.
    pub sha256: Digest,
    /// Pages; none for sources without.
    pub pages: Option<u32>,
    /// Words.
    pub words: u64,
    /// The main language.
    pub language: String,
    /// Whether the caller set it; else it was found out.
    pub language_set: bool,
    /// The first [`OUTLINE_LIMIT`] headings.
    pub outline: Vec<Heading>,
    /// What the caller should know about the extraction.
    pub warnings: Vec<String>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it was erased: what is left is a tombstone.
    pub erased: Option<Timestamp>,
    /// What its erasure deleted; none while it is not erased. All revisions have one receipt, in
    /// the record of the first.
    pub receipt: Option<Receipt>,
    /// When the scope of an erased document is deleted once more, or when it is looked at whether
    /// the scope of a new revision is still there.
    pub due_at: Option<Timestamp>,
}

/// One heading of an outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text, at most 200 characters.
    pub text: String,
    /// The page it stands on; none without pages.
    pub page: Option<u32>,
}

impl Document {
    /// Takes in what was found in the source.
    pub fn describe(&mut self, content: &Content) {
        let clip = |text: &str| text.chars().take(200).collect::<String>();
        self.title = clip(content.title.as_deref().unwrap_or_default());
        self.media_type.clone_from(&content.media_type);
        self.pages = content.pages;
        self.words = content.blocks.iter().map(|block| u64::from(words(&block.text))).sum();
        if !self.language_set {
            self.language.clone_from(&content.language);
        }
        let headings = content.blocks.iter().filter_map(|block| {
            let level = block.kind.heading_level()?;
            Some(Heading { level, text: clip(&block.text), page: block.page })
        });
        self.outline = headings.take(OUTLINE_LIMIT).collect();
        self.warnings = content.warnings.iter().take(20).map(|warning| clip(&warning.message)).collect();
    }

    /// Whether its scope is another document's, of which it is a revision.
    #[must_use]
    pub fn shares_scope(&self) -> bool {
        self.id.as_str() != self.scope.as_str()
    }

    /// The language that the caller set; empty where it was found out.
    #[must_use]
    pub fn set_language(&self) -> &str {
        if self.language_set { &self.language } else { "" }
    }

    /// Leaves a tombstone: the id and whose it was, nothing of what it said, and for the first of
    /// its revisions the receipt of what will be deleted.
    pub fn erase(&mut self, now: Timestamp) {
        self.display_name.clear();
        self.file_name.clear();
        self.title.clear();
        self.outline.clear();
        self.warnings.clear();
        self.erased = Some(now);
        let first = !self.shares_scope();
        self.receipt = first.then(Receipt::default);
        self.due_at = first.then(|| now.plus(SECOND_SWEEP));
    }

    /// Has the scope of an erased document deleted once more, since something was put there late;
    /// whether it is erased.
    pub fn sweep_late(&mut self, now: Timestamp) -> bool {
        if self.erased.is_none() {
            return false;
        }
        self.receipt.get_or_insert_with(Receipt::default).expect_another();
        self.due_at = Some(now.plus(SECOND_SWEEP));
        true
    }
}
