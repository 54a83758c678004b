//! What each fault of a provider becomes: speech that is made again, speech that is good all the
//! same, or a failure that says who can do what.

use lectern_core::{Failure, Reason};
use lectern_testkit::models::{
    GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech, OpenAiSpeechOptions,
    SpeechFault, SpeechFaults, SpeechLedger, SpeechPersonality,
};
use lectern_tts::audio::segment::SegmentObject;
use lectern_tts::config::EngineConfig;
use lectern_tts::engine::{SegmentRequest, Timing};

use crate::world::{Settings as _, World, of_personality};

const TEXT: &str = "The lake is calm tonight.";
/// Longer than the text may be said for.
const STYLE: &str = "As a mother reads to a child that is very tired, slowly and warmly, and with long pauses between \
                     all of the words";

/// What comes of one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// The text is spoken at once, and the fault changes nothing.
    Good,
    /// It is spoken by the second call.
    Again,
    /// It is not spoken, and why.
    Fails(Reason),
}

use Comes::{Again, Fails, Good};
use Reason::{EngineBudget, EngineCredentials, EngineLimited, EngineRefused, EngineUnavailable};

/// What the fakes of all three have.
const OF_ALL: [(SpeechFault, Comes); 17] = [
    (SpeechFault::Slow, Good),
    (SpeechFault::Late, Good),
    (SpeechFault::Quieter, Good),
    (SpeechFault::Louder, Good),
    (SpeechFault::EmptyAudio, Again),
    (SpeechFault::Silence, Again),
    (SpeechFault::CutAt20s, Again),
    (SpeechFault::Loop, Again),
    (SpeechFault::OddBytes, Again),
    (SpeechFault::QuotaOfMinute, Fails(EngineLimited)),
    (SpeechFault::Overloaded, Fails(EngineUnavailable)),
    (SpeechFault::OverloadedPage, Fails(EngineUnavailable)),
    (SpeechFault::Internal, Fails(EngineUnavailable)),
    (SpeechFault::DeadlineExceeded, Fails(EngineUnavailable)),
    (SpeechFault::CredentialRefused, Fails(EngineCredentials)),
    (SpeechFault::Denied, Fails(EngineCredentials)),
    (SpeechFault::VoiceWithdrawn, Fails(EngineRefused)),
];
/// What becomes of a connection that ends too soon.
const OF_CONNECTIONS: [SpeechFault; 3] = [SpeechFault::Dead, SpeechFault::LostAnswer, SpeechFault::CutAnswer];

/// Strikes one call with a fault, and looks at what comes of it.
async fn struck(
    name: &str,
    (fault, comes): (SpeechFault, Comes),
    settings: EngineConfig,
    (faults, ledger): (&SpeechFaults, &SpeechLedger),
    request: &SegmentRequest,
) -> Result<SegmentObject, Failure> {
    let world = World::new(settings).await;
    let before = ledger.spoken().len();
    faults.set_slowness(std::time::Duration::from_millis(50));
    faults.queue(fault);
    let spoken = world.speak(request).await;
    assert_eq!(faults.queued(), 0, "{name} {fault:?} strikes");
    let calls = ledger.spoken().len() - before;
    let found = match &spoken {
        Ok(_) if calls == 1 => Good,
        Ok(_) => Again,
        Err(failure) => Fails(failure.reason),
    };
    assert_eq!(found, comes, "{name} {fault:?}: {calls} calls, {:?}", spoken.as_ref().err());
    assert!(calls <= 2, "{name} {fault:?}: {calls} calls");
    spoken
}

