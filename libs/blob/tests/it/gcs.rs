//! What the adapter of Google Cloud Storage promises beyond the contract, against the strict fake:
//! each fault of the service, by name.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_blob::gcs::{GcsBlob, GcsOptions};
use lectern_blob::{Blob, BlobError, ConnectOptions, Prefix, Put, connect};
use lectern_core::{OsRandom, Reason, SystemClock};
use lectern_testkit::FakeGcsServer;
use lectern_testkit::gcs::{Gcs, GcsBucket, GcsFault};

use crate::{collect, contract, path, range};

/// Longer than what is sent in one request, and than one chunk of a session.
const LARGE: usize = 20 * 1024 * 1024;

async fn open(gcs: &Gcs) -> Arc<dyn Blob> {
    let options = ConnectOptions { endpoint: gcs.endpoint(), ..ConnectOptions::default() };
    connect(&gcs.url(), &options, Arc::new(SystemClock)).await.unwrap_or_else(|failure| panic!("{failure}"))
}

async fn start() -> (Gcs, Arc<dyn Blob>) {
    let gcs = Gcs::start(lectern_testkit::gcs::GcsOptions::default()).await;
    let blob = open(&gcs).await;
    (gcs, blob)
}

fn large(seed: u8) -> Bytes {
    (0..LARGE).map(|at| u8::try_from(at % 251).unwrap_or(0) ^ seed).collect()
}

