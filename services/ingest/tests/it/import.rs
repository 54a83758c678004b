//! Import by URL: what is fetched, what it becomes, and when nothing is fetched. The servers are on
//! loopback, called by a client that an operator would configure so; what a client for everybody's
//! URLs may call is tested where the guard is.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lectern_blob::memory::MemoryBlob;
use lectern_core::id::DocumentId;
use lectern_core::{Clock, Failure, Kind, OsRandom, Reason, SystemClock};
use lectern_fetch::{Client, FetchLimits, Outside, Policy, Roots};
use lectern_ingest::config::Import;
use lectern_ingest::domain::{Document, SourceLimits};
use lectern_ingest::extract::child::{Sandbox, SandboxLimits};
use lectern_ingest::library::import::{Imports, Rules, Wanted};
use lectern_ingest::library::{Library, Reader};
use lectern_runtime::ByteSize;
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store, Versioned};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A server on loopback: what it answers, how often it was asked, and a gate that holds its answers
/// back.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    hung_up: Arc<AtomicUsize>,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    async fn start(answer: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            asked: Arc::default(),
            gate: Arc::new(Semaphore::new(1_000)),
            hung_up: Arc::default(),
            answer: Arc::new(Mutex::new(answer.into_bytes())),
        };
        let (asked, gate) = (Arc::clone(&server.asked), Arc::clone(&server.gate));
        let (hung_up, answer) = (Arc::clone(&server.hung_up), Arc::clone(&server.answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, gate) = (Arc::clone(&asked), Arc::clone(&gate));
                let (hung_up, answer) = (Arc::clone(&hung_up), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.expect("a request"));
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::select! {
                        permit = gate.acquire() => drop(permit),
                        _ = stream.read_u8() => {
                            hung_up.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                    }
                    let answer = answer.lock().clone();
                    drop(stream.write_all(&answer).await);
                });
            }
        });
        server
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn page(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

async fn library() -> Library {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let documents: Collection<Document> = Collection::new(store);
    documents.ensure().await.expect("a collection");
    let reader =
        Reader::new(Sandbox::new(Path::new(env!("CARGO_BIN_EXE_lectern-ingest")), SandboxLimits::default()), None, 4);
    let limits = SourceLimits { upload_bytes: 1 << 20, inline_bytes: 1 << 20 };
    let blob = Arc::new(MemoryBlob::new(Arc::clone(&clock)));
    Library::new(
        documents,
        reader,
        blob,
        clock,
        Arc::new(OsRandom),
        b"thirty-two bytes that protect none".as_slice().into(),
        limits,
    )
}

async fn imports() -> Imports {
    let limits = FetchLimits { bytes: 10_000, ..FetchLimits::default() };
    let client = Client::new(Policy::Operator, Outside::system(), Roots::public()).expect("a client");
    Imports::by(client, Rules { limits, at_once: 3, per_tenant: 2 }, library().await)
}

fn wanted(tenant: &str, uri: &str) -> Wanted {
    Wanted {
        tenant: tenant.parse().expect("a tenant"),
        id: None,
        uri: uri.to_owned(),
        display_name: String::new(),
        file_name: String::new(),
        language: None,
        revises: None,
        share: None,
    }
}

async fn refused(imports: &Imports, uri: &str) -> Failure {
    imports.import(wanted("acme", uri)).await.expect_err(uri)
}

#[tokio::test]
async fn what_a_url_leads_to_is_read_like_an_upload() {
    let text = "# Tides\n\nThe sea *rises* twice a day.\n";
    let server = Server::start(page("content-type: text/markdown; charset=utf-8\r\n", text)).await;
    let imports = imports().await;
    let document =
        imports.import(wanted("acme", &server.url("/papers/tides?key=secret"))).await.expect("accepted").record;
    assert_eq!((document.file_name.as_str(), document.display_name.as_str()), ("tides.md", "tides.md"));
    assert_eq!((document.media_type.as_str(), document.title.as_str()), ("text/markdown", "Tides"));
    assert_eq!(document.sha256, lectern_core::Digest::of(text.as_bytes()));
    assert_eq!(document.size, text.len() as u64);
    assert!(!format!("{document:?}").contains("secret"), "a URL may carry a secret, so no record keeps it");

    let named =
        Wanted { file_name: "a.txt".to_owned(), display_name: "Mine".to_owned(), ..wanted("acme", &server.url("/")) };
    let document = imports.import(named).await.expect("accepted").record;
    assert_eq!(
        (document.file_name.as_str(), document.display_name.as_str()),
        ("a.txt", "Mine"),
        "the caller's word is first"
    );
    assert_eq!(document.media_type, "text/plain");
}

#[tokio::test]
async fn a_repeated_request_does_not_fetch_again() {
    let server = Server::start(page("", "The sea rises twice a day.")).await;
    let imports = imports().await;
    let id = DocumentId::of(&lectern_core::Digest::of(b"request"));
    let once = |path: &str| Wanted { id: Some(id.clone()), ..wanted("acme", &server.url(path)) };
    let first = imports.import(once("/a")).await.expect("accepted").record;
    *server.answer.lock() = page("", "It falls, too.").into_bytes();
    let again = imports.import(once("/a")).await.expect("the same answer").record;
    assert_eq!(
        (again.id, again.sha256, server.asked()),
        (first.id, first.sha256, 1),
        "whatever the server says by now"
    );
    let other = imports.import(once("/b")).await.expect_err("another URL");
    assert_eq!((other.reason, server.asked()), (Reason::RequestIdReused, 1));

    let imports: &Imports = &imports;
    let both =
        || Wanted { id: Some(DocumentId::of(&lectern_core::Digest::of(b"both"))), ..wanted("acme", &server.url("/c")) };
    let (one, two) = tokio::join!(imports.import(both()), imports.import(both()));
    assert_eq!(one.expect("one").record.id, two.expect("the other").record.id);
}

#[tokio::test]
async fn answers_that_are_not_the_document_are_refused_with_what_to_do() {
    for (status, kind) in [
        ("404 Not Found", Kind::FailedPrecondition),
        ("403 Forbidden", Kind::FailedPrecondition),
        ("204 No Content", Kind::FailedPrecondition),
        ("206 Partial Content", Kind::FailedPrecondition),
        ("304 Not Modified", Kind::FailedPrecondition),
        ("429 Too Many Requests", Kind::Unavailable),
        ("503 Service Unavailable", Kind::Unavailable),
    ] {
        let server = Server::start(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")).await;
        let failure = refused(&imports().await, &server.url("/a?key=secret")).await;
        assert_eq!((failure.kind, failure.reason), (kind, Reason::UrlUnreachable), "{status}: {failure}");
        assert!(failure.message.contains(status) && !failure.message.contains("secret"), "{failure}");
        assert_eq!(failure.field.as_deref(), Some("source.uri"));
    }
    for (answer, reason) in [
        (page("", ""), Reason::DocumentEmpty),
        (page("", "GIF89a"), Reason::FormatUnsupported),
        (page("", &"x".repeat(10_001)), Reason::LimitExceeded),
        (page("content-encoding: gzip\r\n", "x"), Reason::UrlUnreachable),
        ("HTTP/1.1 302 Found\r\nlocation: https://10.0.0.1/\r\n\r\n".to_owned(), Reason::UrlRefused),
    ] {
        let server = Server::start(answer).await;
        let failure = refused(&imports().await, &server.url("/a")).await;
        assert_eq!(failure.reason, reason, "{failure}");
    }
}

#[tokio::test]
async fn nothing_is_fetched_where_the_tenants_share_is_full_and_nothing_kept_that_does_not_fit() {
    let text = "The sea rises twice a day.";
    let server = Server::start(page("", text)).await;
    let imports = imports().await;
    let share = Some(text.len() as u64 + 1);
    let small = |share| Wanted { share, ..wanted("acme", &server.url("/a")) };
    imports.import(small(share)).await.expect("it fits");
    let refused = imports.import(small(share)).await.expect_err("one byte is left, and more came");
    assert_eq!((refused.reason, server.asked()), (Reason::LimitExceeded, 2));
    assert_eq!(refused.resource.as_deref(), Some("tenants/acme"));
    let full = imports.import(small(Some(text.len() as u64))).await.expect_err("there is no room");
    assert_eq!((full.reason, server.asked()), (Reason::LimitExceeded, 2));
    imports.import(small(None)).await.expect("no share");
}

#[tokio::test]
async fn nothing_is_imported_unless_the_operator_allows_it() {
    let server = Server::start(page("", "The sea.")).await;
    let failure = refused(&Imports::off(library().await), &server.url("/a")).await;
    assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::ImportDisabled));
    assert!(failure.message.contains("import.enabled"), "{failure}");
    assert!(!Import::default().enabled);
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_tenant_and_the_process_import_a_few_at_once() {
    let server = Server::start(page("", "The sea rises twice a day.")).await;
    let imports = imports().await;
    let held = server.gate.acquire_many(1_000).await.expect("open");
    let start = |tenant: &'static str| {
        let (imports, wanted) = (imports.clone(), wanted(tenant, &server.url("/a")));
        tokio::spawn(async move { imports.import(wanted).await.map(|found: Versioned<Document>| found.record.id) })
    };
    let running = [start("acme"), start("acme")];
    until(|| server.asked() == 2).await;
    let third = refused(&imports, &server.url("/a")).await;
    assert_eq!((third.kind, third.reason), (Kind::ResourceExhausted, Reason::RateLimited));
    assert!(third.retry_after.is_some());
    let other = start("other");
    until(|| server.asked() == 3).await;
    let full = imports.import(wanted("third", &server.url("/a"))).await.expect_err("full");
    assert_eq!((full.kind, full.reason), (Kind::Unavailable, Reason::Overloaded));

    // One whose caller has gone gives its place back and hangs up.
    other.abort();
    until(|| server.hung_up.load(Ordering::SeqCst) == 1).await;
    drop(held);
    for import in running {
        import.await.expect("ran").expect("accepted");
    }
    for tenant in ["acme", "acme", "other", "third"] {
        start(tenant).await.expect("ran").expect("there is room again");
    }
}

/// Waits until it is so; the test's own time limit ends a wait that is in vain.
async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn the_settings_say_what_may_be_called_and_how_much() {
    let import = Import { closed: vec!["203.0.113.0/24".to_owned(), "2001:db8::1".to_owned()], ..Import::default() };
    assert!(matches!(import.policy(), Ok(Policy::Public { ports, closed }) if ports == [443] && closed.len() == 2));
    let wrong = Import { closed: vec!["everything".to_owned()], ..Import::default() };
    let wrong = wrong.policy().expect_err("not a network");
    assert_eq!(wrong.field.as_deref(), Some("import.closed"));
    let import = Import { bytes: ByteSize(100), timeout: Duration::from_secs(7), ..Import::default() };
    let rules = import.rules(ByteSize(1_000));
    assert_eq!((rules.limits.bytes, rules.limits.whole, rules.limits.redirects), (100, Duration::from_secs(7), 5));
    assert_eq!(import.rules(ByteSize(10)).limits.bytes, 10, "no more than an upload");
}
