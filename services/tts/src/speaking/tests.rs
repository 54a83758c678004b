use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use lectern_core::SystemClock;
use lectern_core::content::Range;
use lectern_core::content::timeline::WordTime;
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::engine::tone::{ToneEngine, ToneOutcome, VOICE};
use crate::engine::{Capabilities, End, Speed, Timing, Turn, Unpaid, WordTimes};
use crate::levels::VoiceLevel;
use crate::testing::{a_voice, chosen, on_a_core, only, speaker};

const LONG: &str = "When the water falls, the mill stands still and the miller waits for days.";

fn request(text: &str) -> SegmentRequest {
    SegmentRequest::new(text, VOICE, Speed::NORMAL)
}

async fn speak(choice: &Choice, request: &SegmentRequest) -> Result<SegmentObject, Failure> {
    speak_by(&speaker(), choice, request).await
}

async fn speak_by(speaker: &Speaker, choice: &Choice, request: &SegmentRequest) -> Result<SegmentObject, Failure> {
    let cancel = CancellationToken::new();
    speaker.speak(request, choice, &Speaking { rank: 0, cancel: &cancel, payments: &Unpaid }).await
}

/// Tones as this voice.
fn tones(voice: Voice) -> (Arc<ToneEngine>, Chosen) {
    let engine = Arc::new(ToneEngine::speaking_as(voice));
    let chosen = chosen(on_a_core(&engine));
    (engine, chosen)
}

#[tokio::test]
async fn rejected_speech_is_made_again_and_counted() {
    let engine = Arc::new(ToneEngine::new());
    let choice = only(on_a_core(&engine));
    let request = request("Said at the second attempt.");
    engine.script([ToneOutcome::Silence]);
    let segment = speak(&choice, &request).await.unwrap();
    assert_eq!((engine.calls(), segment.usage.calls), (2, 2));
    assert_eq!((segment.words.len(), segment.timing, &segment.voice), (5, Timing::Given, &None));
    assert_eq!(segment.samples, speak(&choice, &request).await.unwrap().samples);
}

#[tokio::test]
async fn what_is_refused_whole_is_spoken_in_two_parts() {
    let engine = Arc::new(ToneEngine::new());
    let choice = only(on_a_core(&engine));
    engine.script(vec![ToneOutcome::Silence; 3]);
    let segment = speak(&choice, &request(LONG)).await.unwrap();
    assert_eq!((engine.calls(), segment.usage.calls), (5, 5));
    let words: Vec<&str> = segment.words.iter().map(|word| word.spoken.of(LONG)).collect();
    assert_eq!(words.join(" "), LONG);
    assert!(segment.words.windows(2).all(|pair| pair[0].end <= pair[1].start));
}

#[tokio::test]
async fn speech_that_never_passes_is_a_failure_and_never_silence() {
    let engine = Arc::new(ToneEngine::new());
    engine.script(vec![ToneOutcome::Silence; 3]);
    let failure = speak(&only(on_a_core(&engine)), &request("Never heard.")).await.unwrap_err();
    assert_eq!(failure.reason, Reason::SpeechRejected);
    assert!(failure.message.contains("12 characters") && failure.message.contains("silent"), "{failure}");
    assert!(!failure.message.contains("Never heard."), "{failure} is logged, and says what the document says");
    assert_eq!(engine.calls(), 3, "it is too short to be parted");
}

