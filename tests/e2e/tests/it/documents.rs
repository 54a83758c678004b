//! Handing in, looking, and handing in again.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use lectern_core::Digest;
use lectern_e2e::{PATIENCE, Profile, fixture, refusal, upload};
use lectern_proto::v1::{self as api, create_document_request::Source, upload_document_request::Part};
use tonic::Code;

on_both_profiles!(
    an_upload_that_broke_off_goes_on_from_what_is_safe,
    texts_are_read_as_they_come_listed_page_by_page_and_accepted_once,
    an_upload_that_is_not_as_it_was_announced_is_refused_for_what_is_wrong,
    names_are_short_and_control_nothing,
    a_view_says_how_much_of_a_document_is_returned,
);

/// More than a message of an upload may have.
const HUGE_CHUNK: usize = 6 << 20;

async fn an_upload_that_broke_off_goes_on_from_what_is_safe(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let pdf = fixture("pdf/demo.pdf");
    let sha256 = Digest::of(&pdf).to_string();
    let query = async || {
        let request = api::GetUploadRequest { name: "uploads/tide".to_owned() };
        client.documents().get_upload(request).await.expect("an upload").into_inner().upload.expect("the upload")
    };

    // A stream that ends without `finish`: what it brought is safe.
    let broken = client.stream("tide", "demo.pdf", &pdf[..20_000], 0, None).await.expect_err("not finished");
    assert_eq!((broken.code(), refusal(&broken).reason.as_str()), (Code::Aborted, "OFFSET_MISMATCH"));
    assert_eq!(query().await.committed_bytes, 20_000);

    // A stream that begins elsewhere is told where to begin.
    let gap = client.stream("tide", "demo.pdf", &pdf, 30_000, None).await.expect_err("a gap");
    let gap = refusal(&gap);
    assert_eq!((gap.code, gap.reason.as_str()), (Code::FailedPrecondition, "OFFSET_MISMATCH"));
    assert!(gap.message.contains("20000"), "{}", gap.message);

    // A caller that dies in the middle: whatever arrived, the answer of GetUpload is where to go
    // on.
    let (mut sender, receiver) = futures::channel::mpsc::channel(16);
    let mut documents = client.documents();
    let dying = tokio::spawn(async move { documents.upload_document(receiver).await.map(|_| ()) });
    for message in upload("tide", "demo.pdf", &pdf[..50_000], 20_000, None) {
        sender.send(message).await.expect("the stream is open");
    }
    dying.abort();
    drop(sender);
    let resumed = async {
        loop {
            let safe = usize::try_from(query().await.committed_bytes).expect("a size");
            assert!((20_000..=50_000).contains(&safe), "{safe}");
            match client.stream("tide", "demo.pdf", &pdf, safe, Some(sha256.clone())).await {
                Ok(document) => return document,
                // The last bytes of the dead caller were made safe between question and answer.
                Err(status) => assert_eq!(refusal(&status).reason, "OFFSET_MISMATCH", "{status}"),
            }
        }
    };
    let document = tokio::time::timeout(PATIENCE, resumed).await.expect("resumed");

    assert_eq!((document.mime_type.as_str(), document.sha256.as_str()), ("application/pdf", sha256.as_str()));
    assert_eq!(usize::try_from(document.size_bytes).ok(), Some(pdf.len()));
    assert!(document.page_count >= Some(5) && document.word_count > 1_500, "{document:?}");
    assert!(
        document.outline.iter().any(|heading| heading.text.contains("clock made of water")),
        "{:?}",
        document.outline
    );
    let answered = query().await;
    assert_eq!(answered.document, document.name);
    // A caller that missed the answer finishes again and gets it.
    let again = client.upload("tide", "demo.pdf", &pdf).await.expect("the same answer");
    assert_eq!(again.name, document.name);
    let other = client.upload("tide", "demo.pdf", b"Something else.").await.expect_err("another source");
    assert_eq!((other.code(), refusal(&other).reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    assert_eq!(client.list_documents().await.len(), 1);
    assert!(!instance.object_names().iter().any(|name| name.starts_with("tmp")), "{:?}", instance.object_names());
}

async fn texts_are_read_as_they_come_listed_page_by_page_and_accepted_once(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let markdown = "# Salt\n\nIt is old.\n\n- white\n- dry\n";
    let from_markdown = client.create(Source::Text(markdown.to_owned()), "salt.md").await.expect("Markdown");
    assert_eq!((from_markdown.title.as_str(), from_markdown.outline.len()), ("Salt", 1), "{from_markdown:?}");
    let plain = client.create(Source::Data(Bytes::from("Two plain words.\n")), "notes.txt").await.expect("text");
    assert_eq!((plain.mime_type.as_str(), plain.word_count), ("text/plain", 3), "{plain:?}");
    let html = "<html><head><title>Bread</title></head><body><h1>Bread</h1><p>It rises.</p></body></html>";
    let html = client.create(Source::Data(Bytes::from(html)), "").await.expect("HTML");
    assert_eq!((html.mime_type.as_str(), html.title.as_str()), ("text/html", "Bread"), "{html:?}");

    // The same request id and body is the same document, however often it comes, also at once.
    let request = || api::CreateDocumentRequest {
        request_id: "once".to_owned(),
        document: Some(api::Document { display_name: "Once".to_owned(), ..Default::default() }),
        source: Some(Source::Text("Said once and for all.".to_owned())),
        ..Default::default()
    };
    let calls = (0..4).map(|_| {
        let mut documents = client.documents();
        async move { documents.create_document(request()).await.expect("accepted").into_inner().document.expect("it") }
    });
    let same = futures::future::join_all(calls).await;
    assert!(same.iter().all(|document| document.name == same[0].name), "{same:?}");
    assert_eq!(same[0].display_name, "Once");

    // Newest first, without gaps or repetition, whatever the page's size.
    let mut expected = vec![from_markdown.name.clone(), plain.name, html.name, same[0].name.clone()];
    expected.reverse();
    for page_size in [1, 3, 1_000] {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = api::ListDocumentsRequest { page_size, page_token, ..Default::default() };
            let page = client.documents().list_documents(request).await.expect("a page").into_inner();
            assert!(page.documents.len() <= usize::try_from(page_size).expect("a size"));
            names.extend(page.documents.into_iter().map(|document| document.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(names, expected, "pages of {page_size}");
    }

    let get = api::GetDocumentRequest { name: from_markdown.name.clone(), ..Default::default() };
    let got = client.documents().get_document(get).await.expect("it").into_inner().document;
    assert_eq!(got, Some(from_markdown), "read back as it was answered");
    let voices = client.voices().list_voices(api::ListVoicesRequest::default()).await.expect("voices").into_inner();
    assert!(voices.voices.first().is_some_and(|voice| voice.available && voice.name.starts_with("engines/")));
    // An empty stream is no upload.
    let nothing = futures::stream::empty::<api::UploadDocumentRequest>().boxed();
    let refused = client.documents().upload_document(nothing).await.expect_err("no start");
    assert_eq!(refusal(&refused).reason, "INVALID_FIELD");
}

async fn an_upload_that_is_not_as_it_was_announced_is_refused_for_what_is_wrong(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();

    // A caller that is told of a wrong offset would send the same chunk again, for ever.
    let huge = vec![b'a'; HUGE_CHUNK];
    let mut messages = upload("huge", "a.txt", b"some words", 0, None);
    messages.push(api::UploadDocumentRequest {
        part: Some(Part::Chunk(api::UploadChunk { offset: 10, crc32c: crc32c::crc32c(&huge), data: huge.into() })),
    });
    let mut documents = client.documents().max_encoding_message_size(2 * HUGE_CHUNK);
    let refused = refusal(&documents.upload_document(futures::stream::iter(messages)).await.expect_err("too large"));
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "LIMIT_EXCEEDED"), "{refused:?}");

    for (upload_id, announced) in [("too-many", 5), ("too-few", 50)] {
        let text = b"some words";
        let mut messages = upload(upload_id, "a.txt", text, 0, Some(Digest::of(text).to_string()));
        if let Some(Part::Start(start)) = &mut messages[0].part {
            start.size_bytes = Some(announced);
        }
        let sent = client.documents().upload_document(futures::stream::iter(messages)).await;
        let refused = refusal(&sent.expect_err(upload_id));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{refused:?}");
        assert!(refused.message.contains("size_bytes"), "{upload_id}: {}", refused.message);
    }
    assert!(client.list_documents().await.is_empty());
}

async fn names_are_short_and_control_nothing(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let endless = "a".repeat(4_000_000);
    for (what, name) in [("4 MB", endless.as_str()), ("a line end", "a\nb.md"), ("an escape", "\u{1b}[31mred.md")] {
        let invalid = |call: &str, status: &tonic::Status| {
            let refused = refusal(status);
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (Code::InvalidArgument, "INVALID_FIELD"),
                "{what}, {call}"
            );
            assert!(refused.message.len() < 1_000, "{what}, {call}: the name is not said again");
        };
        let text = || Source::Text("A good text.".to_owned());
        invalid("file_name", &client.create(text(), name).await.expect_err(what));
        let request = api::CreateDocumentRequest {
            document: Some(api::Document { display_name: name.to_owned(), ..Default::default() }),
            source: Some(text()),
            ..api::CreateDocumentRequest::default()
        };
        invalid("display_name", &client.documents().create_document(request).await.expect_err(what));
        invalid("upload's file_name", &client.upload("named", name, b"A good text.").await.expect_err(what));
        let mut messages = upload("named", "a.md", b"A good text.", 0, None);
        if let Some(Part::Start(start)) = &mut messages[0].part {
            start.document = Some(api::Document { display_name: name.to_owned(), ..Default::default() });
        }
        let sent = client.documents().upload_document(futures::stream::iter(messages)).await;
        invalid("upload's display_name", &sent.expect_err(what));
    }
    assert!(client.list_documents().await.is_empty());
}

async fn a_view_says_how_much_of_a_document_is_returned(profile: Profile) {
    use api::DocumentView::{Basic, Full, Unspecified};

    let instance = profile.setup().start().await;
    let client = instance.client();
    let whole = client.markdown("# Salt\n\nIt is old.\n\n## Uses\n\nOn roads.").await;
    assert_eq!(whole.outline.len(), 2, "a created document is returned whole: {whole:?}");
    client.markdown("# Snow\n\nIt is new.").await;
    let basic = api::Document { outline: Vec::new(), warnings: Vec::new(), ..whole.clone() };
    for (view, expected) in [(Unspecified, &whole), (Basic, &basic), (Full, &whole)] {
        let request = api::GetDocumentRequest { name: whole.name.clone(), view: view.into() };
        let got = client.documents().get_document(request).await.expect("it").into_inner().document;
        assert_eq!(got.as_ref(), Some(expected), "{view:?}");
    }
    let page = async |view: api::DocumentView, page_token: String| {
        let request = api::ListDocumentsRequest { page_size: 1, page_token, view: view.into(), ..Default::default() };
        client.documents().list_documents(request).await.map(tonic::Response::into_inner)
    };
    for (view, expected) in [(Unspecified, &basic), (Basic, &basic), (Full, &whole)] {
        let token = page(view, String::new()).await.expect("the newer").next_page_token;
        let second = page(view, token.clone()).await.expect("the older");
        assert_eq!(second.documents.first(), Some(expected), "{view:?}");
        let other = if view == Full { Basic } else { Full };
        let refused = refusal(&page(other, token).await.expect_err("a token of another view"));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"), "{view:?}");
    }
}
