//! The main job on PDFs of other hands and programs: every block accounted for, captions true to
//! their blocks, and no word lost that `pdftotext` finds. Their headings and order are checked in
//! the ingest service.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lectern_core::content::document::Content;
use lectern_e2e::{Profile, of};
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Narration, OutputFormat};
use lectern_testkit::env;
use lectern_testkit::pdfs::{self, Pdf};
use unicode_normalization::UnicodeNormalization as _;

use crate::recording::{captions, content, fates};

/// Of the words that `pdftotext` finds, this share must be in some block.
pub(crate) const COVERED: f64 = 0.99;

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pdfs_are_narrated_whole() {
    let folder = PathBuf::from(env::required(env::PDF_CORPUS));
    let corpus: Vec<Pdf> = pdfs::listed(pdfs::TESTS).expect("the list");
    assert!(corpus.len() >= 8, "{} PDFs in {}", corpus.len(), pdfs::TESTS);
    let instance = Profile::Embedded.setup().start().await;
    let client = instance.client();
    for file in corpus.iter().map(|pdf| pdf.file(&folder)) {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        let bytes = std::fs::read(&file).expect("the PDF; `cargo xtask corpus` fetches it");
        let upload = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let document = client.upload(&upload, name, &bytes).await.expect(name);
        // Hours of speech: at double tempo and in one format, which is enough for what is checked.
        let formats = vec![OutputFormat::Wav.into()];
        let narration = client.narrate(Narration { formats, speed: Some(2.0), ..of(&document) }).await;
        assert_eq!(narration.state(), State::Succeeded, "{name}: {:?}", narration.failure);
        let content = content(&instance, &document.name).await;
        let coverage = fates(&client, &narration, &document, &content).await;
        assert!(coverage.spoken_word_count * 2 > coverage.word_count, "{name}: {coverage:?}");
        let sections = usize::try_from(narration.progress.expect("progress").section_count()).expect("a count");
        let vtt = client.download(&narration, "captions.vtt").await;
        assert!(!captions(&vtt, &content, sections, u64::MAX - 1).is_empty(), "{name}");
        let recall = recall(&pdftotext(&file), &content);
        assert!(recall >= COVERED, "{name}: {recall:.4} of the words");
    }
}

pub(crate) fn pdftotext(file: &Path) -> String {
    let output = std::process::Command::new("pdftotext")
        .arg(file)
        .arg("-")
        .output()
        .expect("pdftotext of the package poppler-utils; `cargo xtask test` installs it");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The share of the reference's words, each as often as it stands there, that the blocks have too.
/// Hyphens, and the line breaks behind them, are folded on both sides.
pub(crate) fn recall(reference: &str, content: &Content) -> f64 {
    let blocks: Vec<&str> = content.blocks.iter().map(|block| block.text.as_str()).collect();
    let mut found: HashMap<String, i64> = HashMap::new();
    for word in words(&blocks.join("\n")) {
        *found.entry(word).or_default() += 1;
    }
    let reference = words(reference);
    let missed = reference.iter().filter(|word| {
        let left = found.entry((*word).clone()).or_default();
        *left -= 1;
        *left < 0
    });
    let missed = missed.count();
    #[allow(clippy::cast_precision_loss, reason = "counts of words")]
    let share = missed as f64 / reference.len().max(1) as f64;
    1.0 - share
}

fn words(text: &str) -> Vec<String> {
    let hyphen = |c: char| matches!(c, '-' | '\u{ad}' | '\u{2010}'..='\u{2014}' | '\u{fffe}');
    let text: String = text.nfkc().collect();
    let mut joined = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if hyphen(c) {
            while chars.next_if(|next| *next == '\n' || *next == '\u{c}').is_some() {}
        } else {
            joined.extend(c.to_lowercase());
        }
    }
    joined.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
