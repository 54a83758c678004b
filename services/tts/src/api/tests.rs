use std::time::Duration;

use futures::StreamExt as _;
use lectern_blob::memory::MemoryBlob;
use lectern_core::lexicon::Entry;
use lectern_core::{Reason, SystemClock};
use lectern_rpc::{Role, TenantLimits, failure};

use super::*;
use crate::engine::tone::{ToneEngine, VOICE};
use crate::engine::{Capabilities, SegmentRequest, Speaking, Speech as Spoken, SpeechEngine, Speed};
use crate::testing::{a_voice, on_a_core, speaker};

/// The services over these engines.
pub(super) fn over_all(engines: Vec<Arc<dyn SpeechEngine>>) -> Speech {
    let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
    let (segments, secrets) = (Segments::new(speaker(), 1), Secrets::one(b"a secret"));
    Speech::new(Voices::new(engines), segments, blob, secrets, Arc::new(SystemClock))
}

fn over(engine: Arc<dyn SpeechEngine>) -> Speech {
    over_all(vec![engine])
}

fn speech(engine: &Arc<ToneEngine>) -> Speech {
    over(on_a_core(engine))
}

/// A call of a tenant.
pub(super) fn by<T>(tenant: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let (tenant, limits) = (tenant.parse().unwrap(), TenantLimits::default());
    request.extensions_mut().insert(Caller { tenant, role: Role::Tenant, key_id: "k".to_owned(), limits });
    request
}

fn request(tenant: &str, text: &str) -> Request<tts::SynthesizeRequest> {
    by(tenant, tts::SynthesizeRequest { text: text.to_owned(), ..Default::default() })
}

/// Voices that are only listed: the tone's, with these languages.
#[derive(Debug)]
struct Choir(&'static [&'static str]);

#[tonic::async_trait]
impl SpeechEngine for Choir {
    fn voices(&self) -> Vec<Voice> {
        let voice = |(at, language): (usize, &&str)| Voice {
            languages: vec![(*language).to_owned()],
            capabilities: Capabilities { speeds: (Speed::NORMAL, Speed::NORMAL), ..Capabilities::default() },
            ..a_voice(&format!("engines/choir/voices/{at}"))
        };
        self.0.iter().enumerate().map(voice).collect()
    }

    async fn ready(&self) -> Result<(), Failure> {
        Err(Failure::internal("a choir is only listed"))
    }

    async fn synthesize(&self, _: &SegmentRequest, _: &Speaking<'_>) -> Result<Spoken, Failure> {
        Err(Failure::internal("a choir is only listed"))
    }
}

#[tokio::test]
async fn voices_come_in_pages_of_one_language() {
    let speech = over(Arc::new(Choir(&["en-US", "de", "en-GB", "en-US"])));
    let list = async |tenant: &str, language_code: &str, page_token: &str, page_size: i32| {
        let (language_code, page_token) = (language_code.to_owned(), page_token.to_owned());
        let request = api::ListVoicesRequest { page_size, page_token, language_code };
        speech.list_voices(by(tenant, request)).await.map(Response::into_inner)
    };
    let names = |page: &api::ListVoicesResponse| {
        page.voices.iter().filter_map(|voice| voice.name.rsplit('/').next()?.parse().ok()).collect::<Vec<u32>>()
    };

    let first = list("acme", "en", "", 2).await.unwrap();
    assert_eq!((names(&first), first.voices[0].name.as_str()), (vec![0, 2], "engines/choir/voices/0"));
    assert_eq!(first.voices[0].language_codes, ["en-US"]);
    assert_eq!((first.voices[0].engine.as_str(), first.voices[0].available), ("choir", false));
    assert!(first.voices.iter().all(|voice| voice.failure.is_some()));
    assert!(first.formats().any(|format| format == api::OutputFormat::Opus));
    let last = list("acme", "en", &first.next_page_token, 2).await.unwrap();
    assert_eq!((names(&last), last.next_page_token.as_str()), (vec![3], ""));
    assert_eq!(last.formats, first.formats, "they are on every page");
    let all = list("acme", "", "", 0).await.unwrap();
    assert_eq!((names(&all), all.next_page_token.as_str()), (vec![0, 1, 2, 3], ""));

    for (tenant, language) in [("acme", "de"), ("acme", ""), ("globex", "en")] {
        let refused = failure(&list(tenant, language, &first.next_page_token, 2).await.unwrap_err());
        assert_eq!(refused.reason, Reason::PageTokenInvalid, "{tenant} {language:?}");
    }
    for (language, size, field) in [("english", 0, "language_code"), ("en", -1, "page_size")] {
        let refused = failure(&list("acme", language, "", size).await.unwrap_err());
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
}

#[tokio::test]
async fn a_speed_that_a_voice_has_not_is_refused_before_anything_is_spoken() {
    let speech = over(Arc::new(Choir(&["en"])));
    let request = tts::SynthesizeRequest { text: "It is said.".to_owned(), speed: Some(1.5), ..Default::default() };
    let refused = failure(&speech.synthesize(by("acme", request)).await.err().expect("a refusal"));
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("speed")));
}

