//! `RecordSection`: one written section to a track.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::content::script::Section;
use lectern_core::content::timeline::Track;
use lectern_core::content::words;
use lectern_core::lexicon::Said;
use lectern_core::{Digest, Failure};
use lectern_proto::work::v1::{RecordSection, Spent, event::Outcome};
use lectern_stage::Job;
use lectern_stage::work::{cancelled, key};

use super::Recordings;
use super::delivery::Delivery;
use super::lexicon;
use super::segments::{SegmentKeys, Stored};
use super::spoken::SpokenKeys;
use super::whole::whole;
use crate::blocking::blocking;
use crate::engine::SegmentRequest;
use crate::speaking::Choice;
use crate::timeline::track::{self, Recorded};

/// Segments asked for at once. How many of them are spoken at once is for the engine: as many as
/// there are cores, or as its provider allows.
const AHEAD: usize = 8;

/// Speaks a section, sentence by sentence, and puts its track. Segments that are there already cost
/// a read.
pub async fn record(stage: &Recordings, job: &Job, command: RecordSection) -> Result<Outcome, Failure> {
    let delivery = Delivery::of(&stage.voices, command.delivery.as_ref())?;
    let folder = job.objects.folder();
    let track_key = key(&command.track_key, "track_key")?;
    let path = folder.track(&track_key);
    let section: Section = job.objects.read_json(&folder.section(&key(&command.section_key, "section_key")?)).await?;
    if let Some(track) = job.objects.find_json::<Track>(&path).await? {
        if whole(&job.objects, &track).await? {
            let spent = stage.spent(job, &delivery).await;
            return Ok(recorded(&section, &track, section.utterances.len(), spent));
        }
        // What is spoken anew may differ, so the track is made anew as well.
        tracing::warn!(step = %job.step, "a segment of the track is lost or another one, it is recorded again");
        job.objects.blob().delete(&path.parse().map_err(|e| Failure::internal(format!("{path}: {e}")))?).await?;
    }
    let lexicon = lexicon::read(&job.objects, command.delivery.as_ref()).await?;
    let names = SpokenKeys::new(stage.secret(&job.tenant), &command, lexicon)?;
    let payments = stage.payments(job, command.budget);

    // Each entry of the lexicon is looked for in each sentence.
    let (section, named) = blocking(move || {
        let named = section.utterances.iter().map(|utterance| names.with_words(utterance));
        let named = named.collect::<Result<Vec<(SegmentKeys, Vec<Said>)>, Failure>>()?;
        Ok((section, named))
    })
    .await?;
    let said = section.utterances.iter().zip(named).map(|(utterance, (keys, said))| {
        let (choice, request) = delivery.request(utterance)?;
        Ok::<_, Failure>((keys, choice, SegmentRequest { said, ..request }))
    });
    let said: Vec<(SegmentKeys, Arc<Choice>, SegmentRequest)> = said.collect::<Result<_, _>>()?;
    let index = section.index;
    let speak = |(keys, choice, request): (SegmentKeys, Arc<Choice>, SegmentRequest)| {
        let payments = Arc::clone(&payments);
        async move {
            job.check()?;
            let stored = stage.segments.get(job, keys, index, choice, payments, request).await?;
            let (key, made) = (stored.key(), matches!(stored, Stored::Made(..)));
            Ok::<_, Failure>((Recorded::new(key, stored.segment()), made.then_some(key)))
        }
    };
    let segments = futures::stream::iter(said.into_iter().map(speak)).buffered(AHEAD).try_collect::<Vec<_>>();
    // A cancel waits for nothing; what is being spoken just then ends by itself.
    let Some(segments) = job.cancel.run_until_cancelled(segments).await.transpose()? else { return Err(cancelled()) };
    let (segments, made): (Vec<Recorded>, Vec<Option<Digest>>) = segments.into_iter().unzip();
    let reused = reused(&segments, &made.into_iter().flatten().collect());
    let track = track::track(&section, delivery.speakers.sample_rate(), segments)?;
    job.check()?;
    job.objects.write_json(&path, &track).await?;
    stage.segments.news().put(&track_key);
    Ok(recorded(&section, &track, reused, stage.spent(job, &delivery).await))
}

