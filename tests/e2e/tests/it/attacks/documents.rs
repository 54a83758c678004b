//! Documents that are made to be read slowly, and texts that are made to be slow to speak.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_e2e::{Client, Profile, of, refusal};
use lectern_proto::v1::{self as api, create_document_request::Source, narration::State};
use tonic::Code;

use super::{ATTACKER, VICTIM, caller, errand};

on_both_profiles!(attack_documents_that_take_long_to_read, attack_repeated_numbers);

/// Documents that the attacker hands in at once: more than there are readers.
const AT_ONCE: usize = 12;
/// The same where the victim is of the same tenant and waits its turn behind them.
const AT_ONCE_WITHIN_THE_SHARE: usize = 3;
/// Documents that each of these hands in, one after the other.
const EACH: usize = 6;
/// How long a small document may wait while they are read.
const HELD_UP: Duration = Duration::from_secs(60);
/// Texts of numbers that are ordered: more than ai has cores here.
const ORDERED: usize = 6;
/// Numbers of each.
const NUMBERS: usize = 4_000;

/// Small to send, and each quadratic for a reader that looks back.
fn hostile() -> Vec<(&'static str, Bytes)> {
    let table = format!("|a|b|\n|-|-|\n{}", "|c|d|\n".repeat(300_000));
    let tags = format!("<html><body>{}The ferry.", "<b>".repeat(900_000));
    vec![
        ("entities.docx", docx(&"&amp;".repeat(200_000))),
        ("tags.html", tags.into()),
        ("ticks.md", "`".repeat(3_500_000).into()),
        ("table.md", table.into()),
    ]
}

/// A DOCX of one run of text, which is XML.
fn docx(text: &str) -> Bytes {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    let links = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let body = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{text} words</w:t></w:r></w:p></w:body></w:document>"#
    );
    for (name, content) in [("[Content_Types].xml", types), ("_rels/.rels", links), ("word/document.xml", &body)] {
        zip.start_file(name, options).expect("a member");
        zip.write_all(content.as_bytes()).expect("written");
    }
    zip.finish().expect("an archive").into_inner().into()
}

/// Hands in one after the other, and tries again when there is no room.
async fn hand_in(attacker: Client, hostile: Arc<Vec<(&'static str, Bytes)>>, first: usize) {
    for (name, bytes) in hostile.iter().cycle().skip(first % hostile.len()).take(EACH) {
        while let Err(status) = attacker.create(Source::Data(bytes.clone()), name).await {
            let refused = refusal(&status);
            if !matches!(refused.code, Code::ResourceExhausted | Code::Unavailable) {
                assert_eq!(refused.code, Code::InvalidArgument, "{name}: {refused:?}");
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

async fn attack_documents_that_take_long_to_read(profile: Profile) {
    let instance = profile.setup().start().await;
    let (attacker, victim) = (caller(&instance, ATTACKER).await, caller(&instance, VICTIM).await);
    let hostile = Arc::new(hostile());
    let at_once = match profile {
        Profile::Stack => AT_ONCE,
        Profile::Embedded => AT_ONCE_WITHIN_THE_SHARE,
    };
    let attack: Vec<_> =
        (0..at_once).map(|at| tokio::spawn(hand_in(attacker.clone(), Arc::clone(&hostile), at))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;

    let small = victim.create(Source::Text("The ferry leaves at nine.".to_owned()), "ferry.md");
    tokio::time::timeout(HELD_UP, small).await.expect("the readers are not all taken").expect("accepted");
    assert!(attack.iter().any(|handing_in| !handing_in.is_finished()), "the attack still holds");
    errand(&victim).await;

    for handing_in in attack {
        if handing_in.is_finished() {
            handing_in.await.expect("each was accepted or refused as a document");
        } else {
            handing_in.abort();
        }
    }
}

async fn attack_repeated_numbers(profile: Profile) {
    let instance = profile.setup().start().await;
    let (attacker, victim) = (caller(&instance, ATTACKER).await, caller(&instance, VICTIM).await);
    let mut names = Vec::new();
    for at in 0..ORDERED {
        // Each another text, so that none is found made.
        let document = attacker.markdown(&format!("{}{at}", "12 ".repeat(NUMBERS))).await;
        let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
        names.push(attacker.order(order).await.expect("accepted").name);
    }
    attacker.watch(&names[0], |narration| narration.state() >= State::Planning).await;
    // One tenant's narrations go in the order in which they came.
    if profile == Profile::Stack {
        errand(&victim).await;
    }

    for name in &names {
        let cancel = api::CancelNarrationRequest { name: name.clone(), etag: String::new() };
        attacker.narrations().cancel_narration(cancel).await.expect("cancelled");
    }
    // What was cancelled takes no more of anybody's time.
    errand(&victim).await;
    for name in &names {
        let ended = attacker.watch(name, |_| false).await;
        assert!(matches!(ended.state(), State::Cancelled | State::Succeeded), "{ended:?}");
    }
}
