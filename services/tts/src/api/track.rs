//! `ReadTrack`: a recorded section from any of its samples on. One that is being recorded is
//! [`super::growing`].

use async_stream::try_stream;
use futures::Stream;
use lectern_blob::Objects;
use lectern_core::content::timeline::{SegmentRef, Track};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::tts::v1::{ReadTrackResponse, read_track_response::Part};
use lectern_proto::{convert, v1 as api};

use super::{audio, pcm};
use crate::audio::breaks;
use crate::audio::segment::SegmentObject;
use crate::work::segments::Segments;

/// Where a request says that it begins.
///
/// # Errors
/// `INVALID_FIELD` where it is negative.
pub(super) fn first(wire: i64) -> Result<u64, Failure> {
    u64::try_from(wire).map_err(|_| Failure::invalid("first_sample", "first_sample is negative; samples count from 0"))
}

/// Whether a track has a sample `first`, or ends before it.
///
/// # Errors
/// `INVALID_FIELD`, OUT_OF_RANGE, where it is past the track's end.
pub(super) fn check(track: &Track, first: u64) -> Result<(), Failure> {
    if first > track.samples {
        let message =
            format!("first_sample is {first}, and the section has {} samples; send at most that", track.samples);
        return Err(Failure::new(Kind::OutOfRange, Reason::InvalidField, message).at("first_sample"));
    }
    Ok(())
}

/// What comes before the samples of a section that is called `title`, of which `first` comes first.
pub(super) fn beginning(index: u32, title: &str, sample_rate: u32, first: u64) -> [ReadTrackResponse; 2] {
    let start = api::SectionStart {
        index: convert::number(index),
        title: convert::title(title),
        first_sample: sample(first),
        // The gateway's to say: it knows the track's key.
        etag: String::new(),
    };
    [Part::Format(pcm(sample_rate)), Part::SectionStart(start)].map(answer)
}

/// What comes after the samples of a section, which has so many.
pub(super) fn end(index: u32, samples: u64) -> ReadTrackResponse {
    answer(Part::SectionEnd(api::SectionEnd { index: convert::number(index), sample_count: sample(samples) }))
}

/// What is heard of a segment at or after the sample `first` of its track, its pause with it, in
/// messages.
///
/// # Errors
/// `OBJECT_DAMAGED` where it is not the segment that the track means.
pub(super) fn heard(
    place: &SegmentRef,
    segment: &SegmentObject,
    first: u64,
) -> Result<Vec<ReadTrackResponse>, Failure> {
    let Some((pause, from)) = rest(place, first) else { return Ok(Vec::new()) };
    let sound = breaks::sound(place, segment)?;
    let pause = vec![0; pause];
    let said = sound.get(from..).unwrap_or_default();
    Ok(audio(&pause).chain(audio(said)).map(|samples| answer(Part::Audio(samples))).collect())
}

fn answer(part: Part) -> ReadTrackResponse {
    ReadTrackResponse { part: Some(part) }
}

