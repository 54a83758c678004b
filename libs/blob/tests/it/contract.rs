//! What every adapter does.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use lectern_blob::{Blob, BlobError, ObjectInfo, Prefix, Put};

use crate::{path, range};

/// Runs every case; `blob` starts empty and ends empty.
pub async fn run(blob: Arc<dyn Blob>) {
    a_put_object_is_read_back(&*blob).await;
    a_second_put_leaves_the_first(&*blob).await;
    of_many_puts_at_once_one_wins(&blob).await;
    streams_and_files_are_stored_like_bytes(&*blob).await;
    a_broken_stream_stores_nothing(&*blob).await;
    ranges_end_with_the_object(&*blob).await;
    pages_follow_each_other_in_order(&*blob).await;
    an_object_may_be_named_like_a_folder(&*blob).await;
    deleting_takes_one_object_or_a_folder(&*blob).await;
    blob.ping().await.unwrap();
    assert_eq!(blob.list(&Prefix::all(), None, 10).await.unwrap(), []);
}

async fn a_put_object_is_read_back(blob: &dyn Blob) {
    for size in [0_usize, 1, 300_000, 1_000_000] {
        let object = path(&format!("t/s/content/{size}"));
        let bytes = Bytes::from_iter((0..size).map(|i| u8::try_from(i % 251).unwrap_or(0)));
        assert!(blob.head(&object).await.unwrap().is_none());
        assert!(blob.get(&object).await.unwrap().is_none());
        assert!(blob.get_range(&object, 0, 1).await.unwrap().is_none());
        assert_eq!(blob.put(&object, bytes.clone()).await.unwrap(), Put::Stored);
        assert_eq!(blob.get(&object).await.unwrap(), Some(bytes.clone()));
        let ObjectInfo { path: named, size: length, crc32c, modified } = blob.head(&object).await.unwrap().unwrap();
        assert_eq!((named, length, crc32c), (object, size as u64, crc32c::crc32c(&bytes)));
        assert!(modified.millis() > 0);
    }
    assert_eq!(blob.delete_prefix(&Prefix::new("t").unwrap()).await.unwrap(), 4);
}

async fn a_second_put_leaves_the_first(blob: &dyn Blob) {
    let object = path("t/s/x");
    assert_eq!(blob.put(&object, Bytes::from_static(b"first")).await.unwrap(), Put::Stored);
    assert_eq!(blob.put(&object, Bytes::from_static(b"second")).await.unwrap(), Put::AlreadyThere);
    assert_eq!(blob.get(&object).await.unwrap().unwrap(), "first");
    assert!(blob.delete(&object).await.unwrap());
}

async fn of_many_puts_at_once_one_wins(blob: &Arc<dyn Blob>) {
    let puts = (0_u8..16).map(|i| {
        let blob = Arc::clone(blob);
        tokio::spawn(async move { blob.put(&path("t/race/x"), Bytes::from(vec![i; 1000])).await.unwrap() })
    });
    let results: Vec<Put> = futures::future::try_join_all(puts).await.unwrap();
    assert_eq!(results.iter().filter(|put| **put == Put::Stored).count(), 1);
    assert_eq!(blob.get(&path("t/race/x")).await.unwrap().unwrap().len(), 1000);
    assert!(blob.delete(&path("t/race/x")).await.unwrap());
}

async fn streams_and_files_are_stored_like_bytes(blob: &dyn Blob) {
    let chunk = Bytes::from(vec![7; 100_000]);
    let chunks: Vec<io::Result<Bytes>> = (0..7).map(|_| Ok(chunk.clone())).collect();
    let streamed = path("t/s/streamed");
    assert_eq!(blob.put_stream(&streamed, futures::stream::iter(chunks).boxed()).await.unwrap(), Put::Stored);
    assert_eq!(blob.get(&streamed).await.unwrap().unwrap(), vec![7; 700_000]);
    let nothing = path("t/s/nothing");
    assert_eq!(blob.put_stream(&nothing, futures::stream::empty().boxed()).await.unwrap(), Put::Stored);
    assert_eq!(blob.get(&nothing).await.unwrap().unwrap(), "");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source");
    std::fs::write(&file, vec![9; 600_000]).unwrap();
    assert_eq!(blob.put_file(&path("t/s/file"), &file).await.unwrap(), Put::Stored);
    assert_eq!(blob.put_file(&path("t/s/file"), &file).await.unwrap(), Put::AlreadyThere);
    assert_eq!(blob.get(&path("t/s/file")).await.unwrap().unwrap(), vec![9; 600_000]);
    let missing = blob.put_file(&path("t/s/missing"), &folder.path().join("missing")).await;
    assert!(matches!(missing, Err(BlobError::Source(_))), "{missing:?}");
    assert_eq!(blob.delete_prefix(&Prefix::new("t/s").unwrap()).await.unwrap(), 3);
}