fn stream(bytes: &Bytes) -> lectern_blob::ByteStream {
    let pieces: Vec<io::Result<Bytes>> = bytes.chunks(700_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures::stream::iter(pieces).boxed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fake_keeps_the_contract() {
    let (gcs, blob) = start().await;
    contract::run(blob).await;
    assert_eq!(gcs.count(), 0, "also what was tried out at the start is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_outlast_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let options = || lectern_testkit::gcs::GcsOptions { data: Some(folder.path().to_owned()), ..Default::default() };
    let gcs = Gcs::start(options()).await;
    open(&gcs).await.put(&path("t/s/a"), Bytes::from_static(b"kept")).await.unwrap();
    drop(gcs);
    let gcs = Gcs::start(options()).await;
    let blob = open(&gcs).await;
    assert_eq!(blob.get(&path("t/s/a")).await.unwrap().unwrap(), "kept");
    assert_eq!(blob.put(&path("t/s/a"), Bytes::from_static(b"new")).await.unwrap(), Put::AlreadyThere);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_of_any_length_survive_each_fault_of_the_service() {
    let (gcs, blob) = start().await;
    let (small, content) = (Bytes::from_static(b"small"), large(0));
    let faults = [
        GcsFault::RefuseTooMany,
        GcsFault::RefuseUnavailable,
        GcsFault::LostAnswer,
        GcsFault::LateRefusal,
        GcsFault::LostSession,
        GcsFault::PartialChunk,
        GcsFault::NothingStored,
        GcsFault::StoredShort,
    ];
    for fault in faults {
        for (kind, bytes) in [("small", &small), ("large", &content)] {
            let object = path(&format!("t/s/{kind}-{fault:?}"));
            gcs.faults().strike(fault, 1);
            assert_eq!(blob.put(&object, bytes.clone()).await.unwrap(), Put::Stored, "{kind} {fault:?}");
            gcs.faults().clear();
            assert_eq!(&blob.get(&object).await.unwrap().unwrap(), bytes, "{kind} {fault:?}");
        }
        let object = path(&format!("t/s/stream-{fault:?}"));
        gcs.faults().strike(fault, 1);
        assert_eq!(blob.put_stream(&object, stream(&content)).await.unwrap(), Put::Stored, "stream {fault:?}");
        gcs.faults().clear();
        assert!(gcs.faults().hits(fault) > 0, "{fault:?} was hit");
        assert_eq!(blob.get(&object).await.unwrap().unwrap(), content, "stream {fault:?}");
    }
}

/// With what looked only at the content the second attempt took what the first left for another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stored_short_does_not_stay_though_its_deletion_fails_at_first() {
    let tried = [Bytes::from_static(b"small"), large(3)].map(|bytes| async move {
        let (gcs, blob) = start().await;
        gcs.faults().strike(GcsFault::StoredShort, 1);
        // All attempts of the deletion: the upload itself has to see to it.
        gcs.faults().strike_after(GcsFault::StoredShort, GcsFault::RefuseUnavailable, 5);
        assert_eq!(blob.put(&path("t/s/a"), bytes.clone()).await.unwrap(), Put::Stored);
        assert_eq!(gcs.faults().hits(GcsFault::StoredShort), 1);
        assert_eq!(gcs.faults().hits(GcsFault::RefuseUnavailable), 5);
        assert_eq!(blob.get(&path("t/s/a")).await.unwrap().unwrap(), bytes);
    });
    futures::future::join_all(tried).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_call_put_stays_also_where_it_was_stored_before_a_repetition() {
    let (gcs, blob) = start().await;
    blob.put(&path("t/s/a"), Bytes::from_static(b"first")).await.unwrap();
    for bytes in ["first", "other"] {
        gcs.faults().strike(GcsFault::RefuseUnavailable, 1);
        assert_eq!(blob.put(&path("t/s/a"), Bytes::from_static(bytes.as_bytes())).await.unwrap(), Put::AlreadyThere);
    }
    assert_eq!(blob.get(&path("t/s/a")).await.unwrap().unwrap(), "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_away_between_attempts_is_trouble_of_the_content_and_not_of_storage() {
    let (gcs, blob) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a");
    std::fs::write(&source, b"x").unwrap();
    gcs.faults().strike(GcsFault::RefuseUnavailable, 2);
    let object = path("t/s/a");
    let remove = async {
        while gcs.faults().hits(GcsFault::RefuseUnavailable) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        std::fs::remove_file(&source).unwrap();
    };
    let (put, ()) = tokio::join!(blob.put_file(&object, &source), remove);
    assert!(matches!(put, Err(BlobError::Source(_))), "{put:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_that_break_off_go_on() {
    let (gcs, blob) = start().await;
    let content = large(1);
    blob.put(&path("t/s/a"), content.clone()).await.unwrap();
    gcs.faults().strike(GcsFault::CutDownload, 2);
    assert_eq!(blob.get(&path("t/s/a")).await.unwrap().unwrap(), content);
    gcs.faults().strike(GcsFault::CutDownload, 1);
    assert_eq!(range(&*blob, &path("t/s/a"), 5, 1_000_000).await, content[5..1_000_005]);
    assert_eq!(gcs.faults().hits(GcsFault::CutDownload), 3);
    gcs.faults().set(GcsFault::CutDownload, 1.0);
    let stream = blob.get_range(&path("t/s/a"), 0, u64::MAX).await.unwrap().unwrap();
    assert_eq!(collect(stream).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found_when_the_whole_is_read() {
    let (gcs, blob) = start().await;
    blob.put(&path("t/s/a"), Bytes::from_static(b"the quick brown fox")).await.unwrap();
    assert!(gcs.damage("objects/t/s/a"));
    let read = blob.get(&path("t/s/a")).await;
    assert!(matches!(read, Err(BlobError::Damaged { .. })), "{read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_whose_answer_is_lost_is_still_a_deletion() {
    let (gcs, blob) = start().await;
    for name in ["a", "b", "c"] {
        blob.put(&path(&format!("t/s/{name}")), Bytes::from_static(b"x")).await.unwrap();
    }
    gcs.faults().strike(GcsFault::LostAnswer, 1);
    assert!(blob.delete(&path("t/s/a")).await.unwrap());
    gcs.faults().strike(GcsFault::LateRefusal, 1);
    assert_eq!(blob.delete_prefix(&Prefix::new("t").unwrap()).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_not_fit_is_refused_and_says_which_command_mends_it() {
    let gcs = Gcs::start(lectern_testkit::gcs::GcsOptions::default()).await;
    let options = ConnectOptions { endpoint: gcs.endpoint(), ..ConnectOptions::default() };
    let refused = async |url: &str| {
        let failure = connect(url, &options, Arc::new(SystemClock)).await.err().unwrap();
        assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("blob.url")), "{failure}");
        failure.message
    };
    let fit = GcsBucket::default();
    let missing = refused("gs://another-bucket").await;
    assert!(missing.contains("gcloud storage buckets create gs://another-bucket"), "{missing}");
    let cases = [
        (GcsBucket { uniform_access: false, ..fit.clone() }, "--uniform-bucket-level-access"),
        (GcsBucket { retention_s: 86_400, ..fit.clone() }, "--clear-retention-period"),
        (GcsBucket { writable: false, ..fit.clone() }, "roles/storage.objectUser"),
    ];
    for (bucket, says) in cases {
        gcs.set_bucket(bucket);
        let message = refused(&gcs.url()).await;
        assert!(message.contains(says), "{message}");
    }
    for bucket in [
        GcsBucket { readable: false, ..fit.clone() },
        GcsBucket { public_access_prevention: "inherited".to_owned(), ..fit.clone() },
        GcsBucket { soft_delete_s: 0, ..fit },
    ] {
        gcs.set_bucket(bucket);
        open(&gcs).await.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_url_is_one_of_its_object_and_none_where_nobody_can_sign() {
    let (gcs, nobody) = start().await;
    let (object, hour) = (path("t/s/a"), Duration::from_secs(3_600));
    nobody.put(&object, Bytes::from_static(b"for everybody")).await.unwrap();
    assert_eq!(nobody.signed_url(&object, hour).await.unwrap(), None);

    let signing = Some(serde_json::from_str(&Gcs::service_account()).unwrap());
    let options = GcsOptions { endpoint: gcs.endpoint(), signing, ..GcsOptions::default() };
    let blob = GcsBlob::open("//lectern-test/objects", options, Arc::new(OsRandom)).await.unwrap();
    let url = blob.signed_url(&object, hour).await.unwrap().unwrap();
    let get = |method: &'static str, url: String| {
        let address = gcs.address();
        tokio::task::spawn_blocking(move || request(address, method, &url))
    };
    let answer = get("GET", url.clone()).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("for everybody"), "{answer}");
    for (method, url) in [
        ("PUT", url.clone()),
        ("GET", url.replace("/t/s/a", "/t/s/b")),
        ("GET", url.replace("X-Goog-Expires=3600", "X-Goog-Expires=7200")),
    ] {
        let answer = get(method, url).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let short = blob.signed_url(&object, Duration::from_secs(1)).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(get("GET", short).await.unwrap().contains("has expired"));
}

/// One request by hand: the adapter has no way to make it.
fn request(server: std::net::SocketAddr, method: &str, url: &str) -> String {
    use std::io::{Read as _, Write as _};
    let target = url.strip_prefix(&format!("http://{server}")).unwrap();
    let mut stream = std::net::TcpStream::connect(server).unwrap();
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_operator_is_named_with_each_object() {
    let (gcs, _) = start().await;
    let key = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
    let options = ConnectOptions { endpoint: gcs.endpoint(), kms_key: key.to_owned() };
    let blob = connect(&gcs.url(), &options, Arc::new(SystemClock)).await.unwrap();
    blob.put(&path("t/s/a"), Bytes::from_static(b"x")).await.unwrap();
    blob.put_stream(&path("t/s/b"), stream(&large(2))).await.unwrap();
    assert_eq!((gcs.kms_key("objects/t/s/a"), gcs.kms_key("objects/t/s/b")), (key.to_owned(), key.to_owned()));
    let wrong = ConnectOptions { kms_key: "k".to_owned(), ..options };
    let failure = connect(&gcs.url(), &wrong, Arc::new(SystemClock)).await.err().unwrap();
    assert_eq!(failure.field.as_deref(), Some("blob.kms_key"));
}

/// The emulator that others wrote, as far as its wire allows. Not covered there, and by our own
/// fake instead: everything that goes by gRPC (looking at an object or a bucket, lists, deletions),
/// preconditions of resumable uploads and their sizes, checksums and signatures. With what is read
/// it says that it has stored 0 bytes, which is damage to us: so it is read by ranges, which are
/// not compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emulator_of_others_takes_and_gives_the_same_bytes() {
    let server = tokio::task::spawn_blocking(FakeGcsServer::start).await.unwrap();
    let options = GcsOptions { endpoint: server.endpoint(), ..GcsOptions::default() };
    let place = format!("//{}/objects", server.bucket());
    let blob = GcsBlob::connect(&place, options, Arc::new(OsRandom)).await.unwrap();
    for size in [1_usize, 300_000, 3_000_000] {
        let object = path(&format!("t/s/{size}"));
        let bytes: Bytes = (0..size).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
        assert_eq!(blob.put(&object, bytes.clone()).await.unwrap(), Put::Stored);
        assert_eq!(range(&blob, &object, 0, u64::MAX).await, bytes);
        assert_eq!(range(&blob, &object, 0, 1).await, &bytes[..1]);
    }
    assert!(blob.get(&path("t/s/none")).await.unwrap().is_none());
}
