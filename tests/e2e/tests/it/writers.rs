//! A writer of the settings, with words of its own: who there is, what an order would take, and a
//! dialogue that is ordered, written by the fake of a model, and spoken.

use std::collections::BTreeSet;

use lectern_core::content::words;
use lectern_e2e::{Client, Profile, fixture, of, refusal};
use lectern_proto::v1::{self as api, length::Target};
use lectern_testkit::models::{CallKind, OpenAi, OpenAiOptions, Personality};
use tonic::Code;

on_both_profiles!(a_model_of_the_settings_writes_a_dialogue_that_was_estimated);

/// Words of the dialogue.
const WORDS: i32 = 300;

fn dialogue(document: &api::Document) -> api::Narration {
    let character = |name: &str, role: &str| api::Character {
        name: name.to_owned(),
        role: role.to_owned(),
        ..api::Character::default()
    };
    api::Narration {
        style: api::Style::Dialogue.into(),
        length: Some(api::Length { target: Some(Target::WordCount(WORDS)) }),
        cast: vec![character("Ann", "explains"), character("Bo", "asks")],
        direction: Some(api::Direction { tone: "calm".to_owned(), ..api::Direction::default() }),
        writer: "own".to_owned(),
        ..of(document)
    }
}

fn within(range: Option<api::EstimatedRange>, number: u64, what: &str) {
    let range = range.unwrap_or_else(|| panic!("{what} is not estimated"));
    let number = i64::try_from(number).expect("a count");
    assert!((range.least..=range.most).contains(&number), "{what}: {number}, not in {range:?}");
}

async fn estimate(client: &Client, order: api::Narration) -> api::NarrationEstimate {
    let request = api::EstimateNarrationRequest { narration: Some(order) };
    let answer = client.narrations().estimate_narration(request).await.expect("an estimate").into_inner();
    answer.estimate.expect("the estimate")
}

async fn a_model_of_the_settings_writes_a_dialogue_that_was_estimated(profile: Profile) {
    let of_vllm = OpenAiOptions::of(Personality::Vllm);
    let fake = OpenAi::start(OpenAiOptions { models: vec!["fake".to_owned()], ..of_vllm });
    let setup = profile.setup().env("ai", "LECTERN_WRITERS__OWN__URL", &fake.url()).env(
        "ai",
        "LECTERN_WRITERS__OWN__MODEL",
        "fake",
    );
    let instance = setup.start().await;
    let client = instance.client();

    let request = api::ListWritersRequest { check_ready: true, ..api::ListWritersRequest::default() };
    let listed = client.writers().list_writers(request).await.expect("writers").into_inner().writers;
    let named: Vec<(&str, bool)> = listed.iter().map(|writer| (writer.name.as_str(), writer.own_words)).collect();
    assert_eq!(named, [("extractive", false), ("own", true)]);
    assert!(listed.iter().all(|writer| writer.failure.is_none()), "{listed:?}");

    let document = client.upload("demo", "demo.pdf", &fixture("pdf/demo.pdf")).await.expect("accepted");
    let order = dialogue(&document);
    let estimated = estimate(&client, order.clone()).await;
    assert_eq!((estimated.writer.as_str(), estimated.cost_micro_usd), ("own", None), "nobody knows what it costs");
    // Whether it is ready was asked, which is free.
    let bought = || fake.ledger().calls().iter().filter(|call| call.kind != CallKind::Free).count();
    assert_eq!(bought(), 0, "no model is asked for an estimate");
    let plain = estimate(&client, of(&document)).await;
    assert_eq!((plain.writer.as_str(), plain.model_calls.expect("calls").most), ("extractive", 0));
    assert_eq!(plain.cost_micro_usd, Some(api::EstimatedRange { least: 0, most: 0 }));
    assert_eq!(plain.speech_cost_micro_usd, plain.cost_micro_usd, "its voice costs nothing: {:?}", plain.basis);

    for (changed, code, reason) in [
        (api::Narration { writer: String::new(), ..order.clone() }, Code::InvalidArgument, "STYLE_UNSUPPORTED"),
        (api::Narration { writer: "oracle".to_owned(), ..order.clone() }, Code::InvalidArgument, "INVALID_FIELD"),
    ] {
        let refused = refusal(&client.order(changed).await.expect_err(reason));
        assert_eq!((refused.code, refused.reason.as_str()), (code, reason));
    }
    let preview = api::PreviewDocumentRequest { narration: Some(order.clone()), ..Default::default() };
    let refused = client.narrations().preview_document(preview).await.expect_err("nobody knows its words");
    assert_eq!(refusal(&refused).reason, "FEATURE_UNAVAILABLE");

    let narration = client.narrate(order.clone()).await;
    assert_eq!((narration.writer.as_str(), narration.cast.len()), ("own", 2));
    let script = client.script(&narration.name).await;
    let said = || script.iter().flat_map(|section| &section.utterances);
    let heard: u32 = said().map(|utterance| words(&utterance.spoken)).sum();
    assert!(heard.abs_diff(WORDS.unsigned_abs()) * 10 <= WORDS.unsigned_abs(), "{heard} of {WORDS} words");
    let speakers: BTreeSet<i32> = said().map(|utterance| utterance.speaker).collect();
    assert_eq!(speakers, BTreeSet::from([0, 1]));
    assert!(said().all(|utterance| utterance.added), "they are a model's words");
    let calls = bought();
    within(estimated.model_calls, calls as u64, "calls");
    within(estimated.words, heard.into(), "words");

    // What was paid for is not bought again.
    client.narrate(order).await;
    assert_eq!(bought(), calls);
}
