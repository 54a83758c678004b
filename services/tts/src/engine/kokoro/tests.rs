use super::*;
use crate::engine::{Speed, verify};

const ENGLISH: &str = "The quick brown fox jumps over the lazy dog, and nobody saw it happen.";
const SPANISH: &str = "El perro del señor Ibáñez duerme en la calle, y nadie lo ha visto pasar.";

fn id(voice: &str) -> String {
    voice_id(NAME, voice)
}

#[test]
fn voices_are_listed_by_their_languages_before_anything_is_read() {
    let kokoro = Kokoro::named("choir", KokoroDir::new("/nowhere"));
    let voices = kokoro.voices();
    assert_eq!((voices.len(), voices[0].id.as_str()), (31, "engines/choir/voices/af_heart"));
    let speaking = |language: &str| voices.iter().filter(|voice| voice.speaks(language)).count();
    assert_eq!((speaking("en"), speaking("es"), speaking("fr")), (28, 3, 0));
    assert!(voices.iter().all(|voice| voice.version == "3.6e742170" && voice.gain_db.is_none()));
}

#[test]
fn voices_that_are_not_installed_are_told_with_what_to_do() {
    let kokoro = Kokoro::named(NAME, KokoroDir::new("/nowhere"));
    let request = SegmentRequest::new(ENGLISH, id("af_heart"), Speed::NORMAL);
    for failure in [kokoro.ready().unwrap_err(), kokoro.synthesize(&request).unwrap_err()] {
        assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        assert!(failure.message.contains("lectern voice fetch kokoro"), "{failure}");
    }
    let nobody = SegmentRequest::new(ENGLISH, id("nobody"), Speed::NORMAL);
    assert_eq!(kokoro.synthesize(&nobody).unwrap_err().reason, Reason::VoiceUnknown);
}

#[test]
fn the_style_is_that_of_the_count_of_phonemes_and_another_one_for_another_attempt() {
    #[allow(clippy::cast_precision_loss, reason = "counts under 510")]
    let styles: Vec<f32> = (0..STYLES).flat_map(|row| vec![row as f32; STYLE]).collect();
    for (phonemes, attempt, row) in [(1, 0, 0.0), (31, 0, 30.0), (31, 2, 32.0), (0, 0, 0.0), (600, u32::MAX, 509.0)] {
        let style = style(&styles, phonemes, attempt);
        assert_eq!((style.len(), style[0]), (STYLE, row), "{phonemes} {attempt}");
    }
    assert!(style(&[], 3, 0).is_empty());
}

/// The real voices, from the folder that `cargo xtask voice kokoro` fills.
#[allow(clippy::disallowed_methods, reason = "a test asks its environment where the voices lie")]
fn installed() -> Kokoro {
    let home = || std::path::PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/lectern/voice");
    let voice = std::env::var_os("LECTERN_VOICE_DIR").map_or_else(home, Into::into);
    let dir = std::env::var_os("LECTERN_KOKORO_DIR").map_or_else(|| voice.join(NAME), Into::into);
    let kokoro = Kokoro::named(NAME, KokoroDir::new(dir));
    if let Err(failure) = kokoro.files.dir.check() {
        panic!("this test needs Kokoro: {failure}");
    }
    kokoro
}

fn say(kokoro: &Kokoro, voice: &str, text: &str) -> Speech {
    let request = SegmentRequest::new(text, id(voice), Speed::NORMAL);
    let speech = kokoro.synthesize(&request).unwrap();
    assert_eq!(verify::check(&request, &kokoro.voice(&request.voice).unwrap(), &speech), Ok(()), "{voice}");
    speech
}

#[test]
#[ignore = "it needs 125 MB of weights: `cargo xtask voice kokoro`"]
fn sentences_are_spoken_with_their_words_in_time_in_each_language() {
    let kokoro = installed();
    for (voice, text) in [("af_heart", ENGLISH), ("bm_george", ENGLISH), ("ef_dora", SPANISH), ("em_alex", SPANISH)] {
        let speech = say(&kokoro, voice, text);
        let words: Vec<&str> = speech.words.iter().map(|word| word.spoken.of(text)).collect();
        assert_eq!(words.join(" "), text.replace([',', '.'], ""), "{voice}");
        assert!(speech.words.windows(2).all(|pair| pair[0].end <= pair[1].start), "{voice}");
    }
}

#[test]
#[ignore = "it needs 125 MB of weights: `cargo xtask voice kokoro`"]
fn equal_requests_sound_equal_and_another_attempt_does_not() {
    let kokoro = installed();
    let first = say(&kokoro, "am_michael", ENGLISH);
    assert!(first == say(&kokoro, "am_michael", ENGLISH));
    assert!(first.samples != say(&kokoro, "af_bella", ENGLISH).samples);
    let again = SegmentRequest { attempt: 1, ..SegmentRequest::new(ENGLISH, id("am_michael"), Speed::NORMAL) };
    assert!(first.samples != kokoro.synthesize(&again).unwrap().samples);
    let fast = SegmentRequest::new(ENGLISH, id("am_michael"), Speed::new(1.5).unwrap());
    assert!(kokoro.synthesize(&fast).unwrap().samples.len() < first.samples.len() * 8 / 10);
}

#[test]
#[ignore = "it needs 125 MB of weights: `cargo xtask voice kokoro`"]
fn words_of_another_voice_are_found_by_the_local_one() {
    use crate::engine::local::VOICE;
    use crate::speaking::aligned;
    use crate::testing::local_voice;
    let reference = local_voice().synthesize(&SegmentRequest::new(ENGLISH, VOICE, Speed::NORMAL)).unwrap();
    let kokoro = installed();
    for voice in ["af_bella", "am_michael", "am_onyx", "bm_george"] {
        let given = say(&kokoro, voice, ENGLISH);
        let found = aligned(&reference, &Speech { words: Vec::new(), ..given.clone() }).unwrap().unwrap();
        let mut errors: Vec<u64> = given
            .words
            .iter()
            .filter_map(|word| found.iter().find(|found| found.spoken == word.spoken).map(|found| (word, found)))
            .map(|(word, found)| word.start.abs_diff(found.start) * 1_000 / u64::from(SAMPLE_RATE))
            .collect();
        errors.sort_unstable();
        assert!(errors.len() > 12 && errors[errors.len() / 2] < 60, "{voice}: {errors:?}");
    }
}
