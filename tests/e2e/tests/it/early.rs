//! A section is heard from its first sentence on, while the rest of it is spoken.

use std::time::Duration;

use lectern_e2e::{Client, Instance, PATIENCE, Profile, of, refusal};
use lectern_proto::v1::{self as api, ListenNarrationResponse, listen_narration_response::Part};
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::{Code, Streaming};

on_both_profiles!(
    a_section_is_heard_before_it_is_recorded,
    who_is_cut_off_in_a_section_that_is_recorded_goes_on_with_it,
    a_narration_that_is_cancelled_keeps_no_listener,
);

/// One section, whose last sentence takes as long as the test says.
const TEXT: &str = "# The pump\n\nThe tank was filled at six.\n\nThe slow part comes last.";

/// An instance that says the last sentence of [`TEXT`] after so many milliseconds.
async fn slow(profile: Profile, folder: &TempDir, millis: u64) -> Instance {
    let script = folder.path().join("script.json");
    let rules = serde_json::json!([{ "text": "slow", "does": "sleep", "ms": millis }]);
    let text = serde_json::json!({ "ledger": folder.path().join("ledger.jsonl"), "rules": rules });
    std::fs::write(&script, text.to_string()).expect("a script");
    let setup = profile.setup().env("tts", "LECTERN_ENGINE", "scripted");
    setup.env("tts", "LECTERN_SCRIPT", &script.display().to_string()).start().await
}

/// A listener, and what it heard of the section.
struct Ear {
    stream: Streaming<ListenNarrationResponse>,
    etag: String,
    first_sample: i64,
    audio: Vec<u8>,
    sample_count: Option<i64>,
}

impl Ear {
    async fn open(client: &Client, name: &str, first_sample: i64, section_etag: &str) -> Self {
        let (name, section_etag) = (name.to_owned(), section_etag.to_owned());
        let request = api::ListenNarrationRequest { name, first_section: 0, first_sample, section_etag };
        let stream = client.narrations().listen_narration(request).await.expect("a stream").into_inner();
        Self { stream, etag: String::new(), first_sample: -1, audio: Vec::new(), sample_count: None }
    }

    /// Hears one message; false at the end.
    async fn hear(&mut self) -> bool {
        let message = timeout(PATIENCE, self.stream.message()).await.expect("in time").expect("the next part");
        let Some(message) = message else { return false };
        match message.part.expect("a part") {
            Part::Format(format) => assert!(format.sample_rate_hertz == 24_000 && self.audio.is_empty()),
            Part::SectionStart(start) => {
                assert!(self.etag.is_empty() && !start.etag.is_empty(), "it begins once: {start:?}");
                assert_eq!(start.title, "The pump");
                (self.etag, self.first_sample) = (start.etag, start.first_sample);
            }
            Part::Audio(bytes) => self.audio.extend_from_slice(&bytes),
            Part::SectionEnd(end) => self.sample_count = Some(end.sample_count),
        }
        true
    }

    /// Hears until something sounds.
    async fn until_it_sounds(&mut self) {
        while self.audio.iter().all(|byte| *byte == 0) {
            assert!(self.hear().await, "it sounds before it ends");
        }
    }

    async fn hear_all(&mut self) {
        while self.hear().await {}
    }
}

async fn recorded_sections(client: &Client, name: &str) -> i32 {
    client.narration(name).await.expect("it").progress.map_or(0, |progress| progress.recorded_section_count)
}

async fn a_section_is_heard_before_it_is_recorded(profile: Profile) {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = slow(profile, &folder, 4_000).await;
    let client = instance.client();
    let name = client.order(of(&client.markdown(TEXT).await)).await.expect("accepted").name;
    let mut ear = Ear::open(&client, &name, 0, "").await;
    ear.until_it_sounds().await;
    assert_eq!(recorded_sections(&client, &name).await, 0, "its last sentence is not spoken yet");
    ear.hear_all().await;
    assert_eq!(ear.sample_count, i64::try_from(ear.audio.len() / 2).ok());

    // What was heard is the recording, sample by sample.
    let finished = client.finished(&name).await;
    let mut again = Ear::open(&client, &name, 0, "").await;
    again.hear_all().await;
    assert!(ear.audio == again.audio && ear.etag == again.etag, "{} and {}", ear.audio.len(), again.audio.len());
    assert_eq!(finished.progress.map(|progress| progress.reused_utterance_count), Some(0), "nothing was spoken twice");
}

async fn who_is_cut_off_in_a_section_that_is_recorded_goes_on_with_it(profile: Profile) {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = slow(profile, &folder, 4_000).await;
    let client = instance.client();
    let name = client.order(of(&client.markdown(TEXT).await)).await.expect("accepted").name;
    let mut first = Ear::open(&client, &name, 0, "").await;
    first.until_it_sounds().await;
    let samples = i64::try_from(first.audio.len() / 2).expect("a count");
    let (etag, mut heard) = (first.etag.clone(), first.audio.clone());
    drop(first);

    let mut rest = Ear::open(&client, &name, samples, &etag).await;
    while rest.audio.is_empty() {
        assert!(rest.hear().await, "more is to come");
    }
    assert_eq!((rest.first_sample, &rest.etag), (samples, &etag));
    rest.hear_all().await;
    heard.extend_from_slice(&rest.audio);
    let mut whole = Ear::open(&client, &name, 0, &etag).await;
    whole.hear_all().await;
    assert!(heard == whole.audio, "{} of {} bytes", heard.len(), whole.audio.len());
    assert_eq!(rest.sample_count, whole.sample_count);
}

async fn a_narration_that_is_cancelled_keeps_no_listener(profile: Profile) {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = slow(profile, &folder, 20_000).await;
    let client = instance.client();
    let name = client.order(of(&client.markdown(TEXT).await)).await.expect("accepted").name;
    let mut ear = Ear::open(&client, &name, 0, "").await;
    ear.until_it_sounds().await;
    let cancel = api::CancelNarrationRequest { name: name.clone(), etag: String::new() };
    client.narrations().cancel_narration(cancel).await.expect("cancelled");
    let ended = async {
        loop {
            match ear.stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a section that is not recorded has no end"),
                Err(status) => break refusal(&status),
            }
        }
    };
    // The sentence is being spoken for longer.
    let refused = timeout(Duration::from_secs(10), ended).await.expect("nobody waits for what nobody records");
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "CANCELLED"), "{refused:?}");
}
