//! Whether the speech of a track is there.

use std::io;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use lectern_blob::objects::read_again;
use lectern_blob::{BlobError, ObjectPath, Objects};
use lectern_core::Failure;
use lectern_core::content::timeline::Track;

use crate::audio::segment::{LEAD, stored_samples};

/// Segments that are looked at at once.
const AT_ONCE: usize = 8;

/// Whether every segment that a track names is there, as long as the track says: a retry after one
/// was lost, or was damaged and deleted, makes it again, and a track that was made of another
/// segment than is kept is made anew. Of each its size and its first bytes are read.
pub(super) async fn whole(objects: &Objects, track: &Track) -> Result<bool, Failure> {
    let named = track.segments.iter().map(|place| (objects.folder().segment(&place.key), place.stored()));
    let named: Vec<(String, u64)> = named.collect();
    let there = named.into_iter().map(|(path, samples)| async move {
        let found = samples_of(objects, &path).await?;
        Ok::<_, Failure>(found == Some(samples))
    });
    let there: Vec<bool> = futures::stream::iter(there).buffered(AT_ONCE).try_collect().await?;
    Ok(there.into_iter().all(|there| there))
}

/// How many samples the segment at `path` has; none where none is there.
async fn samples_of(objects: &Objects, path: &str) -> Result<Option<u64>, Failure> {
    let path = path.parse::<ObjectPath>().map_err(|e| Failure::internal(format!("{path}: {e}")))?;
    let blob = objects.blob();
    let Some(info) = read_again(|| blob.head(&path)).await? else { return Ok(None) };
    let Some(begins) = read_again(|| blob.get_range(&path, 0, LEAD)).await? else { return Ok(None) };
    let broke_off = |source: io::Error| BlobError::Unavailable { what: format!("read {path}"), source };
    let parts: Vec<Bytes> = begins.map_err(broke_off).try_collect().await?;
    let lead: Vec<u8> = parts.into_iter().flatten().collect();
    Ok(stored_samples(&lead, info.size))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_blob::memory::MemoryBlob;
    use lectern_core::SystemClock;

    use super::*;
    use crate::audio::segment::SegmentObject;
    use crate::engine::Usage;
    use crate::timeline::fixture;

    #[tokio::test]
    async fn a_track_is_whole_where_its_segments_are_as_long_as_it_says() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(blob, &"acme".parse().unwrap(), &"book".parse().unwrap());
        let track = fixture::tracks(&[fixture::section(0, &["One.", "It is said."])]).remove(0);
        let put = async |path: &str, samples: u64| {
            let samples = vec![1; usize::try_from(samples).unwrap()];
            let segment = SegmentObject::new(24_000, samples, Vec::new(), Usage::default());
            objects.write(path, segment.encode().unwrap()).await.unwrap();
        };
        assert_eq!(whole(&objects, &track).await, Ok(false), "nothing is there");
        for place in &track.segments {
            put(&objects.folder().segment(&place.key), place.stored()).await;
        }
        assert_eq!(whole(&objects, &track).await, Ok(true));

        let (first, length) = (objects.folder().segment(&track.segments[0].key), track.segments[0].stored());
        let lose = async || assert!(objects.blob().delete(&first.parse().unwrap()).await.unwrap());
        lose().await;
        assert_eq!(whole(&objects, &track).await, Ok(false), "one is lost");
        for samples in [length - 1, length + 1, 0] {
            put(&first, samples).await;
            assert_eq!(whole(&objects, &track).await, Ok(false), "another one, of {samples} samples, is kept");
            lose().await;
        }
        objects.write(&first, "no segment").await.unwrap();
        assert_eq!(whole(&objects, &track).await, Ok(false));
        lose().await;
        put(&first, length).await;
        assert_eq!(whole(&objects, &track).await, Ok(true));
    }
}
