//! The API as callers see it, without a wire between.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::sync::Arc;
use std::time::Duration;

use lectern_blob::memory::MemoryBlob;
use lectern_core::{Clock, OsRandom, Reason, SystemClock};
use lectern_ingest::api::Documents;
use lectern_ingest::domain::{Document, SourceLimits, Upload};
use lectern_ingest::extract::child::{Sandbox, SandboxLimits};
use lectern_ingest::library::{Imports, Library, Reader, Uploads};
use lectern_proto::ingest::v1::{GetSourceRequest, GetUsageRequest, ingest_service_server::IngestService as _};
use lectern_proto::v1::{
    self as api, DocumentView, create_document_request::Source, document_service_server::DocumentService as _,
    erased_items::Kind,
};
use lectern_rpc::{Caller, Role, TenantLimits, failure};
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store};
use tonic::Request;

const TEXT: &str = "# Tides\n\nThe sea rises twice a day.\n\n## Springs\n\nIt falls twice, too.\n";

async fn documents() -> Documents {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let documents: Collection<Document> = Collection::new(Arc::clone(&store));
    documents.ensure().await.expect("a collection");
    let records: Collection<Upload> = Collection::new(store);
    records.ensure().await.expect("a collection");
    let blob = Arc::new(MemoryBlob::new(Arc::clone(&clock)));
    let library = Library::new(
        documents,
        Reader::new(Sandbox::new(env!("CARGO_BIN_EXE_lectern-ingest"), SandboxLimits::default()), None, 2),
        Arc::clone(&blob) as Arc<dyn lectern_blob::Blob>,
        Arc::clone(&clock),
        Arc::new(OsRandom),
        b"thirty-two bytes that protect none".as_slice().into(),
        SourceLimits { upload_bytes: 1 << 20, inline_bytes: 1 << 20 },
    );
    let idle = Duration::from_secs(60);
    let uploads = Uploads::new(
        records,
        library.clone(),
        Arc::clone(&blob) as Arc<dyn lectern_blob::Blob>,
        clock,
        Arc::new(OsRandom),
        idle,
    );
    Documents::new(library.clone(), uploads, Imports::off(library), blob)
}

/// A call by a tenant whose sources may have so many bytes together.
fn by<T>(tenant: &str, share: Option<u64>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller {
        tenant: tenant.parse().expect("an id"),
        role: Role::Service,
        key_id: "gateway".to_owned(),
        limits: TenantLimits { stored_source_bytes: share, ..TenantLimits::default() },
    });
    request
}

fn of<T>(message: T) -> Request<T> {
    by("acme", None, message)
}

fn source(text: &str) -> api::CreateDocumentRequest {
    let document = api::Document { display_name: "Tides".to_owned(), ..api::Document::default() };
    api::CreateDocumentRequest {
        document: Some(document),
        source: Some(Source::Text(text.to_owned())),
        ..api::CreateDocumentRequest::default()
    }
}

async fn create(documents: &Documents, text: &str) -> api::Document {
    let answer = documents.create_document(of(source(text))).await.expect("accepted");
    answer.into_inner().document.expect("a document")
}