async fn a_broken_stream_stores_nothing(blob: &dyn Blob) {
    let object = path("t/s/broken");
    let chunks = [Ok(Bytes::from(vec![1; 400_000])), Err(io::Error::other("the caller went away"))];
    let put = blob.put_stream(&object, futures::stream::iter(chunks).boxed()).await;
    assert!(matches!(put, Err(BlobError::Source(_))), "{put:?}");
    assert!(blob.head(&object).await.unwrap().is_none());
}

async fn ranges_end_with_the_object(blob: &dyn Blob) {
    let object = path("t/s/range");
    let bytes: Vec<u8> = (0..600_000_u32).map(|i| u8::try_from(i % 253).unwrap_or(0)).collect();
    blob.put(&object, bytes.clone().into()).await.unwrap();
    for (offset, length) in [(0_usize, 0_usize), (0, 10), (599_990, 10), (599_990, 1000), (600_000, 5), (1, 599_999)] {
        let expected = &bytes[offset..(offset + length).min(bytes.len())];
        assert_eq!(range(blob, &object, offset as u64, length as u64).await, expected, "{offset}+{length}");
    }
    assert_eq!(range(blob, &object, 5, u64::MAX).await, &bytes[5..]);
    let past = blob.get_range(&object, 600_001, 1).await.err();
    assert!(matches!(past, Some(BlobError::OutOfRange { size: 600_000, .. })), "{past:?}");
    assert!(blob.delete(&object).await.unwrap());
}

async fn pages_follow_each_other_in_order(blob: &dyn Blob) {
    let mut expected = Vec::new();
    for scope in ["s", "s-2", "s.3", "s2", "sa"] {
        for i in 0..7 {
            expected.push(path(&format!("t/{scope}/segment/{}", i * 37 % 11)));
        }
    }
    for object in &expected {
        blob.put(object, Bytes::from_static(b"x")).await.unwrap();
    }
    expected.sort();
    for limit in [1, 4, 1000] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = blob.list(&Prefix::new("t").unwrap(), after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.path.clone());
            found.extend(page.into_iter().map(|info| info.path));
        }
        assert_eq!(found, expected, "in pages of {limit}");
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = blob.names(&Prefix::new("t").unwrap(), after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            names.extend(page);
        }
        assert_eq!(names, expected, "named in pages of {limit}");
    }
    let one = blob.list(&Prefix::new("t/s").unwrap(), None, 1000).await.unwrap();
    assert_eq!(one.len(), 7, "a folder's namesakes are not in it");
    assert_eq!(blob.list(&Prefix::new("nobody").unwrap(), None, 10).await.unwrap(), []);
    assert_eq!(blob.list(&Prefix::all(), None, 0).await.unwrap(), []);
    assert_eq!(blob.delete_prefix(&Prefix::all()).await.unwrap(), 35);
}

async fn an_object_may_be_named_like_a_folder(blob: &dyn Blob) {
    for object in ["a", "a/b", "a/b/c"] {
        assert_eq!(blob.put(&path(object), Bytes::from(object)).await.unwrap(), Put::Stored);
    }
    for object in ["a", "a/b", "a/b/c"] {
        assert_eq!(blob.get(&path(object)).await.unwrap().unwrap(), object);
    }
    assert_eq!(blob.delete_prefix(&Prefix::new("a").unwrap()).await.unwrap(), 2);
    assert!(blob.delete(&path("a")).await.unwrap());
}

async fn deleting_takes_one_object_or_a_folder(blob: &dyn Blob) {
    for object in ["t/s1/a/1", "t/s1/a/2", "t/s1/b/1", "t/s2/a/1", "t/s1x/a/1"] {
        blob.put(&path(object), Bytes::from_static(b"x")).await.unwrap();
    }
    assert!(blob.delete(&path("t/s1/a/1")).await.unwrap());
    assert!(!blob.delete(&path("t/s1/a/1")).await.unwrap());
    assert!(!blob.delete(&path("none/at/all")).await.unwrap());
    let scope = Prefix::new("t/s1").unwrap();
    assert_eq!(blob.delete_prefix(&scope).await.unwrap(), 2);
    assert_eq!(blob.delete_prefix(&scope).await.unwrap(), 0);
    assert_eq!(blob.put(&path("t/s1/a/1"), Bytes::from_static(b"again")).await.unwrap(), Put::Stored);
    assert_eq!(blob.get(&path("t/s1/a/1")).await.unwrap().unwrap(), "again");
    assert_eq!(blob.delete_prefix(&Prefix::new("t").unwrap()).await.unwrap(), 3);
}