#[tokio::test]
async fn what_becomes_of_each_fault_of_cloud_text_to_speech() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let own = [
        (SpeechFault::QuotaOfCharacters, Fails(EngineLimited)),
        (SpeechFault::WrongRate, Again),
        (SpeechFault::PcmForWav, Good),
    ];
    let of_connections = OF_CONNECTIONS.map(|fault| (fault, Fails(EngineUnavailable)));
    for case in OF_ALL.into_iter().chain(own).chain(of_connections) {
        let request = World::request("en-US-Chirp3-HD-Kore", TEXT);
        let _ = struck("google", case, fake.settings(), (fake.faults(), fake.ledger()), &request).await;
    }
    let request = World::request("en-US-Wavenet-C", TEXT);
    let marked = (SpeechFault::MarksMissing, Good);
    let spoken = struck("google", marked, fake.settings(), (fake.faults(), fake.ledger()), &request).await.unwrap();
    assert_eq!(spoken.timing, Timing::Estimated, "what is not known is said to be estimated");
    assert_eq!(spoken.words.len(), 5);
    let whole = World::new(fake.settings()).await.speak(&request).await.unwrap();
    assert_eq!((whole.timing, whole.words.len()), (Timing::Given, 5));
}

#[tokio::test]
async fn what_becomes_of_each_fault_of_gemini() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let own = [
        (SpeechFault::EndsWithOther, Again),
        (SpeechFault::MaxTokens, Again),
        (SpeechFault::UnknownReason, Again),
        (SpeechFault::Blocked, Again),
        (SpeechFault::TextInsteadOfAudio, Again),
        (SpeechFault::StyleSpoken, Again),
        (SpeechFault::WrongRate, Again),
        (SpeechFault::OtherModel, Good),
        (SpeechFault::NoUsage, Good),
        (SpeechFault::QuotaOfDay, Fails(EngineLimited)),
        (SpeechFault::SharedCapacity, Fails(EngineLimited)),
        (SpeechFault::PurseEmpty, Fails(EngineBudget)),
    ];
    let of_connections = OF_CONNECTIONS.map(|fault| (fault, Fails(EngineUnavailable)));
    let request = SegmentRequest { style: STYLE.to_owned(), ..World::request("Kore", TEXT) };
    for (model, of_form) in
        [("gemini-3.8-flash-tts", SpeechFault::PcmForWav), ("gemini-2.5-flash-tts", SpeechFault::WavForPcm)]
    {
        let settings = EngineConfig { model: Some(model.to_owned()), ..fake.settings() };
        for case in OF_ALL.into_iter().chain(own).chain(of_connections).chain([(of_form, Good)]) {
            let _ = struck(model, case, settings.clone(), (fake.faults(), fake.ledger()), &request).await;
        }
    }
}

#[tokio::test]
async fn what_becomes_of_each_fault_of_servers_like_openai_s() {
    for personality in SpeechPersonality::ALL {
        let fake = OpenAiSpeech::start(OpenAiSpeechOptions::of(personality));
        let settings = of_personality(&fake, personality);
        let (voice, own): (&str, &[(SpeechFault, Comes)]) = match personality {
            SpeechPersonality::OpenAi => (
                "coral",
                &[
                    (SpeechFault::PurseEmpty, Fails(EngineBudget)),
                    (SpeechFault::NoEnd, Fails(EngineUnavailable)),
                    (SpeechFault::ErrorInStream, Fails(EngineUnavailable)),
                    (SpeechFault::NoUsage, Good),
                    (SpeechFault::WavForPcm, Good),
                ],
            ),
            SpeechPersonality::Kokoro => {
                ("af_heart", &[(SpeechFault::MarksMissing, Good), (SpeechFault::WrongRate, Again)])
            }
            SpeechPersonality::LocalAi | SpeechPersonality::VllmOmni => (
                "anna",
                &[
                    (SpeechFault::ErrorBehindSuccess, Fails(EngineUnavailable)),
                    (SpeechFault::WrongRate, Again),
                    (SpeechFault::PcmForWav, Good),
                ],
            ),
        };
        let name = format!("{personality:?}");
        let request = World::request(voice, TEXT);
        let of_connections = OF_CONNECTIONS.map(|fault| (fault, Fails(EngineUnavailable)));
        for case in OF_ALL.into_iter().chain(own.iter().copied()).chain(of_connections) {
            let _ = struck(&name, case, settings.clone(), (fake.faults(), fake.ledger()), &request).await;
        }
        assert!(fake.ignored().is_empty(), "{name} is sent what it knows: {:?}", fake.ignored());
    }
}

