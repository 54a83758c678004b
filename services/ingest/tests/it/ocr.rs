//! Recognition of text in pictures, by the programs that `cargo xtask tools` installs.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_core::Reason;
use lectern_core::content::document::Content;
use lectern_ingest::extract::Hint;
use lectern_ingest::extract::child::{Sandbox, SandboxLimits, Source};
use lectern_ingest::extract::ocr::{Recogniser, Settings};
use lopdf::dictionary;

use crate::view;

fn sandbox(limits: SandboxLimits) -> Sandbox {
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
    let content = recogniser.read(&sandbox(SandboxLimits::default()), &fixture("letter.png"), false).await.unwrap();
    view::check(&content);
    assert_eq!(lines(&content), [(Some(1), FIRST), (Some(1), SECOND)]);
    assert_eq!((content.language.as_str(), content.warnings[0].code.as_str()), ("en", "RECOGNISED_TEXT"));
    assert!(content.blocks.iter().all(|block| block.confidence > 0.5 && block.confidence < 1.0));
    assert!(content.extractor.contains("tesseract-") && content.extractor == recogniser.pin(), "{}", content.extractor);
}

#[tokio::test]
async fn a_scanned_pdf_is_read_page_by_page() {
    let recogniser = Recogniser::find(settings()).await;
    let content = recogniser.read(&sandbox(SandboxLimits::default()), &fixture("scan.pdf"), true).await.unwrap();
    view::check(&content);
    assert_eq!(lines(&content), [(Some(1), FIRST), (Some(1), SECOND), (Some(2), SECOND)]);
    assert_eq!((content.pages, content.media_type.as_str()), (Some(2), "application/pdf"));
}

/// Two pages of the scan, and one with text, in this order: scan, text, scan.
fn mixed() -> Vec<u8> {
    let scan = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ocr/scan.pdf")).unwrap();
    let mut file = lopdf::Document::load_mem(&scan).unwrap();
    let text = b"BT /F 12 Tf 40 200 Td (The middle page has words of its own, and they are read as they are.) Tj ET";
    let content = file.add_object(lopdf::Stream::new(lopdf::Dictionary::new(), text.to_vec()));
    let pages = file.catalog().unwrap().get(b"Pages").unwrap().as_reference().unwrap();
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let page = file.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 600.into(), 300.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
    });
    let pages = file.get_object_mut(pages).unwrap().as_dict_mut().unwrap();
    pages.get_mut(b"Kids").unwrap().as_array_mut().unwrap().insert(1, page.into());
    pages.set("Count", 3);
    let mut out = Vec::new();
    file.save_to(&mut out).unwrap();
    out
}

const MIDDLE: &str = "The middle page has words of its own, and they are read as they are.";

#[tokio::test]
async fn pages_that_are_pictures_among_pages_of_text_are_recognised_in_their_place() {
    let source = Source::Bytes(mixed());
    let sandbox = sandbox(SandboxLimits::default());
    let content = sandbox.extract(source.clone(), Hint::default()).await.unwrap();
    assert_eq!(lines(&content), [(Some(2), MIDDLE)]);
    let recogniser = Recogniser::find(settings()).await;
    let content = recogniser.complete(&sandbox, &source, content).await;
    view::check(&content);
    let wanted = [(Some(1), FIRST), (Some(1), SECOND), (Some(2), MIDDLE), (Some(3), SECOND)];
    assert_eq!(lines(&content), wanted);
    let warned: Vec<(&str, Option<u32>)> =
        content.warnings.iter().map(|warning| (warning.code.as_str(), warning.page)).collect();
    assert_eq!(warned, [("RECOGNISED_TEXT", Some(1)), ("RECOGNISED_TEXT", Some(3))]);
    assert!(content.extractor.starts_with("pdf/") && content.extractor.ends_with(&recogniser.pin()));
}

#[tokio::test]
async fn a_mixed_pdf_is_read_without_the_programs_and_says_what_is_missing() {
    let nowhere = PathBuf::from("/nowhere/program");
    let at_once = Settings { wall: Duration::ZERO, ..settings() };
    for (settings, word) in [
        (Settings { tesseract: nowhere.clone(), ..settings() }, "tesseract-ocr"),
        (Settings { pdftoppm: nowhere, ..settings() }, "poppler-utils"),
        (at_once, "seconds"),
    ] {
        let source = Source::Bytes(mixed());
        let sandbox = sandbox(SandboxLimits::default());
        let content = sandbox.extract(source.clone(), Hint::default()).await.unwrap();
        let content = Recogniser::find(settings).await.complete(&sandbox, &source, content).await;
        assert_eq!(lines(&content), [(Some(2), MIDDLE)]);
        let listed = |page| {
            content.warnings.iter().any(|warning| {
                warning.code == "PAGE_WITHOUT_TEXT" && warning.page == Some(page) && warning.message.contains(word)
            })
        };
        assert!(listed(1) && listed(3), "{word}: {:?}", content.warnings);
    }
}

#[tokio::test]
async fn what_cannot_be_recognised_has_its_reason() {
    let nowhere = PathBuf::from("/nowhere/program");
    let without_tesseract = Settings { tesseract: nowhere.clone(), ..settings() };
    let without_poppler = Settings { pdftoppm: nowhere, ..settings() };
    let at_once = Settings { wall: Duration::ZERO, ..settings() };
    let little = SandboxLimits { memory_bytes: 60 << 20, ..SandboxLimits::default() };
    let picture = || fixture("letter.png");
    for (what, settings, limits, source, is_pdf, wanted, word) in [
        (
            "no tesseract",
            without_tesseract,
            SandboxLimits::default(),
            picture(),
            false,
            Reason::OcrNotInstalled,
            "tesseract-ocr",
        ),
        (
            "no pdftoppm",
            without_poppler,
            SandboxLimits::default(),
            fixture("scan.pdf"),
            true,
            Reason::OcrNotInstalled,
            "poppler-utils",
        ),
        (
            "an empty page",
            settings(),
            SandboxLimits::default(),
            fixture("blank.png"),
            false,
            Reason::NoTextLayer,
            "no words",
        ),
        (
            "half a picture",
            settings(),
            SandboxLimits::default(),
            Source::Bytes(b"\x89PNG\r\n\x1a\nhalf".to_vec()),
            false,
            Reason::DocumentDamaged,
            "",
        ),
        ("no time", at_once, SandboxLimits::default(), picture(), false, Reason::DocumentTooComplex, "seconds"),
        ("little memory", settings(), little, picture(), false, Reason::DocumentTooComplex, ""),
    ] {
        let recogniser = Recogniser::find(settings).await;
        let failure = recogniser.read(&sandbox(limits), &source, is_pdf).await.unwrap_err();
        assert!(failure.reason == wanted && failure.message.contains(word), "{what}: {failure}");
    }
}
