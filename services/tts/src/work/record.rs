//! `RecordSection`: one written section to a track.

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::Failure;
use lectern_core::content::script::Section;
use lectern_core::content::timeline::{SCHEMA, SegmentRef, Track};
use lectern_proto::work::v1::{RecordSection, Recorded, event::Outcome};
use lectern_stage::Job;
use lectern_stage::work::key;

use super::Recordings;
use crate::engine::SegmentRequest;
use crate::timeline::pauses;

/// Segments asked for at once; the gate decides how many of them are spoken at once.
const AHEAD: usize = 8;

/// Speaks a section, sentence by sentence, and puts its track. Segments that are there already cost a read.
pub async fn record(stage: &Recordings, job: &Job, command: RecordSection) -> Result<Outcome, Failure> {
    let (voice, speed) = stage.delivery(command.delivery.as_ref())?;
    let path = job.objects.folder().track(&key(&command.track_key, "track_key")?);
    if let Some(track) = job.objects.find_json::<Track>(&path).await? {
        return Ok(recorded(&track));
    }
    let section: Section =
        job.objects.read_json(&job.objects.folder().section(&key(&command.section_key, "section_key")?)).await?;
    let engine = stage.voices.engine(&voice)?;
    let secret = stage.secret(&job.tenant);
    let pinned = format!("voices/{}", voice.pinned());

    let segments: Vec<SegmentRef> = futures::stream::iter(&section.utterances)
        .map(|utterance| {
            let key = secret.segment(&utterance.spoken, &pinned, &speed.delivery());
            let request = SegmentRequest::new(utterance.spoken.clone(), voice.id.clone(), speed);
            let engine = std::sync::Arc::clone(&engine);
            async move {
                job.check()?;
                let segment = stage.segments.get(&job.objects, &key, engine, request).await?;
                Ok::<_, Failure>(SegmentRef {
                    key,
                    utterance: utterance.id,
                    pause: 0,
                    start: 0,
                    samples: segment.samples.len() as u64,
                    words: segment.words,
                })
            }
        })
        .buffered(AHEAD)
        .try_collect()
        .await?;
    let track = place(&section, segments, voice.sample_rate);
    job.check()?;
    job.objects.write_json(&path, &track).await?;
    Ok(recorded(&track))
}

/// Places the segments one after the other, each after its pause.
fn place(section: &Section, mut segments: Vec<SegmentRef>, sample_rate: u32) -> Track {
    let mut at = 0;
    for (index, segment) in segments.iter_mut().enumerate() {
        segment.pause = pauses::before(section, index, sample_rate);
        segment.start = at + segment.pause;
        at = segment.start + segment.samples;
    }
    Track {
        schema: SCHEMA,
        index: section.index,
        title: section.title.clone(),
        level: section.level,
        sample_rate,
        samples: at,
        segments,
    }
}

fn recorded(track: &Track) -> Outcome {
    Outcome::Recorded(Recorded {
        sample_rate: i32::try_from(track.sample_rate).unwrap_or(i32::MAX),
        samples: i64::try_from(track.samples).unwrap_or(i64::MAX),
    })
}
