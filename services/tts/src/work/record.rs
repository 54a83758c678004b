//! `RecordSection`: one written section to a track.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::content::script::Section;
use lectern_core::content::timeline::Track;
use lectern_core::content::words;
use lectern_core::{Digest, Failure};
use lectern_proto::work::v1::{RecordSection, event::Outcome};
use lectern_stage::Job;
use lectern_stage::work::{cancelled, key};

use super::Recordings;
use super::segments::Stored;
use crate::engine::SegmentRequest;
use crate::timeline::track::{self, Recorded};

/// Segments asked for at once; the semaphore of the cores decides how many of them are spoken at
/// once.
const AHEAD: usize = 8;

/// Speaks a section, sentence by sentence, and puts its track. Segments that are there already cost
/// a read.
pub async fn record(stage: &Recordings, job: &Job, command: RecordSection) -> Result<Outcome, Failure> {
    let (voice, speed) = stage.delivery(command.delivery.as_ref())?;
    let folder = job.objects.folder();
    let path = folder.track(&key(&command.track_key, "track_key")?);
    let section: Section = job.objects.read_json(&folder.section(&key(&command.section_key, "section_key")?)).await?;
    if let Some(track) = job.objects.find_json::<Track>(&path).await? {
        if whole(job, &track).await? {
            return Ok(recorded(&section, &track, section.utterances.len()));
        }
        // What is spoken anew may differ, so the track is made anew as well.
        tracing::warn!(step = %job.step, "a segment of the track is not there any more, the section is recorded again");
        job.objects.blob().delete(&path.parse().map_err(|e| Failure::internal(format!("{path}: {e}")))?).await?;
    }
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
            let stored = stage.segments.get(job, &key, index, engine, request).await?;
            let made = matches!(stored, Stored::Made(_)).then_some(key);
            Ok::<_, Failure>((Recorded::new(key, stored.segment()), made))
        }
    };
    let segments = futures::stream::iter(texts.into_iter().map(speak)).buffered(AHEAD).try_collect::<Vec<_>>();
    // A cancel does not wait for its turn at the cores; what is being spoken just then ends by
    // itself.
    let Some(segments) = job.cancel.run_until_cancelled(segments).await.transpose()? else { return Err(cancelled()) };
    let (segments, made): (Vec<Recorded>, Vec<Option<Digest>>) = segments.into_iter().unzip();
    let reused = reused(&segments, &made.into_iter().flatten().collect());
    let track = track::track(&section, voice.sample_rate, segments)?;
    job.check()?;
    job.objects.write_json(&path, &track).await?;
    Ok(recorded(&section, &track, reused))
}

/// How many of a section's segments were there before it was recorded. One that says the same as
/// one that was made for it is found, and was not there.
fn reused(segments: &[Recorded], made: &HashSet<Digest>) -> usize {
    segments.iter().filter(|segment| !made.contains(&segment.key)).count()
}

/// Whether every segment that a track names is there: a retry after one was lost, or was damaged
/// and deleted, makes it again.
async fn whole(job: &Job, track: &Track) -> Result<bool, Failure> {
    let paths: Vec<String> = track.segments.iter().map(|s| job.objects.folder().segment(&s.key)).collect();
    let there = paths.into_iter().map(|path| async move { job.objects.exists(&path).await });
    let there: Vec<bool> = futures::stream::iter(there).buffered(AHEAD).try_collect().await?;
    Ok(there.into_iter().all(|there| there))
}

