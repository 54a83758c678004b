//! What tests send and read: the messages of an upload, an order, a refusal, names, and a text.

use lectern_core::id::{DocumentId, NarrationId};
use lectern_proto::v1::{self as api, upload_document_request::Part};
use lectern_proto::{convert, names, rpc};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Bytes of a chunk: small, so that small sources have several.
const CHUNK: usize = 16 * 1024;

/// Adds a page of a script; a section that goes on follows on what there is of it.
pub fn join(sections: &mut Vec<api::ScriptSection>, page: Vec<api::ScriptSection>) {
    for section in page {
        match sections.last_mut().filter(|_| section.continued) {
            Some(begun) => {
                begun.utterances.extend(section.utterances);
                begun.skipped.extend(section.skipped);
            }
            None => sections.push(section),
        }
    }
}

/// The name of a narration's file.
#[must_use]
pub fn artifact(narration: &str, file: &str) -> String {
    format!("{narration}/artifacts/{file}")
}

/// The messages of one stream of an upload.
#[must_use]
pub fn upload(
    upload_id: &str,
    file_name: &str,
    bytes: &[u8],
    offset: usize,
    sha256: Option<String>,
) -> Vec<api::UploadDocumentRequest> {
    let message = |part| api::UploadDocumentRequest { part: Some(part) };
    let start =
        api::UploadStart { upload: names::of_upload(upload_id), file_name: file_name.to_owned(), ..Default::default() };
    let mut messages = vec![message(Part::Start(start))];
    let mut at = offset;
    for data in bytes[offset..].chunks(CHUNK) {
        let chunk = api::UploadChunk {
            offset: i64::try_from(at).expect("an offset"),
            data: data.to_vec().into(),
            crc32c: crc32c::crc32c(data),
        };
        messages.push(message(Part::Chunk(chunk)));
        at += data.len();
    }
    messages.extend(sha256.map(|sha256| message(Part::Finish(api::UploadFinish { sha256 }))));
    messages
}

/// An order of a plain narration of `document`, everything else as it is by default.
#[must_use]
pub fn of(document: &api::Document) -> api::Narration {
    api::Narration { documents: vec![document.name.clone()], style: api::Style::Narration.into(), ..Default::default() }
}

/// What a refused call said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The canonical code.
    pub code: Code,
    /// The reason of `ErrorInfo`.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
}

/// Reads a refusal; every one has an `ErrorInfo` of ours and a message.
///
/// # Panics
///
/// When it has not.
#[must_use]
pub fn refusal(status: &Status) -> Refusal {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, lectern_rpc::status::DOMAIN, "{status:?}");
    assert!(status.message().split_whitespace().count() >= 4, "not a sentence: {status:?}");
    Refusal { code: status.code(), reason: info.reason, message: status.message().to_owned() }
}

/// The reason of a narration's or a dead letter's failure; empty where it has none.
#[must_use]
pub fn reason(failure: Option<&rpc::Status>) -> String {
    failure.and_then(convert::error_info).map(|info| info.reason).unwrap_or_default()
}

/// The id of a resource name.
///
/// # Panics
///
/// When it is not a narration's.
#[must_use]
pub fn narration_id(name: &str) -> NarrationId {
    names::narration(name, "name").expect("a narration's name")
}

/// The id of a resource name.
///
/// # Panics
///
/// When it is not a document's.
#[must_use]
pub fn document_id(name: &str) -> DocumentId {
    names::document(name, "name").expect("a document's name")
}

/// Markdown of `sections` headed sections with about `words` words each; no two sentences are the
/// same.
#[must_use]
pub fn chapters(sections: usize, words: usize) -> String {
    const NOUNS: [&str; 8] = ["harbour", "lantern", "gauge", "river", "station", "letter", "window", "engine"];
    const VERBS: [&str; 7] = ["follows", "answers", "measures", "carries", "remembers", "crosses", "opens"];
    let mut text = String::from("# A book of many chapters\n");
    let mut at = 0_usize;
    for section in 0..sections {
        text.push_str(&format!("\n## Chapter {}\n\n", section + 1));
        let mut count = 0;
        while count < words {
            let (one, two, three) = (at % 8, at / 8 % 7, at / 56 % 8);
            let other = at / 448 % 8;
            text.push_str(&format!(
                "The {} {} the {} near the old {}. ",
                NOUNS[one], VERBS[two], NOUNS[three], NOUNS[other]
            ));
            at += 1;
            count += 9;
        }
        text.push('\n');
    }
    text
}
