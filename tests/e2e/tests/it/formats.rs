//! Formats of the audio, and briefings.

use lectern_core::content::words;
use lectern_e2e::{Profile, fixture, media, of, refusal};
use lectern_proto::v1::{self as api, OutputFormat};
use tonic::Code;

on_both_profiles!(
    every_format_holds_the_same_audio,
    texts_in_time_are_made_beside_audio,
    a_briefing_is_as_long_as_it_was_ordered
);

async fn every_format_holds_the_same_audio(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Formats\n\nThe same audio, four times. It is short.").await;
    let voices = client.voices().list_voices(api::ListVoicesRequest::default()).await.expect("formats").into_inner();
    let mut order = api::Narration {
        formats: vec![OutputFormat::Flac.into(), OutputFormat::Wav.into(), OutputFormat::Opus.into()],
        ..of(&document)
    };
    let with_ffmpeg = voices.formats().any(|format| format == OutputFormat::Mp3);
    assert_eq!(with_ffmpeg, voices.formats().any(|format| format == OutputFormat::M4b), "one program makes both");
    for format in [OutputFormat::Mp3, OutputFormat::M4b] {
        if with_ffmpeg {
            order.formats.push(format.into());
            continue;
        }
        let order = api::Narration { formats: vec![format.into()], ..of(&document) };
        let refused = client.order(order).await.expect_err("there is no encoder");
        assert_eq!(
            (refused.code(), refusal(&refused).reason.as_str()),
            (Code::FailedPrecondition, "OUTPUT_FORMAT_UNSUPPORTED")
        );
        assert!(refused.message().contains("ffmpeg"), "{refused}");
    }
    let narration = client.narrate(order).await;
    let (rate, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    assert!(samples.iter().any(|sample| sample.unsigned_abs() > 1_000), "not silent");
    let flac = client.download(&narration, "audio.flac").await;
    let mut flac = claxon::FlacReader::new(&flac[..]).expect("a FLAC file");
    assert_eq!((flac.streaminfo().sample_rate, flac.streaminfo().bits_per_sample), (rate, 16));
    let decoded: Vec<i32> = flac.samples().map(|sample| sample.expect("a sample")).collect();
    assert!(decoded.iter().copied().eq(samples.iter().map(|sample| i32::from(*sample))), "FLAC is lossless");
    let opus = client.download(&narration, "audio.opus").await;
    assert!(opus.starts_with(b"OggS"));
    assert!(opus.windows(23).any(|bytes| bytes == b"CHAPTER001=00:00:00.000"), "it has chapters");
    if with_ffmpeg {
        let mp3 = client.download(&narration, "audio.mp3").await;
        assert!(mp3.starts_with(b"ID3\x04") && mp3.windows(4).any(|name| name == b"CTOC"), "{:x?}", &mp3[..4]);
        let m4b = client.download(&narration, "audio.m4b").await;
        assert_eq!(&m4b[4..12], b"ftypM4B ");
    }
}

async fn texts_in_time_are_made_beside_audio(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Salt\n\nIt is sold by weight.\n\n```\nlet salt = 1;\n```\n").await;
    let formats = vec![OutputFormat::Epub.into(), OutputFormat::Srt.into(), OutputFormat::Words.into()];
    let narration = client.narrate(api::Narration { formats, ..of(&document) }).await;
    assert!(narration.formats().any(|format| format == OutputFormat::Opus), "what they are times of: {narration:?}");
    assert!(client.download(&narration, "audio.opus").await.starts_with(b"OggS"));
    let srt = String::from_utf8(client.download(&narration, "captions.srt").await).expect("UTF-8");
    assert!(srt.starts_with("1\n00:00:00,") && srt.contains("\nIt is sold by weight.\n"), "{srt}");
    let words: serde_json::Value =
        serde_json::from_slice(&client.download(&narration, "words.json").await).expect("JSON");
    let weight = words["words"].as_array().expect("words").iter().find(|word| word["word"] == "weight.");
    assert_eq!(weight.expect("a word")["place"], serde_json::json!({"block": 1, "start": 14, "end": 21}));
    let epub = client.download(&narration, "book.epub").await;
    assert_eq!((&epub[..2], &epub[30..58]), (&b"PK"[..], &b"mimetypeapplication/epub+zip"[..]));
    let page = String::from_utf8(client.download(&narration, "listen.html").await).expect("UTF-8");
    assert!(page.contains(">It is sold by weight.</span>") && page.contains("Not read: code, which is announced"));
}

async fn a_briefing_is_as_long_as_it_was_ordered(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.upload("demo", "demo.pdf", &fixture("pdf/demo.pdf")).await.expect("accepted");
    let briefing = |words| api::Narration {
        style: api::Style::Briefing.into(),
        length: Some(api::Length { target: Some(api::length::Target::WordCount(words)) }),
        formats: vec![OutputFormat::Wav.into()],
        ..of(&document)
    };
    for target in [300, 900] {
        let narration = client.narrate(briefing(target)).await;
        let script = client.script(&narration.name).await;
        let spoken: u32 = script.iter().flat_map(|section| &section.utterances).map(|u| words(&u.spoken)).sum();
        let (least, most) = (target * 9 / 10, target * 11 / 10);
        assert!((least..=most).contains(&spoken.cast_signed()), "{spoken} words, not {target}; {:?}", narration.notes);
        let request = api::GetManifestRequest { name: narration.name, page_size: 5_000, page_token: String::new() };
        let manifest = client.narrations().get_manifest(request).await.expect("a manifest").into_inner();
        let coverage = manifest.coverage.expect("coverage");
        assert_eq!(usize::try_from(coverage.block_count).ok(), Some(manifest.blocks.len()));
        assert_eq!(
            coverage.spoken_block_count + coverage.summarised_block_count + coverage.skipped_block_count,
            coverage.block_count,
            "{coverage:?}"
        );
        assert!(
            coverage.spoken_block_count < coverage.block_count && coverage.spoken_word_count < coverage.word_count,
            "{coverage:?}"
        );
    }
    // More than the source has: said so, and everything is there.
    let whole = client.narrate(briefing(5_000)).await;
    assert!(!whole.notes.is_empty(), "a caller is told that the source is too short");
}
