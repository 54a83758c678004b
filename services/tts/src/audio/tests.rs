//! Recordings joined from segments: exact, equal each time, as loud as promised, in every format.

use std::io::{Read, Seek, SeekFrom};

use lectern_core::content::timeline::{SegmentRef, Timing};
use lectern_core::{Digest, OutputFormat};
use proptest::prelude::*;

use super::encode::{Spec, available, encoder};
use super::join::{Gain, Join, Measured};
use super::master::master;
use super::segment::SegmentObject;
use super::{PEAK_DBTP, TARGET_LUFS};
use crate::engine::{Compute, SegmentRequest, Speed, Usage, local, tone, verify};
use crate::testing::local_voice;

const RATE: u32 = 24_000;

/// What the voices' gains are calibrated on: sentences of unlike length and kind, with the pause
/// before each in milliseconds.
const CALIBRATION: &[(u32, &str)] = &[
    (0, "Chapter three. The river and the mill."),
    (
        600,
        "For most of its length the river is slow and brown, and the boats that carry grain move no faster than a walking horse.",
    ),
    (300, "Nobody hurries here."),
    (300, "Why should they?"),
    (
        600,
        "The first mill was built in seventeen eighty-four, on the left bank, where the water falls about three metres over a shelf of hard limestone.",
    ),
    (300, "It ground wheat, barley and, in bad years, acorns."),
    (600, "Table two lists the harvest, the price of flour and the wages that were paid."),
    (400, "Eighteen oh one: four hundred and twelve tonnes, nine shillings, eleven pence a day."),
    (1200, "What changed."),
    (500, "Steam changed it; the mill could run in summer, when the river was low, and in winter, when it froze."),
    (
        300,
        "The owner wrote to his brother that he had never slept so badly, because for the first time in forty years the wheel did not stop at night.",
    ),
    (600, "In short, three things mattered: water, coal, and the people who were willing to work by lamplight."),
];

fn place(segment: &SegmentObject, pause: u64, start: u64) -> SegmentRef {
    let key = Digest::of(&[]);
    SegmentRef {
        key,
        utterance: 0,
        pause,
        start,
        samples: segment.samples.len() as u64,
        words: Vec::new(),
        timing: Timing::Given,
        voice: None,
        breaks: Vec::new(),
    }
}

fn join(segments: &[(u64, SegmentObject)], gain: Gain, formats: &[(OutputFormat, &std::fs::File)]) -> Measured {
    let spec = Spec::plain(RATE, "A title — “quoted”");
    let encoders = formats.iter().map(|(format, file)| encoder(*format, file.try_clone().unwrap(), &spec).unwrap());
    let mut join = Join::new(RATE, gain, encoders.collect()).unwrap();
    for (pause, segment) in segments {
        let place = place(segment, *pause, join.samples() + pause);
        join.segment(&place, segment).unwrap();
    }
    join.finish().unwrap()
}

fn narrate(engine: &dyn Compute, voice: &str) -> Vec<(u64, SegmentObject)> {
    let voice = engine.voice(voice).unwrap();
    let segment = |text: &str| {
        let request = SegmentRequest::new(text, &voice.id, Speed::NORMAL);
        let speech = engine.synthesize(&request).unwrap();
        assert_eq!(verify::check(&request, &voice, &speech), Ok(()), "{text}");
        let mastered = master(&speech, f64::from(voice.gain_db.unwrap())).unwrap();
        SegmentObject::new(speech.sample_rate, mastered.samples, mastered.words, speech.usage)
    };
    CALIBRATION.iter().map(|(pause, text)| (u64::from(*pause) * u64::from(RATE) / 1000, segment(text))).collect()
}

fn plain(samples: Vec<i16>) -> SegmentObject {
    SegmentObject::new(RATE, samples, Vec::new(), Usage::default())
}

#[test]
fn a_narration_by_the_local_voice_is_as_loud_as_promised() {
    let voice = local_voice();
    let segments = narrate(&voice, local::VOICE);
    let measured = join(&segments, Gain::NONE, &[]);
    let (loudness, peak) = (measured.loudness.unwrap(), measured.true_peak.unwrap());
    // Tighter than the promise: this is where a gain that no longer fits its voice is noticed.
    assert!((loudness - TARGET_LUFS).abs() <= 0.2, "calibrate the voice's gain: {loudness} LUFS, {peak} dBTP");
    assert!(peak <= PEAK_DBTP, "{peak} dBTP");
    assert_eq!(measured.correction(), None);
    // Each sentence alone is near the whole: no jumps between them.
    for ((_, text), segment) in CALIBRATION.iter().zip(segments) {
        let alone = join(&[segment], Gain::NONE, &[]).loudness.unwrap();
        assert!((alone - TARGET_LUFS).abs() <= 3.0, "{text}: {alone}");
    }
}

#[test]
fn a_narration_joins_to_the_same_samples_every_time() {
    let voice = local_voice();
    let first = join(&narrate(&voice, local::VOICE), Gain::NONE, &[]);
    let again = join(&narrate(&local_voice(), local::VOICE), Gain::NONE, &[]);
    assert_eq!(first, again);
}

