//! The voice itself, once: the demo as a listener gets it, measured.

use ebur128::{EbuR128, Mode};
use lectern_e2e::media::{self, Place, folded};
use lectern_e2e::{Profile, fixture, of};
use lectern_proto::v1 as api;

use crate::corpus::{COVERED, pdftotext, recall};
use crate::recording::content;

on_both_profiles!(a_german_page_is_spoken_by_a_program, the_voice_speaks);

async fn the_voice_speaks(profile: Profile) {
    let instance = profile.setup().env("tts", "LECTERN_ENGINE", "local").start().await;
    let client = instance.client();
    let text = "# The lamp\n\nThe lamp was lit at six, and nobody saw who had lit it. It burned until the morning.";
    let document = client.markdown(text).await;
    let narration =
        client.narrate(api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) }).await;
    let [speaker] = &narration.speakers[..] else { panic!("one speaks: {:?}", narration.speakers) };
    assert!(speaker.voice.starts_with("engines/local/voices/"), "{speaker:?}");
    let (rate, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    assert_eq!(rate, 24_000);
    // 20 words: 7 seconds at 165 words a minute, and the pauses around a heading.
    let seconds = samples.len() / rate as usize;
    assert!((5..=16).contains(&seconds), "{seconds} s");
    loud_enough(rate, &samples);
}

/// By espeak-ng, as an operator has it who installs it and enters it. Nobody named a voice: the
/// default one does not speak German, and another one that does is chosen.
async fn a_german_page_is_spoken_by_a_program(profile: Profile) {
    let setup = profile.setup().env("tts", "LECTERN_ENGINE", "local");
    let instance = setup.env("tts", "LECTERN_ENGINES__ESPEAK__KIND", "espeak").start().await;
    let client = instance.client();
    let text = "# Die Lampe am Kanal\n\nAm 3. Oktober 1990 wurde die Lampe zum ersten Mal angezündet. Sie stand \
                21 m über dem Wasser, und ihr Licht war bis zum Morgen zu sehen.\n\n- Die erste Lampe kostete \
                27,50 €.\n- Die zweite war größer und heller.\n\nNiemand wusste, wer sie bezahlt hatte.";
    let document = client.markdown(text).await;
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let narration = client.narrate(order.clone()).await;
    let [speaker] = &narration.speakers[..] else { panic!("one speaks: {:?}", narration.speakers) };
    assert_eq!(speaker.voice, "engines/espeak/voices/de");

    let sections = client.script(&narration.name).await;
    let spoken: String = utterances(&sections).map(|utterance| utterance.spoken.to_lowercase() + " ").collect();
    for said in ["am dritten oktober neunzehnhundertneunzig", "einundzwanzig meter", "siebenundzwanzig euro fünfzig"] {
        assert!(spoken.contains(said), "{said:?} is not in {spoken:?}");
    }
    captions_say_the_script(&client.download(&narration, "captions.vtt").await, &sections);

    let (rate, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    let minutes = seconds(rate, samples.len()) / 60.0;
    let expected = number(spoken.split_whitespace().count()) / 165.0;
    assert!((0.5..=2.0).contains(&(minutes / expected)), "{minutes:.2} minutes instead of {expected:.2}");
    loud_enough(rate, &samples);
    let silence = longest_silence(rate, &samples);
    assert!(silence <= 2.5, "a silence of {silence:.2} s");

    // What was spoken once is not spoken again.
    let again = client.narrate(order).await;
    let progress = again.progress.expect("progress");
    assert_eq!(progress.reused_utterance_count, progress.utterance_count);
}

/// On the embedded profile alone: ten minutes of speech take a while, and both profiles run the
/// same engine.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_sounds_as_promised() {
    let instance = Profile::Embedded.setup().env("tts", "LECTERN_ENGINE", "local").start().await;
    let client = instance.client();
    let pdf = fixture("pdf/demo.pdf");
    let document = client.upload("demo", "demo.pdf", &pdf).await.expect("accepted");
    let narration =
        client.narrate(api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) }).await;

    let (rate, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    loud_enough(rate, &samples);
    let silence = longest_silence(rate, &samples);
    assert!(silence <= 2.5, "a silence of {silence:.2} s");

    let sections = client.script(&narration.name).await;
    let words: usize = utterances(&sections).map(|u| u.spoken.split_whitespace().count()).sum();
    let (minutes, expected) = (seconds(rate, samples.len()) / 60.0, number(words) / 165.0);
    assert!((0.75..=1.25).contains(&(minutes / expected)), "{minutes:.2} minutes for {words} words");
    let first = seconds(rate, samples_of_first_section(&client.download(&narration, "chapters.json").await));
    assert!(first < 60.0, "something is heard early: the first section lasts {first:.0} s");

    captions_say_the_script(&client.download(&narration, "captions.vtt").await, &sections);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &pdf).expect("written");
    let recall = recall(&pdftotext(file.path()), &content(&instance, &document.name).await);
    assert!(recall >= COVERED, "{:.1} % of the words that pdftotext finds are in no block", 100.0 * (1.0 - recall));
}

fn utterances(sections: &[api::ScriptSection]) -> impl Iterator<Item = &api::Utterance> {
    sections.iter().flat_map(|section| &section.utterances)
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
const fn number(count: usize) -> f64 {
    count as f64
}

fn seconds(rate: u32, samples: usize) -> f64 {
    number(samples) / f64::from(rate)
}

/// EBU R 128: integrated loudness of -16 LUFS within 1, true peak of -1 dBTP at most.
fn loud_enough(rate: u32, samples: &[i16]) {
    let mut meter = EbuR128::new(1, rate, Mode::I | Mode::TRUE_PEAK).expect("a meter");
    meter.add_frames_i16(samples).expect("samples");
    let loudness = meter.loudness_global().expect("a loudness");
    let peak = 20.0 * meter.true_peak(0).expect("a peak").log10();
    assert!((loudness + 16.0).abs() <= 1.0, "{loudness:.2} LUFS");
    assert!(peak <= -1.0, "a true peak of {peak:.2} dBTP");
}

/// Seconds below -50 dBFS on end.
fn longest_silence(rate: u32, samples: &[i16]) -> f64 {
    let longest = samples.split(|sample| sample.unsigned_abs() > 104).map(<[i16]>::len).max();
    seconds(rate, longest.unwrap_or(0))
}

fn samples_of_first_section(chapters: &[u8]) -> usize {
    let chapters: serde_json::Value = serde_json::from_slice(chapters).expect("JSON");
    let end = chapters["chapters"][0]["endSample"].as_u64().expect("an end");
    usize::try_from(end).expect("a count")
}

/// Together the captions of a section are its utterances' own words, in order; those of ours are
/// marked.
fn captions_say_the_script(vtt: &[u8], sections: &[api::ScriptSection]) {
    let cues = media::captions(std::str::from_utf8(vtt).expect("UTF-8"));
    for (index, section) in sections.iter().enumerate() {
        for added in [false, true] {
            let here = cues.iter().filter(|cue| cue.section == index && (cue.place == Place::Added) == added);
            let shown: String = here.map(|cue| folded(&cue.text)).collect();
            let written = section.utterances.iter().filter(|utterance| utterance.added == added);
            let written: String = written.map(|utterance| folded(&utterance.original)).collect();
            assert_eq!(shown, written, "section {index}, added: {added}");
        }
    }
}
