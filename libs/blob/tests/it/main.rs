//! The contract of the storage port, run against every adapter, and what each adapter promises
//! beyond it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod contract;
mod fs;
mod gcs;
mod memory;

use bytes::Bytes;
use futures::TryStreamExt;
use lectern_blob::{Blob, ByteStream, ObjectPath};

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).unwrap_or_else(|error| panic!("{error}"))
}

async fn collect(stream: ByteStream) -> Result<Vec<u8>, std::io::Error> {
    stream
        .try_fold(Vec::new(), |mut all, chunk: Bytes| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
}

async fn range(blob: &dyn Blob, object: &ObjectPath, offset: u64, length: u64) -> Vec<u8> {
    collect(blob.get_range(object, offset, length).await.unwrap().unwrap()).await.unwrap()
}