#[tokio::test]
async fn another_voice_speaks_what_one_cannot_where_the_order_allows_it() {
    let (asked, of_asked) = tones(a_voice("engines/one/voices/a"));
    let finnish = Voice { languages: vec!["fi".to_owned()], ..a_voice("engines/two/voices/fi") };
    let (unfit, of_unfit) = tones(finnish);
    let other = Voice { sample_rate: 16_000, ..a_voice("engines/three/voices/b") };
    let (spare, of_spare) = tones(other.clone());
    asked.script(vec![ToneOutcome::Silence; 9]);
    let request = SegmentRequest {
        voice: of_asked.voice.id.clone(),
        language: "en".to_owned(),
        ..request("Said by somebody else.")
    };
    let choice = Choice { others: vec![of_unfit, of_spare], ..Choice::only(of_asked.clone()) };
    let segment = speak(&choice, &request).await.unwrap();
    assert_eq!(segment.voice, Some(other.pinned()));
    assert_eq!(segment.sample_rate, 24_000, "at the rate of the recording");
    assert_eq!((asked.calls(), unfit.calls(), spare.calls()), (3, 0, 1));
    assert_eq!(segment.words.len(), 4);
    let refused = speak(&Choice::only(of_asked), &request).await.unwrap_err();
    assert_eq!(refused.reason, Reason::SpeechRejected, "only where it allows it");
}

#[tokio::test]
async fn an_engine_that_is_out_of_order_is_no_matter_of_another_voice() {
    let (asked, of_asked) = tones(a_voice("engines/one/voices/a"));
    let (spare, of_spare) = tones(a_voice("engines/two/voices/b"));
    let down = Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "out of order");
    asked.script([ToneOutcome::Fail(down.clone())]);
    let request = SegmentRequest { voice: of_asked.voice.id.clone(), ..request("Said later.") };
    let choice = Choice { others: vec![of_spare], ..Choice::only(of_asked) };
    assert_eq!(speak(&choice, &request).await, Err(down));
    assert_eq!((asked.calls(), spare.calls()), (1, 0));
    // One that has no audio for it is, and another one that cannot speak is passed over.
    let nothing = Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, "no audio");
    asked.script(vec![ToneOutcome::Fail(nothing); 3]);
    let missing = Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, "not there");
    spare.script([ToneOutcome::Fail(missing)]);
    assert_eq!(speak(&choice, &request).await.unwrap_err().reason, Reason::SpeechRejected);
    assert_eq!((asked.calls(), spare.calls()), (4, 1));
}

#[tokio::test]
async fn a_text_is_parted_where_a_voice_takes_no_more_bytes() {
    let capabilities = Capabilities { max_bytes: Some(30), ..Capabilities::default() };
    let (engine, chosen) = tones(Voice { capabilities, ..a_voice("engines/small/voices/a") });
    let request = SegmentRequest { voice: chosen.voice.id.clone(), ..request(LONG) };
    let segment = speak(&Choice::only(chosen), &request).await.unwrap();
    assert!(engine.calls() >= 3, "{}", engine.calls());
    let words: Vec<&str> = segment.words.iter().map(|word| word.spoken.of(LONG)).collect();
    assert_eq!(words.join(" "), LONG);
}

#[tokio::test]
async fn nobody_listens_to_what_was_cancelled() {
    let engine = Arc::new(ToneEngine::new());
    let choice = only(on_a_core(&engine));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let speaking = Speaking { rank: 0, cancel: &cancel, payments: &Unpaid };
    let refused = speaker().speak(&request("Never said."), &choice, &speaking).await.unwrap_err();
    assert_eq!((refused.reason, engine.calls()), (Reason::Cancelled, 0));
}

/// Finds every word at once, or nothing.
#[derive(Debug, Default)]
struct Finder {
    words: Mutex<Option<Vec<WordTime>>>,
    asked: AtomicU32,
}

#[async_trait]
impl Aligner for Finder {
    async fn align(&self, _: &SegmentRequest, _: &Speech, _: &Speaking<'_>) -> Result<Option<Vec<WordTime>>, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.words.lock().take() {
            Some(words) => Ok(Some(words)),
            None => Err(Failure::internal("nothing is found")),
        }
    }
}

