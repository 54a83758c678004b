//! A long document, and a model that is limited and cut off, whose answers are lost, and that dies
//! in the end: another one writes the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use lectern_core::content::timeline::{Fate, Manifest};
use lectern_core::content::words;
use lectern_e2e::{PATIENCE, PaidModel, Profile};
use lectern_proto::v1::{self as api, length::Target};
use lectern_testkit::models::ModelFault;

use super::{PARAGRAPH, PLACES, THINGS, dialogue, paragraph, spent, sum};

/// Pages of the document.
const PAGES: usize = 60;
/// Pages under a heading.
const CHAPTER: usize = 4;
/// Eight minutes of audio, at the 165 words a minute that lengths are counted by.
const MINUTES: i64 = 8;
const WORDS: u32 = 8 * 165;

/// The upper and the lower edge of a page's text, the space of a line and that below a paragraph,
/// in points from the lower edge of the paper.
const TOP: u32 = 720;
const BOTTOM: u32 = 72;
const LEADING: u32 = 14;
const GAP: u32 = 10;
/// Characters of a line.
const LINE: usize = 84;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_pages_become_a_dialogue_of_eight_minutes_whatever_befalls_its_model() {
    Box::pin(dialogue_in_a_storm()).await;
}

async fn dialogue_in_a_storm() {
    let (model, second) = (PaidModel::gemini(), PaidModel::openai());
    let faults = model.faults();
    faults.set_retry_after(Duration::from_secs(1));
    faults.strike(ModelFault::QuotaOfMinute, 2);
    faults.queue(ModelFault::NoReason);
    let instance = model.configured_with(&second, Profile::Stack.setup()).start().await;
    let client = instance.client();
    let document = client.upload("sixty", "sixty.pdf", &sixty_pages()).await.expect("accepted");
    let length = prost_types::Duration { seconds: MINUTES * 60, nanos: 0 };
    let order = dialogue(&document, Target::Duration(length));
    let accepted = client.order(order.clone()).await.expect("an accepted order");

    // The plan comes all the same. Then it has too much to do, and then it is there no more.
    until("the plan is not written", || model.counted(0).output_token_count > 0).await;
    faults.strike(ModelFault::QuotaOfMinute, 3);
    faults.strike(ModelFault::CutAnswer, 2);
    faults.queue(ModelFault::LostAnswer);
    faults.set(ModelFault::Dead, 1.0);
    // Whoever writes the rest is not well either.
    second.faults().set_retry_after(Duration::from_secs(1));
    second.faults().queue(ModelFault::QuotaOfMinute);
    second.faults().queue(ModelFault::CutAnswer);
    let narration = client.finished(&accepted.name).await;
    for fault in [
        ModelFault::QuotaOfMinute,
        ModelFault::NoReason,
        ModelFault::CutAnswer,
        ModelFault::LostAnswer,
        ModelFault::Dead,
    ] {
        assert!(faults.hits(fault) > 0, "{fault:?} struck no call");
    }
    let written = [&model, &second].map(|model| model.counted(0).output_token_count);
    assert!(written.iter().all(|tokens| *tokens > 0), "both of them write: {written:?}");

    let script = client.script(&narration.name).await;
    let said = || script.iter().flat_map(|section| &section.utterances);
    let heard: u32 = said().map(|utterance| words(&utterance.spoken)).sum();
    assert!(heard.abs_diff(WORDS) * 10 <= WORDS, "{heard} of {WORDS} words");
    let speakers: BTreeSet<i32> = said().map(|utterance| utterance.speaker).collect();
    assert_eq!(speakers, BTreeSet::from([0, 1]));
    assert!(said().all(|utterance| utterance.added), "they are a model's words");

    // The ledger is what the model's side counted, but for answers that were lost: of these it
    // knows that they are, and counts them as the most that they could cost.
    let (counted, known) = (sum(model.counted(0), second.counted(0)), spent(&client).await);
    assert_eq!(api::Bill { cost_micro_usd: 0, ..known }, api::Bill { cost_micro_usd: 0, ..counted });
    let lost = [ModelFault::NoReason, ModelFault::CutAnswer, ModelFault::LostAnswer, ModelFault::Dead];
    let lost: u64 = lost.into_iter().map(|fault| faults.hits(fault) + second.faults().hits(fault)).sum();
    assert_eq!(u64::try_from(known.unknown_call_count), Ok(lost));
    let billed = model.billed(0) + second.billed(0);
    assert!(known.cost_micro_usd >= billed, "{known:?}, billed {billed}");
    assert_eq!(narration.bill, Some(known));

    for artifact in &narration.artifacts {
        let file = artifact.name.rsplit('/').next().expect("a file");
        let bytes = client.download(&narration, file).await;
        if file == "manifest.json" {
            accounted(&serde_json::from_slice(&bytes).expect("a manifest"));
        }
        if file == "captions.vtt" {
            let captions = String::from_utf8(bytes).expect("UTF-8");
            assert!(captions.contains("<v Ann>") && captions.contains("<v Bo>"), "{captions}");
        }
    }
    // Each with a voice of its own; that it is heard is `dialogue`'s.
    let voices: BTreeSet<&str> = narration.speakers.iter().map(|speaker| speaker.voice.as_str()).collect();
    assert_eq!(voices.len(), 2, "{voices:?}");

    // What was bought in the storm is not bought again.
    let calls = || (model.calls().len(), second.calls().len());
    let before = calls();
    client.narrate(order).await;
    assert_eq!(calls(), before);
    assert_eq!(spent(&client).await, known);
}

