//! Tracks that no narration needs any more, and segments that no other track names.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use lectern_blob::{ObjectPath, Objects};
use lectern_core::content::timeline::Track;
use lectern_core::{Digest, Failure};
use lectern_stage::prune::{FindUnused, Unused, key_of, page};

/// Tracks read at once.
const AHEAD: usize = 8;

/// Finds tracks and segments that are not needed by the tracks in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracks;

#[async_trait]
impl FindUnused for Tracks {
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure> {
        let mut unused = Unused::default();
        let mut segments = HashSet::new();
        let mut after: Option<ObjectPath> = None;
        loop {
            let tracks = page(objects, "track", after.as_ref()).await?;
            let Some(last) = tracks.last().cloned() else { break };
            let mut kept = Vec::new();
            for track in tracks {
                match key_of(&track) {
                    Some(key) if !used.contains(&key) => unused.add(track),
                    // What is not named by a key is left alone, and no track.
                    None => {}
                    Some(_) => kept.push(track),
                }
            }
            let read = kept.into_iter().map(|path| async move { objects.find_json::<Track>(path.as_str()).await });
            let read: Vec<Option<Track>> = futures::stream::iter(read).buffer_unordered(AHEAD).try_collect().await?;
            segments.extend(read.into_iter().flatten().flat_map(|track| track.segments).map(|segment| segment.key));
            after = Some(last);
        }
        // After the tracks, so that a sweep that breaks off leaves segments that no track names,
        // and no track whose segments are gone.
        unused.add_of(objects, "segment", &segments).await?;
        Ok(unused)
    }
}