fn sample(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The messages of `track` from its sample `first` on. Segments before that are not read; the one
/// that it lies in is read whole, since only a whole segment can be held against its checksum, and
/// it is no longer than a sentence.
pub(super) fn stream(
    track: Track,
    first: u64,
    segments: Segments,
    objects: Objects,
) -> impl Stream<Item = Result<ReadTrackResponse, Failure>> + Send {
    try_stream! {
        for message in beginning(track.index, &track.title, track.sample_rate, first) {
            yield message;
        }
        for place in &track.segments {
            if rest(place, first).is_none() {
                continue;
            }
            let segment = segments.read(&objects, &place.key).await?;
            for message in heard(place, &segment, first)? {
                yield message;
            }
        }
        yield end(track.index, track.samples);
    }
}

/// What of a segment comes at or after the sample `first` of its track: so many samples of the
/// pause before it, and its own from the second number on. None where all of it comes before.
fn rest(place: &SegmentRef, first: u64) -> Option<(usize, usize)> {
    let end = place.start.saturating_add(place.samples);
    let count = |samples: u64| usize::try_from(samples).unwrap_or(usize::MAX);
    (first < end).then(|| {
        let pause = place.start.saturating_sub(first).min(place.pause);
        (count(pause), count(first.saturating_sub(place.start)))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::StreamExt as _;
    use lectern_blob::Blob;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::content::timeline::{SCHEMA, Timing};
    use lectern_core::keys::Secrets;
    use lectern_core::{Digest, SystemClock};
    use lectern_proto::tts::v1::{self as tts, speech_service_server::SpeechService as _};
    use lectern_rpc::{Caller, Role, TenantLimits, failure};
    use tonic::Request;

    use super::*;
    use crate::api::Speech;
    use crate::audio::segment::SegmentObject;
    use crate::engine::Usage;
    use crate::voices::Voices;

    const RATE: u32 = 24_000;

    /// A section of three segments, each of another sample and after another pause, as it is stored
    /// and as it sounds.
    struct Recorded {
        speech: Speech,
        objects: Objects,
        keys: Vec<Digest>,
        sounds: Vec<i16>,
    }

    async fn recorded() -> Recorded {
        let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob), &"acme".parse().unwrap(), &"book".parse().unwrap());
        let (mut sounds, mut segments, mut keys): (Vec<i16>, Vec<SegmentRef>, Vec<Digest>) = Default::default();
        for (utterance, pause, length) in [(0_u32, 100_u64, 40_000_usize), (1, 300, 7), (2, 0, 5_000)] {
            let samples: Vec<i16> = (0..length).map(|at| at as i16 ^ (utterance as i16 + 1)).collect();
            sounds.resize(sounds.len() + pause as usize, 0);
            let (key, start) = (Digest::of(&utterance.to_be_bytes()), sounds.len() as u64);
            sounds.extend(&samples);
            let samples_of = samples.len() as u64;
            let segment = SegmentObject::new(RATE, samples, Vec::new(), Usage::default());
            objects.write(&objects.folder().segment(&key), segment.encode().unwrap()).await.unwrap();
            segments.push(SegmentRef {
                key,
                utterance,
                pause,
                start,
                samples: samples_of,
                words: Vec::new(),
                timing: Timing::Given,
                voice: None,
                breaks: Vec::new(),
            });
            keys.push(key);
        }
        let title = "Öffnung".repeat(100);
        let samples = sounds.len() as u64;
        let track = Track { schema: SCHEMA, index: 4, title, level: 1, sample_rate: RATE, samples, segments };
        objects.write_json(&objects.folder().track(&track_key()), &track).await.unwrap();
        let speech = Speech::new(
            Voices::new(Vec::new()),
            Segments::new(crate::testing::speaker(), 1),
            blob,
            Secrets::one(b"a secret"),
            Arc::new(SystemClock),
        );
        Recorded { speech, objects, keys, sounds }
    }

    fn track_key() -> Digest {
        Digest::of(b"the track")
    }

    impl Recorded {
        /// The messages from `first_sample` on, or the failure that ends them.
        async fn read(&self, first_sample: i64) -> Result<Vec<Part>, Failure> {
            let (scope, track_key) = ("book".to_owned(), track_key().to_string());
            let message = tts::ReadTrackRequest { scope, track_key, first_sample, recording: None };
            let mut request = Request::new(message);
            let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
            let caller = Caller { tenant, role: Role::Service, key_id: "gateway".to_owned(), limits };
            request.extensions_mut().insert(caller);
            let answers = self.speech.read_track(request).await.map_err(|status| failure(&status))?.into_inner();
            let answers: Vec<_> = answers.collect().await;
            let part = |answer: ReadTrackResponse| answer.part.unwrap();
            answers.into_iter().map(|answer| answer.map(part).map_err(|status| failure(&status))).collect()
        }
    }

    #[tokio::test]
    async fn a_track_is_read_from_any_of_its_samples() {
        let recorded = recorded().await;
        let length = recorded.sounds.len();
        // In a pause, at a segment's beginning, inside one, at the last sample, and at the end.
        for first in [0, 50, 100, 101, 30_000, 40_100, 40_250, 40_400, 40_403, 40_407, length - 1, length] {
            let parts = recorded.read(first as i64).await.unwrap();
            let [Part::Format(format), Part::SectionStart(start), audio @ .., Part::SectionEnd(end)] = &parts[..]
            else {
                panic!("from {first}: {} messages", parts.len())
            };
            assert_eq!((format.sample_rate_hertz, format.channel_count), (24_000, 1));
            assert_eq!((start.index, start.first_sample, start.etag.as_str()), (4, first as i64, ""));
            assert_eq!(start.title.chars().count(), convert::TITLE_CHARS);
            assert_eq!((end.index, end.sample_count), (4, length as i64));
            let mut bytes = Vec::new();
            for part in audio {
                let Part::Audio(audio) = part else { panic!("from {first}: {part:?} among the audio") };
                assert!(audio.len() <= 64 * 1024);
                bytes.extend_from_slice(audio);
            }
            let expected: Vec<u8> = recorded.sounds[first..].iter().flat_map(|sample| sample.to_le_bytes()).collect();
            assert!(bytes == expected, "from {first}: {} bytes of {}", bytes.len(), expected.len());
        }
    }

    #[tokio::test]
    async fn a_first_sample_past_the_end_or_below_none_is_refused() {
        let recorded = recorded().await;
        let past = recorded.read(recorded.sounds.len() as i64 + 1).await.unwrap_err();
        assert_eq!((past.kind, past.reason), (Kind::OutOfRange, Reason::InvalidField));
        let below = recorded.read(-1).await.unwrap_err();
        assert_eq!((below.kind, below.reason), (Kind::InvalidArgument, Reason::InvalidField));
        for refused in [past, below] {
            assert_eq!(refused.field.as_deref(), Some("first_sample"));
        }
    }

    #[tokio::test]
    async fn what_comes_before_the_first_sample_is_not_read() {
        let recorded = recorded().await;
        let path = recorded.objects.folder().segment(&recorded.keys[0]);
        assert!(recorded.objects.blob().delete(&path.parse().unwrap()).await.unwrap());
        assert!(recorded.read(40_100).await.is_ok(), "it begins after the segment that is lost");
        assert_eq!(recorded.read(40_099).await.unwrap_err().reason, Reason::ObjectDamaged);
    }
}
