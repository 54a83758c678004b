//! Formats of the audio, and briefings.

use lectern_core::content::words;
use lectern_e2e::{Profile, fixture, media, of, refusal};
use lectern_proto::v1::{self as api, AudioFormat};
use tonic::Code;

on_both_profiles!(every_format_holds_the_same_audio, a_briefing_is_as_long_as_it_was_ordered);

async fn every_format_holds_the_same_audio(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Formats\n\nThe same audio, four times. It is short.").await;
    let voices = client.voices().list_voices(api::ListVoicesRequest::default()).await.expect("formats").into_inner();
    let mut order = api::Narration {
        formats: vec![AudioFormat::Flac.into(), AudioFormat::Wav.into(), AudioFormat::Opus.into()],
        ..of(&document)
    };
    let with_mp3 = voices.formats().any(|format| format == AudioFormat::Mp3);
    if with_mp3 {
        order.formats.push(AudioFormat::Mp3.into());
    } else {
        let order = api::Narration { formats: vec![AudioFormat::Mp3.into()], ..of(&document) };
        let refused = client.order(order).await.expect_err("there is no encoder");
        assert_eq!(
            (refused.code(), refusal(&refused).reason.as_str()),
            (Code::FailedPrecondition, "AUDIO_FORMAT_UNSUPPORTED")
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
    assert!(client.download(&narration, "audio.opus").await.starts_with(b"OggS"));
    if with_mp3 {
        let mp3 = client.download(&narration, "audio.mp3").await;
        assert!(mp3.starts_with(b"ID3") || mp3.starts_with(&[0xff]), "{:x?}", &mp3[..4]);
    }
}

async fn a_briefing_is_as_long_as_it_was_ordered(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.upload("demo", "demo.pdf", &fixture("pdf/demo.pdf")).await.expect("accepted");
    let briefing = |words| api::Narration {
        style: api::Style::Briefing.into(),
        length: Some(api::Length { target: Some(api::length::Target::WordCount(words)) }),
        formats: vec![AudioFormat::Wav.into()],
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
