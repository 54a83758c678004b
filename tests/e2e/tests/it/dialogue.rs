//! A dialogue is heard in two voices: each speaker's is what the order says, the files name who
//! talks, and a dialogue of more than there are voices is refused before anything is spent.

use lectern_e2e::{Profile, fixture, media, of, refusal};
use lectern_proto::v1::{self as api, length::Target};
use lectern_testkit::models::{OpenAi, OpenAiOptions, Personality};
use serde_json::Value;
use tonic::Code;

on_both_profiles!(a_dialogue_is_heard_in_the_voices_of_its_speakers);

const SINE: &str = "engines/tone/voices/sine";
/// Speaks as long as the other one, half as high again.
const HIGH: &str = "engines/tone/voices/high";

/// A dialogue of these people about a document.
fn dialogue(document: &api::Document, names: &[&str], voices: &[&str]) -> api::Narration {
    let character = |name: &&str| api::Character { name: (*name).to_owned(), ..api::Character::default() };
    let speaker = |voice: &&str| api::Speaker { voice: (*voice).to_owned(), other_voices: Vec::new() };
    api::Narration {
        style: api::Style::Dialogue.into(),
        length: Some(api::Length { target: Some(Target::WordCount(200)) }),
        cast: names.iter().map(character).collect(),
        speakers: voices.iter().map(speaker).collect(),
        formats: vec![api::OutputFormat::Wav.into()],
        writer: "own".to_owned(),
        ..of(document)
    }
}

/// How often a sound goes through zero, for each of a script's utterances, with who says it.
fn crossings(script: &Value, (rate, samples): &(u32, Vec<i16>)) -> Vec<(String, usize)> {
    let sample =
        |ms: &Value| usize::try_from(ms.as_u64().expect("a time") * u64::from(*rate) / 1_000).expect("a place");
    let sections = script["sections"].as_array().expect("sections").iter();
    let utterances = sections.flat_map(|section| section["utterances"].as_array().expect("utterances"));
    let counted = utterances.map(|said| {
        let sound = &samples[sample(&said["start_ms"])..sample(&said["end_ms"]).min(samples.len())];
        let crossed = sound.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        (said["speaker"].as_str().expect("several talk, and each says who").to_owned(), crossed)
    });
    counted.collect()
}

async fn a_dialogue_is_heard_in_the_voices_of_its_speakers(profile: Profile) {
    let options = OpenAiOptions { models: vec!["fake".to_owned()], ..OpenAiOptions::of(Personality::Vllm) };
    let fake = OpenAi::start(options);
    let setup = profile.setup().env("ai", "LECTERN_WRITERS__OWN__URL", &fake.url());
    let instance = setup.env("ai", "LECTERN_WRITERS__OWN__MODEL", "fake").start().await;
    let client = instance.client();
    let document = client.upload("demo", "demo.pdf", &fixture("pdf/demo.pdf")).await.expect("accepted");

    // Nobody is named, and two voices are chosen.
    let chosen = client.narrate(dialogue(&document, &["Ann", "Bo"], &[])).await;
    let voices: Vec<&str> = chosen.speakers.iter().map(|one| one.voice.as_str()).collect();
    assert_eq!(voices, [SINE, HIGH]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let captions = text(client.download(&chosen, "captions.vtt").await);
    assert!(captions.contains("<v Ann>") && captions.contains("<v Bo>"), "{captions}");
    let page = text(client.download(&chosen, "listen.html").await);
    assert!(page.contains("read by Sine as Ann and High as Bo"), "{page}");
    let manifest = json(client.download(&chosen, "manifest.json").await);
    assert_eq!(manifest["speakers"][1]["name"], "Bo");
    assert!(manifest["speakers"][1]["voice"].as_str().is_some_and(|voice| voice.starts_with(HIGH)), "{manifest}");

    // The other way round the same is said, by the other one.
    let swapped = client.narrate(dialogue(&document, &["Ann", "Bo"], &[HIGH, SINE])).await;
    assert_eq!(client.script(&swapped.name).await, client.script(&chosen.name).await);
    let mut heard = Vec::new();
    for narration in [&chosen, &swapped] {
        let script = json(client.download(narration, "script.json").await);
        heard.push(crossings(&script, &media::wav(&client.download(narration, "audio.wav").await)));
    }
    let [first, second] = &heard[..] else { panic!("two recordings") };
    assert_eq!(first.len(), second.len());
    assert!(["Ann", "Bo"].iter().all(|name| first.iter().any(|(who, _)| who == name)), "{first:?}");
    for ((who, before), (same, after)) in first.iter().zip(second) {
        assert_eq!(who, same);
        #[allow(clippy::cast_precision_loss, reason = "some thousand at most")]
        let higher = *after as f64 / *before as f64;
        let expected = if who == "Ann" { 1.5 } else { 1.0 / 1.5 };
        assert!((higher / expected - 1.0).abs() < 0.1, "{who} is {higher} times as high");
    }

    // What the same voices have said is there.
    let again = client.narrate(dialogue(&document, &["Ann", "Bo"], &[SINE])).await;
    let progress = again.progress.expect("progress");
    assert_eq!(progress.reused_utterance_count, progress.utterance_count);

    let before = client.list_narrations().await.len();
    for (what, order, code, reason) in [
        ("three", dialogue(&document, &["A", "B", "C"], &[]), Code::Unimplemented, "FEATURE_UNAVAILABLE"),
        ("one twice", dialogue(&document, &["A", "B"], &[SINE, SINE]), Code::InvalidArgument, "INVALID_FIELD"),
        ("more than talk", dialogue(&document, &["A", "B"], &[SINE, HIGH, ""]), Code::InvalidArgument, "INVALID_FIELD"),
    ] {
        let refused = refusal(&client.order(order).await.expect_err(what));
        assert_eq!((refused.code, refused.reason.as_str()), (code, reason), "{what}: {}", refused.message);
    }
    assert_eq!(client.list_narrations().await.len(), before, "nothing was ordered");
}
