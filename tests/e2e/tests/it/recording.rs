//! The main job: a PDF in, a recording out, and everything that a caller can read of it.

use std::collections::{BTreeSet, HashMap};

use lectern_blob::Objects;
use lectern_core::content::document::Content;
use lectern_e2e::media::{self, Cue, Place, folded};
use lectern_e2e::{Client, Instance, PATIENCE, Profile, artifact, document_id, fixture, of};
use lectern_proto::ingest::v1::ReadContentRequest;
use lectern_proto::v1::{self as api, block_fate::Fate, listen_narration_response::Part, narration::State};

on_both_profiles!(a_pdf_becomes_a_recording_that_accounts_for_every_block, words_of_ours_are_marked_as_such);

async fn a_pdf_becomes_a_recording_that_accounts_for_every_block(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.upload("demo", "demo.pdf", &fixture("pdf/demo.pdf")).await.expect("accepted");
    let formats = vec![api::OutputFormat::Opus.into(), api::OutputFormat::Wav.into()];
    let accepted = client.order(api::Narration { formats, ..of(&document) }).await.expect("accepted");
    assert_eq!((accepted.run, accepted.artifacts.len()), (1, 0), "{accepted:?}");

    let listening = tokio::spawn(listen(client.clone(), accepted.name.clone()));
    let states = watched(&client, &accepted.name).await;
    assert!(states.windows(2).all(|pair| pair[0] <= pair[1]), "a narration goes forwards: {states:?}");
    let narration = client.narration(&accepted.name).await.expect("it");
    assert_eq!(narration.state(), State::Succeeded, "{:?}", narration.failure);
    let heard = tokio::time::timeout(PATIENCE, listening).await.expect("in time").expect("heard");

    let expected =
        ["audio.opus", "audio.wav", "captions.vtt", "chapters.json", "listen.html", "manifest.json", "script.json"];
    assert_eq!(files_of(&narration), expected.map(|file| artifact(&narration.name, file)).into());
    let mut files = HashMap::new();
    for name in expected {
        files.insert(name, client.download(&narration, name).await);
    }
    ranges(&client, &narration, &files["audio.wav"]).await;
    assert!(files["audio.opus"].starts_with(b"OggS"));

    let (rate, samples) = media::wav(&files["audio.wav"]);
    let duration = narration.duration.expect("a duration");
    let stated = i64::from(rate) * duration.seconds + i64::from(rate) * i64::from(duration.nanos) / 1_000_000_000;
    assert!((i64::try_from(samples.len()).expect("a count") - stated).abs() <= 1, "{} and {duration:?}", samples.len());
    let sections = heard.sections.len();
    assert_eq!(heard.rate, rate);
    assert_eq!(heard.samples, heard.sections.iter().sum::<u64>(), "every sample of every section");
    assert_eq!(heard.samples, samples.len() as u64, "what was heard live is as long as the file");

    let script = client.script(&narration.name).await;
    assert_eq!(script.len(), sections);
    assert!(script.iter().enumerate().all(|(at, section)| usize::try_from(section.index).ok() == Some(at)));
    let content = content(&instance, &document.name).await;
    let coverage = fates(&client, &narration, &document, &content).await;
    assert!(coverage.spoken_word_count * 10 > coverage.word_count * 7, "{coverage:?}");
    let cues = captions(&files["captions.vtt"], &content, sections, samples.len() as u64 * 1000 / u64::from(rate));
    assert!(cues.len() > 100, "{} captions", cues.len());
    chapters(&files["chapters.json"], sections, samples.len() as u64);
    let page = std::str::from_utf8(&files["listen.html"]).expect("UTF-8");
    assert!(page.starts_with("<!doctype html>") && page.contains("\"audio\":[\"opus\",\"wav\"]"), "{}", &page[..200]);
    for json in ["script.json", "manifest.json"] {
        serde_json::from_slice::<serde_json::Value>(&files[json]).expect("JSON");
    }
}