/// A fault that does not end is one of the sentence: it is made three times, then in parts, and
/// then given up. Nothing is ever silent.
#[tokio::test]
async fn speech_that_is_never_good_is_given_up_and_never_silent() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    fake.faults().set(SpeechFault::EmptyAudio, 1.0);
    let refused = world.speak(&World::request("Kore", TEXT)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::SpeechRejected);
    assert!(!refused.message.contains("lake"), "{refused}");
    let calls = fake.ledger().spoken().len();
    assert!((3..=9).contains(&calls), "{calls} calls");
    assert_eq!(fake.ledger().billed_calls(), calls, "each is paid for");
    assert_eq!(world.spent().await.calls, calls as u64);
    fake.faults().clear();
    assert!(world.speak(&World::request("Kore", TEXT)).await.is_ok());
}

/// A sentence that is too long for a family is refused, and spoken in parts.
#[tokio::test]
async fn a_sentence_that_is_too_long_for_a_family_is_spoken_in_parts() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    let clauses: Vec<String> =
        (0..13).map(|at| format!("the {at}th of many boats goes out past the lighthouse")).collect();
    let text = format!("{}.", clauses.join(", "));
    assert!((601..1_200).contains(&text.chars().count()), "{}", text.len());
    let spoken = world.speak(&World::request("en-US-Neural2-C", &text)).await.unwrap();
    let said = fake.ledger().said();
    assert_eq!(said.len(), 2, "{said:?}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&said.join(" ")), words(&text), "every word, in order");
    assert_eq!(spoken.words.len(), words(&text).len());
    let refused = fake.ledger().spoken().iter().filter(|call| call.status == 400).count();
    assert_eq!(refused, 3, "three times as it stands");
    assert_eq!(
        world.spent().await.usage.characters,
        fake.ledger().billed().characters,
        "what was refused costs nothing"
    );
}

/// The models that were shut in November broke their streams off after a minute. Nothing is
/// streamed, so that long speech comes whole.
#[tokio::test]
async fn nothing_is_streamed_from_models_whose_streams_break_off() {
    let options = GeminiSpeechOptions { serves_shut: true, streamed: Some(5.0), ..GeminiSpeechOptions::default() };
    let fake = GeminiSpeech::start(options);
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.toml");
    let row = "[[models]]\nid = \"gemini-3.1-flash-tts-preview\"\ndialect = \"text\"\ninput = 8192\noutput = 16384\n\
               per_second = 25\nmax_bytes = 900\nsample_rate = 24000\nlanguages = [\"en-US\"]\nsource = \"a test\"\n\
               [[models.prices]]\ninput = 500000\ncached = 500000\noutput = 10000000\nsource = \"a test\"\n";
    std::fs::write(&rows, row).unwrap();
    let settings = EngineConfig {
        model: Some("gemini-3.1-flash-tts-preview".to_owned()),
        rows_file: Some(rows),
        ..fake.settings()
    };
    let world = World::new(settings).await;
    let text = "The first mill was built on the left bank of the river, where the water falls about three metres over a \
                shelf of hard limestone.";
    let speech = world.once(&World::request("Kore", text)).await.unwrap();
    assert!(speech.seconds() > 7.0, "{}", speech.seconds());
    let call = fake.ledger().spoken().pop().unwrap();
    assert!(call.path.ends_with(":generateContent") && call.finish == "STOP", "{call:?}");
}

/// An answer of more than 4 MiB, as a whole request of 5,000 bytes has, is taken whole.
#[tokio::test]
async fn a_long_text_is_one_answer_of_many_megabytes() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    let words = ["granite", "harbour", "lantern", "meadow", "orchard", "pebble", "quarry", "riddle", "saddle"];
    let mut text = String::new();
    for at in 0.. {
        let word = words[at % words.len()];
        if text.len() + word.len() + 2 > 5_000 {
            break;
        }
        text.push_str(word);
        text.push_str(if at % 9 == 8 { ". " } else { " " });
    }
    let text = text.trim_end();
    let speech = world.once(&World::request("en-US-Chirp3-HD-Kore", text)).await.unwrap();
    assert!(speech.samples.len() * 2 > 4 << 20, "{} samples", speech.samples.len());
    assert_eq!(fake.ledger().said(), [text]);
}
