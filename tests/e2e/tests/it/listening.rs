//! Who was cut off goes on with the section and the sample that he has.

use lectern_e2e::{Client, Profile, chapters, media, of, refusal};
use lectern_proto::v1::{self as api, listen_narration_response::Part};
use tonic::{Code, Status};

on_both_profiles!(
    what_is_heard_from_a_sample_on_is_the_rest_of_the_whole,
    a_section_that_was_made_anew_is_not_joined_to_what_was_heard_of_it,
);

/// A section as it was heard.
#[derive(Debug, Default, PartialEq, Eq)]
struct Section {
    index: i32,
    title: String,
    first_sample: i64,
    etag: String,
    audio: Vec<u8>,
    /// Told at its end.
    sample_count: Option<i64>,
}

async fn listen(client: &Client, name: &str, first_section: i32, first_sample: i64) -> Result<Vec<Section>, Status> {
    listen_under(client, name, first_section, first_sample, "").await
}

async fn listen_under(
    client: &Client,
    name: &str,
    first_section: i32,
    first_sample: i64,
    section_etag: &str,
) -> Result<Vec<Section>, Status> {
    let (name, section_etag) = (name.to_owned(), section_etag.to_owned());
    let request = api::ListenNarrationRequest { name, first_section, first_sample, section_etag };
    let mut stream = client.narrations().listen_narration(request).await?.into_inner();
    let mut heard: Vec<Section> = Vec::new();
    let mut formats = 0;
    while let Some(message) = stream.message().await? {
        match message.part.expect("a part") {
            Part::Format(format) => {
                assert!(heard.is_empty() && format.channel_count == 1, "{format:?}");
                formats += 1;
            }
            Part::SectionStart(start) => {
                assert!(heard.last().is_none_or(|last| last.sample_count.is_some()), "one ends before the next begins");
                assert!(!start.etag.is_empty(), "{start:?}");
                let (index, title, first_sample, etag) = (start.index, start.title, start.first_sample, start.etag);
                heard.push(Section { index, title, first_sample, etag, ..Section::default() });
            }
            Part::Audio(bytes) => {
                let section = heard.last_mut().expect("a section");
                assert_eq!(section.sample_count, None, "audio comes before the end");
                section.audio.extend_from_slice(&bytes);
            }
            Part::SectionEnd(end) => {
                let section = heard.last_mut().expect("a section");
                assert_eq!((end.index, section.sample_count), (section.index, None));
                section.sample_count = Some(end.sample_count);
            }
        }
    }
    assert_eq!(formats, 1, "the format comes once");
    Ok(heard)
}

async fn what_is_heard_from_a_sample_on_is_the_rest_of_the_whole(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(4, 120)).await;
    let narration =
        client.narrate(api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) }).await;
    let whole = listen(&client, &narration.name, 0, 0).await.expect("audio");
    let sections = i32::try_from(whole.len()).expect("a count");
    assert!(sections >= 3, "{sections} sections");
    for (at, section) in whole.iter().enumerate() {
        assert_eq!((usize::try_from(section.index).ok(), section.first_sample), (Some(at), 0));
        assert_eq!(section.sample_count, i64::try_from(section.audio.len() / 2).ok(), "section {at}");
    }
    let (_, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    let audio: usize = whole.iter().map(|section| section.audio.len()).sum();
    assert_eq!(audio, samples.len() * 2, "every sample of the file");

    let length = whole[1].sample_count.expect("a length");
    for first_sample in [0, 1, length / 2, length - 1, length] {
        let rest = listen(&client, &narration.name, 1, first_sample).await.expect("audio");
        let (begun, later) = rest.split_first().expect("a section");
        assert_eq!((begun.index, begun.first_sample, begun.sample_count), (1, first_sample, Some(length)));
        assert_eq!(begun.title, whole[1].title);
        let byte = usize::try_from(first_sample).expect("a place") * 2;
        assert!(begun.audio == whole[1].audio[byte..], "the rest of the section from sample {first_sample} on");
        assert!(later == &whole[2..], "and all of those after it, from their beginnings");
    }

    let past = listen(&client, &narration.name, 1, length + 1).await.expect_err("past the section's end");
    let past = refusal(&past);
    assert_eq!((past.code, past.reason.as_str()), (Code::OutOfRange, "INVALID_FIELD"), "{past:?}");
    let before = listen(&client, &narration.name, 1, -1).await.expect_err("before its beginning");
    assert_eq!(refusal(&before).reason, "INVALID_FIELD");
}

async fn a_section_that_was_made_anew_is_not_joined_to_what_was_heard_of_it(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(3, 120)).await;
    let narration = client.narrate(of(&document)).await;
    let faster = client.narrate(api::Narration { speed: Some(1.5), ..of(&document) }).await;
    let usual = listen(&client, &narration.name, 0, 0).await.expect("audio");
    let other = listen(&client, &faster.name, 0, 0).await.expect("audio");
    for (one, another) in usual.iter().zip(&other) {
        assert_ne!(one.etag, another.etag, "other samples have another etag");
    }

    // The one that was heard goes on; another one, as after a retry, does not, at whatever sample.
    let etag = usual[1].etag.as_str();
    let rest = listen_under(&client, &narration.name, 1, 100, etag).await.expect("the rest");
    assert!(rest[0].audio == usual[1].audio[200..] && rest[0].etag == etag, "the same samples under the same etag");
    for (first_sample, seen) in [(100, other[1].etag.as_str()), (0, other[1].etag.as_str()), (100, "made up")] {
        let status = listen_under(&client, &narration.name, 1, first_sample, seen).await.expect_err("another one");
        let refused = refusal(&status);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Aborted, "ETAG_MISMATCH"), "{seen}: {refused:?}");
        assert!(refused.message.contains("begin"), "it says what to do: {refused:?}");
    }
    assert!(listen(&client, &narration.name, 1, 100).await.is_ok(), "nothing is held against who says nothing");
}