async fn words_of_ours_are_marked_as_such(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let text = "# Salt\n\nIt is sold by weight.\n\n| kind | price |\n|---|---|\n| fine | 2 |\n| coarse | 3 |\n\n```\nlet salt = 1;\n```\n";
    let document = client.markdown(text).await;
    let narration = client.narrate(of(&document)).await;
    let expected = ["audio.opus", "captions.vtt", "chapters.json", "listen.html", "manifest.json", "script.json"];
    let expected: BTreeSet<String> = expected.map(|file| artifact(&narration.name, file)).into();
    assert_eq!(files_of(&narration), expected, "the default format is Opus alone");
    let vtt = client.download(&narration, "captions.vtt").await;
    let cues = captions(&vtt, &content(&instance, &document.name).await, 1, u64::MAX - 1);
    let (added, own): (Vec<_>, Vec<_>) = cues.iter().partition(|cue| cue.place == Place::Added);
    assert!(!added.is_empty(), "the table and the code are announced: {cues:?}");
    assert!(own.iter().any(|cue| cue.text.contains("by weight")), "{cues:?}");
    let script = client.script(&narration.name).await;
    let said: Vec<_> = script.iter().flat_map(|section| &section.utterances).collect();
    let announced = said.iter().filter(|utterance| utterance.added).count();
    assert!(announced > 0 && said.iter().all(|utterance| utterance.added || !utterance.sources.is_empty()), "{said:?}");
}

/// The states that a watcher sees, as numbers, which grow with progress.
async fn watched(client: &Client, name: &str) -> Vec<i32> {
    let states = parking_lot::Mutex::new(Vec::new());
    client
        .watch(name, |narration| {
            states.lock().push(narration.state);
            false
        })
        .await;
    states.into_inner()
}

/// What a listener heard.
struct Heard {
    rate: u32,
    sections: Vec<u64>,
    samples: u64,
}

async fn listen(client: Client, name: String) -> Heard {
    let request = api::ListenNarrationRequest { name, ..Default::default() };
    let mut audio = client.narrations().listen_narration(request).await.expect("audio").into_inner();
    let mut heard = Heard { rate: 0, sections: Vec::new(), samples: 0 };
    while let Some(message) = audio.message().await.expect("the next part") {
        match message.part.expect("a part") {
            Part::Format(format) => {
                assert!(heard.rate == 0 && heard.samples == 0, "the format comes once, and first");
                heard.rate = u32::try_from(format.sample_rate_hertz).expect("a rate");
            }
            Part::SectionStart(section) => {
                assert_eq!(heard.samples, heard.sections.iter().sum::<u64>(), "a section ends before the next begins");
                assert_eq!(usize::try_from(section.index).ok(), Some(heard.sections.len()), "in order");
                assert_eq!(section.first_sample, 0, "from its beginning");
            }
            Part::SectionEnd(section) => {
                assert_eq!(usize::try_from(section.index).ok(), Some(heard.sections.len()), "the one that began");
                heard.sections.push(u64::try_from(section.sample_count).expect("a count"));
            }
            Part::Audio(bytes) => {
                assert!(!bytes.is_empty() && bytes.len() <= 64 * 1024 && bytes.len().is_multiple_of(2));
                heard.samples += bytes.len() as u64 / 2;
            }
        }
    }
    heard
}

fn files_of(narration: &api::Narration) -> BTreeSet<String> {
    narration.artifacts.iter().map(|file| file.name.clone()).collect()
}

async fn ranges(client: &Client, narration: &api::Narration, wav: &[u8]) {
    let end = wav.len();
    for (offset, length) in [
        (0, Some(1)),
        (44, Some(100_001)),
        (65_536, Some(65_536)),
        (end - 10, Some(10)),
        (end - 10, Some(500)),
        (7, None),
        (end, None),
    ] {
        let number = |n: usize| i64::try_from(n).expect("a number");
        let range = client.range(&narration.name, "audio.wav", number(offset), length.map(number)).await;
        let until = length.map_or(end, |length| end.min(offset + length));
        assert!(range == wav[offset..until], "{length:?} bytes from {offset}");
    }
}

/// The blocks of the document: over the API where ingest has a port of its own, else as they are
/// stored.
pub(crate) async fn content(instance: &Instance, document: &str) -> Content {
    if instance.profile() == Profile::Stack {
        let request = ReadContentRequest { document: document.to_owned() };
        let mut parts = instance.internal("ingest").ingest().read_content(request).await.expect("content").into_inner();
        let mut json = Vec::new();
        while let Some(part) = parts.message().await.expect("the next part") {
            json.extend_from_slice(&part.json);
        }
        return serde_json::from_slice(&json).expect("content");
    }
    let blob = instance.storage().await;
    let scope = document_id(document).as_str().parse().expect("a scope");
    let objects = Objects::new(blob, &instance.tenant_id().parse().expect("a tenant"), &scope);
    let found = instance.objects_of(document);
    let path = found.iter().find(|path| path.contains("/content/")).expect("the content");
    objects.read_json(path).await.expect("content")
}

