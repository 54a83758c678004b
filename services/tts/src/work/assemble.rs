//! `AssembleRecording`: all tracks to the files of a recording. `recording.json` is put last and
//! lists the others, so a recording that has it is whole.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use lectern_blob::objects::read_again;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Plan, Section};
use lectern_core::content::timeline::{Artifact, Recording, SCHEMA, SegmentRef, Track};
use lectern_core::content::words;
use lectern_core::digest::Hasher;
use lectern_core::keys::TenantSecret;
use lectern_core::{Digest, Failure, OutputFormat};
use lectern_proto::work::v1::{self as work, AssembleRecording, Assembled, event::Outcome};
use lectern_stage::Job;
use lectern_stage::work::{key, no_room};
use tokio::sync::mpsc;

use super::Recordings;
use super::delivery::Delivery;
use crate::audio::encode::{self, Spec, encoder};
use crate::audio::join::{Gain, Join, Measured};
use crate::audio::segment::SegmentObject;
use crate::blocking::blocking;
use crate::timeline::milliseconds;

mod files;
mod formats;

pub(crate) use formats::{format_of, format_to_wire};

use files::{About, LanguageVoice};
use formats::formats;

/// Objects read at once.
const AHEAD: usize = 8;

/// What the files are made from.
struct Parts {
    content: Content,
    plan: Plan,
    sections: Vec<Section>,
    tracks: Vec<Track>,
}

/// Makes and puts the files.
pub async fn assemble(stage: &Recordings, job: &Job, command: AssembleRecording) -> Result<Outcome, Failure> {
    let delivery = Delivery::of(&stage.voices, command.delivery.as_ref())?;
    let recording_key = key(&command.recording_key, "recording_key")?;
    let (narration, run) = (&job.step.narration, job.step.run);
    let list = job.objects.folder().artifact(narration, run, &recording_key, "recording.json");
    if let Some(recording) = job.objects.find_json::<Recording>(&list).await? {
        return Ok(assembled(&recording));
    }
    let parts = Arc::new(read(stage, job, &command, &delivery.canonical()).await?);
    let formats = formats(&command.formats)?;
    let folder = tempfile::tempdir().map_err(|e| no_room(&e))?;
    // Gone with `folder`, or with the process where that is ended at once.
    let _at_once = lectern_runtime::remove_at_once(folder.path());

    let spec = {
        let (parts, formats, rate) = (Arc::clone(&parts), formats.clone(), delivery.speakers.sample_rate());
        Arc::new(blocking(move || files::spec(&parts, &formats, rate)).await?)
    };
    let mut measured = join(stage, job, &parts, &formats, folder.path(), Gain::NONE, &spec).await?;
    if let Some(gain) = measured.correction() {
        tracing::info!(
            loudness = measured.loudness,
            true_peak = measured.true_peak,
            ?gain,
            "recording joined again with a constant gain"
        );
        measured = join(stage, job, &parts, &formats, folder.path(), gain, &spec).await?;
    }
    job.check()?;
    let voices = delivery.voices().map(|voice| (voice.pinned(), voice.name.clone())).collect();
    let languages = delivery.languages().map(|(tag, voice)| LanguageVoice {
        language: tag.to_owned(),
        pinned: voice.pinned(),
        name: voice.name.clone(),
    });
    let about = About { voices, languages: languages.collect(), formats: formats.clone() };
    let folder = {
        let (parts, spec) = (Arc::clone(&parts), Arc::clone(&spec));
        blocking(move || files::write(&parts, &about, &spec, &measured, folder.path()).map(|()| folder)).await?
    };
    let ordered = formats.iter().map(|format| (format.file_name(), format.media_type()));

    let mut artifacts = Vec::with_capacity(formats.len() + files::ALWAYS.len());
    for (name, media_type) in ordered.chain(files::ALWAYS) {
        job.check()?;
        let path = job.objects.folder().artifact(narration, run, &recording_key, name);
        artifacts.push(put(job, folder.path(), &path, name, media_type).await?);
    }
    let utterances = || parts.sections.iter().flat_map(|section| &section.utterances);
    let recording = Recording {
        schema: SCHEMA,
        artifacts,
        sample_rate: measured.sample_rate,
        samples: measured.samples,
        pcm_digest: measured.pcm_digest,
        loudness: measured.loudness,
        true_peak: measured.true_peak,
        words: utterances().map(|utterance| words(&utterance.spoken)).sum(),
        segments: u32::try_from(utterances().count()).unwrap_or(u32::MAX),
    };
    job.check()?;
    job.objects.write_json(&list, &recording).await?;
    Ok(assembled(&recording))
}

