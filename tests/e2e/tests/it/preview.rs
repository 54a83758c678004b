//! What an order would make of a document, before anything is spent: over the API, and as `lectern
//! preview` prints it.

use std::path::Path;
use std::process::Output;

use lectern_e2e::{Client, Profile, fixture, of, refusal};
use lectern_proto::v1::block_fate::Fate;
use lectern_proto::v1::preview_document_response::Part;
use lectern_proto::v1::{self as api, create_document_request::Source};
use lectern_testkit::Program;
use tonic::{Code, Status};

on_both_profiles!(a_preview_says_what_the_narration_then_says_and_leaves_nothing_behind);

/// Something of everything that is left out or announced.
const MARKDOWN: &str = "# Salt\n\nIt is old, as was shown [3]. It is *white*.\n\n```rust\nfn main() {}\n```\n\n\
    | a | b | c | d | e |\n| - | - | - | - | - |\n| 1 | 2 | 3 | 4 | 5 |\n\n* * *\n\n## Uses[^1]\n\nOn 12 roads.\n\n[^1]: Of many.\n";

async fn preview(
    client: &Client,
    order: api::Narration,
) -> Result<(api::PreviewSummary, Vec<api::PreviewBlock>), Status> {
    let request = api::PreviewDocumentRequest { narration: Some(order), ..Default::default() };
    let mut stream = client.narrations().preview_document(request).await?.into_inner();
    let Some(Part::Summary(summary)) = stream.message().await?.and_then(|first| first.part) else {
        panic!("the summary comes first")
    };
    let mut blocks = Vec::new();
    while let Some(message) = stream.message().await? {
        match message.part {
            Some(Part::Block(block)) => blocks.push(block),
            other => panic!("{other:?}"),
        }
    }
    Ok((summary, blocks))
}

/// The sentences that an order would say, and those of them that are spoken already.
async fn stored(client: &Client, order: api::Narration) -> (i32, i32) {
    let request = api::PreviewDocumentRequest { narration: Some(order), count_stored_speech: true };
    let mut stream = client.narrations().preview_document(request).await.expect("a preview").into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await.expect("a message") {
        last = message.part;
    }
    let Some(Part::StoredSpeech(stored)) = last else { panic!("the count comes last") };
    (stored.utterance_count, stored.stored_utterance_count)
}

/// An entry for what is written, which nobody says so.
fn twelve(respelling: &str) -> api::LexiconEntry {
    let written = Some(api::lexicon_entry::Written::Text("12".to_owned()));
    api::LexiconEntry { written, respelling: respelling.to_owned(), ..Default::default() }
}