/// The end of a step that recorded `section`, of whose utterances the speech of `reused` was there
/// already.
fn recorded(section: &Section, track: &Track, reused: usize) -> Outcome {
    let count = |utterances: usize| i32::try_from(utterances).unwrap_or(i32::MAX);
    Outcome::Recorded(lectern_proto::work::v1::Recorded {
        sample_rate_hertz: i32::try_from(track.sample_rate).unwrap_or(i32::MAX),
        sample_count: i64::try_from(track.samples).unwrap_or(i64::MAX),
        utterance_count: count(section.utterances.len()),
        reused_utterance_count: count(reused),
        word_count: section.utterances.iter().map(|utterance| i64::from(words(&utterance.spoken))).sum(),
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

    fn section(texts: &[&str]) -> Section {
        let said = |(id, text): (u32, &&str)| Utterance {
            id,
            speaker: Speaker::default(),
            role: Role::Body,
            ends_block: true,
            sources: Vec::new(),
            added: true,
            original: (*text).to_owned(),
            spoken: (*text).to_owned(),
            map: Vec::new(),
        };
        Section {
            schema: lectern_core::content::script::SCHEMA,
            index: 0,
            title: "One".to_owned(),
            level: 1,
            utterances: (0..).zip(texts).map(said).collect(),
            skipped: Vec::new(),
            dropped: Vec::new(),
            engine: String::new(),
            edited: Vec::new(),
        }
    }

    /// The pinned voice and the delivery of every section here.
    const PINNED: (&str, &str) = ("engines/tone/voices/sine@1", "speed=100");

    /// A stage over one scope.
    struct World {
        engine: Arc<ToneEngine>,
        stage: Recordings,
        secret: TenantSecret,
        blob: Arc<MemoryBlob>,
        job: Job,
    }

    impl World {
        fn new() -> Self {
            let engine = Arc::new(ToneEngine::new());
            let master: Arc<[u8]> = Arc::from(&b"a secret"[..]);
            let voices = Voices::new(vec![Arc::clone(&engine) as _]);
            let stage = Recordings::new(voices, Segments::new(1), Arc::clone(&master));
            let tenant = "acme".parse().unwrap();
            let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
            let objects = Objects::new(Arc::clone(&blob) as _, &tenant, &"book".parse().unwrap());
            let secret = TenantSecret::derive(&master, &tenant);
            let step = "0af1/1/record/0".parse().unwrap();
            let job = Job {
                step,
                tenant,
                objects,
                cancel: Default::default(),
                progress: Default::default(),
                payment: Default::default(),
            };
            Self { engine, stage, secret, blob, job }
        }

        /// Writes a section of the plan `plan`; the command to record it.
        async fn written(&self, plan: &str, texts: &[&str]) -> RecordSection {
            let section_key = self.secret.section(&Digest::of(plan.as_bytes()), 0);
            let path = self.job.objects.folder().section(&section_key);
            self.job.objects.write_json(&path, &section(texts)).await.unwrap();
            let (pinned, delivery) = PINNED;
            RecordSection {
                section_key: section_key.to_string(),
                track_key: self.secret.track(&section_key, pinned, delivery).to_string(),
                delivery: Some(Delivery { voice: VOICE.to_owned(), version: "1".to_owned(), speed: 1.0 }),
                ..Default::default()
            }
        }

        /// Utterances, those whose speech was there, and words, as the step's end says.
        async fn record(&self, command: &RecordSection) -> (i32, i32, i64) {
            let outcome = record(&self.stage, &self.job, command.clone()).await.unwrap();
            let Outcome::Recorded(recorded) = outcome else { panic!("{outcome:?}") };
            assert!(recorded.sample_count > 0 && recorded.sample_rate_hertz == 24_000);
            (recorded.utterance_count, recorded.reused_utterance_count, recorded.word_count)
        }

        async fn lose(&self, path: &str) {
            assert!(self.blob.delete(&path.parse().unwrap()).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_segment_that_was_lost_is_spoken_again_and_nothing_else_is() {
        let world = World::new();
        let command = world.written("plan", &["It is said once.", "And something else."]).await;
        assert_eq!(world.record(&command).await, (2, 0, 7));
        assert_eq!(world.record(&command).await, (2, 2, 7));
        assert_eq!(world.engine.calls(), 2, "a track that is whole is found");
        let (pinned, delivery) = PINNED;
        let lost = world.job.objects.folder().segment(&world.secret.segment("It is said once.", pinned, delivery));
        world.lose(&lost).await;
        assert_eq!(world.record(&command).await, (2, 1, 7));
        assert_eq!(world.engine.calls(), 3, "only what was lost is spoken again");
        assert!(world.job.objects.exists(&lost).await.unwrap());
    }

    #[tokio::test]
    async fn what_another_section_had_spoken_is_reused_and_what_one_says_twice_is_not() {
        let world = World::new();
        let first = world.written("plan", &["Notes.", "It is said once.", "Notes."]).await;
        assert_eq!(world.record(&first).await, (3, 0, 6));
        let second = world.written("another plan", &["It is said once.", "Then more.", "Notes.", "Then more."]).await;
        assert_eq!(world.record(&second).await, (4, 2, 9));
        assert_eq!(world.engine.calls(), 3);
        world.lose(&world.job.objects.folder().track(&second.track_key.parse().unwrap())).await;
        assert_eq!(world.record(&second).await, (4, 4, 9), "all of its speech is there");
        assert_eq!(world.engine.calls(), 3);
    }
}