#[tokio::test]
async fn words_without_times_are_aligned_or_else_estimated() {
    let capabilities = Capabilities { word_times: WordTimes::None, ..Capabilities::default() };
    let (_, chosen) = tones(Voice { capabilities, ..a_voice("engines/mute/voices/a") });
    let finder = Arc::new(Finder::default());
    let speaker = speaker().aligning(Arc::clone(&finder) as _);
    let request = SegmentRequest { voice: chosen.voice.id.clone(), ..request("Three plain words.") };
    let choice = Choice::only(chosen);
    let estimated = speak_by(&speaker, &choice, &request).await.unwrap();
    assert_eq!((estimated.timing, estimated.words.len()), (Timing::Estimated, 3));
    let found = WordTime { spoken: lectern_core::content::Range::new(0, 5), start: 2_000, end: 9_000 };
    *finder.words.lock() = Some(vec![found]);
    let aligned = speak_by(&speaker, &choice, &request).await.unwrap();
    assert_eq!((aligned.timing, aligned.words.len()), (Timing::Aligned, 1));
    let backwards = WordTime { start: 9, end: 3, ..found };
    *finder.words.lock() = Some(vec![backwards]);
    assert_eq!(speak_by(&speaker, &choice, &request).await.unwrap().timing, Timing::Estimated);
    assert_eq!(finder.asked.load(Ordering::SeqCst), 3);
}

/// Hears in which language an engine, and who aligns, are asked for what.
#[derive(Debug)]
struct Overheard {
    engine: Arc<dyn SpeechEngine>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Overheard {
    fn hear(&self, request: &SegmentRequest) {
        self.asked.lock().push((request.language.clone(), request.text.clone()));
    }
}

#[async_trait]
impl SpeechEngine for Overheard {
    fn voices(&self) -> Vec<Voice> {
        self.engine.voices()
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        self.hear(request);
        self.engine.synthesize(request, speaking).await
    }
}

#[async_trait]
impl Aligner for Overheard {
    async fn align(
        &self,
        request: &SegmentRequest,
        _: &Speech,
        _: &Speaking<'_>,
    ) -> Result<Option<Vec<WordTime>>, Failure> {
        self.hear(request);
        Ok(None)
    }
}

#[tokio::test]
async fn who_speaks_in_the_place_of_a_voice_of_one_language_speaks_that_one() {
    let languages = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let german = Voice { languages: languages(&["de-DE"]), ..a_voice("engines/one/voices/de") };
    let (asked, of_asked) = tones(german);
    let (english, of_english) = tones(a_voice("engines/two/voices/en"));
    let capabilities = Capabilities { word_times: WordTimes::None, ..Capabilities::default() };
    let several = Voice { languages: languages(&["en-US", "de"]), capabilities, ..a_voice("engines/three/voices/all") };
    let spare = on_a_core(&Arc::new(ToneEngine::speaking_as(several)));
    let overheard = Arc::new(Overheard { engine: spare, asked: Mutex::default() });
    asked.script(vec![ToneOutcome::Silence; 3]);
    let text = "Wir fragen Siobhán.";
    let spoken = lectern_core::content::Range::new(11, 18);
    let ipa = lectern_core::lexicon::Said { spoken, ipa: "ʃɪˈvɔːn".to_owned(), respelling: String::new() };
    let request = SegmentRequest { voice: of_asked.voice.id.clone(), said: vec![ipa], ..request(text) };
    let choice = Choice { others: vec![of_english, chosen(Arc::clone(&overheard) as _)], ..Choice::only(of_asked) };
    let speaker = speaker().aligning(Arc::clone(&overheard) as _);
    let segment = speak_by(&speaker, &choice, &request).await.unwrap();
    assert_eq!((asked.calls(), english.calls()), (3, 0), "it does not speak German");
    assert_eq!((segment.voice.is_some(), segment.timing), (true, Timing::Estimated));
    let german = ("de-DE".to_owned(), text.to_owned());
    assert_eq!(*overheard.asked.lock(), [german.clone(), german], "nothing of it is spelt as English");
}

/// Ends every speech with a word of its own, until it is asked the third time.
#[derive(Debug)]
struct Breaking(Arc<dyn SpeechEngine>);

#[async_trait]
impl SpeechEngine for Breaking {
    fn voices(&self) -> Vec<Voice> {
        self.0.voices()
    }

