//! What the directory adapter promises beyond the contract.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lectern_blob::fs::FsBlob;
use lectern_blob::{Blob, BlobError, ConnectOptions, Prefix, Put, connect};
use lectern_core::{Reason, SystemClock};

use crate::{contract, path, range};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let below = entry.unwrap().path();
        if below.is_dir() { found.extend(files(&below)) } else { found.push(below) }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    contract::run(Arc::new(FsBlob::open(root.path()).await.unwrap())).await;
    assert_eq!(files(&root.path().join("objects")), [] as [PathBuf; 0]);
    assert!(files(&root.path().join("tmp")).iter().all(|file| file.ends_with("lock")), "nothing half written is left");
}

#[tokio::test]
async fn objects_outlast_the_process_and_are_shared_by_several() {
    let root = tempfile::tempdir().unwrap();
    let url = format!("file:{}", root.path().display());
    let open = async || connect(&url, &ConnectOptions::default(), Arc::new(SystemClock)).await.unwrap();
    let (one, two) = (open().await, open().await);
    assert_eq!(one.put(&path("t/s/a"), Bytes::from_static(b"one")).await.unwrap(), Put::Stored);
    assert_eq!(two.put(&path("t/s/a"), Bytes::from_static(b"two")).await.unwrap(), Put::AlreadyThere);
    assert_eq!(two.delete_prefix(&Prefix::new("t/s").unwrap()).await.unwrap(), 1);
    assert_eq!(one.put(&path("t/s/a"), Bytes::from_static(b"anew")).await.unwrap(), Put::Stored);
    drop((one, two));
    let later = open().await;
    assert_eq!(later.get(&path("t/s/a")).await.unwrap().unwrap(), "anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn puts_succeed_while_their_folder_is_deleted() {
    let root = tempfile::tempdir().unwrap();
    let blob = FsBlob::open(root.path()).await.unwrap();
    let deleting = {
        let blob = blob.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                blob.delete_prefix(&Prefix::new("t").unwrap()).await.unwrap();
            }
        })
    };
    for i in 0..50 {
        blob.put(&path(&format!("t/s/{i}")), Bytes::from_static(b"x")).await.unwrap();
    }
    deleting.await.unwrap();
}

#[tokio::test]
async fn damage_is_found() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let root = tempfile::tempdir().unwrap();
    let blob = FsBlob::open(root.path()).await.unwrap();
    let cases: [(&str, Damage); 4] = [
        ("flipped", |mut bytes| {
            bytes[3] ^= 1;
            bytes
        }),
        ("shortened", |mut bytes| {
            bytes.remove(2);
            bytes
        }),
        ("cut", |bytes| bytes[..5].to_vec()),
        ("grown", |mut bytes| {
            bytes.push(b'!');
            bytes
        }),
    ];
    for (name, damage) in cases {
        let object = path(&format!("t/s/{name}"));
        blob.put(&object, Bytes::from_static(b"the quick brown fox")).await.unwrap();
        let file = files(&root.path().join("objects")).into_iter().find(|file| file.ends_with(name)).unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, damage(bytes)).unwrap();
        let found = blob.get(&object).await;
        assert!(matches!(found, Err(BlobError::Damaged { .. })), "{name}: {found:?}");
    }
    assert_eq!(range(&blob, &path("t/s/flipped"), 4, 5).await, b"quick");
    let names = blob.names(&Prefix::new("t/s").unwrap(), None, 10).await.unwrap();
    assert_eq!(names.len(), 4, "what is damaged is named, so that an erasure counts and deletes it");
}

#[tokio::test]
async fn a_start_removes_what_dead_processes_left_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let dead = root.path().join("tmp/0123456789abcdef");
    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("0"), "half").unwrap();
    let alive = FsBlob::open(root.path()).await.unwrap();
    assert!(!dead.exists());
    let second = FsBlob::open(root.path()).await.unwrap();
    for blob in [&alive, &second] {
        blob.ping().await.unwrap();
    }
}

#[tokio::test]
async fn urls_that_are_not_storage_say_what_is() {
    for (url, says) in [("gs:", "no bucket"), ("file:", "no directory"), ("s3://x", "s3"), ("x", "URL")] {
        let failure = connect(url, &ConnectOptions::default(), Arc::new(SystemClock)).await.err().unwrap();
        assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("blob.url")));
        assert!(failure.message.contains(says) && failure.message.contains("gs://BUCKET"), "{failure}");
    }
}
