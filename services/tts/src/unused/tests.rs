use std::sync::Arc;

use lectern_blob::memory::MemoryBlob;
use lectern_core::content::timeline::{SCHEMA, SegmentRef, Timing};
use lectern_core::{Reason, SystemClock};
use lectern_stage::prune::{Swept, sweep};

use super::*;

struct World {
    objects: Objects,
}

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

const fn swept(deleted: u64) -> Result<Swept, Failure> {
    Ok(Swept { deleted, left: false })
}

impl World {
    fn new() -> Self {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        Self { objects: Objects::new(blob, &"acme".parse().unwrap(), &"d1".parse().unwrap()) }
    }

    /// Puts a track of these segments, and the segments.
    async fn track(&self, name: &str, segments: &[&str]) -> Digest {
        let segment = |name: &&str| SegmentRef {
            key: key(name),
            utterance: 0,
            pause: 0,
            start: 0,
            samples: 1,
            words: Vec::new(),
            timing: Timing::Given,
            voice: None,
            breaks: Vec::new(),
        };
        let track = Track {
            schema: SCHEMA,
            index: 0,
            title: name.to_owned(),
            level: 1,
            sample_rate: 24_000,
            samples: 1,
            segments: segments.iter().map(segment).collect(),
        };
        for segment in &track.segments {
            self.objects.write(&self.objects.folder().segment(&segment.key), "spoken").await.unwrap();
        }
        self.objects.write_json(&self.objects.folder().track(&key(name)), &track).await.unwrap();
        key(name)
    }

    async fn has_track(&self, name: &str) -> bool {
        self.objects.exists(&self.objects.folder().track(&key(name))).await.unwrap()
    }

    async fn has_segment(&self, name: &str) -> bool {
        self.objects.exists(&self.objects.folder().segment(&key(name))).await.unwrap()
    }

    async fn prune(&self, used: &[Digest]) -> Result<Swept, Failure> {
        let unused = Tracks.unused(&self.objects, &used.iter().copied().collect()).await?;
        sweep(&self.objects, unused, async { Ok(true) }).await
    }
}

#[tokio::test]
async fn segments_that_two_narrations_share_stay_and_those_of_the_deleted_one_go() {
    let world = World::new();
    let kept = [
        world.track("kept", &["shared", "its own"]).await,
        // It was ordered, and never recorded.
        key("not made"),
        world.track("kept too", &["another"]).await,
    ];
    world.track("gone", &["shared", "gone", "gone too"]).await;
    let folder = world.objects.folder();
    let narration = "n1".parse().unwrap();
    let others = [
        folder.artifact(&narration, 1, &key("gone"), "audio.opus"),
        folder.section(&key("gone")),
        folder.plan(&key("gone")),
        folder.content(&key("gone")),
        folder.source(&key("gone")),
        "acme/d2/track/".to_owned() + &key("gone").to_string() + ".json",
        "acme/d2/segment/".to_owned() + &key("gone").to_string(),
    ];
    for path in &others {
        world.objects.write(path, "x").await.unwrap();
    }
    assert_eq!(world.prune(&kept).await, swept(3));
    for (name, there) in [("shared", true), ("its own", true), ("another", true), ("gone", false), ("gone too", false)]
    {
        assert_eq!(world.has_segment(name).await, there, "{name}");
    }
    for (name, there) in [("kept", true), ("kept too", true), ("gone", false)] {
        assert_eq!(world.has_track(name).await, there, "{name}");
    }
    for path in &others {
        assert_eq!(world.objects.exists(path).await, Ok(true), "{path}");
    }
    assert_eq!(world.prune(&kept).await, swept(0), "twice is once");
    assert_eq!(world.prune(&[]).await, swept(5), "the last narration is gone");
}

#[tokio::test]
async fn a_track_in_use_that_cannot_be_read_keeps_everything() {
    let world = World::new();
    world.track("gone", &["gone"]).await;
    let damaged = key("damaged");
    world.objects.write(&world.objects.folder().track(&damaged), "not a track").await.unwrap();
    assert_eq!(world.prune(&[damaged]).await.unwrap_err().reason, Reason::ObjectDamaged);
    assert!(world.has_segment("gone").await, "it might be of the damaged one");
}