    async fn synthesize(&self, request: &SegmentRequest, speaking: &Speaking<'_>) -> Result<Speech, Failure> {
        let speech = self.0.synthesize(request, speaking).await?;
        let end = if request.attempt < 2 { End::Broken("OTHER".to_owned()) } else { End::Whole };
        Ok(Speech { end, ..speech })
    }
}

#[tokio::test]
async fn what_the_engine_itself_does_not_call_whole_is_made_again() {
    let engine = Arc::new(ToneEngine::new());
    let breaking: Arc<dyn SpeechEngine> = Arc::new(Breaking(on_a_core(&engine)));
    let segment = speak(&only(breaking), &request("Whole at last.")).await.unwrap();
    assert_eq!((engine.calls(), segment.usage.calls), (3, 3));
}

#[tokio::test]
async fn a_dialogue_of_voices_that_nobody_calibrated_is_heard_alike() {
    use crate::audio::loudness::Histogram;
    let speaker = speaker();
    let quiet = Voice { gain_db: None, ..a_voice("engines/one/voices/quiet") };
    let (_, other) = tones(Voice { sample_rate: 22_050, gain_db: None, ..a_voice("engines/two/voices/other") });
    let (_, one) = tones(quiet);
    let mut heard = Vec::new();
    for chosen in [one, other] {
        let mut histogram = Histogram::default();
        let choice = Choice::only(chosen);
        for turn in 0..6 {
            let text = format!("This is what is said in turn number {turn}, and somebody answers.");
            let request = SegmentRequest { voice: choice.asked.voice.id.clone(), ..request(&text) };
            let segment = speak_by(&speaker, &choice, &request).await.unwrap();
            let samples: Vec<f32> = segment.samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
            histogram.add(&Histogram::of(&samples, segment.sample_rate).unwrap());
        }
        heard.push(histogram.loudness().unwrap());
    }
    assert!(heard.iter().all(|loudness| (loudness - crate::audio::TARGET_LUFS).abs() < 0.5), "{heard:?}");
}

/// A dialogue of one of two voices and the other, said by the first.
fn dialogue(one: &str, other: &str) -> SegmentRequest {
    let turn = |start, end, voice: &str| Turn { spoken: Range::new(start, end), voice: voice.to_owned() };
    let turns = vec![turn(0, 10, one), turn(11, 25, other)];
    SegmentRequest { turns, ..SegmentRequest::new("Is it far? No, it is not.", one, Speed::NORMAL) }
}

#[tokio::test]
async fn what_two_voices_measure_in_one_request_is_the_level_of_neither() {
    let quiet = |id: &str| Voice { gain_db: None, ..a_voice(id) };
    let (one, other) = (quiet("engines/e/voices/one"), quiet("engines/e/voices/other"));
    let asked = dialogue(&one.id, &other.id);
    let both = together(&asked, &one).unwrap();
    assert_eq!((both.id.as_str(), both.gain_db), ("engines/e/voices/one+other", None));
    assert_eq!(together(&dialogue(&other.id, &one.id), &other), Some(both.clone()), "whoever begins");
    assert_eq!(together(&dialogue(&one.id, &one.id), &one), None, "one voice speaks alone");
    assert_eq!(together(&SegmentRequest { turns: Vec::new(), ..asked.clone() }, &one), None);
    assert_eq!(together(&asked, &other), None, "who speaks in its place speaks alone");

    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    let (_, of_one) = tones(one.clone());
    speak_by(&Speaker::new(Levels::new(Arc::clone(&store))), &Choice::only(of_one), &asked).await.unwrap();
    let levels = Collection::<VoiceLevel>::new(store);
    assert!(levels.get(&both.pinned()).await.unwrap().is_some_and(|level| level.record.heard.count() > 0));
    assert!(levels.get(&one.pinned()).await.unwrap().is_none());
}
