//! Under what a segment is kept, and what is there.

use lectern_blob::Objects;
use lectern_core::{Digest, Failure};

use crate::audio::segment::SegmentObject;

/// What a segment is kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentKeys {
    /// Where the voice that was asked for speaks it.
    pub asked: Digest,
    /// Where another voice does, so that no order finds it which does not allow that; none where
    /// this one does not.
    pub other: Option<Digest>,
}

impl SegmentKeys {
    /// Of a text that one voice alone may speak.
    #[must_use]
    pub const fn only(asked: Digest) -> Self {
        Self { asked, other: None }
    }

    /// Where `segment` is to be kept.
    pub(super) fn of(&self, segment: &SegmentObject) -> Digest {
        if segment.voice.is_some() { self.other.unwrap_or(self.asked) } else { self.asked }
    }

    /// Where it is looked for.
    pub(crate) fn all(&self) -> impl Iterator<Item = Digest> + Send + use<> {
        std::iter::once(self.asked).chain(self.other)
    }
}

/// A segment that is durable, and the key that it is under.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// It was there when it was looked for.
    Found(Digest, SegmentObject),
    /// It was spoken for this.
    Made(Digest, SegmentObject),
}

impl Stored {
    /// The segment, however it came to be there.
    #[must_use]
    pub const fn segment(&self) -> &SegmentObject {
        match self {
            Self::Found(_, segment) | Self::Made(_, segment) => segment,
        }
    }

    /// The key that it is under.
    #[must_use]
    pub const fn key(&self) -> Digest {
        match self {
            Self::Found(key, _) | Self::Made(key, _) => *key,
        }
    }
}

/// The segment under the first of `keys` that has one.
pub(super) async fn look(objects: &Objects, keys: &[Digest]) -> Result<Option<(Digest, SegmentObject)>, Failure> {
    for key in keys {
        let Some(bytes) = objects.find(&objects.folder().segment(key)).await? else { continue };
        return Ok(Some((*key, SegmentObject::decode(&bytes)?)));
    }
    Ok(None)
}