#[tokio::test]
async fn the_fields_of_a_new_document_are_checked_and_named_as_they_are_sent() {
    let documents = documents().await;
    let with = |change: fn(&mut api::Document)| {
        let mut request = source(TEXT);
        change(request.document.as_mut().expect("a document"));
        request
    };
    for (request, field) in [
        (with(|document| document.display_name = "a\nb".to_owned()), "document.display_name"),
        (with(|document| document.language_code = "english".to_owned()), "document.language_code"),
        (api::CreateDocumentRequest { source: None, ..source(TEXT) }, "source"),
        (api::CreateDocumentRequest { request_id: "a b".to_owned(), ..source(TEXT) }, "request_id"),
        (api::CreateDocumentRequest { file_name: "x".repeat(201), ..source(TEXT) }, "file_name"),
    ] {
        let refused = failure(&documents.create_document(of(request)).await.expect_err(field));
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
    // What only the service sets is not looked at.
    let request = with(|document| {
        document.language_code = "de".to_owned();
        document.title = "Mine".to_owned();
        document.word_count = 77;
    });
    let made = documents.create_document(of(request)).await.expect("accepted").into_inner();
    let made = made.document.expect("a document");
    assert_eq!((made.language_code.as_str(), made.title.as_str(), made.word_count), ("de", "Tides", 12));
    let asked = GetSourceRequest { document: made.name };
    let told = documents.get_source(of(asked)).await.expect("told").into_inner();
    assert_eq!((told.language_code.as_str(), told.set_language_code.as_str(), told.word_count), ("de", "de", 12));
    // Without anything known of it.
    let request = api::CreateDocumentRequest { document: None, ..source(TEXT) };
    documents.create_document(of(request)).await.expect("accepted");
}

#[tokio::test]
async fn the_basic_view_leaves_out_what_may_be_long() {
    let documents = documents().await;
    let made = create(&documents, TEXT).await;
    assert_eq!(made.outline.iter().map(|heading| heading.text.as_str()).collect::<Vec<_>>(), ["Tides", "Springs"]);
    assert_eq!((made.page_count, made.outline[0].page), (None, None), "a source without pages has none");
    let get = async |view: i32| {
        let request = api::GetDocumentRequest { name: made.name.clone(), view };
        documents.get_document(of(request)).await.map(|answer| answer.into_inner().document.expect("a document"))
    };
    let list = async |view: i32| {
        let request = api::ListDocumentsRequest { view, ..api::ListDocumentsRequest::default() };
        documents.list_documents(of(request)).await.map(|answer| answer.into_inner().documents.remove(0))
    };
    let (unspecified, basic) = (DocumentView::Unspecified.into(), DocumentView::Basic.into());
    let full = DocumentView::Full.into();
    for whole in [get(unspecified).await, get(full).await, list(full).await] {
        assert_eq!(whole.expect("found"), made);
    }
    let short = api::Document { outline: Vec::new(), warnings: Vec::new(), ..made.clone() };
    for found in [get(basic).await, list(unspecified).await, list(basic).await] {
        assert_eq!(found.expect("found"), short);
    }
    for refused in [get(9).await, list(9).await] {
        assert_eq!(failure(&refused.expect_err("no view")).field.as_deref(), Some("view"));
    }
}

#[tokio::test]
async fn a_full_list_has_shorter_pages_and_a_token_belongs_to_its_view() {
    let documents = documents().await;
    for i in 0..21 {
        create(&documents, &format!("# Tides {i}\n\nThe sea.")).await;
    }
    let list = async |view: DocumentView, page_size: i32, page_token: &str| {
        let (view, page_token) = (view.into(), page_token.to_owned());
        let request = api::ListDocumentsRequest { view, page_size, page_token, ..Default::default() };
        documents.list_documents(of(request)).await.map(|answer| answer.into_inner())
    };
    for page_size in [0, 1_000] {
        let page = list(DocumentView::Full, page_size, "").await.expect("a page");
        assert_eq!(page.documents.len(), 20, "{page_size}");
        let rest = list(DocumentView::Full, page_size, &page.next_page_token).await.expect("the rest");
        assert_eq!((rest.documents.len(), rest.next_page_token.as_str()), (1, ""));
        let other = list(DocumentView::Basic, page_size, &page.next_page_token).await.expect_err("another view");
        assert_eq!(failure(&other).reason, Reason::PageTokenInvalid);
    }
    assert_eq!(list(DocumentView::Basic, 0, "").await.expect("a page").documents.len(), 21);
    // To say nothing is to say BASIC.
    let page = list(DocumentView::Unspecified, 1, "").await.expect("a page");
    list(DocumentView::Basic, 1, &page.next_page_token).await.expect("the same view");
}

#[tokio::test]
async fn a_list_is_of_one_source_where_its_digest_is_named_and_its_token_goes_on_in_it_alone() {
    let documents = documents().await;
    let other = create(&documents, "# Moons\n\nThe moon pulls.\n").await;
    let (first, second) = (create(&documents, TEXT).await, create(&documents, TEXT).await);
    assert!(first.sha256 == second.sha256 && first.name != second.name, "it was handed in twice");
    let list = async |sha256: &str, page_token: &str| {
        let (sha256, page_token) = (sha256.to_owned(), page_token.to_owned());
        let request = api::ListDocumentsRequest { page_size: 1, page_token, sha256, ..Default::default() };
        documents.list_documents(of(request)).await.map(|answer| answer.into_inner())
    };
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = list(&first.sha256, &token).await.expect("a page");
        names.extend(page.documents.into_iter().map(|document| document.name));
        if page.next_page_token.is_empty() {
            break;
        }
        for elsewhere in ["", other.sha256.as_str()] {
            let refused = list(elsewhere, &page.next_page_token).await.expect_err("a token of another list");
            assert_eq!(failure(&refused).reason, Reason::PageTokenInvalid);
        }
        token = page.next_page_token;
    }
    names.sort_unstable();
    let mut expected = [first.name, second.name];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(list(&"0".repeat(64), "").await.expect("a page").documents.is_empty());
    let refused = failure(&list("tides", "").await.expect_err("no digest"));
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("sha256")));
}

