//! Records as callers see them.

use lectern_core::Failure;
use lectern_core::keys::ObjectKind;
use lectern_proto::v1::{self as api, DocumentView, ErasedItems, erased_items::Kind};
use lectern_proto::{convert, names};
use lectern_store::Versioned;

use crate::domain::{Document, Receipt, Upload};

/// The kinds of objects, in the order of the API.
const OBJECTS: [ObjectKind; 11] = [
    ObjectKind::Source,
    ObjectKind::Content,
    ObjectKind::Plan,
    ObjectKind::Section,
    ObjectKind::Segment,
    ObjectKind::Track,
    ObjectKind::Artifact,
    ObjectKind::Other,
    ObjectKind::Answer,
    ObjectKind::Edits,
    ObjectKind::Lexicon,
];

/// How much of a document is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Without what may be long: the outline and the warnings.
    Basic,
    /// All of it.
    Full,
}

impl View {
    /// The view that a request asks for; `usual` where it says nothing.
    pub fn of(view: i32, usual: Self) -> Result<Self, Failure> {
        match DocumentView::try_from(view) {
            Ok(DocumentView::Unspecified) => Ok(usual),
            Ok(DocumentView::Basic) => Ok(Self::Basic),
            Ok(DocumentView::Full) => Ok(Self::Full),
            Err(_) => {
                let message = "view is none that this version knows; use DOCUMENT_VIEW_BASIC or DOCUMENT_VIEW_FULL";
                Err(Failure::invalid("view", message))
            }
        }
    }

    /// The purpose of a page token: that of one view does not go on in another.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Basic => "ListDocuments view=BASIC",
            Self::Full => "ListDocuments view=FULL",
        }
    }

    /// Documents on a page at most, so that it fits a message: a record has up to 64 KB, most of
    /// which is what BASIC leaves out.
    pub const fn most(self) -> usize {
        match self {
            Self::Basic => 1_000,
            Self::Full => 20,
        }
    }
}

/// A document.
pub(super) fn document(document: &Versioned<Document>, view: View) -> api::Document {
    let d = &document.record;
    let whole = match view {
        View::Basic => false,
        View::Full => true,
    };
    let headings = d.outline.iter().filter(|_| whole).map(|heading| api::Heading {
        level: heading.level.into(),
        text: heading.text.clone(),
        page: heading.page.map(convert::number),
    });
    api::Document {
        name: names::of_document(&d.id),
        display_name: d.display_name.clone(),
        language_code: d.language.clone(),
        title: d.title.clone(),
        mime_type: d.media_type.clone(),
        size_bytes: long(d.size),
        sha256: d.sha256.to_string(),
        page_count: d.pages.map(convert::number),
        word_count: long(d.words),
        outline: headings.collect(),
        warnings: d.warnings.iter().filter(|_| whole).cloned().collect(),
        create_time: Some(convert::time(d.created)),
        etag: document.revision.0.to_string(),
        revises: d.revises.as_ref().map(names::of_document).unwrap_or_default(),
        first_revision: first_revision(d),
    }
}

/// An upload.
pub(super) fn upload(upload: &Upload) -> api::Upload {
    api::Upload {
        name: names::of_upload(&upload.upload_id),
        committed_bytes: long(upload.committed()),
        size_bytes: upload.size.map(long),
        document: upload.document.as_ref().map(names::of_document).unwrap_or_default(),
        expire_time: upload.due_at.map(convert::time),
    }
}

/// The document that the revisions of this one began with: a scope has its name.
fn first_revision(document: &Document) -> String {
    format!("documents/{}", document.scope)
}

/// The receipt of a document that was erased as one of so many of its scope. What a sweep is just
/// deleting is not in it.
pub(super) fn erasure(tombstone: &Document, documents: u64) -> api::Erasure {
    let none = Receipt::default();
    let receipt = tombstone.receipt.as_ref().unwrap_or(&none);
    let objects = OBJECTS.into_iter().filter_map(|object| {
        let of = |counts: &crate::domain::erasure::Counts| long(counts.get(&object).copied().unwrap_or(0));
        let (first_sweep_count, second_sweep_count) = (of(&receipt.first.deleted), of(&receipt.second.deleted));
        let any = first_sweep_count > 0 || second_sweep_count > 0;
        any.then(|| ErasedItems { kind: kind(object).into(), first_sweep_count, second_sweep_count })
    });
    // The record of the first document is cleared in the same write that makes the receipt.
    let first_sweep_count = long(documents);
    let record = ErasedItems { kind: Kind::DocumentRecord.into(), first_sweep_count, second_sweep_count: 0 };
    api::Erasure {
        name: names::of_erasure(&tombstone.id),
        create_time: tombstone.erased.map(convert::time),
        items: objects.chain([record]).collect(),
        first_sweep_time: receipt.first.at.map(convert::time),
        second_sweep_time: receipt.second.at.map(convert::time),
        first_revision: first_revision(tombstone),
    }
}

const fn kind(object: ObjectKind) -> Kind {
    match object {
        ObjectKind::Source => Kind::SourceObject,
        ObjectKind::Content => Kind::ContentObject,
        ObjectKind::Plan => Kind::PlanObject,
        ObjectKind::Section => Kind::SectionObject,
        ObjectKind::Segment => Kind::SegmentObject,
        ObjectKind::Track => Kind::TrackObject,
        ObjectKind::Artifact => Kind::ArtifactObject,
        ObjectKind::Other => Kind::OtherObject,
        ObjectKind::Answer => Kind::AnswerObject,
        ObjectKind::Edits => Kind::EditsObject,
        ObjectKind::Lexicon => Kind::LexiconObject,
    }
}

/// A number as the wire has it.
pub(super) fn long(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
