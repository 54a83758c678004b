//! `ReadTrack` of a section that is being recorded: each segment as soon as it is put, where the
//! whole track will have it. So a section is heard from its first sentence on, and not when its
//! last one is spoken ([ADR 0033](../../../../docs/adr/0033-listening-begins-with-a-segment.md)).
//!
//! A section that is recorded again, by a retry, is heard so too: of its old track a segment may be
//! lost, and is waited for.

use std::sync::Arc;

use async_stream::try_stream;
use futures::Stream;
use lectern_blob::Objects;
use lectern_core::content::script::Section;
use lectern_core::content::timeline::{SegmentRef, Track};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::tts::v1::ReadTrackResponse;

use super::track;
use crate::blocking::blocking;
use crate::timeline::track::{Placing, Recorded};
use crate::work::segments::Segments;
use crate::work::spoken::SpokenKeys;

/// A section that a step records, or will record.
#[derive(Debug)]
pub(super) struct Growing {
    /// What is said in it.
    pub section: Section,
    /// Where its segments will be.
    pub names: SpokenKeys,
    /// Where its track will be.
    pub track_key: Digest,
    /// Reads the segments.
    pub segments: Segments,
    /// Where all of that lies.
    pub objects: Objects,
}

impl Growing {
    /// The messages of the section from its sample `first` on, each as soon as it is known. How
    /// long a segment is says the segment itself, so those before that sample are read too.
    ///
    /// At its end the track is waited for, which the step puts after the last segment: it says that
    /// what was heard is the section.
    pub(super) fn stream(self, first: u64) -> impl Stream<Item = Result<ReadTrackResponse, Failure>> + Send {
        try_stream! {
            let Self { section, names, track_key, segments, objects } = self;
            let (section, names) = (Arc::new(section), Arc::new(names));
            let mut so_far: Option<Placing> = None;
            let mut placed: Vec<SegmentRef> = Vec::with_capacity(section.utterances.len());
            let path = objects.folder().track(&track_key);
            let before: Option<Track> = objects.find_json(&path).await?;
            for (at, utterance) in section.utterances.iter().enumerate() {
                // What an earlier run recorded goes first: if nothing of it is lost, its track
                // stays.
                let recorded = before.as_ref().and_then(|track| track.segments.get(at)).map(|place| place.key);
                let (named, names) = (Arc::clone(&section), Arc::clone(&names));
                // Each entry of the lexicon is looked for in the sentence.
                let keys = blocking(move || names.of(&named.utterances[at])).await?;
                let mut keys: Vec<Digest> = keys.all().collect();
                keys.sort_by_key(|key| Some(*key) != recorded);
                let (key, segment) = segments.follow(&objects, &keys).await?;
                let rate = segment.sample_rate;
                if so_far.is_none() {
                    for message in track::beginning(section.index, &section.title, rate, first) {
                        yield message;
                    }
                }
                let so_far = so_far.get_or_insert_with(|| Placing::new(&section, rate));
                let place = so_far.place(utterance, Recorded::new(key, &segment));
                for message in track::heard(&place, &segment, first)? {
                    yield message;
                }
                placed.push(place);
            }
            let recorded: Track = segments.news().follow(&[track_key], || objects.find_json(&path)).await?;
            if recorded.segments != placed {
                Err(made_anew())?;
            }
            track::check(&recorded, first)?;
            if so_far.is_none() {
                for message in track::beginning(section.index, &section.title, recorded.sample_rate, first) {
                    yield message;
                }
            }
            yield track::end(section.index, recorded.samples);
        }
    }
}

/// A segment was lost, or spoken by another voice, between its being heard and its section's being
/// recorded.
fn made_anew() -> Failure {
    let message = "the section was made anew while it was heard; drop the samples that you have of it, and begin it \
                   again";
    Failure::new(Kind::Aborted, Reason::EtagMismatch, message).at("section_etag")
}

#[cfg(test)]
mod tests;