#[test]
fn joins_are_exact_to_the_sample() {
    let segments = [(100, plain(vec![1000; 50])), (0, plain(vec![-7; 3])), (9000, plain(vec![5; 10_000]))];
    let measured = join(&segments, Gain::NONE, &[]);
    let mut expected: Vec<i16> = vec![0; 100];
    expected.extend([1000; 50].iter().chain(&[-7; 3]).chain(&[0; 9000]).chain(&[5; 10_000]));
    let bytes: Vec<u8> = expected.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!((measured.samples, measured.pcm_digest), (expected.len() as u64, Digest::of(&bytes)));
}

#[test]
fn a_segment_of_another_length_than_its_track_says_is_refused() {
    let mut join = Join::new(RATE, Gain::NONE, Vec::new()).unwrap();
    let segment = plain(vec![1; 10]);
    let wrong = SegmentRef { samples: 11, ..place(&segment, 0, 0) };
    assert_eq!(join.segment(&wrong, &segment).unwrap_err().reason, lectern_core::Reason::ObjectDamaged);
}

#[test]
fn a_recording_off_the_target_is_corrected_by_one_gain() {
    let engine = tone::ToneEngine::new();
    let loud = narrate(&engine, tone::VOICE);
    for (factor, reachable) in [(0.1, true), (0.25, true), (1.0, true), (4.0, true)] {
        let scale = |sample: &i16| (f64::from(*sample) * factor).clamp(-32_768.0, 32_767.0) as i16;
        let segments: Vec<_> =
            loud.iter().map(|(pause, segment)| (*pause, plain(segment.samples.iter().map(scale).collect()))).collect();
        let before = join(&segments, Gain::NONE, &[]);
        let after = before.correction().map_or(before, |gain| join(&segments, gain, &[]));
        let near = (after.loudness.unwrap() - TARGET_LUFS).abs() <= 1.0;
        assert_eq!(near, reachable, "{factor}: {before:?} {after:?}");
        assert!(after.true_peak.unwrap() <= PEAK_DBTP, "{factor}: {after:?}");
    }
    // Nothing to measure, nothing to correct.
    let silence = join(&[(RATE.into(), plain(Vec::new()))], Gain::NONE, &[]);
    assert_eq!((silence.loudness, silence.true_peak, silence.correction()), (None, None, None));
}

#[test]
fn mp3_is_written_where_ffmpeg_is_installed_and_refused_by_name_where_not() {
    let Err(refusal) = available(OutputFormat::Mp3) else {
        let file = tempfile::tempfile().unwrap();
        let measured = join(&narrate(&tone::ToneEngine::new(), tone::VOICE), Gain::NONE, &[(OutputFormat::Mp3, &file)]);
        let bytes = contents(&file);
        let seconds = bytes.len() as f64 * 8.0 / 64_000.0;
        assert!(bytes.starts_with(b"ID3"));
        assert!((seconds - measured.samples as f64 / f64::from(RATE)).abs() < 1.0, "{seconds}");
        return;
    };
    assert!(refusal.message.contains("package `ffmpeg`"), "{refusal}");
}

fn contents(mut file: &std::fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Joins `segments` into a WAV and a FLAC file and reads both back.
fn assert_lossless(segments: &[(u64, SegmentObject)]) {
    let (wav, flac) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let measured = join(segments, Gain::NONE, &[(OutputFormat::Wav, &wav), (OutputFormat::Flac, &flac)]);
    let digest =
        |samples: &[i16]| Digest::of(&samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>());
    let bytes = contents(&wav);
    let mut reader = hound::WavReader::new(&bytes[..]).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (RATE, 1));
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().unwrap();
    assert_eq!(digest(&samples), measured.pcm_digest);
    if measured.samples > 0 {
        let bytes = contents(&flac);
        let mut reader = claxon::FlacReader::new(&bytes[..]).unwrap();
        assert_eq!(reader.streaminfo().samples, Some(measured.samples));
        let samples: Vec<i16> = reader.samples().map(|sample| i16::try_from(sample.unwrap()).unwrap()).collect();
        assert_eq!(digest(&samples), measured.pcm_digest);
    }
}

#[test]
fn lossless_files_may_end_anywhere_in_a_block() {
    for count in [0, 1, 2, 15, 16, 31, 32, 33, 4095, 4096, 4097, 4100, 8200] {
        assert_lossless(&[(0, plain((0..count).map(|i| (i * 7919 % 20_011) as i16 - 10_000).collect()))]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn lossless_files_hold_every_sample(
        pieces in proptest::collection::vec((0_u64..6000, proptest::collection::vec(any::<i16>(), 0..6000)), 0..4),
    ) {
        let segments: Vec<_> = pieces.into_iter().map(|(pause, samples)| (pause, plain(samples))).collect();
        assert_lossless(&segments);
    }
}