#[tokio::test]
async fn a_deletion_answers_with_its_receipt_and_the_receipt_can_be_read_again() {
    let documents = documents().await;
    let made = create(&documents, TEXT).await;
    let receipt = async |tenant: &str, name: String| {
        documents
            .get_erasure(by(tenant, None, api::GetErasureRequest { name }))
            .await
            .map(|answer| answer.into_inner().erasure.expect("a receipt"))
            .map_err(|refused| failure(&refused))
    };
    let name = format!("{}/erasure", made.name);
    assert_eq!(receipt("acme", name.clone()).await.expect_err("not erased").reason, Reason::WrongState);
    assert_eq!(receipt("acme", made.name.clone()).await.expect_err("no receipt").field.as_deref(), Some("name"));
    let delete = async |name: String, allow_missing: bool| {
        // That is the gateway's.
        let force = false;
        let request = api::DeleteDocumentRequest { name, allow_missing, force, ..Default::default() };
        let answer = documents.delete_document(of(request)).await;
        answer.map(|answer| answer.into_inner().erasure).map_err(|refused| failure(&refused).reason)
    };
    let erasure = delete(made.name.clone(), false).await.expect("erased").expect("a receipt");
    assert_eq!(erasure.name, name);
    let items: Vec<_> = erasure.items.iter().map(|item| (item.kind(), item.first_sweep_count)).collect();
    assert_eq!(items, [(Kind::SourceObject, 1), (Kind::ContentObject, 1), (Kind::DocumentRecord, 1)]);
    assert!(erasure.items.iter().all(|item| item.second_sweep_count == 0));
    assert!(erasure.create_time.is_some() && erasure.first_sweep_time.is_some());
    assert_eq!(erasure.second_sweep_time, None);
    assert_eq!(receipt("acme", name.clone()).await.expect("the receipt"), erasure);
    assert_eq!(receipt("globex", name.clone()).await.expect_err("not theirs").reason, Reason::ResourceNotFound);

    assert_eq!(delete(made.name.clone(), false).await, Err(Reason::DocumentErased));
    assert_eq!(delete(made.name, true).await, Ok(Some(erasure)));
    let unknown = || "documents/unknown".to_owned();
    assert_eq!(delete(unknown(), false).await, Err(Reason::ResourceNotFound));
    assert_eq!(delete(unknown(), true).await, Ok(None));
    assert_eq!(
        receipt("acme", format!("{}/erasure", unknown())).await.expect_err("unknown").reason,
        Reason::ResourceNotFound
    );
}

#[tokio::test]
async fn usage_is_told_and_the_share_of_the_caller_is_kept_to() {
    let documents = documents().await;
    let made = create(&documents, TEXT).await;
    let usage = async || {
        let told = documents.get_usage(of(GetUsageRequest {})).await.expect("told").into_inner();
        (told.document_count, told.stored_source_bytes)
    };
    assert_eq!(usage().await, (1, made.size_bytes));
    let share = u64::try_from(made.size_bytes).expect("positive") + 3;
    let refused = documents.create_document(by("acme", Some(share), source("The sea."))).await.expect_err("8 bytes");
    let refused = failure(&refused);
    assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::LimitExceeded, Some("tenants/acme")));
    documents.create_document(by("globex", Some(share), source("The sea."))).await.expect("another tenant");
    documents.create_document(by("acme", Some(share + 5), source("The sea."))).await.expect("it fits");
    assert_eq!(usage().await, (2, made.size_bytes + 8));
}

#[tokio::test]
async fn an_upload_that_is_not_there_is_neither_shown_nor_cancelled() {
    let documents = documents().await;
    for (name, reason) in [("uploads/tide", Reason::ResourceNotFound), ("tide", Reason::InvalidField)] {
        let name = || name.to_owned();
        let shown = documents.get_upload(of(api::GetUploadRequest { name: name() })).await.expect_err("none");
        let cancel = async |allow_missing: bool| {
            let request = api::CancelUploadRequest { name: name(), allow_missing };
            documents.cancel_upload(of(request)).await.map(drop).map_err(|refused| failure(&refused).reason)
        };
        assert_eq!((failure(&shown).reason, cancel(false).await), (reason, Err(reason)));
        // What is no name is refused all the same.
        let missing = if reason == Reason::ResourceNotFound { Ok(()) } else { Err(reason) };
        assert_eq!(cancel(true).await, missing);
    }
}
