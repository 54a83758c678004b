//! What the memory adapter promises beyond the contract: faults.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_blob::memory::{Fault, MemoryBlob, Op};
use lectern_blob::{Blob, BlobError, Put};
use lectern_core::clock::ManualClock;
use lectern_core::{Failure, Kind, Timestamp};

use crate::{collect, contract, path};

fn memory() -> MemoryBlob {
    MemoryBlob::new(Arc::new(ManualClock::at(Timestamp(1_000))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    contract::run(Arc::new(memory())).await;
}

#[tokio::test]
async fn a_fault_strikes_one_call_of_its_sort() {
    let (blob, object) = (memory(), path("t/s/a"));
    blob.inject(Op::Put, Fault::Fail);
    blob.inject(Op::Put, Fault::FailAfter);
    for there in [false, true] {
        let failure: Failure = blob.put(&object, Bytes::from_static(b"abc")).await.unwrap_err().into();
        assert_eq!(failure.kind, Kind::Unavailable);
        assert_eq!(blob.head(&object).await.unwrap().is_some(), there);
    }
    assert_eq!(blob.put(&object, Bytes::from_static(b"abc")).await.unwrap(), Put::AlreadyThere);
    assert_eq!(blob.count(), 1);
}

#[tokio::test]
async fn a_truncated_read_is_noticed() {
    let (blob, object) = (memory(), path("t/s/a"));
    blob.put(&object, Bytes::from_static(b"abcdef")).await.unwrap();
    blob.inject(Op::Get, Fault::Truncate(3));
    assert!(matches!(blob.get(&object).await, Err(BlobError::Damaged { .. })));
    blob.inject(Op::Get, Fault::Truncate(3));
    let error = collect(blob.get_range(&object, 1, 4).await.unwrap().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert_eq!(blob.get(&object).await.unwrap().unwrap(), "abcdef");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_takes_its_time() {
    let blob = memory();
    blob.inject(Op::Ping, Fault::Slow(Duration::from_secs(30)));
    let before = tokio::time::Instant::now();
    blob.ping().await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}
