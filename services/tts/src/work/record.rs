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

/// Speaks a section, sentence by sentence, and puts its track. Segments that are there already cost a read.
pub async fn record(stage: &Recordings, job: &Job, command: RecordSection) -> Result<Outcome, Failure> {
    let (voice, speed) = stage.delivery(command.delivery.as_ref())?;
    let folder = job.objects.folder();
    let path = folder.track(&key(&command.track_key, "track_key")?);
    if let Some(track) = job.objects.find_json::<Track>(&path).await? {
        return Ok(recorded(&track));
    }
    let section: Section = job.objects.read_json(&folder.section(&key(&command.section_key, "section_key")?)).await?;
    let engine = stage.voices.engine(&voice)?;
    let secret = stage.secret(&job.tenant);
    let pinned = format!("voices/{}", voice.pinned());

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
    // A cancel does not wait for its turn at the gate; what is being spoken just then ends by itself.
    let Some(segments) = job.cancel.run_until_cancelled(segments).await.transpose()? else { return Err(cancelled()) };
    let track = track::track(&section, voice.sample_rate, segments)?;
    job.check()?;
    job.objects.write_json(&path, &track).await?;
    Ok(recorded(&track))
}

fn recorded(track: &Track) -> Outcome {
    Outcome::Recorded(lectern_proto::work::v1::Recorded {
        sample_rate: i32::try_from(track.sample_rate).unwrap_or(i32::MAX),
        samples: i64::try_from(track.samples).unwrap_or(i64::MAX),
    })
}
