//! Recognition of text in pictures, by the programs that `cargo xtask tools` installs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_core::Reason;
use lectern_core::content::document::Content;
use lectern_ingest::extract::child::{Limits, Sandbox, Source};
use lectern_ingest::extract::ocr::{Recogniser, Settings};

use crate::view;

fn sandbox(limits: Limits) -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_lectern-ingest"), limits)
}

fn settings() -> Settings {
    Settings {
        tesseract: PathBuf::from("/usr/bin/tesseract"),
        pdftoppm: PathBuf::from("/usr/bin/pdftoppm"),
        languages: "eng".to_owned(),
        wall: Duration::from_secs(300),
    }
}

fn fixture(name: &str) -> Source {
    Source::Path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ocr").join(name))
}

fn lines(content: &Content) -> Vec<(Option<u32>, &str)> {
    content.blocks.iter().map(|block| (block.page, block.text.as_str())).collect()
}

const FIRST: &str = "The harbour is open by day and by night. A lamp burns on the outer pier, and a bell rings in fog.";
const SECOND: &str = "Pilots wait at the quay. They know every rock, and the tide that covers it.";

#[tokio::test]
async fn a_picture_is_read_as_the_paragraphs_that_were_printed() {
    let recogniser = Recogniser::find(settings()).await;
    let content = recogniser.read(&sandbox(Limits::default()), &fixture("letter.png"), false).await.unwrap();
    view::check(&content);
    assert_eq!(lines(&content), [(Some(1), FIRST), (Some(1), SECOND)]);
    assert_eq!((content.language.as_str(), content.warnings[0].code.as_str()), ("en", "RECOGNISED_TEXT"));
    assert!(content.blocks.iter().all(|block| block.confidence > 0.5 && block.confidence < 1.0));
    assert!(content.extractor.contains("tesseract-") && content.extractor == recogniser.pin(), "{}", content.extractor);
}

#[tokio::test]
async fn a_scanned_pdf_is_read_page_by_page() {
    let recogniser = Recogniser::find(settings()).await;
    let content = recogniser.read(&sandbox(Limits::default()), &fixture("scan.pdf"), true).await.unwrap();
    view::check(&content);
    assert_eq!(lines(&content), [(Some(1), FIRST), (Some(1), SECOND), (Some(2), SECOND)]);
    assert_eq!((content.pages, content.media_type.as_str()), (Some(2), "application/pdf"));
}

#[tokio::test]
async fn what_cannot_be_recognised_has_its_reason() {
    let nowhere = PathBuf::from("/nowhere/program");
    let without_tesseract = Settings { tesseract: nowhere.clone(), ..settings() };
    let without_poppler = Settings { pdftoppm: nowhere, ..settings() };
    let at_once = Settings { wall: Duration::ZERO, ..settings() };
    let little = Limits { memory_bytes: 60 << 20, ..Limits::default() };
    let picture = || fixture("letter.png");
    for (what, settings, limits, source, is_pdf, wanted, word) in [
        (
            "no tesseract",
            without_tesseract,
            Limits::default(),
            picture(),
            false,
            Reason::OcrNotInstalled,
            "tesseract-ocr",
        ),
        (
            "no pdftoppm",
            without_poppler,
            Limits::default(),
            fixture("scan.pdf"),
            true,
            Reason::OcrNotInstalled,
            "poppler-utils",
        ),
        ("an empty page", settings(), Limits::default(), fixture("blank.png"), false, Reason::NoTextLayer, "no words"),
        (
            "half a picture",
            settings(),
            Limits::default(),
            Source::Bytes(b"\x89PNG\r\n\x1a\nhalf".to_vec()),
            false,
            Reason::DocumentDamaged,
            "",
        ),
        ("no time", at_once, Limits::default(), picture(), false, Reason::DocumentTooComplex, "seconds"),
        ("little memory", settings(), little, picture(), false, Reason::DocumentTooComplex, ""),
    ] {
        let recogniser = Recogniser::find(settings).await;
        let failure = recogniser.read(&sandbox(limits), &source, is_pdf).await.unwrap_err();
        assert!(failure.reason == wanted && failure.message.contains(word), "{what}: {failure}");
    }
}
