//! What is refused: with the right code, a reason and a sentence, and nothing is left behind.

use std::io::Write as _;

use bytes::Bytes;
use futures::future::BoxFuture;
use lectern_core::Digest;
use lectern_e2e::{Client, Instance, Profile, artifact, fixture, of, refusal, upload};
use lectern_proto::v1::{self as api, create_document_request::Source, upload_document_request::Part};
use tonic::{Code, Status};

on_both_profiles!(bad_input_is_refused_with_a_reason_and_leaves_nothing_behind);

/// Bytes that an upload may have here.
const LIMIT: usize = 300_000;

/// The installation that is knocked at.
struct Door {
    instance: Instance,
    client: Client,
    /// Another tenant, where there are tenants.
    stranger: Client,
    document: api::Document,
    narration: api::Narration,
    /// For the second page of the documents.
    token: String,
}

/// One kind of bad input: its name, the call, and what it must be answered.
struct Row(&'static str, fn(&Door) -> BoxFuture<'_, Result<(), Status>>, Code, &'static str);

/// Rows for both profiles.
fn rows() -> Vec<Row> {
    use Code::{Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OutOfRange, ResourceExhausted};
    vec![
        Row("an empty file", |d| Box::pin(d.upload(Vec::new())), InvalidArgument, "DOCUMENT_EMPTY"),
        Row("an empty text", |d| Box::pin(d.text("")), InvalidArgument, "DOCUMENT_EMPTY"),
        Row("a text without words", |d| Box::pin(d.text(" \n * * * \n")), InvalidArgument, "DOCUMENT_EMPTY"),
        Row("no source", |d| Box::pin(d.nothing()), InvalidArgument, "INVALID_FIELD"),
        Row("a URL where nothing is imported", |d| Box::pin(d.url()), FailedPrecondition, "IMPORT_DISABLED"),
        Row("a PDF cut in half", |d| Box::pin(d.upload(half())), InvalidArgument, "DOCUMENT_DAMAGED"),
        Row(
            "an encrypted PDF",
            |d| Box::pin(d.upload(fixture("pdf/encrypted.pdf"))),
            InvalidArgument,
            "DOCUMENT_ENCRYPTED",
        ),
        Row("a scanned PDF", |d| Box::pin(d.upload(fixture("pdf/scanned.pdf"))), InvalidArgument, "NO_TEXT_LAYER"),
        Row("a ZIP bomb as DOCX", |d| Box::pin(d.upload(bomb())), InvalidArgument, "DOCUMENT_TOO_COMPLEX"),
        Row(
            "a picture cut in half",
            |d| Box::pin(d.upload(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec())),
            InvalidArgument,
            "DOCUMENT_DAMAGED",
        ),
        Row("an animation", |d| Box::pin(d.upload(b"GIF89a".to_vec())), InvalidArgument, "FORMAT_UNSUPPORTED"),
        Row(
            "an upload that says it is over the limit",
            |d| Box::pin(d.announced()),
            ResourceExhausted,
            "LIMIT_EXCEEDED",
        ),
        Row(
            "an upload over the limit",
            |d| Box::pin(d.upload(vec![b'a'; LIMIT + 1])),
            ResourceExhausted,
            "LIMIT_EXCEEDED",
        ),
        Row("a chunk's wrong checksum", |d| Box::pin(d.damaged_chunk()), InvalidArgument, "CHECKSUM_MISMATCH"),
        Row("the whole's wrong checksum", |d| Box::pin(d.damaged_whole()), InvalidArgument, "CHECKSUM_MISMATCH"),
        Row(
            "an unknown document",
            |d| Box::pin(d.order(|n| n.documents = vec!["documents/none".to_owned()])),
            NotFound,
            "RESOURCE_NOT_FOUND",
        ),
        Row(
            "no document's name",
            |d| Box::pin(d.order(|n| n.documents = vec!["doc".to_owned()])),
            InvalidArgument,
            "INVALID_FIELD",
        ),
        Row(
            "an unknown voice",
            |d| Box::pin(d.order(|n| n.speakers = vec![speaker("engines/tone/voices/nobody")])),
            InvalidArgument,
            "VOICE_UNKNOWN",
        ),
        Row("an unknown style", |d| Box::pin(d.order(|n| n.style = 99)), InvalidArgument, "STYLE_UNSUPPORTED"),
        Row(
            "an unknown format",
            |d| Box::pin(d.order(|n| n.formats = vec![99])),
            InvalidArgument,
            "OUTPUT_FORMAT_UNSUPPORTED",
        ),
        Row(
            "a format without its encoder",
            |d| Box::pin(d.order(|n| n.formats = vec![4])),
            FailedPrecondition,
            "OUTPUT_FORMAT_UNSUPPORTED",
        ),
        Row("a speed out of range", |d| Box::pin(d.order(|n| n.speed = Some(7.0))), InvalidArgument, "INVALID_FIELD"),
        Row(
            "a length for a narration",
            |d| Box::pin(d.order(|n| n.length = Some(words(500)))),
            InvalidArgument,
            "INVALID_FIELD",
        ),
        Row(
            "a range that ends before it begins",
            |d| Box::pin(d.select(|s| s.chapters = vec![api::NumberRange { first: 3, last: 2 }])),
            InvalidArgument,
            "INVALID_FIELD",
        ),
        Row(
            "pages of a document without pages",
            |d| Box::pin(d.select(|s| s.pages = vec![api::NumberRange { first: 1, last: 2 }])),
            InvalidArgument,
            "INVALID_FIELD",
        ),
        Row(
            "a kind that is left out and read",
            |d| Box::pin(d.order(|n| (n.skip, n.read) = (vec![2], vec![2]))),
            InvalidArgument,
            "INVALID_FIELD",
        ),
        Row("a source that is no digest", |d| Box::pin(d.find("tides")), InvalidArgument, "INVALID_FIELD"),
        Row("an unknown narration", |d| Box::pin(d.get("narrations/none")), NotFound, "RESOURCE_NOT_FOUND"),
        Row("a stale etag of a document", |d| Box::pin(d.delete_document()), Aborted, "ETAG_MISMATCH"),
        Row("a stale etag of a narration", |d| Box::pin(d.delete_narration()), Aborted, "ETAG_MISMATCH"),
        Row("a request id of another order", |d| Box::pin(d.reorder()), AlreadyExists, "REQUEST_ID_REUSED"),
        Row("a request id of another document", |d| Box::pin(d.recreate()), AlreadyExists, "REQUEST_ID_REUSED"),
        Row("a page token of another list", |d| Box::pin(d.list(&d.token, "")), InvalidArgument, "PAGE_TOKEN_INVALID"),
        Row("a page token that was made up", |d| Box::pin(d.list("AAAA", "")), InvalidArgument, "PAGE_TOKEN_INVALID"),
        Row(
            "a resume token that was made up",
            |d| Box::pin(d.watch("yesterday")),
            InvalidArgument,
            "PAGE_TOKEN_INVALID",
        ),
        Row("a file that is not there", |d| Box::pin(d.download("audio.mp3", 0)), NotFound, "RESOURCE_NOT_FOUND"),
        Row("a range past the end", |d| Box::pin(d.download("audio.opus", 1 << 40)), OutOfRange, "INVALID_FIELD"),
        Row("a retry of what succeeded", |d| Box::pin(d.retry()), FailedPrecondition, "WRONG_STATE"),
    ]
}

/// Rows for an installation with keys and tenants.
fn rows_with_keys() -> Vec<Row> {
    use Code::{InvalidArgument, NotFound, PermissionDenied, Unauthenticated};
    vec![
        Row("no key", |d| Box::pin(d.with(d.instance.nobody())), Unauthenticated, "KEY_INVALID"),
        Row(
            "a wrong key",
            |d| Box::pin(d.with(d.instance.with_key("lk_nobody_has_this"))),
            Unauthenticated,
            "KEY_INVALID",
        ),
        Row("a revoked key", |d| Box::pin(d.revoked()), Unauthenticated, "KEY_INVALID"),
        Row("a tenant's key for keys", |d| Box::pin(d.make_key()), PermissionDenied, "KEY_NOT_ALLOWED"),
        Row("another tenant's narration", |d| Box::pin(d.get_as_stranger()), NotFound, "RESOURCE_NOT_FOUND"),
        Row("another tenant's document", |d| Box::pin(d.order_as_stranger()), NotFound, "RESOURCE_NOT_FOUND"),
        Row("another tenant's page token", |d| Box::pin(d.page_as_stranger()), InvalidArgument, "PAGE_TOKEN_INVALID"),
    ]
}

async fn bad_input_is_refused_with_a_reason_and_leaves_nothing_behind(profile: Profile) {
    let door = Door::open(profile).await;
    let mut rows = rows();
    if profile == Profile::Stack {
        rows.extend(rows_with_keys());
    }
    let mut wrong = Vec::new();
    let before = door.state().await;
    for Row(what, call, code, reason) in rows {
        match call(&door).await {
            Ok(()) => wrong.push(format!("{what}: accepted")),
            Err(status) => {
                let refused = refusal(&status);
                if (refused.code, refused.reason.as_str()) != (code, reason) {
                    wrong.push(format!("{what}: expected {code:?} {reason}, got {refused:?}"));
                }
            }
        }
        let after = door.state().await;
        if after != before {
            let new: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
            let gone: Vec<_> = before.iter().filter(|name| !after.contains(name)).collect();
            wrong.push(format!("{what}: left {new:?} behind, took {gone:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A PDF of which the second half is missing.
fn half() -> Vec<u8> {
    let mut pdf = fixture("pdf/demo.pdf");
    pdf.truncate(pdf.len() / 2);
    pdf
}

/// A DOCX of under 300 KB whose text unpacks to 200 MB.
fn bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let types = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    zip.start_file("[Content_Types].xml", options).expect("a member");
    zip.write_all(types).expect("written");
    let links = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    zip.start_file("_rels/.rels", options).expect("a member");
    zip.write_all(links).expect("written");
    zip.start_file("word/document.xml", options).expect("a member");
    let head = br#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>"#;
    zip.write_all(head).expect("written");
    let megabyte = vec![b'a'; 1 << 20];
    for _ in 0..200 {
        zip.write_all(&megabyte).expect("written");
    }
    zip.write_all(b"</w:t></w:r></w:p></w:body></w:document>").expect("written");
    let bytes = zip.finish().expect("an archive").into_inner();
    assert!(bytes.len() < LIMIT, "{} bytes", bytes.len());
    bytes
}

fn speaker(voice: &str) -> api::Speaker {
    api::Speaker { voice: voice.to_owned(), other_voices: Vec::new() }
}

/// A key of the tenant whose the documents are.
fn acme() -> api::Key {
    api::Key { tenant: "tenants/acme".to_owned(), ..api::Key::default() }
}

fn words(words: i32) -> api::Length {
    api::Length { target: Some(api::length::Target::WordCount(words)) }
}

/// A fresh upload id for each call.
fn upload_id() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("bad-{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

impl Door {
    async fn open(profile: Profile) -> Self {
        let instance = profile
            .setup()
            .env("ingest", "LECTERN_LIMITS__UPLOAD", &format!("{LIMIT}B"))
            // Where no ffmpeg is found.
            .env("tts", "PATH", "/nowhere")
            .start()
            .await;
        let client = instance.client();
        let stranger = if profile == Profile::Stack { instance.tenant("globex").await } else { client.clone() };
        let request = api::CreateDocumentRequest {
            request_id: "taken".to_owned(),
            source: Some(Source::Text("A good document.".to_owned())),
            ..Default::default()
        };
        let document = client.documents().create_document(request).await.expect("accepted").into_inner().document;
        let document = document.expect("a document");
        client.markdown("Another good document.").await;
        let request = api::CreateNarrationRequest { request_id: "taken".to_owned(), narration: Some(of(&document)) };
        let accepted = client.narrations().create_narration(request).await.expect("accepted").into_inner();
        let narration = client.finished(&accepted.narration.expect("a narration").name).await;
        let page = api::ListDocumentsRequest { page_size: 1, ..Default::default() };
        let token = client.documents().list_documents(page).await.expect("a page").into_inner().next_page_token;
        assert!(!token.is_empty(), "a second page");
        Self { instance, client, stranger, document, narration, token }
    }

    /// Everything that is there: objects, documents, narrations with their etags.
    async fn state(&self) -> Vec<String> {
        let mut all = self.instance.object_names();
        for client in [&self.client, &self.stranger] {
            all.extend(client.list_documents().await.into_iter().map(|d| format!("{} {}", d.name, d.etag)));
            all.extend(client.list_narrations().await.into_iter().map(|n| format!("{} {}", n.name, n.etag)));
        }
        all
    }

    async fn upload(&self, bytes: Vec<u8>) -> Result<(), Status> {
        self.client.upload(&upload_id(), "source", &bytes).await.map(|_| ())
    }

    async fn text(&self, text: &str) -> Result<(), Status> {
        self.client.create(Source::Text(text.to_owned()), "").await.map(|_| ())
    }

    async fn nothing(&self) -> Result<(), Status> {
        self.client.documents().create_document(api::CreateDocumentRequest::default()).await.map(|_| ())
    }

    async fn url(&self) -> Result<(), Status> {
        self.client.create(Source::Uri("https://127.0.0.1/a.pdf".to_owned()), "").await.map(|_| ())
    }

    async fn send(&self, messages: Vec<api::UploadDocumentRequest>) -> Result<(), Status> {
        self.client.documents().upload_document(futures::stream::iter(messages)).await.map(|_| ())
    }

    async fn announced(&self) -> Result<(), Status> {
        let mut messages = upload(&upload_id(), "a.txt", b"small", 0, None);
        if let Some(Part::Start(start)) = &mut messages[0].part {
            start.size_bytes = Some(LIMIT as i64 + 1);
        }
        self.send(messages).await
    }

    async fn damaged_chunk(&self) -> Result<(), Status> {
        let mut messages = upload(&upload_id(), "a.txt", b"some words", 0, Some(Digest::of(b"some words").to_string()));
        if let Some(Part::Chunk(chunk)) = &mut messages[1].part {
            chunk.data = Bytes::from_static(b"some wards");
        }
        self.send(messages).await
    }

    async fn damaged_whole(&self) -> Result<(), Status> {
        self.send(upload(&upload_id(), "a.txt", b"some words", 0, Some(Digest::of(b"other words").to_string()))).await
    }

    async fn order(&self, change: impl FnOnce(&mut api::Narration)) -> Result<(), Status> {
        let mut narration = of(&self.document);
        change(&mut narration);
        self.client.order(narration).await.map(|_| ())
    }

    async fn select(&self, change: impl FnOnce(&mut api::Selection)) -> Result<(), Status> {
        let mut selection = api::Selection::default();
        change(&mut selection);
        self.order(|narration| narration.selection = Some(selection)).await
    }

    async fn find(&self, sha256: &str) -> Result<(), Status> {
        let request = api::ListDocumentsRequest { sha256: sha256.to_owned(), ..Default::default() };
        self.client.documents().list_documents(request).await.map(|_| ())
    }

    async fn get(&self, name: &str) -> Result<(), Status> {
        self.client.narration(name).await.map(|_| ())
    }

    async fn delete_document(&self) -> Result<(), Status> {
        let (name, etag) = (self.document.name.clone(), "999".to_owned());
        let request = api::DeleteDocumentRequest { name, etag, force: true, ..Default::default() };
        self.client.documents().delete_document(request).await.map(|_| ())
    }

    async fn delete_narration(&self) -> Result<(), Status> {
        let (name, etag) = (self.narration.name.clone(), "1".to_owned());
        let request = api::DeleteNarrationRequest { name, etag, ..Default::default() };
        self.client.narrations().delete_narration(request).await.map(|_| ())
    }

    async fn reorder(&self) -> Result<(), Status> {
        let narration = api::Narration { speed: Some(1.5), ..of(&self.document) };
        let request = api::CreateNarrationRequest { request_id: "taken".to_owned(), narration: Some(narration) };
        self.client.narrations().create_narration(request).await.map(|_| ())
    }

    async fn recreate(&self) -> Result<(), Status> {
        let request = api::CreateDocumentRequest {
            request_id: "taken".to_owned(),
            source: Some(Source::Text("Another text altogether.".to_owned())),
            ..Default::default()
        };
        self.client.documents().create_document(request).await.map(|_| ())
    }

    async fn list(&self, page_token: &str, document: &str) -> Result<(), Status> {
        let (page_token, document) = (page_token.to_owned(), document.to_owned());
        let request = api::ListNarrationsRequest { page_size: 1, page_token, document, ..Default::default() };
        self.client.narrations().list_narrations(request).await.map(|_| ())
    }

    async fn watch(&self, resume_token: &str) -> Result<(), Status> {
        let request =
            api::WatchNarrationRequest { name: self.narration.name.clone(), resume_token: resume_token.to_owned() };
        self.client.narrations().watch_narration(request).await.map(|_| ())
    }

    async fn download(&self, file: &str, offset: i64) -> Result<(), Status> {
        let name = artifact(&self.narration.name, file);
        let request = api::DownloadArtifactRequest { name, offset, length: None };
        self.client.narrations().download_artifact(request).await.map(|_| ())
    }

    async fn retry(&self) -> Result<(), Status> {
        let request = api::RetryNarrationRequest { name: self.narration.name.clone(), ..Default::default() };
        self.client.narrations().retry_narration(request).await.map(|_| ())
    }

    async fn with(&self, caller: Client) -> Result<(), Status> {
        caller.order(of(&self.document)).await.map(|_| ())
    }

    async fn revoked(&self) -> Result<(), Status> {
        let keys = || self.instance.admin().keys();
        let request = api::CreateKeyRequest { key: Some(acme()), ..Default::default() };
        let made = keys().create_key(request).await?.into_inner();
        let caller = self.instance.with_key(&made.secret);
        caller.narration(&self.narration.name).await.expect("a good key");
        keys().revoke_key(api::RevokeKeyRequest { name: made.key.expect("a key").name }).await?;
        self.with(caller).await
    }

    async fn make_key(&self) -> Result<(), Status> {
        let request = api::CreateKeyRequest { key: Some(acme()), ..Default::default() };
        self.client.keys().create_key(request).await.map(|_| ())
    }

    async fn get_as_stranger(&self) -> Result<(), Status> {
        self.stranger.narration(&self.narration.name).await.map(|_| ())
    }

    async fn order_as_stranger(&self) -> Result<(), Status> {
        self.with(self.stranger.clone()).await
    }

    async fn page_as_stranger(&self) -> Result<(), Status> {
        let request = api::ListDocumentsRequest { page_size: 1, page_token: self.token.clone(), ..Default::default() };
        self.stranger.documents().list_documents(request).await.map(|_| ())
    }
}
