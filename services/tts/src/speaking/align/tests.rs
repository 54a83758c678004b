use std::sync::Arc;

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::audio::resample::resampled;
use crate::engine::local::{LocalVoice, VOICE, VoiceDir};
use crate::engine::{Compute, Speed, Unpaid};
use crate::testing::{chosen, local_voice, on_cores};

const TEXT: &str = "Before the valve is opened, make sure that the tank is filled with water; otherwise the pump runs \
                    dry, and its seals are destroyed within minutes.";

fn said(factor: f64) -> Speech {
    local_voice().synthesize(&SegmentRequest::new(TEXT, VOICE, Speed::new(factor).unwrap())).unwrap()
}

/// How far off the beginnings and ends of words are, in milliseconds, from the least to the most.
fn errors(found: &[WordTime], given: &Speech) -> Vec<u64> {
    let mut errors = Vec::new();
    for word in &given.words {
        let Some(same) = found.iter().find(|found| found.spoken == word.spoken) else { continue };
        let off = [same.start.abs_diff(word.start), same.end.abs_diff(word.end)];
        errors.extend(off.map(|samples| samples * 1_000 / u64::from(given.sample_rate)));
    }
    errors.sort_unstable();
    errors
}

/// Holds an alignment to the times that the voice gives itself.
fn check(found: Option<Vec<WordTime>>, given: &Speech) {
    let found = found.expect("it is the same text");
    assert!(found.len() * 20 >= given.words.len() * 19, "{} of {} words", found.len(), given.words.len());
    assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start), "{found:?}");
    let errors = errors(&found, given);
    let (median, ninth) = (errors[errors.len() / 2], errors[errors.len() * 9 / 10]);
    assert!(median < 60 && ninth < 120, "median {median} ms, ninth decile {ninth} ms: {errors:?}");
}

#[test]
fn the_local_voice_is_found_in_itself_at_another_tempo() {
    let reference = said(1.0);
    for factor in [0.8, 1.25] {
        let given = said(factor);
        check(aligned(&reference, &Speech { words: Vec::new(), ..given.clone() }).unwrap(), &given);
    }
}

#[test]
fn another_rate_another_level_and_another_pause_do_not_matter() {
    let reference = said(1.0);
    let mut given = said(0.9);
    // A second and a half in which nothing is said, behind the first comma, and half of one before
    // the first word.
    let (comma, pause, before) = (usize::try_from(given.words[4].end).unwrap(), 36_000, 12_000);
    given.samples.splice(comma..comma, vec![0.0; pause]);
    given.samples.splice(0..0, vec![0.0; before]);
    given.samples.iter_mut().for_each(|sample| *sample *= 0.2);
    for (at, word) in given.words.iter_mut().enumerate() {
        let later = (before + if at > 4 { pause } else { 0 }) as u64;
        (word.start, word.end) = (word.start + later, word.end + later);
    }
    let given = resampled(given, 16_000);
    check(aligned(&reference, &given).unwrap(), &given);
}

#[test]
fn what_is_not_there_to_be_aligned_has_no_times() {
    let reference = said(1.0);
    let silent = Speech { samples: Vec::new(), words: Vec::new(), ..reference.clone() };
    assert_eq!(aligned(&silent, &reference).unwrap(), None, "no word is known");
    let minutes = Speech { samples: vec![0.1; 24_000 * 600], words: Vec::new(), ..reference.clone() };
    assert_eq!(aligned(&reference, &minutes).unwrap(), None);
}

#[test]
fn a_word_has_no_pause_in_it() {
    let sounding: Vec<usize> = (50..80).chain(84..90).collect();
    for (word, expected) in [
        ((4_800, 24_000), (12_000, 21_600)),
        ((13_000, 20_000), (13_000, 20_000)),
        ((11_000, 22_000), (11_000, 22_000)),
        ((0, 480), (0, 480)),
        ((19_300, 19_900), (19_300, 19_900)),
    ] {
        assert_eq!(within_sound(word.0, word.1, 240, &sounding), expected, "{word:?}");
    }
    assert_eq!(within_sound(5, 9, 240, &[]), (5, 9));
}

async fn asked(voice: LocalVoice, language: &str) -> Option<Vec<WordTime>> {
    let cores = Cores::new(1);
    let aligner = ByVoice::new(chosen(on_cores(Arc::new(voice), &cores)), cores);
    let request = SegmentRequest {
        language: language.to_owned(),
        ..SegmentRequest::new(TEXT, "engines/elsewhere/voices/x", Speed::NORMAL)
    };
    let cancel = CancellationToken::new();
    let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
    aligner.align(&request, &said(1.1), &speaking).await.unwrap()
}

#[tokio::test]
async fn who_has_the_local_voice_has_its_language_aligned() {
    check(asked(local_voice(), "en-GB").await, &said(1.1));
    assert_eq!(asked(local_voice(), "de").await, None, "it does not speak that");
    let missing = LocalVoice::new(VoiceDir::new(Path::new("/nowhere")));
    assert_eq!(asked(missing, "en").await, None, "nobody is there to ask");
}