/// The manifest, page by page: every block once, each with its fate, and the counts are theirs
/// (I9).
pub(crate) async fn fates(
    client: &Client,
    narration: &api::Narration,
    document: &api::Document,
    content: &Content,
) -> api::Coverage {
    let (mut blocks, mut page_token) = (Vec::new(), String::new());
    let coverage = loop {
        let request = api::GetManifestRequest { name: narration.name.clone(), page_size: 7, page_token };
        let page = client.narrations().get_manifest(request).await.expect("a page").into_inner();
        assert!(page.blocks.len() <= 7);
        blocks.extend(page.blocks);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break page.coverage.expect("coverage");
        }
    };
    assert_eq!(blocks.len(), content.blocks.len());
    let mut counts = HashMap::new();
    for (at, (fate, block)) in blocks.iter().zip(&content.blocks).enumerate() {
        assert_eq!((usize::try_from(fate.block).ok(), fate.page), (Some(at), block.page.map(|page| page as i32)));
        assert_eq!(usize::try_from(fate.character_count).ok(), Some(block.text.chars().count()), "block {at}");
        *counts.entry(fate.fate()).or_insert(0) += 1;
        let parts = fate.spoken.iter().map(|s| s.part).chain(fate.skipped.iter().map(|s| s.part));
        let mut told = vec![false; block.text.chars().count()];
        for part in parts {
            let part = part.expect("a part");
            let range = usize::try_from(part.start).expect("a start")..usize::try_from(part.end).expect("an end");
            told.get_mut(range).unwrap_or_else(|| panic!("{part:?} of block {at}")).fill(true);
        }
        let untold: String = block.text.chars().zip(&told).filter(|(_, told)| !**told).map(|(c, _)| c).collect();
        assert!(
            !untold.chars().any(char::is_alphanumeric),
            "block {at} is silent about {untold:?} of {:?}",
            block.text
        );
        assert_eq!(fate.fate() == Fate::Skipped, fate.spoken.is_empty(), "block {at}: {fate:?}");
        assert!(fate.spoken.iter().all(|part| part.start_sample < part.end_sample), "block {at}");
        assert!(fate.skipped.iter().all(|part| part.reason() != api::SkipReason::Unspecified), "block {at}");
    }
    let count = |fate| counts.get(&fate).copied().unwrap_or(0);
    assert_eq!(
        (coverage.spoken_block_count, coverage.skipped_block_count, coverage.summarised_block_count),
        (count(Fate::Spoken), count(Fate::Skipped), 0)
    );
    assert_eq!(usize::try_from(coverage.block_count).ok(), Some(blocks.len()));
    assert_eq!(coverage.word_count, document.word_count, "the manifest and the document count the same words");
    coverage
}

/// Every caption is, but for white space and hyphens, the span of the block that it names; words of
/// ours are marked.
pub(crate) fn captions(vtt: &[u8], content: &Content, sections: usize, length: u64) -> Vec<Cue> {
    let cues = media::captions(std::str::from_utf8(vtt).expect("UTF-8"));
    let mut free = 0;
    for cue in &cues {
        assert!(free <= cue.start && cue.start < cue.end && cue.end <= length + 1, "{cue:?} after {free}, of {length}");
        assert!(cue.section < sections, "{cue:?}");
        free = cue.end;
        if let Place::Block(block, start, end) = cue.place {
            let block = &content.blocks[block as usize];
            let span: String = block.text.chars().skip(start).take(end - start).collect();
            assert_eq!(folded(&cue.text), folded(&span), "{cue:?} of {:?}", block.text);
        }
    }
    cues
}

/// Chapters: one a section, from the first sample to the last, without gaps.
fn chapters(json: &[u8], sections: usize, samples: u64) {
    let chapters: serde_json::Value = serde_json::from_slice(json).expect("JSON");
    let chapters = chapters["chapters"].as_array().expect("chapters").clone();
    assert_eq!(chapters.len(), sections);
    let mut at = Some(0);
    for chapter in &chapters {
        assert_eq!(chapter["startSample"].as_u64(), at, "{chapter}");
        assert!(chapter["title"].as_str().is_some_and(|title| !title.is_empty()), "{chapter}");
        at = chapter["endSample"].as_u64();
    }
    assert_eq!(at, Some(samples));
}