async fn read(
    stage: &Recordings,
    job: &Job,
    command: &AssembleRecording,
    (voice, spoken): &(String, String),
) -> Result<Parts, Failure> {
    let folder = job.objects.folder();
    let plan_key = key(&command.plan_key, "plan_key")?;
    let content = job.objects.read_json(&folder.content(&key(&command.content_key, "content_key")?)).await?;
    let plan = job.objects.read_json(&folder.plan(&plan_key)).await?;
    let secret = stage.secret(&job.tenant);
    let count = u32::try_from(command.section_count)
        .map_err(|_| Failure::internal("a command counts less than no sections"))?;
    let section_keys = section_keys(&secret, &plan_key, count, command)?;
    let sections = section_keys.clone().into_iter().map(|key| {
        let path = folder.section(&key);
        async move { job.objects.read_json::<Section>(&path).await }
    });
    let sections = futures::stream::iter(sections).buffered(AHEAD).try_collect().await?;
    let tracks = section_keys.into_iter().map(|key| {
        let path = folder.track(&secret.track(&key, voice, spoken));
        async move { job.objects.read_json::<Track>(&path).await }
    });
    let tracks = futures::stream::iter(tracks).buffered(AHEAD).try_collect().await?;
    Ok(Parts { content, plan, sections, tracks })
}

/// The keys of a script's sections, of those that a caller edited those of what that made of them.
fn section_keys(
    secret: &TenantSecret,
    plan: &Digest,
    count: u32,
    command: &AssembleRecording,
) -> Result<Vec<Digest>, Failure> {
    let written = (0..count).map(|index| secret.section(plan, index));
    if command.edits_key.is_empty() {
        return Ok(written.collect());
    }
    let edits = key(&command.edits_key, "edits_key")?;
    let edited: HashSet<i32> = command.edited_sections.iter().copied().collect();
    let key_of = |(index, section): (i32, Digest)| {
        if edited.contains(&index) { secret.edited(&section, &edits) } else { section }
    };
    Ok((0..).zip(written).map(key_of).collect())
}

/// Joins all segments into the audio files in `folder`: they are read ahead here and joined and
/// measured on a thread of their own, which tells how far it is, with a thread for each file beside
/// it.
async fn join(
    stage: &Recordings,
    job: &Job,
    parts: &Parts,
    formats: &[OutputFormat],
    folder: &Path,
    gain: Gain,
    spec: &Spec,
) -> Result<Measured, Failure> {
    let sample_rate = spec.sample_rate;
    let mut encoders = Vec::with_capacity(formats.len());
    for format in formats {
        if format.is_audio() {
            let file = File::create(folder.join(format.file_name())).map_err(|e| no_room(&e))?;
            encoders.push(encode::beside(encoder(*format, file, spec)?)?);
        } else if *format == OutputFormat::Epub {
            encoders.push(encode::beside(encode::parts(&folder.join(files::PARTS), spec)?)?);
        }
    }
    let mut join = Join::new(sample_rate, gain, encoders)?;
    let (sender, mut segments) = mpsc::channel::<(SegmentRef, SegmentObject)>(AHEAD);
    let told = job.clone();
    let encoding = tokio::task::spawn_blocking(move || {
        while let Some((place, segment)) = segments.blocking_recv() {
            join.segment(&place, &segment)?;
            told.assembled(milliseconds(join.samples(), sample_rate));
        }
        join.finish()
    });
    let places: Vec<SegmentRef> = parts.tracks.iter().flat_map(|track| track.segments.clone()).collect();
    let reads = places.into_iter().map(|place| async move {
        job.check()?;
        let segment = stage.segments.read(&job.objects, &place.key).await?;
        Ok::<_, Failure>((place, segment))
    });
    let mut reads = std::pin::pin!(futures::stream::iter(reads).buffered(AHEAD));
    while let Some(read) = reads.next().await {
        if sender.send(read?).await.is_err() {
            // The encoder ended with a failure, which is found below.
            break;
        }
    }
    drop(sender);
    encoding.await.map_err(|_| Failure::internal("joining the recording broke off"))?
}

async fn put(job: &Job, folder: &Path, path: &str, name: &str, media_type: &str) -> Result<Artifact, Failure> {
    let file = folder.join(name);
    let object = lectern_blob::ObjectPath::new(path).map_err(|e| Failure::internal(e.to_string()))?;
    job.objects.blob().put_file(&object, &file).await?;
    // Put if absent: an earlier attempt's object stays, so what is described is what is there.
    let mut stored = read_again(|| job.objects.blob().get_range(&object, 0, u64::MAX))
        .await?
        .ok_or_else(|| Failure::internal(format!("{path} is gone right after it was put")))?;
    let (mut hasher, mut size) = (Hasher::default(), 0);
    while let Some(piece) = stored.next().await {
        let piece = piece.map_err(|e| {
            Failure::new(lectern_core::Kind::Unavailable, lectern_core::Reason::BlobUnavailable, format!("{path}: {e}"))
        })?;
        hasher.update(&piece);
        size += piece.len() as u64;
    }
    Ok(Artifact {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size,
        sha256: hasher.finish(),
        path: path.to_owned(),
    })
}

