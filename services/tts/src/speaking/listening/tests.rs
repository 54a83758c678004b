use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use lectern_core::{Kind, Reason};

use super::*;
use crate::audio::segment::SegmentObject;
use crate::config::TranscriptionConfig;
use crate::engine::tone::ToneEngine;
use crate::engine::transcription::ProgramTranscriber;
use crate::engine::{Compute as _, Speed, Unpaid};
use crate::speaking::{Choice, Chosen, Speaker};
use crate::testing::{a_voice, chosen, on_a_core, speaker};

const TEXT: &str = "Nobody hurries here.";
const LONG: &str = "When the water falls, the mill stands still and the miller waits for days.";
const VOICE: &str = "engines/one/voices/a";

/// Hears what it is told to, in this order, and then what was said last: the right text.
#[derive(Debug)]
struct Hears {
    script: Mutex<VecDeque<Result<String, Failure>>>,
    then: &'static str,
    asked: Mutex<Vec<(u32, String)>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Hears {
    fn new(script: impl IntoIterator<Item = Result<&'static str, Failure>>, then: &'static str) -> Arc<Self> {
        let script = script.into_iter().map(|heard| heard.map(str::to_owned)).collect();
        let (asked, now, most) = (Mutex::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { script: Mutex::new(script), then, asked, now, most })
    }

    fn calls(&self) -> usize {
        self.asked.lock().len()
    }
}

#[async_trait]
impl Transcriber for Hears {
    fn understands(&self, language: &str) -> bool {
        !same_language(language, "fi")
    }

    async fn transcribe(&self, samples: &[f32], sample_rate: u32, language: &str) -> Result<String, Failure> {
        assert!(!samples.is_empty());
        self.asked.lock().push((sample_rate, language.to_owned()));
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.script.lock().pop_front().unwrap_or_else(|| Ok(self.then.to_owned()))
    }
}

fn broken() -> Failure {
    Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "it is not there")
}

fn listening(transcriber: &Arc<Hears>) -> Listening {
    Listening::new(Arc::clone(transcriber) as _, 4, 0.5, Cores::new(1))
}

/// Tones as this voice.
fn tones(voice: Voice) -> (Arc<ToneEngine>, Chosen) {
    let engine = Arc::new(ToneEngine::speaking_as(voice));
    let chosen = chosen(on_a_core(&engine));
    (engine, chosen)
}

fn request(text: &str) -> SegmentRequest {
    SegmentRequest::new(text, VOICE, Speed::NORMAL)
}

async fn speak(speaker: &Speaker, choice: &Choice, request: &SegmentRequest) -> Result<SegmentObject, Failure> {
    let cancel = CancellationToken::new();
    speaker.speak(request, choice, &Speaking { rank: 0, cancel: &cancel, payments: &Unpaid }).await
}

/// What came of listening to the speech of a request, by a voice of these languages.
async fn heard(listening: &Listening, request: &SegmentRequest, languages: &[&str]) -> Heard {
    let languages = languages.iter().map(|tag| (*tag).to_owned()).collect();
    let voice = Voice { languages, ..a_voice(VOICE) };
    let speech = ToneEngine::speaking_as(voice.clone()).synthesize(request).unwrap();
    let cancel = CancellationToken::new();
    listening.heard(request, &voice, &speech, &Speaking { rank: 0, cancel: &cancel, payments: &Unpaid }).await
}

#[tokio::test]
async fn other_words_are_made_again_until_the_text_is_heard() {
    let (engine, chosen) = tones(a_voice(VOICE));
    let hears = Hears::new([Ok("Somebody says something else altogether.")], LONG);
    let segment = speak(&speaker().listening(listening(&hears)), &Choice::only(chosen), &request(LONG)).await.unwrap();
    assert_eq!((engine.calls(), segment.usage.calls, hears.calls()), (2, 2, 2));
    assert_eq!(hears.asked.lock()[0], (24_000, "en-US".to_owned()));
}

#[tokio::test]
async fn a_text_of_which_nobody_hears_the_words_is_a_failure_with_its_reason() {
    let (engine, chosen) = tones(a_voice(VOICE));
    let hears = Hears::new([], "The canary sings at dawn.");
    let text = "We all sit still here.";
    let failure =
        speak(&speaker().listening(listening(&hears)), &Choice::only(chosen), &request(text)).await.unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::SpeechRejected));
    assert!(failure.message.contains("of its words were heard otherwise, where 50 % may be"), "{failure}");
    for word in ["canary", "still"] {
        assert!(!failure.message.contains(word), "{failure} is logged");
    }
    assert_eq!((engine.calls(), hears.calls()), (3, 3), "it is too short to be parted");
}

