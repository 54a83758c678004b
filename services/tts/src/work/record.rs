//! `RecordSection`: one written section to a track.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::Failure;
use lectern_core::content::script::Section;
use lectern_core::content::timeline::Track;
use lectern_proto::work::v1::{RecordSection, event::Outcome};
use lectern_stage::Job;
use lectern_stage::work::{cancelled, key};

use super::Recordings;
use crate::engine::SegmentRequest;
use crate::timeline::track::{self, Recorded};

/// Segments asked for at once; the gate decides how many of them are spoken at once.
const AHEAD: usize = 8;

/// Speaks a section, sentence by sentence, and puts its track. Segments that are there already cost
/// a read.
pub async fn record(stage: &Recordings, job: &Job, command: RecordSection) -> Result<Outcome, Failure> {
    let (voice, speed) = stage.delivery(command.delivery.as_ref())?;
    let folder = job.objects.folder();
    let path = folder.track(&key(&command.track_key, "track_key")?);
    if let Some(track) = job.objects.find_json::<Track>(&path).await? {
        if whole(job, &track).await? {
            return Ok(recorded(&track));
        }
        // What is spoken anew may differ, so the track is made anew as well.
        tracing::warn!(step = %job.step, "a segment of the track is not there any more, the section is recorded again");
        job.objects.blob().delete(&path.parse().map_err(|e| Failure::internal(format!("{path}: {e}")))?).await?;
    }
    let section: Section = job.objects.read_json(&folder.section(&key(&command.section_key, "section_key")?)).await?;
    let engine = stage.voices.engine(&voice)?;
    let secret = stage.secret(&job.tenant);
    let pinned = voice.pinned();

    let texts: Vec<String> = section.utterances.iter().map(|utterance| utterance.spoken.clone()).collect();
    let index = section.index;
    let speak = |text: String| {
        let key = secret.segment(&text, &pinned, &speed.delivery());
        let request = SegmentRequest::new(text, voice.id.clone(), speed);
        let engine = Arc::clone(&engine);
        async move {
            job.check()?;
            let segment = stage.segments.get(&job.objects, &key, index, engine, request).await?;
            Ok::<_, Failure>(Recorded::new(key, &segment))
        }
    };
    let segments = futures::stream::iter(texts.into_iter().map(speak)).buffered(AHEAD).try_collect();
    // A cancel does not wait for its turn at the gate; what is being spoken just then ends by
    // itself.
    let Some(segments) = job.cancel.run_until_cancelled(segments).await.transpose()? else { return Err(cancelled()) };
    let track = track::track(&section, voice.sample_rate, segments)?;
    job.check()?;
    job.objects.write_json(&path, &track).await?;
    Ok(recorded(&track))
}

/// Whether every segment that a track names is there: a retry after one was lost, or was damaged
/// and deleted, makes it again.
async fn whole(job: &Job, track: &Track) -> Result<bool, Failure> {
    let paths: Vec<String> = track.segments.iter().map(|s| job.objects.folder().segment(&s.key)).collect();
    let there = paths.into_iter().map(|path| async move { job.objects.exists(&path).await });
    let there: Vec<bool> = futures::stream::iter(there).buffered(AHEAD).try_collect().await?;
    Ok(there.into_iter().all(|there| there))
}

fn recorded(track: &Track) -> Outcome {
    Outcome::Recorded(lectern_proto::work::v1::Recorded {
        sample_rate_hertz: i32::try_from(track.sample_rate).unwrap_or(i32::MAX),
        sample_count: i64::try_from(track.samples).unwrap_or(i64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::MemoryBlob;
    use lectern_blob::{Blob as _, Objects};
    use lectern_core::SystemClock;
    use lectern_core::content::script::{Role, Speaker, Utterance};
    use lectern_core::keys::TenantSecret;
    use lectern_proto::work::v1::Delivery;

    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::voices::Voices;
    use crate::work::segments::Segments;

    fn section() -> Section {
        let said = |id, text: &str| Utterance {
            id,
            speaker: Speaker::default(),
            role: Role::Body,
            ends_block: true,
            sources: Vec::new(),
            added: true,
            original: text.to_owned(),
            spoken: text.to_owned(),
            map: Vec::new(),
        };
        Section {
            schema: lectern_core::content::script::SCHEMA,
            index: 0,
            title: "One".to_owned(),
            level: 1,
            utterances: vec![said(0, "It is said once."), said(1, "And something else.")],
            skipped: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_segment_that_was_lost_is_spoken_again_and_nothing_else_is() {
        let engine = Arc::new(ToneEngine::new());
        let master: Arc<[u8]> = Arc::from(&b"a secret"[..]);
        let stage = Recordings::new(Voices::new(vec![Arc::clone(&engine) as _]), Segments::new(1), Arc::clone(&master));
        let tenant = "acme".parse().unwrap();
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &tenant, &"book".parse().unwrap());
        let secret = TenantSecret::derive(&master, &tenant);
        let plan = lectern_core::Digest::of(b"plan");
        let (section_key, pinned) = (secret.section(&plan, 0), "engines/tone/voices/sine@1");
        objects.write_json(&objects.folder().section(&section_key), &section()).await.unwrap();
        let job = Job { step: "0af1/1/record/0".parse().unwrap(), tenant, objects, cancel: Default::default() };
        let command = RecordSection {
            section_key: section_key.to_string(),
            track_key: secret.track(&section_key, pinned, "speed=100").to_string(),
            delivery: Some(Delivery { voice: VOICE.to_owned(), version: "1".to_owned(), speed: 1.0 }),
            ..Default::default()
        };

        let first = record(&stage, &job, command.clone()).await.unwrap();
        assert_eq!(record(&stage, &job, command.clone()).await.unwrap(), first);
        assert_eq!(engine.calls(), 2, "a track that is whole is found");
        let lost = job.objects.folder().segment(&secret.segment("It is said once.", pinned, "speed=100"));
        assert!(blob.delete(&lost.parse().unwrap()).await.unwrap());
        assert_eq!(record(&stage, &job, command).await.unwrap(), first);
        assert_eq!(engine.calls(), 3, "only what was lost is spoken again");
        assert!(job.objects.exists(&lost).await.unwrap());
    }
}