fn assembled(recording: &Recording) -> Outcome {
    let file = |artifact: &Artifact| work::File {
        name: artifact.name.clone(),
        mime_type: artifact.media_type.clone(),
        size_bytes: i64::try_from(artifact.size).unwrap_or(i64::MAX),
        sha256: artifact.sha256.to_string(),
    };
    Outcome::Assembled(Assembled {
        sample_rate_hertz: i32::try_from(recording.sample_rate).unwrap_or(i32::MAX),
        sample_count: i64::try_from(recording.samples).unwrap_or(i64::MAX),
        files: recording.artifacts.iter().map(file).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use lectern_blob::Objects;
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::{Clock, SystemClock, Timestamp};
    use lectern_queue::{ConnectOptions, Hints, MemoryQueue, Queue as _};
    use lectern_stage::progress::{self, Progress};

    use super::*;
    use crate::engine::Usage;
    use crate::testing::{cashier, speaker};
    use crate::timeline::fixture;
    use crate::voices::Voices;
    use crate::work::segments::Segments;

    /// A second passes with each look at it.
    #[derive(Debug, Default)]
    struct Ticking(AtomicU64);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.fetch_add(1_000, Ordering::SeqCst))
        }
    }

    /// How many milliseconds were told of since the last look.
    async fn heard(hints: &mut Hints) -> Vec<u64> {
        let mut told = Vec::new();
        // What was spawned may still be on its way.
        while let Ok(Some(hint)) = tokio::time::timeout(std::time::Duration::from_millis(300), hints.next()).await {
            let hint = progress::Assembled::decode(&hint).expect("a hint of this topic");
            assert_eq!(hint.run, 3);
            told.push(hint.millis);
        }
        told
    }

    #[tokio::test]
    async fn how_much_is_joined_is_told_on_the_way() {
        let sections =
            [fixture::section(0, &["One", "It is said.", "And more."]), fixture::section(1, &["Two", "End."])];
        let tracks = fixture::tracks(&sections);
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let tenant = "acme".parse().unwrap();
        let objects = Objects::new(blob, &tenant, &"book".parse().unwrap());
        let (mut ends, mut before) = (Vec::new(), 0);
        for track in &tracks {
            for place in &track.segments {
                let samples = vec![1_000; place.samples as usize];
                let segment = SegmentObject::new(24_000, samples, Vec::new(), Usage::default());
                let path = objects.folder().segment(&place.key);
                objects.write(&path, segment.encode().unwrap()).await.unwrap();
                ends.push(milliseconds(before + place.start + place.samples, 24_000));
            }
            before += track.samples;
        }
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let mut hints = queue.hints(&progress::topic(&"n1".parse().unwrap())).await.unwrap();
        let progress = Progress::new(queue, Arc::new(Ticking::default()));
        let step = "n1/3/assemble/0".parse().unwrap();
        let job = Job { step, tenant, objects, cancel: Default::default(), progress, payment: Default::default() };
        let segments = Segments::new(speaker(), 1);
        let stage = Recordings::new(Voices::new(Vec::new()), segments, Arc::from(&b"a secret"[..]), cashier());
        let (plan, content) = (fixture::plan(&sections), fixture::content(&[]));
        let parts = Parts { content, plan, sections: sections.into(), tracks };
        let folder = tempfile::tempdir().unwrap();
        let formats = [OutputFormat::Wav];
        let spec = Spec::plain(24_000, "A title");
        let measured = join(&stage, &job, &parts, &formats, folder.path(), Gain::NONE, &spec).await.unwrap();
        assert_eq!(measured.samples, before);

        let told = heard(&mut hints).await;
        assert_eq!(told.first(), ends.first(), "the first segment is told of");
        assert!(told.is_sorted_by(|one, next| one < next), "{told:?}");
        assert!(told.iter().all(|millis| ends.contains(millis)), "{told:?} of {ends:?}");

        let louder = Gain::decibels(1.0);
        join(&stage, &job, &parts, &formats, folder.path(), louder, &spec).await.unwrap();
        let again = heard(&mut hints).await;
        assert!(!again.is_empty() && again.iter().all(|millis| Some(millis) == ends.last()), "{again:?} of {ends:?}");
    }

    #[test]
    fn what_a_caller_edited_is_read_under_the_key_of_the_edits() {
        let secret = TenantSecret::derive(b"a secret", &"acme".parse().unwrap());
        let (plan, edits) = (Digest::of(b"plan"), Digest::of(b"edits"));
        let written: Vec<Digest> = (0..3).map(|index| secret.section(&plan, index)).collect();
        assert_eq!(section_keys(&secret, &plan, 3, &AssembleRecording::default()), Ok(written.clone()));
        let command =
            AssembleRecording { edits_key: edits.to_string(), edited_sections: vec![1], ..Default::default() };
        let expected = vec![written[0], secret.edited(&written[1], &edits), written[2]];
        assert_eq!(section_keys(&secret, &plan, 3, &command), Ok(expected));
    }
}