#[tokio::test]
async fn a_speed_is_what_was_asked_for_and_the_usual_where_nothing_was() {
    let speech = speech(&Arc::new(ToneEngine::new()));
    let samples = async |speed| {
        let (text, voice) = ("It is said.".to_owned(), VOICE.to_owned());
        let request = by("acme", tts::SynthesizeRequest { text, voice, speed, ..Default::default() });
        let mut answers = speech.synthesize(request).await.map_err(|status| failure(&status))?.into_inner();
        let mut bytes = 0;
        while let Some(answer) = answers.next().await {
            match answer.unwrap().part.unwrap() {
                tts::synthesize_response::Part::Format(format) => {
                    assert_eq!((format.sample_rate_hertz, format.channel_count), (24_000, 1));
                }
                tts::synthesize_response::Part::Audio(audio) => bytes += audio.len(),
            }
        }
        Ok::<_, Failure>(bytes)
    };
    let usual = samples(None).await.unwrap();
    assert_eq!(samples(Some(1.0)).await.unwrap(), usual);
    assert!(samples(Some(2.0)).await.unwrap() < usual);
    assert_eq!(samples(Some(0.0)).await.unwrap_err().field.as_deref(), Some("speed"));
}

#[tokio::test]
async fn words_are_said_as_the_call_has_them_in_its_language() {
    let speech = speech(&Arc::new(ToneEngine::new()));
    let bytes = async |language: &str, pronunciations: Vec<api::LexiconEntry>| {
        let (text, language_code) = ("Learn SQL. Learn it now.".to_owned(), language.to_owned());
        let request = tts::SynthesizeRequest { text, pronunciations, language_code, ..Default::default() };
        let answers = speech.synthesize(by("acme", request)).await.map_err(|status| failure(&status))?;
        let answers: Vec<_> = answers.into_inner().collect().await;
        let bytes = answers.into_iter().map(|answer| match answer.unwrap().part.unwrap() {
            tts::synthesize_response::Part::Format(_) => 0,
            tts::synthesize_response::Part::Audio(audio) => audio.len(),
        });
        Ok::<usize, Failure>(bytes.sum())
    };
    let entry = |respelling: &str, language: &str| {
        let entry = Entry { language: language.to_owned(), ..Entry::spelt("SQL", respelling) };
        vec![convert::lexicon_entry_to_wire(&entry)]
    };
    let plain = bytes("", Vec::new()).await.unwrap();
    let long = "structured query language";
    for (language, of, applies) in
        [("", "", true), ("en", "", true), ("en", "en", true), ("", "de", true), ("en", "de", false)]
    {
        let said = bytes(language, entry(long, of)).await.unwrap();
        assert_eq!(said > plain, applies, "an entry for {of:?} in a text in {language:?}");
    }
    for (language, pronunciations, field) in [
        ("english", Vec::new(), "language_code"),
        ("", entry("", ""), "pronunciations[0]"),
        ("", vec![entry(long, "").remove(0); 501], "pronunciations"),
    ] {
        let refused = bytes(language, pronunciations).await.unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
    assert_eq!(bytes("de", Vec::new()).await.unwrap_err().reason, Reason::LanguageUnsupported);
}

#[tokio::test]
async fn nothing_more_is_spoken_once_the_caller_is_gone() {
    let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(20)));
    let speech = speech(&engine);
    let text = "one word after another ".repeat(200);
    let mut answers = speech.synthesize(request("acme", &text)).await.unwrap().into_inner();
    answers.next().await.expect("the format").unwrap();
    answers.next().await.expect("audio").unwrap();
    drop(answers);
    let spoken = engine.calls();
    assert!(spoken < 4, "{spoken} of some fifteen pieces");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(engine.calls() <= spoken + 1, "{} pieces after {spoken}", engine.calls());
}

#[tokio::test]
async fn callers_who_do_not_read_hold_up_nobody() {
    let engine = Arc::new(ToneEngine::new());
    let speech = speech(&engine);
    let mut paused = Vec::new();
    for tenant in ["acme", "globex", "initech", "hooli"].into_iter().cycle().take(100) {
        let mut answers = speech.synthesize(request(tenant, "Said. And said again.")).await.unwrap().into_inner();
        answers.next().await.expect("the format").unwrap();
        answers.next().await.expect("audio").unwrap();
        paused.push(answers);
    }
    for tenant in ["acme", "umbrella"] {
        let mut answers = speech.synthesize(request(tenant, "Said.")).await.unwrap().into_inner();
        let read = async {
            while let Some(answer) = answers.next().await {
                answer.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("a turn");
    }
    for answers in &mut paused {
        answers.next().await.expect("the rest").unwrap();
    }
}
