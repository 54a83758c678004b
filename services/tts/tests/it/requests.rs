//! What is sent: bytes counted, each dialect, two speakers, voices of the settings.

use lectern_core::Reason;
use lectern_core::content::Range;
use lectern_testkit::models::{
    GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech, OpenAiSpeechOptions,
    SpeechPersonality,
};
use lectern_tts::config::EngineConfig;
use lectern_tts::engine::{Manner, Mark, Pronunciation, SegmentRequest, Speed, Turn, voice_id};

use crate::world::{NAME, Settings as _, World, of_personality};

/// A text of 5,000 bytes is taken, and one whose last character has a byte too many is never sent.
#[tokio::test]
async fn bytes_are_counted_and_not_characters() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    let fits = "word ".repeat(999) + "word.";
    let voice = "en-US-Chirp3-HD-Kore";
    assert_eq!(fits.len(), 5_000);
    assert!(world.once(&World::request(voice, &fits)).await.is_ok());
    let over = "word ".repeat(999) + "wörd.";
    assert_eq!(over.chars().count(), 5_000);
    let refused = world.once(&World::request(voice, &over)).await.unwrap_err();
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("text")));
    assert_eq!(fake.ledger().spoken().len(), 1, "it was not sent");
    assert_eq!(world.spent().await.usage.characters, 5_000);
    // Marks of words are what is left out first.
    let marked = "Mühle am See. ".repeat(280);
    let speech = world.once(&World::request("en-US-Wavenet-C", marked.trim_end())).await.unwrap();
    assert!(speech.words.is_empty());
    let few = world.once(&World::request("en-US-Wavenet-C", "Mühle am See.")).await.unwrap();
    assert_eq!(few.words.len(), 3);
}

#[tokio::test]
async fn words_are_said_as_the_lexicon_has_them_where_the_family_can() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    let said = vec![Pronunciation { spoken: Range::new(4, 11), ipa: "ʃɪˈvɔːn".to_owned() }];
    let of = |voice: &str| SegmentRequest { pronunciations: said.clone(), ..World::request(voice, "Ask Siobhán.") };
    for voice in ["en-US-Chirp3-HD-Kore", "en-US-Wavenet-C"] {
        world.once(&of(voice)).await.unwrap();
    }
    let sent: Vec<String> = fake.ledger().spoken().iter().map(|call| call.body["input"].to_string()).collect();
    assert!(sent[0].contains("customPronunciations") && sent[1].contains("<phoneme"), "{sent:?}");
    assert_eq!(fake.ledger().said(), ["Ask Siobhán.", "Ask Siobhán."], "no tag is read aloud");
    let fast = SegmentRequest { speed: Speed::new(1.5).unwrap(), ..of("en-US-Chirp3-HD-Kore") };
    let (usual, fast) = (world.once(&of("en-US-Chirp3-HD-Kore")).await.unwrap(), world.once(&fast).await.unwrap());
    assert!(fast.seconds() < usual.seconds() * 0.7);
}

#[tokio::test]
async fn what_is_emphasised_and_quoted_is_said_so_where_the_family_can() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    let mark = |start, end, manner| Mark { spoken: Range::new(start, end), manner };
    let marks = vec![mark(3, 9, Manner::Emphasis), mark(10, 17, Manner::Quotation)];
    for (voice, emphasis, pitch) in
        [("en-US-Wavenet-C", true, true), ("en-US-Neural2-C", false, true), ("en-US-Chirp3-HD-Kore", false, false)]
    {
        world
            .once(&SegmentRequest { marks: marks.clone(), ..World::request(voice, "He really said so.") })
            .await
            .unwrap();
        let call = fake.ledger().spoken().pop().unwrap();
        let sent = call.body["input"].to_string();
        assert_eq!((sent.contains("<emphasis"), sent.contains("<prosody")), (emphasis, pitch), "{voice}: {sent}");
        assert_eq!(call.said, "He really said so.", "no tag is read aloud");
    }
}