/// How many of a section's segments were there before it was recorded. One that says the same as
/// one that was made for it is found, and was not there.
fn reused(segments: &[Recorded], made: &HashSet<Digest>) -> usize {
    segments.iter().filter(|segment| !made.contains(&segment.key)).count()
}

/// The end of a step that recorded `section`, of whose utterances the speech of `reused` was there
/// already. Its narration has `spent` this on its recording by now.
fn recorded(section: &Section, track: &Track, reused: usize, spent: Option<Spent>) -> Outcome {
    let count = |utterances: usize| i32::try_from(utterances).unwrap_or(i32::MAX);
    Outcome::Recorded(lectern_proto::work::v1::Recorded {
        sample_rate_hertz: i32::try_from(track.sample_rate).unwrap_or(i32::MAX),
        sample_count: i64::try_from(track.samples).unwrap_or(i64::MAX),
        utterance_count: count(section.utterances.len()),
        reused_utterance_count: count(reused),
        word_count: section.utterances.iter().map(|utterance| i64::from(words(&utterance.spoken))).sum(),
        spent,
    })
}

#[cfg(test)]
mod tests {
    use lectern_blob::memory::MemoryBlob;
    use lectern_blob::{Blob as _, Objects};
    use lectern_core::SystemClock;
    use lectern_core::content::script::{Role, Speaker, Utterance};
    use lectern_core::keys::TenantSecret;
    use lectern_core::lexicon::{Entry, Lexicon};

    use super::*;
    use crate::engine::tone::ToneEngine;
    use crate::engine::{Compute as _, Voice};
    use crate::testing::{a_voice, cashier, on_a_core, speaker, spoken_by};
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
            marks: Vec::new(),
            language: None,
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
    const PINNED: (&str, &str) = ("engines/tone/voices/sine@2", "speed=100");

    /// Another voice, of another engine, at another rate.
    fn low() -> Voice {
        Voice { sample_rate: 16_000, ..a_voice("engines/low/voices/low") }
    }

    /// A stage over one scope.
    struct World {
        engine: Arc<ToneEngine>,
        low: Arc<ToneEngine>,
        stage: Recordings,
        secret: TenantSecret,
        blob: Arc<MemoryBlob>,
        job: Job,
    }

