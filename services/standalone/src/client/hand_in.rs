//! Documents on their way in. One that was handed in before is known by its content, and not
//! handed in again.

use lectern_client::Client;
use lectern_core::{Failure, OsRandom, Random as _};
use lectern_proto::v1::create_document_request::Source;
use lectern_proto::v1::{CreateDocumentRequest, DeleteDocumentRequest, Document};

use super::sources::{Content, Item};

/// A document that a server has.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The document.
    pub document: Document,
    /// Whether it was handed in now; else it was there already.
    pub new: bool,
}

/// An id that no other call has, of at most 64 characters of letters, digits and `-`.
#[must_use]
pub fn fresh_id() -> String {
    format!("lectern-{:016x}{:016x}", OsRandom.next(), OsRandom.next())
}

/// The SHA-256 of what is here, 64 hexadecimal digits; none of what the server is to fetch.
///
/// # Errors
/// `INVALID_FIELD` where the file cannot be read.
pub async fn sha256(item: &Item) -> Result<Option<String>, Failure> {
    match &item.content {
        Content::Here(upload) => upload.digest().await.map(|(_, digest)| Some(digest.to_string())),
        Content::Url(_) => Ok(None),
    }
}

/// Hands a document in under an `id`, as a revision of the one that `revises` names, unless the
/// same bytes were handed in under the same name before. The call may be made again under the same
/// id.
///
/// # Errors
/// Why the file cannot be read, or what the server answers.
pub async fn hand_in(client: &Client, item: &Item, id: &str, revises: Option<&str>) -> Result<Handed, Failure> {
    match &item.content {
        Content::Here(upload) => {
            let (_, digest) = upload.digest().await?;
            let before = client.find_document(&digest.to_string()).await?;
            if let Some(before) = before.iter().find(|before| before.display_name == item.name) {
                // Whole, with its warnings, as one that is handed in now.
                let document = client.get_document(&before.name).await?;
                return Ok(Handed { document, new: false });
            }
            let upload = upload.clone().id(id).revises(revises.unwrap_or_default());
            let document = client.upload(&upload).await?;
            Ok(Handed { document, new: true })
        }
        Content::Url(url) => {
            let source = Some(Source::Uri(url.clone()));
            let document = Document { revises: revises.unwrap_or_default().to_owned(), ..Default::default() };
            let document = Some(document);
            let request = CreateDocumentRequest { request_id: id.to_owned(), document, source, ..Default::default() };
            let document = client.create(request).await?;
            // A revision cannot be erased alone.
            if revises.is_some() { Ok(Handed { document, new: true }) } else { fetched(client, document).await }
        }
    }
}

/// What a server has just fetched, or the same as it was there already: then what was fetched is
/// erased.
async fn fetched(client: &Client, document: Document) -> Result<Handed, Failure> {
    let before = client.find_document(&document.sha256).await?;
    let same = |before: &&Document| before.name != document.name && before.display_name == document.display_name;
    let Some(before) = before.iter().find(same) else { return Ok(Handed { document, new: true }) };
    let before = client.get_document(&before.name).await?;
    erase(client, &document.name).await?;
    Ok(Handed { document: before, new: false })
}

/// Erases a document that was handed in for a look; not one that is narrated meanwhile.
///
/// # Errors
/// What the server answers.
pub async fn erase(client: &Client, name: &str) -> Result<(), Failure> {
    let request = DeleteDocumentRequest { name: name.to_owned(), allow_missing: true, ..Default::default() };
    client.erase(request).await.map(drop)
}

/// What a document is, in a line.
#[must_use]
pub fn describe(document: &Document) -> String {
    let pages = document.page_count.map(|pages| format!(", {pages} pages")).unwrap_or_default();
    format!("{}{pages}, {} words, {}", document.mime_type, document.word_count, document.language_code)
}
