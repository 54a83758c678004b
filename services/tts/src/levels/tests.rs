use lectern_core::SystemClock;
use lectern_store::memory::{Fault, MemoryStore};

use super::*;
use crate::audio::join::Meter;
use crate::engine::{Speech, Usage};
use crate::testing::a_voice;

const RATE: u32 = 24_000;

/// A sentence of a voice that is as loud as `level`: syllables of a tone that rise and fall.
fn sentence(level: f64, seconds: f64, number: usize) -> Speech {
    let count = (seconds * f64::from(RATE)) as usize;
    let at = |i: usize| {
        let time = i as f64 / f64::from(RATE);
        let syllable = (time * std::f64::consts::PI * 4.0).sin().abs();
        let uneven = 0.7 + 0.3 * ((number * 7 % 5) as f64 / 4.0);
        ((time * 220.0 * std::f64::consts::TAU).sin() * syllable * level * uneven) as f32
    };
    Speech::whole(RATE, (0..count).map(at).collect(), Vec::new(), Usage::default())
}

fn voice(name: &str) -> Voice {
    Voice { gain_db: None, ..a_voice(&format!("engines/cloud/voices/{name}")) }
}

fn store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Arc::new(SystemClock)))
}

fn loudness(segments: &[Mastered]) -> f64 {
    let mut meter = Meter::new(RATE).unwrap();
    segments.iter().for_each(|segment| meter.write(&segment.samples).unwrap());
    meter.finish().unwrap().loudness.unwrap()
}

async fn say(levels: &Levels, voice: &Voice, level: f64, sentences: usize) -> Vec<Mastered> {
    let mut said = Vec::new();
    for number in 0..sentences {
        said.push(levels.master(voice, sentence(level, 2.5, number)).await.unwrap());
    }
    said
}

#[test]
fn the_page_of_the_database_is_that_of_the_records() {
    use lectern_provider::{AttemptRecord, BudgetRecord, CallRecord, ShareRecord};
    use lectern_store::describe;
    let text = [
        describe::<VoiceLevel>(),
        describe::<AttemptRecord>(),
        describe::<BudgetRecord>(),
        describe::<ShareRecord>(),
        describe::<CallRecord>(),
    ]
    .concat();
    lectern_testkit::pages::check_part("reference/database.md", "tts", &text, "the_page_of_the_database");
}

#[tokio::test]
async fn voices_of_unlike_loudness_are_heard_alike_from_the_first_sentence_on() {
    let levels = Levels::new(store());
    let (faint, loud) = (voice("faint"), voice("loud"));
    let faint = say(&levels, &faint, 0.02, 8).await;
    let loud = say(&levels, &loud, 0.8, 8).await;
    for said in [&faint, &loud] {
        assert!((loudness(&said[..1]) - TARGET_LUFS).abs() < 1.0, "the first: {}", loudness(&said[..1]));
        assert!((loudness(said) - TARGET_LUFS).abs() < 0.5, "all: {}", loudness(said));
    }
    assert!((loudness(&faint) - loudness(&loud)).abs() < 1.0);
}

#[tokio::test]
async fn after_a_while_the_gain_is_fixed_for_every_replica() {
    let store = store();
    let levels = Levels::new(Arc::clone(&store) as _).fixed_after(100);
    let one = voice("one");
    say(&levels, &one, 0.1, 7).await;
    let kept = levels.kept.get(&one.pinned()).await.unwrap().unwrap().record;
    let fixed = kept.gain_db.expect("it is fixed");
    assert!((100..130).contains(&kept.heard.count()), "what it says then is not measured");
    let other = Levels::new(store);
    let again = other.master(&one, sentence(0.001, 2.5, 0)).await.unwrap();
    assert_eq!(again, master(&sentence(0.001, 2.5, 0), fixed).unwrap(), "whatever it speaks then");
    let newer = Voice { version: "2".to_owned(), ..one };
    assert!(other.known(&newer.pinned()).await.gain_db.is_none(), "another version is another voice");
}

#[tokio::test]
async fn a_calibrated_voice_is_measured_by_nobody() {
    let levels = Levels::new(store());
    let calibrated = Voice { gain_db: Some(3.0), ..voice("one") };
    let said = levels.master(&calibrated, sentence(0.1, 2.5, 0)).await.unwrap();
    assert_eq!(said, master(&sentence(0.1, 2.5, 0), 3.0).unwrap());
    assert_eq!(levels.kept.get(&calibrated.pinned()).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_spoken_is_not_lost_where_the_database_is_away() {
    let store = store();
    let levels = Levels::new(Arc::clone(&store) as _);
    store.inject(vec![Fault::Unavailable; 100]);
    let said = say(&levels, &voice("one"), 0.1, 2).await;
    assert!((loudness(&said) - TARGET_LUFS).abs() < 1.0);
}

#[tokio::test]
async fn a_word_and_silence_are_mastered() {
    let levels = Levels::new(store());
    let one = voice("one");
    let word = levels.master(&one, sentence(0.1, 0.2, 0)).await.unwrap();
    assert!(!word.samples.is_empty());
    let silence = Speech::whole(RATE, vec![0.0; 5_000], Vec::new(), Usage::default());
    assert!(levels.master(&one, silence).await.unwrap().samples.is_empty());
}