    impl World {
        fn new() -> Self {
            let engine = Arc::new(ToneEngine::new());
            let master: Arc<[u8]> = Arc::from(&b"a secret"[..]);
            let low = Arc::new(ToneEngine::speaking_as(low()));
            let voices = Voices::new(vec![on_a_core(&engine), on_a_core(&low)]);
            let stage = Recordings::new(voices, Segments::new(speaker(), 1), Arc::clone(&master), cashier());
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
            Self { engine, low, stage, secret, blob, job }
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
                delivery: Some(spoken_by(&[ToneEngine::new().voices().remove(0)])),
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

    /// The same command, by a lexicon that was put for it.
    async fn by(world: &World, command: &RecordSection, entries: &[Entry]) -> RecordSection {
        let lexicon = Lexicon::of("en", entries.to_vec());
        let key = lexicon::put(&world.job.objects, &world.secret, &lexicon).await.unwrap();
        let (pinned, delivery) = PINNED;
        let (section, delivery) = (command.section_key.parse().unwrap(), format!("{delivery};lexicon={key}"));
        let mut command = command.clone();
        command.track_key = world.secret.track(&section, pinned, &delivery).to_string();
        command.delivery.as_mut().unwrap().lexicon_key = key.to_string();
        command
    }

    #[tokio::test]
    async fn an_entry_that_changes_makes_anew_what_holds_it_and_nothing_else() {
        let world = World::new();
        let texts = ["Ask Siobhán.", "Learn SQL.", "It is said.", "Siobhán learnt SQL."];
        let plain = world.written("plan", &texts).await;
        assert_eq!(world.record(&plain).await, (4, 0, 10));
        let sql = Entry::spelt("SQL", "sequel");
        let first = [Entry::spelt("Siobhán", "shi vawn"), sql.clone(), Entry::spelt("nobody", "no body")];
        let first = by(&world, &plain, &first).await;
        assert_eq!(world.record(&first).await, (4, 1, 10), "three sentences hold an entry");
        assert_eq!(world.engine.calls(), 4 + 3);
        assert_eq!(world.record(&first).await, (4, 4, 10));

        let changed = [Entry::spelt("Siobhán", "shi von"), sql.clone(), Entry::spelt("nobody", "no one")];
        let changed = by(&world, &plain, &changed).await;
        assert_eq!(world.record(&changed).await, (4, 2, 10));
        assert_eq!(world.engine.calls(), 4 + 3 + 2, "the engine spoke the two that hold it");
        assert_eq!(world.record(&by(&world, &plain, &[sql]).await).await, (4, 3, 10));
        assert_eq!(world.engine.calls(), 4 + 3 + 2 + 1, "one sentence has SQL alone now");

        let path = world.job.objects.folder().track(&first.track_key.parse().unwrap());
        let track: Track = world.job.objects.read_json(&path).await.unwrap();
        let words: Vec<&str> = track.segments[3].words.iter().map(|word| word.spoken.of(texts[3])).collect();
        assert_eq!(words, ["Siobhán", "learnt", "SQL."], "words stand where they are written");
    }

    /// The section of two who talk, and the command to record it by these voices.
    async fn talk(world: &World, voices: &[Voice]) -> RecordSection {
        let mut section = section(&["Why is that?", "Because of salt.", "Why is that?"]);
        section.utterances[1].speaker = Speaker(1);
        let (section_key, track_key) = (Digest::of(b"talk"), Digest::of(format!("{voices:?}").as_bytes()));
        let path = world.job.objects.folder().section(&section_key);
        world.job.objects.write_json(&path, &section).await.unwrap();
        RecordSection {
            section_key: section_key.to_string(),
            track_key: track_key.to_string(),
            delivery: Some(spoken_by(voices)),
            ..Default::default()
        }
    }

    #[tokio::test]
    async fn each_speaker_is_heard_in_their_own_voice_at_one_rate_and_with_a_pause_between_them() {
        let world = World::new();
        let sine = ToneEngine::new().voices().remove(0);
        let command = talk(&world, &[sine.clone(), low()]).await;
        assert_eq!(world.record(&command).await, (3, 0, 9));
        assert_eq!((world.engine.calls(), world.low.calls()), (1, 1), "what one says twice is spoken once");
        let path = world.job.objects.folder().track(&command.track_key.parse().unwrap());
        let track: Track = world.job.objects.read_json(&path).await.unwrap();
        assert_eq!(track.sample_rate, 24_000);
        let [first, second, third] = &track.segments[..] else { panic!("three turns") };
        assert!(first.key == third.key && first.key != second.key);
        assert!(second.pause > 0 && third.pause > 0);
        for turn in &track.segments {
            let stored = world.stage.segments.read(&world.job.objects, &turn.key).await.unwrap();
            assert_eq!((stored.sample_rate, stored.samples.len() as u64), (24_000, turn.stored()));
        }
        // The other way round each has other lines; what they say at this rate is there or is not.
        assert_eq!(world.record(&talk(&world, &[sine.clone(), sine]).await).await, (3, 2, 9));
        assert_eq!((world.engine.calls(), world.low.calls()), (2, 1));
    }

    #[tokio::test]
    async fn a_script_in_which_more_talk_than_were_asked_to_is_refused() {
        let world = World::new();
        let command = talk(&world, &[low()]).await;
        let refused = record(&world.stage, &world.job, command).await.unwrap_err();
        assert_eq!(refused.reason, lectern_core::Reason::Internal);
        assert_eq!(world.low.calls(), 0, "before anything is spoken");
    }
}