#[tokio::test]
async fn each_dialect_of_gemini_says_the_text_and_nothing_else() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let text = "Say [this] <b>now</b>: is it calm?";
    for (model, said) in [
        ("gemini-3.8-flash-tts", "Say [this] (b)now(/b): is it calm?"),
        ("gemini-2.5-pro-tts", "Say (this) <b>now</b>: is it calm?"),
    ] {
        let world = World::new(EngineConfig { model: Some(model.to_owned()), ..fake.settings() }).await;
        let request = SegmentRequest { style: "warm, calm".to_owned(), ..World::request("Puck", text) };
        let speech = world.once(&request).await.unwrap();
        assert!(speech.billed_seconds.is_some_and(|counted| (counted - speech.seconds()).abs() < 0.05));
        let call = fake.ledger().spoken().pop().unwrap();
        assert_eq!((call.said.as_str(), call.voices.as_slice()), (said, &["Puck".to_owned()][..]), "{model}");
        assert!(call.style.contains("warm, calm"), "{model}: {}", call.style);
        assert!(world.engine.ready().await.is_ok());
    }
    assert_eq!(fake.ledger().billed_calls(), 2);
}

#[tokio::test]
async fn two_speakers_talk_in_one_request() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let text = "Is it far? No, just past the mill. Then we walk.";
    let turn = |start, end, voice: &str| Turn { spoken: Range::new(start, end), voice: voice_id(NAME, voice) };
    for model in ["gemini-3.8-flash-tts", "gemini-2.5-flash-tts"] {
        let world = World::new(EngineConfig { model: Some(model.to_owned()), ..fake.settings() }).await;
        let turns = vec![turn(0, 10, "Kore"), turn(11, 34, "Puck"), turn(35, 48, "Kore")];
        let request = SegmentRequest { turns, ..World::request("Kore", text) };
        world.once(&request).await.unwrap();
        let call = fake.ledger().spoken().pop().unwrap();
        assert_eq!((call.said.as_str(), call.voices.as_slice()), (text, &["Kore".to_owned(), "Puck".to_owned()][..]));
        let three = vec![turn(0, 10, "Kore"), turn(11, 34, "Puck"), turn(35, 48, "Leda")];
        let refused = world.once(&SegmentRequest { turns: three, ..request }).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("turns"));
    }
    assert_eq!(fake.ledger().spoken().len(), 2);
}

#[tokio::test]
async fn each_server_like_openai_s_is_asked_in_its_way() {
    for personality in SpeechPersonality::ALL {
        let aligner = personality == SpeechPersonality::VllmOmni;
        let fake = OpenAiSpeech::start(OpenAiSpeechOptions { aligner, ..OpenAiSpeechOptions::of(personality) });
        let mut settings = of_personality(&fake, personality);
        settings.word_times = aligner.then_some(true);
        let world = World::new(settings).await;
        assert!(world.engine.ready().await.is_ok(), "{personality:?}");
        let voice = world.engine.voices().remove(0);
        let text = "Nine boats, and a lantern.";
        let speech = world.once(&SegmentRequest::new(text, voice.id, Speed::NORMAL)).await.unwrap();
        let times = matches!(personality, SpeechPersonality::Kokoro | SpeechPersonality::VllmOmni);
        assert_eq!(speech.words.len(), if times { 5 } else { 0 }, "{personality:?}");
        assert_eq!((speech.sample_rate, fake.ledger().said()), (24_000, vec![text.to_owned()]));
        assert!(fake.ignored().is_empty(), "{personality:?}: {:?}", fake.ignored());
    }
}

/// A voice that is not served any more is told of when it is asked whether the engine is ready, and
/// when it is to speak.
#[tokio::test]
async fn a_voice_that_was_withdrawn_is_told_of() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    assert!(World::new(fake.settings()).await.engine.ready().await.is_ok());
    fake.withdraw("en-US-Chirp3-HD-Kore");
    let world = World::new(fake.settings()).await;
    let refused = world.engine.ready().await.unwrap_err();
    assert_eq!(refused.reason, Reason::EngineRefused);
    assert!(
        refused.message.contains("en-US-Chirp3-HD-Kore") && refused.message.contains("engines.e.voices"),
        "{refused}"
    );
    let refused = world.speak(&World::request("en-US-Chirp3-HD-Kore", "One word.")).await.unwrap_err();
    assert_eq!(refused.reason, Reason::EngineRefused);
    assert!(world.speak(&World::request("en-US-Wavenet-C", "One word.")).await.is_ok(), "others are served");
    assert_eq!(world.spent().await.calls, 2);
}