async fn a_preview_says_what_the_narration_then_says_and_leaves_nothing_behind(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(MARKDOWN).await;
    let before = instance.object_names();

    let pronunciations = vec![twelve("a dozen")];
    let order = api::Narration { footnotes: api::Footnotes::End.into(), pronunciations, ..of(&document) };
    let (summary, blocks) = preview(&client, order.clone()).await.expect("a preview");
    let (sentences, spoken) = stored(&client, order.clone()).await;
    assert!(sentences > 0 && spoken == 0, "{spoken} of {sentences}");
    assert_eq!(instance.object_names(), before, "a preview stores nothing");
    assert!(client.list_narrations().await.is_empty(), "a preview orders nothing");
    assert_eq!((summary.title.as_str(), summary.language_code.as_str(), summary.failure), ("Salt", "en", None));

    let formats = vec![api::OutputFormat::Wav.into()];
    let narration = client.narrate(api::Narration { formats, ..order.clone() }).await;
    let script = client.script(&narration.name).await;
    assert_eq!(summary.section_count, script.len() as i32);
    let said: usize = script.iter().map(|section| section.utterances.len()).sum();
    assert_eq!(said, sentences as usize, "each sentence is looked for");
    let recorded = narration.progress.as_ref().map(|progress| progress.utterance_count);
    assert_eq!(recorded, Some(i64::from(sentences)), "{:?}", narration.progress);
    assert_eq!(stored(&client, order.clone()).await, (sentences, sentences));
    for pronunciations in [vec![twelve("two sixes")], Vec::new()] {
        let changed = api::Narration { pronunciations, ..order.clone() };
        assert_eq!(stored(&client, changed).await, (sentences, sentences - 1), "one sentence is said otherwise");
    }
    assert_eq!(stored(&client, api::Narration { speed: Some(1.5), ..order }).await, (sentences, 0), "at another speed");
    for section in &script {
        let said: Vec<&str> = section.utterances.iter().map(|utterance| utterance.spoken.as_str()).collect();
        let mut foretold: Vec<&api::Utterance> = blocks
            .iter()
            .filter(|block| block.section == Some(section.index))
            .flat_map(|block| &block.utterances)
            .collect();
        foretold.sort_by_key(|utterance| utterance.id);
        assert_eq!(foretold.iter().map(|utterance| utterance.spoken.as_str()).collect::<Vec<_>>(), said);
    }
    let request = api::GetManifestRequest { name: narration.name.clone(), ..Default::default() };
    let manifest = client.narrations().get_manifest(request).await.expect("a manifest").into_inner();
    assert_eq!(summary.coverage, manifest.coverage);
    assert_eq!(blocks.len(), manifest.blocks.len());
    for (block, fate) in blocks.iter().zip(&manifest.blocks) {
        let foretold = (block.block, block.kind, block.page, block.fate, &block.skipped);
        assert_eq!(foretold, (fate.block, fate.kind, fate.page, fate.fate, &fate.skipped));
        let visible = block.text.chars().any(|c| !c.is_whitespace());
        assert!(!visible || block.skipped.iter().all(|part| !part.excerpt.is_empty()), "{:?}", block.skipped);
    }
    let code = blocks.iter().find(|block| block.kind() == api::BlockKind::Code).expect("the code");
    assert_eq!((code.fate(), code.utterances[0].spoken.as_str()), (Fate::Skipped, "Code in Rust, one line."));
    assert_eq!(code.skipped[0].excerpt, "fn main() {}");
    let cited = blocks.iter().find(|block| block.text.contains("[3]")).expect("the citation");
    assert_eq!((cited.skipped[0].reason(), cited.skipped[0].excerpt.as_str()), (api::SkipReason::Citation, "[3]"));

    let bad: [(&str, api::Narration, Code, &str); 3] = [
        ("no style", api::Narration { style: 0, ..of(&document) }, Code::InvalidArgument, "STYLE_UNSUPPORTED"),
        (
            "no document's name",
            api::Narration { documents: vec!["salt".to_owned()], ..of(&document) },
            Code::InvalidArgument,
            "INVALID_FIELD",
        ),
        (
            "no document",
            api::Narration { documents: vec!["documents/none".to_owned()], ..of(&document) },
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        ),
    ];
    for (what, order, code, reason) in bad {
        let refused = preview(&client, order).await.expect_err(what);
        assert_eq!((refused.code(), refusal(&refused).reason.as_str()), (code, reason), "{what}");
    }
    let numbers = client.create(Source::Text("# [1]\n\n* * *\n\n```\n \n```\n".to_owned()), "n.md").await;
    if let Ok(silent) = numbers {
        let (summary, blocks) = preview(&client, of(&silent)).await.expect("a preview of a document that says little");
        assert_eq!(summary.section_count == 0, summary.failure.is_some(), "{blocks:?}");
    }
}

fn lectern(arguments: &[&str], folder: &Path) -> Output {
    let program =
        Program::new("lectern", folder).env("LECTERN_ENGINE", "tone").env("LECTERN_DATA", folder.join("data"));
    let program = arguments.iter().fold(program, |program, argument| program.arg(*argument));
    program.command().output().expect("the program runs")
}

#[test]
fn the_command_prints_block_by_block_and_names_a_refusal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    };
    let (salt, scan) = (file("salt.md", MARKDOWN.as_bytes()), file("scan.pdf", &fixture("pdf/scanned.pdf")));

    let shown = lectern(&["preview", &salt], folder.path());
    let text = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    for expected in [
        "heading 1  spoken",
        "It is old, as was shown.",
        "left out: \"[3]\", a citation",
        "code  skipped: the lines of code, which is announced",
        "Code in Rust, one line.",
        "\"fn main() {}\"",
        "a footnote, which --footnotes skips",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }

    // A program reads one line a document; one that is refused does not keep the others from being
    // shown.
    let shown = lectern(&["preview", "--json", "--style", "briefing", &scan, &salt], folder.path());
    assert!(!shown.status.success(), "a refusal is a failure");
    let lines: Vec<serde_json::Value> = String::from_utf8(shown.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let [refused, previewed] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&refused["file"], &refused["refused"]["reason"]), (&scan.into(), &"NO_TEXT_LAYER".into()));
    assert!(refused["refused"]["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert!(String::from_utf8_lossy(&shown.stderr).contains("NO_TEXT_LAYER"));
    assert_eq!(previewed["refused"], serde_json::Value::Null);
    let blocks = previewed["blocks"].as_array().expect("blocks");
    let heading = &blocks[0];
    assert_eq!((&heading["kind"], &heading["level"], &heading["text"]), (&"heading".into(), &1.into(), &"Salt".into()));
    assert_eq!((&heading["fate"], &heading["spoken"]), (&"spoken".into(), &"Salt.".into()));
    let code = blocks.iter().find(|block| block["kind"] == "code").expect("the code");
    assert_eq!((&code["fate"], &code["reason"]), (&"skipped".into(), &"code_body".into()));
}
