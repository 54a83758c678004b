//! `PruneSpeech`: tracks that no narration needs any more, and segments that no other track names.
//! How this is safe while narrations are ordered: [`lectern_stage::prune`].

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use lectern_blob::{Blob, ObjectPath, Objects};
use lectern_core::content::timeline::Track;
use lectern_core::id::TenantId;
use lectern_core::{Digest, Failure};
use lectern_proto::tts::v1::{self as tts, prune_speech_request::Part, prune_speech_response::Part as Answered};
use lectern_stage::prune::{Answer, Ask, FindUnused, Swept, Unused, key_of, page, serve};
use tonic::Status;

/// Tracks read at once.
const AHEAD: usize = 8;

/// Serves a call of `tenant`.
pub(super) fn prune<S>(
    blob: Arc<dyn Blob>,
    tenant: TenantId,
    messages: S,
) -> impl Stream<Item = Result<tts::PruneSpeechResponse, Status>> + Send + 'static
where
    S: Stream<Item = Result<tts::PruneSpeechRequest, Status>> + Send + Unpin + 'static,
{
    let asks = messages.map(|message| message.map(|message| message.part.map(ask)));
    serve(blob, tenant, asks, Tracks).map(|answer| answer.map(answered))
}

fn ask(part: Part) -> Ask {
    match part {
        Part::Scope(scope) => Ask::Scope(scope),
        Part::InUse(tracks) => Ask::InUse(tracks.keys),
        Part::Listed(tts::TracksListed {}) => Ask::Listed,
        Part::Delete(tts::DeleteUnusedSpeech {}) => Ask::Delete,
    }
}

fn answered(answer: Answer) -> tts::PruneSpeechResponse {
    let part = match answer {
        Answer::Marked => Answered::Marked(tts::UnusedSpeechMarked {}),
        Answer::Swept(Swept { deleted, left }) => {
            let deleted_object_count = i64::try_from(deleted).unwrap_or(i64::MAX);
            Answered::Swept(tts::SpeechSwept { deleted_object_count, left })
        }
    };
    tts::PruneSpeechResponse { part: Some(part) }
}

/// Finds tracks and segments that are not needed by the tracks in use.
struct Tracks;

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

#[cfg(test)]
mod tests;