async fn until(otherwise: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{otherwise} after {PATIENCE:?}"));
}

/// Every block of the document is spoken, summarised, or skipped with a reason.
fn accounted(manifest: &Manifest) {
    assert!(manifest.blocks.len() > PAGES, "{} blocks", manifest.blocks.len());
    let blocks: BTreeSet<u32> = manifest.blocks.iter().map(|fate| fate.block).collect();
    assert_eq!((blocks.len(), manifest.coverage.blocks as usize), (manifest.blocks.len(), manifest.blocks.len()));
    for fate in &manifest.blocks {
        match fate.fate {
            Fate::Spoken => assert!(!fate.spoken.is_empty(), "{fate:?}"),
            Fate::Skipped => assert!(!fate.skipped.is_empty(), "{fate:?}"),
            Fate::Summarised => {}
        }
    }
}

/// A PDF of 60 pages of prose under headings, in the fonts that every reader has.
fn sixty_pages() -> Vec<u8> {
    let (mut pages, mut number) = (Vec::new(), 0);
    while pages.len() < PAGES {
        let (mut page, mut y) = (String::from("BT\n"), TOP);
        if pages.len().is_multiple_of(CHAPTER) {
            let chapter = pages.len() / CHAPTER;
            let (thing, place) = (THINGS[chapter % THINGS.len()], PLACES[chapter % PLACES.len()]);
            writeln!(page, "/B 18 Tf 1 0 0 1 72 {y} Tm (The {thing} and the {place}) Tj").unwrap();
            y -= 3 * LEADING;
        }
        // As long as there is room for another paragraph.
        while y > BOTTOM + 6 * LEADING {
            for line in lines(&paragraph(number)) {
                writeln!(page, "/F 11 Tf 1 0 0 1 72 {y} Tm ({line}) Tj").unwrap();
                y -= LEADING;
            }
            number += PARAGRAPH;
            y -= GAP;
        }
        pages.push(page + "ET");
    }
    pdf(&pages)
}

/// A text in lines.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("a line");
        if !line.is_empty() && line.len() + 1 + word.len() > LINE {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// A file of pages with these contents.
fn pdf(pages: &[String]) -> Vec<u8> {
    let font = |name: &str| format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>");
    let kids = (0..pages.len()).map(|at| format!("{} 0 R", 5 + 2 * at)).collect::<Vec<_>>().join(" ");
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count {}>>", pages.len()),
        font("Helvetica"),
        font("Helvetica-Bold"),
    ];
    for (at, content) in pages.iter().enumerate() {
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {} 0 R/Resources<</Font<</F 3 0 R/B 4 0 R>>>>>>",
            6 + 2 * at
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    let mut out = String::from("%PDF-1.4\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1).unwrap();
    }
    let start = out.len();
    write!(out, "{table}trailer\n<</Root 1 0 R/Size {}>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).unwrap();
    out.into_bytes()
}
