//! Who pays: the maximum of a call is taken before it, what it used is settled after it, and a call
//! that is dropped is settled at its maximum at once.

use std::time::Duration;

use lectern_core::Reason;
use lectern_provider::{BudgetLimits, MicroUsd, Spent};
use lectern_testkit::models::{
    GeminiSpeech, GeminiSpeechOptions, GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech, OpenAiSpeechOptions,
    SpeechFault, SpeechPersonality,
};
use lectern_tts::config::EngineConfig;
use lectern_tts::engine::SegmentRequest;

use crate::world::{Settings as _, World, of_personality};

const TEXT: &str = "The lake is calm tonight.";
const CHIRP: &str = "en-US-Chirp3-HD-Kore";
/// Of a million characters of Chirp 3 HD, in millionths of a US dollar.
const A_CHARACTER: u64 = 30;
/// The most that a call of 3.8 can cost: 16,384 tokens of audio, and some of text.
const MOST_OF_GEMINI: u64 = 16_384 * 9;

fn request() -> SegmentRequest {
    World::request(CHIRP, TEXT)
}

#[tokio::test]
async fn what_is_spoken_is_paid_for_as_the_provider_counts() {
    let google = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(google.settings()).await;
    world.speak(&request()).await.unwrap();
    world.speak(&World::request("en-US-Wavenet-C", TEXT)).await.unwrap();
    let billed = google.ledger().delivered().characters;
    let spent = world.spent().await;
    assert_eq!((spent.calls, spent.unknown, spent.usage.characters), (2, 0, billed));
    let of_wavenet = billed - 25;
    assert_eq!(spent.cost, MicroUsd::new(25 * A_CHARACTER + of_wavenet * 16));

    let gemini = GeminiSpeech::start(GeminiSpeechOptions::default());
    let world = World::new(gemini.settings()).await;
    world.speak(&World::request("Kore", TEXT)).await.unwrap();
    let (billed, spent) = (gemini.ledger().delivered(), world.spent().await);
    assert_eq!((spent.usage.input, spent.usage.output), (billed.input, billed.output));
    assert_eq!(spent.cost, MicroUsd::new((billed.input * 500_000 + billed.output * 9_000_000).div_ceil(1_000_000)));

    let openai = OpenAiSpeech::start(OpenAiSpeechOptions::of(SpeechPersonality::OpenAi));
    let world = World::new(of_personality(&openai, SpeechPersonality::OpenAi)).await;
    world.speak(&World::request("coral", TEXT)).await.unwrap();
    let (billed, spent) = (openai.ledger().delivered(), world.spent().await);
    assert_eq!((spent.usage.input, spent.usage.output), (billed.input, billed.output));
}

#[tokio::test]
async fn what_is_refused_costs_nothing_and_what_is_lost_costs_the_most() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    for (fault, unknown, cost) in [
        (SpeechFault::VoiceWithdrawn, 0, 0),
        (SpeechFault::QuotaOfMinute, 0, 0),
        (SpeechFault::Overloaded, 0, 0),
        (SpeechFault::Internal, 1, 25 * A_CHARACTER),
        (SpeechFault::LostAnswer, 1, 25 * A_CHARACTER),
        (SpeechFault::CutAnswer, 1, 25 * A_CHARACTER),
    ] {
        let world = World::new(fake.settings()).await;
        fake.faults().queue(fault);
        assert!(world.speak(&request()).await.is_err(), "{fault:?}");
        let Spent { calls, unknown: found, cost: spent, .. } = world.spent().await;
        assert_eq!((calls, found, spent), (1, unknown, MicroUsd::new(cost)), "{fault:?}");
    }
    let gemini = GeminiSpeech::start(GeminiSpeechOptions::default());
    let world = World::new(gemini.settings()).await;
    gemini.faults().queue(SpeechFault::NoUsage);
    world.speak(&World::request("Kore", TEXT)).await.unwrap();
    let spent = world.spent().await;
    assert_eq!(spent.unknown, 1);
    assert!(spent.cost.get() >= MOST_OF_GEMINI, "{:?}", spent.cost);
}

#[tokio::test]
async fn nothing_is_said_that_the_budget_does_not_cover() {
    let gemini = GeminiSpeech::start(GeminiSpeechOptions::default());
    let month = |micro: u64| BudgetLimits { month: Some(MicroUsd::new(micro)), narration: None };
    let poor = World::with(gemini.settings(), None, month(MOST_OF_GEMINI - 1)).await;
    let refused = poor.speak(&World::request("Kore", TEXT)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::BudgetExhausted, "{refused}");
    assert!(gemini.ledger().calls().is_empty(), "nothing was asked");
    let rich = World::with(gemini.settings(), None, month(2 * MOST_OF_GEMINI)).await;
    for _ in 0..20 {
        rich.speak(&World::request("Kore", TEXT)).await.unwrap();
    }
    assert_eq!(rich.spent().await.calls, 20, "what is not used is given back");
}

#[tokio::test]
async fn a_call_that_is_dropped_is_settled_at_its_maximum_at_once() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    fake.faults().queue(SpeechFault::Hang);
    let request = request();
    {
        let call = world.once(&request);
        tokio::pin!(call);
        let under_way = async {
            while fake.ledger().calls().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            ended = &mut call => panic!("it hangs: {:?}", ended.map(|speech| speech.sample_rate)),
            () = under_way => {}
        }
    }
    let mut spent = world.spent().await;
    for _ in 0..200 {
        if spent.unknown == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        spent = world.spent().await;
    }
    assert_eq!((spent.calls, spent.unknown, spent.cost), (1, 1, MicroUsd::new(25 * A_CHARACTER)));
}

#[tokio::test]
async fn what_nobody_wants_any_more_is_not_asked_and_not_paid() {
    let fake = GoogleSpeech::start(GoogleSpeechOptions::default());
    let world = World::new(fake.settings()).await;
    world.cancel.cancel();
    assert_eq!(world.once(&request()).await.unwrap_err().reason, Reason::Cancelled);
    assert_eq!((world.spent().await.calls, fake.ledger().calls().len()), (0, 0));
}

#[tokio::test]
async fn a_server_of_one_s_own_costs_nothing() {
    let fake = OpenAiSpeech::start(OpenAiSpeechOptions::of(SpeechPersonality::LocalAi));
    let settings: EngineConfig = of_personality(&fake, SpeechPersonality::LocalAi);
    let world = World::new(settings).await;
    assert!(!world.engine.paid() && world.engine.remote());
    world.speak(&World::request("anna", TEXT)).await.unwrap();
    let spent = world.spent().await;
    assert_eq!((spent.unknown, spent.cost), (0, MicroUsd::ZERO));
}