#[tokio::test]
async fn what_is_heard_otherwise_whole_is_spoken_in_two_parts() {
    let (engine, chosen) = tones(a_voice(VOICE));
    let other = || Ok::<_, Failure>("Something else that nobody wrote.");
    let parts = [Ok("When the water falls"), Ok("the mill stands still and the miller waits for days")];
    let hears = Hears::new([other(), other(), other()].into_iter().chain(parts), "");
    speak(&speaker().listening(listening(&hears)), &Choice::only(chosen), &request(LONG)).await.unwrap();
    assert_eq!((engine.calls(), hears.calls()), (5, 5));
}

#[tokio::test]
async fn another_voice_speaks_what_one_says_otherwise() {
    let (asked, of_asked) = tones(a_voice(VOICE));
    let (other, of_other) = tones(a_voice("engines/two/voices/b"));
    let pinned = of_other.voice.pinned();
    let hears = Hears::new(vec![Ok("Nothing of the kind was ever written."); 3], "Said by somebody else.");
    let choice = Choice { others: vec![of_other], ..Choice::only(of_asked) };
    let said = request("Said by somebody else.");
    let segment = speak(&speaker().listening(listening(&hears)), &choice, &said).await.unwrap();
    assert_eq!((segment.voice, asked.calls(), other.calls()), (Some(pinned), 3, 1));
}

#[tokio::test]
async fn speech_passes_where_who_listens_cannot() {
    let (engine, chosen) = tones(a_voice(VOICE));
    let hears = Hears::new([Err(broken())], "Something else that nobody wrote.");
    let choice = Choice::only(chosen);
    speak(&speaker().listening(listening(&hears)), &choice, &request(LONG)).await.unwrap();
    assert_eq!((engine.calls(), hears.calls()), (1, 1));

    let settings = TranscriptionConfig { program: "/nowhere/whisper".into(), ..TranscriptionConfig::default() };
    let missing = Arc::new(ProgramTranscriber::new(&settings).unwrap());
    let listening = Listening::new(missing, 4, 0.5, Cores::new(1));
    speak(&speaker().listening(listening), &choice, &request(LONG)).await.unwrap();
    assert_eq!(engine.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_fails_is_counted_and_not_asked_for_a_while_after_some_failures() {
    let hears = Hears::new(vec![Err(broken()); 4], LONG);
    let listening = listening(&hears);
    let request = request(LONG);
    let mut found = Vec::new();
    for _ in 0..4 {
        found.push(heard(&listening, &request, &["en"]).await.outcome());
    }
    assert_eq!(found, [Some("failed"), Some("failed"), Some("failed"), Some("paused")]);
    assert_eq!(hears.calls(), 3);
    tokio::time::advance(PAUSE).await;
    assert_eq!(heard(&listening, &request, &["en"]).await, Heard::Failed, "one is enough now");
    assert_eq!(heard(&listening, &request, &["en"]).await, Heard::Paused);
    tokio::time::advance(PAUSE).await;
    assert_eq!(heard(&listening, &request, &["en"]).await, Heard::Text);
    hears.script.lock().extend([Err(broken()), Err(broken())]);
    for expected in [Heard::Failed, Heard::Failed, Heard::Text] {
        assert_eq!(heard(&listening, &request, &["en"]).await, expected, "what is over is forgotten");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_not_listened_to() {
    let hears = Hears::new([], "Something else that nobody wrote.");
    let listening = listening(&hears);
    let in_language = |language: &str| SegmentRequest { language: language.to_owned(), ..request(LONG) };
    for (request, languages) in [
        (request(TEXT), &["en-US"][..]),
        (in_language("fi"), &["en-US"]),
        (in_language("und"), &["en-US"]),
        (in_language(""), &["en-US", "de"]),
        (in_language(""), &[]),
    ] {
        assert_eq!(heard(&listening, &request, languages).await, Heard::Unasked, "{request:?} {languages:?}");
    }
    assert_eq!(hears.calls(), 0);
    for (request, languages, asked) in [
        (in_language(""), &["en-US", "en-GB"][..], "en-US"),
        (in_language("de"), &["en-US", "de"], "de"),
        (SegmentRequest { text: "Nobody ever hurries here.".to_owned(), ..in_language("") }, &["en"], "en"),
    ] {
        let found = heard(&listening, &request, languages).await;
        assert_eq!(found.outcome(), Some("rejected"), "{found:?}");
        assert_eq!(hears.asked.lock().last().map(|(_, language)| language.clone()).as_deref(), Some(asked));
    }
}

#[tokio::test]
async fn as_many_listen_at_once_as_there_are_cores() {
    let hears = Hears::new([], LONG);
    let listening = Listening::new(Arc::clone(&hears) as _, 4, 0.5, Cores::new(2));
    let request = request(LONG);
    let all = futures::future::join_all((0..8).map(|_| heard(&listening, &request, &["en"]))).await;
    assert!(all.iter().all(|heard| *heard == Heard::Text));
    assert_eq!((hears.most.load(Ordering::SeqCst), listening.cores.free()), (2, 2));
}
