//! Files of recordings, deleted run by run.

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_blob::{ObjectPath, Objects, Prefix};
use lectern_core::Failure;
use lectern_core::id::NarrationId;

/// Names that are listed at once.
const NAMES: usize = 1_000;
/// Files that are deleted at once.
const DELETED_AT_ONCE: usize = 16;

/// Deletes the files of a narration's runs up to `run`; how many there were. Those of later runs
/// stay, whenever this is called.
///
/// # Errors
/// `BLOB_UNAVAILABLE`; safe to repeat.
pub(super) async fn delete(objects: &Objects, narration: &NarrationId, run: u32) -> Result<u64, Failure> {
    let (blob, folder) = (objects.blob(), objects.folder());
    let prefix = folder.recordings(narration);
    let prefix = Prefix::new(prefix.trim_end_matches('/'))
        .map_err(|error| Failure::internal(format!("the folder of a recording is none: {error}")))?;
    let (mut after, mut deleted) = (None, 0);
    loop {
        let names = blob.names(&prefix, after.as_ref(), NAMES).await?;
        let Some(last) = names.last().cloned() else { return Ok(deleted) };
        let over = |path: &ObjectPath| folder.run_of(narration, path.as_str()).is_some_and(|made| made <= run);
        let files: Vec<ObjectPath> = names.into_iter().filter(over).collect();
        let gone = futures::stream::iter(files).map(|file| async move { blob.delete(&file).await });
        let gone: Vec<bool> = gone.buffer_unordered(DELETED_AT_ONCE).try_collect().await?;
        deleted += gone.into_iter().map(u64::from).sum::<u64>();
        after = Some(last);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_blob::memory::MemoryBlob;
    use lectern_core::{Digest, SystemClock};

    use super::*;

    #[tokio::test]
    async fn a_deletion_that_comes_late_or_twice_leaves_the_files_of_a_later_run() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(blob, &"acme".parse().expect("an id"), &"d1".parse().expect("an id"));
        let [narration, other] = ["n1", "n10"].map(|id| id.parse::<NarrationId>().expect("an id"));
        let key = Digest::of(b"the same order has the same key");
        let put = async |narration: &NarrationId, run| {
            let path = objects.folder().artifact(narration, run, &key, "audio.opus");
            objects.write(&path, "audio").await.expect("put");
            path
        };
        let (first, second, tenth) = (put(&narration, 1).await, put(&narration, 2).await, put(&narration, 10).await);
        let of_another = put(&other, 1).await;
        assert_eq!(delete(&objects, &narration, 2).await, Ok(2));
        assert_eq!(delete(&objects, &narration, 2).await, Ok(0), "twice is once");
        for (path, there) in [(first, false), (second, false), (tenth, true), (of_another, true)] {
            assert_eq!(objects.exists(&path).await, Ok(there), "{path}");
        }
    }
}
